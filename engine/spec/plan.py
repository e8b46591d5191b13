"""What an engine decides before it renders, and what it hands over afterwards: frozen values that travel as JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FileKind = Literal["audio", "stem", "lrc", "midi", "image", "score"]
Stage = Literal["fetching", "planning", "rendering", "encoding"]
Writer = Literal["user", "engine", "model"]


class Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Notice(Value):
    """What people should know about a plan: `no_effect` (fields), `not_understood` (words), `no_voice` (reason)."""

    code: str
    params: dict[str, Any] = Field(default_factory=dict)


class Heard(Value):
    """What was made out in a source whose score nobody has: with how much confidence, 0 to 1, by what it is about.

    The names are bpm, keyscale, timesignature, chords, sections, melody, and those of stems that were separated.
    `title` is the source's own, "" where it has none.
    """

    title: str = ""
    bpm: float
    keyscale: str
    timesignature: str
    confidence: dict[str, float]


class Plan(Value):
    """The decisions of one attempt. `seeds` has one entry a take.

    `lyrics_by` says who wrote the words: whoever asked, the engine's own writer, or the language model `lyrics_model`.
    `understood` are the caption's words by what they are about (genre, mood, instruments, tempo, era, voice, key,
    metre, production); only those it has. `heard` is what it goes by where it starts from sound without a score.
    """

    title: str
    caption: str
    lyrics: str = ""
    lyrics_by: Writer | None = None
    lyrics_model: str = ""
    instrumental: bool = False
    duration: float
    bpm: float
    keyscale: str
    timesignature: str
    vocal_language: str = "unknown"
    genre_preset: str | None = None
    seeds: tuple[int, ...]
    engine: str
    understood: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    heard: Heard | None = None
    notices: tuple[Notice, ...] = ()


class TrackFile(Value):
    """A finished file of a take. `path` is absolute; `name` tells stems apart ("vocals"); `format` is the extension."""

    kind: FileKind
    path: str
    format: str
    name: str = ""


class TrackResult(Value):
    """One finished take: what was measured, and its files. Durations in seconds."""

    take: int
    title: str
    seed: int
    duration: float
    sample_rate: int
    channels: int
    bpm: float
    keyscale: str
    timesignature: str
    quality_score: float | None = None
    lrc: str | None = None
    peaks: tuple[int, ...] = ()
    files: tuple[TrackFile, ...]


class SourceFile(Value):
    """A file of a finished take, as its track keeps it; `path` is absolute and MUST only be read."""

    kind: FileKind
    name: str
    format: str
    path: str


class Source(Value):
    """The song made here that a request starts from: one finished take of `job`, with what was decided about it.

    `lyrics`, their language and who wrote them are as in its plan.
    """

    job: int
    take: int
    title: str
    caption: str
    duration: float
    bpm: float
    keyscale: str
    timesignature: str
    seed: int
    genre_preset: str | None = None
    lyrics: str = ""
    vocal_language: str = "unknown"
    lyrics_by: Writer | None = None
    lyrics_model: str = ""
    files: tuple[SourceFile, ...]


class Recording(Value):
    """Sound that came from outside, made ours: a FLAC file, 48 kHz, stereo, at `path`, which MUST only be read.

    `title`, `artist` and `lyrics` are what the file itself said, "" where it said nothing.
    """

    id: str
    title: str
    artist: str
    lyrics: str
    duration: float
    path: str


class Order(Value):
    """One attempt as an engine receives it. `seed` stands in where the spec's own is -1, so that a retry repeats it.

    `source` is there where the spec names a song made here, `recording` where it names sound from outside. `picture` is
    the path of a cover (PNG) to keep instead of drawing one.
    """

    job: int
    spec: dict[str, Any]
    duration: float
    takes: int
    seed: int
    workdir: str
    source: Source | None = None
    recording: Recording | None = None
    picture: str | None = None


class Capabilities(Value):
    """What an engine can do. `tasks` are names of `engine.spec.tasks`; `from_score`: those that need a kept score.

    `together`: how many jobs of one bucket (`engine.spec.estimate.bucket`) one engine makes at once.
    `from_outside`: those that may start from sound that was not made here, and `separates` the stems it finds there.
    `quick`: those that people wait for, which an engine of their own works.
    """

    name: str
    tasks: tuple[str, ...]
    max_duration: float
    max_batch: int
    sample_rate: int
    stems: tuple[str, ...]
    languages: tuple[str, ...]
    from_score: tuple[str, ...] = ()
    together: int = 1
    from_outside: tuple[str, ...] = ()
    separates: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
