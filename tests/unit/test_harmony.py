"""Chords: every symbol has a meaning, keys are heard, voices move little."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.studio.compose import compose, theory
from engine.studio.compose.clock import Clock
from engine.studio.compose.harmony import ALIKE
from engine.studio.compose.progressions import BANKS, EIGHT_BAR_BLUES
from engine.studio.compose.voicing import voiced
from engine.studio.score import BEATS_PER_BAR
from tests.unit import studio


def symbols(text: str) -> list[str]:
    return text.replace(",", " ").split(" ")


def test_every_progression_can_be_played_in_every_key() -> None:
    texts = [text for banks in EIGHT_BAR_BLUES for text in banks]
    for banks in BANKS.values():
        for bank in banks:
            texts += [*bank.verse, *bank.chorus, *bank.bridge, bank.cadence, bank.home, bank.turn]
    for symbol in (
        {symbol for text in texts for symbol in symbols(text)}
        | set(ALIKE)
        | {s for each in ALIKE.values() for s in each}
    ):
        for tonic in range(12):
            chord = theory.chord(symbol, tonic, False, 0.0, 4.0)
            assert chord.tones[0] == chord.root
            assert len(set(chord.tones)) == len(chord.tones) >= 2


@pytest.mark.parametrize(
    ("symbol", "tonic", "minor", "name", "tones"),
    [
        ("I", 0, False, "C", (0, 4, 7)), ("vi7", 0, False, "Am7", (9, 0, 4, 7)), ("bVII", 9, True, "G", (7, 11, 2)),
        ("V7", 5, False, "C7", (0, 4, 7, 10)), ("ii7b5", 2, True, "Em7b5", (4, 7, 10, 2)), ("I5", 4, True, "E5", (4,
        11)),
        ("bVI", 0, True, "Ab", (8, 0, 3)), ("#ivdim7", 0, False, "F#dim7", (6, 9, 0, 3)),
    ],
)  # fmt: skip
def test_symbols_mean_what_they_say(symbol: str, tonic: int, minor: bool, name: str, tones: tuple[int, ...]) -> None:
    chord = theory.chord(symbol, tonic, minor, 0.0, 4.0)
    assert (chord.name, chord.tones) == (name, tones)


def test_unknown_symbols_are_refused() -> None:
    for symbol in ("", "H", "Vwobble", "iii13"):
        with pytest.raises(ValueError, match=r"no chord symbol|unknown ending"):
            theory.chord(symbol, 0, False, 0.0, 1.0)


@pytest.mark.parametrize("genre", tuple(studio.presets()))
def test_songs_begin_at_home_and_come_home_from_the_dominant(genre: str) -> None:
    for seed in range(5):
        score = compose(studio.brief(genre, seed=seed), studio.lines(), 100.0, seed, "")
        assert score.chords[0].root == score.chords[-1].root == score.tonic
        assert (score.chords[-2].root - score.tonic) % 12 == 7


def test_blues_has_twelve_bars() -> None:
    score = compose(studio.brief("Blues", seed=3, bpm=100, keyscale="A Major"), (), 120.0, 3, "")
    bar = BEATS_PER_BAR[score.timesignature]
    verse = next(section for section in score.sections if section.kind == "verse")
    assert verse.bars == 12
    starts = [(verse.start_bar + at) * bar + 0.01 for at in range(12)]
    roots = [
        next((chord.root - 9) % 12 for chord in reversed(score.chords) if chord.start <= start) for start in starts
    ]
    # tonic, subdominant in bar five, home again in bar seven, dominant in bar nine or ten and at the turn
    assert roots[0] == 0
    assert roots[4] == 5
    assert roots[6] == 0
    assert 7 in roots[8:10]


def test_jazz_is_full_of_two_five_ones() -> None:
    found = 0
    for seed in range(5):
        score = compose(studio.brief("Jazz", seed=seed), (), 120.0, seed, "")
        degrees = [(chord.root - score.tonic) % 12 for chord in score.chords]
        found += sum(degrees[at : at + 2] == [2, 7] for at in range(len(degrees)))
        assert all(len(chord.tones) >= 4 for chord in score.chords)
    assert found >= 15


VERSES = sorted({symbol for banks in BANKS.values() for symbol in symbols(banks[0].verse[0])})


@given(st.lists(st.sampled_from(VERSES), min_size=2, max_size=12))
def test_voices_move_little_and_stay_in_range(words: list[str]) -> None:
    before: tuple[int, ...] = ()
    for word in words:
        chord = theory.chord(word, 3, False, 0.0, 4.0)
        pitches = voiced(chord.tones, 50, 74, 4, before)
        assert {pitch % 12 for pitch in pitches} <= set(chord.tones)
        assert 50 <= min(pitches) <= max(pitches) <= 76
        if before and len(before) == len(pitches):
            assert sum(abs(a - b) for a, b in zip(before, pitches, strict=True)) / len(pitches) < 5
        before = pitches


@given(st.floats(1, 600), st.integers(30, 300), st.sampled_from(("2/4", "3/4", "4/4", "6/8")))
def test_the_final_chord_rings_inside_the_song(duration: float, bpm: int, metre: str) -> None:
    clock = Clock(bpm, metre, duration)
    assert 0 <= clock.last < clock.release < clock.end
    assert clock.body <= clock.bars
    assert (clock.end - clock.last) * clock.beat_s <= 5.6
    if duration > 8:
        assert (clock.end - clock.last) * clock.beat_s >= 1.75


def test_swing_delays_the_offbeat_only() -> None:
    clock = Clock(120, "4/4", 60, 0.66)
    assert [clock.swung(beat) for beat in (0, 1, 2, 3.0)] == [0, 1, 2, 3]
    assert clock.swung(1.5) == pytest.approx(1.66)
    assert clock.swung(1.25) < clock.swung(1.5) < clock.swung(1.75) < 2
