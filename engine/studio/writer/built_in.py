"""The built-in writer: lyrics from the couplets of a language, about what was asked for as far as it can be named."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.studio.compose.dice import Dice
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.compose.title import shortened, titled
from engine.studio.understanding.text import STOPS
from engine.studio.writer.asking import asking
from engine.studio.writer.couplets import written
from engine.studio.writer.outline import Section
from engine.studio.writer.places import is_unspaced
from engine.studio.writer.query import Subject, is_quotable
from engine.studio.writer.words import THEMES, Theme, Words, topics, words

# The first that a request feels like; no mood needs a theme of its own.
OF_MOODS: dict[str, Theme] = {
    "sad": "longing", "dark": "longing", "angry": "courage", "epic": "courage", "romantic": "love", "sensual": "love",
    "happy": "party", "energetic": "party", "calm": "nature",
}  # fmt: skip
# Where a topic and a mood are at odds, the mood decides: rain may be a joy, and a party sad.
GLAD, SAD = ("happy", "energetic"), ("sad", "dark")
GLADLY: Theme = "everyday"
# Fewer letters of a line are no title, in scripts that put spaces between words.
TITLE = 8


@dataclass(frozen=True)
class Written:
    """Lyrics with tags, a title, and what was asked for and is not named in them."""

    lyrics: str
    title: str
    unsung: tuple[str, ...] = ()


def write(
    about: Sequence[Subject], moods: Sequence[str], sections: Sequence[Section], *, asked_in: str, language: str,
    seed: int,
) -> Written:  # fmt: skip
    """Words in `language`, one of `words.languages()`, for a request in the language `asked_in`.

    The same arguments give the same words. Raises KeyError for a language without couplets.
    """
    known, dice = words(language), Dice(seed)
    names = {subject.words: _name(subject, known, asked_in, language) for subject in about if not subject.person}
    named = tuple(dict.fromkeys(name for name in names.values() if name))
    # What is said besides the topic of the hook is no promise.
    unsung = () if named else tuple(names)
    lyrics = written(known, theme_of(about, moods, dice), named, sections, dice)
    return Written(lyrics, titled(named[0] if named else _essence(lyrics), language), unsung)


def theme_of(about: Sequence[Subject], moods: Sequence[str], dice: Dice) -> Theme:
    """What the couplets are about."""
    if any(subject.grave for subject in about):
        return "longing"
    felt = next((OF_MOODS[mood] for mood in moods if mood in OF_MOODS), None)
    topic = next((subject.topic for subject in about if subject.topic), None)
    if topic is not None:
        own = topics()[topic].theme
        if own == "longing" and any(mood in GLAD for mood in moods):
            return GLADLY
        if own != "courage" and any(mood in SAD for mood in moods):
            return "longing"
        return own
    if any(subject.person for subject in about):
        return "longing" if felt == "longing" else "love"
    return dice.at("lyrics", "theme").choice(THEMES) if felt is None else felt


def _essence(lyrics: str) -> str:
    """The shortest that a line of the chorus begins with and that is more than a word."""
    lines = [line for section, line in parse_lyrics(lyrics) if section.startswith("chorus")] or lyrics.splitlines()[1:]
    phrases = [STOPS.split(line)[0].strip() for line in lines]
    telling = [phrase for phrase in phrases if is_unspaced(phrase) or (len(phrase) >= TITLE and " " in phrase)]
    return shortened(min(telling or lines, key=len))


def _name(subject: Subject, known: Words, asked_in: str, language: str) -> str | None:
    """What a song in `language` calls the subject; None where it has no name that could be sung."""
    if subject.grave:
        # Couplets that name a topic are glad that it is there.
        return None
    if subject.topic and subject.plain:
        return known.topics[subject.topic]
    if asked_in == language and known.quotes and is_quotable(subject, language):
        return subject.words
    if subject.topic:
        return known.topics[subject.topic]
    if subject.name and asking(asked_in).names and _script(subject.name) == _script(known.topics["love"]):
        return subject.name
    return None


def _script(text: str) -> str:
    """What Unicode calls the writing of its last letter: "LATIN"."""
    return next((unicodedata.name(letter, "").split(" ")[0] for letter in reversed(text) if letter.isalpha()), "")
