"""The drums: a pattern for each section, varied from bar to bar, with fills into what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.studio.compose import patterns
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Stretch
from engine.studio.compose.patterns import Lane
from engine.studio.compose.variants import PEAK, graded
from engine.studio.score import Note

HIT_BEATS = 0.2
# Softest section in which anything but a kit's quietest lanes is heard.
FILL_FROM = 0.42


@dataclass(frozen=True)
class Hit:
    """A stroke: its step in the bar, the drum, and how hard."""

    step: int
    pitch: int
    velocity: float


def lanes_of(groove: str, timesignature: str) -> tuple[Lane, ...]:
    """What `groove` plays in a metre."""
    if timesignature in ("4/4", "2/4"):
        return patterns.FOUR[groove]
    return (patterns.THREE if timesignature == "3/4" else patterns.SIX)[patterns.FAMILIES[groove]]


def percussion_of(groove: str, timesignature: str) -> tuple[Lane, ...]:
    """What hands play beside the kit."""
    kind = "latin" if patterns.FAMILIES[groove] == "latin" else "hand"
    return (patterns.PERCUSSION if timesignature in ("4/4", "2/4") else patterns.PERCUSSION_TWELVE)[kind]


def bar_hits(
    lanes: Sequence[Lane], part: str, stretch: Stretch, bar: int, energy: float, clock: Clock, dice: Dice
) -> list[Hit]:
    """The strokes of bar number `bar` of a section. A section keeps its patterns; single strokes come and go."""
    hits = []
    draw = dice.at("drums", part, stretch.identity, bar)
    for number, each in enumerate(lanes):
        if not each.low <= energy < each.high:
            continue
        pattern = graded(each.variants, each.high > PEAK, ("drums", part, str(number)), stretch, dice)
        for step in range(clock.steps):
            place = bar * clock.steps + step
            if place % clock.stretch:
                continue
            mark = pattern[place // clock.stretch % len(pattern)]
            chance = draw.random()
            if mark == "." or (mark == "g" and chance < 0.25):
                continue
            velocity = patterns.VELOCITIES[mark] * (0.72 + 0.3 * energy) * (0.96 + 0.08 * draw.random())
            hits.append(Hit(step, each.pitch, velocity))
        ghosts = each.pitch == patterns.SNARE and "g" in "".join(each.variants)
        if ghosts and draw.random() < 0.3:
            hits.append(Hit(draw.randrange(1, clock.steps, 2), each.pitch, 0.25))
    return hits


def with_fill(
    hits: list[Hit], groove: str, stretch: Stretch, following: Stretch | None, clock: Clock, dice: Dice
) -> list[Hit]:
    """`hits` of a section's last bar with a fill at its end, longer where the music rises."""
    if following is None or max(stretch.energy, following.energy) < FILL_FROM:
        return hits
    kind = patterns.FILL_OF.get(groove, "toms")
    fill = dice.at("fill", stretch.identity).choice(patterns.FILLS[kind])
    if not fill:
        return hits
    room = clock.steps if following.energy > stretch.energy + 0.1 else clock.steps // 2
    length = min(room, max(len(pattern) for _, pattern in fill))
    begin = clock.steps - length
    kept = [hit for hit in hits if hit.step < begin or hit.pitch == patterns.KICK]
    for pitch, pattern in fill:
        tail = pattern[-length:]
        for at, mark in enumerate(tail):
            if mark != "." and (begin + at) % clock.stretch == 0:
                kept.append(Hit(begin + at, pitch, patterns.VELOCITIES[mark] * (0.75 + 0.25 * at / length)))
    return kept


def crash(stretch: Stretch, before: Stretch | None, groove: str) -> Hit | None:
    """A cymbal on the first beat of a section that is louder than the one before."""
    if (
        before is None
        or stretch.energy < 0.6
        or stretch.energy <= before.energy
        or groove in ("folk", "bossa", "swing")
    ):
        return None
    return Hit(0, patterns.CRASH, 0.7 if groove in ("orchestral", "ballad", "rnb") else 0.9)


def kicks(hits: Sequence[Hit], clock: Clock) -> tuple[float, ...]:
    """Where the kick falls in a bar, in beats."""
    return tuple(sorted({hit.step * clock.step for hit in hits if hit.pitch == patterns.KICK}))


def notes(
    hits: Sequence[Hit], bar: int, key: tuple[object, ...], clock: Clock, dice: Dice, looseness: float
) -> list[Note]:
    """Strokes as notes of the score, swung and a few milliseconds off as people play. `looseness` in seconds."""
    draw = dice.at("feel", *key)
    start = bar * clock.beats
    result = []
    for hit in hits:
        place = clock.swung(start + hit.step * clock.step) + draw.gauss(0.0, looseness) / clock.beat_s
        result.append(Note(max(0.0, place), HIT_BEATS, hit.pitch, min(1.0, max(0.05, hit.velocity))))
    return result
