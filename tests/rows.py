"""Rows that tests begin with, made through the real functions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from storage import jobs, ledger, users
from storage.claims import Ticket
from storage.tables import Job, User


def account(user: User | int) -> str:
    return f"user:{user if isinstance(user, int) else user.id}"


def person(session: Session, name: str = "ann", credits: int = 100) -> User:
    """A user of the terminal with an account and credits."""
    user = users.ensure(session, surface="terminal", external_id=name, name=name, now=1)
    ledger.open_account(session, account(user))
    if credits:
        ledger.grant(session, key=f"welcome:{user.id}", account=account(user), amount=credits, now=1)
    return user


def ticket(job: Job) -> Ticket:
    """A job as whoever works it gets it."""
    return Ticket._make(getattr(job, name) for name in Ticket._fields)


def free_job(session: Session, user: User | int, **changes: Any) -> Ticket:
    """A waiting job without a price, so without a hold."""
    values: dict[str, Any] = {
        "user_id": user if isinstance(user, int) else user.id,
        "surface": "terminal",
        "channel": "",
        "task": "text2music",
        "spec": "{}",
        "duration": 30.0,
        "takes": 2,
        "price": 0,
        "seed": 7,
        "now": 1,
    }
    return jobs.insert(session, **(values | changes))


def priced_job(session: Session, user: User | int, price: int = 10, **changes: Any) -> Ticket:
    """A waiting job with its hold."""
    job = free_job(session, user, price=price, **changes)
    ledger.hold(session, key=jobs.hold_key(job), account=account(user), amount=price, now=1)
    return job


def somebody_waits(session: Session) -> bool:
    """Whether a transaction on this database waits for another's lock."""
    of_it = "SELECT oid FROM pg_database WHERE datname = current_database()"
    waits = f"SELECT 1 FROM pg_locks WHERE NOT granted AND (database IS NULL OR database IN ({of_it}))"  # noqa: S608
    return session.connection().execute(text(waits)).first() is not None
