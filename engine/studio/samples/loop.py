"""A loop: whole bars that lead back to their own first beat, cut out of music that plays them again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.loudness import true_peak_db
from engine.spec import EngineError
from engine.spec.fields import BEATS_PER_BAR
from engine.spec.preset import Instrument
from engine.studio.compose.arrangement import USUAL_FIGURES
from engine.studio.compose.brief import Brief
from engine.studio.compose.comping import LEAD_RANGES
from engine.studio.compose.form import Form, Stretch
from engine.studio.compose.patterns import CLAP, CRASH, HAT, KICK, PEDAL, RIDE, RIM, SNARE
from engine.studio.compose.song import clock_of, realise
from engine.studio.samples.heard import Heard, falls, wanted_of
from engine.studio.samples.measure import Measure
from engine.studio.samples.sounds import DUSTY, has_any
from engine.studio.score import Note, Part, Score
from engine.studio.sound.mix import Mixed, mix
from engine.studio.sound.noise import RATE
from engine.studio.sound.parts import Tones, samples_in

Audio = NDArray[np.float32]

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
# What goes with a drum that isn't wanted: its other strokes, its other sizes.
KIN = {
    36: (35, 36), 38: (38, 40), 42: (42, 44, 46), 43: (41, 43, 45, 47, 48, 50), 49: (49, 52, 55, 57), 51: (51, 53, 59),
}  # fmt: skip
# Whose places a drum takes that the groove doesn't have: those of the hats, or of what is struck harder.
LIGHT, HARD = (HAT, PEDAL, RIDE), (35, KICK, RIM, SNARE, CLAP, 40)
TAKES_HARD = frozenset((*HARD, 41, 43, 45, 47, 48, 50))
BACKBEATS = (SNARE, 40, RIM, CLAP)
# A riser that is alone climbs over this many bars, one that leads back over this many.
CLIMB, LEAD_BACK = 8, 2
RISER_PITCH = 60


def arranged(brief: Brief, caption: str, heard: tuple[Heard, ...]) -> Brief:
    """`brief` with the players that a loop needs: only those the caption names, or the genre's whole band."""
    preset = brief.preset
    own = preset.instruments
    named: dict[str, Instrument] = {}
    wanted = wanted_of(heard)
    for sound in (each.sound for each in wanted):
        named[sound.stem] = own.get(sound.stem, sound.plays) if sound.usual else sound.plays
    if not wanted or wanted[0].extra:
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
    """One round of the loop, as long as `samples` say: the second of three, so that it leads on as it came.

    Raises `EngineError`, permanent: `nothing_to_play` where the caption leaves nobody.
    """
    period = float(measure.bars * BEATS_PER_BAR[measure.timesignature])
    exact = replace(brief, bpm=period * 60.0 * RATE / samples, timesignature=measure.timesignature)
    for kind in KINDS:
        whole = _three_rounds(exact, kind, measure.bars, samples, seed, title)
        chords = [chord for chord in whole.chords if period <= chord.start < 2 * period]
        if chords[0].root == brief.tonic:
            break
    parts = [_round(part, period) for part in whole.parts if part.stem != "fx"]
    parts = [_drummed(part, heard, measure) for part in parts] + _risers(brief, heard, measure)
    if not any(part.notes for part in parts):
        raise EngineError("nothing_to_play", permanent=True)
    return replace(
        whole,
        duration=samples / RATE,
        sections=(),
        chords=tuple(replace(chord, start=chord.start - period) for chord in chords),
        parts=tuple(part for part in parts if part.notes),
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


def _drummed(part: Part, heard: tuple[Heard, ...], measure: Measure) -> Part:
    """`part` without the drums that are not wanted; only those that were named one by one, unless others play too."""
    mine = [each for each in heard if each.sound.stem == part.stem]
    gone = {kin for each in mine if not each.wanted for drum in each.sound.drums for kin in KIN.get(drum, (drum,))}
    notes = [note for note in part.notes if note.pitch not in gone]
    wanted = [each.sound.drums for each in wanted_of(mine)]
    if wanted and all(wanted) and not wanted_of(mine)[0].extra:
        named = {drum for drums in wanted for drum in drums}
        kept = [note for note in notes if note.pitch in named]
        # a drum that the groove strikes now and then is no loop by itself
        notes = kept if len(kept) >= measure.bars else _instead(part.notes, wanted[0][0], measure)
    elif notes:
        for drums in filter(None, wanted):
            if not any(note.pitch in drums for note in notes):
                hits = [note for note in part.notes if note.pitch in BACKBEATS]
                notes += [replace(note, pitch=drums[0]) for note in hits] or _instead(part.notes, drums[0], measure)
    return replace(part, notes=tuple(sorted(notes, key=lambda note: (note.start, note.pitch))))


def _instead(notes: Sequence[Note], drum: int, measure: Measure) -> list[Note]:
    """`drum` where the groove has others like it; what rings for long, and what has no like, on each first beat."""
    like = () if drum == CRASH else HARD if drum in TAKES_HARD else LIGHT
    places = {note.start: replace(note, pitch=drum) for note in notes if note.pitch in like}
    if len(places) < measure.bars:
        beats = BEATS_PER_BAR[measure.timesignature]
        places = {float(bar * beats): Note(float(bar * beats), 1.0, drum, 0.9) for bar in range(measure.bars)}
    return list(places.values())


def _risers(brief: Brief, heard: tuple[Heard, ...], measure: Measure) -> list[Part]:
    """Risers that end where the loop begins again: over all of it where nobody else plays, else over its end."""
    named = [each for each in wanted_of(heard) if each.sound.stem == "fx"]
    alone = len(named) == len(wanted_of(heard)) and not any(each.extra for each in named)
    if not alone:
        named = [each for each in named if not falls(each)]
    if not named:
        return []
    beats = float(measure.bars * BEATS_PER_BAR[measure.timesignature])
    count = math.ceil(measure.bars / CLIMB) if alone else 1
    length = beats / count if alone else beats * min(1.0, LEAD_BACK / measure.bars)
    notes = tuple(Note(beats - (count - at) * length, length, RISER_PITCH, 0.8) for at in range(count))
    return [Part("fx", "riser", notes, brief.preset.gains_db.get("fx", 0.0))]


def fallen(mixed: Mixed) -> Mixed:
    """A loop of risers backwards: it falls."""
    stems = {name: stem[:, ::-1].copy() for name, stem in mixed.stems.items()}
    return replace(mixed, audio=mixed.audio[:, ::-1].copy(), stems=stems)


def is_fall(heard: tuple[Heard, ...]) -> bool:
    """Whether a loop is of nothing but sweeps that go down."""
    wanted = wanted_of(heard)
    return bool(wanted) and all(falls(each) and not each.extra for each in wanted)


def rendered(score: Score, brief: Brief, tones: Tones, on_progress: Callable[[float], None]) -> Mixed:
    """The loop as it sounds when it has been going on for a while: what rings at its end is heard at its start."""
    before, after = max(1, math.ceil(RING_S / score.duration)), math.ceil(AFTER_S / score.duration)
    size = samples_in(score)
    mixed = mix(again(score, before + 1 + after), brief.preset, {}, on_progress, tones=tones)
    begin = before * size
    audio = joined(mixed.audio, begin, size)
    # a meter that hears it once takes the cut through a loud wave for a peak
    gain = np.float32(min(1.0, 10 ** ((PEAK_DB - true_peak_db(audio, RATE)) / 20)))
    stems = {name: joined(stem, begin, size) * gain for name, stem in mixed.stems.items()}
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


def joined(audio: Audio, begin: int, size: int) -> Audio:
    """`size` samples from `begin` on, whose end glides into what sounded right before their beginning.

    The two differ by next to nothing, but gain curves know no sample's place exactly.
    """
    seam = min(SEAM, size // 4)
    cut = audio[:, begin : begin + size].copy()
    share = np.linspace(0, 1, seam, dtype=np.float32)
    cut[:, size - seam :] += (audio[:, begin - seam : begin] - cut[:, size - seam :]) * share
    return cut
