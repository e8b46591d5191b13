"""Phonemes in time: in order, consonants before the beat, only what stands still is stretched."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.studio.voice.gate import at_rate
from engine.studio.voice.phones import Kind, Phone, group
from engine.studio.voice.timing import Placed, place, warp

RATE = 22_050


def phones(*words: str) -> tuple[Phone, ...]:
    """Phones of a tenth of a second each, one a letter."""
    found: list[Phone] = []
    for number, word in enumerate(words):
        for letter in word:
            start = len(found) * RATE // 10
            found.append(Phone(letter, start, start + RATE // 10, number, 0))
    return tuple(found)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("pɔɹɪŋ", ["pɔ", "ɹɪŋ"]),
        ("əɡɹi", ["ə", "ɡɹi"]),
        ("ɛkstɹə", ["ɛk", "stɹə"]),
        ("sɪŋɪŋ", ["sɪŋ", "ɪŋ"]),
        ("pst", ["pst"]),
        ("ɡɑɹdən", ["ɡɑɹ", "dən"]),
    ],
)
def test_syllables_open_with_what_a_word_could_open_with(word: str, parts: list[str]) -> None:
    said = phones(word)
    assert [
        "".join(said[i].symbol for i in (*syllable.onset, syllable.nucleus, *syllable.coda)) for syllable in group(said)
    ] == parts


@given(
    words=st.lists(st.text("ptksmlaiouwz", min_size=1, max_size=6), min_size=1, max_size=5),
    length=st.floats(0.05, 2.0),
    rest=st.sampled_from([0.0, 0.1, 1.0]),
    begin=st.sampled_from([0.0, 0.05, 3.0]),
)
def test_phones_keep_their_order_and_never_overlap(words: list[str], length: float, rest: float, begin: float) -> None:
    said = phones(*words)
    syllables = group(said)
    spans = [(begin + n * (length + rest), begin + n * (length + rest) + length) for n in range(len(syllables))]
    placed = place(said, syllables, spans, RATE, 0.0, 1000.0)
    assert [piece.index for piece in placed] == list(range(len(said)))
    assert placed[0].start >= -1e-9
    for one, other in itertools.pairwise(placed):
        assert one.start <= one.end + 1e-9
        assert one.end <= other.start + 1e-9
    nuclei = {syllable.nucleus: span for syllable, span in zip(syllables, spans, strict=True)}
    for piece in placed:
        if piece.index in nuclei:
            assert piece.start == pytest.approx(nuclei[piece.index][0], abs=1e-9)
            # A hiss can't be held longer than it was said.
            voiced = said[piece.index].kind.pitched or said[piece.index].kind.buzzes
            assert piece.end - piece.start > 0.2 * (length if voiced else min(length, 0.1))


def test_a_cluster_takes_more_of_a_short_note_than_one_consonant() -> None:
    def onset(word: str) -> float:
        said = phones("a", word)
        placed = place(said, group(said), [(1.0, 1.15), (1.15, 1.3)], RATE, 0.0, 10.0)
        return sum(piece.end - piece.start for piece in placed[1 : len(word)])

    assert onset("ta") == pytest.approx(0.3 * 0.15)
    assert onset("stra") == pytest.approx(0.45 * 0.15)


def test_speech_rests_when_its_syllables_are_said() -> None:
    said = phones("ta", "ti")
    syllables = group(said)
    slow, quick = [(1.0, 1.6), (1.6, 2.2)], [(1.0, 1.2), (1.2, 1.4)]
    for spoken in (False, True):
        first, second = [p for p in place(said, syllables, slow, RATE, 0.0, 9.0, spoken=spoken) if p.index in (1, 3)]
        assert (first.start, second.start) == (1.0, 1.6)
        assert (first.end < 1.2) == (second.end < 1.9) == spoken
    # A rest that is no rest is none.
    placed = place(said, syllables, quick, RATE, 0.0, 9.0, spoken=True)
    assert placed[1].end == pytest.approx(placed[2].start)


def test_only_a_voice_is_held() -> None:
    placed = place((said := phones("pst", "zz")), group(said), [(1.0, 3.0), (3.0, 5.0)], RATE, 0.0, 9.0)
    assert placed[2].end == pytest.approx(1.2, abs=1e-3)
    assert placed[-1].end == 5.0


def test_only_the_steady_part_of_a_vowel_is_stretched() -> None:
    hop = 105
    phone = Phone("ɔː", 0, 60 * hop, 0, 2)
    spectra = np.zeros((61, 20))
    # It changes over the first and last twenty frames.
    spectra[:21] += np.linspace(-60, 0, 21)[:, None]
    spectra[40:] += np.linspace(0, -60, 21)[:, None]
    seconds, frames = warp(phone, Placed(0, 1.0, 3.0), hop, RATE, spectra)
    assert (seconds[0], seconds[-1]) == (1.0, pytest.approx(3.0))
    assert (frames[0], frames[-1]) == (0.0, 60.0)
    assert (np.diff(seconds) > 0).all()
    held = np.interp([20.0, 40.0], frames, seconds)
    assert held[1] - held[0] > 1.7


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_slow_curve_is_straight_between_its_points_at_any_rate(rate: int) -> None:
    curve = np.sin(np.arange(900) / 30)
    seconds = np.arange(rate // 4) / rate
    wanted = np.interp(seconds, np.arange(900) / 4000, curve)
    assert at_rate(curve, 4000, rate // 4, rate).numpy() == pytest.approx(wanted, abs=1e-6)


def test_kinds_tell_noise_from_voice() -> None:
    kinds = {symbol: Phone(symbol, 0, 1, 0, 0).kind for symbol in ("tʃ", "dʒ", "s", "oʊ", "n", "əl", "õ", "?")}
    assert kinds == {
        "tʃ": Kind.STOP,
        "dʒ": Kind.VOICED_STOP,
        "s": Kind.FRICATIVE,
        "oʊ": Kind.VOWEL,
        "n": Kind.SONORANT,
        "əl": Kind.VOWEL,
        "õ": Kind.VOWEL,
        "?": Kind.SONORANT,
    }
