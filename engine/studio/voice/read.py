"""Reading lyrics aloud: which words and syllables a line has, and the speech that the singing is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.studio.score import LyricLine, Syllable
from engine.studio.voice.espeak import PhoneEvent, Speaker, Speech
from engine.studio.voice.languages import require_readable, voice_for
from engine.studio.voice.phones import Group, Phone, group
from engine.studio.voice.spell import spell, tokens

SPEECH_RATE = 120
# A whole number of samples a period at eSpeak's 22,050 Hz, low enough for the formants to be sampled densely.
SPEECH_PITCH = 105
STRESS_MARKS = {"ˈ": 2, "ˌ": 1}
# eSpeak merges words that often go together ("in the"); it does not look across a no-break space.
SEPARATORS = (" ", "\N{NO-BREAK SPACE}")


@dataclass(frozen=True, eq=False)
class Utterance:
    """A spoken line: the words as written, phones [samples of `speech`], syllables. Every word has at least one."""

    words: tuple[str, ...]
    phones: tuple[Phone, ...]
    syllables: tuple[Group, ...]
    speech: Speech


def _phones(speech: Speech, word_starts: Sequence[int]) -> tuple[Phone, ...]:
    """Phones with their words; `word_starts`: the character of the spoken text where each word begins."""
    found: list[Phone] = []
    ends = [event.sample for event in speech.phones[1:]] + [len(speech.pcm)]
    carried = 0
    for event, end in zip(speech.phones, ends, strict=True):
        symbol, stress = event.symbol.lstrip("-"), 0
        while symbol[:1] in STRESS_MARKS:
            stress, symbol = max(stress, STRESS_MARKS[symbol[0]]), symbol[1:]
        if end <= event.sample:
            # Some marks and merged phonemes take no time; the stress they carry belongs to what follows.
            carried = max(carried, stress)
            continue
        if symbol.strip('"'):
            word = max(int(np.searchsorted(word_starts, event.position, side="right")) - 1, 0)
            found.append(Phone(symbol, event.sample, end, word, max(stress, carried)))
        carried = 0
    return tuple(found)


def _one_by_one(spoken: Sequence[str], voice: str, speaker: Speaker) -> tuple[Speech, list[int]]:
    """Say each word alone and join the speeches -> (speech, word starts): clumsier, but no word can be merged away."""
    speeches = [speaker.speak(text, voice, SPEECH_RATE, SPEECH_PITCH) for text in spoken]
    events: list[PhoneEvent] = []
    offset = 0
    for index, speech in enumerate(speeches):
        events += [replace(event, sample=event.sample + offset, position=index) for event in speech.phones]
        offset += len(speech.pcm)
    pcm = np.concatenate([speech.pcm for speech in speeches])
    return Speech(pcm, speeches[0].rate, tuple(events), ()), list(range(len(speeches)))


def utter(text: str, language: str, speaker: Speaker) -> Utterance | None:
    """Speak a line; None where it holds nothing that can be said.

    Raises `VoiceUnavailable` where the voice is missing or can't read the line's writing.
    """
    voice = voice_for(language, speaker.voices)
    written = tokens(text)
    # Shouted lines: eSpeak would spell some of the words out.
    shouted = text.isupper() and len(written) > 1
    pairs = [(word, spell(word.lower() if shouted else word, language)) for word in written]
    pairs = [(word, spoken) for word, spoken in pairs if spoken]
    if not pairs:
        return None
    require_readable(text, language)
    words = tuple(word for word, _ in pairs)
    spoken = [said for _, said in pairs]
    for separator in SEPARATORS:
        starts = np.cumsum([0] + [len(said) + 1 for said in spoken[:-1]]).tolist()
        speech = speaker.speak(separator.join(spoken), voice, SPEECH_RATE, SPEECH_PITCH)
        phones = _phones(speech, starts)
        if len({phone.word for phone in phones}) == len(words):
            return Utterance(words, phones, group(phones), speech)
    speech, starts = _one_by_one(spoken, voice, speaker)
    phones = _phones(speech, starts)
    heard = sorted({phone.word for phone in phones})
    if not heard:
        return None
    # What eSpeak says nothing to even alone (a lone combining sign) is not a word.
    phones = tuple(replace(phone, word=heard.index(phone.word)) for phone in phones)
    return Utterance(tuple(words[word] for word in heard), phones, group(phones), speech)


def read_lyrics(lines: Sequence[tuple[str, str]], language: str, speaker: Speaker) -> tuple[LyricLine, ...]:
    """Lines as (section, text) -> their words and syllables; a syllable's stress is 2 for ˈ, 1 for ˌ, 0 for none.

    A line with nothing to say keeps its place, without words. Raises `VoiceUnavailable`.
    """
    found = []
    for section, text in lines:
        utterance = utter(text, language, speaker)
        if utterance is None:
            found.append(LyricLine(text, section, (), ()))
        else:
            syllables = tuple(Syllable(syllable.word, syllable.stress) for syllable in utterance.syllables)
            found.append(LyricLine(text, section, utterance.words, syllables))
    return tuple(found)
