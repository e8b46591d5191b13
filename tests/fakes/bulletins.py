"""Bulletins that say what a test has them say, and a board that writes down what it is to show."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlmodel import Session

from bot.placard import Placard
from storage import bulletins
from storage.database import Database
from workflows import bulletins as use_cases
from workflows.bulletins import Notice
from workflows.deliver import DeliveryFailed
from workflows.people import now_ms


@dataclass
class Script:
    """Stands for the view and the placard of everything; `says` is what all of it says now, `looked` what was asked."""

    says: Placard = field(default_factory=lambda: Placard(0, "A batch", "1 of 3"))
    looked: list[int] = field(default_factory=list)
    unreadable: set[int] = field(default_factory=set)

    def look(self, session: Session, subject: int) -> object:
        del session
        self.looked.append(subject)
        if subject in self.unreadable:
            raise LookupError(subject)
        return self.says.line

    def placard(self, notice: Notice, rules: object, locale: str = "en") -> Placard:
        del rules, locale
        return replace(self.says, bulletin=notice.id, owner=notice.owner)

    def say(self, **changes: Any) -> None:
        self.says = replace(self.says, **changes)


def scripted(monkeypatch: pytest.MonkeyPatch) -> Script:
    """From now on every bulletin is scripted."""
    script: Any = Script()
    monkeypatch.setitem(sys.modules, "scripted", script)
    for kind in ("run", "challenge"):
        monkeypatch.setitem(sys.modules, f"bot.placards.{kind}", script)
    monkeypatch.setattr(use_cases, "_VIEWS", {"run": "scripted", "challenge": "scripted"})
    assert isinstance(script, Script)
    return script


@dataclass
class Board:
    """Shows bulletins in lists, one a channel; `shut` ones take none, and `crashes` times it forgets that it posted."""

    surface: str = "chat"
    other: str | None = None
    shut: tuple[str, ...] = ()
    crashes: int = 0
    shows: dict[str, list[list[object]]] = field(default_factory=dict)
    told: list[Notice] = field(default_factory=list)

    async def put_up(self, notice: Notice) -> str | None:
        self.told.append(notice)
        if notice.channel in self.shut:
            raise DeliveryFailed("gone", permanent=True, why="channel_gone")
        wall = self.shows.setdefault(notice.channel, [])
        there = next((entry for entry in wall if entry[0] == notice.id), None)
        if notice.withdrawn:
            wall[:] = [entry for entry in wall if entry is not there]
            return None
        if there is None:
            assert notice.post is None
            assert notice.again or not self._posted(notice)
            there = [notice.id, notice.about]
            wall.append(there)
        there[1] = notice.about
        if self.crashes:
            self.crashes -= 1
            raise ConnectionError("killed")
        return f"{notice.channel}:{notice.id}"

    def elsewhere(self, notice: Notice) -> str | None:
        return self.other if notice.owner is not None else None

    def _posted(self, notice: Notice) -> bool:
        return any(earlier.id == notice.id and earlier.channel == notice.channel for earlier in self.told[:-1])


def put_up(db: Database, *, surface: str = "chat", channel: str = "c", **more: Any) -> None:
    """Put a bulletin up now."""
    given: dict[str, Any] = {"key": "run:1", "kind": "run", "subject": 1, "topic": "progress", **more}
    db.write(lambda s: bulletins.put_up(s, surface=surface, channel=channel, now=now_ms(), **given))


def bump(db: Database, *, subject: int = 1, at_once: bool = True) -> None:
    """What it says has changed."""
    db.write(lambda s: bulletins.bump(s, "run", subject, now_ms(), at_once=at_once))
