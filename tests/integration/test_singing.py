"""A song's lines, sung and then heard: pitch, times, level and sameness, by means of our own."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psutil
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from engine.spec.protocol import LineTime
from engine.studio.score import LyricLine
from engine.studio.voice.espeak import ROOT, Speaker
from engine.studio.voice.read import read_lyrics
from engine.studio.voice.sing import PhraseNote, PhrasePlan, Sung, sing

RATE = 48_000
LYRICS = [
    ("verse", "Walking through the city in the pouring rain"),
    ("verse", "She sells bright gold shells, hush little bird"),
    ("verse", "Strong winds push back the voices of the dark"),
    ("chorus", "Take my hand, fly higher than the clouds"),
    ("chorus", "Oh, every heart keeps beating for the chance"),
    ("chorus", "I am alone, you are always on my mind"),
]
SCALE = (0, 2, 4, 5, 7, 9, 11, 12)

Audio = NDArray[np.float32]


def melody(lines: tuple[LyricLine, ...], tonic: int, beat: float = 0.5, start: float = 1.0) -> tuple[PhrasePlan, ...]:
    """A walk through the scale: eighths and quarters, a melisma now and then, a rest inside and a long last note."""
    draw = np.random.default_rng(11)
    phrases = []
    for line in lines:
        notes: list[PhraseNote] = []
        degree, time = 2, start
        for number, syllable in enumerate(line.syllables):
            degree = int(np.clip(degree + draw.integers(-2, 3), 0, 6))
            length = 2 * beat if number == len(line.syllables) - 1 else beat if syllable.stress else beat / 2
            if length >= beat and draw.random() < 0.25:
                notes.append(PhraseNote(tonic + SCALE[degree], time, time + length / 2, number))
                notes.append(PhraseNote(tonic + SCALE[degree + 1], time + length / 2, time + length, number))
            else:
                notes.append(PhraseNote(tonic + SCALE[degree], time, time + length, number))
            time += length + (beat / 2 if number == 3 else 0.0)
        phrases.append(PhrasePlan(line, tuple(notes)))
        start = time + beat / 2
    return tuple(phrases)


@dataclass(frozen=True)
class Song:
    phrases: tuple[PhrasePlan, ...]
    duration: float
    sung: Sung
    # How much later than the first the last singer ends.
    late: float = 0.0


@pytest.fixture(scope="module")
def speaker() -> Iterator[Speaker]:
    torch.set_num_threads(1)
    with Speaker() as speaker:
        yield speaker


def song(speaker: Speaker, timbre: str) -> Song:
    phrases = melody(read_lyrics(LYRICS, "en", speaker), {"female": 62, "male": 50, "choir": 57}[timbre])
    duration = phrases[-1].notes[-1].end + 1.0
    sung = sing(phrases, duration=duration, seed=7, timbre=timbre, speaker=speaker)
    return Song(phrases, duration, sung, 0.02 if timbre == "choir" else 0.0)


@pytest.fixture(scope="module")
def songs(speaker: Speaker) -> dict[str, Song]:
    return {timbre: song(speaker, timbre) for timbre in ("female", "male", "choir")}


@pytest.fixture(params=["female", "male", "choir"])
def one(request: pytest.FixtureRequest, songs: dict[str, Song]) -> Song:
    return songs[request.param]


def pitches(audio: Audio, start: float, end: float) -> NDArray[np.float64]:
    """Hz every 10 ms, by YIN's normalised difference (de Cheveigné, Kawahara 2002); unpitched frames are left out."""
    size, longest, shortest = 1600, RATE // 70, RATE // 900
    found = []
    for at in range(int(start * RATE), int(end * RATE) - size - longest, RATE // 100):
        x = audio[at : at + size + longest].astype(np.float64)
        energy = np.concatenate(([0.0], np.cumsum(x * x)))
        windows = energy[size : size + longest + 1] - energy[: longest + 1]
        if windows.min() < 1e-9:
            continue
        product = np.fft.irfft(np.fft.rfft(x, 8192) * np.fft.rfft(x[:size], 8192).conj(), 8192)[: longest + 1]
        difference = windows[0] + windows - 2 * product
        normal = difference * np.arange(longest + 1) / np.maximum(np.cumsum(difference), 1e-12)
        deep = np.flatnonzero(normal[shortest:-1] < 0.15)
        if not len(deep):
            continue
        lag = shortest + int(deep[0])
        while lag + 1 < longest and normal[lag + 1] < normal[lag]:
            lag += 1
        left, here, right = normal[lag - 1 : lag + 2]
        found.append(RATE / (lag + (left - right) / (2 * (left - 2 * here + right))))
    return np.array(found)


def cents(song: Song) -> NDArray[np.float64]:
    """How far each note's median pitch lies from what was written; notes with no pitch count as a semitone."""
    off = []
    for note in itertools.chain.from_iterable(phrase.notes for phrase in song.phrases):
        heard = pitches(song.sung.audio, note.start + 0.03, note.end - 0.03)
        nominal = 440.0 * 2 ** ((note.midi - 69) / 12)
        away = 1200 * np.log2(heard / nominal)
        if song.late:
            # Where singers beat against each other, the odd harmonics may be gone for a moment.
            away = (away + 600) % 1200 - 600
        off.append(np.median(away) if len(heard) > 1 else 100.0)
    return np.abs(off)


def levels(audio: Audio, start: float, end: float) -> NDArray[np.float64]:
    """RMS over 5 ms, every millisecond from `start`."""
    size, step = RATE // 200, RATE // 1000
    x = audio[max(int(start * RATE) - size // 2, 0) : int(end * RATE)].astype(np.float64)
    total = np.concatenate(([0.0], np.cumsum(x * x)))
    return np.asarray(np.sqrt((total[size::step] - total[:-size:step]) / size))


def loudness(audio: Audio, line: LineTime) -> float:
    """dB of a line, with what the ear hardly hears taken out."""
    x = audio[int(line.start * RATE) : int(line.end * RATE)].astype(np.float64)
    heard = sosfiltfilt(butter(2, [200, 6000], "bandpass", fs=RATE, output="sos"), x)
    return float(10 * np.log10(np.mean(heard**2)))


def test_notes_are_in_tune(one: Song) -> None:
    off = cents(one)
    assert len(off) > 60
    assert np.median(off) <= 10
    assert np.mean(off > 50) <= 0.02


def test_lines_start_when_they_are_heard(one: Song) -> None:
    # 40 dB below the line's loudest 5 ms: below that nobody notices a voice in a song, and every onset is above it.
    voiced = sosfiltfilt(butter(4, 400, "lowpass", fs=RATE, output="sos"), one.sung.audio).astype(np.float32)
    before = 0.0
    for line in one.sung.lines:
        since = max(before, line.start - 0.06)
        heard = levels(one.sung.audio, since, line.end)
        onset = since + float(np.argmax(heard > heard.max() / 100)) / 1000
        assert onset == pytest.approx(line.start, abs=0.02)
        # Earlier there may be a breath, which is softer than any consonant and has nothing of a voice.
        early = max(before, line.start - 0.3), line.start - 0.025
        if early[1] - early[0] > 0.01:
            assert levels(one.sung.audio, *early).max() < heard.max() / 40
            assert levels(voiced, *early).max() < levels(voiced, line.start, line.end).max() / 300
        before = line.end + 0.01 + one.late


def test_a_breath_is_taken_where_there_is_time(speaker: Speaker) -> None:
    lines = read_lyrics([("verse", "I am alone"), ("verse", "you are near"), ("verse", "we sing")], "en", speaker)
    starts = (1.5, 3.3, 5.6)
    plans = [
        PhrasePlan(line, tuple(PhraseNote(60, at + 0.5 * n, at + 0.5 + 0.5 * n, n) for n in range(len(line.syllables))))
        for line, at in zip(lines, starts, strict=True)
    ]
    sung = sing(plans, duration=8.0, seed=4, speaker=speaker)
    rests = [(0.0, sung.lines[0].start), *((a.end, b.start) for a, b in itertools.pairwise(sung.lines))]
    assert [end - start > 0.5 for start, end in rests] == [True, False, True]
    for (start, end), line in zip(rests, sung.lines, strict=True):
        loud = levels(sung.audio, line.start, line.end).max()
        before = levels(sung.audio, start + 0.07, end - 0.06)
        audible = np.flatnonzero(before > loud / 1000)
        if end - start < 0.5:
            assert not len(audible)
            continue
        assert not sung.audio[int((end - 0.06) * RATE) : int((end - 0.02) * RATE)].any()
        assert 0.12 < len(audible) / 1000 < 0.42
        assert -46 < 20 * np.log10(before.max() / loud) < -34
        # Air, no voice.
        assert not len(pitches(sung.audio, start + 0.07, end - 0.05))
        assert band(sung.audio, start + 0.07, end - 0.06, 1000, 10000) > -1


def test_words_start_when_they_are_heard(one: Song) -> None:
    """Words after a silence have an audible start; the others run into each other."""
    off = []
    for line in one.sung.lines:
        loudest = levels(one.sung.audio, line.start, line.end).max()
        for word in line.words[1:]:
            around = levels(one.sung.audio, word.start - 0.12, word.start + 0.12) > loudest / 60
            quiet = np.flatnonzero(~around)
            runs = [run for run in np.split(quiet, np.flatnonzero(np.diff(quiet) > 1) + 1) if len(run) >= 15]
            ends = [run[-1] / 1000 - 0.12 for run in runs if run[-1] < len(around) - 1]
            if ends:
                off.append(min(abs(end) for end in ends))
    assert len(off) >= 8
    assert np.quantile(off, 0.9) <= 0.06


def test_every_word_is_timed_in_order(one: Song) -> None:
    assert [line.text for line in one.sung.lines] == [text for _, text in LYRICS]
    for line, phrase in zip(one.sung.lines, one.phrases, strict=True):
        assert tuple(word.text for word in line.words) == phrase.line.words
        assert line.start == line.words[0].start
        assert line.end == line.words[-1].end
        for word in line.words:
            assert word.start < word.end
        for word, following in itertools.pairwise(line.words):
            assert word.end <= following.start + 1e-6
    for line, coming in itertools.pairwise(one.sung.lines):
        assert line.end < coming.start


def test_the_voice_is_sound_and_the_rest_is_silence(one: Song) -> None:
    audio = one.sung.audio
    assert audio.dtype == np.float32
    assert audio.shape == (round(one.duration * RATE),)
    assert np.isfinite(audio).all()
    assert 0.2 < np.abs(audio).max() < 1.0
    for line in one.sung.lines:
        assert np.mean(levels(audio, line.start, line.end) > 0.003) > 0.8
    assert np.abs(audio[: int((one.sung.lines[0].start - 0.5) * RATE)]).max() == 0.0
    assert np.abs(audio[int((one.sung.lines[-1].end + 0.06) * RATE) :]).max() == 0.0


def test_lines_are_equally_loud(one: Song) -> None:
    loud = [loudness(one.sung.audio, line) for line in one.sung.lines]
    assert max(loud) - min(loud) < 4.0


def test_no_rumble_and_no_clicks(one: Song) -> None:
    audio = one.sung.audio.astype(np.float64)
    assert abs(audio.mean()) < 1e-4
    rumble = sosfiltfilt(butter(4, 60, "lowpass", fs=RATE, output="sos"), audio)
    assert np.mean(rumble**2) < 1e-4 * np.mean(audio**2)
    assert np.abs(np.diff(audio)).max() < 0.5 * np.abs(audio).max()


def band(audio: Audio, start: float, end: float, low: float, high: float) -> float:
    """Share of the power between `low` and `high` Hz, in dB."""
    x = audio[int(start * RATE) : int(end * RATE)].astype(np.float64)
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    hertz = np.fft.rfftfreq(len(x), 1 / RATE)
    return float(10 * np.log10(power[(hertz >= low) & (hertz < high)].sum() / power.sum()))


def sustained(speaker: Speaker, text: str, midi: int, timbre: str) -> Sung:
    line = read_lyrics([("verse", text)], "en", speaker)[0]
    notes = tuple(PhraseNote(midi, 0.5 + n, 1.5 + n, n) for n in range(len(line.syllables)))
    return sing([PhrasePlan(line, notes)], duration=1.0 + len(notes), seed=1, timbre=timbre, speaker=speaker)


def test_consonants_are_heard_and_go_above_what_espeak_gives(speaker: Speaker) -> None:
    sung = sustained(speaker, "see", 62, "female")
    start = sung.lines[0].start
    assert start < 0.45
    assert band(sung.audio, start + 0.01, 0.48, 4000, 20000) > -6
    assert band(sung.audio, start + 0.01, 0.48, 11500, 20000) > -30
    assert band(sung.audio, 0.6, 1.4, 4000, 20000) < -12
    assert -60 < band(sung.audio, 0.6, 1.4, 11500, 20000) < -25
    hiss, vowel = levels(sung.audio, start, 0.48).max(), levels(sung.audio, 0.6, 1.4).max()
    assert -30 < 20 * np.log10(hiss / vowel) < -3


def test_vowels_have_their_formants(speaker: Speaker) -> None:
    # "ah" has its first two formants near each other below 1.5 kHz; "ee" far apart, with nothing between.
    for timbre, midi in (("female", 57), ("male", 45)):
        ah, ee = (sustained(speaker, text, midi, timbre).audio for text in ("ah", "ee"))
        assert band(ah, 0.7, 1.3, 600, 1500) > band(ee, 0.7, 1.3, 600, 1500) + 10
        assert band(ee, 0.7, 1.3, 1900, 3600) > band(ah, 0.7, 1.3, 1900, 3600) + 3


def centroid(audio: Audio) -> float:
    """Mean frequency between 1 and 5 kHz, where formants tell singers apart."""
    x = audio[int(0.7 * RATE) : int(1.3 * RATE)].astype(np.float64)
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    hertz = np.fft.rfftfreq(len(x), 1 / RATE)
    inside = (hertz > 1000) & (hertz < 5000)
    return float((power * hertz)[inside].sum() / power[inside].sum())


def test_a_woman_and_a_man_differ_on_the_same_note(speaker: Speaker) -> None:
    woman, man = (centroid(sustained(speaker, "ee", 57, timbre).audio) for timbre in ("female", "male"))
    assert woman > 1.08 * man


def test_only_the_seed_and_the_timbre_change_a_take(speaker: Speaker, songs: dict[str, Song]) -> None:
    song = songs["female"]
    short = song.phrases[:2]

    def take(seed: int, timbre: str = "female") -> Sung:
        return sing(short, duration=12.0, seed=seed, timbre=timbre, speaker=speaker)

    one = take(7)
    assert one.audio.tobytes() == take(7).audio.tobytes()
    assert one.lines == take(7).lines
    assert not np.array_equal(one.audio, take(8).audio)
    assert not np.array_equal(one.audio, take(7, "male").audio)
    # A line is the same whatever is sung after it, except where it must make way.
    until = int((one.lines[0].end - 0.3) * RATE)
    assert np.array_equal(one.audio[:until], song.sung.audio[:until])


FRESH = """
import hashlib, sys, torch
from engine.studio.voice.espeak import Speaker
from engine.studio.voice.read import read_lyrics
from engine.studio.voice.sing import PhraseNote, PhrasePlan, sing
with Speaker() as speaker:
    for language, words in zip(sys.argv[1::2], sys.argv[2::2]):
        (line,) = read_lyrics([("verse", words)], language, speaker)
        notes = tuple(PhraseNote(60 + n % 5, 0.8 + 0.4 * n, 1.2 + 0.4 * n, n) for n in range(len(line.syllables)))
        for threads in (1, 2):
            torch.set_num_threads(threads)
            sung = sing([PhrasePlan(line, notes)], duration=6.0, seed=3, timbre="choir", speaker=speaker)
            print(hashlib.sha256(sung.audio.tobytes() + repr(sung.lines).encode()).hexdigest())
"""


def test_the_same_bytes_from_another_process_and_on_two_threads(speaker: Speaker) -> None:
    """Also of words in a script that is read by another's rules."""
    texts = {"en": "Strong winds push back the voices of the dark", "ja": "星が光る夜に"}
    here = []
    for language, words in texts.items():
        (line,) = read_lyrics([("verse", words)], language, speaker)
        notes = tuple(PhraseNote(60 + n % 5, 0.8 + 0.4 * n, 1.2 + 0.4 * n, n) for n in range(len(line.syllables)))
        sung = sing([PhrasePlan(line, notes)], duration=6.0, seed=3, timbre="choir", speaker=speaker)
        here += 2 * [hashlib.sha256(sung.audio.tobytes() + repr(sung.lines).encode()).hexdigest()]
    asked = [part for text in texts.items() for part in text]
    fresh = subprocess.run([sys.executable, "-c", FRESH, *asked], cwd=ROOT, capture_output=True, check=True, text=True)
    assert fresh.stdout.split() == here
    assert len({*here}) == 2


def test_a_line_put_in_changes_no_other(speaker: Speaker, songs: dict[str, Song]) -> None:
    song = songs["female"]
    first, put_in, last = song.phrases[0], song.phrases[1], song.phrases[2]
    without, with_it = (
        sing(plans, duration=16.0, seed=5, speaker=speaker) for plans in ([first, last], [first, put_in, last])
    )
    assert without.lines == (with_it.lines[0], with_it.lines[2])
    # From the first consonant on; the breath before it depends on the rest there was.
    for line in without.lines:
        part = slice(int((line.start - 0.01) * RATE), int((line.end - 0.02) * RATE))
        assert np.array_equal(without.audio[part], with_it.audio[part])


def test_a_backing_voice_needs_no_new_speech(songs: dict[str, Song]) -> None:
    lead = songs["female"].phrases[:2]
    up = tuple(
        PhrasePlan(p.line, tuple(PhraseNote(n.midi + 4, n.start, n.end, n.syllable) for n in p.notes)) for p in lead
    )
    with Speaker() as speaker:
        before = {child.pid for child in psutil.Process().children()}
        sing(lead, duration=12.0, seed=9, speaker=speaker)
        speaker.close()
        backing = sing(up, duration=12.0, seed=9, timbre="male", speaker=speaker)
        assert {child.pid for child in psutil.Process().children()} <= before
    heard = np.median(pitches(backing.audio, up[0].notes[0].start + 0.03, up[0].notes[0].end - 0.03))
    assert 69 + 12 * np.log2(heard / 440) == pytest.approx(up[0].notes[0].midi, abs=0.3)


@pytest.mark.parametrize("each", [0.06, 0.15, 3.0])
def test_fast_and_slow_notes_keep_every_word(speaker: Speaker, each: float) -> None:
    (line,) = read_lyrics([("verse", "Strength splashes through the sixth street")], "en", speaker)
    notes = tuple(PhraseNote(60, n * each, (n + 1) * each, n) for n in range(len(line.syllables)))
    sung = sing([PhrasePlan(line, notes)], duration=len(notes) * each, seed=1, speaker=speaker)
    assert len(sung.lines[0].words) == 6
    assert sung.lines[0].start >= 0
    assert sung.lines[0].end <= len(notes) * each + 1e-6
    assert np.isfinite(sung.audio).all()
    assert np.abs(sung.audio).max() > 0.1


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("es", "Bailando bajo la luna llena"),
        ("de", "Über den Wolken frei"),
        ("ru", "я тебя люблю в ночи"),
        ("fr", "les feuilles mortes"),
    ],
)
def test_other_languages_are_sung_in_tune(speaker: Speaker, language: str, text: str) -> None:
    (line,) = read_lyrics([("verse", text)], language, speaker)
    notes = tuple(PhraseNote(60 + n % 4, 0.5 + 0.4 * n, 0.9 + 0.4 * n, n) for n in range(len(line.syllables)))
    phrases = (PhrasePlan(line, notes),)
    sung = sing(phrases, duration=notes[-1].end + 0.5, seed=1, language=language, speaker=speaker)
    assert np.median(cents(Song(phrases, notes[-1].end + 0.5, sung))) <= 10


@dataclass(frozen=True)
class Syllables:
    """What was measured of each syllable: semitones it falls, its pitch, its level in dB and how long it sounds."""

    fall: NDArray[np.float64]
    midi: NDArray[np.float64]
    level: NDArray[np.float64]
    sounds: NDArray[np.float64]


def syllables(speaker: Speaker, text: str, each: float, spoken: bool) -> tuple[NDArray[np.int64], Syllables]:
    """A Spanish line on one note, a syllable every `each` seconds: stresses, and what is heard."""
    (line,) = read_lyrics([("verse", text)], "es", speaker)
    notes = tuple(PhraseNote(50, 0.5 + each * n, 0.5 + each * (n + 1), n) for n in range(len(line.syllables)))
    plan = PhrasePlan(line, notes, spoken)
    sung = sing([plan], duration=1.0 + each * len(notes), seed=1, timbre="male", language="es", speaker=speaker)
    audio = sung.audio
    found = []
    for note in notes:
        track = 69 + 12 * np.log2(pitches(audio, note.start + 0.01, note.start + 0.8 * each) / 440)
        loud = levels(audio, note.start, note.end)
        found.append(
            (track[0] - track[-1], np.median(track), 20 * np.log10(loud.max()), np.mean(loud > loud.max() / 30) * each)
        )
    return np.array([syllable.stress for syllable in line.syllables]), Syllables(*np.array(found).T)


def test_spoken_lines_are_no_short_singing(speaker: Speaker) -> None:
    text = "la mañana cantaba la balada amarga"
    stress, spoken = syllables(speaker, text, 0.3, spoken=True)
    _, held = syllables(speaker, text, 0.3, spoken=False)
    # The voice falls where the stress is, around the note, and the line sinks; singing holds its note.
    assert 1.0 < np.median(spoken.fall[stress > 0]) < 4.5
    assert np.median(spoken.fall[stress > 0]) > np.median(spoken.fall[stress == 0]) + 0.8
    assert np.abs(np.median(held.fall)) < 0.3
    assert abs(spoken.midi.mean() - 50) < 1.0
    assert spoken.midi[:4].mean() > spoken.midi[-4:].mean() + 1.0
    assert np.ptp(held.midi) < 0.5
    # Stress is louder.
    louder = spoken.level[stress > 0].mean() - spoken.level[stress == 0].mean()
    assert 2.0 < louder < 4.5
    # Slow speech rests between its words; singing doesn't.
    assert spoken.sounds.sum() < 0.85 * held.sounds.sum()


@pytest.mark.parametrize("timbre", ["female", "male"])
def test_every_note_of_a_melisma_is_reached(speaker: Speaker, timbre: str) -> None:
    (line,) = read_lyrics([("verse", "I will love you")], "en", speaker)
    draw, tonic, each = np.random.default_rng(3), {"female": 62, "male": 53}[timbre], 0.15
    notes = tuple(
        PhraseNote(tonic + SCALE[draw.integers(0, 7)], 0.5 + each * n, 0.5 + each * (n + 1), n // 6)
        for n in range(6 * len(line.syllables))
    )
    audio = sing([PhrasePlan(line, notes)], duration=5.0, seed=1, timbre=timbre, speaker=speaker).audio
    off = []
    for note in notes:
        heard = pitches(audio, note.start, note.end)
        off.append(abs(1200 * np.log2(np.median(heard) / 440) - 100 * (note.midi - 69)))
    assert np.median(off) <= 10
    assert max(off) <= 50


def test_a_choir_is_several_singers(speaker: Speaker, songs: dict[str, Song]) -> None:
    """One voice's harmonics are lines; those of many are blurred, and their level wavers."""
    one, many = (sustained(speaker, "ah", 57, timbre).audio for timbre in ("female", "choir"))

    def wavering(audio: Audio) -> float:
        x = audio[int(0.7 * RATE) : int(1.4 * RATE)].astype(np.float64)
        harmonic = sosfiltfilt(butter(2, [630, 690], "bandpass", fs=RATE, output="sos"), x)
        loud = 20 * np.log10(levels(np.abs(harmonic).astype(np.float32), 0.05, 0.6))
        return float(np.ptp(loud))

    assert wavering(many) > wavering(one) + 3
    for line, alone in zip(songs["choir"].sung.lines, songs["female"].sung.lines, strict=True):
        assert line.start == pytest.approx(alone.start, abs=0.02)


@pytest.mark.parametrize(
    ("language", "text"), [("en", "Psst, hmm, shh"), ("cs", "strč prst skrz krk"), ("ru", "в с к"), ("en", "Brrr")]
)
@pytest.mark.parametrize("each", [0.1, 2.0])
def test_words_without_vowels_are_heard(speaker: Speaker, language: str, text: str, each: float) -> None:
    (line,) = read_lyrics([("verse", text)], language, speaker)
    notes = tuple(PhraseNote(60, 0.5 + n * each, 0.5 + (n + 1) * each, n) for n in range(len(line.syllables)))
    for spoken in (False, True):
        plan = PhrasePlan(line, notes, spoken)
        sung = sing([plan], duration=1.0 + len(notes) * each, seed=1, language=language, speaker=speaker)
        assert np.isfinite(sung.audio).all()
        assert np.abs(sung.audio).max() < 1.0
        for word in sung.lines[0].words:
            assert levels(sung.audio, word.start, word.end).max() > 0.003


def test_what_has_no_voice_is_not_held(speaker: Speaker) -> None:
    """However long its note: the word ends when it has been hissed, and the next one is as loud as ever."""
    (alone,), (both,), (ah,) = (read_lyrics([("verse", text)], "en", speaker) for text in ("psst", "psst ah", "ah"))
    held = sing([PhrasePlan(alone, (PhraseNote(60, 0.5, 8.5, 0),))], duration=9.0, seed=1, speaker=speaker)
    heard = np.flatnonzero(levels(held.audio, 0.0, 9.0) > 0.003) / 1000
    assert heard[-1] == pytest.approx(held.lines[0].end, abs=0.03)
    assert held.lines[0].end < 1.2
    last = PhraseNote(60, 3.5, 4.5, 1)
    after = sing([PhrasePlan(both, (PhraseNote(60, 0.5, 3.5, 0), last))], duration=5.0, seed=1, speaker=speaker)
    usual = sing([PhrasePlan(ah, (PhraseNote(60, 3.5, 4.5, 0),))], duration=5.0, seed=1, speaker=speaker)
    loud, as_ever = (levels(sung.audio, 3.7, 4.3).mean() for sung in (after, usual))
    assert abs(20 * np.log10(loud / as_ever)) < 2.0


def test_other_rates_sound_the_same(speaker: Speaker) -> None:
    (line,) = read_lyrics([("verse", "Take my hand")], "en", speaker)
    plan = PhrasePlan(line, tuple(PhraseNote(60 + n, 0.5 + 0.4 * n, 0.9 + 0.4 * n, n) for n in range(3)))
    usual, other = (sing([plan], duration=2.0, seed=1, speaker=speaker, rate=rate) for rate in (RATE, 44_100))
    assert other.audio.shape == (88_200,)
    for word, as_usual in zip(other.lines[0].words, usual.lines[0].words, strict=True):
        assert (word.start, word.end) == pytest.approx((as_usual.start, as_usual.end), abs=0.005)
    power = [float(np.mean(sung.audio.astype(np.float64) ** 2)) for sung in (usual, other)]
    assert abs(10 * np.log10(power[0] / power[1])) < 1.0


def test_stops_that_meet_burst_once(speaker: Speaker) -> None:
    """A "t" that ends a word and one that begins the next are one."""
    bursts = []
    for text in ("what time", "why time"):
        sung = sustained(speaker, text, 60, "female")
        x = sosfiltfilt(butter(4, 5000, "highpass", fs=RATE, output="sos"), sung.audio.astype(np.float64))
        loud = levels(x.astype(np.float32), 1.0, 1.55)
        bursts.append(int(np.sum(np.diff((loud > 0.35 * loud.max()).astype(int)) > 0)))
    assert bursts == [1, 1]


def test_forty_syllables_in_four_seconds(speaker: Speaker) -> None:
    (line,) = read_lyrics([("verse", "never ever other under over " * 4)], "en", speaker)
    assert len(line.syllables) == 40
    notes = tuple(PhraseNote(60, 0.5 + 0.1 * n, 0.6 + 0.1 * n, n) for n in range(40))
    for timbre in ("female", "choir"):
        sung = sing([PhrasePlan(line, notes)], duration=5.0, seed=1, timbre=timbre, speaker=speaker)
        assert len(sung.lines[0].words) == 20
        assert 0.2 < np.abs(sung.audio).max() < 1.0


@pytest.mark.parametrize(
    ("notes", "complaint"),
    [
        ([(60, 1.0, 1.5, 0)], "has no note"),
        ([(60, 1.0, 1.5, 0), (60, 1.4, 2.0, 1)], "not in order"),
        ([(60, 1.0, 1.5, 1), (60, 1.5, 2.0, 0)], "not in order"),
        ([(60, 1.0, 1.0, 0), (60, 1.5, 2.0, 1)], "ends before"),
        ([(60, 1.0, 1.5, 0), (60, 1.5, 2.0, 1), (60, 2.0, 2.5, 2)], "no syllable"),
    ],
)
def test_notes_that_do_not_fit_are_refused(
    speaker: Speaker, notes: list[tuple[int, float, float, int]], complaint: str
) -> None:
    (line,) = read_lyrics([("verse", "Hello")], "en", speaker)
    with pytest.raises(ValueError, match=complaint):
        sing([PhrasePlan(line, tuple(PhraseNote(*note) for note in notes))], duration=3.0, seed=1, speaker=speaker)


def test_no_lines_are_silence(speaker: Speaker) -> None:
    sung = sing([], duration=1.5, seed=1, speaker=speaker)
    assert sung.lines == ()
    assert sung.audio.shape == (72_000,)
    assert not sung.audio.any()
