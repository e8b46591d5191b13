"""Singing: lines of lyrics on notes, as sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.spec.protocol import LineTime, WordTime
from engine.studio.voice.breath import inhale
from engine.studio.voice.espeak import Speaker
from engine.studio.voice.phrase import Phrase, PhraseNote, PhrasePlan, prepare
from engine.studio.voice.singer import MARGIN_S, perform, seed_of
from engine.studio.voice.source import Source, source_of
from engine.studio.voice.steady import steady
from engine.studio.voice.timbre import SINGERS, Timbre
from engine.studio.voice.timing import Placed, onset_seconds, place

__all__ = ["PhraseNote", "PhrasePlan", "Sung", "sing"]

# Between lines; a choir's last singers need longer to end.
APART_S, CHOIR_APART_S = 0.02, 0.045
AUDIBLE = 0.01


@dataclass(frozen=True, eq=False)
class Sung:
    """`audio`: float32 [samples], mono; `lines`: the lines in song order, with times as they sound."""

    audio: NDArray[np.float32]
    lines: tuple[LineTime, ...]


@steady
def sing(
    phrases: Sequence[PhrasePlan], *, duration: float, seed: int, speaker: Speaker,
    timbre: str | Timbre = "female", language: str = "en", rate: int = 48000,
) -> Sung:  # fmt: skip
    """Sing `phrases` into `duration` seconds at `rate` Hz. The same arguments give the same samples on one machine.

    timbre: a name in `SINGERS`, or a singer of your own. A choir sings the notes as written, women and men in unison;
    its times are those of its first singer. A backing voice is another call with other notes, timbre or seed: the
    speaker keeps the words. Vowels have an RMS near -21 dBFS; peaks stay below full scale; silence is 0, but for a
    breath that is taken where there is time for it. `language` is that of lines that name none.

    Raises `VoiceUnavailable`, and ValueError for notes that don't fit their line.
    """
    singers = SINGERS[timbre] if isinstance(timbre, str) else (timbre,)
    prepared = prepare(phrases, language, speaker)
    audio = torch.zeros(round(duration * rate))
    lines = []
    free, apart = 0.0, APART_S if len(singers) == 1 else CHOIR_APART_S
    coming = Counter(phrase.text for phrase in prepared)
    made: dict[tuple[str, str], Source] = {}
    for number, phrase in enumerate(prepared):
        following = prepared[number + 1] if number + 1 < len(prepared) else None
        placed = _placed(phrase, following, free, duration, apart)
        source = made[phrase.text] = made.get(phrase.text) or source_of(phrase.utterance, rate)
        coming[phrase.text] -= 1
        # What no later line needs is let go: a long song's speech would fill the memory.
        if not coming[phrase.text]:
            del made[phrase.text]
        origin, sound = perform(phrase, placed, source, singers, seed, rate)
        lines.append(_heard(phrase, placed, origin, sound, rate))
        _lay(audio, origin, sound, rate)
        breath = inhale((free, placed[0].start), singers[0], seed_of(seed, singers[0].name, phrase.key, "breath"), rate)
        if breath is not None:
            _lay(audio, *breath, rate)
        free = placed[-1].end + apart
    return Sung(audio.numpy(), tuple(lines))


def _placed(phrase: Phrase, following: Phrase | None, free: float, duration: float, apart: float) -> tuple[Placed, ...]:
    """When the phrase's phones sound: after the one before, and out of the way of the one that follows."""
    latest = duration
    if following is not None:
        words = following.utterance
        opening = onset_seconds(words.phones, words.syllables[0], words.speech.rate)
        latest = min(duration, following.spans[0][0] - opening - apart)
    words = phrase.utterance
    return place(
        words.phones, words.syllables, phrase.spans, words.speech.rate, free, latest, spoken=phrase.plan.spoken
    )


def _lay(audio: Tensor, origin: float, sound: Tensor, rate: int) -> None:
    """Add a sound at `origin` seconds to the song; what lies beyond its end is lost."""
    first = round(origin * rate)
    sound = sound[: max(len(audio) - first, 0)]
    audio[first : first + len(sound)] += sound


def _heard(phrase: Phrase, placed: Sequence[Placed], origin: float, sound: Tensor, rate: int) -> LineTime:
    """When each word sounds. A word whose first consonant starts in silence starts when it can be heard."""
    block = rate // 1000
    peaks = sound[: len(sound) // block * block].abs().view(-1, block).amax(1).numpy()
    audible = np.flatnonzero(peaks > AUDIBLE * peaks.max()) * block / rate + origin
    words = []
    for number, text in enumerate(phrase.utterance.words):
        own = [piece for piece in placed if phrase.utterance.phones[piece.index].word == number]
        start, end = float(own[0].start), float(own[-1].end)
        later = audible[np.searchsorted(audible, start - (MARGIN_S if number == 0 else 0.0)) :]
        if len(later) and later[0] < end:
            start = float(later[0])
        words.append(WordTime(text, start, end))
    return LineTime(phrase.plan.line.text, words[0].start, words[-1].end, tuple(words))
