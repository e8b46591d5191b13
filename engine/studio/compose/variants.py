"""Which variant of a pattern a section plays: quiet sections never the busier one, a second verse another one."""

from __future__ import annotations

from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Stretch

# Sections of this energy are the song's loud ones.
PEAK = 0.7


def graded(variants: tuple[str, ...], everywhere: bool, key: tuple[str, ...], stretch: Stretch, dice: Dice) -> str:
    """A section's variant. One that is heard `everywhere` is never busier in quiet sections than in loud ones.

    Sections of one kind share their variant, so that a chorus comes back; only later verses move on to another.
    """
    if len(variants) == 1:
        return variants[0]
    count = len(variants)
    order = list(range(count))
    if everywhere:
        order.sort(key=lambda at: (_busyness(variants[at]), at))
        # the busiest one stays out of reach of the quiet sections only where that leaves them a choice
        loudest = dice.at(*key, "peak").randrange(1, count)
        if stretch.energy >= PEAK:
            return variants[order[loudest]]
        count = loudest + 1
    first = dice.at(*key, stretch.kind).randrange(count)
    later = stretch.occurrence - 1 if stretch.kind == "verse" else 0
    return variants[order[(first + later) % count]]


def _busyness(pattern: str) -> float:
    return sum(mark not in ".-" for mark in pattern) / len(pattern)
