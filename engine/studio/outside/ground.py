"""Sound without a score as ground for new music: what was made out in it, and where its bars lie."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from engine.audio.loudness import hop_powers
from engine.hearing.describe import caption
from engine.hearing.transcript import Transcript
from engine.spec import Order
from engine.spec.fields import BEATS_PER_BAR
from engine.studio.caption import understand
from engine.studio.compose.brief import Brief
from engine.studio.cover.bars import Bars, bars_of
from engine.studio.given import Given, given
from engine.studio.heard import transcript_of
from engine.studio.session import Session
from engine.studio.sound.noise import RATE

Audio = NDArray[np.float32]

# A voice that is heard this surely is taken to sing here too; below this pitch it is a man's.
SINGS, LOW_VOICE = 0.5, 58
# A song is there from this level under its usual one on, and it is over where less than this is left of it.
BEGUN_DB, OVER_DB = -30.0, -10.0
LAST_S = 0.8
# What falls by so much a second, from nearly its usual level on, is on its way out.
FADING_DB, FADED_DB = 1.0, -2.5


@dataclass(frozen=True)
class Ground:
    """`brief` is what the song would have been asked for as; `bars` are the recording's, the first one number 0."""

    given: Given
    made_out: Transcript
    brief: Brief
    bars: Bars

    @property
    def length(self) -> float:
        """Seconds."""
        return self.made_out.duration

    @property
    def beats(self) -> int:
        """Beats a bar."""
        return BEATS_PER_BAR[self.made_out.pulse.timesignature]

    def seconds(self, place: float) -> float:
        """Where a place in bars lies (2.5 is the middle of the third); beyond both ends as if bars went on."""
        bar = math.floor(place + 1e-9)
        edges = self._beats_of(bar)
        whole, part = divmod((place - bar) * (len(edges) - 1), 1.0)
        at = min(max(0, int(whole)), len(edges) - 2)
        return edges[at] + (part + whole - at) * (edges[at + 1] - edges[at])

    def _beats_of(self, bar: int) -> tuple[float, ...]:
        """The beats of a bar and its end: as they were heard where all of them were, else evenly spread."""
        starts = self.bars.starts
        if 0 <= bar < self.bars.count:
            begin, end = starts[bar], starts[bar + 1]
            beats = self.made_out.pulse.beats
            first = bisect_left(beats, begin - 0.25 * (end - begin) / self.beats)
            inner = [beat for beat in beats[first + 1 : first + self.beats] if begin < beat < end]
            if len(inner) == self.beats - 1 and first < len(beats) and abs(beats[first] - begin) < 1e-3:
                return (begin, *inner, end)
        else:
            edge, long = (0, starts[1] - starts[0]) if bar < 0 else (self.bars.count, starts[-1] - starts[-2])
            begin = starts[edge] + (bar - edge) * long
            end = begin + long
        return tuple(begin + (end - begin) * beat / self.beats for beat in range(self.beats + 1))


def ground_of(order: Order, session: Session, seed: int, *, tune: bool = False) -> Ground:
    """What `order` starts from; where its `tune` is gone by, that is listened to more closely.

    Raises `EngineError`, permanent: `no_source`, `source_gone`.
    """
    source = given(order)
    made_out = transcript_of(source, session, closely=tune)
    return Ground(source, made_out, _asked_for(made_out, session, seed), bars_of(made_out))


def _asked_for(made_out: Transcript, session: Session, seed: int) -> Brief:
    """The request that would have led to something like this, as far as it can be told."""
    brief = understand(
        caption(made_out), vocabulary=session.vocabulary, genre_preset=None, bpm=None, keyscale=None,
        timesignature=None, instrumental=False, seed=seed,
    )  # fmt: skip
    pitches = sorted(note.pitch for note in made_out.melody)
    if pitches and made_out.texture.voice >= SINGS:
        brief = replace(brief, voice="male" if pitches[len(pitches) // 2] < LOW_VOICE else "female")
    return replace(
        brief,
        bpm=made_out.pulse.bpm,
        tonic=made_out.tonality.tonic,
        minor=made_out.tonality.minor,
        timesignature=made_out.pulse.timesignature,
        instrumental=False,
        not_understood=(),
        understood={},
    )


def music_in(audio: Audio) -> tuple[float, float]:
    """From when to when there is music in audio (2, samples): without the silence before it, without what rings on or
    fades at its end. All of it where that leaves little.
    """
    length = audio.shape[1] / RATE
    powers = hop_powers(torch.from_numpy(np.ascontiguousarray(audio, np.float32)), RATE).numpy()
    loud = powers[powers > 1e-9]
    if not len(loud):
        return 0.0, length
    usual = float(loud[loud > 0.1 * loud.mean()].mean())
    heard = np.flatnonzero(powers > usual * 10 ** (BEGUN_DB / 10))
    width = max(1, min(len(powers), round(LAST_S * 10)))
    lately = np.convolve(powers, np.full(width, 1 / width))[: len(powers)]
    full = np.flatnonzero(lately > usual * 10 ** (OVER_DB / 10))
    begin = float(heard[0]) / 10 if len(heard) else 0.0
    at = int(full[-1]) if len(full) else len(powers) - 1
    while at > 10 and lately[at] < min(usual * 10 ** (FADED_DB / 10), lately[at - 10] * 10 ** (-FADING_DB / 10)):
        at -= 10
    end = min(length, (at + 1) / 10)
    return (begin, end) if end - begin > length / 3 else (0.0, length)
