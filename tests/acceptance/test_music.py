"""One song of each genre as people get it: its files decoded, and measured by ears that know nothing of the score."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import numpy as np
import pytest
import soundfile
from mido import MidiFile
from numpy.typing import NDArray

from bench.ears import level, notes, tempo, tonality, variety
from bench.ears.hearing import TONIC_ONLY
from bench.ears.wave import Floats, at_rate
from bench.takes import Shelf, presets, studio
from engine.audio.package import package
from engine.audio.picture import cover
from engine.spec import Order, Plan, Request, Take, TrackResult, parse
from engine.studio.compose import compose
from engine.studio.midi import to_midi
from tests.unit.studio import brief

GENRES = [name for name in presets() if name != "Custom"]
SECONDS = 15.0
# Decibels an octave by which a song that is neither shrill nor dull falls.
FALL = (-10.5, -1.5)
# The targets of the whole bench (130 songs) are 95 % and 0.9; of thirteen songs one may be misheard.
MISHEARD = 1


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end() -> Iterator[None]:
    yield
    studio().close()
    studio.cache_clear()
    packed().cleanup()
    packed.cache_clear()


@dataclass(frozen=True)
class Song:
    """A finished song: what its track says, and its files decoded to (2, samples)."""

    plan: Plan
    result: TrackResult
    audio: NDArray[np.float32]
    stems: dict[str, NDArray[np.float32]]

    def bytes_of(self, kind: str) -> bytes:
        return b"".join(Path(file.path).read_bytes() for file in self.result.files if file.kind == kind)


def rendered(seed: int, seconds: float, **values: object) -> tuple[Request, Plan, Take]:
    spec = parse("text2music", {"duration": seconds, **values})
    order, shelf = Order(job=1, spec={}, duration=seconds, takes=1, seed=seed, workdir=""), Shelf()
    plan = studio().plan(spec, order)
    studio().render(spec, plan, order, shelf)
    return spec, plan, shelf.takes[0]


def made(seed: int, seconds: float, *, picture: bytes | None = None, **values: object) -> Song:
    spec, plan, take = rendered(seed, seconds, **values)
    take = replace(take, picture=picture)
    result = package(take, plan=plan, spec=spec, workdir=Path(mkdtemp(dir=packed().name)))
    files = {(file.kind, file.name, file.format): Path(file.path) for file in result.files}
    stems = {name: read(path) for (kind, name, _), path in files.items() if kind == "stem"}
    return Song(plan, result, read(files["audio", "", "flac"]), stems)


def read(path: Path) -> NDArray[np.float32]:
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == 48_000
    return np.ascontiguousarray(audio.T)


@cache
def packed() -> TemporaryDirectory[str]:
    """Where the files of all songs are until the last test is over."""
    return TemporaryDirectory(prefix="minstrel-music-")


@cache
def picture() -> bytes:
    """One cover for all that are only listened to."""
    return cover("Evening", seed=1, genre="", minor=False, energy=(0.5,) * 180)


@cache
def song(genre: str) -> Song:
    return made(4, SECONDS, picture=picture(), caption="", genre_preset=genre)


@cache
def mono(genre: str) -> Floats:
    """What the ears that follow beats and chords get of it."""
    return at_rate(song(genre).audio, 48_000)


def slope(audio: NDArray[np.float32]) -> float:
    """Decibels an octave by which the spectrum falls from 1 to 11 kHz."""
    power = np.square(np.abs(np.fft.rfft(audio, axis=1))).sum(0)
    f = np.fft.rfftfreq(audio.shape[1], 1 / 48_000)
    centres = [1000 * 2 ** (half / 2) for half in range(8)]
    levels = [10 * np.log10(power[(f >= c / 2**0.25) & (f < c * 2**0.25)].sum() / c) for c in centres]
    return float(2 * np.polyfit(range(8), levels, 1)[0])


@pytest.mark.parametrize("genre", [*GENRES, "Custom"])
def test_a_song_is_as_long_as_loud_as_deep_and_as_bright_as_it_should_be(genre: str) -> None:
    heard = song(genre)
    assert heard.audio.shape == (2, round(SECONDS * 48_000))
    assert level.loudness(heard.audio, 48_000) == pytest.approx(-14.0, abs=0.5)
    assert level.true_peak(heard.audio) <= -1.0
    gap, silent = level.silence(heard.audio, 48_000)
    assert gap <= 1.0
    assert silent <= 0.03
    least, most = presets()[genre].bass_band
    assert least <= level.low_share(heard.audio, 48_000) <= most
    assert FALL[0] < slope(heard.audio) < FALL[1]
    assert len(heard.stems) >= 3
    assert level.stems_off(heard.audio, heard.stems) <= -80.0
    assert (heard.result.quality_score or 0) >= 0.8
    assert MidiFile(file=BytesIO(heard.bytes_of("midi"))).tracks


def test_tempos_are_heard_as_they_were_meant() -> None:
    wrong = {
        genre: (song(genre).plan.bpm, heard)
        for genre in GENRES
        if not tempo.right_tempo(song(genre).plan.bpm, heard := tempo.heard_tempo(mono(genre)))
    }
    assert len(wrong) <= MISHEARD, wrong


def test_keys_are_heard_as_they_were_meant() -> None:
    off = {}
    for genre in GENRES:
        meant = tonality.key_of(song(genre).plan.keyscale)
        heard = tonality.heard_key(tonality.chroma(mono(genre)))
        if meant[0] != heard[0] or (genre not in TONIC_ONLY and meant != heard):
            off[genre] = (tonality.spelt(meant), tonality.spelt(heard))
    assert len(off) <= MISHEARD, off


def test_the_same_seed_gives_the_same_files_also_after_other_songs() -> None:
    words = "[verse]\nCarry me over the water tonight"

    def digest() -> str:
        again = made(11, 8.0, caption="slow soul, warm voice", lyrics=words)
        whole = hashlib.sha256()
        for kind in ("audio", "stem", "midi", "score", "lrc", "image"):
            whole.update(again.bytes_of(kind))
        return whole.hexdigest()

    first = digest()
    made(12, 6.0, caption="thrash metal", lyrics=words)
    assert digest() == first


@pytest.mark.parametrize("genre", ["Modern Pop", "Jazz", "Folk"])
def test_another_seed_is_another_melody_progression_and_groove(genre: str) -> None:
    """Whatever it sounds like: the notes are those of the song, without any sound."""
    one, other = (
        notes.read(to_midi(compose(brief(genre, seed=seed, bpm=100, keyscale="C Major"), (), 24.0, seed, "")))
        for seed in (5, 6)
    )
    assert variety.melodies(one, other) >= variety.MELODY
    assert variety.progressions(one, other) >= variety.PROGRESSION
    assert variety.grooves(one, other) >= variety.GROOVE
