"""What the database lets be forgotten of what it keeps for good: words, and nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import JSON, Integer, Text, delete, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from storage import audit, jobs, ledger
from storage.database import Database
from storage.tables import Table
from tests.rows import account, free_job, person

TABLES = Table.metadata.tables


@pytest.fixture
def kept(database: Database) -> Database:
    def work(session: Session) -> None:
        ann, bob = person(session), person(session, "bob")
        ledger.transfer(
            session, key="gift", kind="gift", debit=account(ann), credit=account(bob), amount=5, now=1, note="for you"
        )
        audit.note(session, at=1, by="mo", surface="discord", act="ban", subject="user:1", details={"why": "spam"})
        free_job(session, ann, server="discord:1")

    database.write(work)
    return database


def change(database: Database, table: str, **values: object) -> None:
    where = text("key = 'gift'") if table == "transfer" else text("id = 1")
    database.write(lambda session: session.connection().execute(update(TABLES[table]).where(where).values(**values)))


def test_the_note_of_a_transfer_may_go_and_nothing_else(kept: Database) -> None:
    for column in TABLES["transfer"].columns:
        other = "another" if isinstance(column.type, Text) else 77
        for value in (other, None) if column.nullable and column.name != "note" else (other,):
            if value is None and column.name == "hold_key":
                continue
            with pytest.raises(IntegrityError):
                change(kept, "transfer", **{column.name: value})
            with pytest.raises(IntegrityError):
                change(kept, "transfer", **{"note": None, column.name: value})
    change(kept, "transfer", note=None)
    assert kept.read(lambda session: ledger.made(session, "gift"))[0].note is None


def test_the_record_may_lose_words_and_names_and_nothing_else(kept: Database) -> None:
    for column in TABLES["audit"].columns:
        other = {"why": "another"} if isinstance(column.type, JSON) else 77 if isinstance(column.type, Integer) else "x"
        with pytest.raises(IntegrityError):
            change(kept, "audit", **{column.name: other})
    change(kept, "audit", details=None, by="deleted-3")
    with pytest.raises(IntegrityError):
        change(kept, "audit", by="mo")
    [note] = kept.read(lambda session: audit.latest(session, 5))
    assert (note.by, note.act, note.subject, note.details) == ("deleted-3", "ban", "user:1", None)


def test_neither_is_ever_deleted(kept: Database) -> None:
    for name in ("transfer", "audit"):
        with pytest.raises(IntegrityError):
            kept.write(lambda session, table=TABLES[name]: session.connection().execute(delete(table)))  # type: ignore[misc]


def test_a_job_loses_its_server_only_once_it_has_ended(kept: Database) -> None:
    def refused(**values: object) -> None:
        with pytest.raises(IntegrityError):
            change(kept, "job", **values)

    refused(server=None)
    refused(server="discord:2")
    refused(priority=5)
    kept.write(lambda session: jobs.request_cancel(session, job_id=1, now=5))
    refused(server="discord:2")
    refused(server=None, priority=5)
    change(kept, "job", server=None)
