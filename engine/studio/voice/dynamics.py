"""How loud a singer means to be: sections, the arch of a phrase, high notes, the swell and fall of long ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.studio.voice.phrase import PhraseNote
from engine.studio.voice.pitch import CONTROL_HZ, smooth

SECTION_DB = {"chorus": 1.0, "bridge": 0.5, "verse": 0.0, "intro": -0.5, "outro": -0.5}
# A phrase opens and closes softer; where in it the loudest point lies differs from line to line.
ARCH_DB = (-0.6, 0.8, -1.0)
ARCH_TOP = (0.35, 0.65)
HEIGHT_DB, HEIGHT_AT_MOST_DB = 0.25, 1.5
# Long notes: soft in the beginning, fullest a third in, then falling off.
LONG_S = 0.5
SWELL_DB = (-1.2, 0.8, -2.0)
SWELL_TOP = 0.35


def effort(
    notes: Sequence[PhraseNote],
    section: str,
    origin: float,
    length: float,
    random: np.random.Generator,
    *,
    spoken: bool = False,
) -> NDArray[np.float64]:
    """dB around a singer's usual level at CONTROL_HZ, from `origin` seconds on. Speech has no swells."""
    time = origin + np.arange(int(np.ceil(length * CONTROL_HZ)) + 1) / CONTROL_HZ
    first, last = notes[0].start, notes[-1].end
    top = first + (last - first) * random.uniform(*ARCH_TOP)
    decibels = SECTION_DB.get(section, 0.0) + np.interp(time, [first, top, last], ARCH_DB)
    if spoken:
        return np.asarray(decibels)
    heights = np.array([note.midi for note in notes])
    spans = np.array([note.end - note.start for note in notes])
    heights = np.clip(HEIGHT_DB * (heights - np.average(heights, weights=spans)), -HEIGHT_AT_MOST_DB, HEIGHT_AT_MOST_DB)
    current = np.clip(np.searchsorted([note.start for note in notes], time, side="right") - 1, 0, len(notes) - 1)
    shaped = heights[current]
    for note in notes:
        if note.end - note.start > LONG_S:
            inside = (time >= note.start) & (time < note.end)
            edges = [note.start, note.start + SWELL_TOP * (note.end - note.start), note.end]
            # Of a note just long enough only a little.
            share = min((note.end - note.start) / LONG_S - 1.0, 1.0)
            shaped = shaped + inside * share * np.interp(time, edges, SWELL_DB)
    return np.asarray(decibels + smooth(shaped, 0.12))
