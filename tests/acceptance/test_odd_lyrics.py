"""Odd lyrics: sung, shortened with a notice, or refused with a sentence; never silence passed off as singing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from bench.takes import made, studio
from bot.replies import reply
from engine.audio.lrc import format_lrc, parse_lrc
from engine.spec import EngineError, LineTime, Order, Plan, Take, parse
from engine.spec.estimate import sung_lines

SECONDS = 8.0
# -40 dBFS: a voice in a song is about 20 dB louder.
AUDIBLE = 0.01
# A line sounds in at least so much of its time, also one that is nothing but consonants; words may rest inside.
SOUNDS = 0.6

SUNG = {
    "one word": "Hello",
    "emoji among words": "I 🔥 love 💖 you 🎵",
    "no vowels": "Shh Psst Brrr",
    "one letter": "O",
    "digits": "1 2 3 4",
    "a year and a price": "In 1999 it was $5",
    "capitals": "WE ARE THE NIGHT AND THE CITY",
    "capitals, one word": "HELLO",
    "zero width inside": "he\u200bllo wor\u200dld",
    "marks on letters": "h\u0336e\u0336l\u0336l\u0336o\u0336 there",
    "code": "<b>Hello</b> & [[h@l'oU]] {name} %s",
    "held letters": "Ooooooooooh yeaaaaaah",
    "right to left": "حبيبي عيناك نور حياتي",
    "right to left, with digits": "שלום 2 עולם",
    "mixed scripts": "Hello мой друг, bonjour",
    "words and remarks": "(oh) [whispered]\nstay with me",
    "one letter, 200 times": "a" * 200,
}
LINES = "\n".join(f"Walking down the river road number {at} of all" for at in range(520))
TOO_LONG = {
    "20,000 characters": LINES[:20_000],
    "a line": "la " * 600,
    "a word": "lala" * 50,
    "a word of one letter, many lines": "\n".join("o" * count for count in range(150, 200)),
}
REFUSED = {"emoji": "🔥🔥🔥", "punctuation": "... !!! ???", "symbols": "★ ♪ → ∞", "a lone mark": "\u0301"}


@dataclass(frozen=True)
class Made:
    """A finished song as people get it: its plan, its take, and its lines read back from the LRC file's text."""

    plan: Plan
    take: Take
    lines: tuple[LineTime, ...]

    @property
    def left_out(self) -> int:
        return sum(notice.params["count"] for notice in self.plan.notices if notice.code == "lines_left_out")


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end() -> Iterator[None]:
    yield
    studio().close()
    studio.cache_clear()


@cache
def song(lyrics: str, seconds: float = SECONDS) -> Made:
    spec = parse("text2music", {"caption": "slow piano", "lyrics": lyrics, "duration": seconds})
    order = Order(job=1, spec={}, duration=seconds, takes=1, seed=3, workdir="")
    plan, take = made(spec, order)
    lrc = format_lrc(take.lines, title=plan.title, duration=plan.duration, words=True)
    return Made(plan, take, tuple(line for line in parse_lrc(lrc) if line.text))


def share_that_sounds(song: Made, line: LineTime) -> float:
    voice, rate = song.take.stems["vocals"].mean(axis=0), song.take.sample_rate
    inside = voice[round(line.start * rate) : round(line.end * rate)]
    frames = inside[: len(inside) // 480 * 480].reshape(-1, 480)
    return float(np.mean(np.sqrt((frames**2).mean(axis=1)) > AUDIBLE / 4)) if len(frames) else 0.0


def hear(song: Made, asked: int) -> None:
    """Somebody sings: every line there is a time for sounds, and the others are owned up to."""
    assert not song.plan.instrumental
    assert "vocals" in [*song.take.stems]
    assert np.abs(song.take.stems["vocals"]).max() > 10 * AUDIBLE
    assert song.lines
    for line in song.lines:
        assert share_that_sounds(song, line) >= SOUNDS, line
    assert len({line.text for line in song.lines}) + song.left_out >= asked


@pytest.mark.parametrize("lyrics", SUNG.values(), ids=SUNG)
def test_what_has_a_word_is_sung_or_refused_with_a_sentence(lyrics: str) -> None:
    try:
        hear(song(lyrics), sung_lines(lyrics))
    except EngineError as refused:
        says_why(refused)
        assert lyrics in MAY_BE_REFUSED


# A voice that has to read two scripts may say that it can't.
MAY_BE_REFUSED = frozenset({SUNG["mixed scripts"]})


def says_why(refused: EngineError) -> None:
    assert refused.permanent
    said = reply(refused.code, job=1, **refused.params)
    assert said != reply("internal")
    assert "lyrics" in said


@pytest.mark.parametrize("lyrics", REFUSED.values(), ids=REFUSED)
def test_what_has_no_word_is_refused_with_a_sentence(lyrics: str) -> None:
    with pytest.raises(EngineError) as refused:
        song(lyrics)
    says_why(refused.value)


@pytest.mark.parametrize("lyrics", ["[verse]\n[chorus]\n[instrumental]", "\u200b\u200d\ufeff", " \n \n"])
def test_where_nothing_is_written_nobody_seems_to_sing(lyrics: str) -> None:
    made = song(lyrics)
    assert made.plan.instrumental
    assert made.plan.lyrics_by is None
    assert made.lines == ()
    assert not {"vocals", "backing_vocals"} & set(made.take.stems)


@pytest.mark.parametrize("lyrics", TOO_LONG.values(), ids=TOO_LONG)
def test_what_is_too_long_is_shortened_with_a_notice_or_refused(lyrics: str) -> None:
    try:
        long = song(lyrics)
    except EngineError as refused:
        says_why(refused)
        return
    hear(long, len({*lyrics.splitlines()}))
    assert long.left_out > 0 or len(lyrics.splitlines()) == 1


def test_a_line_is_shown_as_it_was_written() -> None:
    assert [line.text for line in song(SUNG["emoji among words"]).lines] == [SUNG["emoji among words"]]
    assert [line.text for line in song(SUNG["right to left"]).lines] == [SUNG["right to left"]]


def test_shouted_words_are_words_and_not_letters() -> None:
    quiet, loud = (song(text).lines[0] for text in (SUNG["capitals"].lower(), SUNG["capitals"]))
    assert [word.text.lower() for word in loud.words] == [word.text for word in quiet.words]
    assert loud.end - loud.start == pytest.approx(quiet.end - quiet.start, abs=0.3)


def test_lyrics_are_sung_in_the_language_they_are_written_in() -> None:
    assert song(SUNG["right to left"]).plan.vocal_language == "ar"
    assert song(SUNG["right to left, with digits"]).plan.vocal_language == "he"
