"""The drums: a pattern for each section, varied from bar to bar, with fills into what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.spec.preset import Role
from engine.studio.compose import fills, hands, patterns, threes
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Stretch
from engine.studio.compose.patterns import KICK, Lane
from engine.studio.compose.variants import PEAK, graded
from engine.studio.score import Note

HIT_BEATS = 0.2
# Softest section in which anything but a kit's quietest lanes is heard.
FILL_FROM = 0.42
# How often a drum that a song may do without is missing.
MISSING = 0.35
# A build-up into a drop is this long.
BUILD_BARS = 4
# Below this tempo what ticks between the beats is thinned out.
SLOW_BPM = 84
CYMBALS = frozenset({patterns.HAT, patterns.RIDE, patterns.SHAKER})
ROLES: dict[int, Role] = {
    patterns.KICK: "kick", patterns.SNARE: "snare", patterns.RIM: "snare", patterns.CLAP: "snare",
    patterns.HAT: "hats", patterns.OPEN: "hats", patterns.PEDAL: "hats", patterns.RIDE: "hats",
}  # fmt: skip


@dataclass(frozen=True)
class Hit:
    """A stroke: its step in the bar, the drum, and how hard."""

    step: int
    pitch: int
    velocity: float


def lanes_of(groove: str, timesignature: str, kind: str = "") -> tuple[Lane, ...]:
    """What `groove` plays in a metre, in a section of this kind."""
    groove = patterns.BREAKDOWNS.get((groove, kind), groove)
    if timesignature in ("4/4", "2/4"):
        return patterns.FOUR[groove]
    return (threes.THREE if timesignature == "3/4" else threes.SIX)[threes.FAMILIES[groove]]


def percussion_of(groove: str, timesignature: str) -> tuple[Lane, ...]:
    """What hands play beside the kit."""
    kind = "latin" if threes.FAMILIES[groove] == "latin" else "hand"
    return (hands.PERCUSSION if timesignature in ("4/4", "2/4") else hands.PERCUSSION_TWELVE)[kind]


def bar_hits(
    lanes: Sequence[Lane], part: str, stretch: Stretch, bar: int, energy: float, clock: Clock, dice: Dice
) -> list[Hit]:
    """The strokes of bar number `bar` of a section. A section keeps its patterns; single strokes come and go."""
    hits = []
    draw = dice.at("drums", part, stretch.identity, bar)
    slow = clock.bpm < SLOW_BPM and not clock.compound
    for number, each in enumerate(lanes):
        if not each.low <= energy < each.high:
            continue
        if number and each.pitch in hands.OPTIONAL and dice.at("missing", part, each.pitch).random() < MISSING:
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
            if slow and each.pitch in CYMBALS and step % 2:
                # in slow music sixteenths must not make the eighths sound like beats
                if mark == "o":
                    continue
                mark = "o"
            velocity = patterns.VELOCITIES[mark] * (0.72 + 0.3 * energy) * (0.96 + 0.08 * draw.random())
            hits.append(Hit(step, each.pitch, velocity))
        ghosts = each.pitch == patterns.SNARE and "g" in "".join(each.variants)
        if ghosts and draw.random() < 0.3:
            hits.append(Hit(draw.randrange(1, clock.steps, 2), each.pitch, 0.25))
    return hits


def with_fill(
    hits: list[Hit], groove: str, stretch: Stretch, following: Stretch | None, clock: Clock, dice: Dice,
    stop: float = 0.0,
) -> list[Hit]:  # fmt: skip
    """`hits` of a section's last bar with a fill at its end, longer where the music rises.

    `stop` is the chance that the kit falls silent there instead, before a chorus.
    """
    if following is None or max(stretch.energy, following.energy) < FILL_FROM:
        return hits
    if following.kind == "chorus" and dice.at("stop", stretch.kind).random() < stop:
        # the kit holds its breath before the chorus, for at most two seconds
        rest = 1 if clock.bar_s < 2.1 else clock.steps // 2
        return [hit for hit in hits if hit.step < rest]
    kind = fills.FILL_OF.get(groove, "toms")
    fill = dice.at("fill", stretch.identity).choice(fills.FILLS[kind])
    if not fill:
        return hits
    room = clock.steps if following.energy > stretch.energy + 0.1 else clock.steps // 2
    length = min(room, max(len(pattern) for _, pattern in fill))
    begin = clock.steps - length
    # a soft fill leaves the cymbals going
    going = {patterns.KICK, *(CYMBALS if kind == "soft" else ())}
    kept = [hit for hit in hits if hit.step < begin or hit.pitch in going]
    for pitch, pattern in fill:
        tail = pattern[-length:]
        for at, mark in enumerate(tail):
            if mark != "." and (begin + at) % clock.stretch == 0:
                kept.append(Hit(begin + at, pitch, patterns.VELOCITIES[mark] * (0.75 + 0.25 * at / length)))
    return kept


def with_build(hits: list[Hit], left: int, clock: Clock) -> list[Hit]:
    """`hits` of a bar with a snare roll that doubles its pace; `left` bars, this one included, before the drop."""
    if left > BUILD_BARS:
        return hits
    pace = {4: 4, 3: 4, 2: 2, 1: 1}[left] * (1 if clock.steps % 4 else clock.stretch)
    # the drop's kick is stronger for having been away
    kept = [hit for hit in hits if hit.pitch not in (patterns.SNARE, patterns.CLAP) and (left > 2 or hit.pitch != KICK)]
    grown = 1 - left / BUILD_BARS
    rise = 1 / BUILD_BARS / clock.steps
    return kept + [Hit(at, patterns.SNARE, 0.4 + 0.5 * (grown + at * rise)) for at in range(0, clock.steps, pace)]


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
    hits: Sequence[Hit], bar: int, key: tuple[object, ...], clock: Clock, dice: Dice, looseness: float,
    late_ms: Mapping[Role, float],
) -> list[Note]:  # fmt: skip
    """Strokes as notes of the score, swung and a few milliseconds off as people play.

    `looseness` in seconds; `late_ms` says how far behind the beat kick, snare, hats and the rest ("percussion") lie.
    """
    draw = dice.at("feel", *key)
    start = bar * clock.beats
    result = []
    for hit in hits:
        place = clock.swung(start + hit.step * clock.step) + draw.gauss(0.0, looseness) / clock.beat_s
        place += clock.late(late_ms.get(ROLES.get(hit.pitch, "percussion"), 0.0))
        result.append(Note(max(0.0, place), HIT_BEATS, hit.pitch, min(1.0, max(0.05, hit.velocity))))
    return result
