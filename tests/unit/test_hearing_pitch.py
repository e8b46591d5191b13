"""What is heard of pitch and of sound as a whole, in music made of sines whose notes are known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.hearing.chords import chords
from engine.hearing.chroma import pitches
from engine.hearing.describe import caption, caption_confidence, confidences
from engine.hearing.frames import frames
from engine.hearing.listen import listen
from engine.hearing.melody import tune
from engine.hearing.space import reverberation
from engine.hearing.texture import BANDS_HZ, RATE, texture
from engine.hearing.tonality import tonality
from engine.hearing.transcript import HeardChord, HeardNote, Pulse, Tonality, Transcript

Audio = NDArray[np.float32]

BAR_S = 2.0
# Roots and kinds over a tonic of 0: one chord a bar.
MAJOR_TURN = ((0, ""), (9, "m"), (5, ""), (7, "7"), (0, ""), (2, "m"), (7, ""), (0, ""))
MINOR_TURN = ((0, "m"), (8, ""), (5, "m"), (7, ""), (0, "m"), (3, ""), (10, ""), (0, "m"))
TONES = {"": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10)}


def tone(midi: float, seconds: float, *, partials: int = 6, fall: float = 0.6) -> NDArray[np.float64]:
    """A plucked note: harmonics that die away."""
    time = np.arange(round(seconds * RATE)) / RATE
    hz = 440 * 2 ** ((midi - 69) / 12)
    sound = sum(fall**number * np.sin(2 * np.pi * hz * (number + 1) * time) for number in range(partials))
    edge = np.minimum(1, np.minimum(time / 0.005, (seconds - time) / 0.02))
    return np.asarray(sound * np.exp(-1.2 * time) * edge)


def progression(tonic: int, turn: Sequence[tuple[int, str]], cents: float = 0.0) -> Audio:
    """A bar of each chord: bass on its first beat and the tones above on every beat, both sides alike."""
    whole = np.zeros(round(len(turn) * BAR_S * RATE))
    for bar, (step, kind) in enumerate(turn):
        root = tonic + step
        add(whole, bar * BAR_S, tone(36 + root % 12 + cents / 100, BAR_S), 0.5)
        for beat in range(4):
            for part in TONES[kind]:
                add(whole, bar * BAR_S + beat * 0.5, tone(60 + (root + part) % 12 + cents / 100, 0.5), 0.2)
    return stereo(whole)


def sung(notes: Sequence[tuple[float, float, int]], seconds: float) -> NDArray[np.float64]:
    """A voice on (start, end, pitch): many harmonics, two formants, vibrato."""
    whole = np.zeros(round(seconds * RATE))
    for start, end, pitch in notes:
        time = np.arange(round((end - start) * RATE)) / RATE
        cents = 30 * np.sin(2 * np.pi * 5.5 * time) * np.minimum(1, time / 0.2)
        phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69 + cents / 100) / 12)) / RATE
        hz = 440 * 2 ** ((pitch - 69) / 12)
        sound = np.zeros(len(time))
        for number in range(1, int(5000 / hz)):
            formants = sum(np.exp(-(((number * hz - peak) / 350) ** 2)) for peak in (650, 1400, 2700))
            sound += (0.15 / number + formants) * np.sin(number * phase)
        add(whole, start, sound * np.minimum(1, np.minimum(time / 0.03, (end - start - time) / 0.05)), 0.18)
    return whole


def add(whole: NDArray[np.float64], start: float, sound: NDArray[np.float64], gain: float) -> None:
    first = round(start * RATE)
    end = min(len(whole), first + len(sound))
    whole[first:end] += gain * sound[: end - first]


def stereo(mono: NDArray[np.float64]) -> Audio:
    return np.stack((mono, mono)).astype(np.float32) * np.float32(0.5)


def noise(seconds: float, seed: int = 1) -> Audio:
    return np.random.default_rng(seed).normal(0, 0.1, (2, round(seconds * RATE))).astype(np.float32)


def steady(seconds: float) -> Pulse:
    """The bars that `progression` has."""
    beats = tuple(float(at) for at in np.arange(0, seconds, 0.5))
    return Pulse(120.0, "4/4", beats, beats[::4], 1.0, 1.0)


@pytest.mark.parametrize(
    ("tonic", "minor", "cents"),
    [(0, False, 0.0), (6, True, 0.0), (3, False, 30.0), (10, True, -35.0), (7, False, 12.0)],
)
def test_the_key_and_the_tuning_of_a_progression_are_heard(tonic: int, minor: bool, cents: float) -> None:
    heard = tonality(pitches(frames(progression(tonic, MINOR_TURN if minor else MAJOR_TURN, cents))))
    assert (heard.tonic, heard.minor) == (tonic, minor)
    assert heard.confidence > 0.5
    assert heard.tuning == pytest.approx(cents, abs=6)


@pytest.mark.parametrize(("tonic", "turn"), [(0, MAJOR_TURN), (5, MAJOR_TURN), (9, MINOR_TURN), (1, MINOR_TURN)])
def test_every_bar_of_a_progression_has_its_chord(tonic: int, turn: tuple[tuple[int, str], ...]) -> None:
    audio = progression(tonic, turn)
    notes = pitches(frames(audio))
    seconds = audio.shape[1] / RATE
    found = chords(notes, steady(seconds), tonality(notes), seconds)
    right = 0.0
    for bar, (step, kind) in enumerate(turn):
        for chord in found:
            overlap = min(chord.end, (bar + 1) * BAR_S) - max(chord.start, bar * BAR_S)
            minor = chord.root is not None and (chord.root + 3) % 12 in chord.tones
            if overlap > 0 and chord.root == (tonic + step) % 12 and minor == (kind == "m"):
                right += overlap
    assert right / seconds > 0.9
    assert found[0].start == 0
    assert all(one.end == other.start for one, other in pairwise(found))
    assert {bar * BAR_S for bar in range(len(turn))} <= {round(chord.start, 3) for chord in found}


def test_chords_are_spelt_as_their_key_is() -> None:
    notes = pitches(frames(progression(3, MAJOR_TURN)))
    named = {chord.name for chord in chords(notes, steady(16), Tonality(3, False, 0, 1), 16.0)}
    assert {"Eb", "Cm", "Ab"} <= named


@pytest.mark.parametrize("audio", [noise(6), np.zeros((2, 6 * RATE), np.float32)], ids=["noise", "silence"])
def test_nothing_tonal_is_no_chord_no_key_and_no_tune(audio: Audio) -> None:
    spectra = frames(audio)
    notes = pitches(spectra)
    key = tonality(notes)
    assert key.confidence < 0.05
    assert {chord.name for chord in chords(notes, steady(6), key, 6.0)} == {"N"}
    assert tune(spectra.mono, 0.0).notes == ()
    assert tune(spectra.mono, 0.0).voice == 0.0


def test_one_note_alone_is_hardly_a_key_or_a_chord() -> None:
    audio = stereo(np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE))
    notes = pitches(frames(audio))
    key = tonality(notes)
    assert key.confidence < 0.2
    assert max(chord.confidence for chord in chords(notes, steady(4), key, 4.0)) < 0.4
    assert [note.pitch for note in tune(frames(audio).mono, 0.0).notes] == [69]


# A line over eight bars, as steps above its lowest note.
LINE = (0, 2, 4, 7, 4, 2, 5, 4, 0, 4, 7, 9, 7, 4, 2, 0)


@pytest.mark.parametrize("lowest", [50, 62], ids=["low voice", "high voice"])
def test_a_voice_over_chords_is_followed_in_its_own_octave(lowest: int) -> None:
    truth = [(at * 1.0 + 0.02, at * 1.0 + 0.8, lowest + step) for at, step in enumerate(LINE)]
    voice = sung(truth, 16)
    mix = stereo(voice) + 0.6 * progression(2, MAJOR_TURN)
    heard = tune(frames(mix).mono, 0.0)
    assert agreement(heard.notes, truth) > 0.83
    assert np.mean([note.confidence for note in heard.notes]) > 0.5
    starts = [min(abs(note.start - start) for note in heard.notes) for start, _, _ in truth]
    assert np.median(starts) < 0.06
    assert all(one.end <= other.start for one, other in pairwise(heard.notes))


def test_a_note_that_is_struck_again_is_two() -> None:
    whole = np.zeros(4 * RATE)
    for at in (0.2, 1.0, 1.8, 2.6):
        add(whole, at, sung([(0, 0.77, 64)], 0.77), 1.0)
    assert [note.pitch for note in tune(frames(stereo(whole)).mono, 0.0).notes] == [64] * 4


def test_a_voice_is_told_from_what_is_played() -> None:
    line = [(at * 0.5, at * 0.5 + 0.4, 62 + LINE[at % 16]) for at in range(24) if at % 8 < 6]
    singing = stereo(sung(line, 12)) + 0.5 * progression(2, MAJOR_TURN)[:, : 12 * RATE]
    playing = progression(2, MAJOR_TURN)[:, : 12 * RATE]
    assert tune(frames(singing).mono, 0.0).voice > 0.4
    assert tune(frames(playing).mono, 0.0).voice < 0.3


def agreement(notes: Sequence[HeardNote], truth: Sequence[tuple[float, float, int]]) -> float:
    """Share of the true notes' time in which that pitch is heard."""
    right = sum(
        max(0.0, min(note.end, end) - max(note.start, start))
        for start, end, pitch in truth
        for note in notes
        if note.pitch == pitch
    )
    return right / sum(end - start for start, end, _ in truth)


def test_width_is_the_side_signals_share_in_each_band() -> None:
    left = noise(3)[0]
    assert max(texture(np.stack((left, left))).width) == 0
    assert min(texture(np.stack((left, -left))).width) > 0.99
    wide = texture(noise(3)).width
    assert np.mean(wide) == pytest.approx(0.5, abs=0.05)


def test_bands_tell_where_the_energy_is() -> None:
    time = np.arange(2 * RATE) / RATE
    for hz in (63.0, 1000.0, 8000.0):
        levels = texture(stereo(np.sin(2 * np.pi * hz * time))).bands_db
        assert BANDS_HZ[int(np.argmax(levels))] == pytest.approx(hz, rel=0.03)
        assert max(levels) > -0.1
    white = texture(noise(4)).bands_db
    assert white[-1] - white[10] == pytest.approx(10 * np.log10(BANDS_HZ[-1] / BANDS_HZ[10]), abs=1)


def test_dynamics_are_the_range_from_quiet_to_loud_and_peaks_over_loudness() -> None:
    even = noise(8)
    parts = even.copy()
    parts[:, : 4 * RATE] *= 10 ** (-12 / 20)
    assert texture(even).range_lu < 0.5
    assert texture(parts).range_lu == pytest.approx(12, abs=1)
    hard = np.clip(even * 20, -1, 1)
    assert texture(hard).crest_db < texture(even).crest_db - 3


def test_a_wetter_room_rings_longer() -> None:
    generator = np.random.default_rng(2)
    dry = np.zeros(8 * RATE)
    for at in range(12):
        add(dry, at * 0.65, generator.normal(0, 1, RATE // 10) * np.hanning(RATE // 10), 0.5)
    times = []
    for seconds in (0.3, 0.8, 2.0):
        time = np.arange(round(seconds * RATE)) / RATE
        room = generator.normal(0, 1, len(time)) * 10 ** (-3 * time / seconds)
        size = 1 << (len(dry) + len(room)).bit_length()
        wet = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(room, size))[: len(dry)]
        times.append(reverberation(stereo(wet / np.abs(wet).max()), RATE))
    assert times == sorted(times)
    assert reverberation(stereo(dry), RATE) < times[0] < times[1] / 1.5 < times[2] / 1.5
    assert times[1] == pytest.approx(0.8, rel=0.35)


@pytest.fixture(scope="module")
def heard() -> Transcript:
    return listen(progression(9, MINOR_TURN))


def test_everything_is_made_out_at_once(heard: Transcript) -> None:
    assert heard.duration == 16
    assert (heard.tonality.tonic, heard.tonality.minor) == (9, True)
    assert heard.texture.voice < 0.4
    assert not heard.exact
    assert heard.chords[-1].end == 16
    assert listen(progression(9, MINOR_TURN)) == heard


def test_progress_is_told_and_may_end_it() -> None:
    steps: list[float] = []
    listen(noise(1), steps.append)
    assert steps == sorted(steps)
    assert steps[-1] <= 1

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        listen(noise(1), stop)


@pytest.mark.parametrize(
    "audio",
    [
        np.zeros((2, 0), np.float32),
        np.ones((2, 1), np.float32),
        noise(0.05),
        np.full((2, RATE), np.nan, np.float32),
        np.ones((2, RATE), np.float32),
        np.sign(stereo(np.sin(np.arange(2 * RATE) / 50))),
        noise(3),
    ],
    ids=["nothing", "a sample", "a blip", "no numbers", "offset", "a square", "noise"],
)
def test_any_sound_can_be_listened_to(audio: Audio) -> None:
    found = listen(audio)
    sure = confidences(found)
    assert found.duration == audio.shape[1] / RATE
    assert all(0 <= value <= 1 for value in sure.values())
    assert sure["bpm"] < 0.4
    assert sure["keyscale"] < 0.6
    assert caption(found).endswith(".")


def test_a_caption_says_what_was_heard_and_no_more(heard: Transcript) -> None:
    assert "minor key" in caption(heard)
    assert "no drums" in caption(heard) or heard.groove.drums >= 0.4
    assert "vocals" not in caption(heard)
    assert caption(listen(np.zeros((2, RATE), np.float32))) == "Silence."
    hiss = listen(noise(4))
    assert "without a clear beat or key" in caption(hiss)
    assert caption_confidence(hiss) == 1.0
    # A soft voice is missed too often to say that there is none.
    assert "instrumental" not in caption(heard).casefold()
    assert "song with vocals" in caption(heard, sung=True).casefold()
    assert caption_confidence(heard) <= confidences(heard)["keyscale"]


def test_confidence_of_chords_counts_only_chords(heard: Transcript) -> None:
    silent = HeardChord(0, 16, None, (), "N", 1.0)
    assert confidences(heard)["chords"] > 0.2
    assert confidences(Transcript(**{**vars(heard), "chords": (silent,)}))["chords"] == 0
