"""Presets, lyric lines and briefs for the composer's tests."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from config.files import load
from engine.spec import Words
from engine.spec.preset import Preset
from engine.studio.caption import understand
from engine.studio.compose.brief import Brief
from engine.studio.compose.lyrics import parse_lyrics, written
from engine.studio.score import LyricLine, Syllable
from engine.studio.understanding.vocabulary import Vocabulary
from engine.studio.understanding.vocabulary import vocabulary as vocabulary_of

PRESETS_FILE = Path(__file__).parents[2] / "config" / "presets.toml"
SONG = """[Verse 1]
The morning comes in slowly through the blind
I pour the coffee, leave the dark behind
A paper cup of hope upon the stair
And steam that draws your letters in the air

[Chorus]
Stay with me until the kettle sings
Stay with me and all the little things
Hold the light a little longer now
Stay with me, I'll show you how

[Verse 2]
The evening folds the city like a note
I wear your laugh inside my winter coat
Another cup, the window fills with rain
And every drop is calling out your name

[Chorus]
"""


@cache
def presets() -> dict[str, Preset]:
    return {name: Preset(**values) for name, values in tomllib.loads(PRESETS_FILE.read_text("utf-8")).items()}


@cache
def vocabulary() -> Vocabulary:
    return vocabulary_of(presets(), load("words", Words))


def brief(genre: str | None = "Modern Pop", caption: str = "", seed: int = 1, **given: Any) -> Brief:
    usual = {"bpm": None, "keyscale": None, "timesignature": None, "instrumental": False}
    return understand(caption, genre_preset=genre, vocabulary=vocabulary(), seed=seed, **{**usual, **given})


@cache
def lines(text: str = SONG) -> tuple[LyricLine, ...]:
    """Lines with syllables counted by their vowels: good enough to compose for."""
    return tuple(_line(line, section) for section, line in parse_lyrics(text))


def answered(text: str) -> tuple[LyricLine, ...]:
    """As `lines`, with singers, and answers in brackets as lines of their own."""
    return tuple(
        replace(_line(each.text, each.section), singer=each.singer, delivery=each.delivery, echo=each.echo)
        for each in written(text, echoes=True)
    )


def _line(text: str, section: str) -> LyricLine:
    words = tuple(text.split())
    syllables: list[Syllable] = []
    for at, word in enumerate(words):
        count = max(1, len(re.findall(r"[aeiouy]+", word.casefold().rstrip("e.,"))))
        syllables += [Syllable(at, 2 if number == 0 and len(word) > 3 else 0) for number in range(count)]
    return LyricLine(text, section, words, tuple(syllables))


def spoken(count: int, syllables: int, section: str = "verse") -> Sequence[LyricLine]:
    """`count` lines of `syllables` one-syllable words, all different."""
    return [
        LyricLine(
            " ".join(f"la{line}" for _ in range(syllables)), section, tuple(f"la{line}" for _ in range(syllables)),
            tuple(Syllable(at, at % 2) for at in range(syllables)),
        )
        for line in range(count)
    ]  # fmt: skip
