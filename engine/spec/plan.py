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


class Plan(Value):
    """The decisions of one attempt. `seeds` has one entry a take.

    `lyrics_by` says who wrote the words: whoever asked, the engine's own writer, or the language model `lyrics_model`.
    `understood` are the caption's words by what they are about (genre, mood, instruments, tempo, era, voice, key,
    metre, production); only those it has.
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

    `lyrics_by` and `lyrics_model` are as in its plan.
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
    lyrics_by: Writer | None = None
    lyrics_model: str = ""
    files: tuple[SourceFile, ...]


class Order(Value):
    """One attempt as an engine receives it. `seed` stands in where the spec's own is -1, so that a retry repeats it.

    `source` is there where the spec names a song made here.
    """

    job: int
    spec: dict[str, Any]
    duration: float
    takes: int
    seed: int
    workdir: str
    source: Source | None = None


class Capabilities(Value):
    """What an engine can do. `tasks` are names of `engine.spec.tasks`; `from_score`: those that need a kept score.

    `together`: how many jobs of one bucket (`engine.spec.estimate.bucket`) one engine makes at once.
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
