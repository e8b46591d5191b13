"""Song challenges: what was asked for, who entered what, and who voted for whom. How one stands follows from its
times and now; nothing here says so twice."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import JSON, BigInteger, CheckConstraint, Text, UniqueConstraint
from sqlmodel import Field

from storage.tables.base import SERIAL, Table

EntryState = Literal["waiting", "shown", "rejected", "withdrawn"]
Tie = Literal["share", "earliest", "nobody"]


class Challenge(Table, table=True):
    """One challenge. Themes are voted for until `theme_until` (where there is one), songs entered from then (else from
    `opens_at`) until `submit_until`, voted for until `vote_until`; then it is tallied, once (`tallied_at`).

    `theme` is None until the vote for it is counted; `themes` (JSON) are what is voted for. `prizes` (JSON) are credits
    for the first place, the second, and so on. `season`: challenges of one season share a table. `remind_ms` before
    entering and voting end, people are reminded; 0: never. `zone` is the time zone its times were meant in.
    """

    __tablename__ = "challenge"
    __table_args__ = (
        CheckConstraint("tie IN ('share', 'earliest', 'nobody')", name="tie"),
        CheckConstraint("opens_at < submit_until AND submit_until < vote_until", name="times"),
        CheckConstraint("theme_until IS NULL OR (opens_at < theme_until AND theme_until < submit_until)", name="theme"),
        CheckConstraint("each >= 1", name="each"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)
    firing_id: int | None = Field(default=None, foreign_key="firing.id", unique=True, sa_type=BigInteger)
    season: str = Field(index=True, sa_type=Text)
    number: int
    theme: str | None = Field(default=None, sa_type=Text)
    themes: list[str] = Field(sa_type=JSON)
    zone: str = Field(sa_type=Text)
    opens_at: int = Field(sa_type=BigInteger)
    theme_until: int | None = Field(default=None, sa_type=BigInteger)
    submit_until: int = Field(sa_type=BigInteger)
    vote_until: int = Field(sa_type=BigInteger)
    remind_ms: int = Field(sa_type=BigInteger)
    prizes: list[int] = Field(sa_type=JSON)
    each: int
    anonymous: bool
    review: bool
    tie: Tie = Field(sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    cancelled_at: int | None = Field(default=None, sa_type=BigInteger)
    cancelled_why: str | None = Field(default=None, sa_type=Text)
    tallied_at: int | None = Field(default=None, sa_type=BigInteger)


class ChallengePlace(Table, table=True):
    """A channel that a challenge is held in; one challenge may be held in several chats at once."""

    __tablename__ = "challenge_place"
    __table_args__ = (UniqueConstraint("challenge_id", "surface", "channel"),)

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    challenge_id: int = Field(foreign_key="challenge.id", sa_type=BigInteger)
    surface: str = Field(index=True, sa_type=Text)
    channel: str = Field(index=True, sa_type=Text)
    server: str | None = Field(default=None, index=True, sa_type=Text)


class Entry(Table, table=True):
    """A song that somebody entered. `number` is what people vote by: shuffled, so that it tells nothing of who came
    first. `place`, `votes` and `prize` once it is tallied."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("challenge_id", "job_id", "take"),
        CheckConstraint("state IN ('waiting', 'shown', 'rejected', 'withdrawn')", name="state"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    challenge_id: int = Field(foreign_key="challenge.id", sa_type=BigInteger)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)
    job_id: int = Field(foreign_key="job.id", index=True, sa_type=BigInteger)
    take: int
    number: int | None = None
    state: EntryState = Field(sa_type=Text)
    why: str | None = Field(default=None, sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    place: int | None = None
    votes: int | None = None
    prize: int | None = Field(default=None, sa_type=BigInteger)


class Vote(Table, table=True):
    """Somebody's one vote in a challenge; until voting ends they may change it."""

    __tablename__ = "vote"
    __table_args__ = (UniqueConstraint("challenge_id", "user_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    challenge_id: int = Field(foreign_key="challenge.id", sa_type=BigInteger)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)
    entry_id: int = Field(foreign_key="entry.id", index=True, sa_type=BigInteger)
    voted_at: int = Field(sa_type=BigInteger)


class ThemeVote(Table, table=True):
    """Somebody's one vote for the theme: `choice` counts from 0 in the challenge's `themes`."""

    __tablename__ = "theme_vote"
    __table_args__ = (UniqueConstraint("challenge_id", "user_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    challenge_id: int = Field(foreign_key="challenge.id", sa_type=BigInteger)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)
    choice: int
    voted_at: int = Field(sa_type=BigInteger)
