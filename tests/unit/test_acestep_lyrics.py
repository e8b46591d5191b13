"""New words in their place among those of a song."""

from __future__ import annotations

import pytest

from engine.acestep.lyrics import mostly, with_new
from engine.spec.protocol import LineTime

SONG = "[Intro]\n\n[Verse 1]\none\ntwo\nthree\n\n[Chorus]\nfour\nfive\n\n[Outro]"


@pytest.mark.parametrize(
    ("new", "start", "end", "whole"),
    [
        ("NEW", 15, 35, "[Intro]\n\n[Verse 1]\none\nNEW\n\n[Chorus]\nfour\nfive\n\n[Outro]"),
        ("[Rap]\nNEW", 15, 25, SONG.replace("two", "\n[Rap]\nNEW\n\n[Verse 1]")),
        ("NEW", 25, 45, "[Intro]\n\n[Verse 1]\none\ntwo\nNEW\n\n[Chorus]\nfive\n\n[Outro]"),
        ("NEW", 0, 5, "[Intro]\n\n[Verse 1]\nNEW\none\ntwo\nthree\n\n[Chorus]\nfour\nfive\n\n[Outro]"),
        ("NEW", 55, 60, SONG + "\n\nNEW"),
        ("[Rap]\nNEW", 0, 60, "[Intro]\n\n[Rap]\nNEW\n\n[Outro]"),
    ],
    ids=["lines", "a section", "across sections", "before all", "after all", "all"],
)  # fmt: skip
def test_new_words_stand_where_they_are_sung(new: str, start: float, end: float, whole: str) -> None:
    assert with_new(SONG, new, start, end, 60) == whole


def test_lines_that_were_timed_are_found_where_they_sound() -> None:
    times = (LineTime("One!", 40, 44), LineTime("unknown", 44, 45), LineTime("three", 50, 52))
    # Between both the second lies at 47, and what follows is spread up to the end.
    assert with_new(SONG, "NEW", 45, 49, 60, times).splitlines()[2:6] == ["[Verse 1]", "one", "NEW", "three"]
    assert "[Verse 1]\none\ntwo\nNEW" in with_new(SONG, "NEW", 50, 52, 60, times)


def test_a_song_without_words_gets_the_new_ones() -> None:
    assert with_new("", "NEW", 10, 20, 60) == "NEW"


def test_most_of_the_words_are_of_one_hand() -> None:
    assert mostly("a\nb", "[Verse]\na\nb\nc")
    assert not mostly("[Verse]\na", "[Verse]\na\nb\nc")
    assert not mostly("", "a")
