"""Loudness and true peak against other people's meters, and the curve that reaches both."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import resample_poly

from engine.audio.loudness import SILENCE_LUFS, integrated_lufs, true_peak_db
from engine.studio.sound import curve
from engine.studio.sound.master import master, stems_inside
from engine.studio.sound.reel import Reel

RATE = 48_000
Audio = NDArray[np.float32]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def drummed(seconds: float, level: float, seed: int = 1) -> Audio:
    """Noise chords with loud hits twice a second, louder in the second half."""
    dice = np.random.default_rng(seed)
    size = round(seconds * RATE)
    t = np.arange(size) / RATE
    bed = sum(np.sin(2 * np.pi * f * t) for f in (110.0, 220.5, 331.0, 1760.0)) * 0.1
    hits = np.exp(-(t % 0.5) * 40) * dice.standard_normal(size)
    both = np.stack((bed + hits, bed + 0.8 * hits)) * np.where(t > seconds / 2, 1.0, 0.4)
    return (both * level).astype(np.float32)


def mastered(audio: Audio, parent: torch.Tensor | None = None) -> tuple[Audio, torch.Tensor]:
    gain = master(torch.from_numpy(audio.copy()), parent)
    out = torch.from_numpy(audio.copy())
    curve.apply(out, gain)
    return out.numpy(), gain


def reference_lufs(audio: Audio) -> float:
    return float(pyloudnorm.Meter(RATE).integrated_loudness(audio.T.astype(np.float64)))


def reference_peak(audio: Audio) -> float:
    fine = resample_poly(audio.astype(np.float64), 8, 1, axis=1)
    return float(20 * np.log10(np.abs(fine).max()))


@pytest.mark.parametrize("seconds", [0.7, 3.0, 11.37])
def test_loudness_agrees_with_pyloudnorm(seconds: float) -> None:
    for level in (0.5, 0.02):
        audio = drummed(seconds, level)
        assert integrated_lufs(audio, RATE) == pytest.approx(reference_lufs(audio), abs=0.15)


def test_a_full_scale_sine_has_the_loudness_the_standard_gives() -> None:
    t = np.arange(RATE * 5) / RATE
    one = np.zeros((2, len(t)), np.float32)
    one[0] = np.sin(2 * np.pi * 997 * t)
    assert integrated_lufs(one, RATE) == pytest.approx(-3.01, abs=0.05)


def test_quiet_passages_do_not_count() -> None:
    audio = drummed(8.0, 0.3)
    padded = np.concatenate((audio, np.zeros((2, 8 * RATE), np.float32)), 1)
    assert integrated_lufs(padded, RATE) == pytest.approx(integrated_lufs(audio, RATE), abs=0.3)


def test_other_rates_are_heard_alike() -> None:
    t = np.arange(44_100 * 4) / 44_100
    tone = np.tile(np.sin(2 * np.pi * 997 * t), (2, 1)).astype(np.float32) * 0.1
    reference = float(pyloudnorm.Meter(44_100).integrated_loudness(tone.T.astype(np.float64)))
    assert integrated_lufs(tone, 44_100) == pytest.approx(reference, abs=0.1)


def test_silence_is_silent_and_nothing_at_all_too() -> None:
    assert integrated_lufs(np.zeros((2, RATE), np.float32), RATE) == SILENCE_LUFS
    assert integrated_lufs(np.zeros((2, 0), np.float32), RATE) == SILENCE_LUFS
    assert true_peak_db(np.zeros((2, RATE), np.float32), RATE) == -120.0
    assert true_peak_db(np.zeros((2, 0), np.float32), RATE) == -120.0


def test_true_peak_sees_between_the_samples() -> None:
    t = np.arange(RATE)
    # a quarter of the rate, sampled at 45 degrees: the samples never show the top
    tone = np.tile(np.sin(np.pi / 2 * t + np.pi / 4), (2, 1)).astype(np.float32)
    assert 20 * np.log10(np.abs(tone).max()) < -3
    assert true_peak_db(tone[:, 500:-500] * 0.5, RATE) == pytest.approx(-6.02, abs=0.6)
    for seed in range(3):
        audio = drummed(2.0, 0.4, seed)
        assert true_peak_db(audio, RATE) == pytest.approx(reference_peak(audio), abs=0.3)
    with pytest.raises(ValueError, match="40 kHz"):
        true_peak_db(tone, 22_050)


@pytest.mark.parametrize(("seconds", "level"), [(5.0, 0.3), (5.0, 0.004), (12.0, 1.5), (20.0, 0.1)])
def test_songs_come_out_at_minus_14_lufs_under_minus_1_dbtp(seconds: float, level: float) -> None:
    out, _ = mastered(drummed(seconds, level))
    assert reference_lufs(out) == pytest.approx(-14.0, abs=0.3)
    assert reference_peak(out) <= -1.0
    assert true_peak_db(out, RATE) <= -1.0


def test_silence_stays_silence() -> None:
    for seconds in (0.0, 0.01, 2.0):
        out, gain = mastered(np.zeros((2, round(seconds * RATE)), np.float32))
        assert not out.any()
        assert torch.isfinite(gain).all()


def test_a_whisper_is_not_blown_up_without_end() -> None:
    out, gain = mastered(drummed(5.0, 1e-5))
    assert np.isfinite(out).all()
    assert float(gain.max()) <= 1001


def test_an_edit_keeps_its_parents_curve_where_the_audio_is_the_same() -> None:
    audio = drummed(12.0, 0.5)
    before, parent = mastered(audio)
    edited = audio.copy()
    edited[:, 5 * RATE : 6 * RATE] *= 1.7
    after, _ = mastered(edited, parent)
    assert np.abs(after - before)[:, : 5 * RATE - 4800].max() == 0
    assert np.abs(after - before)[:, 7 * RATE :].max() == 0
    assert true_peak_db(after, RATE) <= -1.0


def test_an_extension_keeps_the_curve_and_goes_on_at_its_level() -> None:
    audio = drummed(16.0, 0.3)
    before, parent = mastered(audio[:, : 10 * RATE])
    after, _ = mastered(audio, parent)
    assert np.array_equal(after[:, : 9 * RATE], before[:, : 9 * RATE])
    assert true_peak_db(after, RATE) <= -1.0
    assert np.square(after[:, 11 * RATE :]).mean() > 0.3 * np.square(after[:, 8 * RATE : 10 * RATE]).mean()


def test_no_stem_passes_full_scale_even_where_others_cancel_it() -> None:
    t = torch.arange(RATE) / RATE
    swell = torch.sin(2 * torch.pi * 110 * t) * torch.linspace(0, 1.8, RATE)
    stems = [swell.expand(2, RATE).clone(), -0.7 * swell.expand(2, RATE)]
    down = stems_inside([Reel(stem) for stem in stems])
    assert down is not None
    for stem in stems:
        curve.apply(stem, down)
        assert float(stem.abs().max()) <= 1.0
    # what was inside already is left alone
    assert torch.equal(down[: len(down) // 3], torch.ones(len(down) // 3))
    assert stems_inside([Reel(0.5 * stem) for stem in stems]) is None
