from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio import quality, tonality
from engine.audio.loudness import integrated_lufs
from tests.fakes.tune import RATE, tune

Audio = NDArray[np.float32]


def at(audio: Audio, lufs: float) -> Audio:
    return (audio * np.float32(10 ** ((lufs - integrated_lufs(audio, RATE)) / 20))).astype(np.float32)


@pytest.fixture(scope="module")
def song() -> Audio:
    return at(tune(8), -14)


def test_a_sound_song_scores_high(song: Audio) -> None:
    assert quality.quality_score(song, RATE) > 0.85
    assert all(0 <= part <= 1 for part in quality.components(song, RATE).values())


def test_clipping_costs(song: Audio) -> None:
    clipped = at(np.clip(song, -0.15, 0.15), -14)
    assert quality.headroom(clipped) < 0.3 < quality.headroom(song)
    assert quality.quality_score(clipped, RATE) < quality.quality_score(song, RATE) - 0.1


def test_a_hole_costs_more_the_longer_it_is(song: Audio) -> None:
    scores = []
    for seconds in (0.0, 2.0, 4.0):
        holed = song.copy()
        holed[:, 2 * RATE : round((2 + seconds) * RATE)] = 0
        scores.append(quality.quality_score(at(holed, -14), RATE))
    assert scores[0] > scores[1] > scores[2]


def test_silence_is_worth_nothing() -> None:
    assert quality.quality_score(np.zeros((2, RATE * 2), np.float32), RATE) < 0.2


@pytest.mark.parametrize("lufs", [-30, -24, -19])
def test_too_quiet_costs(song: Audio, lufs: float) -> None:
    assert quality.quality_score(at(song, lufs), RATE) < quality.quality_score(song, RATE) - 0.02


def test_level_knows_loudness_and_peaks() -> None:
    assert quality.level(-14, -1) == 1
    assert quality.level(-6, -1) < quality.level(-10, -1) < 1
    assert quality.level(-14, 1) < quality.level(-14, 0) < 1


def test_sides_that_cancel_or_lack_cost(song: Audio) -> None:
    cancelling = np.stack([song[0], -song[0]])
    one_sided = np.stack([song[0], song[1] * 0])
    lopsided = np.stack([song[0], song[1] * np.float32(0.3)])
    assert quality.stereo(song) == pytest.approx(1)
    assert quality.stereo(cancelling) == pytest.approx(0)
    assert quality.stereo(one_sided) == 0
    assert 0 < quality.stereo(lopsided) < 0.8
    assert quality.stereo(song[:1]) == pytest.approx(0.8)
    assert quality.stereo(song + np.float32(0.05)) < 0.6


def test_a_muffled_or_thin_song_costs(song: Audio) -> None:
    spectrum = np.fft.rfft(song)
    hertz = np.fft.rfftfreq(song.shape[1], 1 / RATE)
    muffled = np.fft.irfft(spectrum * (hertz < 250)).astype(np.float32)
    thin = np.fft.irfft(spectrum * (hertz > 3000)).astype(np.float32)
    assert quality.balance(song, RATE) > 0.7
    assert quality.balance(muffled, RATE) < quality.balance(song, RATE) - 0.3
    assert quality.balance(thin, RATE) < quality.balance(song, RATE) - 0.3


def test_a_buried_voice_costs(song: Audio) -> None:
    voice = at(tune(8, pitch=330), -14)
    scores = []
    for gain_db in (0, -12, -24):
        vocals = (voice * np.float32(10 ** (gain_db / 20))).astype(np.float32)
        mix = at(song + vocals, -14)
        share = mix[0, 100] / (song + vocals)[0, 100]
        scores.append(quality.quality_score(mix, RATE, {"vocals": vocals * share}))
    assert scores[0] > scores[1] > scores[2]


def test_a_voice_alone_is_heard(song: Audio) -> None:
    assert quality.voice(song, song * 0, RATE) == 1


def test_an_instrumental_is_not_judged_by_its_voice(song: Audio) -> None:
    assert "voice" not in quality.components(song, RATE, {"vocals": song * 0})
    assert "voice" not in quality.components(song, RATE, {"drums": song})


def notes(pitches: NDArray[np.float64], seconds: float = 0.25) -> Audio:
    """MIDI pitches one after the other, plucked, each with three overtones."""
    t = np.arange(round(seconds * RATE)) / RATE
    tones = [
        sum(np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * k * t) / k for k in (1, 2, 3, 4)) * np.exp(-3 * t)
        for pitch in pitches
    ]
    mono = 0.2 * np.concatenate(tones)
    return np.stack([mono, mono]).astype(np.float32)


def test_a_tune_in_a_key_is_clear_in_every_key_and_tuning() -> None:
    scale = np.array([0, 4, 7, 5, 9, 7, 11, 12, 7, 4, 2, 0])
    for tonic in (48, 53.5, 58):
        assert tonality.key_clarity(notes(np.tile(scale, 5) + tonic), RATE) > 0.95


def test_notes_of_no_key_are_unclear_and_cost() -> None:
    draw = np.random.default_rng(1)
    everywhere = notes(draw.uniform(48, 84, 80))
    rows = notes(np.concatenate([draw.permutation(np.arange(60, 72)) for _ in range(6)]).astype(np.float64))
    assert tonality.key_clarity(everywhere, RATE) < 0.5
    assert tonality.key_clarity(rows, RATE) < 0.3
    tune_in_c = notes(np.tile([60, 64, 67, 65, 69, 67, 71, 72, 67, 64, 62, 60], 6).astype(np.float64))
    assert quality.quality_score(at(rows, -14), RATE) < quality.quality_score(at(tune_in_c, -14), RATE) - 0.1


def test_a_song_that_changes_key_stays_clear() -> None:
    scale = np.array([0, 4, 7, 5, 9, 7, 11, 12, 7, 4, 2, 0])
    both = np.concatenate([np.tile(scale, 10) + 48, np.tile(scale, 10) + 54])
    assert tonality.key_clarity(notes(both), RATE) > 0.9


def test_percussion_is_not_asked_for_a_key() -> None:
    draw = np.random.default_rng(2)
    beat = draw.normal(size=(2, 8 * RATE)) * np.exp(-18 * ((np.arange(8 * RATE) / RATE * 4) % 1))
    assert tonality.key_clarity((0.2 * beat).astype(np.float32), RATE) > 0.9
    assert tonality.key_clarity(np.zeros((1, 100), np.float32), RATE) == 1


def test_every_part_of_the_score_has_a_weight_and_is_explained(song: Audio) -> None:
    page = (Path(__file__).parents[2] / "docs" / "quality.md").read_text("utf-8")
    parts = quality.components(song, RATE, {"vocals": song * np.float32(0.3)})
    assert parts.keys() == quality.WEIGHTS.keys()
    for name, weight in quality.WEIGHTS.items():
        assert f"| `{name}` | {weight:g} |" in page
