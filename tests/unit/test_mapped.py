"""The stems of a long song lie in files: their memory can be had back, and what they hold stays."""

from __future__ import annotations

import mmap

import numpy as np
import psutil
import pytest

from engine.audio.mapped import rest
from engine.studio.sound.reel import blank


def test_audio_in_a_file_gives_its_memory_back_and_keeps_its_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.studio.sound.reel.IN_MEMORY_BYTES", 1000)
    reel = blank(2, 8 << 20)
    reel.audio.add_(0.5)
    before = psutil.Process().memory_info().rss
    rest(reel.array[:, 100:])
    assert before - psutil.Process().memory_info().rss > 50 * 2**20
    assert float(reel.audio.min()) == float(reel.array.min()) == 0.5


def test_audio_in_memory_stays_as_it_is() -> None:
    reel = blank(1, 1000)
    reel.audio.add_(0.25)
    rest(reel.array)
    rest(np.ones((2, 10), np.float32)[:, :5])
    assert float(reel.array.sum()) == 250.0
    assert not isinstance(reel.file, mmap.mmap)
