"""New songs that sound as a given one does, as somebody hears them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from scipy import signal

from engine.audio.loudness import integrated_lufs, true_peak_db
from engine.spec import Order, Plan, Recording, Source, Take, estimate, parse
from engine.spec.plan import SourceFile
from engine.studio.engine import Studio
from engine.studio.kept import Kept, from_bytes
from tests.unit.studio import presets, vocabulary

Audio = NDArray[np.floating[Any]]

RATE = 48_000
SECONDS = 8.0
CAPTION = "modern pop with synths"


@dataclass
class Shelf:
    takes: list[Take] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)

    def progress(self, fraction: float) -> None:
        self.heard.append(fraction)

    def take(self, take: Take) -> None:
        self.takes.append(take)


@dataclass(frozen=True)
class House:
    """Makes songs, and keeps their files in `folder`."""

    studio: Studio
    folder: Path

    def made(
        self, task: str, *, recording: Recording | None = None, source: Source | None = None, **values: Any
    ) -> tuple[Plan, Take]:
        spec = parse(task, values)
        length = estimate(spec, source.duration).duration if task == "repaint" and source else values["duration"]
        order = Order(
            job=1, spec={}, duration=length, takes=1, seed=5, workdir="", source=source, recording=recording
        )  # fmt: skip
        plan, shelf = self.studio.plan(spec, order), Shelf()
        self.studio.render(spec, plan, order, shelf)
        assert shelf.heard == sorted(shelf.heard)
        assert shelf.heard[-1] == pytest.approx(1.0)
        [take] = shelf.takes
        return plan, take

    def planned(self, **values: Any) -> Plan:
        source = values.pop("source", None)
        recording = values.pop("recording", None)
        order = Order(
            job=1, spec={}, duration=SECONDS, takes=1, seed=5, workdir="", source=source, recording=recording
        )  # fmt: skip
        return self.studio.plan(parse("reference", {**values, "duration": SECONDS}), order)

    def recording(self, name: str, sound: Audio) -> Recording:
        path = self.folder / f"{name}.flac"
        soundfile.write(path, sound.T, RATE, subtype="PCM_24")
        return Recording(
            id=name, title=name, artist="", lyrics="", duration=sound.shape[1] / RATE, path=str(path)
        )  # fmt: skip

    def source(self, name: str, plan: Plan, take: Take) -> Source:
        """A finished song, as a request that starts from it gets it."""
        files = []
        for kind, stem, sound in [("audio", "", take.audio), *(("stem", n, s) for n, s in take.stems.items())]:
            path = self.folder / f"{name} {stem or 'song'}.flac"
            soundfile.write(path, sound.T, RATE, subtype="PCM_24")
            files.append(SourceFile(kind=kind, name=stem, format="flac", path=str(path)))
        score = self.folder / f"{name}.score"
        score.write_bytes(take.score or b"")
        files.append(SourceFile(kind="score", name="", format="score", path=str(score)))
        return Source(
            job=1, take=1, title=plan.title, caption=plan.caption, duration=plan.duration, bpm=take.bpm,
            keyscale=take.keyscale, timesignature=take.timesignature, seed=take.seed,
            genre_preset=plan.genre_preset, files=tuple(files),
        )  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    studio = Studio(presets(), vocabulary().words)
    yield House(studio, tmp_path_factory.mktemp("songs"))
    studio.close()


@pytest.fixture(scope="module")
def dull(house: House) -> Recording:
    """Somebody's beat of 100 a minute on a telephone in a cellar: chords and thuds, in mono, nothing above 900 Hz."""
    time = np.arange(round(SECONDS * RATE)) / RATE
    beat = time % 0.6
    draw = np.random.default_rng(3)
    chords = [(220.0, 261.6, 329.6), (174.6, 220.0, 261.6)]
    tones = sum(np.sin(2 * np.pi * np.where(time % 4.8 < 2.4, *pair) * time) for pair in zip(*chords, strict=True))
    sound = 0.2 * tones * np.exp(-beat / 0.3) + np.sin(2 * np.pi * 60 * beat) * np.exp(-beat / 0.08)
    sound += 0.3 * draw.standard_normal(len(time)) * np.exp(-(time % 0.3) / 0.02)
    sound = signal.sosfilt(signal.butter(4, 900, "low", fs=RATE, output="sos"), sound)
    return house.recording("Cellar", np.tile(0.5 * sound / np.abs(sound).max(), (2, 1)))


@pytest.fixture(scope="module")
def plain(house: House) -> Take:
    return house.made("text2music", caption=CAPTION, bpm=100, duration=SECONDS)[1]


@pytest.fixture(scope="module")
def alike(house: House, dull: Recording) -> tuple[Plan, Take]:
    return house.made("reference", recording=dull, reference_audio_url=LINK, caption=CAPTION, duration=SECONDS)


LINK = "https://songs.example/cellar.mp3"


def highs(sound: Audio) -> float:
    """The share of everything above 2 kHz in dB."""
    hertz, power = signal.welch(sound, RATE, nperseg=8192)
    both = power.sum(axis=0)
    return float(10 * np.log10(both[hertz > 2000].sum() / both.sum()))


def side(sound: Audio) -> float:
    """The side's share of the energy."""
    middle, apart = (sound[0] + sound[1]) / 2, (sound[0] - sound[1]) / 2
    return float((apart**2).sum() / ((middle**2).sum() + (apart**2).sum()))


def kept(take: Take) -> Kept:
    return from_bytes(take.score or b"")


def test_it_sounds_as_the_given_one_does(dull: Recording, plain: Take, alike: tuple[Plan, Take]) -> None:
    given, _ = soundfile.read(dull.path, always_2d=True)
    take = alike[1]
    assert side(plain.audio) > 0.01
    assert side(take.audio) < 0.1 * side(plain.audio)
    assert abs(highs(take.audio) - highs(given.T)) < 0.75 * abs(highs(plain.audio) - highs(given.T))


def test_it_is_as_loud_as_every_song_and_its_stems_are_it(alike: tuple[Plan, Take]) -> None:
    plan, take = alike
    assert take.audio.shape == (2, round(SECONDS * RATE))
    assert plan.duration == SECONDS
    assert integrated_lufs(take.audio, RATE) == pytest.approx(-14, abs=0.5)
    assert true_peak_db(take.audio, RATE) <= -1.0
    assert np.abs(np.sum(list(take.stems.values()), axis=0) - take.audio).max() < 1e-4
    assert take.midi is not None


def test_the_plan_says_what_was_made_out(alike: tuple[Plan, Take]) -> None:
    plan = alike[0]
    assert plan.heard is not None
    assert plan.heard.title == "Cellar"
    assert 0 <= plan.heard.confidence["bpm"] <= 1
    assert plan.caption == CAPTION


def test_it_comes_out_the_same_again(house: House, dull: Recording, alike: tuple[Plan, Take]) -> None:
    again = house.made("reference", recording=dull, reference_audio_url=LINK, caption=CAPTION, duration=SECONDS)[1]
    assert again.audio.tobytes() == alike[1].audio.tobytes()
    assert again.score == alike[1].score


def test_its_edits_keep_its_sound(house: House, alike: tuple[Plan, Take]) -> None:
    source = house.source("alike", *alike)
    plan, take = house.made(
        "repaint", source=source, source_job_id=1, repainting_start=3, repainting_end=6, caption="bright bells",
    )  # fmt: skip
    assert plan.heard is None
    assert np.abs(take.audio[:, : 3 * RATE] - alike[1].audio[:, : 3 * RATE]).max() < 1e-4
    assert side(take.audio[:, 3 * RATE : 6 * RATE]) < 0.002
    assert kept(take).desk.character == kept(alike[1]).desk.character


def test_a_song_that_was_kept_before_sounds_were_is_still_read(plain: Take) -> None:
    file = json.loads(gzip.decompress(plain.score or b""))
    assert file["desk"].pop("character") is None
    assert from_bytes(gzip.compress(json.dumps(file).encode())).desk.character is None


def test_an_own_song_gives_its_tempo_unless_somebody_names_one(house: House, plain: Take) -> None:
    plan = house.planned(source_job_id=1, source=_source(house, plain), caption=CAPTION)
    assert (plan.bpm, plan.heard) == (100, None)
    asked = house.planned(source_job_id=1, source=_source(house, plain), caption=CAPTION, bpm=112)
    said = house.planned(source_job_id=1, source=_source(house, plain), caption="fast modern pop, 131 bpm")
    assert (asked.bpm, said.bpm) == (112, 131)


@pytest.mark.parametrize(("heard", "caption", "bpm"), [(87, "drum and bass", 174), (140, "slow ballad", None)])
def test_a_tempo_is_counted_as_the_genre_counts(house: House, heard: int, caption: str, bpm: int | None) -> None:
    take = house.made("text2music", caption=CAPTION, bpm=heard, duration=5)[1]
    plan = house.planned(source_job_id=1, source=_source(house, take, f"at {heard}"), caption=caption)
    # who asks for something slow gets it
    assert plan.bpm == bpm if bpm else plan.bpm < 100


def _source(house: House, take: Take, name: str = "plain") -> Source:
    path, score = house.folder / f"{name}.flac", house.folder / f"{name}.score"
    soundfile.write(path, take.audio.T, RATE, subtype="PCM_24")
    score.write_bytes(take.score or b"")
    return Source(
        job=1, take=1, title="Plain", caption=CAPTION, duration=SECONDS, bpm=take.bpm, keyscale=take.keyscale,
        timesignature=take.timesignature, seed=take.seed,
        files=(
            SourceFile(kind="audio", name="", format="flac", path=str(path)),
            SourceFile(kind="score", name="", format="score", path=str(score)),
        ),
    )  # fmt: skip
