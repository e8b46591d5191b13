"""What of a source each bar of its cover keeps."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.studio.compose.dice import Dice
from engine.studio.cover.bars import Plot

FEW = 16


def kept(what: str, plot: Plot, strength: float, dice: Dice, same: Collection[int] = frozenset()) -> frozenset[int]:
    """The bars that keep `what` ("chords", "melody", "groove") of the source: a share of `strength` (0 to 1) of them.

    Bars that are alike keep alike, so that a chorus stays a chorus. Their ranks are drawn once and evenly spread, so
    that a higher strength keeps what a lower one does, and more; also among the bars that are not the `same` anyway.
    """
    keys: Sequence[tuple[str, int]] = plot.keys
    if len(set(keys)) < FEW:
        # so short a song that every bar counts
        keys = [("", bar) for bar in range(len(plot.keys))]
    order = list(dict.fromkeys(keys))
    dice.at("cover", what, len(order)).shuffle(order)
    telling = {key for bar, key in enumerate(keys) if bar not in same}
    rank: dict[tuple[str, int], float] = {}
    for group in ([key for key in order if key in telling], [key for key in order if key not in telling]):
        rank |= {key: (number + 0.5) / len(group) for number, key in enumerate(group)}
    return frozenset(bar for bar, key in enumerate(keys) if rank[key] < strength)
