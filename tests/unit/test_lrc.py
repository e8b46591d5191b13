from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio.lrc import format_lrc, parse_lrc
from engine.spec.protocol import LineTime, WordTime

LINES = (
    LineTime("Steam on the window", 59.996, 63.0, (WordTime("Steam", 59.996, 60.5), WordTime("on", 60.5, 60.7),
             WordTime("the", 60.7, 60.9), WordTime("window", 60.9, 62.4))),
    LineTime("rain on the roof", 63.125, 66.0),
)  # fmt: skip


def test_a_player_gets_plain_lrc() -> None:
    assert format_lrc(LINES, title="Coffee Steam", duration=72.5) == (
        "[ti:Coffee Steam]\n[re:AI-generated with Minstrel]\n[length:01:12.50]\n"
        "[01:00.00]Steam on the window\n[01:03.13]rain on the roof\n"
    )


def test_words_have_times_in_the_enhanced_form() -> None:
    text = format_lrc(LINES, title="", duration=72.5, words=True)
    assert "[01:00.00]<01:00.00>Steam <01:00.50>on <01:00.70>the <01:00.90>window<01:02.40>\n" in text
    first, second = parse_lrc(text)
    assert [word.text for word in first.words] == ["Steam", "on", "the", "window"]
    assert [word.start for word in first.words] == pytest.approx([60.0, 60.5, 60.7, 60.9])
    assert (first.text, first.end) == ("Steam on the window", 62.4)
    assert (second.words, second.end) == ((), 72.5)


def test_languages_without_spaces_stay_without_spaces() -> None:
    line = LineTime("雨が降る", 1, 3, tuple(WordTime(c, 1 + i / 2, 1.5 + i / 2) for i, c in enumerate("雨が降る")))
    [back] = parse_lrc(format_lrc([line], title="雨", duration=4, words=True))
    assert back == line


def test_words_spelt_otherwise_than_the_line_still_show() -> None:
    line = LineTime("24 hours", 1, 3, (WordTime("twenty-four", 1, 2), WordTime("hours", 2, 3)))
    [back] = parse_lrc(format_lrc([line], title="", duration=4, words=True))
    assert back.text == "twenty-four hours"


def test_lyrics_that_look_like_times_do_not_become_times() -> None:
    [line] = parse_lrc(format_lrc([LineTime("[00:[00:01.00]09.00]go <00:02>now", 5, 6)], title="", duration=9))
    assert (line.text, line.start) == ("go now", 5)


def test_files_of_other_people_are_read_too() -> None:
    text = "\ufeff[ar:Somebody]\r\n[offset:+500]\r\n[00:12][01:02.5]again\r\n[00:20.250] once \r\nno time\r\n"
    assert [(line.text, line.start) for line in parse_lrc(text)] == [("again", 11.5), ("once", 19.75), ("again", 62.0)]


words = st.text(st.characters(codec="utf-8", exclude_characters="[]<>"), max_size=40).map(lambda t: " ".join(t.split()))
times = st.floats(0, 600, allow_nan=False)


@given(st.lists(st.tuples(words, times), max_size=8), words)
def test_lines_come_back_within_half_a_hundredth(rows: list[tuple[str, float]], title: str) -> None:
    lines = [LineTime(text, start, start + 1) for text, start in rows]
    back = parse_lrc(format_lrc(lines, title=title, duration=601))
    expected = sorted(lines, key=lambda line: line.start)
    assert [line.text for line in back] == [line.text for line in expected]
    assert all(abs(a.start - b.start) <= 0.005 + 1e-9 for a, b in zip(back, expected, strict=True))
    assert all(a.start <= a.end for a in back)


@given(
    st.lists(st.tuples(st.text("abcäß雨", min_size=1, max_size=6), st.floats(0.01, 2)), min_size=1, max_size=6), times
)
def test_words_come_back_within_half_a_hundredth(parts: list[tuple[str, float]], start: float) -> None:
    at, sung = start, []
    for text, length in parts:
        sung.append(WordTime(text, at, at + length))
        at += length
    line = LineTime(" ".join(text for text, _ in parts), start, at, tuple(sung))
    [back] = parse_lrc(format_lrc([line], title="x", duration=at, words=True))
    assert back.text == line.text
    assert [word.text for word in back.words] == [word.text for word in sung]
    assert all(abs(a.start - b.start) <= 0.005 + 1e-9 for a, b in zip(back.words, sung, strict=True))
