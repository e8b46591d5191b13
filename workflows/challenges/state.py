"""How a challenge stands: a pure function of its row and now."""

from __future__ import annotations

from typing import Literal

from storage.tables import Challenge

Phase = Literal["planned", "theme", "enter", "vote", "over", "cancelled"]
# While one of these lasts, people can do something.
OPEN: tuple[Phase, ...] = ("theme", "enter", "vote")


def phase(challenge: Challenge, now: int) -> Phase:
    """What a challenge is at: before it opens, choosing a theme, taking songs, taking votes, or at its end.

    A time is the first moment of what comes after it. One that nobody entered is over before its voting would be.
    """
    if challenge.cancelled_at is not None:
        return "cancelled"
    if challenge.tallied_at is not None or now >= challenge.vote_until:
        return "over"
    if now >= challenge.submit_until:
        return "vote"
    if now < challenge.opens_at:
        return "planned"
    return "theme" if challenge.theme_until is not None and now < challenge.theme_until else "enter"


def began(challenge: Challenge, at: Phase) -> int:
    """When that part of a challenge began, or begins."""
    if at == "vote":
        return challenge.submit_until
    return challenge.opens_at if at == "theme" or challenge.theme_until is None else challenge.theme_until


def ends(challenge: Challenge, at: Phase) -> int:
    """When that part of a challenge ends."""
    if at == "theme" and challenge.theme_until is not None:
        return challenge.theme_until
    return challenge.submit_until if at == "enter" else challenge.vote_until


def to_remind(challenge: Challenge, at: Phase) -> int | None:
    """When people are reminded of the end of that part; None where it is too short for that, or nobody is."""
    if challenge.remind_ms <= 0 or at not in ("enter", "vote"):
        return None
    moment = ends(challenge, at) - challenge.remind_ms
    return moment if moment > began(challenge, at) else None
