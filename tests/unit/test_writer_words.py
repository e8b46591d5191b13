"""The writer's languages: couplets that rhyme by their sound, keep their metre, and are read in their own language."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from engine.studio.voice import read
from engine.studio.voice.espeak import Speaker
from engine.studio.voice.read import Utterance, utter
from engine.studio.writer.words import THEMES, TOPIC, Couplet, languages, words

# Sounds that count as one in a rhyme: length, stress, nasality and the colour of an unstressed vowel don't part them.
GROUPS = (
    "aɐäɑɒæ", "eɛεɜəɘᵻʌ", "iɪᵿɨyʏ", "oʊɔɵø", "uʉɯœ", "ɡɟ", "ʃɕʂ", "ʒʑʐ", "lɫɭɬʎ", "rɹɻɾʀʁɽ", "ɣxχç", "nɲɳ",
    "sθ", "tʈ", "dɖ", "vʋβ",
)  # fmt: skip
SAME = str.maketrans({letter: group[0] for group in GROUPS for letter in group})
FILLER = re.compile(r"\b(?:la la|na na|yeah|oh|ooh|hey|whoa|woah|baby)\b", re.IGNORECASE)
FEWEST, MOST = 4, 13
# Where no rhyme marks the ends, morae are counted, of which a doubled consonant is one and no syllable.
APART, APART_UNRHYMED, APART_FRAMED = 1, 2, 3
# Those that rhyme first: so the tests of one language, which hear the same lines, come one after the other.
LANGUAGES = sorted(languages(), key=lambda language: not words(language).rhymes)
RHYMED = [language for language in LANGUAGES if words(language).rhymes]


Said = Callable[[str, str], Utterance]
# What eSpeak said before weighs on its noise and timing, for which the worker forks: the sounds and syllables that are
# looked at here are the same, and the forks would cost more than the speech.
WITHOUT_FORKS = """
import json
from engine.studio.voice import espeak_worker
def answered(library, rate, line):
    return json.dumps(espeak_worker.speak(library, rate, json.loads(line))).encode()
espeak_worker.speak_in_fork = answered
espeak_worker.main()
"""


@pytest.fixture(scope="module")
def said() -> Iterator[Said]:
    """How a line is said in a language; each is asked for once."""
    with Speaker((sys.executable, "-c", WITHOUT_FORKS)) as speaker, pytest.MonkeyPatch.context() as quickly:
        # The sounds and syllables are those of slower speech, and eSpeak has half as much to make.
        quickly.setattr(read, "SPEECH_RATE", 300)

        @cache
        def said(line: str, language: str) -> Utterance:
            utterance = utter(line, language, speaker)
            assert utterance is not None, line
            return utterance

        yield said


def couplets(language: str) -> Iterator[Couplet]:
    for theme in words(language).themes.values():
        yield from (*theme.verse, *theme.chorus, *theme.bridge)


def frames(language: str) -> Iterator[Couplet]:
    yield from (*words(language).frames.verse, *words(language).frames.chorus)


def ending(utterance: Utterance) -> str:
    """From the last vowel on, with what sounds alike made one."""
    phones, last = utterance.phones, utterance.syllables[-1]
    sounds = [phones[last.nucleus], *(phones[at] for at in last.coda)]
    spelt = unicodedata.normalize("NFD", "".join(phone.symbol for phone in sounds))
    letters = "".join(letter for letter in spelt if letter.isalpha() and letter not in "ːʲʰʷʔ")
    # A glide into the vowel is no part of a rhyme: "liang" and "shang".
    return re.sub("^[iu](?=[aeo])", "", letters.translate(SAME))


def rhyme(first: Utterance, second: Utterance) -> bool:
    one, two = ending(first), ending(second)
    # A weak last sound ("-t", "-n") of one may be missing in the other, as singers do; the vowels may not differ.
    return one == two or (one[:1] == two[:1] and (one.startswith(two) or two.startswith(one)))


def test_the_writer_knows_many_languages() -> None:
    assert len(languages()) >= 24
    assert {"bn", "ja", "en"} <= set(languages())


@pytest.mark.parametrize("language", LANGUAGES, scope="module")
def test_no_line_comes_twice_and_none_is_filler(language: str) -> None:
    lines = [line for couplet in (*couplets(language), *frames(language)) for line in couplet]
    assert [line for line, count in Counter(line.casefold() for line in lines).items() if count > 1] == []
    assert [line for line in lines if FILLER.search(line)] == []
    assert len(words(language).themes) == len(THEMES)


@pytest.mark.parametrize("language", LANGUAGES, scope="module")
def test_lines_are_read_in_their_own_language_and_a_couplet_keeps_its_metre(language: str, said: Said) -> None:
    topic = words(language).topics["rain"]
    apart = APART if words(language).rhymes else APART_UNRHYMED
    for framed, pair in [*((False, c) for c in couplets(language)), *((True, c) for c in frames(language))]:
        first, second = (said(line.replace(TOPIC, topic), language) for line in pair)
        counts = [len(utterance.syllables) for utterance in (first, second)]
        assert min(counts) >= FEWEST, pair
        assert max(counts) <= MOST + 2 * framed, pair
        assert abs(counts[0] - counts[1]) <= (APART_FRAMED if framed else apart), (pair, counts)
        assert not any("(" in phone.symbol for utterance in (first, second) for phone in utterance.phones), pair


@pytest.mark.parametrize("language", RHYMED, scope="module")
def test_couplets_rhyme_by_their_sound_and_not_with_themselves(language: str, said: Said) -> None:
    wrong = []
    for pair in (*couplets(language), *frames(language)):
        first, second = (said(line.replace(TOPIC, words(language).topics["rain"]), language) for line in pair)
        if not rhyme(first, second) or first.words[-1].casefold() == second.words[-1].casefold():
            wrong.append((pair, ending(first), ending(second)))
    assert wrong == []
