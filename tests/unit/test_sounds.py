"""The benchmark's ear for languages: what it takes for the same sound, and what not."""

from __future__ import annotations

from bench.couplets import couplets
from bench.ears.sounds import alike, folded, of_one_language, switches
from engine.spec.languages import LANGUAGES


def test_every_language_has_a_couplet_and_its_sounds() -> None:
    assert set(couplets()) == set(LANGUAGES)
    for language, couplet in couplets().items():
        assert len(couplet.lines) == 2, language
        assert len(folded(couplet.sounds)) >= 10, language


def test_fine_differences_of_writing_are_one_sound() -> None:
    assert folded("tʰaːˈnʲa t͡ʃiː") == folded("tana tɕi") == ("t", "a", "n", "a", "c", "i")
    assert alike(folded("ɾʌt"), folded("rat")) == alike(folded("ʁət"), folded("rʌt")) == 1


def test_sounds_that_part_words_are_not_one_sound() -> None:
    for one, other in (
        ("y", "u"),
        ("bɔ̃", "bo"),
        ("ɲ", "n"),
        ("ç", "c"),
        ("ɕ", "ʃ"),
        ("ʈ", "t"),
        ("ə", "e"),
        ("ɨ", "i"),
    ):
        assert alike(folded(one), folded(other)) < 1, (one, other)


def test_what_is_said_too_much_counts_like_what_is_missing() -> None:
    assert alike(folded("abc"), folded("abcdef")) == alike(folded("abcdef"), folded("abc")) == 0.5
    assert alike((), folded("abc")) == 0


def test_another_language_inside_is_no_sound_of_this_one() -> None:
    said = ("m", "e", "(en)", "h", "ə", "(hi)", "d", "i")
    assert switches(said) == ("(en)", "(hi)")
    assert of_one_language(said, "hi") == ("m", "e", "d", "i")
