"""What every table has about people: the one list that export, erasure and their tests go by.

A table that is not named here fails the tests: whoever adds one says whose its rows are, and what becomes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, and_, or_, select
from sqlmodel import Session

from storage import users
from storage.tables import Table as Base
from storage.users import everyone

_T = Base.metadata.tables
USER, IDENTITY, JOB, TRACK = _T["user"], _T["identity"], _T["job"], _T["track"]
RUN, SCHEDULE, ENDPOINT = _T["run"], _T["schedule"], _T["webhook_endpoint"]


@dataclass(frozen=True)
class Person:
    """Somebody by everything that rows know them by: all numbers they had, and what they were called under each."""

    numbers: tuple[int, ...]
    names: tuple[str, ...]
    identities: tuple[tuple[str, str], ...]

    @property
    def accounts(self) -> tuple[str, ...]:
        """Their ledger accounts, which are the subjects of the record, too."""
        return tuple(f"user:{number}" for number in self.numbers)


def person(session: Session, user_id: int) -> Person:
    """The person `user_id`, who is nobody else by now."""
    numbers = tuple(session.exec(everyone(user_id).order_by(USER.c.id)))
    names = tuple(users.get(session, number).name for number in numbers)
    return Person(numbers, names, users.identities(session, user_id))


@dataclass(frozen=True)
class Personal:
    """Rows of a table that are about somebody: `called` so in what they are given, `whose` says which.

    `untold` are columns that are about others, or no more than our own machinery.
    """

    called: str
    whose: Callable[[Person], ColumnElement[bool]]
    untold: frozenset[str] = frozenset()


def _by(table: str, *untold: str, called: str, column: str = "user_id") -> tuple[str, Personal]:
    """A table whose rows have the number of their person in a column."""
    return table, Personal(called, lambda who: _T[table].c[column].in_(who.numbers), frozenset(untold))


def jobs_of(who: Person) -> Any:
    """The numbers of what they asked for."""
    return select(JOB.c.id).where(JOB.c.user_id.in_(who.numbers))


def runs_of(who: Person) -> Any:
    """The numbers of their runs."""
    return select(RUN.c.id).where(RUN.c.user_id.in_(who.numbers))


def _of_jobs(table: str, *untold: str, called: str) -> tuple[str, Personal]:
    """A table whose rows belong to songs."""
    return table, Personal(called, lambda who: _T[table].c.job_id.in_(jobs_of(who)), frozenset(untold))


def noted(who: Person) -> ColumnElement[bool]:
    """What the record has of them: what they did, and what was done to them and to their songs."""
    subject = _T["audit"].c.subject
    songs = as_subjects(JOB.c.user_id.in_(who.numbers))
    return or_(signed("audit", who), subject.in_(who.accounts), subject.in_(songs))


def as_subjects(which: ColumnElement[bool]) -> Any:
    """These jobs as the record names them."""
    return select("job:" + JOB.c.id.cast(Text)).where(which)


def signed(table: str, who: Person) -> ColumnElement[bool]:
    """Rows whose `by` says that they decided it. Whoever had no account yet has the chat's own id behind a name."""
    by = _T[table].c.by
    strangers = (by.endswith(f"/{external_id}", autoescape=True) for _, external_id in who.identities)
    return or_(by.in_(who.names), *strangers)


def moved(who: Person) -> ColumnElement[bool]:
    """Credits that went from or to them."""
    transfer = _T["transfer"].c
    return or_(transfer.debit_id.in_(who.accounts), transfer.credit_id.in_(who.accounts))


def _told(who: Person) -> ColumnElement[bool]:
    bulletin = _T["bulletin"].c
    return or_(bulletin.user_id.in_(who.numbers), and_(bulletin.kind == "run", bulletin.subject.in_(runs_of(who))))


def _files(who: Person) -> ColumnElement[bool]:
    return _T["track_file"].c.track_id.in_(select(TRACK.c.id).where(TRACK.c.job_id.in_(jobs_of(who))))


PERSONAL: Mapping[str, Personal] = dict(
    (
        _by("user", called="you", column="id"),
        _by("identity", called="known_as"),
        _by("link_code", "code", called="link_codes"),
        _by("ban", "by", called="bans"),
        _by("draft", called="drafts"),
        _by("asked", called="counted_requests"),
        _by("lane", called="places_in_the_queue"),
        _by("job", "token", "worker", "lease_until", called="songs"),
        _of_jobs("track", "peaks", called="takes"),
        ("track_file", Personal("files", _files)),
        _by("recording", called="sound_you_brought"),
        _of_jobs("outbox", "lease_until", called="messages_about_songs"),
        _of_jobs("review", "by", called="reviews_of_your_songs"),
        _by("report", called="reports_you_made"),
        ("account", Personal("accounts", lambda who: _T["account"].c.id.in_(who.accounts))),
        ("hold", Personal("credits_on_hold", lambda who: _T["hold"].c.account_id.in_(who.accounts))),
        ("transfer", Personal("credits_moved", moved)),
        ("audit", Personal("record", noted, frozenset({"by"}))),
        ("gate", Personal("queue_shut_by_you", lambda who: signed("gate", who))),
        _by("run", called="runs"),
        ("step", Personal("steps_of_runs", lambda who: _T["step"].c.run_id.in_(runs_of(who)))),
        _by("schedule", called="schedules"),
        (
            "firing",
            Personal(
                "times_of_schedules",
                lambda who: _T["firing"].c.schedule_id.in_(
                    select(SCHEDULE.c.id).where(SCHEDULE.c.user_id.in_(who.numbers))
                ),
            ),
        ),
        ("bulletin", Personal("messages_about_runs", _told, frozenset({"lease_until"}))),
        _by("challenge", called="challenges_you_held"),
        _by("entry", called="entries"),
        _by("vote", called="votes"),
        _by("theme_vote", called="votes_for_themes"),
        _by("api_key", "digest", called="api_keys"),
        _by("webhook_endpoint", "secret", called="webhook_endpoints"),
        (
            "webhook_delivery",
            Personal(
                "webhooks_sent",
                lambda who: _T["webhook_delivery"].c.endpoint_id.in_(
                    select(ENDPOINT.c.id).where(ENDPOINT.c.user_id.in_(who.numbers))
                ),
                frozenset({"lease_until"}),
            ),
        ),
        _by("ordered", called="tracks_you_ordered"),
        _of_jobs("job_mark", called="marks_on_songs"),
    )
)

# Why the others have nothing about anybody.
IMPERSONAL: Mapping[str, str] = {
    "blob": "files by their content; whose they are say those who name them",
    "heard": "a chat's numbers of requests, for two days; nothing says whose",
    "challenge_place": "channels that challenges are held in",
    "erased": "keyed hashes, which nobody can read back",
    "departed": "servers that removed the bot",
    "seal": "the secret of this database",
}


def rows(session: Session, who: Person) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every row about somebody, table by table under the name that people read, oldest first."""
    for name, personal in PERSONAL.items():
        table: Table = _T[name]
        columns = [column for column in table.columns if column.name not in personal.untold]
        found = select(*columns).where(personal.whose(who)).order_by(*table.primary_key.columns)
        yield personal.called, [dict(row._mapping) for row in session.connection().execute(found)]


def songs(session: Session, who: Person) -> tuple[int, ...]:
    """The numbers of the songs of theirs that are there, the latest first."""
    made = select(JOB.c.id).where(JOB.c.user_id.in_(who.numbers), JOB.c.id.in_(select(TRACK.c.job_id)))
    return tuple(session.connection().execute(made.order_by(JOB.c.id.desc())).scalars())
