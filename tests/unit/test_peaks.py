from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio.peaks import energy, peaks


def test_the_outline_follows_the_song() -> None:
    audio = np.concatenate([np.full((2, 1000), 0.1), np.full((2, 1000), -0.4), np.zeros((2, 1000))], axis=1)
    assert peaks(audio.astype(np.float32), bins=6) == (25, 25, 100, 100, 0, 0)
    assert energy(audio.astype(np.float32), bins=3) == pytest.approx((0.25, 1.0, 0.0))


def test_one_loud_side_counts() -> None:
    audio = np.zeros((2, 100), np.float32)
    audio[1, 75] = -0.5
    assert peaks(audio, bins=4) == (0, 0, 0, 100)


@given(st.integers(0, 50), st.integers(1, 60), st.sampled_from([0.0, 1e-6, 0.3, 4.0]))
def test_any_length_gives_every_bin_in_range(samples: int, bins: int, loudness: float) -> None:
    audio = np.full((2, samples), loudness, np.float32)
    assert len(peaks(audio, bins)) == len(energy(audio, bins)) == bins
    assert set(peaks(audio, bins)) <= {0, 100}
    assert all(0 <= value <= 1 for value in energy(audio, bins))
