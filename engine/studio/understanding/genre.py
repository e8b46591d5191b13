"""Which genre a caption means, and which branch of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.spec.preset import Preset, Style
from engine.studio.understanding.found import Found
from engine.studio.understanding.reading import Reading
from engine.studio.understanding.text import clause_end

NEUTRAL = "Custom"
NAMED, MORE_WORDS = 3.0, 0.5
HINTED, MORE_HINTS = 0.8, 0.1
# "minimal" is a genre only where nothing else is
WEAK = 0.6
# what comes after a "with" is an addition
AFTER_TURN = 0.45
# They differ between a genre and its branches.
_PLAIN = ("bpm", "timesignature", "minor", "groove", "swing", "harmony", "bass", "energy", "lead")


@dataclass(frozen=True)
class Genre:
    """`preset` is it with what its `style` changes; `named` says whether the caption or the request named it."""

    name: str
    preset: Preset
    style: Style | None
    named: bool


def genre(reading: Reading, given: str | None, solos: Sequence[Found] = ()) -> Genre:
    """The genre that was asked for, or the one the caption names, or hints at, or `NEUTRAL`.

    Among words that weigh the same the last one wins ("folk metal" is metal), but not over a comma. A word that has one
    of `solos` in it, instruments that stand out, counts only where nothing else does ("a piano solo").
    Raises KeyError for a `given` that isn't known.
    """
    presets = reading.vocabulary.presets
    if given is not None and given != NEUTRAL:
        preset = presets[given]
        own = frozenset(phrase for phrase, name in reading.vocabulary.strong.items() if name == given)
        reading.understood("genre", own)
        reading.understood("", reading.vocabulary.hints[given])
        return _with_style(reading, given, preset)
    named, scores = _named(reading, solos)
    # who chose "Custom" meant no genre; a "piano" or a "waltz" is no reason for one
    scores = _hinted(reading, scores) if given is None else named
    if not scores:
        name = NEUTRAL if NEUTRAL in presets else next(iter(presets))
        return Genre(name, presets[name], None, named=False)
    name = max(scores, key=lambda name: scores[name])
    preset = presets[name]
    reading.understood("", reading.vocabulary.hints[name])
    others = [other for other in named if other != name]
    if others:
        # "pop with jazz chords": the second genre colours the harmony of the first
        second = max(others, key=lambda other: named[other])
        preset = preset.model_copy(update={"harmony": presets[second].harmony})
    found = _with_style(reading, name, preset)
    return Genre(found.name, found.preset, found.style, named=name in named)


def _named(
    reading: Reading, solos: Sequence[Found]
) -> tuple[dict[str, tuple[float, int]], dict[str, tuple[float, int]]]:
    """(genres that are named, genres that are named or meant), each with its weight and its last place."""
    known = reading.vocabulary
    turn = min((found.first for found in reading.find(known.grammar["turns"])), default=None)
    first_clause = clause_end(reading.text, 0)
    named: dict[str, tuple[float, int]] = {}
    meant: dict[str, tuple[float, int]] = {}
    # "acoustic guitar" is an instrument first: its "acoustic" must not outvote "indie pop"
    for found in reading.find({**known.strong, **known.instruments}):
        if found.phrase not in known.strong or found.phrase in known.scenes:
            continue
        weight = reading.weight(found)
        name = known.strong[found.phrase]
        if weight <= 0:
            reading.tell("genre", found, wanted=False)
            reading.hide(found.start, found.end)
            continue
        weak = found.phrase in known.weak or any(
            found.first <= each.first and each.last <= found.last for each in solos
        )
        spaces = found.phrase.count(" ")
        strength = WEAK + MORE_HINTS * spaces if weak else NAMED + MORE_WORDS * spaces
        place = found.start if found.start < first_clause else 0
        strength *= weight * (AFTER_TURN if turn is not None and found.first > turn else 1.0)
        for scores in (meant,) if weak else (meant, named):
            before = scores.get(name, (0.0, 0))
            scores[name] = (before[0] + strength, max(before[1], place))
        if not weak:
            reading.hear("genre", found.start, found.end)
    return named, meant


def _hinted(reading: Reading, scores: dict[str, tuple[float, int]]) -> dict[str, tuple[float, int]]:
    scores = dict(scores)
    for name, hints in reading.vocabulary.hints.items():
        # a hint that is repeated is one hint
        for phrase in dict.fromkeys(found.phrase for found in reading.find(hints) if reading.weight(found) > 0):
            strength, start = scores.get(name, (0.0, 0))
            scores[name] = (strength + HINTED + MORE_HINTS * phrase.count(" "), start)
    return scores


def _with_style(reading: Reading, name: str, preset: Preset) -> Genre:
    styles = reading.vocabulary.styles[name]
    found = [each for each in reading.find(styles) if reading.weight(each) > 0]
    if not found:
        return Genre(name, preset, None, named=True)
    best = max(found, key=lambda each: each.end - each.start)
    reading.hear("genre", best.start, best.end)
    style = preset.styles[styles[best.phrase]]
    update: dict[str, Any] = {key: getattr(style, key) for key in _PLAIN if getattr(style, key) is not None}
    instruments = {stem: player for stem, player in preset.instruments.items() if stem not in style.without}
    changed = {stem for stem, player in style.instruments.items() if instruments.get(stem) != player}
    figures = {stem: figure for stem, figure in preset.figures.items() if stem in instruments and stem not in changed}
    update["instruments"] = instruments | style.instruments
    update["figures"] = figures | style.figures
    update["layers"] = tuple(layer for layer in preset.layers if layer.stem not in style.without)
    return Genre(name, preset.model_copy(update=update), style, named=True)
