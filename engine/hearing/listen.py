"""Everything that can be made out in a recording, in one go."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.hearing.chords import chords
from engine.hearing.chroma import pitches
from engine.hearing.frames import frames
from engine.hearing.groove import groove
from engine.hearing.melody import tune
from engine.hearing.onsets import onsets
from engine.hearing.pulse import pulse
from engine.hearing.sections import sections
from engine.hearing.texture import RATE, texture
from engine.hearing.tonality import tonality
from engine.hearing.transcript import Transcript

Audio = NDArray[np.float32]


def listen(
    audio: Audio, on_progress: Callable[[float], None] = lambda _: None, voice: Audio | None = None
) -> Transcript:
    """The transcript of `audio` (2, samples), float32 at 48 kHz: any sound, of any length, silence too.

    `voice`: an estimate of its singing alone, likewise, from which the tune is heard better than from the whole.
    `on_progress` hears 0 to 1 between the steps, and may raise to end it. The same sound gives the same transcript.
    """
    sound = np.nan_to_num(audio, nan=0.0, posinf=0.0, neginf=0.0)
    spectra = frames(sound)
    on_progress(0.1)
    notes = pitches(spectra)
    on_progress(0.2)
    key = tonality(notes)
    begins = onsets(spectra)
    beat = pulse(spectra, begins, notes)
    on_progress(0.5)
    harmony = chords(notes, beat, key, audio.shape[1] / RATE)
    form = sections(spectra, notes, beat)
    on_progress(0.6)
    strokes = groove(spectra, begins, beat)
    on_progress(0.7)
    melody = tune(spectra.mono if voice is None else frames(voice).mono, key.tuning)
    on_progress(0.9)
    return Transcript(
        duration=audio.shape[1] / RATE,
        pulse=beat,
        tonality=key,
        chords=harmony,
        sections=form,
        melody=melody.notes,
        groove=strokes,
        texture=texture(sound, melody.voice),
    )
