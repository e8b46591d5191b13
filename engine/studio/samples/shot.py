"""A single hit: one drum, note, chord or sweep that begins at once and ends in silence."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.loudness import true_peak_db
from engine.spec.preset import Instrument
from engine.studio.compose.bass import RANGES as BASS_RANGES
from engine.studio.compose.brief import Brief
from engine.studio.compose.comping import LEAD_RANGES, RANGES, SINGLE
from engine.studio.compose.dice import Dice
from engine.studio.compose.voicing import voiced
from engine.studio.samples.heard import Heard, wanted_of
from engine.studio.samples.sounds import BACKWARDS, DUSTY, Manner, Sound, has_any, manner_in
from engine.studio.score import Note, Part, Score
from engine.studio.sound import drums, percussion
from engine.studio.sound.noise import RATE
from engine.studio.sound.parts import Tones, render_part
from engine.studio.sound.registry import INSTRUMENTS
from engine.studio.sound.strip import through
from engine.studio.sound.tone import Band, Strike, stereo_place

Audio = NDArray[np.float32]

PEAK_DB = -1.1
# A sound begins where it first comes this near its peak.
ONSET_DB = -32.0
HEAD = RATE // 2000
# The end: silence, and before it a fade of at most this long.
SILENT_S, FADE_S = 0.03, 0.6
# Slow sounds are played longer, as what is cut at their beginning is missed at their end.
SLACK_S = 0.5
STAB_S, HIT_S = 0.32, 0.3
# Part of the length that a riser climbs; the rest is its room.
CLIMB = 0.85
ROOM = 0.18
STRUMMED = frozenset({"nylon_guitar", "steel_guitar", "clean_guitar"})
CHORDAL = frozenset({"pad", "string_ensemble", "brass_section", "distorted_guitar"})
COLOURS = ((), (), (2,), (10,))
# Fields of a kit that tell how it is tuned or how loud it is against the rest; the others are its character.
FIXED = frozenset({"kick_low", "snare_level", "hat_level", "cymbal_level", "snare_body"})


@dataclass(frozen=True)
class Single:
    """A finished hit (2, samples), and as a score."""

    audio: Audio
    score: Score


def rendered(caption: str, heard: tuple[Heard, ...], brief: Brief, samples: int, seed: int, title: str) -> Single:
    """The hit that the caption wants; another seed gives another one."""
    draw = Dice(seed).at("one-shot")
    sound = _wanted(heard) or Sound("synth", "pluck")
    seconds = samples / RATE
    if sound.stem in ("drums", "percussion"):
        part, dry = _struck(sound, caption, brief, draw)
    else:
        manner = manner_in(caption)
        part = _played(sound, manner, brief, seconds, draw)
        dry = _sounding(part, brief, seconds + SLACK_S)
        if manner == "swell":
            dry = dry * _swelling(dry.shape[1], seconds)
        if manner == "faller":
            dry = dry.flip(1)
    if has_any(caption, BACKWARDS):
        dry = dry.flip(1)
    sounding = _finished(_in_room(dry, part, draw), samples)
    return Single(sounding, _score(part, brief, seconds, seed, title))


def tuned(heard: tuple[Heard, ...]) -> bool:
    """Whether the key is heard in it."""
    sound = _wanted(heard)
    if sound is None or sound.stem not in ("drums", "percussion"):
        return True
    return any(drum in drums.KICKS or drum in drums.TOMS for drum in sound.drums)


def _wanted(heard: tuple[Heard, ...]) -> Sound | None:
    """What is struck: of several words the one that names a single drum ("808 snare"), else the first."""
    sounds = [each.sound for each in wanted_of(heard)]
    return next((sound for sound in sounds if sound.drums), sounds[0] if sounds else None)


def _struck(sound: Sound, caption: str, brief: Brief, draw: random.Random) -> tuple[Part, Tensor]:
    """A drum of a kit that nobody has quite like this."""
    own = brief.preset.instruments.get("drums", "acoustic_kit")
    if sound.stem == "percussion":
        own = "hand_percussion"
    elif has_any(caption, DUSTY):
        own = "hiphop_kit"
    drum = draw.choice(sound.drums or ((38,) if sound.stem == "drums" else (60, 63, 70, 54)))
    strike = Strike(drum, 1.0, draw.choice((0.8, 0.9, 1.0)), draw.randrange(1000, 1 << 20), brief.tonic)
    hit = percussion.play(strike) if own == "hand_percussion" else drums.play(_varied(drums.KITS[own], draw), strike)
    return Part(sound.stem, own, (Note(0.0, HIT_S, drum, strike.velocity),)), hit


def _varied(kit: drums.Kit, draw: random.Random) -> drums.Kit:
    """`kit` with every skin a little tighter or looser, every cymbal a little longer or shorter."""
    changes = {
        each.name: getattr(kit, each.name) * 2 ** draw.uniform(-0.35, 0.35)
        for each in fields(kit)
        if isinstance(getattr(kit, each.name), float) and each.name not in FIXED
    }
    return replace(kit, **changes)


def _played(sound: Sound, manner: Manner | None, brief: Brief, seconds: float, draw: random.Random) -> Part:
    """A note or a chord of the key. Times in beats of a second."""
    instrument = brief.preset.instruments.get(sound.stem, sound.plays) if sound.usual else sound.plays
    if instrument == "riser":
        pitch = 54 + (brief.tonic - 54) % 12
        return Part("fx", instrument, (Note(0.0, CLIMB * seconds, pitch, 0.8),))
    length = STAB_S * draw.uniform(0.8, 1.3) if manner == "stab" else max(0.5, 0.75 * seconds)
    velocity = draw.uniform(0.75, 1.0)
    chord = manner in ("chord", "stab", "strum", "swell") or (manner is None and instrument in CHORDAL)
    if chord and instrument in RANGES and instrument not in SINGLE:
        pitches = _chord(instrument, brief, draw)
        gap = draw.uniform(0.012, 0.022) if instrument in STRUMMED else draw.uniform(0.0, 0.005)
        gap *= 2 if manner == "strum" else 1
    else:
        low, high = BASS_RANGES.get(instrument) or LEAD_RANGES.get(instrument) or (60, 72)
        places = [pitch for pitch in range(low, high + 1) if (pitch - brief.tonic) % 12 == 0]
        pitches, gap = (draw.choice(places[:2]),), 0.0
    notes = tuple(Note(at * gap, length, pitch, velocity) for at, pitch in enumerate(pitches))
    return Part(sound.stem, instrument, notes)


def _chord(instrument: Instrument, brief: Brief, draw: random.Random) -> Sequence[int]:
    if instrument == "distorted_guitar":
        root = 38 + (brief.tonic - 38) % 12
        return (root, root + 7, root + 12)
    steps = (0, 3 if brief.minor else 4, 7, *draw.choice(COLOURS))
    low, high, size = RANGES[instrument]
    tones = tuple((brief.tonic + step) % 12 for step in steps)
    shift = draw.choice((-3, 0, 0, 4))
    return voiced(tones, low + shift, high + shift, max(size, 4) if len(steps) > 3 else size)


def _sounding(part: Part, brief: Brief, seconds: float) -> Tensor:
    return render_part(part, _score(part, brief, seconds, 0, ""), Tones())


def _swelling(size: int, seconds: float) -> Tensor:
    """A gain that rises over two thirds of the sample."""
    return torch.linspace(0, size / RATE / (0.66 * seconds), size).clamp(max=1).square()


def _in_room(dry: Tensor, part: Part, draw: random.Random) -> Tensor:
    """The sound (2, samples) in a small room, a little brighter or darker than the last one."""
    known = INSTRUMENTS[part.instrument]
    bands = (*known.bands, Band("high_shelf", 3000.0, draw.uniform(-2.5, 2.5), 0.6))
    # a kick stays dry
    send = 0.0 if part.notes[0].pitch in drums.KICKS and known.drums else 0.5 * known.send
    padded = torch.nn.functional.pad(dry, (0, RATE))
    return through(padded, bands, stereo_place(0.0), ROOM, send)[0].audio


def _finished(sound: Tensor, samples: int) -> Audio:
    """`samples` of the sound from its onset on, faded to silence, its true peak just under -1 dB."""
    level = sound.abs().amax(0)
    onset = int(torch.nonzero(level > float(level.max()) * 10 ** (ONSET_DB / 20))[0])
    begin = max(0, onset - HEAD)
    cut = sound[:, begin : begin + samples]
    cut = torch.nn.functional.pad(cut, (0, samples - cut.shape[1]))
    silent = round(SILENT_S * RATE)
    size = min(round(FADE_S * RATE), samples // 3)
    cut[:, samples - silent :] = 0.0
    cut[:, samples - silent - size : samples - silent] *= 0.5 + 0.5 * torch.cos(torch.linspace(0, torch.pi, size))
    cut[:, :HEAD] *= torch.linspace(0, 1, HEAD)
    audio = cut.numpy()
    return np.asarray(audio * 10 ** ((PEAK_DB - true_peak_db(audio, RATE)) / 20), np.float32)


def _score(part: Part, brief: Brief, seconds: float, seed: int, title: str) -> Score:
    """The hit on a time line where a beat is a second."""
    return Score(
        title=title, style=brief.style, seed=seed, bpm=60.0, tonic=brief.tonic, minor=brief.minor,
        timesignature="4/4", duration=seconds, sections=(), chords=(), parts=(part,),
    )  # fmt: skip
