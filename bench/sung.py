"""A couplet sung by the engine's voice on a plain tune, and what ears that know nothing of the voice hear of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.couplets import Couplet
from bench.ears import singing
from bench.ears.notes import Note
from bench.ears.sounds import alike, folded, of_one_language, switches
from engine.studio.score import LyricLine
from engine.studio.voice.espeak import Speaker, Speech
from engine.studio.voice.read import SPEECH_PITCH, SPEECH_RATE, read_lyrics, utter
from engine.studio.voice.sing import PhraseNote, PhrasePlan, Sung, sing

RATE = 48_000
SEED = 5
# Steps of a major scale that the syllables walk through, again and again.
TUNE = (0, 2, 4, 2, 7, 5, 4, 9, 7, 4, 5, 2)
TONIC = {"female": 62, "male": 50}
# Seconds of a syllable, of one that the language stresses, and of a line's last; of the rests before and between.
USUAL_S, STRESSED_S, LAST_S = 0.3, 0.45, 0.8
BEFORE_S, BETWEEN_S, AFTER_S = 0.5, 0.6, 0.4
# Who reads the text when it is read wrongly: the English voice, and for English the German one.
WRONG_VOICE = {"en": "de"}

Timbre = Literal["female", "male"]


@dataclass(frozen=True)
class HeardCouplet:
    """A sung couplet: cents off of every note, seconds off of every line and word, shares of the first line's sounds.

    `words_chance_s`: how far random times lie from the nearest onset; `wrong`: of the sounds as the wrong voice says
    them; `switched`: every voice but the first that had a part in it, and eSpeak's own marks of a change to another
    language.
    """

    language: str
    timbre: Timbre
    cents: NDArray[np.float64]
    lines_s: NDArray[np.float64]
    words_s: NDArray[np.float64]
    words_chance_s: NDArray[np.float64]
    sounds: float
    wrong: float
    switched: tuple[str, ...]
    digest: str


class Overheard(Speaker):
    """A speaker that tells which voices it was asked for, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def speak(self, text: str, voice: str, rate: int = SPEECH_RATE, pitch: int = SPEECH_PITCH) -> Speech:
        """As any speaker."""
        self.asked.append(voice)
        return super().speak(text, voice, rate, pitch)


def heard(couplet: Couplet, timbre: Timbre, speaker: Overheard) -> HeardCouplet:
    """Sing `couplet` and hear it. Raises `VoiceUnavailable` where the engine refuses to."""
    speaker.asked.clear()
    phrases = on_a_tune(read_lyrics([("verse", line) for line in couplet.lines], couplet.language, speaker), timbre)
    sung = sung_once(phrases, couplet.language, timbre, speaker)
    notes = [
        Note("voice", note.start, note.end - note.start, round(note.midi), 0, drum=False)
        for phrase in phrases
        for note in phrase.notes
    ]
    voice = np.stack((sung.audio, sung.audio))
    onsets = singing.onsets(voice, RATE, sung.lines)
    words = np.asarray([word.start for line in sung.lines for word in line.words[1:]])
    elsewhere = np.random.default_rng(SEED).uniform(0.2, 1.0, len(words))
    marks = [symbol for line in couplet.lines for symbol in spoken(line, couplet.language, speaker)]
    _, *others = dict.fromkeys(speaker.asked)
    return HeardCouplet(
        language=couplet.language,
        timbre=timbre,
        cents=singing.cents_off(voice, RATE, notes, 1.0),
        lines_s=singing.apart([line.start for line in sung.lines], onsets),
        words_s=singing.apart(words, onsets),
        words_chance_s=singing.apart(words + elsewhere, onsets),
        sounds=read_right(couplet, speaker),
        wrong=read_wrong(couplet, speaker),
        switched=(*others, *switches(marks)),
        digest=_digest(sung),
    )


def digest(couplet: Couplet, timbre: Timbre, speaker: Speaker) -> str:
    """Of every sample and every time of `couplet`, sung once more. Raises `VoiceUnavailable`."""
    phrases = on_a_tune(read_lyrics([("verse", line) for line in couplet.lines], couplet.language, speaker), timbre)
    return _digest(sung_once(phrases, couplet.language, timbre, speaker))


def on_a_tune(lines: Sequence[LyricLine], timbre: Timbre) -> tuple[PhrasePlan, ...]:
    """`lines` one after the other; stressed syllables longer, the last of a line held."""
    phrases, time, step = [], BEFORE_S, 0
    for line in lines:
        notes = []
        for number, syllable in enumerate(line.syllables):
            last = number == len(line.syllables) - 1
            length = LAST_S if last else STRESSED_S if syllable.stress == 2 else USUAL_S
            notes.append(PhraseNote(TONIC[timbre] + TUNE[step % len(TUNE)], time, time + length, number))
            time, step = time + length, step + 1
        phrases.append(PhrasePlan(line, tuple(notes)))
        time += BETWEEN_S
    return tuple(phrases)


def sung_once(phrases: Sequence[PhrasePlan], language: str, timbre: Timbre, speaker: Speaker) -> Sung:
    """`phrases` as they sound, with a little silence after them."""
    duration = phrases[-1].notes[-1].end + AFTER_S
    return sing(phrases, duration=duration, seed=SEED, speaker=speaker, timbre=timbre, language=language, rate=RATE)


def _digest(sung: Sung) -> str:
    return hashlib.sha256(sung.audio.tobytes() + repr(sung.lines).encode()).hexdigest()


def spoken(line: str, language: str, speaker: Speaker) -> tuple[str, ...]:
    """What eSpeak says to a line of `language`, with its marks; raises `VoiceUnavailable`."""
    utterance = utter(line, language, speaker)
    return tuple(event.symbol.lstrip("ˈˌ") for event in utterance.speech.phones) if utterance else ()


def read_right(couplet: Couplet, speaker: Speaker) -> float:
    """Share of the first line's sounds that the engine sings, in their order."""
    utterance = utter(couplet.lines[0], couplet.language, speaker)
    said = [phone.symbol for phone in utterance.phones] if utterance else []
    return alike(folded(said), folded(couplet.sounds))


def read_wrong(couplet: Couplet, speaker: Speaker) -> float:
    """The same share where another language's voice reads the line."""
    tag = WRONG_VOICE.get(couplet.language, "en-us")
    speech = speaker.speak(couplet.lines[0], speaker.voices[tag], SPEECH_RATE, SPEECH_PITCH)
    said = of_one_language((event.symbol.lstrip("ˈˌ") for event in speech.phones), tag)
    return alike(folded(said), folded(couplet.sounds))
