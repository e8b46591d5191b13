"""A house in which song challenges are held: people of two chats, finished songs, a clock that goes where it is told,
and a wall on which every message of the house stands as people see it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlmodel import Session, col, update

from bot.answers import Answer
from bot.desk import Desk
from bot.forms import Form
from bot.placard import Placard
from bot.placards import draw
from storage import bulletins, ledger, tracks, users
from storage.blobs import KeptBlob
from storage.database import Database
from storage.tables import Job
from tests.fakes.clock import at
from tests.integration.house import rules
from tests.rows import free_job
from workflows import firings
from workflows.bulletins import look
from workflows.challenges.rounds import open_round
from workflows.challenges.tick import tick
from workflows.credits import account_of, welcome
from workflows.people import ReplyTo, Requester, now_ms
from workflows.rules import Rules

T = TypeVar("T")

SERVER, TEAM = "discord:1", "slack:T1"
SONGS, OFFICE = ReplyTo("discord", "1/songs"), ReplyTo("slack", "T1/C1")
HERE = {"discord": SONGS, "slack": OFFICE}
ADA = Requester("discord", "1", "ada", server=SERVER, roles=("admin",))
ANN, BEN, CAT = (
    Requester("discord", str(10 + at_), name, server=SERVER) for at_, name in enumerate(["ann", "ben", "cat"])
)
DAN, EVE = (Requester("slack", f"T1:U{name}", name, server=TEAM) for name in ("dan", "eve"))
BOSS = Requester("slack", "T1:Uboss", "boss", server=TEAM, roles=("admin",))


def challenge_rules() -> Rules:
    given = rules(roles={"admin": {"in_charge": True}})
    return Rules(**{**given.__dict__, "roles": given.roles.model_copy(update={"servers": (SERVER,)})})


@dataclass
class Fair:
    """`posts` are the messages by their keys, each with everything that it ever said."""

    db: Database
    rules: Rules = field(default_factory=challenge_rules)
    posts: dict[str, list[Placard]] = field(default_factory=dict)
    requests: int = 0
    looks: int = 0

    def __post_init__(self) -> None:
        self.desk = Desk(self.db, self.rules, lambda: None)

    async def say(self, who: Requester, text: str, *, where: ReplyTo | None = None) -> str:
        """Type a command; returns the private answer."""
        answer = await self.answer(who, text, where=where)
        return answer.text

    async def answer(self, who: Requester, text: str, *, where: ReplyTo | None = None) -> Answer:
        self.requests += 1
        place = where or HERE.get(who.surface) or ReplyTo(who.surface)
        answer = await self.desk.typed(who, place, text, f"request-{self.requests}")
        assert isinstance(answer, Answer), answer
        return answer

    async def press(self, who: Requester, name: str, on: int, which: int = 0) -> Answer | Form:
        self.requests += 1
        answer = await self.desk.did(who, HERE[who.surface], name, on, which, f"request-{self.requests}")
        assert answer is not None
        return answer

    async def song(self, who: Requester, title: str, takes: int = 1) -> int:
        """A finished song of somebody."""

        def make(session: Session) -> int:
            user = welcome(session, self.rules.pricing, who, now_ms())
            place = HERE.get(who.surface) or ReplyTo(who.surface)
            job = free_job(
                session,
                user,
                surface=place.surface,
                channel=place.channel,
                server=who.server,
                title=title,
                now=now_ms(),
            )
            finished = {"status": "COMPLETED", "finished_at": now_ms()}
            session.exec(update(Job).where(col(Job.id) == job.id).values(**finished))
            for take in range(1, takes + 1):
                blob = KeptBlob(f"{job.id:062x}{take:02x}.mp3", 1000)
                tracks.add(
                    session, job_id=job.id, take=take, title=title, seed=take, duration=5.0, sample_rate=48000,
                    channels=2, bpm=90, keyscale="C Major", timesignature="4/4",
                    files=[("audio", "", "mp3", blob)], now=now_ms(),
                )  # fmt: skip
            return job.id

        return await self.db.awrite(make)

    async def tick(self) -> None:
        """The clock looks once, and everything that is due is posted."""
        await firings.tick(self.db, {"challenge": open_round})
        await tick(self.db)
        await self.deliver()

    async def deliver(self) -> None:
        while await self.db.awrite(self._deliver):
            pass

    def _deliver(self, session: Session) -> bool:
        # Edits wait for their turn, and the clock stands still: each look is a minute later.
        self.looks += 1
        soon = now_ms() + self.looks * 60_000
        rows = bulletins.claim_due(session, surfaces=("discord", "slack"), now=soon, lease_ms=1, limit=100)
        for row in rows:
            placard = draw(look(session, row), self.rules)
            self.posts.setdefault(row.key, []).append(placard)
            bulletins.shown(session, row, row.key)
        return bool(rows)

    def topics(self, surface: str = "discord") -> list[str]:
        """What was posted in a channel, in that order."""
        with_topics = self.db.read(
            lambda s: [(b.topic, b.key) for b in bulletins.of(s, "challenge", 1) if b.surface == surface]
        )
        return [topic for topic, key in with_topics if key in self.posts]

    def now(self, topic: str, challenge: int = 1, surface: str = "discord") -> Placard:
        """What the message about `topic` says by now."""
        [key] = self.db.read(
            lambda s: [
                b.key for b in bulletins.of(s, "challenge", challenge) if (b.topic, b.surface) == (topic, surface)
            ]
        )
        return self.posts[key][-1]

    def ever(self) -> str:
        """Everything that any message ever said."""
        return "\n".join(words(placard) for said in self.posts.values() for placard in said)

    async def credits(self, who: Requester) -> int:
        def look_up(session: Session) -> int:
            user = users.known(session, who.surface, who.external_id)
            return 0 if user is None else ledger.balance(session, account_of(user)).available

        return await self.db.aread(look_up)


def words(placard: Placard) -> str:
    """Everything that people can read in a message, names of its files and labels of its menu included."""
    labels = [deed.label or "" for deed in (*placard.deeds, *placard.choices)]
    files = [file.name for file in placard.files]
    return "\n".join([placard.title, placard.line, *placard.lines, *placard.small, placard.prompt, *labels, *files])


def told(story: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(story)


def ms(moment: str) -> int:
    """`moment` ("2026-11-21 18:00", UTC) in milliseconds since the epoch."""
    return round(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1000)


__all__ = ["ADA", "ANN", "BEN", "BOSS", "CAT", "DAN", "EVE", "Fair", "at", "challenge_rules", "ms", "told", "words"]
