"""What was heard in a piece of audio, in words: each fact with how sure of it we are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.confidence import is_heard, mark, told
from bot.facts import clock
from bot.replies import cleaned, reply
from engine.spec import Analysis
from engine.spec.analysis import SectionAt
from engine.spec.fields import BEATS_PER_BAR
from engine.spec.languages import LANGUAGES

# What a message shows of it; the sheet has everything.
SHOWN_BARS, SHOWN_SECTIONS = 8, 10
BARS_A_LINE = 4
EDGES = ("intro", "outro")
# A pattern that comes round again is said once.
_ROUNDS = (1, 2, 4, 8)


@dataclass(frozen=True)
class _Part:
    """A section by what it is called, with its chords bar by bar."""

    section: SectionAt
    name: str
    bars: tuple[str, ...]


def of(kept: Mapping[str, Any]) -> Analysis:
    """An analysis as a job keeps it."""
    return Analysis.model_validate(kept)


def main_facts(heard: Analysis, locale: str = "en") -> tuple[str, ...]:
    """Length, tempo, key and metre, in a few words each."""
    said = {
        "bpm": f"{round(heard.bpm, 1):g} BPM",
        "keyscale": heard.keyscale,
        "timesignature": heard.timesignature,
    }
    return (clock(heard.duration), *told(heard.confidence, said, locale))


def lines(heard: Analysis, locale: str = "en") -> tuple[str, ...]:
    """Everything else that a message tells of it: a line each."""
    return (*_caption(heard, locale), *_shown_parts(heard, locale), *_sound(heard, locale))


def sheet(heard: Analysis, locale: str = "en") -> str:
    """All of it as text of fixed width: every section with its chords, and the words."""
    text = [" · ".join(main_facts(heard, locale)), "", *_caption(heard, locale), *_sound(heard, locale)]
    parts = _parts(heard, locale)
    if parts:
        text += ["", reply("sheet_chords", locale, how=mark(heard.confidence, "chords", locale))]
    for part in parts:
        text += ["", f"{clock(part.section.start)}  {part.name}".rstrip()]
        rows = [part.bars[at : at + BARS_A_LINE] for at in range(0, len(part.bars), BARS_A_LINE)]
        text += [f"      {_row(row)}" for row in rows]
    if heard.lyrics.strip():
        text += ["", reply("sheet_lyrics", locale), "", *(cleaned(line, 200) for line in heard.lyrics.splitlines())]
    return "\n".join(text) + "\n"


def _caption(heard: Analysis, locale: str) -> list[str]:
    how = mark(heard.confidence, "caption", locale)
    return [reply("told_caption", locale, caption=heard.caption, how=how)] if heard.caption else []


def _sound(heard: Analysis, locale: str) -> list[str]:
    text = []
    if heard.language in LANGUAGES:
        how = mark(heard.confidence, "language", locale)
        text.append(reply("told_language", locale, language=LANGUAGES[heard.language], how=how))
    if heard.loudness is not None:
        text.append(reply("told_loudness", locale, loudness=f"{heard.loudness:.1f}"))
    return text


def _shown_parts(heard: Analysis, locale: str) -> list[str]:
    parts, text = _parts(heard, locale), []
    part = _typical(parts) if parts else None
    if part is not None and part.bars:
        of_which = "of_section" if part.section.kind else "of_part"
        called = reply(of_which, locale, name=part.name) if part.name else None
        how = mark(heard.confidence, "chords", locale)
        text.append(reply("told_chords", locale, chords=_short(part.bars), section=called, how=how))
    if len(parts) > 1:
        named = [f"{part.name} {clock(part.section.start)}" for part in parts[:SHOWN_SECTIONS]]
        more = ["…"] if len(parts) > SHOWN_SECTIONS else []
        how = mark(heard.confidence, "sections", locale)
        text.append(reply("told_sections", locale, sections=", ".join([*named, *more]), how=how))
    return text


def _typical(parts: list[_Part]) -> _Part:
    """The first of those that sound alike and together last the longest; how it begins and ends only if that is all."""
    inner = [part for part in parts if part.section.kind not in EDGES] or parts
    lasts: dict[str, float] = {}
    for part in inner:
        alike = part.section.letter or part.section.kind
        lasts[alike] = lasts.get(alike, 0.0) + part.section.end - part.section.start
    longest = max(lasts, key=lambda alike: lasts[alike])
    return next(part for part in inner if (part.section.letter or part.section.kind) == longest)


def _parts(heard: Analysis, locale: str) -> list[_Part]:
    """Its sections; all of it as one without a name where none were made out, and nothing without chords either."""
    chords = _has_chords(heard)
    if len(heard.sections) < 2 or not is_heard(heard.confidence, "sections"):
        whole = SectionAt(start=0.0, end=heard.duration, kind="")
        return [_Part(whole, "", _bars(heard, whole))] if chords else []
    return [_Part(part, _called(part, locale), _bars(heard, part) if chords else ()) for part in heard.sections]


def _has_chords(heard: Analysis) -> bool:
    """Whether its chords are worth telling: some were made out, and they hold together in a key or in bars."""
    sure = heard.confidence
    steady = is_heard(sure, "keyscale") or is_heard(sure, "timesignature")
    return steady and is_heard(sure, "chords") and any(chord.name != "N" for chord in heard.chords)


def _called(section: SectionAt, locale: str) -> str:
    if section.kind:
        return cleaned(section.kind)
    return reply("section_letter", locale, letter=section.letter) if section.letter else ""


def _bars(heard: Analysis, section: SectionAt) -> tuple[str, ...]:
    """The chords of each bar of a section, one or two of them.

    Sections begin and end with a bar, so their number of bars follows a tempo that drifts.
    """
    length, beats = section.end - section.start, BEATS_PER_BAR.get(heard.timesignature, 4)
    if not heard.chords or length <= 0 or heard.bpm <= 0:
        return ()
    bars = max(round(length * heard.bpm / 60 / beats), 1)
    half = length / bars / 2
    sounding = [_chord_at(heard, section.start + (at + 0.5) * half) for at in range(2 * bars)]
    pairs = zip(sounding[::2], sounding[1::2], strict=True)
    return tuple(first if first == second else f"{first} {second}" for first, second in pairs)


def _chord_at(heard: Analysis, time: float) -> str:
    name = next((chord.name for chord in heard.chords if chord.start <= time < chord.end), "N")
    return "–" if name == "N" else cleaned(name, 12)


def _short(bars: tuple[str, ...]) -> str:
    """The pattern that goes round in `bars`; where there is none, how they begin."""
    for length in _ROUNDS:
        if length < len(bars) and all(bar == bars[at % length] for at, bar in enumerate(bars)):
            return _row(bars[:length])
    return _row(bars[:SHOWN_BARS]) + (" …" if len(bars) > SHOWN_BARS else "")


def _row(bars: tuple[str, ...]) -> str:
    return f"| {' | '.join(bars)} |"
