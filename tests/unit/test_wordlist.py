"""Words are found however they are written, and nothing else is touched."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workflows.wordlist import WordList

WORDS = WordList(("grape", "Bad Apple", "café", "$hit", "雨", "C++"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a GRAPE on the vine", "grape"),
        ("grapes", None),
        ("grapefruit", None),
        ("the_grape", None),
        ("(grape)", "grape"),
        ("a bad\n  apple a day", "Bad Apple"),
        ("bad, apple", None),
        ("ｇｒａｐｅ", "grape"),
        ("𝗴𝗿𝗮𝗽𝗲", "grape"),
        ("gr\u200ba\u00adp\ufe0fe", "grape"),
        ("a cafe\u0301 at noon", "café"),
        ("a cafe at noon", None),
        ("what $HIT is that", "$hit"),
        ("大雨の中", "雨"),
        ("written in C++.", "C++"),
        ("", None),
    ],
)
def test_a_word_is_found_as_a_word_of_its_own(text: str, word: str | None) -> None:
    assert WORDS.first(text) == word


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Damn, damn the damnation", "Darn, darn the damnation"),
        ("ein ＤＡＭＮ größer", "ein Darn größer"),
        ("e\u0301 da\u200bmn e\u0301", "é darn é"),
        ("[verse]\nOh damn!\nwell", "[verse]\nOh darn!\nwell"),
        ("e\u0301 untouched", "e\u0301 untouched"),
    ],
)
def test_a_word_is_exchanged_and_the_rest_stays(text: str, kept: str) -> None:
    assert WordList(("damn",)).exchanged(text, lambda _: "darn") == kept


def test_of_two_words_the_longer_one_counts() -> None:
    others = {"bad": "good", "bad apple": "nice pear"}
    assert WordList(others).exchanged("Bad apple, bad day", others.__getitem__) == "Nice pear, good day"


def test_a_list_without_words_finds_nothing() -> None:
    assert WordList(()).first("anything") is None
    assert WordList(()).exchanged("anything", str) == "anything"


@pytest.mark.parametrize("nothing", ["", "  ", "\u200b", "\u3164"])
def test_a_word_needs_letters(nothing: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        WordList((nothing,))


hidden = st.sampled_from(["", "\u200b", "\u200d", "\u00ad", "\ufe0f", "\u2060"])
around = st.text(st.characters(codec="utf-8", exclude_categories=["L", "M", "N", "Cf", "Pc"]), max_size=10)


@given(around, st.lists(hidden, min_size=4, max_size=4), st.lists(st.booleans(), min_size=5, max_size=5), around)
def test_no_disguise_hides_a_word(before: str, between: list[str], upper: list[bool], after: str) -> None:
    letters = [sign.upper() if up else sign for sign, up in zip("grape", upper, strict=True)]
    disguised = "".join(sign + sep for sign, sep in zip(letters, [*between, ""], strict=True))
    # A few signs, such as ㎏ or ½, are letters and digits when they are compared.
    assume(not any(sign.isalnum() for sign in unicodedata.normalize("NFKC", before + after)))
    assert WORDS.first(f"{before}{disguised}{after}") == "grape"
    exchanged = WORDS.exchanged(f"{before}{disguised}{after}", lambda _: "plum")
    assert exchanged == unicodedata.normalize("NFC", f"{before}{'Plum' if upper[0] else 'plum'}{after}")


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at(text: str) -> None:
    found = WORDS.first(text)
    exchanged = WORDS.exchanged(text, lambda _: "")
    assert (exchanged == text) == (found is None)
