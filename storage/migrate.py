"""Bring a database to this version's schema. Steps only lead forward; a backup is the way back."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from storage.engines import named_errors, open_engine, settled

# The latest step in migrations/versions. Written here so that a database that is there already costs one query:
# importing Alembic takes longer than all else a short command does.
HEAD = "0006"

# Any number of our own will do, as long as every version uses it: whoever has it migrates.
POSTGRES_LOCK = 6_473_868


class UnknownSchema(Exception):
    """The database was made by a later version of this program."""


def current(url: str) -> str | None:
    """The step the database at `url` has reached, None for an empty one."""
    engine = open_engine(settled(url), read_only=True)
    try:
        with named_errors(), engine.connect() as connection:
            return _version(connection)
    finally:
        engine.dispose()


def upgrade(url: str) -> None:
    """Take every step that is missing, all or none; safe while other processes do the same.

    Raises `UnknownSchema` for a database of a later version, and `DatabaseBusy`.
    """
    if current(url) == HEAD:
        return
    engine = open_engine(settled(url))
    try:
        with named_errors(), engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                # Rebuilding a table takes it away for a moment; ignored inside a transaction, so it comes before.
                connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
            with connection.begin():
                if engine.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTGRES_LOCK})
                if _version(connection) != HEAD:
                    _take_steps(connection)
    finally:
        engine.dispose()


def _take_steps(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    # A percent sign begins a placeholder in this format.
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise UnknownSchema(f"this database is of a later version than this program: {error}") from error
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).all()
        if broken:
            raise RuntimeError(f"rows that refer to nothing after the migration: {broken[:5]}")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
