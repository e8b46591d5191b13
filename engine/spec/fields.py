"""Field types of a request: each knows its range, checks it, and can say it in words.

The ranges are those of the reference APIs (rows B1 to B32). Surfaces read the same metadata to build
their options, so a range stands in one place.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol, runtime_checkable

from pydantic import GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from engine.spec.languages import LANGUAGES, OWN_NAMES

AUTO_WORDS = frozenset({"", "auto", "none", "null"})


@runtime_checkable
class Worded(Protocol):
    """A mark of a field that says in words what the field takes."""

    def words(self) -> str:
        """Such as "30 to 300 BPM"."""


@dataclass(frozen=True)
class Range:
    """A number between `low` and `high` (both allowed); `auto` is one more value that means "you choose".

    `thing`: what the number stands for, where its range says nothing to people.
    """

    low: float
    high: float
    unit: str = ""
    auto: float | None = None
    thing: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: Any) -> Any:
        if value is None or value == self.auto:
            return value
        if not (math.isfinite(value) and self.low <= value <= self.high):
            raise PydanticCustomError("out_of_range", "must be {allowed}", {"allowed": self.words()})
        return value

    def words(self) -> str:
        if self.thing:
            return self.thing
        unit = f" {self.unit}" if self.unit else ""
        text = f"{_plain(self.low)} to {_plain(self.high)}{unit}"
        return text if self.auto is None else f"{text}, or {_plain(self.auto)} for automatic"


def _plain(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:g}"


@dataclass(frozen=True)
class Text:
    """A text of `low` to `high` characters; every space is made a plain one, and what can't be seen is dropped."""

    low: int
    high: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: str | None) -> str | None:
        if value is None:
            return None
        plain = (" " if c.isspace() and c != "\n" else c for c in value.replace("\r\n", "\n"))
        value = "".join(plain)
        value = "".join(c for at, c in enumerate(value) if c == "\n" or c.isprintable() or _joins(value, at)).strip()
        if not self.low <= len(value) <= self.high:
            raise PydanticCustomError(
                "wrong_length", "must be {allowed}, not {length}", {"allowed": self.words(), "length": len(value)}
            )
        return value

    def words(self) -> str:
        return f"{self.low} to {self.high} characters"


def _joins(text: str, at: int) -> bool:
    """Whether the unseen joiner at `at` belongs to the spelling, as inside words of Persian, Hindi or Malayalam."""
    beside = text[max(at - 1, 0) : at] + text[at + 1 : at + 2]
    return (
        text[at] in "\u200c\u200d"
        and len(beside) == 2
        and all(c > "\u0590" and unicodedata.category(c)[0] in "LM" for c in beside)
    )


@dataclass(frozen=True)
class Person:
    """Somebody, as a chat writes them (`<@123>`, `<@123|Ann>`) or by the name they have in this house."""


@dataclass(frozen=True)
class Choice:
    """One of a few words, upper or lower case; `synonyms` maps other spellings to them."""

    options: tuple[str, ...]
    synonyms: tuple[tuple[str, str], ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        word = value.strip().casefold()
        word = dict(self.synonyms).get(word, word)
        for option in self.options:
            if option.casefold() == word:
                return option
        raise PydanticCustomError("unknown_choice", "must be {allowed}", {"allowed": self.words()})

    def words(self) -> str:
        return "one of " + ", ".join(self.options)


@dataclass(frozen=True)
class AutoWord:
    """Lets people write `auto` (or nothing) where a null means "you choose"."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.drop, handler(source))

    @staticmethod
    def drop(value: Any) -> Any:
        return None if isinstance(value, str) and value.strip().casefold() in AUTO_WORDS else value


@dataclass(frozen=True)
class Plain:
    """For numbers of programs, which have no need to say them as a text; and what is true or false is none."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    @staticmethod
    def check(value: Any) -> Any:
        if isinstance(value, str | bool):
            raise PydanticCustomError("not_a_number", "must be a number")
        return value


@dataclass(frozen=True)
class Key:
    """A key as people write it ("Am", "A minor", "F# maj", "Bb") made canonical: "A Minor"."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = KEY.fullmatch(value.strip())
        if not match:
            raise PydanticCustomError("unknown_key", "must be {allowed}", {"allowed": self.words()})
        accidental = {"♯": "#", "♭": "b", "B": "b"}.get(match[2], match[2])
        note = match[1].upper() + accidental
        if note not in TONICS:
            raise PydanticCustomError("unknown_key", "must be {allowed}", {"allowed": self.words()})
        mode = match[3]
        minor = mode == "m" or mode.casefold() in {"min", "minor"}
        return f"{note} {'Minor' if minor else 'Major'}"

    @staticmethod
    def words() -> str:
        return 'a note from C to B with # or b, and major or minor, such as "C Major" or "Am"'


KEY = re.compile(r"([A-Ga-g])([#♯b♭]?)\s*(|M|m|maj|Maj|MAJ|min|Min|MIN|[Mm]ajor|MAJOR|[Mm]inor|MINOR)")
TONICS = {
    "C": 0, "C#": 1, "Db": 1, "D": 2, "D#": 3, "Eb": 3, "E": 4, "F": 5, "F#": 6, "Gb": 6,
    "G": 7, "G#": 8, "Ab": 8, "A": 9, "A#": 10, "Bb": 10, "B": 11, "Cb": 11, "E#": 5, "Fb": 4, "B#": 0,
}  # fmt: skip

FORMATS = ("flac", "wav", "mp3", "ogg")
TIME_SIGNATURES = ("2/4", "3/4", "4/4", "6/8")
# A beat is a quarter note, in 6/8 a dotted one.
BEATS_PER_BAR = {"2/4": 2, "3/4": 3, "4/4": 4, "6/8": 2}
STEMS = (
    "vocals", "drums", "bass", "guitar", "keyboard", "strings",
    "synth", "percussion", "brass", "woodwinds", "backing_vocals", "fx",
)  # fmt: skip
# Not a stem of its own: all of them together but the voices.
BACKING = "backing_track"
# The stems in which somebody sings.
VOICES = frozenset({"vocals", "backing_vocals"})

Seconds = Annotated[float, Range(5, 600, "seconds", auto=-1)]
SampleSeconds = Annotated[float, Range(1, 120, "seconds", auto=-1)]
Bpm = Annotated[int | None, Range(30, 300, "BPM"), AutoWord()]
KeyScale = Annotated[str | None, Key(), AutoWord()]
TimeSignature = Annotated[
    str | None,
    Choice(TIME_SIGNATURES, (("2", "2/4"), ("3", "3/4"), ("4", "4/4"), ("6", "6/8"))),
    AutoWord(),
]
# People know what their language is called, not its code.
_CALLED = tuple((name.casefold(), code) for names in (LANGUAGES, OWN_NAMES) for code, name in names.items())
Language = Annotated[str, Choice(("unknown", *LANGUAGES), (("auto", "unknown"), ("", "unknown"), *_CALLED))]
Format = Annotated[str, Choice(FORMATS)]
Stem = Annotated[str, Choice((*STEMS, BACKING))]
Unit = Annotated[float, Range(0, 1)]
Caption = Annotated[str, Text(0, 2048)]
Lyrics = Annotated[str, Text(0, 20_000)]
Label = Annotated[str | None, Text(0, 120)]
SONG = Range(1, 2**53, thing="the number of a song")
JobId = Annotated[int, SONG]


@dataclass(frozen=True)
class Url:
    """An http or https address. Only its shape is judged here; whether it may be fetched is the fetcher's business."""

    # The control signs are named, for not every dialect of patterns counts the same of them as space.
    pattern: ClassVar[str] = r"https?://[^\s\x00-\x20\x7f-\xa0/?#]+[^\s\x00-\x20\x7f-\xa0]*"
    longest: ClassVar[int] = 2048

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: str | None) -> str | None:
        if value is None or (len(value) <= self.longest and re.fullmatch(self.pattern, value)):
            return value
        raise PydanticCustomError("not_a_link", "must be {allowed}", {"allowed": self.words()})

    @staticmethod
    def words() -> str:
        return "a link that begins with https:// or http://, at most 2048 characters"


Link = Annotated[str | None, Url()]


def allowed(field: FieldInfo, marks: Iterable[Any] | None = None) -> str | None:
    """What `field` accepts, in words ("30 to 300 BPM"), or None where only its type limits it."""
    for mark in marks if marks is not None else field.metadata:
        if isinstance(mark, Worded):
            return mark.words()
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(field.annotation)  # type: ignore[arg-type]
