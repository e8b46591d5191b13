"""Instruments: in tune, clean at both ends, alive, and themselves."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.spec.preset import Instrument as Name
from engine.studio.score import Note, Part, Score
from engine.studio.sound.drums import KITS
from engine.studio.sound.noise import RATE
from engine.studio.sound.parts import Tones, render_part, soundings
from engine.studio.sound.registry import INSTRUMENTS
from engine.studio.sound.tone import Strike

LOW = {"upright_bass": (28, 40), "electric_bass": (28, 40), "synth_bass": (28, 41), "sub_808": (28, 38)}
HIGH = {"flute": (62, 81), "solo_violin": (57, 79), "trumpet": (58, 77)}
TONAL = [name for name, known in INSTRUMENTS.items() if not known.drums and name != "riser"]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def pitches(name: str) -> tuple[int, ...]:
    return LOW.get(name) or HIGH.get(name) or (45, 72)


def sound(name: str, pitch: int, seconds: float = 1.5, velocity: float = 0.7, variant: int = 0) -> NDArray[np.float64]:
    known = INSTRUMENTS[name]
    tone = known.play(Strike(pitch, seconds + known.release, velocity, variant))
    return np.asarray(tone.mean(0).numpy(), np.float64)


def spectrum(x: NDArray[np.float64], size: int = 1 << 18) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.abs(np.fft.rfft(x * np.hanning(len(x)), size)) ** 2, np.fft.rfftfreq(size, 1 / RATE).astype(np.float64)


def centroid(x: NDArray[np.float64]) -> float:
    power, f = spectrum(x)
    return float((power * f).sum() / power.sum())


def song(part: Part, seconds: float = 4.0) -> Score:
    return Score("t", "x", 1, 120.0, 9, True, "4/4", seconds, (), (), (part,))


def test_every_name_a_preset_may_use_can_be_played() -> None:
    assert set(get_args(Name)) == set(INSTRUMENTS)


@pytest.mark.parametrize("name", TONAL)
def test_notes_are_in_tune(name: str) -> None:
    for pitch in pitches(name):
        wanted = 440 * 2 ** ((pitch - 69) / 12)
        power, f = spectrum(sound(name, pitch, 2.0)[9600:], 1 << 19)
        cents, weights = [], []
        for harmonic in range(1, 6):
            near = (f > harmonic * wanted * 2 ** (-40 / 1200)) & (f < harmonic * wanted * 2 ** (40 / 1200))
            heard = (power[near] * f[near]).sum() / power[near].sum()
            cents.append(1200 * np.log2(heard / (harmonic * wanted)))
            weights.append(power[near].sum())
        assert abs(np.average(cents, weights=weights)) < 5, (name, pitch, cents)


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_a_tone_is_clean(name: str) -> None:
    known = INSTRUMENTS[name]
    number = 46 if known.drums else pitches(name)[1]
    tone = known.play(Strike(number, 0.8, 0.8))
    assert tone.dtype == torch.float32
    assert tone.shape[0] == (2 if known.stereo else 1)
    x = tone.numpy()
    assert np.isfinite(x).all()
    assert np.abs(x).max() > 0.02
    # starts and ends in silence, without a step
    assert np.abs(x[:, 0]).max() < 1e-3
    assert np.abs(x[:, -1]).max() < 1e-6
    assert abs(x.mean()) < 0.01 * np.abs(x).max()
    assert not ((np.abs(x) < np.finfo(np.float32).tiny) & (x != 0)).any()


@pytest.mark.parametrize(
    "name", ["piano", "electric_bass", "steel_guitar", "trumpet", "brass_section", "flute", "saxophone"]
)
def test_louder_is_brighter(name: str) -> None:
    pitch = pitches(name)[0]
    assert centroid(sound(name, pitch, 0.7, 0.9)) > 1.1 * centroid(sound(name, pitch, 0.7, 0.3))


def test_a_note_ends_without_a_click_wherever_it_is_cut() -> None:
    for name in ("piano", "string_ensemble", "synth_bass", "organ", "pad", "sub_808"):
        part = Part("synth", name, (Note(0.0, 1.37, 45, 0.9),))
        x = render_part(part, song(part), Tones()).mean(0).numpy()
        end = round(1.37 * 0.5 * RATE)
        high = np.abs(np.diff(x, 3))
        # the third difference, a click's mark, is no larger than in the note itself, or 60 dB under the note
        allowed = max(1.3 * high[4000 : end - 200].max(), 1e-3 * np.abs(x).max())
        assert high[end - 200 : end + 4000].max() <= allowed, name
        release = round(INSTRUMENTS[name].release * RATE)
        assert not x[end + release + 2 :].any()


def test_the_bass_guitar_rings_longer_low_than_high() -> None:
    def fall(pitch: int) -> float:
        x = sound("electric_bass", pitch, 2.0)
        return float(np.square(x[60_000:72_000]).mean() / np.square(x[4800:16_800]).mean())

    assert fall(30) > 1.5 * fall(54)


@pytest.mark.parametrize("name", sorted(KITS))
def test_every_percussion_number_makes_a_sound(name: str) -> None:
    peaks = {}
    for number in range(33, 88):
        hit = INSTRUMENTS[name].play(Strike(number, 1.0, 0.8, 0, 9)).numpy()
        assert np.isfinite(hit).all()
        peaks[number] = float(np.abs(hit).max())
    assert min(peaks.values()) > 0.02, peaks


def test_hats_are_high_and_kicks_are_low() -> None:
    for name in KITS:
        hat, f = spectrum(INSTRUMENTS[name].play(Strike(42, 1.0, 0.8)).mean(0).numpy().astype(np.float64))
        kick, _ = spectrum(INSTRUMENTS[name].play(Strike(36, 1.0, 0.8, 0, 9)).mean(0).numpy().astype(np.float64))
        assert hat[f > 5000].sum() > 0.7 * hat.sum()
        assert kick[f < 150].sum() > 0.7 * kick.sum()


@pytest.mark.parametrize("tonic", [0, 4, 9])
def test_the_kick_rings_on_the_tonic(tonic: int) -> None:
    hit = INSTRUMENTS["acoustic_kit"].play(Strike(36, 1.0, 0.8, 0, tonic)).mean(0).numpy().astype(np.float64)
    power, f = spectrum(hit[6000:], 1 << 19)
    peak = f[np.argmax(power)]
    cents = 1200 * np.log2(peak / 440.0) - (tonic - 69) * 100
    assert abs((cents + 600) % 1200 - 600) < 60


def test_kits_differ() -> None:
    def colour(name: str) -> NDArray[np.float64]:
        power, f = spectrum(INSTRUMENTS[name].play(Strike(38, 1.0, 0.8)).mean(0).numpy().astype(np.float64))
        edges = np.geomspace(80, 16_000, 13)
        return np.log10([power[(f >= a) & (f < b)].sum() for a, b in pairwise(edges)])

    colours = {name: colour(name) for name in KITS}
    for one in KITS:
        for other in KITS:
            if one != other:
                assert np.abs(colours[one] - colours[other]).max() > 0.2, (one, other)


def test_a_hit_varies_with_its_place_and_with_nothing_else() -> None:
    hits = tuple(Note(0.5 * n, 0.2, 42, 0.8) for n in range(16))
    part = Part("drums", "acoustic_kit", hits)
    variants = [one.strike.variant for one in soundings(part, song(part))]
    assert len(set(variants)) > 1
    later = Part("drums", "acoustic_kit", hits[5:])
    assert [one.strike.variant for one in soundings(later, song(later))] == variants[5:]


def test_a_closed_hat_stops_an_open_one() -> None:
    open_hat = Note(0.0, 0.2, 46, 0.9)
    free = render_part(Part("drums", "acoustic_kit", (open_hat,)), song(Part("drums", "acoustic_kit", ())), Tones())
    both = Part("drums", "acoustic_kit", (open_hat, Note(0.25, 0.2, 44, 0.05)))
    stopped = render_part(both, song(both), Tones())
    after = slice(round(0.2 * RATE), round(0.4 * RATE))
    assert float(stopped[:, after].square().sum()) < 0.2 * float(free[:, after].square().sum())


def test_an_808_glides_where_notes_overlap() -> None:
    def start_pitch(first_length: float) -> float:
        notes = (Note(0.0, first_length, 43, 0.9), Note(1.0, 2.0, 31, 0.9))
        part = Part("bass", "sub_808", notes)
        x = render_part(part, song(part), Tones())[0, RATE // 2 :].numpy()
        crossings = np.nonzero((x[2400:6000] < 0) & (x[2401:6001] >= 0))[0]
        return float(RATE / np.diff(crossings)[0])

    target, from_above = 440 * 2 ** ((31 - 69) / 12), 440 * 2 ** ((43 - 69) / 12)
    assert target * 1.15 < start_pitch(1.5) < from_above
    assert start_pitch(0.9) < target * 1.15


def test_power_chords_share_one_amplifier() -> None:
    """Two strings through one waveshaper make a difference tone an octave below the root; apart they don't."""

    def low_energy(second_start: float) -> float:
        notes = (Note(0.0, 3.0, 52, 0.8), Note(second_start, 3.0, 59, 0.8))
        part = Part("guitar", "distorted_guitar", notes)
        power, f = spectrum(render_part(part, song(part), Tones())[0, 12_000:60_000].numpy().astype(np.float64))
        root = 440 * 2 ** ((52 - 69) / 12)
        below, at = (f > root * 0.47) & (f < root * 0.53), (f > root * 0.97) & (f < root * 1.03)
        return float(power[below].sum() / power[at].sum())

    assert low_energy(0.0) > 20 * low_energy(0.2)


def test_tones_are_forgotten_when_there_are_too_many() -> None:
    notes = tuple(Note(0.25 * n, 0.2, 50 + n, 0.7) for n in range(16))
    part = Part("keyboard", "piano", notes)
    assert torch.equal(render_part(part, song(part), Tones(200_000)), render_part(part, song(part), Tones()))


@pytest.mark.parametrize("name", ["upright_bass", "electric_bass", "synth_bass", "sub_808"])
def test_a_bass_without_its_lowest_notes_is_still_heard_as_its_note(name: str) -> None:
    """Small loudspeakers leave the fundamental out; a strong third harmonic would then sound a fifth above it."""
    for pitch in (28, 33, 38):
        power, f = spectrum(sound(name, pitch, 1.2)[4800:])
        root = 440 * 2 ** ((pitch - 69) / 12)
        one, two, three, four = (
            float(power[(f > n * root * 0.97) & (f < n * root * 1.03)].sum()) for n in (1, 2, 3, 4)
        )
        assert two + four > 3 * three, (name, pitch)
        assert one > 0


@pytest.mark.parametrize("name", sorted(KITS))
def test_a_snare_is_tuned_to_the_tonic_or_its_fifth(name: str) -> None:
    for tonic in range(0, 12, 3):
        tone = INSTRUMENTS[name].play(Strike(38, 1.0, 0.85, 0, tonic)).mean(0).numpy().astype(np.float64)
        power, f = spectrum(tone[480:])
        shell = (f > 110) & (f < 270)
        heard = 12 * np.log2(float(f[shell][power[shell].argmax()]) / 440) + 69
        off = min(abs((heard - tonic - step + 6) % 12 - 6) for step in (0, 7))
        assert off < 0.5, (name, tonic)
