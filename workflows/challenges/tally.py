"""Counting: who won, what they get, and who leads a season. Pure functions of votes and rules."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storage.tables import Tie
from storage.votes import Cast

POINTS = {1: 3, 2: 2, 3: 1}


@dataclass(frozen=True)
class Candidate:
    """An entry that can be voted for: whose it is, and when it came in."""

    id: int
    person: int
    at: int


@dataclass(frozen=True)
class Result:
    """What came of an entry. `place` is None where nobody voted for it, or a tie leaves the place to nobody."""

    id: int
    place: int | None
    votes: int
    prize: int


@dataclass(frozen=True)
class Standing:
    """Somebody's line in the table of a season."""

    user: str
    points: int
    votes: int
    wins: int


def counted(votes: Iterable[Cast], candidates: Sequence[Candidate]) -> dict[int, int]:
    """How many votes each entry has. `votes` are the earliest first.

    A person has one, the latest that counts: none for a song that is gone, and none for one's own. People who turned
    out to be one person may have left several.
    """
    owners = {candidate.id: candidate.person for candidate in candidates}
    latest = {vote.person: vote.choice for vote in votes if owners.get(vote.choice, vote.person) != vote.person}
    return {candidate.id: count for candidate in candidates if (count := Counter(latest.values())[candidate.id])}


def ranked(
    candidates: Sequence[Candidate], votes: Mapping[int, int], *, tie: Tie, prizes: Sequence[int]
) -> tuple[Result, ...]:
    """What came of each entry, the best first. Who has no vote has no place.

    Entries with as many votes share a place and what its places are worth together, what can't be split going to the
    earlier ones; or the earlier entry is before the later; or nobody has these places.
    """
    order = sorted(candidates, key=lambda one: (-votes.get(one.id, 0), one.at, one.id))
    results: list[Result] = []
    for count, group in itertools.groupby(order, key=lambda one: votes.get(one.id, 0)):
        tied = list(group)
        first = len(results)
        worth = [prizes[place] if place < len(prizes) else 0 for place in range(first, first + len(tied))]
        if count == 0 or (tie == "nobody" and len(tied) > 1):
            results += [Result(one.id, None, count, 0) for one in tied]
        elif tie == "share":
            results += [
                Result(one.id, first + 1, count, prize)
                for one, prize in zip(tied, _split(sum(worth), len(tied)), strict=True)
            ]
        else:
            results += [Result(one.id, first + at + 1, count, worth[at]) for at, one in enumerate(tied)]
    return tuple(results)


def _split(pot: int, among: int) -> list[int]:
    """Whole credits, the remainder one by one to the first."""
    each, over = divmod(pot, among)
    return [each + (at < over) for at in range(among)]


def favourite(themes: Sequence[str], votes: Iterable[Cast]) -> str:
    """The theme with most votes; of several the one that stands first, as where nobody voted."""
    latest = {vote.person: vote.choice for vote in votes}
    count = Counter(choice for choice in latest.values() if 0 <= choice < len(themes))
    return themes[min(range(len(themes)), key=lambda at: (-count[at], at))]


def standings(placed: Iterable[tuple[int, str, int | None, int]]) -> tuple[Standing, ...]:
    """The table of a season from every entry that got votes: whose it is, their name, its place, its votes.

    Three points for a first place, two for a second, one for a third; then votes count, then wins.
    """
    names: dict[int, str] = {}
    points, votes, wins = Counter[int](), Counter[int](), Counter[int]()
    for person, name, place, count in placed:
        names[person] = name
        points[person] += POINTS.get(place or 0, 0)
        votes[person] += count
        wins[person] += place == 1
    table = [Standing(names[one], points[one], votes[one], wins[one]) for one in names]
    return tuple(sorted(table, key=lambda one: (-one.points, -one.votes, -one.wins, one.user)))
