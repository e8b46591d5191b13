"""A genre as data: what an operator may change in `presets.toml`, which says what each field means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.spec.fields import STEMS

Instrument = Literal[
    "acoustic_kit", "rock_kit", "brush_kit", "electronic_kit", "hiphop_kit", "latin_kit", "orchestral_kit",
    "upright_bass", "electric_bass", "synth_bass", "sub_808",
    "nylon_guitar", "steel_guitar", "clean_guitar", "distorted_guitar",
    "piano", "electric_piano", "organ",
    "string_ensemble", "solo_violin", "brass_section", "trumpet", "flute", "saxophone",
    "pad", "pluck", "lead", "bell", "hand_percussion", "riser",
]  # fmt: skip
Groove = Literal[
    "straight", "pop", "rock", "punk", "hiphop", "trap", "swing", "orchestral", "house", "breakbeat", "train", "folk",
    "shuffle", "onedrop", "steppers", "ska", "salsa", "cumbia", "bossa", "samba", "reggaeton", "rnb", "funk",
    "doublekick", "halftime", "ballad",
]  # fmt: skip
Harmony = Literal[
    "pop", "rock", "hiphop", "jazz", "classical", "electronic", "country", "folk", "blues", "reggae", "latin", "soul",
    "metal",
]  # fmt: skip
BassStyle = Literal[
    "kick", "eighths", "walk", "two", "onedrop", "tumbao", "offbeat", "sub", "gallop", "pedal", "shuffle", "bossa",
]  # fmt: skip
Figure = Literal[
    "hold", "pulse", "arpeggio", "sixteenths", "alberti", "comp", "stabs", "skank", "bubble", "strum", "chug", "power",
    "travis", "boomchick", "montuno", "bossa", "counter", "accents", "tremolo", "muted", "loop", "answer", "gate",
    "boogie", "pocket", "chick",
]  # fmt: skip
FormName = Literal["song", "club", "jazz", "classical", "blues", "loop"]
TimeSignature = Literal["2/4", "3/4", "4/4", "6/8"]
Share = Annotated[float, Field(ge=0, le=1)]
Tempo = Annotated[int, Field(ge=30, le=300)]
Swing = Annotated[float, Field(ge=0.5, le=0.75)]
Role = Literal["kick", "snare", "hats", "percussion", "bass", "chords", "lead"]
Late = Annotated[float, Field(ge=-40, le=40)]
StemName = Literal[STEMS]  # type: ignore[valid-type]
Decibel = Annotated[float, Field(ge=-24, le=12)]


class Layer(BaseModel):
    """One more instrument beside those of `instruments`, heard where a section's energy lies in `energy`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stem: StemName
    instrument: Instrument
    figure: Figure
    energy: tuple[Share, Share] = (0.0, 1.0)


class Style(BaseModel):
    """A branch of a genre ("bossa nova" of Latin): what differs when a caption has one of its `words`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: tuple[str, ...]
    bpm: tuple[Tempo, Tempo] | None = None
    timesignature: TimeSignature | None = None
    minor: Share | None = None
    groove: Groove | None = None
    swing: Swing | None = None
    harmony: Harmony | None = None
    bass: BassStyle | None = None
    energy: Share | None = None
    lead: Instrument | None = None
    without: tuple[StemName, ...] = ()
    instruments: dict[StemName, Instrument] = Field(default_factory=dict)
    figures: dict[StemName, Figure] = Field(default_factory=dict)


class Preset(BaseModel):
    """One genre of `presets.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    words: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    bpm: tuple[Tempo, Tempo]
    timesignature: TimeSignature = "4/4"
    minor: Share = 0.4
    keys: tuple[str, ...] = ()
    groove: Groove = "straight"
    swing: Swing = 0.5
    swing_unit: Literal["eighth", "sixteenth"] = "eighth"
    harmony: Harmony = "pop"
    form: FormName = "song"
    bass: BassStyle = "kick"
    lead: Instrument = "piano"
    energy: Share = 0.5
    late_ms: dict[Role, Late] = Field(default_factory=dict)
    stop: Share = 0.0
    ending: Literal["ring", "cold"] = "ring"
    syncopation: Share = 0.3
    melisma: Share = 0.1
    female: Share = 0.5
    rap: bool = False
    # stem name -> instrument that plays it
    instruments: dict[StemName, Instrument] = Field(default_factory=dict)
    figures: dict[StemName, Figure] = Field(default_factory=dict)
    layers: tuple[Layer, ...] = ()
    gains_db: dict[StemName, Decibel] = Field(default_factory=dict)
    reverb: Share = 0.25
    sidechain: Share = 0.0
    bass_band: tuple[Share, Share] = (0.05, 0.6)
    styles: dict[str, Style] = Field(default_factory=dict)
