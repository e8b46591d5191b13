"""What was made out in a recording. Times in seconds from its start, pitches as MIDI numbers, confidences 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

from engine.spec.fields import BEATS_PER_BAR


@dataclass(frozen=True)
class Pulse:
    """Tempo and metre. `beats` are where beats sound, `bars` where bars begin; a beat is a dotted quarter in 6/8.

    `bpm` is the line through the beats. `bar_confidence` is for metre and bar lines. Music before the first bar line
    is its upbeat.
    """

    bpm: float
    timesignature: str
    beats: tuple[float, ...]
    bars: tuple[float, ...]
    confidence: float
    bar_confidence: float

    @property
    def bar_s(self) -> float:
        """Seconds a bar at the steady tempo."""
        return BEATS_PER_BAR[self.timesignature] * 60.0 / self.bpm


@dataclass(frozen=True)
class Tonality:
    """`tonic` 0 to 11 from C; `tuning` in cents from A at 440 Hz."""

    tonic: int
    minor: bool
    tuning: float
    confidence: float


@dataclass(frozen=True)
class HeardChord:
    """`root` 0 to 11, or None where no chord is heard; `tones` are pitch classes, root first; `name` as in "Am7"."""

    start: float
    end: float
    root: int | None
    tones: tuple[int, ...]
    name: str
    confidence: float


@dataclass(frozen=True)
class HeardSection:
    """Bars `bar` to `bar + bars`, counted in `Pulse.bars`. `kind` as in scores, `letter` alike for what sounds alike.

    `energy` 0 to 1 is how full it is beside the rest of the song.
    """

    bar: int
    bars: int
    kind: str
    letter: str
    energy: float


@dataclass(frozen=True)
class HeardNote:
    """A note of the tune."""

    start: float
    end: float
    pitch: int
    confidence: float


@dataclass(frozen=True)
class Strokes:
    """One drum's strokes in each bar: `steps` (bars, steps a bar), 0 where there is none, up to 1 for the hardest."""

    steps: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Groove:
    """`kick`, `snare` and `hats` on a grid of `per_bar` steps (16 in 4/4, 12 in 3/4 and 6/8, 8 in 2/4).

    `swing` is where the second eighth of a beat falls, 0.5 straight to 0.67. `drums`: how sure that there are any.
    """

    per_bar: int
    kick: Strokes
    snare: Strokes
    hats: Strokes
    swing: float
    drums: float
    confidence: float


@dataclass(frozen=True)
class Texture:
    """How it sounds as a whole.

    `bands_db`: level of each band of `engine.hearing.texture.BANDS_HZ` against the whole. `loudness` LUFS, `range_lu`
    from quiet to loud parts, `crest_db` peaks over loudness. `width`: share of the side signal in each band, 0 mono.
    `space_s`: the reverberation that is heard, seconds to fall by 60 dB. `voice`: how sure it is that somebody sings.
    """

    bands_db: tuple[float, ...]
    loudness: float
    range_lu: float
    crest_db: float
    width: tuple[float, ...]
    space_s: float
    voice: float


@dataclass(frozen=True)
class Transcript:
    """Everything that was made out. `chords` follow each other without a hole, at least one a bar.

    `exact`: from a score, not from sound.
    """

    duration: float
    pulse: Pulse
    tonality: Tonality
    chords: tuple[HeardChord, ...]
    sections: tuple[HeardSection, ...]
    melody: tuple[HeardNote, ...]
    groove: Groove
    texture: Texture
    exact: bool = False
