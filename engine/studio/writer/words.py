"""What the writer knows of a language: couplets by theme, couplets that name the topic, and what topics are called."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

TOPIC = "{topic}"
Theme = Literal["love", "longing", "party", "journey", "nature", "everyday", "courage"]
THEMES: tuple[Theme, ...] = ("love", "longing", "party", "journey", "nature", "everyday", "courage")

Line = Annotated[str, Field(min_length=2, max_length=80)]
Couplet = tuple[Line, Line]


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Topic(Data):
    """Something a song may be about: `theme` whose couplets suit it, `en` the English words for it; a plural counts."""

    theme: Theme
    en: tuple[str, ...]


class Couplets(Data):
    """Two lines each that belong together; where the language rhymes, they rhyme."""

    verse: Annotated[tuple[Couplet, ...], Field(min_length=6)]
    chorus: Annotated[tuple[Couplet, ...], Field(min_length=3)]
    bridge: Annotated[tuple[Couplet, ...], Field(min_length=2)]


class Frames(Data):
    """Couplets whose first line names the topic once, as `{topic}`, in the form in which it stands alone."""

    verse: Annotated[tuple[Couplet, ...], Field(min_length=3)]
    chorus: Annotated[tuple[Couplet, ...], Field(min_length=4)]

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        for first, second in (*self.verse, *self.chorus):
            if first.count(TOPIC) != 1 or TOPIC in second or first.endswith(TOPIC):
                raise ValueError(f"names the topic once, in its first line and not at its end: {first!r}")
        return self


class Words(Data):
    """A language file.

    rhymes: whether lines of a couplet rhyme in songs of this language; quotes: whether a topic can be sung just as a
    request in this language has it ("my cat Milo"), because nothing in a frame would change its form.
    topics: what each topic is called; match: beginnings of the words by which a request means it.
    """

    rhymes: bool = True
    quotes: bool
    topics: dict[str, Annotated[str, Field(min_length=1, max_length=40)]]
    match: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    frames: Frames
    themes: dict[Theme, Couplets]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := sorted(set(THEMES).difference(self.themes)):
            raise ValueError(f"themes without couplets: {', '.join(missing)}")
        if unknown := sorted(set(self.topics).symmetric_difference(topics())):
            raise ValueError(f"topics that are missing or unknown: {', '.join(unknown)}")
        if unknown := sorted(set(self.match).difference(topics())):
            raise ValueError(f"matches for unknown topics: {', '.join(unknown)}")
        return self


@lru_cache(maxsize=1)
def topics() -> dict[str, Topic]:
    """Every topic by name."""
    return {name: Topic.model_validate(values) for name, values in _read("topics.toml").items()}


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """ISO 639-1 codes of the languages that the writer knows."""
    files = resources.files(__package__).joinpath("lines").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


@lru_cache(maxsize=8)
def words(language: str) -> Words:
    """What is known of `language`, one of `languages()`."""
    return Words.model_validate(_read("lines", f"{language}.toml"))


def _read(*path: str) -> dict[str, object]:
    return tomllib.loads(resources.files(__package__).joinpath(*path).read_text("utf-8"))
