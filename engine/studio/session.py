"""What every task of the studio works with: the vocabulary, the singer, and one cache of rendered notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.spec import EngineError
from engine.spec.protocol import LineTime
from engine.studio.compose.brief import Brief
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.phrases import phrases
from engine.studio.score import LyricLine, Score, SungLine
from engine.studio.sound.parts import Tones
from engine.studio.understanding.vocabulary import Vocabulary
from engine.studio.voice.espeak import Speaker, VoiceUnavailable
from engine.studio.voice.read import read_lyrics
from engine.studio.voice.sing import sing

# What the second singer changes of the seed, so that the two never breathe as one.
SECOND_SINGER = 1_000_003
# The first version sings English; another language has to be named.
SPOKEN_HERE = "en"
# Share of a take's work that is done when its voices are sung.
SUNG_AT = 0.55


@dataclass(frozen=True)
class Voices:
    """What was sung: mono audio (samples,) by stem name, and the lead's lines as they sound."""

    audio: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    lines: tuple[LineTime, ...] = ()


@dataclass(frozen=True)
class Session:
    """`name` is the engine's, as plans tell it."""

    name: str
    sample_rate: int
    vocabulary: Vocabulary
    speaker: Speaker
    tones: Tones = field(default_factory=Tones)

    def silent_because(self) -> str | None:
        """Why nobody can sing here, or None."""
        try:
            self.speaker.voices  # noqa: B018 starts the singer's process
        except VoiceUnavailable as silent:
            return str(silent)
        return None

    def read(self, lyrics: str, language: str) -> tuple[LyricLine, ...]:
        """`lyrics` as lines to sing. Raises `EngineError` (`lyrics_unreadable`), permanent."""
        try:
            lines = read_lyrics(parse_lyrics(lyrics), language, self.speaker)
        except VoiceUnavailable as silent:
            raise EngineError("lyrics_unreadable", permanent=True, cause=str(silent), reason=str(silent)) from silent
        # A line without syllables but with a tag of its own is a break; one with only signs can't be sung.
        return tuple(line for line in lines if line.syllables or not line.text)

    def sing(
        self, score: Score, brief: Brief, language: str, *, lead: Sequence[SungLine], backing: Sequence[SungLine]
    ) -> Voices:
        """Lines of `score`'s voices as sound; another choice of lines changes nothing about those in both."""
        audio: dict[str, NDArray[np.float32]] = {}
        lines: tuple[LineTime, ...] = ()
        for stem, part, seed, singer in (
            ("vocals", lead, score.seed, brief.voice),
            ("backing_vocals", backing, score.seed + SECOND_SINGER, brief.second_voice),
        ):
            if not part:
                continue
            sung = sing(
                phrases(score, part),
                duration=score.duration,
                seed=seed,
                speaker=self.speaker,
                timbre=singer,
                language=language,
            )
            audio[stem] = sung.audio
            lines = lines or sung.lines
        return Voices(audio, lines)


def tagged(lyrics: str) -> tuple[LyricLine, ...]:
    """Only the sections that `lyrics` name, as lines without words."""
    return tuple(LyricLine("", section, (), ()) for section, _ in parse_lyrics(lyrics))
