"""How people ask for a song in each language: data, and the language that a request names for the words."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

from engine.spec.languages import LANGUAGES
from engine.studio.writer.places import Span, Text

Phrases = tuple[str, ...]


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Asking(Data):
    """What people say in one language; `asking.toml` says what each field means."""

    own: Phrases = ()
    about: Phrases = ()
    about_after: Phrases = ()
    ends: Phrases = ()
    joins: Phrases = ()
    articles: Phrases = ()
    indefinite: Phrases = ()
    mine: Phrases = ()
    people: Phrases = ()
    clauses: Phrases = ()
    grave: Phrases = ()
    names: bool = False
    songs: Phrases = ()
    patterns: Phrases = ()
    others: dict[str, str] = Field(default_factory=dict)


class English(Data):
    """How English names every language."""

    patterns: Phrases
    songs: Phrases
    styles: Phrases
    names: dict[str, Phrases]


class _File(Data):
    english: English
    languages: dict[str, Asking]


def asking(language: str) -> Asking:
    """How people ask in `language`; nothing is known of some."""
    return _file().languages.get(language, Asking())


def languages_asked_in() -> tuple[str, ...]:
    """Every language of which it is known how people ask."""
    return tuple(_file().languages)


def named_language(text: Text) -> tuple[str, Span] | None:
    """The language in which a request wants its words, and where it says so; the longest phrase wins."""
    found = [(span, language) for phrase, language in _phrases().items() for span in text.find((phrase,))]
    if not found:
        return None
    span, language = min(found, key=lambda each: (each[0].start - each[0].end, each[0].start))
    return language, span


@lru_cache(maxsize=1)
def _phrases() -> dict[str, str]:
    """Phrase -> the language it asks for."""
    file = _file()
    english = file.english
    phrases: dict[str, str] = {}
    for language, name in LANGUAGES.items():
        patterns = english.patterns if language in english.styles else (*english.patterns, *english.songs)
        for called in (name, *english.names.get(language, ())):
            phrases |= {pattern.format(name=called): language for pattern in patterns}
    for each in file.languages.values():
        phrases |= {p.format(name=name): language for language, name in each.others.items() for p in each.patterns}
    for language, each in file.languages.items():
        phrases |= dict.fromkeys(each.own, language)
    return phrases


@lru_cache(maxsize=1)
def _file() -> _File:
    text = resources.files(__package__).joinpath("asking.toml").read_text("utf-8")
    return _File.model_validate(tomllib.loads(text))
