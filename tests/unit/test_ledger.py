"""Credits: what a person sees of them, and what the database refuses whatever code runs above it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage import jobs, ledger
from storage.claims import Ticket
from storage.database import Database
from storage.ledger import AlreadySettled, Balance, InsufficientCredits, KeyReused
from tests.rows import account, free_job, person, priced_job


def job_with_hold(database: Database, price: int = 10, credits: int = 100) -> Ticket:
    return database.write(lambda session: priced_job(session, person(session, credits=credits), price))


def balance(database: Database, name: str = "user:1") -> Balance:
    return database.read(lambda session: ledger.balance(session, name))


def run(database: Database, statement: str) -> None:
    database.write(lambda session: session.connection().execute(text(statement)))


def test_granted_credits_are_there_once_for_each_key(database: Database) -> None:
    database.write(lambda session: person(session, credits=0))
    for _ in range(3):
        database.write(lambda s: ledger.grant(s, key="gift", account="user:1", amount=40, now=2))
    assert balance(database) == Balance(posted=40, held=0, available=40)
    with pytest.raises(KeyReused):
        database.write(lambda s: ledger.grant(s, key="gift", account="user:1", amount=41, now=2))
    with pytest.raises(ValueError, match="at least 1"):
        database.write(lambda s: ledger.grant(s, key="theft", account="user:1", amount=-5, now=2))
    assert balance(database).posted == 40


def test_an_account_nobody_opened_is_named(database: Database) -> None:
    with pytest.raises(LookupError, match="user:7"):
        balance(database, "user:7")
    with pytest.raises(LookupError, match="user:7"):
        database.write(lambda s: ledger.hold(s, key="job:1:1", account="user:7", amount=1, now=1))


def test_opening_an_account_again_keeps_what_is_in_it(database: Database) -> None:
    database.write(person)
    opened = database.write(lambda session: ledger.open_account(session, "user:1"))
    assert opened.posted == 100


def test_a_hold_sets_credits_aside_and_voiding_gives_them_back(database: Database) -> None:
    job = job_with_hold(database, price=30)
    assert balance(database) == Balance(posted=100, held=30, available=70)
    for _ in range(2):
        database.write(lambda s: ledger.void(s, key=jobs.hold_key(job), now=5))
    assert balance(database) == Balance(posted=100, held=0, available=100)
    with pytest.raises(AlreadySettled):
        database.write(lambda s: ledger.capture(s, key=jobs.hold_key(job), amount=30, now=6))


def test_a_capture_charges_once_and_releases_the_rest(database: Database) -> None:
    job = job_with_hold(database, price=30)
    for _ in range(2):
        database.write(lambda s: ledger.capture(s, key=jobs.hold_key(job), amount=20, now=5))
    assert len(database.read(lambda s: ledger.statement(s, ledger.INCOME))) == 1
    assert balance(database) == Balance(posted=80, held=0, available=80)
    assert balance(database, ledger.INCOME).posted == 20
    with pytest.raises(AlreadySettled, match="20"):
        database.write(lambda s: ledger.capture(s, key=jobs.hold_key(job), amount=30, now=6))
    with pytest.raises(AlreadySettled):
        database.write(lambda s: ledger.void(s, key=jobs.hold_key(job), now=6))


def test_a_capture_takes_no_more_than_the_hold(database: Database) -> None:
    job = job_with_hold(database, price=30)
    with pytest.raises(ValueError, match="30"):
        database.write(lambda s: ledger.capture(s, key=jobs.hold_key(job), amount=31, now=5))
    with pytest.raises(LookupError):
        database.write(lambda s: ledger.capture(s, key="job:99:1", amount=1, now=5))


def test_a_hold_key_stands_for_one_account_and_amount(database: Database) -> None:
    job = job_with_hold(database, price=30)
    key = jobs.hold_key(job)
    database.write(lambda s: ledger.hold(s, key=key, account="user:1", amount=30, now=2))
    assert balance(database).held == 30
    with pytest.raises(KeyReused):
        database.write(lambda s: ledger.hold(s, key=key, account="user:1", amount=31, now=2))
    database.write(lambda session: person(session, "bob"))
    with pytest.raises(KeyReused):
        database.write(lambda s: ledger.hold(s, key=key, account="user:2", amount=30, now=2))


def test_credits_that_are_held_cannot_be_held_again(database: Database) -> None:
    job_with_hold(database, price=60)
    with pytest.raises(InsufficientCredits) as short:
        database.write(lambda s: priced_job(s, 1, 50))
    assert (short.value.required, short.value.available) == (50, 40)
    # The refused job was rolled back with its hold.
    assert len(database.read(lambda session: jobs.recent(session, 1, 10))) == 1


def test_a_statement_shows_the_newest_transfers_first(database: Database) -> None:
    job = job_with_hold(database)
    database.write(lambda s: ledger.capture(s, key=jobs.hold_key(job), amount=10, now=5))
    shown = database.read(lambda s: ledger.statement(s, "user:1", 10))
    assert [(entry.kind, entry.debit_id, entry.credit_id, entry.amount) for entry in shown] == [
        ("capture", "user:1", ledger.INCOME, 10),
        ("grant", ledger.BANK, "user:1", 100),
    ]
    assert len(database.read(lambda s: ledger.statement(s, "user:1", 1))) == 1


def test_two_houses_at_once_never_spend_the_same_credits(database_url: str, database: Database) -> None:
    database.write(lambda session: person(session, credits=50))
    other = Database(database_url)
    start = threading.Barrier(2)

    def spend(house: Database) -> int:
        start.wait()
        kept = 0
        for _ in range(8):
            try:
                house.write(lambda session: priced_job(session, 1, 10))
            except InsufficientCredits:
                continue
            kept += 1
        return kept

    with ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(spend, (database, other))) == 5
    assert balance(database) == Balance(posted=50, held=50, available=0)
    assert database.read(ledger.check) == []
    other.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET amount = 1",
        "DELETE FROM transfer",
        "DELETE FROM hold",
        "DELETE FROM account WHERE id = 'user:1'",
        "UPDATE hold SET amount = 1",
        "UPDATE hold SET account_id = 'bank'",
        "UPDATE hold SET state = 'captured', settled_at = 5",
        "UPDATE account SET kind = 'system' WHERE id = 'user:1'",
        "INSERT INTO account (id, kind, posted, held) VALUES ('user:9', 'user', 5, 0)",
        "INSERT INTO hold (key, account_id, amount, state, created_at) VALUES ('x', 'user:1', 71, 'open', 1)",
        (
            "INSERT INTO hold (key, account_id, amount, state, created_at, settled_at)"
            " VALUES ('x', 'user:1', 1, 'voided', 1, 1)"
        ),
        (
            "INSERT INTO transfer (key, kind, debit_id, credit_id, amount, hold_key, created_at)"
            " VALUES ('x', 'capture', 'user:1', 'income', 31, 'job:1:1', 1)"
        ),
        (
            "INSERT INTO transfer (key, kind, debit_id, credit_id, amount, hold_key, created_at)"
            " VALUES ('x', 'capture', 'bank', 'income', 30, 'job:1:1', 1)"
        ),
        (
            "INSERT INTO transfer (key, kind, debit_id, credit_id, amount, created_at)"
            " VALUES ('x', 'capture', 'user:1', 'income', 30, 1)"
        ),
        (
            "INSERT INTO transfer (key, kind, debit_id, credit_id, amount, created_at)"
            " VALUES ('x', 'adjust', 'user:1', 'bank', 71, 1)"
        ),
        (
            "INSERT INTO transfer (key, kind, debit_id, credit_id, amount, created_at)"
            " VALUES ('x', 'adjust', 'bank', 'user:1', 0, 1)"
        ),
        "UPDATE job SET price = 1",
    ],
)
def test_the_database_refuses_what_would_spoil_the_books(database: Database, statement: str) -> None:
    job_with_hold(database, price=30)
    with pytest.raises(IntegrityError):
        run(database, statement)
    assert database.read(ledger.check) == []
    assert balance(database) == Balance(posted=100, held=30, available=70)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE hold SET state = 'open', settled_at = NULL WHERE key = 'job:1:1'",
        "UPDATE hold SET state = 'voided' WHERE key = 'job:1:1'",
        (
            "INSERT INTO transfer (key, kind, debit_id, credit_id, amount, hold_key, created_at)"
            " VALUES ('again', 'capture', 'user:1', 'income', 30, 'job:1:1', 1)"
        ),
    ],
)
def test_a_settled_hold_stays_settled(database: Database, statement: str) -> None:
    job = job_with_hold(database, price=30)
    database.write(lambda s: ledger.capture(s, key=jobs.hold_key(job), amount=30, now=5))
    with pytest.raises(IntegrityError):
        run(database, statement)
    assert balance(database).posted == 70


def test_replacing_a_row_does_not_slip_past_the_triggers(sqlite: Database) -> None:
    sqlite.write(person)
    with pytest.raises(IntegrityError, match="append-only"):
        run(
            sqlite,
            "INSERT OR REPLACE INTO transfer"
            " SELECT id, key, kind, debit_id, credit_id, 1, hold_key, 1, note FROM transfer",
        )
    assert balance(sqlite).posted == 100


SPOILED = {
    "credits, but 100 were given": ("account_fixed", "UPDATE account SET posted = posted + 1 WHERE id = 'user:1'"),
    "transfers add up to 100": ("account_fixed", "UPDATE account SET posted = posted - 1 WHERE id = 'user:1'"),
    "open holds add up to 10": ("account_fixed", "UPDATE account SET held = held - 1 WHERE id = 'user:1'"),
    "does not go with the transfer": (
        "hold_captured",
        "UPDATE hold SET state = 'captured', settled_at = 1 WHERE key = 'job:1:1'",
    ),
    "no waiting or running job": (
        "job_final",
        "UPDATE job SET status = 'FAILED', finished_at = 1 WHERE id = 1",
    ),
    "no open hold of that amount": ("job_fixed", "UPDATE hold SET state = 'voided', settled_at = 1"),
    "COMPLETED and costs 10": ("job_final", "UPDATE job SET status = 'COMPLETED', finished_at = 1 WHERE id = 1"),
}


@pytest.mark.parametrize("sentence", SPOILED)
def test_check_says_what_is_wrong(sqlite: Database, sentence: str) -> None:
    trigger, spoil = SPOILED[sentence]
    job_with_hold(sqlite)
    assert sqlite.read(ledger.check) == []
    run(sqlite, f"DROP TRIGGER {trigger}")
    run(sqlite, spoil)
    said = sqlite.read(ledger.check)
    assert any(sentence in line for line in said), said


def test_check_says_which_job_was_charged_without_music(database: Database) -> None:
    job = job_with_hold(database)
    database.write(lambda s: ledger.capture(s, key=jobs.hold_key(job), amount=10, now=5))
    said = database.read(ledger.check)
    assert "Hold job:1:1 was captured, but no job was completed in that round." in said


def test_a_free_job_needs_no_hold(database: Database) -> None:
    database.write(lambda session: free_job(session, person(session)))
    assert database.read(ledger.check) == []


def test_the_account_of_a_job_is_its_owners(database: Database) -> None:
    job = database.write(lambda session: free_job(session, person(session), price=10))
    database.write(lambda session: person(session, "bob"))
    database.write(lambda s: ledger.hold(s, key=jobs.hold_key(job), account=account(2), amount=10, now=2))
    assert any("no open hold" in line for line in database.read(ledger.check))
