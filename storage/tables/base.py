"""What every table has in common. Times are whole milliseconds since the epoch."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import JSON, BigInteger, Integer, MetaData
from sqlalchemy import Table as CoreTable
from sqlmodel import SQLModel

# SQLite numbers rows by itself only where the type is exactly INTEGER (64 bits there all the same).
SERIAL = BigInteger().with_variant(Integer(), "sqlite")
JSON_OR_NULL = JSON(none_as_null=True)


class Table(SQLModel):
    """The base of every table; constraints get names, so that a later migration can change them."""

    # Nobody validates a row: without this every process that starts would build validators for all of them.
    model_config = {"defer_build": True}

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def core(model: type[SQLModel]) -> CoreTable:
    """The table beneath a model, for statements that run so often that they are built once (`storage.core`)."""
    return Table.metadata.tables[str(model.__tablename__)]
