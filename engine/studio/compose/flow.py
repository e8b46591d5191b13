"""The flows of a rap: how syllables run over the beat, which one a verse has, and how much room a line needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Stretch
from engine.studio.score import LyricLine

# Syllables a second that are still understood, those that sound neither hurried nor slow, and the slowest of all.
QUICKEST, LIKED, SLOWEST = 9.0, 5.3, 4.0
# A line gets another bar where it would be denser than this.
DENSE = 7.2
SHORTEST_LINE_S = 1.2
# Only bars this long hold two lines.
LONG_BAR_S = 3.6
# A line may begin so many beats before its bar, where the one before has let it.
PICKUP = 1.0
SWITCH_CHANCE = 0.55
LINES_OF_FLOW = 4


@dataclass(frozen=True)
class Flow:
    """A way of rapping: `parts` of a beat, how welcome each of them is over one or two beats, and its stride.

    `pace`: syllables a beat; `late_ms` behind the beat; `contour`: half steps from syllable to syllable.
    """

    name: str
    parts: int
    accents: tuple[float, ...]
    pace: float
    contour: tuple[int, ...]
    late_ms: float = 0.0


FLOWS = (
    Flow("eighths", 4, (3.0, 0.0, 2.2, 0.0), 2.0, (0, 0, 2, 0)),
    Flow("sixteenths", 4, (3.0, 1.2, 2.0, 1.4), 3.4, (0, 0, 0, 2, 0, -2, 0, 0)),
    Flow("triplet", 3, (3.0, 1.6, 1.8), 2.8, (3, 0, 0)),
    Flow("boom bap", 4, (3.0, 0.4, 1.4, 2.4, 1.0, 0.8, 2.8, 0.6), 2.7, (2, 0, 0, -2, 0, 3, 0)),
    Flow("double time", 8, (3.0, 1.0, 2.0, 1.0, 2.4, 1.0, 2.0, 1.0), 5.4, (0, 0, 0, 0, 1, 0, 0, -1)),
    Flow("laid back", 4, (2.2, 0.6, 2.6, 1.2), 2.2, (0, 2, 0, -2, -3), 32.0),
)


def bars_of(line: LyricLine, clock: Clock, sizes: Sequence[float]) -> float:
    """Bars in which `line` is rapped, the beat after its rhyme included: long lines become denser, up to a limit."""
    count = len(line.syllables)
    for bars in sizes:
        beats = bars * clock.beats
        room = (beats - after_rhyme(beats) + PICKUP / 2) * clock.beat_s
        whole = bars >= 1 or clock.bar_s > LONG_BAR_S
        if whole and bars * clock.bar_s >= SHORTEST_LINE_S and room * DENSE >= count:
            return bars
    return sizes[-1]


def flow_of(stretch: Stretch, number: int, brief: Brief, clock: Clock, dice: Dice) -> Flow:
    """The flow of line `number` of a section: another one in each verse, and now and then another after four lines."""
    order = _order(brief, clock, dice)
    verse = stretch.occurrence - 1
    block = number // LINES_OF_FLOW
    turns = sum(dice.at("switch", stretch.identity, at).random() < SWITCH_CHANCE for at in range(1, block + 1))
    return order[(verse + turns) % len(order)]


def _order(brief: Brief, clock: Clock, dice: Dice) -> tuple[Flow, ...]:
    """The flows that suit tempo and genre, in an order of the song's own."""
    merits = []
    for flow in FLOWS:
        rate = flow.pace / clock.beat_s
        merit = math.exp(-((math.log2(rate / LIKED) / 0.75) ** 2))
        merit *= _suits(flow, brief)
        merits.append((dice.at("flow", flow.name).random() ** (1 / max(merit, 1e-6)), merit, flow))
    merits.sort(key=lambda each: each[0], reverse=True)
    fitting = tuple(flow for _, merit, flow in merits if merit > 0.12)
    return fitting or (merits[0][2],)


def _suits(flow: Flow, brief: Brief) -> float:
    groove, energy = brief.preset.groove, brief.energy
    if flow.name == "triplet":
        return 2.2 if groove == "trap" else 0.7
    if flow.name == "boom bap":
        return 1.8 if groove == "hiphop" else 0.9
    if flow.name == "laid back":
        return 1.8 if energy < 0.45 else 0.6
    if flow.name in ("double time", "sixteenths"):
        return 1.5 if energy > 0.6 else 0.9
    return 1.0


def is_spoken(line: LyricLine, kind: str, rap: bool) -> bool:
    """Whether a line of a section is said in rhythm: in a rap all but the hook, unless a tag says otherwise."""
    return line.delivery == "spoken" or (rap and kind != "chorus" and line.delivery != "sung")


def after_rhyme(beats: float) -> float:
    """Beats from the rhyme to the end of a line's slot."""
    return 1.0 if beats > 1 else 0.5
