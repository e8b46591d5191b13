"""Rhythm that is heard in sound of a known rhythm: a small band of drums, a bass and chords made here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.hearing.chroma import Pitches, pitches
from engine.hearing.frames import HOP_S, RATE, Frames, bands_hz, frames
from engine.hearing.groove import groove
from engine.hearing.onsets import Onsets, onsets
from engine.hearing.pulse import pulse
from engine.hearing.sections import sections
from engine.hearing.transcript import Pulse

Floats = NDArray[np.float64]

SOUND_RATE = 48_000
CHORDS = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))


@dataclass(frozen=True)
class Heard:
    frames: Frames
    onsets: Onsets
    pitches: Pitches
    pulse: Pulse


def heard(sound: Floats) -> Heard:
    found = frames(np.stack([sound, sound]).astype(np.float32))
    begun, notes = onsets(found), pitches(found)
    return Heard(found, begun, notes, pulse(found, begun, notes))


def kick() -> Floats:
    t = np.arange(9600) / SOUND_RATE
    return np.asarray(0.9 * np.sin(2 * np.pi * (50 * t - 4 * np.exp(-t * 40))) * np.exp(-t * 18), np.float64)


def snare() -> Floats:
    t = np.arange(9600) / SOUND_RATE
    noise = np.random.default_rng(1).standard_normal(len(t))
    return np.asarray(0.35 * (noise * np.exp(-t * 22) + np.sin(2 * np.pi * 190 * t) * np.exp(-t * 30)), np.float64)


def hat() -> Floats:
    t = np.arange(2400) / SOUND_RATE
    noise = np.diff(np.random.default_rng(2).standard_normal(len(t) + 1))
    return np.asarray(0.12 * noise * np.exp(-t * 90), np.float64)


def tone(midi: float, seconds: float, level: float) -> Floats:
    t = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    wave: Floats = np.sum([np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * k * t) / k for k in (1, 2, 3)], axis=0)
    return level * wave * np.minimum(1, t * 200) * np.minimum(1, (seconds - t) * 100) * np.exp(-t)


def band(
    bpm: float, bars: int, beats: int, strokes: dict[str, tuple[float, ...]], *, soft: range = range(0), lead: float = 0
) -> Floats:
    """`strokes`: the beats of each bar on which each drum falls; a chord a bar. `soft` bars have no drums."""
    beat = 60 / bpm
    sound = np.zeros(round((lead + bars * beats * beat + 0.5) * SOUND_RATE))
    drums = {"kick": kick(), "snare": snare(), "hat": hat()}

    def put(what: Floats, at: float) -> None:
        first = round((lead + at * beat) * SOUND_RATE)
        sound[first : first + len(what)] += what[: len(sound) - first]

    for bar in range(bars):
        chord = CHORDS[bar % 4]
        put(tone(chord[0] - 24, 0.9 * beats * beat, 0.15), bar * beats)
        for note in chord:
            put(tone(note, 0.9 * beats * beat, 0.05), bar * beats)
        if bar not in soft:
            for name, places in strokes.items():
                for place in places:
                    put(drums[name], bar * beats + place)
    return sound


ROCK = {"kick": (0, 2), "snare": (1, 3), "hat": (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)}
WALTZ = {"kick": (0,), "snare": (1, 2), "hat": (0, 0.5, 1, 1.5, 2, 2.5)}
SHUFFLE = {"kick": (0, 2), "snare": (1, 3), "hat": (0, 0.66, 1, 1.66, 2, 2.66, 3, 3.66)}
SIX = {"kick": (0,), "snare": (1,), "hat": (0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3)}


@pytest.fixture(scope="module")
def rock() -> Heard:
    return heard(band(108, 8, 4, ROCK, lead=0.4))


def test_tempo_beats_and_bars_of_a_rock_beat(rock: Heard) -> None:
    assert rock.pulse.bpm == pytest.approx(108, abs=0.5)
    assert rock.pulse.timesignature == "4/4"
    beat = 60 / 108
    assert len(rock.pulse.beats) >= 30
    off = (np.asarray(rock.pulse.beats) - 0.4 + beat / 2) % beat - beat / 2
    assert np.abs(off).max() < 0.03
    down = (np.asarray(rock.pulse.bars) - 0.4 + 2 * beat) % (4 * beat) - 2 * beat
    assert np.abs(down).max() < 0.03
    assert rock.pulse.confidence > 0.5


def test_strokes_of_a_rock_beat(rock: Heard) -> None:
    found = groove(rock.frames, rock.onsets, rock.pulse)
    assert found.per_bar == 16
    assert found.drums > 0.8
    assert found.swing == pytest.approx(0.5, abs=0.02)
    assert len(found.kick.steps) == len(rock.pulse.bars)
    for bar in range(1, 7):
        assert [step for step, hard in enumerate(found.kick.steps[bar]) if hard] == [0, 8]
        assert [step for step, hard in enumerate(found.snare.steps[bar]) if hard] == [4, 12]


@pytest.mark.parametrize(
    ("strokes", "bpm", "beats", "timesignature"), [(WALTZ, 132, 3, "3/4"), (SIX, 64, 2, "6/8"), (ROCK, 86, 4, "4/4")]
)
def test_metre(strokes: dict[str, tuple[float, ...]], bpm: float, beats: int, timesignature: str) -> None:
    found = heard(band(bpm, 8, beats, strokes)).pulse
    assert found.timesignature == timesignature
    assert found.bpm == pytest.approx(bpm, rel=0.01)
    assert found.bar_s == pytest.approx(beats * 60 / bpm, rel=0.01)
    assert np.diff(found.bars) == pytest.approx(beats * 60 / bpm, abs=0.05)


def test_a_shuffle_swings() -> None:
    found = heard(band(110, 6, 4, SHUFFLE))
    assert groove(found.frames, found.onsets, found.pulse).swing == pytest.approx(0.66, abs=0.02)


def test_beats_follow_a_tempo_that_drifts() -> None:
    steady = band(112, 10, 4, ROCK)
    seconds = np.arange(len(steady)) / SOUND_RATE
    # a sixth quicker in the middle than at both ends
    speed = 1 + 0.16 * np.sin(np.pi * seconds / seconds[-1])
    played = np.cumsum(speed) / SOUND_RATE
    drifting = np.interp(played[played < seconds[-1]], seconds, steady)
    beats = np.asarray(heard(drifting).pulse.beats)
    true = np.interp(np.arange(40) * 60 / 112, played, seconds)
    inside = true[true < len(drifting) / SOUND_RATE - 0.6]
    apart = np.abs(beats[:, None] - inside).min(axis=0)
    assert np.mean(apart < 0.05) > 0.95


def test_sections_begin_where_the_band_does() -> None:
    found = heard(band(126, 16, 4, ROCK, soft=range(4)))
    form = sections(found.frames, found.pitches, found.pulse)
    assert form[0].bar == 0
    assert sum(each.bars for each in form) == len(found.pulse.bars)
    assert 4 in [each.bar for each in form]
    assert form[0].kind == "intro"
    assert form[0].energy < form[1].energy
    assert form[0].letter != form[1].letter


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0), np.zeros(1), np.zeros(SOUND_RATE), np.ones(SOUND_RATE * 3),
        np.sin(2 * np.pi * 440 * np.arange(SOUND_RATE * 4) / SOUND_RATE),
        0.1 * np.random.default_rng(3).standard_normal(SOUND_RATE * 6), np.eye(1, SOUND_RATE * 3, SOUND_RATE)[0],
    ],
    ids=["nothing", "one sample", "silence", "constant", "sine", "noise", "click"],
)  # fmt: skip
def test_what_has_no_rhythm_is_said_to_have_none(sound: Floats) -> None:
    found = heard(sound)
    assert found.pulse.confidence < 0.3
    assert len(found.pulse.bars) >= 1
    assert 30 <= found.pulse.bpm <= 300
    strokes = groove(found.frames, found.onsets, found.pulse)
    assert strokes.confidence < 0.3
    assert len(strokes.kick.steps) == len(found.pulse.bars)
    form = sections(found.frames, found.pitches, found.pulse)
    assert sum(each.bars for each in form) == len(found.pulse.bars)


def test_frames_tell_when_and_how_high() -> None:
    sound = np.zeros((2, SOUND_RATE * 2), np.float32)
    sound[:, SOUND_RATE] = 1
    click = frames(sound)
    assert click.bands.sum(axis=1).argmax() * HOP_S == pytest.approx(1.0, abs=HOP_S)
    t = np.arange(SOUND_RATE) / SOUND_RATE
    high = frames(np.stack([np.sin(2 * np.pi * 13_500 * t)] * 2).astype(np.float32))
    assert np.abs(high.mono[RATE // 4 : RATE // 2]).max() < 0.01, "what half the rate can't carry folds back"
    sine = frames(np.stack([np.sin(2 * np.pi * 1000 * t)] * 2).astype(np.float32))
    assert bands_hz()[sine.bands[50].argmax()] == pytest.approx(1000, rel=0.08)
    assert sine.long[5].max() == pytest.approx(1, abs=0.2)


def test_the_same_sound_gives_the_same_rhythm(rock: Heard) -> None:
    again = pulse(rock.frames, onsets(rock.frames), pitches(rock.frames))
    assert again == rock.pulse
