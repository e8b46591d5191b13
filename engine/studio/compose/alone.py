"""The form of a voice without a band: a silent count-in, then one line after the other with ordinary rests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from engine.studio.compose.form import Block

COUNT_IN_BARS = 1
# Nobody waits longer than this for the voice, unless the lyrics ask for a break.
REST_BARS = 2
FRAME = frozenset({"intro", "outro"})


def without_band(blocks: Sequence[Block], spare: int) -> list[Block]:
    """`blocks` behind a count-in; `spare` bars bring words back, then become rests between sections."""
    made = [block for block in blocks if block.slots or block.kind not in FRAME]
    spare += sum(block.bars for block in blocks) - sum(block.bars for block in made)
    sung = [block for block in made if block.slots]
    turn = 0
    while sung and (again := _again(sung, made[-1].kind, turn, spare)) is not None:
        made.append(again)
        spare -= again.bars
        turn += 1
    rests = len(made)
    if sung and spare > REST_BARS * rests:
        coda = _coda(sung[-1] if made[-1] not in sung else made[-1], spare)
        made += [coda] if coda else []
        spare -= coda.bars if coda else 0
    for _ in range(REST_BARS):
        for at in range(len(made) - 1):
            if spare > 0:
                made[at] = replace(made[at], bars=made[at].bars + 1)
                spare -= 1
    return [Block("intro", COUNT_IN_BARS), *made]


def _again(sung: Sequence[Block], last: str, turn: int, spare: int) -> Block | None:
    """A section that comes back in `spare` bars: the chorus after anything else, then all of them in turn."""
    fitting = [block for block in sung if block.bars <= spare]
    choruses = [block for block in fitting if block.kind == "chorus"]
    if choruses and last != "chorus":
        return choruses[-1]
    return fitting[turn % len(fitting)] if fitting else None


def _coda(block: Block, spare: int) -> Block | None:
    """The last lines of `block` once more, as many as `spare` bars hold."""
    lines: list[tuple[int, float]] = []
    for slot in reversed(block.slots):
        if sum(bars for _, bars in lines) + slot[1] > spare:
            break
        lines.insert(0, slot)
    return Block("outro", math.ceil(sum(bars for _, bars in lines)), tuple(lines)) if lines else None
