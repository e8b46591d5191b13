"""Reading lyrics aloud: which words and syllables a line has, and the speech that the singing is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from engine.spec.languages import LANGUAGES
from engine.studio.score import LyricLine, Syllable
from engine.studio.voice.arabic import voweled
from engine.studio.voice.espeak import PhoneEvent, Speaker, Speech, VoiceUnavailable
from engine.studio.voice.ipa import ipa
from engine.studio.voice.languages import REFUSED, TAGS
from engine.studio.voice.phones import Group, Kind, Phone, group, syllabified
from engine.studio.voice.units import Unit, units

SPEECH_RATE = 120
# A whole number of samples a period at eSpeak's 22,050 Hz, low enough for the formants to be sampled densely.
SPEECH_PITCH = 105
STRESS_MARKS = {"ˈ": 2, "ˌ": 1}
# eSpeak merges words that often go together ("in the"); it seldom looks across a no-break space, and never across a
# comma, at which it pauses.
SEPARATORS = (" ", "\N{NO-BREAK SPACE}", ", ")
# Of these it seldom tells the words apart but by the pauses between them.
PAUSED = frozenset(("ko",))
# Words said in one breath: of more, a single merged one would have them all said one by one.
BREATH = 24
# Of the sound after it, what a phoneme gets that eSpeak melts into that one.
MELTED_SHARE = 1 / 3
MELTED_AT_MOST_S = 0.015
# Writing that leaves short vowels out.
VOWELLESS = frozenset(("ar", "fa", "ur"))


@dataclass(frozen=True, eq=False)
class Utterance:
    """A spoken line: the words as written, phones [samples of `speech`], syllables. Every word has at least one."""

    words: tuple[str, ...]
    phones: tuple[Phone, ...]
    syllables: tuple[Group, ...]
    speech: Speech


def voice_for(language: str, voices: Mapping[str, str]) -> str:
    """Identifier of the voice that sings `language`, out of those eSpeak has. Raises `VoiceUnavailable`."""
    if language in REFUSED:
        raise VoiceUnavailable(REFUSED[language])
    tag = TAGS.get(language, language)
    if tag not in voices:
        raise VoiceUnavailable(f"the built-in voice can't sing {LANGUAGES.get(language, language)}")
    return voices[tag]


def _phones(speech: Speech, word_starts: Sequence[int], language: str) -> tuple[Phone, ...]:
    """Phones with their words; `word_starts`: the character of the spoken text where each word begins."""
    found: list[Phone] = []
    ends = [event.sample for event in speech.phones[1:]] + [len(speech.pcm)]
    carried = 0
    # A consonant that takes no time is heard in the next sound of its word, else in the one before.
    melted: tuple[str, int] | None = None

    def slice_of(length: int) -> int:
        return min(int(length * MELTED_SHARE), int(MELTED_AT_MOST_S * speech.rate))

    for event, end in zip(speech.phones, ends, strict=True):
        name, stress = event.symbol.lstrip("-"), 0
        while name[:1] in STRESS_MARKS:
            stress, name = max(stress, STRESS_MARKS[name[0]]), name[1:]
        symbol = ipa(name.strip(), language)
        word = max(int(np.searchsorted(word_starts, event.position, side="right")) - 1, 0)
        if end <= event.sample:
            # Some marks take no time; the stress they carry belongs to what follows.
            carried = max(carried, stress)
            melted = (symbol, word) if symbol else melted
            continue
        begin = event.sample
        if melted is not None:
            lost, of = melted
            if symbol and word == of and lost != symbol:
                begin += slice_of(end - begin)
                found.append(Phone(lost, event.sample, begin, word, 0))
            elif not (symbol and word == of) and found and found[-1].word == of:
                last = found[-1]
                cut = last.end - slice_of(last.end - last.start)
                found[-1:] = [replace(last, end=cut), Phone(lost, cut, last.end, of, 0)]
        if symbol:
            found.append(Phone(symbol, begin, end, word, max(stress, carried)))
        carried, melted = 0, None
    return syllabified(found, language)


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


def _said(spoken: Sequence[str], language: str, speaker: Speaker) -> tuple[Speech, tuple[Phone, ...]]:
    """Words of one language as speech, and phones whose words count through `spoken`; some words may have none."""
    voice = voice_for(language, speaker.voices)
    best: tuple[Speech, tuple[Phone, ...]] | None = None
    for separator in SEPARATORS[-1:] if language in PAUSED else SEPARATORS:
        starts = np.cumsum([0] + [len(said) + len(separator) for said in spoken[:-1]]).tolist()
        speech = speaker.speak(separator.join(spoken), voice, SPEECH_RATE, SPEECH_PITCH)
        phones = _phones(speech, starts, language)
        if len({phone.word for phone in phones}) == len(spoken):
            # A word may have given its vowel to the next ("τα αστέρια").
            if _sung(phones) == len(spoken):
                return speech, phones
            best = best or (speech, phones)
    if best is None and (paused := _by_pauses(speech, len(spoken))) is not None:
        best = paused, _phones(paused, range(len(spoken)), language)
        if _sung(best[1]) == len(spoken):
            return best
    speech, starts = _one_by_one(spoken, voice, speaker)
    phones = _phones(speech, starts, language)
    return best if best is not None and _sung(best[1]) >= _sung(phones) else (speech, phones)


def _by_pauses(speech: Speech, words: int) -> Speech | None:
    """Speech with a pause after each word, whose phonemes count the words; None where the pauses don't tell them."""
    events: list[PhoneEvent] = []
    word, quiet = 0, True
    for event in speech.phones:
        silent = not event.symbol.strip("_")
        word += silent and not quiet
        quiet = silent
        events.append(replace(event, position=word))
    return replace(speech, phones=tuple(events)) if word + (not quiet) == words else None


def _sung(phones: Sequence[Phone]) -> int:
    """How many words have a vowel, or what stands for one."""
    return len({phone.word for phone in phones if phone.nuclear})


def _singable(phones: Sequence[Phone]) -> bool:
    """Whether a word has a vowel near every consonant: none at all, or three consonants in a row, nobody can sing."""
    row, longest = 1, 0
    for phone in phones:
        row = 0 if phone.kind is Kind.VOWEL else row + (phone.symbol not in "jw")
        longest = max(longest, row)
    return longest < 3 and any(phone.kind is Kind.VOWEL for phone in phones)


def _spoken(part: Sequence[Unit], language: str, speaker: Speaker) -> tuple[Speech, tuple[Phone, ...]]:
    """Units of one language as speech; short vowels that are neither written nor known are put in."""
    spoken = [unit.said for unit in part]
    speech, phones = _said(spoken, language, speaker)
    if language in VOWELLESS:
        clear = [_singable([phone for phone in phones if phone.word == word]) for word in range(len(spoken))]
        if not all(clear):
            spoken = [said if sung else voweled(said) for said, sung in zip(spoken, clear, strict=True)]
            speech, phones = _said(spoken, language, speaker)
    return speech, phones


def utter(text: str, language: str, speaker: Speaker) -> Utterance | None:
    """Speak a line; None where it holds nothing that can be said.

    Words in another writing than the language's are said in the language of that writing, by its voice. Raises
    `VoiceUnavailable` where a voice is missing or can't read the line's writing.
    """
    # Where the language itself can't be sung, that is the reason, whatever the line holds.
    voice_for(language, speaker.voices)
    words: list[str] = []
    phones: list[Phone] = []
    events: list[PhoneEvent] = []
    blocks = []
    rate = offset = 0
    for own, together in groupby(units(text, language), key=lambda unit: unit.language):
        part = list(together)
        for begin in range(0, len(part), BREATH):
            breath = part[begin : begin + BREATH]
            speech, said = _spoken(breath, own, speaker)
            # What eSpeak says nothing to even alone (a lone combining sign) is not a word.
            heard = sorted({phone.word for phone in said})
            for phone in said:
                start, end = phone.start + offset, phone.end + offset
                phones.append(replace(phone, start=start, end=end, word=len(words) + heard.index(phone.word)))
            events += [replace(event, sample=event.sample + offset) for event in speech.phones]
            words += [breath[word].word for word in heard]
            blocks.append(speech.pcm)
            offset += len(speech.pcm)
            rate = speech.rate
    if not words:
        return None
    whole = Speech(np.concatenate(blocks), rate, tuple(events), ())
    return Utterance(tuple(words), tuple(phones), group(phones), whole)


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
