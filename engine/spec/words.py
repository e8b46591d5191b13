"""The words of a caption as data: what an operator may change in `words.toml`, which says what each field means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.spec.preset import BassStyle, Decibel, Figure, Groove, Instrument, Share, StemName, Swing, TimeSignature

# language, or any other name -> phrases; a name of the operator's own adds phrases, one of ours replaces them
Phrases = dict[str, tuple[Annotated[str, Field(min_length=1, max_length=60)], ...]]
Shift = Annotated[float, Field(ge=-1, le=1)]


class Data(BaseModel):
    # built at their first use: a list of jobs needs no words
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Meaning(Data):
    """Phrases that mean the same."""

    words: Phrases


class Player(Meaning):
    """An instrument; with `stem`, whoever plays there in the genre, and `plays` only where nobody does."""

    plays: Instrument
    stem: StemName | None = None
    stand_in: bool = False
    colour: bool = False


class Manner(Meaning):
    """What a word changes of the preset. Numbers are added and grow with emphasis."""

    reverb: Shift = 0.0
    sidechain: Shift = 0.0
    syncopation: Shift = 0.0
    melisma: Shift = 0.0
    lows: Shift = 0.0
    swing: Swing | None = None
    players: dict[Instrument, Instrument] = Field(default_factory=dict)
    adds: dict[StemName, Instrument] = Field(default_factory=dict)
    gains_db: dict[StemName, Decibel] = Field(default_factory=dict)


class Mood(Manner):
    """How a song feels: more or less `energy`, and a minor (above 0) or major key (below 0)."""

    energy: Shift = 0.0
    minor: Shift = 0.0


class VoiceWord(Manner):
    """Who sings, and whether a second voice sings along, which may be a whole `choir`."""

    who: Literal["female", "male", "choir"] | None = None
    backing: Literal["always", "never"] | None = None
    duet: bool = False
    choir: bool = False


class TempoWord(Meaning):
    """Where in the genre's usual range of tempi: -1 its slow end, 1 its fast end."""

    place: Annotated[float, Field(ge=-3, le=3)]


class MetreWord(Meaning):
    timesignature: TimeSignature


class Degree(Meaning):
    """A word that makes the next one count for more or less."""

    factor: Annotated[float, Field(ge=-1, le=3)]
    player: Annotated[float, Field(ge=0, le=3)] | None = None


class Singing(Data):
    """Whether anybody sings at all, sings, or speaks."""

    # where a phrase stands in two of them, the last one has it
    sung: Phrases = Field(default_factory=dict)
    rapped: Phrases = Field(default_factory=dict)
    wordless: Phrases = Field(default_factory=dict)


class Mode(Data):
    major: Phrases = Field(default_factory=dict)
    minor: Phrases = Field(default_factory=dict)


class Grammar(Data):
    """Words that say what happens to their neighbours, and words that say nothing about the sound."""

    not_before: Phrases = Field(default_factory=dict)
    not_after: Phrases = Field(default_factory=dict)
    alone_before: Phrases = Field(default_factory=dict)
    alone_after: Phrases = Field(default_factory=dict)
    solo: Phrases = Field(default_factory=dict)
    joins: Phrases = Field(default_factory=dict)
    ors: Phrases = Field(default_factory=dict)
    turns: Phrases = Field(default_factory=dict)
    topics: Phrases = Field(default_factory=dict)
    topic_ends: Phrases = Field(default_factory=dict)
    fillers: Phrases = Field(default_factory=dict)
    spelled: Phrases = Field(default_factory=dict)


class Palette(Data):
    """A band for captions without genre or instruments, where the mood's energy lies in `energy`."""

    energy: tuple[Share, Share]
    groove: Groove
    bass: BassStyle = "kick"
    lead: Instrument
    instruments: dict[StemName, Instrument]
    figures: dict[StemName, Figure] = Field(default_factory=dict)


class Words(Data):
    """All of `words.toml`. `genres` maps a genre word of `presets.toml` to the same word in other languages."""

    instruments: dict[str, Player] = Field(default_factory=dict)
    moods: dict[str, Mood] = Field(default_factory=dict)
    eras: dict[str, Manner] = Field(default_factory=dict)
    productions: dict[str, Manner] = Field(default_factory=dict)
    voices: dict[str, VoiceWord] = Field(default_factory=dict)
    tempos: dict[str, TempoWord] = Field(default_factory=dict)
    metres: dict[str, MetreWord] = Field(default_factory=dict)
    degrees: dict[str, Degree] = Field(default_factory=dict)
    genres: dict[str, Phrases] = Field(default_factory=dict)
    singing: Singing = Field(default_factory=Singing)
    mode: Mode = Field(default_factory=Mode)
    grammar: Grammar = Field(default_factory=Grammar)
    palettes: dict[str, Palette] = Field(default_factory=dict)
