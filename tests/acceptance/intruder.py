"""Somebody who has the database and tries everything that would spoil it: each guard has to refuse what it is for."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

_TRANSFER = "INSERT INTO transfer (key, kind, debit_id, credit_id, amount, hold_key, created_at)"
_HOLD = "INSERT INTO hold (key, account_id, amount, state, created_at, settled_at)"
_CAPTURE = f"{_TRANSFER} SELECT 'x', 'capture',"
_HELD = "FROM hold JOIN account AS a ON a.id = account_id WHERE state = 'open'"
_RICH = "FROM account WHERE kind = 'user' AND posted > held LIMIT 1"

# Each changes rows, where there are any of the kind it needs, or is refused.
EVERYTHING = (
    "INSERT INTO account (id, kind, posted, held) VALUES ('rich', 'user', 5, 0)",
    "INSERT INTO account (id, kind, posted, held) VALUES ('poor', 'user', 5, 5)",
    "UPDATE account SET kind = 'system' WHERE id = (SELECT min(id) FROM account WHERE kind = 'user')",
    "UPDATE account SET posted = held - 1 WHERE kind = 'user'",
    "DELETE FROM account WHERE id = 'income' AND NOT EXISTS (SELECT 1 FROM transfer WHERE credit_id = 'income')",
    f"{_HOLD} SELECT 'x', id, 1, 'voided', 1, 1 {_RICH}",
    f"{_HOLD} SELECT 'x', id, posted - held + 1, 'open', 1, NULL {_RICH}",
    "UPDATE hold SET amount = amount + 1 WHERE state = 'open'",
    "UPDATE hold SET state = 'voided', settled_at = 9, amount = amount - 1 WHERE state = 'open' AND amount > 1",
    "UPDATE hold SET state = 'voided', settled_at = 9, created_at = 9 WHERE state = 'open'",
    "UPDATE hold SET state = 'voided', settled_at = 9, key = 'x' WHERE state = 'open' AND amount = 5",
    "UPDATE hold SET state = 'voided', settled_at = 9, account_id = 'bank' WHERE state = 'open'",
    "UPDATE hold SET settled_at = 9 WHERE state = 'voided'",
    "UPDATE hold SET state = 'voided' WHERE state = 'captured'",
    "UPDATE hold SET state = 'captured', settled_at = 9 WHERE state = 'open'",
    "DELETE FROM hold WHERE state <> 'captured'",
    f"{_CAPTURE} account_id, 'income', amount + 1, key, 1 {_HELD} AND a.posted > a.held LIMIT 1",
    f"{_CAPTURE} 'bank', 'income', amount, key, 1 {_HELD} LIMIT 1",
    f"{_TRANSFER} SELECT 'x', 'gift', id, 'bank', posted - held + 1, NULL, 1 {_RICH}",
    f"{_TRANSFER} SELECT 'x', 'capture', id, 'income', 1, NULL, 1 {_RICH}",
    f"{_TRANSFER} SELECT 'x', 'gift', id, id, 1, NULL, 1 {_RICH}",
    "UPDATE transfer SET amount = amount + 1",
    "DELETE FROM transfer",
    "UPDATE job SET price = price + 1",
    'UPDATE job SET user_id = (SELECT min(id) FROM "user" WHERE id <> job.user_id)',
    "UPDATE job SET status = 'PENDING', finished_at = NULL WHERE status IN ('COMPLETED', 'CANCELLED')",
    "UPDATE job SET status = 'PENDING', finished_at = NULL WHERE status = 'FAILED'",
    "UPDATE job SET round = round + 1 WHERE status NOT IN ('PENDING', 'PROCESSING')",
    "UPDATE job SET status = 'COMPLETED' WHERE status = 'FAILED'",
    "UPDATE job SET status = 'PROCESSING' WHERE status = 'PENDING'",
    "UPDATE job SET token = 'mine' WHERE status <> 'PROCESSING'",
    "UPDATE job SET priority = priority + 1",
    "UPDATE job SET server = 'elsewhere'",
    "UPDATE lane SET waiting = -1",
    "UPDATE audit SET by = 'nobody'",
    "DELETE FROM audit",
)
EVERYTHING_ON_POSTGRES = (*EVERYTHING, "TRUNCATE transfer", "TRUNCATE audit")


class Undone(Exception):
    """What was tried is undone."""


def try_everything(session: Session, succeeded: list[str]) -> None:
    """Try each of it by itself, and note what changed something. Always raises `Undone`."""
    connection = session.connection()
    for statement in EVERYTHING if connection.dialect.name == "sqlite" else EVERYTHING_ON_POSTGRES:
        with connection.begin_nested() as one:
            try:
                changed = connection.execute(text(statement)).rowcount
            except IntegrityError:
                one.rollback()
                continue
            one.rollback()
        if changed:
            succeeded.append(statement)
    raise Undone
