"""New sections for a song that is there: what may go on from it, and what may lead up to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import ENERGY, Block, Stretch, bars_of_unit, placed, section_bars

# What may follow a section.
FOLLOWS = {
    "chorus": ("verse", "bridge", "solo"), "verse": ("chorus",), "bridge": ("chorus",), "solo": ("chorus", "verse"),
    "prechorus": ("chorus",), "break": ("verse", "chorus"), "intro": ("verse",), "outro": ("verse", "solo"),
}  # fmt: skip
LONG_INTERLUDE_BARS = 4


def kinds(before: str, part: Brief, rest: Clock, seed: int) -> list[str]:
    """Sections that may follow one of kind `before` and fill the body of `rest`; the last of several is a chorus."""
    count = max(1, round(rest.body / section_bars(rest, part.preset.form)))
    draw = Dice(seed).at("continuation")
    kinds: list[str] = []
    for _ in range(count):
        before = draw.choice(FOLLOWS[before])
        kinds.append(before)
    if count > 1:
        kinds[-1] = "chorus"
    return kinds


def opening(part: Brief, clock: Clock) -> tuple[Stretch, ...]:
    """An introduction, and what has room after it, in all the bars of `clock`."""
    size, unit = section_bars(clock, part.preset.form), bars_of_unit(clock)
    count = max(0, (clock.bars - unit) // size)
    kinds = [("verse", "chorus")[at % 2] for at in range(count)]
    blocks = [Block("intro", clock.bars - count * size), *(Block(kind, size) for kind in kinds)]
    return tuple(replace(stretch, final=False) for stretch in placed(blocks, clock, part.energy))


def without_intro(stretches: tuple[Stretch, ...], clock: Clock) -> tuple[Stretch, ...]:
    """In the middle of a song nothing is introduced: an interlude comes before words, else the section begins there."""
    first, *others = stretches
    if first.kind != "intro" or not others:
        return stretches
    if others[0].slots:
        kind = "solo" if first.bars * clock.bar_s >= 6 and first.bars >= LONG_INTERLUDE_BARS else "break"
        return (replace(first, kind=kind, identity=f"{kind} 1", energy=ENERGY[kind]), *others)
    return (replace(others[0], start_bar=first.start_bar, bars=first.bars + others[0].bars), *others[1:])


def renumbered(
    new: Sequence[Stretch], others: Sequence[Stretch], bar: int, clock: Clock, number: int
) -> tuple[Stretch, ...]:
    """`new` sections from `bar` on, counted after those of their kind among `others`; lyric lines from `number`."""
    seen = Counter[str]()
    for stretch in others:
        seen[stretch.kind] = max(seen[stretch.kind], stretch.occurrence)
    made = []
    for stretch in new:
        seen[stretch.kind] += 1
        slots = tuple(replace(x, line=x.line + number, start=x.start + bar * clock.beats) for x in stretch.slots)
        identity = f"{stretch.kind} {seen[stretch.kind]}"
        made.append(replace(stretch, identity=identity, start_bar=stretch.start_bar + bar, slots=slots))
    return tuple(made)


def names(old: Sequence[Stretch], new: Sequence[Stretch]) -> tuple[frozenset[str], frozenset[str]]:
    """Kinds of the old sections, and the new sections' identities."""
    return frozenset(stretch.kind for stretch in old), frozenset(stretch.identity for stretch in new)
