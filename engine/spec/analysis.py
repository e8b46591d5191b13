"""What was heard in a piece of audio, as people and programs are told of it (row C9 of the reference)."""

from __future__ import annotations

from pydantic import Field

from engine.spec.plan import Value


class ChordAt(Value):
    """A chord from `start` to `end` (seconds); `name` as people write it ("Am7"), "N" where there is none."""

    start: float
    end: float
    name: str


class SectionAt(Value):
    """A section from `start` to `end` (seconds); `kind` as in lyrics' tags ("verse"), "" where it has no clear role.

    `letter` is the same for sections that sound alike ("A", "B").
    """

    start: float
    end: float
    kind: str
    letter: str = ""


class Analysis(Value):
    """Everything the engine can tell of a piece of audio.

    `confidence` (0 to 1) is by the names of the fields; where the engine made the song itself it knows, and `exact` is
    set. `lyrics` are those of the song made here or of the file's own tags, "" where they are not known.
    """

    title: str = ""
    caption: str
    lyrics: str = ""
    bpm: float
    keyscale: str
    timesignature: str
    duration: float
    language: str = "unknown"
    chords: tuple[ChordAt, ...] = ()
    sections: tuple[SectionAt, ...] = ()
    loudness: float | None = None
    audio_codes: str | None = None
    exact: bool = False
    confidence: dict[str, float] = Field(default_factory=dict)
