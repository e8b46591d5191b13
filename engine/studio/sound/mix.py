"""The mix: every part through its strip, the voice on top, one mastering curve over all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.spec.preset import Preset
from engine.studio.score import Part, Score
from engine.studio.sound import curve
from engine.studio.sound.balance import Line, balance, refitted
from engine.studio.sound.drums import KICKS
from engine.studio.sound.likeness import Aim, Character
from engine.studio.sound.master import master, stems_inside
from engine.studio.sound.noise import RATE
from engine.studio.sound.parts import Tones, render_part, samples_in
from engine.studio.sound.reel import Reel, silence
from engine.studio.sound.registry import INSTRUMENTS
from engine.studio.sound.strip import Meter, lows, through
from engine.studio.sound.tone import Band, stereo_place
from engine.studio.sound.voices import VOICES, compressor, heard, singing_in, to_level

Audio = NDArray[np.float32]

# how far the sidechain and the voice push each kind of line down
PUMPED = {"bass": 1.0, "synth": 1.0, "strings": 0.7, "keyboard": 0.6, "brass": 0.4, "guitar": 0.4, "fx": 0.6}
PUMP_DB = 10.0
DUCKED_DB = {"drums": 0.5, "kick": 0.0, "bass": 0.4, "percussion": 1.0, "backing_vocals": 0.0}
DUCK_DB = 2.0
# every part but the deep ones is opened a little
AIR = Band("high_shelf", 2800.0, 2.5, 0.6)
# how often kick and bass are moved at most
LOOKS = 3


@dataclass(frozen=True)
class Desk:
    """How a song was mixed, for its edits: gains of the lines by name, and the mastering curve (points,) float32.

    `character` is what brought it nearer to the sound of another.
    """

    faders: Mapping[str, float]
    gain: NDArray[np.float32]
    character: Character | None = None


@dataclass(frozen=True)
class Mixed:
    """A finished song. `audio` and each stem: float32 (2, samples); the stems sum to `audio`."""

    audio: Audio
    stems: dict[str, Audio]
    desk: Desk


def _named(parts: tuple[Part, ...]) -> list[tuple[str, str, Part]]:
    """Name, kind and part of every line; a kit's kick is a line of its own, so that it can be balanced and kept dry."""
    lines: list[tuple[str, str, Part]] = []
    seen: Counter[str] = Counter()
    for part in parts:
        name = f"{part.stem}/{part.instrument}"
        seen[name] += 1
        name = name if seen[name] == 1 else f"{name} {seen[name]}"
        if INSTRUMENTS[part.instrument].drums and part.instrument != "hand_percussion":
            kicks = tuple(n for n in part.notes if n.pitch in KICKS)
            others = tuple(n for n in part.notes if n.pitch not in KICKS)
            if kicks:
                lines.append((f"{name} kick", "kick", replace(part, notes=kicks)))
            if others:
                lines.append((name, part.stem, replace(part, notes=others)))
        elif part.notes:
            lines.append((name, part.stem, part))
    return lines


def _strip(part: Part, kind: str, score: Score, preset: Preset, bass: bool, tones: Tones) -> tuple[Reel, Meter]:
    """A part, played and through its strip."""
    known = INSTRUMENTS[part.instrument]
    dry = render_part(part, score, tones)
    place = stereo_place(part.pan)
    if kind == "kick":
        return through(dry, (), place, preset.reverb, 0.0)
    deep = kind == "bass"
    # with no bass in the song, the left hand may have its low notes
    cut = known.low_cut if bass or deep else known.low_cut * 0.5
    bands = (Band("high_pass", cut), *(() if deep else (*known.bands, AIR)))
    return through(dry, bands, place, preset.reverb, known.send)


def _fade(samples: int) -> Tensor:
    """The end of every song: a fall to zero, reached 5 ms before the end."""
    size = min(samples, max(RATE // 20, min(round(1.2 * RATE), samples // 16)))
    return 0.5 + 0.5 * torch.cos((torch.arange(1, size + 1) / max(1, size - RATE // 200)).clamp(max=1) * torch.pi)


def _pumping(score: Score, preset: Preset) -> Tensor | None:
    """The sidechain's curve from 1 down to 0, or None where nothing is pumped."""
    if preset.sidechain <= 0:
        return None
    kicks = [
        round(score.seconds(note.start) * RATE)
        for part in score.parts
        if part.stem == "drums" and INSTRUMENTS[part.instrument].drums
        for note in part.notes
        if note.pitch in KICKS
    ]
    return curve.pumping(samples_in(score), kicks, 1.0, min(0.32, score.beat_s * 0.8))


def _pushed(kind: str, preset: Preset, pumping: Tensor | None, singing: Tensor | None) -> Tensor | None:
    """The gain over time that the kick and the voice impose on a line of this kind."""
    down = None
    if pumping is not None and kind in PUMPED:
        down = (pumping - 1) * (PUMP_DB * preset.sidechain * PUMPED[kind])
    if singing is not None and (depth := DUCKED_DB.get(kind, DUCK_DB)):
        duck = singing * -depth
        down = duck if down is None else down + duck
    return None if down is None else curve.gains(down)


def _summed(tracks: list[tuple[Line, Reel]], faders: Mapping[str, float], samples: int) -> Tensor:
    """The mix (2, samples) before its fade and its mastering."""
    whole = silence(2, samples)
    for line, reel in tracks:
        whole.add_(reel.audio, alpha=faders[line.name])
        reel.rest()
    return whole


def _balanced(tracks: list[tuple[Line, Reel]], preset: Preset, samples: int) -> tuple[Tensor, dict[str, float]]:
    """The mix before its fade, and the faders' gains. What kick and bass add up to is measured: they are in tune."""
    lines = [line for line, _ in tracks]
    faders = balance(lines, preset.bass_band)
    whole = _summed(tracks, faders, samples)
    # what is in tune adds up in other ways than powers do, so the second look may find a rest
    for _ in range(LOOKS):
        better = refitted(lines, faders, *lows(whole), preset.bass_band)
        if better == faders:
            break
        for line, reel in tracks:
            if better[line.name] != faders[line.name]:
                whole.add_(reel.audio, alpha=better[line.name] - faders[line.name])
                reel.rest()
        faders = better
    return whole, faders


def _stems(
    tracks: list[tuple[Line, Reel]], faders: Mapping[str, float], character: Character | None, gain: Tensor,
    fade: Tensor,
) -> dict[str, Reel]:  # fmt: skip
    """The tracks at their final level, faded, those of one stem together. The tracks' own buffers are used up."""
    stems: dict[str, Reel] = {}
    while tracks:
        line, reel = tracks.pop(0)
        if character is not None:
            character.onto(reel.audio)
        curve.apply(reel.audio, gain * faders[line.name])
        reel.audio[:, reel.audio.shape[1] - len(fade) :].mul_(fade)
        if line.stem in stems:
            stems[line.stem].audio.add_(reel.audio)
        else:
            stems[line.stem] = reel
        stems[line.stem].rest()
    return stems


def mix(
    score: Score,
    preset: Preset,
    voices: Mapping[str, Audio],
    on_progress: Callable[[float], None],
    parent: Desk | None = None,
    tones: Tones | None = None,
    like: Aim | Character | None = None,
) -> Mixed:
    """Plays, mixes and masters a score at 48 kHz, exactly as many samples as its duration says.

    `voices` are mono float32 by stem name, sung on the song's own time line. `parent` is the desk of the song this one
    is an edit of: its faders, its mastering curve and its character are kept. `like` is what else it is to sound like.
    `tones` may be shared by several mixes of one process; it changes no sample. `on_progress` gets 0 to 1 and may raise
    to stop the work.
    """
    like = parent.character if parent is not None else like
    if like is not None and like.room is not None:
        preset = preset.model_copy(update={"reverb": like.room})
    samples = samples_in(score)
    tones = tones or Tones()
    named = _named(score.parts)
    sung = {stem: sound for stem, voice in voices.items() if (sound := heard(voice, samples)) is not None}
    kept = parent.faders if parent is not None else {}
    inputs = {f"{stem} input": kept.get(f"{stem} input", to_level(sound)) for stem, sound in sung.items()}
    for stem, sound in sung.items():
        sound *= inputs[f"{stem} input"]
    steps = len(named) + len(sung) + 2
    tracks: list[tuple[Line, Reel]] = []

    singing = singing_in(sung["vocals"]) if "vocals" in sung else None
    pumping = _pumping(score, preset)
    bass = any(part.stem == "bass" and part.notes for part in score.parts)
    crowds = Counter(kind for _, kind, _ in named)
    for name, kind, part in named:
        reel, meter = _strip(part, kind, score, preset, bass, tones)
        pushed = _pushed(kind, preset, pumping, singing)
        if pushed is not None:
            curve.apply(reel.audio, pushed)
        share = float(pushed.square().mean()) if pushed is not None else 1.0
        trim = part.gain_db + preset.gains_db.get(part.stem, 0.0)
        tracks.append((Line(name, part.stem, kind, meter, trim, crowds[kind], share), reel))
        reel.rest()
        on_progress(len(tracks) / steps)
    for stem, sound in sung.items():
        curve.apply(sound, compressor(sound))
        voice = VOICES.get(stem, VOICES["backing_vocals"])
        reel, meter = through(sound, voice.bands, voice.sides, max(0.12, preset.reverb), voice.send, voice.delays)
        kind = stem if stem in VOICES else "backing_vocals"
        tracks.append((Line(stem, stem, kind, meter, preset.gains_db.get(stem, 0.0)), reel))
        reel.rest()
        on_progress(len(tracks) / steps)

    if parent is None:
        whole, faders = _balanced(tracks, preset, samples)
    else:
        fresh = balance([line for line, _ in tracks], preset.bass_band)
        faders = {name: kept.get(name, gain) for name, gain in fresh.items()}
        whole = _summed(tracks, faders, samples)
    character = like.matched(whole) if like is not None else None
    fade = _fade(samples)
    whole[:, samples - len(fade) :] *= fade
    on_progress((steps - 1) / steps)
    if parent is not None:
        gain = master(whole, curve.of_array(parent.gain))
    elif character is not None:
        gain = master(whole, moves=character.moves(whole), ceiling=character.ceiling)
    else:
        gain = master(whole)
    stems = _stems(tracks, faders, character, gain, fade)
    down = stems_inside([*stems.values()])
    if down is not None:
        gain = gain * down
    whole.zero_()
    for reel in stems.values():
        if down is not None:
            curve.apply(reel.audio, down)
        whole.add_(reel.audio)
        reel.rest()
    on_progress(1.0)
    return Mixed(
        whole.numpy(), {name: r.array for name, r in stems.items()}, Desk(faders | inputs, gain.numpy(), character)
    )
