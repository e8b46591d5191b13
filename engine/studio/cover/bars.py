"""The bars of a source, and which of them each bar of its cover goes by: a song's form stays."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.hearing.transcript import HeardSection, Transcript
from engine.studio.compose.clock import Clock
from engine.studio.compose.form import ENERGY, MOVED, MOVED_USUALLY, Form, Stretch

# So much of a bar may be missing at its edge and it still counts as one.
NEARLY = 0.1
# Between two bar lines that are nearer than this share of a bar, there is none.
SHORTEST = 0.3
# How a section's usual energy and the one that was heard in it make up its own.
USUAL_SHARE, QUIETEST, LOUDEST = 0.5, 0.25, 0.95
# A piece that comes round and round is at least so many bars long.
FEWEST_BARS = 8
FRAME = frozenset({"intro", "outro"})


@dataclass(frozen=True)
class Bars:
    """`starts` in seconds, the end of the last bar included. `lead` of them lie before the first bar line heard."""

    starts: tuple[float, ...]
    lead: int

    @property
    def count(self) -> int:
        return len(self.starts) - 1

    def place(self, seconds: float) -> float:
        """Where `seconds` is, in bars: 2.5 is the middle of the third. Beyond the ends, as if bars went on."""
        at = min(max(0, bisect_right(self.starts, seconds + 1e-9) - 1), self.count - 1)
        return at + (seconds - self.starts[at]) / (self.starts[at + 1] - self.starts[at])


@dataclass(frozen=True)
class Plot:
    """A form, and for each of its bars the bar of the source it goes by; bars of one `key` are alike."""

    form: Form
    order: tuple[int, ...]
    keys: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class _Piece:
    """A section, or a part of it, as bars of the source; `places` counts these from the section's beginning."""

    kind: str
    letter: str
    energy: float
    bars: tuple[int, ...]
    places: tuple[int, ...]

    def first(self, count: int) -> _Piece:
        return replace(self, bars=self.bars[:count], places=self.places[:count])

    def times(self, count: int) -> _Piece:
        return replace(self, bars=self.bars * count, places=self.places * count)


def bars_of(transcript: Transcript) -> Bars:
    """Every bar of a recording. What sounds before its first bar line is whole bars of it, or the upbeat to them."""
    pulse, bar_s = transcript.pulse, transcript.pulse.bar_s
    starts: list[float] = []
    for at in pulse.bars or (0.0,):
        if not starts or at - starts[-1] >= SHORTEST * bar_s:
            starts.append(at)
    lead = max(0, math.floor(starts[0] / bar_s + NEARLY))
    starts = [*(starts[0] - (lead - at) * bar_s for at in range(lead)), *starts]
    while len(starts) < 2 or starts[-1] + NEARLY * bar_s < transcript.duration:
        starts.append(starts[-1] + bar_s)
    return Bars(tuple(starts), lead)


def plot(transcript: Transcript, bars: Bars, clock: Clock, moved: float) -> Plot:
    """The source's form in a song that may be shorter or longer, or has more energy (`moved`).

    A shorter one is cut and ended; a longer one goes round once more before its ending.
    """
    pieces = _as_long([*_pieces(transcript, bars)], clock.bars)
    stretches: list[Stretch] = []
    seen: Counter[str] = Counter()
    reached = 0

    def add(kind: str, count: int, energy: float) -> None:
        nonlocal reached
        seen[kind] += 1
        identity = f"{kind} {seen[kind]}"
        stretches.append(Stretch(kind, identity, reached, count, round(min(1.0, max(0.08, energy)), 3)))
        reached += count

    for piece in pieces:
        level = piece.energy if transcript.exact else _level(piece)
        count = len(piece.bars)
        # the final chord ends a song even where the source has no ending
        ending = max(0, reached + count - clock.body) if piece is pieces[-1] and piece.kind != "outro" else 0
        ending = min(ending, count)
        if count > ending:
            add(piece.kind, count - ending, level + moved * MOVED.get(piece.kind, MOVED_USUALLY))
        if ending:
            add("outro", ending, ENERGY["outro"] + moved * MOVED["outro"])
    stretches[-1] = replace(stretches[-1], final=True)
    order = tuple(bar for piece in pieces for bar in piece.bars)
    keys = tuple((piece.letter, place) for piece in pieces for place in piece.places)
    return Plot(Form(tuple(stretches)), order, keys)


def _level(piece: _Piece) -> float:
    heard = QUIETEST + (LOUDEST - QUIETEST) * piece.energy
    return USUAL_SHARE * ENERGY[piece.kind] + (1 - USUAL_SHARE) * heard


def _pieces(transcript: Transcript, bars: Bars) -> Iterator[_Piece]:
    """The source's sections without a hole; what is left before the first and behind the last belongs to them."""
    found = sorted(transcript.sections, key=lambda section: section.bar)
    begins = [section.bar + bars.lead for section in found]
    edges = [(at, section) for at, section in zip(begins, found, strict=True) if at < bars.count]
    if not edges:
        edges = [(0, HeardSection(0, bars.count, "verse", "A", 0.5))]
    if edges[0][0] > 0:
        if edges[0][0] > 1 and edges[0][1].kind != "intro":
            edges.insert(0, (0, HeardSection(0, edges[0][0], "intro", "", edges[0][1].energy / 2)))
        else:
            edges[0] = (0, edges[0][1])
    ends = [*(at for at, _ in edges[1:]), bars.count]
    for (begin, section), end in zip(edges, ends, strict=True):
        if end > begin:
            kind = section.kind if section.kind in ENERGY else "verse"
            letter = section.letter or kind
            yield _Piece(kind, letter, section.energy, tuple(range(begin, end)), tuple(range(end - begin)))


def _as_long(pieces: Sequence[_Piece], wanted: int) -> list[_Piece]:
    """`pieces` that have `wanted` bars together."""
    made: list[_Piece] = []
    closing = pieces[-1] if pieces[-1].kind == "outro" and len(pieces) > 1 else None
    total = sum(len(piece.bars) for piece in pieces)
    if total + 1 < wanted:
        body = [piece for piece in pieces if piece is not closing]
        again = [piece for piece in body if piece.kind not in FRAME] or body
        short = FEWEST_BARS // max(1, sum(len(piece.bars) for piece in again))
        again = [piece.times(short) for piece in again] if short > 1 else again
        room = wanted - (len(closing.bars) if closing else 0)
        made = [*body]
        left = room - sum(len(piece.bars) for piece in body)
        turn = 0
        while left > 0:
            piece = again[turn % len(again)].first(left)
            made.append(piece)
            left -= len(piece.bars)
            turn += 1
        made += [closing] if closing else []
    else:
        left = wanted
        for piece in pieces:
            if left > 0:
                made.append(piece.first(left))
                left -= len(made[-1].bars)
        if left > 0:
            # a last bar that was hardly there
            last = made[-1]
            made[-1] = replace(last, bars=(*last.bars, last.bars[-1]), places=(*last.places, last.places[-1] + 1))
    return made
