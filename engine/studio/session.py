"""What every task of the studio works with: the vocabulary, the singer, and one cache of rendered notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.hearing.transcript import Transcript
from engine.spec import EngineError
from engine.spec.protocol import LineTime
from engine.studio.compose.brief import Brief, Singer
from engine.studio.compose.lyrics import parse_lyrics, written
from engine.studio.phrases import phrases
from engine.studio.score import LyricLine, Score, SungLine
from engine.studio.sound.parts import Tones
from engine.studio.understanding.vocabulary import Vocabulary
from engine.studio.voice.detect import language_of, of_sections
from engine.studio.voice.espeak import Speaker, VoiceUnavailable
from engine.studio.voice.read import read_lyrics
from engine.studio.voice.sing import sing

# What the second singer changes of the seed, so that the two never breathe as one.
SECOND_SINGER = 1_000_003
# Readings kept: a song's words are read for its plan and for its sound.
READINGS_KEPT = 4
# Share of a take's work that is done when its voices are sung.
SUNG_AT = 0.55


@dataclass(frozen=True)
class Voices:
    """What was sung: mono audio (samples,) by stem name, and the lead's lines as they sound."""

    audio: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    lines: tuple[LineTime, ...] = ()


@dataclass(frozen=True)
class Session:
    """`name` is the engine's, as plans tell it; `separation` the checkpoint of the model that separates, if any."""

    name: str
    sample_rate: int
    vocabulary: Vocabulary
    speaker: Speaker
    tones: Tones = field(default_factory=Tones)
    readings: dict[tuple[str, str, bool, bool], tuple[LyricLine, ...]] = field(default_factory=dict)
    transcripts: dict[tuple[str, bool], Transcript] = field(default_factory=dict)
    separation: Path | None = None

    def silent_because(self) -> str | None:
        """Why nobody can sing here, or None."""
        try:
            self.speaker.voices  # noqa: B018 starts the singer's process
        except VoiceUnavailable as silent:
            return str(silent)
        return None

    def read(self, lyrics: str, language: str, *, echoes: bool = False, mixed: bool = False) -> tuple[LyricLine, ...]:
        """`lyrics` as lines to sing; with `echoes`, answers in brackets are lines of their own.

        With `mixed`, a section that is clearly in another language is read in that one. Raises `EngineError`
        (`lyrics_unreadable`), permanent.
        """
        key = (lyrics, language, echoes, mixed)
        known = self.readings.get(key)
        if known is not None:
            return known
        found = written(lyrics, echoes=echoes)
        others = of_sections([(each.section, each.text) for each in found], language) if mixed else {}
        lines: list[LyricLine] = []
        try:
            for each in found:
                other = others.get(each.section, "")
                [line] = read_lyrics([(each.section, each.text)], other or language, self.speaker)
                lines.append(replace(line, language=other))
        except VoiceUnavailable as silent:
            raise EngineError("lyrics_unreadable", permanent=True, cause=str(silent), reason=str(silent)) from silent
        made: list[LyricLine] = []
        asked = False
        for line, each in zip(lines, found, strict=True):
            # An answer to a line that can't be sung is a line of its own.
            echo = each.echo and asked
            asked = bool(line.syllables)
            # A line without syllables but with a tag of its own is a break; one with only signs can't be sung.
            if line.syllables or not line.text:
                made.append(replace(line, singer=each.singer, delivery=each.delivery, echo=echo))
        reading = tuple(made)
        for oldest in list(self.readings)[: 1 - READINGS_KEPT]:
            self.readings.pop(oldest, None)
        self.readings[key] = reading
        return reading

    def language_of(self, lyrics: str, asked: str, before: str = "en") -> str:
        """The language to sing `lyrics` in: as asked, else the one they are in; `before` where they hardly say."""
        if asked != "unknown":
            return asked
        return language_of("\n".join(text for _, text in parse_lyrics(lyrics) if text), before)

    def with_answers(
        self, lines: Sequence[LyricLine], answers: Mapping[int, str], language: str
    ) -> tuple[LyricLine, ...]:
        """`lines`, some of which a second voice answers. What nobody can say is left out."""
        made: list[LyricLine] = []
        for at, line in enumerate(lines):
            made.append(line)
            if at not in answers:
                continue
            try:
                [answer] = read_lyrics([(line.section, answers[at])], line.language or language, self.speaker)
            except VoiceUnavailable:
                continue
            if answer.syllables:
                made.append(replace(answer, language=answer.language or line.language, delivery="spoken", echo=True))
        return tuple(made)

    def sing(
        self, score: Score, brief: Brief, language: str, *, lead: Sequence[SungLine], backing: Sequence[SungLine]
    ) -> Voices:
        """Lines of `score`'s voices as sound; another choice of lines changes nothing about those in both."""
        audio: dict[str, NDArray[np.float32]] = {}
        heard: dict[str, list[tuple[SungLine, LineTime]]] = {}
        for stem, part, seed, singer in (
            ("vocals", lead, score.seed, brief.voice),
            ("backing_vocals", backing, score.seed + SECOND_SINGER, brief.second_voice),
        ):
            if part:
                audio[stem], heard[stem] = self._sung(score, part, seed, singer, language)
        return Voices(audio, answered(score, heard.get("vocals", []), heard.get("backing_vocals", [])))

    def _sung(
        self, score: Score, part: Sequence[SungLine], seed: int, usual: Singer, language: str
    ) -> tuple[NDArray[np.float32], list[tuple[SungLine, LineTime]]]:
        """Everybody who sings in one part, together, and their lines as they sound, in the order of time."""
        groups: dict[str, list[SungLine]] = {}
        for line in part:
            groups.setdefault(line.singer or usual, []).append(line)
        sounds: list[NDArray[np.float32]] = []
        times: list[tuple[SungLine, LineTime]] = []
        for singer, own in sorted(groups.items()):
            sung = sing(
                phrases(score, own), duration=score.duration, seed=seed, speaker=self.speaker, timbre=singer,
                language=language,
            )  # fmt: skip
            sounds.append(sung.audio)
            times += zip(sorted((line for line in own if line.notes), key=_begins), sung.lines, strict=True)
        audio = sounds[0]
        for sound in sounds[1:]:
            audio += sound
        return audio, sorted(times, key=lambda each: _begins(each[0]))


def _begins(line: SungLine) -> float:
    return line.notes[0].start


def answered(
    score: Score, lead: Sequence[tuple[SungLine, LineTime]], backing: Sequence[tuple[SungLine, LineTime]]
) -> tuple[LineTime, ...]:
    """The lead's lines as people wrote them: what the second voice answers in brackets belongs to the line before."""
    made = [time for _, time in lead]
    for sung, time in backing:
        asked = score.lines[sung.line].echo and score.lines[sung.line].text.startswith("(")
        places = [
            at for at, (line, _) in enumerate(lead) if line.line == sung.line - 1 and _begins(line) < _begins(sung)
        ]
        if asked and places:
            before = made[places[-1]]
            text, words = f"{before.text} {time.text}", (*before.words, *time.words)
            made[places[-1]] = LineTime(text, before.start, max(before.end, time.end), words)
    return tuple(made)


def tagged(lyrics: str) -> tuple[LyricLine, ...]:
    """Only the sections that `lyrics` name, as lines without words."""
    return tuple(LyricLine("", section, (), ()) for section, _ in parse_lyrics(lyrics))
