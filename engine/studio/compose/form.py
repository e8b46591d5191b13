"""The form of a song: which sections, how many bars each, and which lyric lines they sing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.studio.compose.clock import Clock
from engine.studio.score import Section

ENERGY = {
    "intro": 0.32, "verse": 0.5, "prechorus": 0.62, "chorus": 0.85, "bridge": 0.56, "solo": 0.74, "break": 0.28,
    "outro": 0.4,
}  # fmt: skip
# How far the song's own energy moves a section: quiet sections stay quiet in loud music too.
MOVED = {"intro": 0.25, "verse": 0.35, "break": 0.3, "outro": 0.35}
MOVED_USUALLY = 0.55
# Intros and build-ups grow by this much from their first bar to their last.
RISE = {"intro": 0.16, "prechorus": 0.12, "break": 0.14}
SECTION_S = 20.0
# Between sung sections nobody wants to wait longer for the voice.
SOLO_S = 18.0


@dataclass(frozen=True)
class Slot:
    """Where a lyric line is sung: `start` and `length` in beats, the breath at its end included."""

    line: int
    start: float
    length: float


@dataclass(frozen=True)
class Stretch:
    """A section of the form. `identity` ("verse 2") names it for every draw, wherever in the song it comes.

    Where it `fills`, the drums lead into what follows.
    """

    kind: str
    identity: str
    start_bar: int
    bars: int
    energy: float
    slots: tuple[Slot, ...] = ()
    final: bool = False
    fills: bool = True

    @property
    def occurrence(self) -> int:
        """1 for the first section of its kind."""
        return int(self.identity.rsplit(" ", 1)[1])

    def level(self, bar: int) -> float:
        """The energy of bar number `bar`."""
        return self.energy + RISE.get(self.kind, 0.0) * bar / max(self.bars - 1, 1)

    def section(self) -> Section:
        return Section(self.kind, self.start_bar, self.bars, self.energy)


@dataclass(frozen=True)
class Form:
    """The whole song; the sections follow each other without a hole and cover every bar."""

    stretches: tuple[Stretch, ...]
    left_out: tuple[int, ...] = ()


@dataclass(frozen=True)
class Block:
    """A section that is not yet placed: `slots` are (lyric line, bars) in order; the bars left over answer them."""

    kind: str
    bars: int
    slots: tuple[tuple[int, float], ...] = ()


BODIES: dict[str, tuple[str, ...]] = {
    "song": ("verse", "chorus", "verse", "chorus", "bridge", "chorus", "solo", "chorus"),
    "club": ("verse", "prechorus", "chorus", "break", "verse", "prechorus", "chorus", "chorus"),
    "jazz": ("verse", "chorus", "verse", "solo", "solo", "bridge", "solo", "chorus"),
    "classical": ("verse", "chorus", "verse", "bridge", "verse", "chorus", "solo", "chorus"),
    "blues": ("verse", "verse", "solo", "solo", "verse", "chorus"),
    "loop": ("verse", "chorus", "verse", "break", "chorus", "verse", "chorus"),
}


def bars_of_unit(clock: Clock) -> int:
    """Whole bars that a chord lasts, at least one: the brick that sections are built of."""
    return max(1, round(clock.unit / clock.beats))


def section_bars(clock: Clock, form: str) -> int:
    """Bars of a usual section: eight chords, twelve in the blues, half of it where bars are very long."""
    unit = bars_of_unit(clock)
    bars = (12 if form == "blues" else 8) * unit
    return bars // 2 if bars * clock.bar_s > 1.6 * SECTION_S and form != "blues" else bars


def instrumental(form: str, clock: Clock, tags: Sequence[str] = ()) -> list[Block]:
    """Sections without singing that fill the body of the song; `tags` names them where the lyrics did."""
    unit, size, body = bars_of_unit(clock), section_bars(clock, form), clock.body
    kinds = [tag for tag in tags if tag not in ("intro", "outro")]
    count = len(kinds) or max(0, (body - 2 * unit) // size)
    if count == 0 or body < 2 * count:
        return [Block("verse" if body * clock.bar_s < SECTION_S else "chorus", body)] if body else []
    if not kinds:
        cycle = BODIES[form]
        kinds = [cycle[at % len(cycle)] for at in range(count)]
        peak = "verse" if form in ("blues", "jazz") and count < 3 else "chorus"
        kinds[-1] = peak
        if count == 3 and form not in ("blues", "jazz"):
            kinds = [peak, "verse", peak]
        elif count > 1 and kinds[-2] == peak and form not in ("blues", "jazz"):
            kinds[-2] = "solo" if "bridge" in kinds else "bridge"
    else:
        size = max(1, int(body * 0.85) // count // unit * unit or body // count)
    blocks = [Block(kind, size) for kind in kinds]
    return around(blocks, body - size * count, clock, size)


def around(blocks: list[Block], spare: int, clock: Clock, size: int) -> list[Block]:
    """`blocks` with `spare` bars of music around and between them: intro, ending, a break, a solo."""
    unit = bars_of_unit(clock)
    blocks = list(blocks)
    sung = [block for block in blocks if block.slots]
    quarter = max(unit, size // 2)
    solo = quarter if sung and size * clock.bar_s > SOLO_S else size

    def insert(at: int, kind: str, bars: int) -> None:
        nonlocal spare
        if kind not in ("intro", "outro") and spare < bars:
            return
        bars = min(bars, spare)
        if bars > 0:
            blocks.insert(at, Block(kind, bars))
            spare -= bars

    if blocks[0].kind != "intro":
        insert(0, "intro", quarter if spare >= quarter + 2 * unit else 2 * unit if spare >= 3 * unit else spare // 2)
    if blocks[-1].kind != "outro":
        insert(len(blocks), "outro", 2 * unit)
    hook = next((block for block in reversed(sung) if block.kind == "chorus"), None)
    if hook is not None and sung[-1].kind in ("verse", "prechorus", "bridge") and hook.bars <= spare:
        # a song whose words end in a verse comes back to what people sing along to
        blocks.insert(len(blocks) - (blocks[-1].kind == "outro"), hook)
        spare -= hook.bars
    while sung and spare >= solo:
        bodies = [block for block in blocks if block.kind not in ("intro", "outro")]
        played = sum(block.kind in ("solo", "break") for block in bodies)
        repeats = [block for block in sung if block.bars <= spare]
        at = len(blocks) - (blocks[-1].kind == "outro")
        if played < 1 + len(bodies) // 5 or not repeats:
            choruses = [place for place, block in enumerate(blocks) if block.kind == "chorus"]
            middle = choruses[-1] if len(choruses) > 1 else at
            crowded = blocks[middle - 1].kind == "solo"
            insert(at if crowded else middle, "break" if crowded and blocks[at - 1].kind == "solo" else "solo", solo)
        else:
            turn = sum(bool(block.slots) for block in bodies) - len(sung)
            again = [block for block in repeats if block.kind == "chorus"] if turn == 0 else []
            block = (again or repeats)[turn % len(again or repeats)]
            blocks.insert(at, block)
            spare -= block.bars
    if spare >= quarter and len(blocks) > 4:
        insert(len(blocks) // 2, "break", quarter)
    return _spread(blocks, spare, unit, size)


def _spread(blocks: list[Block], spare: int, unit: int, size: int) -> list[Block]:
    """`blocks` with the last bars given to what may be longer: the ending first, then intro and solo."""
    order = [
        at for kind in ("outro", "intro", "solo", "break") for at, block in enumerate(blocks) if block.kind == kind
    ]
    while spare > 0 and order:
        for at in order:
            bars = min(unit, spare) if blocks[at].bars < size else 0
            blocks[at] = replace(blocks[at], bars=blocks[at].bars + bars)
            spare -= bars
        if all(blocks[at].bars >= size for at in order):
            blocks[order[0]] = replace(blocks[order[0]], bars=blocks[order[0]].bars + spare)
            spare = 0
    if spare > 0:
        blocks.append(Block("outro", spare))
    return blocks


def placed(blocks: Sequence[Block], clock: Clock, energy: float) -> tuple[Stretch, ...]:
    """Blocks one after the other, then the bars of the final chord, which belong to the ending."""
    stretches: list[Stretch] = []
    seen: Counter[str] = Counter()
    bar = 0
    for block in blocks:
        start = float(bar * clock.beats)
        slots = []
        for line, bars in block.slots:
            slots.append(Slot(line, start, bars * clock.beats))
            start += bars * clock.beats
        seen[block.kind] += 1
        stretches.append(_stretch(block.kind, seen[block.kind], bar, block.bars, energy, tuple(slots)))
        bar += block.bars
    rest = clock.bars - bar
    if stretches and (stretches[-1].kind == "outro" or rest == 0):
        stretches[-1] = replace(stretches[-1], bars=stretches[-1].bars + rest, final=True)
    else:
        seen["outro"] += 1
        stretches.append(replace(_stretch("outro", seen["outro"], bar, rest, energy, ()), final=True))
    choruses = [at for at, stretch in enumerate(stretches) if stretch.kind == "chorus"]
    if len(choruses) > 1:
        peak = stretches[choruses[-1]]
        stretches[choruses[-1]] = replace(peak, energy=min(1.0, round(peak.energy + 0.08, 3)))
    return tuple(stretches)


def _stretch(kind: str, count: int, bar: int, bars: int, energy: float, slots: tuple[Slot, ...]) -> Stretch:
    level = ENERGY[kind] + (0.06 if kind == "verse" and count > 1 else 0.0)
    level += (energy - 0.5) * MOVED.get(kind, MOVED_USUALLY)
    return Stretch(kind, f"{kind} {count}", bar, bars, round(min(1.0, max(0.08, level)), 3), slots)
