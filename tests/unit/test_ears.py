"""The benchmarks' ears hear what is there: signals whose tempo, key, level, pitch and onsets are known."""

from __future__ import annotations

import io

import mido
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.ears import genre, level, notes, singing, tempo, tonality, variety
from bench.ears.wave import RATE, at_rate
from engine.spec.protocol import LineTime

STUDIO_RATE = 48_000

Audio = NDArray[np.float32]


def clicks(bpm: float, seconds: float, *, half: float = 0.0, swing: float = 0.5) -> Audio:
    """A short noise on every beat, and one of level `half` between."""
    draw = np.random.default_rng(1)
    audio = 1e-4 * draw.standard_normal(round(seconds * RATE))
    burst = draw.standard_normal(600) * np.exp(-np.arange(600) / 120)
    for beat in range(int(seconds * bpm / 60)):
        for at, loud in ((beat, 1.0), (beat + swing, half)):
            first = round(at * 60 / bpm * RATE)
            if first + len(burst) < len(audio):
                audio[first : first + len(burst)] += 0.5 * loud * burst
    return audio.astype(np.float32)


def tone(hertz: float | NDArray[np.float64], seconds: float, rate: int = RATE) -> Audio:
    """A few harmonics, softly begun and ended."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hertz, round(seconds * rate))) / rate
    audio = sum(np.sin(number * phase) / number**2 for number in range(1, 6))
    edge = np.minimum(1, np.minimum(np.arange(len(phase)), np.arange(len(phase))[::-1]) / (0.01 * rate))
    return np.asarray(0.2 * edge * audio, np.float32)


def chords(roots: list[tuple[int, bool]]) -> Audio:
    """Triads of a second each: (MIDI note of the root, minor)."""
    triads = [(root, root + (3 if minor else 4), root + 7) for root, minor in roots]
    return np.concatenate([np.sum([tone(440 * 2 ** ((n - 69) / 12), 1.0) for n in each], axis=0) for each in triads])


def stereo(audio: Audio) -> Audio:
    return np.stack((audio, audio))


@pytest.mark.parametrize("bpm", [66, 88, 120, 140])
def test_a_divided_click_is_heard_at_its_own_tempo(bpm: int) -> None:
    assert tempo.heard_tempo(clicks(bpm, 20, half=0.6)) == pytest.approx(bpm, rel=0.01)


def test_a_swung_click_is_heard_at_its_own_tempo() -> None:
    assert tempo.heard_tempo(clicks(132, 20, half=0.6, swing=2 / 3)) == pytest.approx(132, rel=0.01)


def test_silence_has_no_tempo() -> None:
    assert tempo.heard_tempo(np.zeros(5 * RATE, np.float32)) is None
    assert not tempo.right_tempo(120, None)


def test_half_the_tempo_is_right_only_for_fast_songs() -> None:
    assert tempo.right_tempo(120, 124)
    assert not tempo.right_tempo(120, 126)
    assert not tempo.right_tempo(120, 60)
    assert tempo.right_tempo(170, 85)
    assert not tempo.right_tempo(170, 120)


@pytest.mark.parametrize(
    ("roots", "key"),
    [
        ([(60, False), (65, False), (67, False), (60, False)], (0, False)),
        ([(66, False), (71, False), (73, False), (66, False)], (6, False)),
        ([(57, True), (62, True), (64, False), (57, True)], (9, True)),
        ([(63, True), (68, True), (70, False), (63, True)], (3, True)),
    ],
)
def test_a_cadence_is_heard_in_its_key(roots: list[tuple[int, bool]], key: tuple[int, bool]) -> None:
    assert tonality.heard_key(tonality.chroma(chords(roots))) == key


def test_answers_are_scored_as_in_mirex() -> None:
    c_major = (0, False)
    answers = [(0, False), (7, False), (5, False), (9, True), (0, True), (2, False), (4, True)]
    assert [tonality.mirex(c_major, answer) for answer in answers] == [1, 0.5, 0.5, 0.3, 0.2, 0, 0]
    assert tonality.mirex((9, True), (0, False)) == 0.3
    assert tonality.key_of("Bb Minor") == (10, True)


def test_a_peak_between_the_samples_counts() -> None:
    sine = np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4).astype(np.float32)
    assert 20 * np.log10(np.abs(sine).max()) == pytest.approx(-3.01, abs=0.01)
    assert level.true_peak(stereo(sine)) == pytest.approx(0.0, abs=0.2)


def test_a_gap_and_the_share_of_silence_are_measured() -> None:
    audio = tone(220, 10, STUDIO_RATE)
    audio[4 * STUDIO_RATE : 6 * STUDIO_RATE] = 0
    audio[-STUDIO_RATE:] = 0
    gap, silent = level.silence(stereo(audio), STUDIO_RATE)
    assert gap == pytest.approx(2, abs=0.1)
    assert silent == pytest.approx(0.3, abs=0.02)
    assert level.silence(stereo(0 * audio), STUDIO_RATE) == (10.0, 1.0)


def test_the_share_of_low_energy_is_measured() -> None:
    time = np.arange(4 * STUDIO_RATE) / STUDIO_RATE
    audio = np.sin(2 * np.pi * 60 * time) + np.sqrt(3) * np.sin(2 * np.pi * 1000 * time)
    assert level.low_share(stereo(audio.astype(np.float32)), STUDIO_RATE) == pytest.approx(0.25, abs=0.01)


def test_a_missing_stem_is_found() -> None:
    one, other = stereo(tone(220, 1)), stereo(tone(330, 1))
    assert level.stems_off(one + other, {"bass": one, "synth": other}) < -80
    assert level.stems_off(one + other, {"bass": one}) > -30


def test_notes_sung_out_of_tune_are_found() -> None:
    sung = np.concatenate([tone(440 * 2 ** ((n - 69) / 12), 0.5) for n in (60, 62.2, 64, 69)])
    written = [notes.Note("Vocals", 0.5 * at, 0.5, pitch, 96, drum=False) for at, pitch in enumerate((60, 62, 64, 57))]
    off = singing.cents_off(stereo(sung), RATE, written, 1.0)
    assert off == pytest.approx([0, 20, 0, 1200], abs=3)


def test_a_glide_is_not_taken_for_a_note() -> None:
    glide = tone(np.geomspace(262, 330, RATE), 1.0)
    [off] = singing.cents_off(stereo(glide), RATE, [notes.Note("Vocals", 0, 1, 60, 96, drum=False)], 1.0)
    assert off == pytest.approx(200, abs=15)


def test_a_silent_voice_is_out_of_tune() -> None:
    [off] = singing.cents_off(stereo(0 * tone(262, 1.0)), RATE, [notes.Note("Vocals", 0, 1, 60, 96, drum=False)], 1.0)
    assert off == 100


def test_onsets_are_heard_within_a_few_milliseconds() -> None:
    starts = [0.5, 1.1, 1.7, 2.4]
    voice = np.zeros(3 * RATE, np.float32)
    for start in starts:
        first = round(start * RATE)
        voice[first : first + round(0.4 * RATE)] = tone(220, 0.4)
    lines = [LineTime("la", start, start + 0.4) for start in starts]
    heard = singing.onsets(stereo(voice), RATE, lines)
    assert singing.apart(starts, heard).max() < 0.015
    assert singing.apart([start + 0.1 for start in starts], heard).min() > 0.06


def test_no_onsets_are_as_far_as_it_goes() -> None:
    assert singing.apart([1.0], np.empty(0)) == pytest.approx([singing.WINDOW_S])


def midi(tune: list[int], hats: int, root: int = 48, *, verses: int = 1) -> notes.Notes:
    """A bar of drums, a chord and a tune in quarters, four times in each verse."""
    file = mido.MidiFile(ticks_per_beat=480)
    meta = [mido.MetaMessage("time_signature", numerator=4, denominator=4), mido.MetaMessage("key_signature", key="C")]
    length = len(tune) * 480
    meta += [mido.MetaMessage("marker", text="verse", time=length if verse else 0) for verse in range(verses)]
    file.tracks.append(mido.MidiTrack(meta))
    for name, channel, struck in (
        ("Vocals", 0, [(pitch, 480) for pitch in tune * verses]),
        ("Piano", 1, [(root, 1920)] * (len(tune) * verses // 4)),
        ("Kit", 9, [(42, 1920 // hats)] * (hats * len(tune) * verses // 4)),
    ):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        for pitch, ticks in struck:
            track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=90))
            track.append(mido.Message("note_off", channel=channel, note=pitch, time=ticks))
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return notes.read(buffer.getvalue())


TUNE = [60, 62, 64, 65, 67, 65, 64, 62] * 2
OTHER = [72, 67, 69, 64, 65, 60, 62, 59] * 2


def test_another_tune_another_beat_and_another_chord_are_told_apart() -> None:
    song = midi(TUNE, 8)
    assert variety.melodies(song, song) == variety.progressions(song, song) == variety.grooves(song, song) == 0
    assert variety.melodies(song, midi(OTHER, 8)) > variety.MELODY
    assert variety.melodies(song, midi([pitch + 5 for pitch in TUNE], 8)) == 0
    assert variety.grooves(song, midi(TUNE, 16)) > variety.GROOVE
    assert variety.progressions(song, midi(TUNE, 8, root=53)) > variety.PROGRESSION


def test_a_verse_that_comes_back_unchanged_is_found() -> None:
    assert variety.verses(midi(TUNE, 8)) is None
    assert variety.verses(midi(TUNE, 8, verses=2)) == pytest.approx(0)


def test_tempo_and_colour_give_no_genre_away() -> None:
    """The same music slower and through another equaliser is nearer to itself than to other music."""
    slow, fast = clicks(90, 12, half=0.5), clicks(120, 9, half=0.5)
    bright = np.convolve(fast, [1.0, -0.6]).astype(np.float32)
    other = np.concatenate([tone(220 * (1 + at % 3), 0.75) for at in range(12)])
    here, changed, elsewhere = (genre.features(a, b) for a, b in ((slow, 90), (bright, 120), (other, 120)))
    assert np.linalg.norm(here - changed) < 0.5 * np.linalg.norm(here - elsewhere)


def test_songs_come_to_the_ears_in_mono_at_one_rate() -> None:
    audio = at_rate(stereo(tone(440, 1, STUDIO_RATE)), STUDIO_RATE)
    assert audio.shape == (RATE,)
    assert np.argmax(np.abs(np.fft.rfft(audio))) == 440
