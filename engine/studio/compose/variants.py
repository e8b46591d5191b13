"""Which variant of a pattern a section plays: quiet sections never the busier one."""

from __future__ import annotations

from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Stretch

# Sections of this energy are the song's loud ones.
PEAK = 0.7


def graded(variants: tuple[str, ...], everywhere: bool, key: tuple[str, ...], stretch: Stretch, dice: Dice) -> str:
    """A section's variant. One that is heard `everywhere` is never busier in quiet sections than in loud ones."""
    place = dice.at(*key, stretch.kind, min(stretch.occurrence, 2))
    if not everywhere or len(variants) == 1:
        return place.choice(variants)
    busy = sorted(range(len(variants)), key=lambda at: (_busyness(variants[at]), at))
    loudest = dice.at(*key, "peak").randrange(len(variants))
    return variants[busy[loudest if stretch.energy >= PEAK else place.randint(0, loudest)]]


def _busyness(pattern: str) -> float:
    return sum(mark not in ".-" for mark in pattern) / len(pattern)
