"""New sound in a song that is there: outside a window every sample stays.

The model makes all of a song anew, the parts that it was to leave alone too, which then sound nearly as they did. So
its sound is used in the window only. It begins with the model's own version of the old sound: the song goes over into
that unheard, and from there to the new part the model itself leads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.acestep.checkpoint import Checkpoint
from engine.acestep.wish import Audio
from engine.studio.edits import level
from engine.studio.sound.noise import RATE

# One sound goes over into the other in this time, in a quarter of the window where that is shorter.
FADE_S = 0.06
SHARE = 0.25
# Samples that a length in seconds may be off.
NEARLY = 48


@dataclass(frozen=True)
class Window:
    """Samples `start` to `end` of a song of `length` samples sound anew, `fade` of them at each edge but the song's."""

    start: int
    end: int
    length: int

    @property
    def fade(self) -> int:
        return round(min(FADE_S * RATE, SHARE * (self.end - self.start)))

    @property
    def whole(self) -> bool:
        return self.start == 0 and self.end == self.length


def window(start: float, end: float, length: int) -> Window:
    """From `start` to `end` seconds of a song of `length` samples; hardly before its end is its end."""
    last = round(end * RATE)
    return Window(max(0, round(start * RATE)), length if last > length - NEARLY else last, length)


def inset(checkpoint: Checkpoint) -> float:
    """Seconds of a window that its edge takes: a fade, and one latent, for the model knows no parts of them."""
    return FADE_S + checkpoint.hop / checkpoint.rate


def made_anew(part: Window, checkpoint: Checkpoint) -> tuple[float, float]:
    """What of a window the model is to make anew, in seconds: all but the edges that lie in the song."""
    edge = min(inset(checkpoint), SHARE * (part.end - part.start) / RATE)
    start = part.start / RATE + (edge if part.start > 0 else 0.0)
    return start, part.end / RATE - (edge if part.end < part.length else 0.0)


def spliced(song: Audio, new: Audio, part: Window, *, alike: bool = True) -> Audio:
    """`song` with `new` in the window `part`; both (2, samples), and `new` begins where the window does.

    `alike`: at the edges both sound nearly the same; what does not is faded so that it stays as loud.
    """
    made = new[:, : part.end - part.start].copy()
    if np.abs(made).max(initial=0.0) > 1:
        level.limit({"new": made}, 0.0, made.shape[1] / RATE, ("new",))
    old = song[:, part.start : part.end]
    rise = np.linspace(0, 1, part.fade, endpoint=False, dtype=np.float32)
    comes, goes = (_alike if alike else _as_loud)(rise)
    if part.start > 0:
        made[:, : part.fade] = made[:, : part.fade] * comes + old[:, : part.fade] * goes
    if part.end < part.length:
        last = made.shape[1] - part.fade
        made[:, last:] = made[:, last:] * comes[::-1] + old[:, last:] * goes[::-1]
    whole = song.copy()
    whole[:, part.start : part.end] = np.clip(made, -1, 1)
    return whole


def _alike(rise: Audio) -> tuple[Audio, Audio]:
    comes = np.square(np.sin(rise * np.float32(np.pi / 2)))
    return comes, 1 - comes


def _as_loud(rise: Audio) -> tuple[Audio, Audio]:
    angle = rise * np.float32(np.pi / 2)
    return np.sin(angle), np.cos(angle)
