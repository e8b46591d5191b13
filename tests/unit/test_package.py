from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.audio.encode import decode
from engine.audio.lrc import parse_lrc
from engine.audio.package import package
from engine.audio.tags import read
from engine.spec.errors import Cancelled
from engine.spec.plan import Plan, TrackResult
from engine.spec.protocol import LineTime, Take
from engine.spec.tasks import Text2Music
from tests.fakes.tune import RATE, tune

PLAN = Plan(
    title="Coffee Steam",
    caption="rainy-day lo-fi",
    lyrics="[verse]\nsteam rises\nrain falls",
    duration=3,
    bpm=82,
    keyscale="A Minor",
    timesignature="4/4",
    seeds=(7,),
    engine="studio",
    genre_preset="lo-fi",
)
VOCALS, DRUMS = (tune(3, pitch=330) * np.float32(0.4)), tune(3, pitch=110) * np.float32(0.6)
TAKE = Take(
    index=1,
    seed=7,
    audio=VOCALS + DRUMS,
    sample_rate=RATE,
    bpm=82.0,
    keyscale="A Minor",
    timesignature="4/4",
    stems={"vocals": VOCALS, "drums": DRUMS},
    lines=(LineTime("steam rises", 0.5, 1.2), LineTime("rain falls", 1.5, 2.4)),
    midi=b"MThd and so on",
    score=b"\x1f\x8b and so on",
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> TrackResult:
    return package(TAKE, plan=PLAN, spec=Text2Music(caption="x", format="wav"), workdir=tmp_path_factory.mktemp("work"))


def paths(result: TrackResult) -> dict[str, Path]:
    return {Path(file.path).name: Path(file.path) for file in result.files}


def test_a_take_becomes_all_its_files(result: TrackResult) -> None:
    assert [(file.kind, file.format, file.name, Path(file.path).name) for file in result.files] == [
        ("audio", "flac", "", "song.flac"),
        ("audio", "wav", "", "song.wav"),
        ("audio", "mp3", "", "song.mp3"),
        ("stem", "flac", "vocals", "vocals.flac"),
        ("stem", "flac", "drums", "drums.flac"),
        ("lrc", "lrc", "", "song.lrc"),
        ("midi", "mid", "", "song.mid"),
        ("image", "png", "", "song.png"),
        ("score", "score", "", "song.score"),
    ]
    folder = paths(result)["song.flac"].parent
    assert folder.is_absolute()
    assert folder.name == "take-1"
    assert {path for path in folder.rglob("*") if path.is_file()} == set(paths(result).values())


def test_the_result_says_what_was_measured(result: TrackResult) -> None:
    assert (result.take, result.title, result.seed, result.duration) == (1, "Coffee Steam", 7, 3.0)
    assert (result.sample_rate, result.channels, result.bpm) == (RATE, 2, 82.0)
    assert (result.keyscale, result.timesignature) == ("A Minor", "4/4")
    assert result.quality_score is not None
    assert 0 < result.quality_score <= 1
    assert len(result.peaks) == 200
    assert result.lrc == paths(result)["song.lrc"].read_text(encoding="utf-8")
    assert [(line.text, line.start) for line in parse_lrc(result.lrc)] == [("steam rises", 0.5), ("rain falls", 1.5)]


def test_stems_sum_to_the_song(result: TrackResult) -> None:
    song, vocals, drums = (decode(paths(result)[n])[0] for n in ("song.flac", "vocals.flac", "drums.flac"))
    assert np.abs(song - vocals - drums).max() < 10 ** (-120 / 20)


def test_files_carry_their_tags(result: TrackResult) -> None:
    song, stem = read(paths(result)["song.mp3"]), read(paths(result)["vocals.flac"])
    assert (song.title, song.genre, song.bpm, song.key, song.generated) == (
        "Coffee Steam",
        "lo-fi",
        82,
        "A Minor",
        True,
    )
    assert song.lyrics == PLAN.lyrics
    assert song.cover is not None
    assert (stem.title, stem.lyrics, stem.cover) == ("Coffee Steam (vocals)", "", None)
    assert paths(result)["song.mp3"].stat().st_size < 3 * 192_000 / 8 * 1.1 + len(song.cover)


def test_the_same_take_gives_the_same_bytes(result: TrackResult, tmp_path: Path) -> None:
    again = package(TAKE, plan=PLAN, spec=Text2Music(caption="x", format="wav"), workdir=tmp_path)
    for name, path in paths(again).items():
        assert path.read_bytes() == paths(result)[name].read_bytes(), name


def test_what_a_take_lacks_is_not_written(tmp_path: Path) -> None:
    bare = replace(TAKE, index=0, stems={}, lines=(), midi=None, score=None)
    spec = Text2Music(caption="x", format="mp3", calculate_quality=False)
    result = package(bare, plan=PLAN, spec=spec, workdir=tmp_path)
    assert [Path(file.path).name for file in result.files] == ["song.flac", "song.mp3", "song.png"]
    assert (result.lrc, result.quality_score) == (None, None)
    assert not (tmp_path / "take-0" / "stems").exists()


def test_steps_are_told_and_may_stop_it(tmp_path: Path) -> None:
    heard: list[float] = []

    def on_step(fraction: float) -> None:
        heard.append(fraction)
        if len(heard) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        package(TAKE, plan=PLAN, spec=Text2Music(caption="x"), workdir=tmp_path, on_step=on_step)
    assert heard == [1 / 8, 2 / 8]
    assert sorted(path.name for path in (tmp_path / "take-1").rglob("song*")) == ["song.flac", "song.mp3"]
