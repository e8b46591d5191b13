"""A loop: whole bars that lead back to their own first beat, cut out of music that plays them again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.loudness import true_peak_db
from engine.spec.fields import BEATS_PER_BAR
from engine.spec.preset import Instrument
from engine.spec.sampled import METRE, bar_s
from engine.studio.compose.arrangement import USUAL_FIGURES
from engine.studio.compose.brief import Brief
from engine.studio.compose.comping import LEAD_RANGES
from engine.studio.compose.form import Form, Stretch
from engine.studio.compose.patterns import HAT, RIDE
from engine.studio.compose.song import clock_of, realise
from engine.studio.samples.sounds import DUSTY, Heard, added, has_any
from engine.studio.score import Part, Score
from engine.studio.sound.mix import Mixed, mix
from engine.studio.sound.noise import RATE
from engine.studio.sound.parts import Tones, samples_in

Audio = NDArray[np.float32]

SLOWEST, FASTEST = 60.0, 200.0
# What a count of bars costs in octaves of tempo: phrases of four and two bars are what people build with.
ODD, UNEVEN = 0.3, 0.12
# Playing on behind the loop until the song would end: longer than any final chord.
ENDING_S = 12.0
# The longest ring of a cymbal and its room; then the same time again sounds the same.
RING_S, AFTER_S = 5.0, 1.6
SEAM = RATE // 100
PEAK_DB = -1.1
# Drums that are alone lead back with a fill where it doesn't come round too soon.
FILL_FROM = 4
# Sections whose chords and tunes make a loop: the first kind that begins on the tonic.
KINDS = ("chorus", "verse")
NEUTRAL = "Custom"
BROKEN = ("break", "breakbeat", "drum break")
# No instrument of this name can carry a tune.
NOBODY: Instrument = "riser"
# They accompany; a tune of theirs would stand where nobody asked for one.
BACKGROUND = frozenset({"pad", "string_ensemble", "brass_section", "organ"})
# Figures that wait for others, and what is played instead by somebody who is alone.
SPARSE = frozenset({"answer", "accents", "counter"})
ALONE = {"brass_section": "stabs"}


@dataclass(frozen=True)
class Measure:
    """How a loop counts its time: `bars` of a metre at `bpm`."""

    bars: int
    timesignature: str
    bpm: float


def measure_at(tempo: float, duration: float, wanted: str) -> Measure:
    """Whole bars at a given tempo: of the metre that is `wanted` if they fill `duration`, else of 4/4."""
    for metre in (wanted, METRE):
        bars = duration / bar_s(metre, tempo)
        if abs(bars - round(bars)) * bar_s(metre, tempo) < 1e-4:
            break
    return Measure(max(1, round(bars)), metre, tempo)


def measure_in(duration: float, wish: float, metres: Sequence[str]) -> Measure:
    """Whole bars that fill exactly `duration` seconds at a tempo near `wish`.

    Of `metres` the first one that fits at 60 to 200 BPM; at any tempo where none does.
    """
    for metre in metres:
        one = BEATS_PER_BAR[metre] * 60.0 / duration
        counts = range(max(1, math.ceil(SLOWEST / one - 1e-9)), int(FASTEST / one + 1e-9) + 1)
        if counts:
            bars = min(counts, key=lambda count: abs(math.log2(count * one / wish)) + _oddness(count))
            return Measure(bars, metre, bars * one)
    metre = metres[0]
    one = BEATS_PER_BAR[metre] * 60.0 / duration
    return Measure(1, metre, one)


def _oddness(bars: int) -> float:
    if bars in (1, 2) or bars % 4 == 0:
        return 0.0
    return UNEVEN if bars % 2 == 0 else ODD


def arranged(brief: Brief, caption: str, heard: tuple[Heard, ...]) -> Brief:
    """`brief` with the players that a loop needs: only those the caption names, or the genre's whole band."""
    preset = brief.preset
    own = preset.instruments
    named: dict[str, Instrument] = {}
    for sound in (each.sound for each in heard):
        named[sound.stem] = own.get(sound.stem, sound.plays) if sound.usual else sound.plays
    if added(caption, heard) or not heard:
        return replace(brief, preset=preset.model_copy(update={"instruments": {**own, **named}}))
    figures: dict[str, str] = {}
    for stem, instrument in named.items():
        figure = preset.figures.get(stem) if own.get(stem) == instrument else None
        if instrument in USUAL_FIGURES:
            figures[stem] = (
                figure if figure and figure not in SPARSE else ALONE.get(instrument, USUAL_FIGURES[instrument])
            )
    tunes = [instrument for instrument in named.values() if instrument in LEAD_RANGES and instrument not in BACKGROUND]
    update: dict[str, Any] = {"figures": figures, "layers": (), "lead": tunes[0] if tunes else NOBODY}
    if brief.style == NEUTRAL and has_any(caption, BROKEN):
        update["groove"] = "breakbeat"
    if "drums" in named and has_any(caption, DUSTY):
        named["drums"] = "hiphop_kit"
    return replace(brief, preset=preset.model_copy(update={**update, "instruments": named}))


def composed(brief: Brief, measure: Measure, heard: tuple[Heard, ...], samples: int, seed: int, title: str) -> Score:
    """One round of the loop, as long as `samples` say: the second of three, so that it leads on as it came."""
    period = float(measure.bars * BEATS_PER_BAR[measure.timesignature])
    exact = replace(brief, bpm=period * 60.0 * RATE / samples, timesignature=measure.timesignature)
    for kind in KINDS:
        whole = _three_rounds(exact, kind, measure.bars, samples, seed, title)
        chords = [chord for chord in whole.chords if period <= chord.start < 2 * period]
        if chords[0].root == brief.tonic:
            break
    parts = [_round(part, period) for part in whole.parts]
    return replace(
        whole,
        duration=samples / RATE,
        sections=(),
        chords=tuple(replace(chord, start=chord.start - period) for chord in chords),
        parts=tuple(part for part in _drums(parts, heard) if part.notes),
        loop=period,
    )


def _three_rounds(brief: Brief, kind: str, bars: int, samples: int, seed: int, title: str) -> Score:
    """A song that plays the loop three times and then ends."""
    alone = set(brief.preset.instruments) <= {"drums", "percussion"}
    energy = round(min(0.84, max(0.45, 0.68 + 0.5 * (brief.energy - 0.5))), 3)
    clock = clock_of(brief, 3 * samples / RATE + ENDING_S)
    rounds = [
        Stretch(kind, f"{kind} 1", turn * bars, bars, energy, fills=alone and bars >= FILL_FROM) for turn in range(3)
    ]
    end = Stretch("outro", "outro 1", 3 * bars, clock.bars - 3 * bars, energy, final=True)
    return realise(brief, Form((*rounds, end)), (), clock, seed, title)


def _round(part: Part, period: float) -> Part:
    """The second round of a part, from its own first beat on."""
    notes = (note for note in part.notes if period <= note.start < 2 * period)
    return replace(part, notes=tuple(replace(note, start=note.start - period) for note in notes))


def _drums(parts: Sequence[Part], heard: tuple[Heard, ...]) -> list[Part]:
    """`parts` with only the drums that were named one by one; where the groove has none of them, they play its hats."""
    result = []
    for part in parts:
        sounds = [each.sound for each in heard if each.sound.stem == part.stem]
        wanted = tuple(drum for sound in sounds for drum in sound.drums)
        if wanted and all(sound.drums for sound in sounds):
            notes = tuple(note for note in part.notes if note.pitch in wanted)
            hats = [note for note in part.notes if note.pitch in (HAT, RIDE)] or part.notes
            part = replace(part, notes=notes or tuple(replace(note, pitch=wanted[0]) for note in hats))
        result.append(part)
    return result


def rendered(score: Score, brief: Brief, tones: Tones, on_progress: Callable[[float], None]) -> Mixed:
    """The loop as it sounds when it has been going on for a while: what rings at its end is heard at its start."""
    before, after = max(1, math.ceil(RING_S / score.duration)), math.ceil(AFTER_S / score.duration)
    size = samples_in(score)
    mixed = mix(again(score, before + 1 + after), brief.preset, {}, on_progress, tones=tones)
    begin = before * size
    audio = _joined(mixed.audio, begin, size)
    # a meter that hears it once takes the cut through a loud wave for a peak
    gain = np.float32(min(1.0, 10 ** ((PEAK_DB - true_peak_db(audio, RATE)) / 20)))
    stems = {name: _joined(stem, begin, size) * gain for name, stem in mixed.stems.items()}
    return replace(mixed, audio=audio * gain, stems=stems)


def again(score: Score, times: int) -> Score:
    """`score` played `times` times without a break."""
    period = score.loop or 0.0
    parts = tuple(
        replace(
            part,
            notes=tuple(
                replace(note, start=note.start + turn * period) for turn in range(times) for note in part.notes
            ),
        )
        for part in score.parts
    )
    return replace(score, parts=parts, duration=times * score.duration)


def cut_off(score: Score) -> Score:
    """`score` without what rings beyond its end, for sequencers that would make the loop longer by it."""
    end = score.duration / score.beat_s
    return replace(
        score,
        parts=tuple(
            replace(part, notes=tuple(replace(note, length=min(note.length, end - note.start)) for note in part.notes))
            for part in score.parts
        ),
    )


def _joined(audio: Audio, begin: int, size: int) -> Audio:
    """`size` samples from `begin` on, whose end glides into what sounded right before their beginning.

    The two differ by next to nothing, but gain curves know no sample's place exactly.
    """
    seam = min(SEAM, size // 4)
    cut = audio[:, begin : begin + size].copy()
    share = np.linspace(0, 1, seam, dtype=np.float32)
    cut[:, size - seam :] += (audio[:, begin - seam : begin] - cut[:, size - seam :]) * share
    return cut
