"""A part's notes become sound: each note's tone is rendered once, and added where it is played."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from engine.studio.score import Note, Part, Score
from engine.studio.sound.drums import CHOKES
from engine.studio.sound.noise import RATE
from engine.studio.sound.reel import silence
from engine.studio.sound.registry import INSTRUMENTS
from engine.studio.sound.tone import Instrument, Strike

# notes that start within this many seconds are one chord to an amplifier
TOGETHER = 0.03
# lengths are rounded up to steps of half an octave over this many seconds, so that tones are shared
SHORTEST = 0.1


class Tones:
    """Rendered tones, the longest unused thrown away first. What a tone sounds like depends on its strike alone."""

    def __init__(self, limit_bytes: int = 96 << 20) -> None:
        self._kept: OrderedDict[tuple[str, Strike], Tensor] = OrderedDict()
        self._limit = limit_bytes
        self._held = 0

    def of(self, name: str, strike: Strike) -> Tensor:
        """The tone (channels, samples) of a strike on the instrument called `name`."""
        key = (name, strike)
        tone = self._kept.get(key)
        if tone is None:
            tone = INSTRUMENTS[name].play(strike)
            self._kept[key] = tone
            self._held += tone.numel() * 4
            while self._held > self._limit and len(self._kept) > 1:
                _, old = self._kept.popitem(last=False)
                self._held -= old.numel() * 4
        else:
            self._kept.move_to_end(key)
        return tone


@dataclass(frozen=True)
class Sounding:
    """A strike in its place: `start` and `hold` in samples, `hold` before the release; None rings as long as it can."""

    strike: Strike
    start: int
    hold: int | None
    gain: float


def samples_in(score: Score) -> int:
    """How many samples the song has."""
    return round(score.duration * RATE)


def _chords(notes: list[Note], beat_s: float) -> Iterator[tuple[Note, tuple[int, ...]]]:
    """Notes that start together, as one note each with the pitches of all."""
    group: list[Note] = []
    for note in [*notes, None]:
        if group and (note is None or (note.start - group[0].start) * beat_s > TOGETHER):
            end = max(n.start + n.length for n in group)
            loud = max(n.velocity for n in group)
            first = group[0]
            pitches = tuple(sorted({n.pitch for n in group}))
            yield Note(first.start, end - first.start, pitches[0], loud), pitches
            group = []
        if note is not None:
            group.append(note)


def _bucket(seconds: float) -> float:
    steps = np.ceil(2 * np.log2(max(seconds, SHORTEST) / SHORTEST) - 1e-9)
    return float(round(SHORTEST * 2 ** (steps / 2), 4))


def soundings(part: Part, score: Score) -> Iterator[Sounding]:
    """What `part` plays, in order of time. Which round robin a note takes depends on its place alone, song or loop."""
    known = INSTRUMENTS[part.instrument]
    beat = score.beat_s
    notes = sorted(part.notes, key=lambda n: (n.start, n.pitch))
    played = list(_chords(notes, beat)) if known.chords else [(note, ()) for note in notes]
    last: Note | None = None
    for index, (note, chord) in enumerate(played):
        seconds: float | None = max(0.02, note.length * beat)
        slide = 0
        if known.solo:
            following = next((n.start for n, _ in played[index + 1 : index + 13] if n.start > note.start + 1e-6), None)
            if following is not None:
                seconds = min(seconds or 0.0, (following - note.start) * beat)
            if known.slides and last is not None and last.start < note.start < last.start + last.length - 1e-3:
                slide = last.pitch if last.pitch != note.pitch else 0
            last = note
        if known.drums:
            stop = next((n.start for n, _ in played[index + 1 : index + 24] if CHOKES.get(n.pitch) == note.pitch), None)
            seconds = None if stop is None else (stop - note.start) * beat
        loud = min(1.0, max(0.0, note.velocity))
        layer = min(known.layers, key=lambda v: abs(v - loud))
        tick = round(note.start * 96)
        if score.loop is not None:
            tick %= round(score.loop * 96)
        place = tick * 2_654_435_761 + note.pitch * 40_503
        if seconds is None or known.drums:
            length = 1.0
        elif known.fitted:
            length = round(seconds + known.release, 3)
        else:
            length = _bucket(seconds + known.release)
        strike = Strike(note.pitch, length, layer, (place >> 13) % known.variants, score.tonic % 12, slide, chord)
        if not known.drums:
            strike = replace(strike, tonic=0)
        hold = None if seconds is None else round(seconds * RATE)
        yield Sounding(strike, round(score.seconds(note.start) * RATE), hold, loud**1.5)


@lru_cache(maxsize=32)
def _release(samples: int) -> Tensor:
    """A fall from 1 to 0, fast first."""
    x = torch.arange(1, samples + 1, dtype=torch.float32) / samples
    fast = (torch.exp(-3.0 * x) - float(np.exp(-3.0))) / float(1 - np.exp(-3.0))
    return fast.mul(0.7).add((1 - x).mul(0.3))


def _add(out: Tensor, tone: Tensor, one: Sounding, known: Instrument) -> None:
    total = out.shape[1]
    start, skip = max(0, one.start), max(0, -one.start)
    length = tone.shape[1]
    release = round(known.release * RATE)
    if one.hold is None or length <= one.hold:
        size = min(length - skip, total - start)
        if size > 0:
            out[:, start : start + size].add_(tone[:, skip : skip + size], alpha=one.gain)
        return
    hold = max(0, min(one.hold - skip, total - start))
    if hold:
        out[:, start : start + hold].add_(tone[:, skip : skip + hold], alpha=one.gain)
    tail = min(release, length - skip - hold, total - start - hold)
    if tail > 0:
        fading = tone[:, skip + hold : skip + hold + tail] * _release(release)[:tail]
        out[:, start + hold : start + hold + tail].add_(fading, alpha=one.gain)


def render_part(part: Part, score: Score, tones: Tones) -> Tensor:
    """The part alone, dry: (2, samples) from a stereo instrument, (1, samples) from one that a pan will place.

    `part.gain_db` and `part.pan` are the mix's business.
    """
    known = INSTRUMENTS[part.instrument]
    out = silence(2 if known.stereo else 1, samples_in(score))
    for one in soundings(part, score):
        if one.start < out.shape[1] and one.gain > 0:
            _add(out, tones.of(part.instrument, one.strike), one, known)
    return out
