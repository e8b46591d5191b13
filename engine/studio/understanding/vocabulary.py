"""Everything a caption may say: the words of `words.toml` and those of the presets, ready to be looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from engine.spec.preset import Preset
from engine.spec.words import Degree, Manner, Meaning, MetreWord, Mood, Phrases, Player, TempoWord, VoiceWord, Words
from engine.studio.understanding.spelling import Spelling
from engine.studio.understanding.text import phrase_key, tokens

M = TypeVar("M", bound=Meaning)


@dataclass(frozen=True)
class Vocabulary:
    """Phrases in the form of `phrase_key`. `strong`, `hints` and `styles` come from the presets."""

    presets: Mapping[str, Preset]
    words: Words
    instruments: Mapping[str, Player]
    moods: Mapping[str, Mood]
    eras: Mapping[str, Manner]
    productions: Mapping[str, Manner]
    voices: Mapping[str, VoiceWord]
    tempos: Mapping[str, TempoWord]
    metres: Mapping[str, MetreWord]
    degrees: Mapping[str, Degree]
    modes: Mapping[str, bool]
    singing: Mapping[str, str]
    grammar: Mapping[str, frozenset[str]]
    # genre word -> preset; preset -> its hints; preset -> word -> style
    strong: Mapping[str, str]
    hints: Mapping[str, frozenset[str]]
    styles: Mapping[str, Mapping[str, str]]
    # genre words that are also a mood, an instrument or the like
    weak: frozenset[str]
    # branches of genres that are first of all a mood, a time or a tempo: no genre by themselves
    scenes: frozenset[str]
    # phrases of players, singers and genres: what is a part of one says nothing of the whole song
    names: frozenset[str]
    known: frozenset[str]
    longest: int
    spelling: Spelling


def vocabulary(presets: Mapping[str, Preset], words: Words) -> Vocabulary:
    """The words of `words` and of `presets`. Where a phrase is written twice in a section, the later entry has it."""
    instruments, voices = _table(words.instruments), _table(words.voices)
    moods, tempos, metres = _table(words.moods), _table(words.tempos), _table(words.metres)
    eras, productions, degrees = _table(words.eras), _table(words.productions), _table(words.degrees)
    meant = frozenset((*instruments, *voices, *moods, *tempos, *metres, *eras, *productions))
    modes = dict.fromkeys(_keys(words.mode.major), False) | dict.fromkeys(_keys(words.mode.minor), True)
    singing = {phrase: kind for kind, phrases in words.singing for phrase in _keys(phrases)}
    grammar = {name: frozenset(_keys(phrases)) for name, phrases in words.grammar}
    abroad = {phrase_key(word): frozenset(_keys(phrases)) for word, phrases in words.genres.items()}
    hints = {name: frozenset(_with_abroad(preset.hints, abroad)) for name, preset in presets.items()}
    styles = {name: _styles(preset, abroad) for name, preset in presets.items()}
    strong = {phrase: name for name, preset in presets.items() for phrase in _with_abroad(preset.words, abroad)}
    own = frozenset(strong)
    for name, named in styles.items():
        strong |= {phrase: name for phrase in named if phrase not in strong and phrase not in hints[name]}
    branches = frozenset(phrase for each in styles.values() for phrase in each)
    known = meant.union(strong, branches, degrees, modes, singing, *hints.values(), *grammar.values())
    return Vocabulary(
        presets=presets, words=words, instruments=instruments, moods=moods, eras=eras, productions=productions,
        voices=voices, tempos=tempos, metres=metres, degrees=degrees, modes=modes, singing=singing, grammar=grammar,
        strong=strong, hints=hints, styles=styles, weak=meant.intersection(strong),
        scenes=branches.intersection((*moods, *eras, *productions, *tempos)).difference(own),
        names=branches.union(strong, instruments, voices), known=known,
        longest=max((len(tokens(phrase)) for phrase in known), default=1),
        # a slip of "and" is not worth guessing at
        spelling=Spelling.of(meant.union(strong), known),
    )  # fmt: skip


def _styles(preset: Preset, abroad: Mapping[str, frozenset[str]]) -> dict[str, str]:
    return {phrase: name for name, style in preset.styles.items() for phrase in _with_abroad(style.words, abroad)}


def _table(entries: Mapping[str, M]) -> dict[str, M]:
    return {phrase: entry for entry in entries.values() for phrase in _keys(entry.words)}


def _keys(phrases: Phrases) -> Iterator[str]:
    return (phrase_key(phrase) for group in phrases.values() for phrase in group)


def _with_abroad(phrases: Iterable[str], abroad: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """`phrases`, and the same words in other languages."""
    for key in map(phrase_key, phrases):
        yield key
        yield from sorted(abroad.get(key, ()))
