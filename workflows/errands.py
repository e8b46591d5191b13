"""What `workflows.deliver` needs to know of a thing to deliver, and of the line it stands in: nothing of what it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from sqlmodel import Session

# Things of one line on their way to one surface at once; one slow surface never holds up another.
AT_ONCE = 10


class Errand(Protocol):
    """One thing under way to one channel, leased to us. What is written about it changes nothing once it is not ours.

    `attempts` counts this one, `since` is when it was first due (milliseconds since the epoch).
    """

    name: str
    surface: str
    channel: str
    attempts: int
    since: int

    async def run(self) -> str | None:
        """Take it there; returns where it is. Raises `DeliveryFailed`."""

    def extend(self, session: Session, lease_until: int) -> None:
        """We are still at it."""

    def arrived(self, session: Session, now: int, receipt: str | None) -> int | None:
        """It is there; returns in how many milliseconds more of it may be due without anybody saying so."""

    def again(self, session: Session, due_at: int, error: str) -> None:
        """It could not be taken there now."""

    def elsewhere(self) -> str | None:
        """Another channel where it can go instead."""

    def readdress(self, session: Session, now: int, channel: str, why: str, error: str) -> None:
        """It goes there from now on."""

    def lose(self, session: Session, now: int, error: str) -> None:
        """It can go nowhere."""


class Line(Protocol):
    """Things that wait to be taken to `surfaces`, to each of them `at_once` at a time."""

    surfaces: tuple[str, ...]
    at_once: int

    def is_due(self, session: Session, surfaces: Collection[str], now: int) -> bool:
        """Whether there is anything for one of `surfaces`; reads only."""

    def claim(
        self, session: Session, surface: str, *, now: int, lease_ms: int, limit: int, busy: Collection[str]
    ) -> Sequence[Errand]:
        """Lease what is due there, the oldest first: one thing a channel, and none of those in `busy`."""
