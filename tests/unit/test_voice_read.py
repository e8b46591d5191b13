"""Reading lyrics: every word keeps its place and gets syllables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.spec.languages import LANGUAGES
from engine.studio.score import LyricLine
from engine.studio.voice.espeak import Speaker, VoiceUnavailable
from engine.studio.voice.languages import REFUSED
from engine.studio.voice.read import read_lyrics, utter, voice_for
from engine.studio.voice.spell import spell


@pytest.fixture(scope="module")
def speaker() -> Iterator[Speaker]:
    with Speaker() as speaker:
        yield speaker


def read(text: str, speaker: Speaker, language: str = "en") -> LyricLine:
    return read_lyrics([("verse", text)], language, speaker)[0]


def counts(line: LyricLine) -> list[int]:
    return [sum(syllable.word == word for syllable in line.syllables) for word in range(len(line.words))]


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("Walking through the city in the pouring rain", [2, 1, 1, 2, 1, 1, 2, 1]),
        ("I was out of the game in the end", [1] * 9),
        ("Every beautiful hallelujah", [2, 3, 4]),
        ("don't you wanna be singin' o'er me", [1, 1, 2, 1, 2, 1, 1]),
        ("24 hours in 1999", [3, 2, 1, 5]),
        ("rock-n-roll, (ooh yeah)!", [3, 1, 1]),
        ("wait—what... and so", [1, 1, 1, 1]),
        ("psst shhh mmm", [1, 1, 1]),
        ("NEVER GONNA GIVE IT UP", [2, 2, 1, 1, 1]),
        ("sooooo freeee, noooo, cooool", [1, 1, 1, 1]),
    ],
)
def test_words_and_syllables(speaker: Speaker, text: str, syllables: list[int]) -> None:
    assert counts(read(text, speaker)) == syllables


def test_words_stay_as_written_and_sections_and_order_are_kept(speaker: Speaker) -> None:
    lines = read_lyrics(
        [("verse", "Hello, my “love”!"), ("chorus", "🎵 — 🎵"), ("chorus", "It's 5 o'clock…")], "en", speaker
    )
    assert [line.section for line in lines] == ["verse", "chorus", "chorus"]
    assert lines[0].words == ("Hello,", "my", "“love”!")
    assert lines[1].words == ()
    assert lines[1].syllables == ()
    assert lines[1].text == "🎵 — 🎵"
    assert lines[2].words == ("It's", "5", "o'clock…")


def test_stress_follows_the_language(speaker: Speaker) -> None:
    line = read("forever beautiful tonight", speaker)
    stresses = [[s.stress for s in line.syllables if s.word == word] for word in range(3)]
    assert [stress.index(max(stress)) for stress in stresses] == [1, 0, 1]
    assert max(stresses[0]) == 2
    assert min(stresses[0]) == 0


@pytest.mark.parametrize("text", ["", "   ", "…", "🎶🔥", "-- '' !?", "***", "(~)"])
def test_nothing_to_say_is_no_syllable(speaker: Speaker, text: str) -> None:
    line = read(text, speaker)
    assert (line.words, line.syllables) == ((), ())


TYPED = (
    "in", "the", "of", "to", "a", "I", "was", "and", "it", "for", "is", "on", "that", "at", "by", "an", "or", "as",
    "if", "with", "you've", "'cause", "3", "7th", "Mr.", "&", "moon", "love", "fire", "strengths", "rhythm", "hmm",
    "ooh", "la-la", "e.g.", "naïve", "wanna", "tsk",
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(words=st.lists(st.sampled_from(TYPED), min_size=1, max_size=9))
def test_no_word_is_lost(words: list[str], speaker: Speaker) -> None:
    line = read(" ".join(words), speaker)
    assert line.words == tuple(words)
    assert min(counts(line)) >= 1
    order = [syllable.word for syllable in line.syllables]
    assert order == sorted(order)


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(codec="latin-1"), max_size=30))
def test_anything_typed_is_read_or_left_out(text: str, speaker: Speaker) -> None:
    utterance = utter(text, "en", speaker)
    if utterance is not None:
        assert {group.word for group in utterance.syllables} == set(range(len(utterance.words)))
        used = [i for group in utterance.syllables for i in (*group.onset, group.nucleus, *group.coda)]
        assert used == list(range(len(utterance.phones)))


@pytest.mark.parametrize(
    ("language", "text", "syllables"),
    [
        ("es", "Bailando bajo la luna", [3, 2, 1, 2]),
        ("de", "Über den Wolken", [2, 1, 2]),
        ("fr", "Je t'aime encore", [1, 1, 2]),
        ("it", "che non c'è", [1, 1, 1]),
        ("ru", "тебя люблю", [2, 2]),
        ("pt", "coração", [3]),
        ("ko", "사랑해요", [4]),
    ],
)
def test_other_languages_are_read_the_same_way(
    speaker: Speaker, language: str, text: str, syllables: list[int]
) -> None:
    assert counts(read(text, speaker, language)) == syllables


@pytest.mark.parametrize(
    ("language", "text", "reason"),
    [
        ("th", "ฉันรักเธอ", "Thai"),
        ("en", "my ฉัน", "Thai"),
        ("xx", "what", "xx"),
        ("en", "my ᏣᎳᎩ", "English"),
        ("zh", "月\U00030000亮", "Chinese"),
    ],
)
def test_what_cannot_be_sung_is_refused_with_a_reason(speaker: Speaker, language: str, text: str, reason: str) -> None:
    with pytest.raises(VoiceUnavailable, match=reason):
        read(text, speaker, language)


def test_all_languages_but_those_refused_have_a_voice(speaker: Speaker) -> None:
    missing = set()
    for language in LANGUAGES:
        try:
            voice_for(language, speaker.voices)
        except VoiceUnavailable:
            missing.add(language)
    assert missing == set(REFUSED)


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("(Ooooh!)", "Ooh"),
        ("U.S.A.", "U S A"),
        ("24/7", "24 7"),
        ("$5", "5 dollars"),
        ("3.5", "3.5"),
        ("don’t", "don't"),
        ("la-la-la", "lah-lah-lah"),
        ("bringin'", "bringing"),
        ("—", ""),
        ("❤️", ""),
    ],
)
def test_english_spelling(typed: str, read_as: str) -> None:
    assert spell(typed, "en") == read_as
