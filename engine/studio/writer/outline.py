"""How long a song's words are: its sections, and how many couplets each has."""

from __future__ import annotations

from typing import Literal

Kind = Literal["verse", "chorus", "bridge"]
Section = tuple[Kind, int]

# A sung line likes this many seconds, a rapped one fewer; neither is shorter than a bar.
LINE_S, RAP_LINE_S = 4.5, 2.7
# What intro, breaks and ending take: a share of short songs, and no more than this of long ones.
AROUND, AROUND_S = 0.2, 24.0
# A little more is sung a little quicker.
CLOSE = 1.15

SONGS: tuple[tuple[Section, ...], ...] = (
    (("chorus", 1),),
    (("verse", 1), ("chorus", 1)),
    (("verse", 1), ("chorus", 2)),
    (("verse", 2), ("chorus", 2)),
    (("verse", 1), ("chorus", 2), ("verse", 1), ("chorus", 2)),
    (("verse", 2), ("chorus", 2), ("verse", 2), ("chorus", 2)),
    (("verse", 2), ("chorus", 2), ("verse", 2), ("chorus", 2), ("bridge", 1), ("chorus", 2)),
    (("verse", 2), ("chorus", 2), ("verse", 2), ("chorus", 2), ("verse", 2), ("bridge", 1), ("chorus", 2)),
    (("verse", 2), ("chorus", 2), ("verse", 2), ("chorus", 2), ("verse", 2), ("chorus", 2), ("bridge", 2),
     ("chorus", 2), ("chorus", 2)),
)  # fmt: skip
RAPS: tuple[tuple[Section, ...], ...] = (
    (("verse", 1),),
    (("verse", 2),),
    (("verse", 2), ("chorus", 1)),
    (("verse", 4), ("chorus", 1)),
    (("verse", 4), ("chorus", 2)),
    (("verse", 3), ("chorus", 2), ("verse", 3), ("chorus", 2)),
    (("verse", 4), ("chorus", 2), ("verse", 4), ("chorus", 2)),
    (("verse", 4), ("chorus", 2), ("verse", 4), ("chorus", 2), ("bridge", 1), ("chorus", 2)),
    (("verse", 4), ("chorus", 2), ("verse", 4), ("chorus", 2), ("bridge", 2), ("verse", 2), ("chorus", 2)),
)  # fmt: skip


def outline(duration: float, bar_s: float, *, rap: bool) -> tuple[Section, ...]:
    """The fullest sections that have room in a song of `duration` seconds with bars of `bar_s` seconds."""
    line_s = max(RAP_LINE_S if rap else LINE_S, bar_s)
    room = (duration - min(AROUND * duration, AROUND_S)) / line_s * CLOSE
    each = RAPS if rap else SONGS
    return max((sections for sections in each if lines(sections) <= room), key=lines, default=each[0])


def lines(sections: tuple[Section, ...]) -> int:
    """Lines to sing."""
    return sum(2 * couplets for _, couplets in sections)
