"""Long songs are separated in pieces, so that ten minutes need little more memory than one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from engine.spec.parts import REST
from engine.studio.sound.reel import blank

Audio = NDArray[np.float32]
# Parts (2, samples) of a piece (2, samples) whose mean power is near 1; hears how far it is, 0 to 1.
Separate = Callable[[Audio, Callable[[float], None]], Iterable[tuple[str, Audio]]]

RATE = 48_000
PIECE = 30 * RATE
# Pieces fade into each other over so many samples.
FADE = 2 * RATE
SILENCE = 1e-6


def in_pieces(
    audio: Audio, names: Iterable[str], separate: Separate, on_progress: Callable[[float], None]
) -> dict[str, Audio]:
    """Each of `names` (2, samples) as `separate` finds it in `audio`; `REST` is what they leave, so the sum is kept.

    What `separate` itself gives of `REST` is not used. Nothing is asked about silence.
    """
    samples = audio.shape[1]
    parts = {name: blank(2, samples) for name in (*names, REST)}
    rest = parts[REST].array
    rest[:] = audio
    level = np.float32(level_of(audio))
    for start, end in _cuts(samples) if level > SILENCE else ():

        def within(share: float, start: int = start, end: int = end) -> None:
            on_progress((start + share * (end - start)) / samples)

        gain = _fade(end - start, rises=start > 0, falls=end < samples) * level
        for name, sound in separate(audio[:, start:end] / level, within):
            if name != REST:
                # A part may be louder than the mix; what files can't hold is left to the others.
                own = np.clip(sound * gain, -1, 1)
                parts[name].array[:, start:end] += own
                rest[:, start:end] -= own
        for reel in parts.values():
            reel.rest()
        within(1.0)
    return {name: reel.array for name, reel in parts.items()}


def _cuts(samples: int) -> Iterator[tuple[int, int]]:
    """Where each piece begins and ends; none is so short that it would lie within the fade of the one before."""
    start = 0
    while start + PIECE < samples:
        yield start, start + PIECE
        start += PIECE - FADE
    yield start, samples


def _fade(samples: int, *, rises: bool, falls: bool) -> Audio:
    gain = np.ones(samples, np.float32)
    ramp = np.linspace(0, 1, FADE, dtype=np.float32)
    if rises:
        gain[:FADE] = ramp
    if falls:
        gain[-FADE:] = ramp[::-1]
    return gain


def level_of(audio: Audio) -> float:
    """Root mean square; 0 of nothing."""
    return float(np.sqrt(np.vdot(audio, audio) / max(1, audio.size)))
