"""Lyrics made of couplets: drawn by the song's seed, none twice but those of the chorus, the topic in the hook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from engine.studio.compose.dice import Dice
from engine.studio.writer.outline import Section
from engine.studio.writer.words import THEMES, TOPIC, Couplet, Theme, Words

T = TypeVar("T")

# How often a first verse says what the song is about before its chorus does.
SAID_AT_ONCE = 0.6


def written(words: Words, theme: Theme, named: Sequence[str], sections: Sequence[Section], dice: Dice) -> str:
    """Lyrics with tags. `named` are things as the language calls them: the first is in every chorus, the second opens
    the second verse.
    """
    verses, frames = _drawn(words, theme, "verse", dice), _shuffled(words.frames.verse, dice, "frames of verses")
    chorus = _chorus(words, theme, named, dice)
    bridges = _drawn(words, theme, "bridge", dice)
    blocks, verse = [], 0
    for kind, count in sections:
        if kind == "chorus":
            couplets = chorus[:count]
        elif kind == "bridge":
            couplets = [next(bridges) for _ in range(count)]
        else:
            opened = _opened(named, verse, count, dice)
            couplets = [_about(frames[verse], opened)] if opened else []
            couplets += [next(verses) for _ in range(count - len(couplets))]
            verse += 1
        blocks.append("\n".join((f"[{kind}]", *(line for couplet in couplets for line in couplet))))
    return "\n\n".join(blocks)


def _opened(named: Sequence[str], verse: int, count: int, dice: Dice) -> str | None:
    """What the first couplet of a verse is about, where it is not like the others."""
    if verse == 0 and named and count > 1 and dice.at("lyrics", "said at once").random() < SAID_AT_ONCE:
        return named[0]
    return named[1] if verse == 1 and len(named) > 1 else None


def _chorus(words: Words, theme: Theme, named: Sequence[str], dice: Dice) -> list[Couplet]:
    own = _shuffled(words.themes[theme].chorus, dice, theme, "chorus")
    if not named:
        return own
    hook = _shuffled(words.frames.chorus, dice, "frames of choruses")[0]
    return [_about(hook, named[0]), *own]


def _drawn(words: Words, theme: Theme, kind: str, dice: Dice) -> Iterator[Couplet]:
    """Couplets of the theme in a drawn order; when all of them are sung, those of others."""
    others = _shuffled([other for other in THEMES if other != theme], dice, "themes")
    for each in (theme, *others):
        couplets = words.themes[each]
        yield from _shuffled(couplets.verse if kind == "verse" else couplets.bridge, dice, each, kind)


def _about(couplet: Couplet, topic: str) -> Couplet:
    first = couplet[0].replace(TOPIC, topic)
    return first[:1].upper() + first[1:], couplet[1]


def _shuffled(values: Sequence[T], dice: Dice, *key: str) -> list[T]:
    return dice.at("lyrics", *key).sample(list(values), len(values))
