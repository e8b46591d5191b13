"""Lengths that are fixed before any engine is asked: those of loops and single hits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec import estimate, parse
from engine.spec.fields import BEATS_PER_BAR
from engine.spec.sampled import is_one_shot
from engine.spec.tasks import Text2Samples


def sample(**values: Any) -> Text2Samples:
    spec = parse("text2samples", {"caption": "drums", **values})
    assert isinstance(spec, Text2Samples)
    return spec


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({"tempo": 120}, 8),
        ({"tempo": 60}, 8),
        ({"tempo": 90}, 4 * 4 * 60 / 90),
        ({"tempo": 170}, 4 * 4 * 60 / 170),
        ({"tempo": 172}, 4 * 4 * 60 / 172),
        ({"tempo": 200}, 8 * 4 * 60 / 200),
        ({"tempo": 86}, 2 * 4 * 60 / 86),
        ({"tempo": 120, "timesignature": "3/4"}, 6),
        ({"tempo": 60, "timesignature": "6/8"}, 8),
        ({"bpm": 30}, 8),
        ({"tempo": 120, "bpm": 90}, 8),
        ({"caption": "90 bpm drum loop"}, 4 * 4 * 60 / 90),
        ({"caption": "loop at 87 beats per minute"}, 2 * 4 * 60 / 87),
        ({"caption": "tempo 87 house loop"}, 2 * 4 * 60 / 87),
        ({"caption": "tempo: 96 house loop"}, 4 * 4 * 60 / 96),
        ({"caption": "999 bpm house loop, bpm 120"}, 8),
        ({"caption": "waltz piano loop 90 bpm"}, 4 * 3 * 60 / 90),
        ({"caption": "3/4 piano loop", "tempo": 100}, 4 * 3 * 60 / 100),
        ({"caption": "6/8 guitar loop", "tempo": 60}, 8),
        ({"caption": "waltz piano loop", "tempo": 120, "timesignature": "4/4"}, 8),
        ({"tempo": 90, "duration": 8}, 8),
        ({"tempo": 100, "duration": 8}, 7.2),
        ({"tempo": 100, "duration": 1}, 2.4),
        ({"tempo": 200, "duration": 1, "timesignature": "2/4"}, 1.2),
        ({"bpm": 300, "duration": 1, "timesignature": "2/4"}, 1.2),
        ({"tempo": 61, "duration": 120}, 30 * 4 * 60 / 61),
        ({"duration": 9.37}, 9.37),
        ({}, 8),
        ({"sample_type": "one-shot"}, 2),
        ({"sample_type": "one-shot", "tempo": 90}, 2),
        ({"sample_type": "one-shot", "duration": 3.3}, 3.3),
        ({"caption": "one-shot of a gong"}, 2),
    ],
)
def test_a_sample_is_as_long_as_its_bars_or_its_hit(values: dict[str, Any], seconds: float) -> None:
    settled = estimate(sample(batch_size=3, **values))
    assert settled.duration == pytest.approx(seconds, abs=1e-5)
    assert settled.takes == 3


@given(
    tempo=st.integers(60, 200),
    duration=st.one_of(st.just(-1.0), st.floats(1, 120)),
    metre=st.sampled_from(sorted(BEATS_PER_BAR)),
)
def test_a_loop_at_a_tempo_always_has_whole_bars(tempo: int, duration: float, metre: str) -> None:
    seconds = estimate(sample(tempo=tempo, duration=duration, timesignature=metre)).duration
    bar = BEATS_PER_BAR[metre] * 60 / tempo
    assert seconds / bar == pytest.approx(round(seconds / bar), abs=1e-4)
    assert 1 <= seconds <= 120
    if duration != -1:
        assert abs(seconds - duration) <= max(bar / 2, 1 - duration + bar, duration + bar - 120) + 1e-5


@pytest.mark.parametrize(
    ("caption", "single"),
    [
        ("dusty drum break", False),
        ("kick and snare groove", False),
        ("808 beat", False),
        ("lofi chords", False),
        ("drum loop with one single crash", False),
        ("kick", True),
        ("a single piano note", True),
        ("brass stab", True),
        ("Oneshot vocal", True),
        ("cinematic riser", True),
        ("808", True),
    ],
)
def test_the_caption_says_whether_it_is_a_single_hit(caption: str, *, single: bool) -> None:
    assert is_one_shot(sample(caption=caption)) is single
    assert is_one_shot(sample(caption=caption, sample_type="one-shot"))
    assert not is_one_shot(sample(caption=caption, sample_type="loop"))


def test_a_drum_at_a_tempo_is_a_loop_of_it() -> None:
    assert not is_one_shot(sample(caption="kick", tempo=120))
    assert is_one_shot(sample(caption="single kick", tempo=120))
