"""Stems of sound that nobody has in parts: the engine and its files, by estimate and by a model."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from bot.on_terminal import doctor
from bot.replies import reply
from config.files import load
from config.settings import Settings
from engine.audio.encode import decode, encode
from engine.audio.package import package
from engine.audio.tags import read
from engine.spec import (
    Cancelled,
    EngineError,
    Order,
    Plan,
    Preset,
    Request,
    Source,
    SourceFile,
    Take,
    TrackResult,
    Words,
    parse,
)
from engine.spec.plan import Recording
from engine.studio.engine import Studio
from tests.mixed import RATE, Sound, band, bass, drums, ratio, tiny, total, voice

SECONDS = 6.0
EXACT = 10 ** (-80 / 20)
LINK = {"src_audio_url": "https://example.org/song.mp3"}


@dataclass
class Sink:
    """Packs takes as the engine's process does, and can stop wanting them."""

    spec: Request
    plan: Plan
    workdir: Path
    stop_at: float = 2.0
    steps: list[float] = field(default_factory=list)
    results: list[TrackResult] = field(default_factory=list)

    def progress(self, fraction: float) -> None:
        self.steps.append(fraction)
        if fraction >= self.stop_at:
            raise Cancelled

    def take(self, take: Take) -> None:
        self.results.append(package(take, plan=self.plan, spec=self.spec, workdir=self.workdir))


def studio_with(separation: Path | None = None) -> Studio:
    presets = load("presets", TypeAdapter(dict[str, Preset]))
    return Studio(presets, load("words", Words), separation=separation)


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    engine = studio_with()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def parts() -> dict[str, Sound]:
    return {"vocals": voice(SECONDS), "drums": drums(SECONDS), "bass": bass(SECONDS), "other": band(SECONDS)}


@pytest.fixture(scope="module")
def song(parts: dict[str, Sound], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(total(parts), RATE, tmp_path_factory.mktemp("sound") / "song.flac")


def recorded(song: Path, folder: Path) -> Order:
    own = Recording(
        id="r1", title="Harbour", artist="", lyrics="", duration=decode(song)[0].shape[1] / RATE, path=str(song)
    )
    return Order(job=7, spec={}, duration=own.duration, takes=1, seed=1, workdir=str(folder), recording=own)


def made(engine: Studio, spec: Request, order: Order) -> tuple[Plan, TrackResult, Sink]:
    plan = engine.plan(spec, order)
    sink = Sink(spec, plan, Path(order.workdir))
    engine.render(spec, plan, order, sink)
    [result] = sink.results
    return plan, result, sink


@pytest.fixture(scope="module")
def apart(studio: Studio, song: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, TrackResult, Sink]:
    return made(studio, parse("stems", LINK), recorded(song, tmp_path_factory.mktemp("apart")))


def stem(result: TrackResult, name: str, form: str = "flac") -> Sound:
    [path] = [file.path for file in result.files if (file.kind, file.name, file.format) == ("stem", name, form)]
    return decode(Path(path))[0]


def test_nobody_says_that_a_machine_made_somebodys_music(apart: tuple[Plan, TrackResult, Sink]) -> None:
    for file in apart[1].files:
        if file.kind == "stem":
            tags = read(Path(file.path))
            assert (tags.artist, tags.comment, tags.generated) == ("", "Separated with Minstrel", False)


def test_stems_of_a_recording_come_without_the_song_itself(apart: tuple[Plan, TrackResult, Sink]) -> None:
    _, result, sink = apart
    assert [(file.kind, file.name, file.format) for file in result.files] == [
        *(("stem", name, form) for name in ("vocals", "drums", "bass", "other") for form in ("flac", "mp3")),
        ("image", "", "png"),
    ]
    assert result.title == "Harbour (stems)"
    assert sink.steps == sorted(sink.steps)


def test_they_sum_to_it_and_each_has_its_part(
    apart: tuple[Plan, TrackResult, Sink], parts: dict[str, Sound], song: Path
) -> None:
    _, result, _ = apart
    found = {name: stem(result, name) for name in parts}
    assert np.abs(total(found) - decode(song)[0]).max() < EXACT
    for name in ("vocals", "drums", "bass"):
        assert ratio(parts[name], found[name]) > 5


def test_they_are_labelled_and_say_how_sure_they_are(apart: tuple[Plan, TrackResult, Sink]) -> None:
    plan, _, _ = apart
    [notice] = [notice for notice in plan.notices if notice.code == "stems_approximate"]
    assert notice.params["stems"] == ["vocals", "drums", "bass", "other"]
    sure = notice.params["confidence"]
    assert list(sure) == notice.params["stems"]
    assert all(0 <= value <= 1 for value in sure.values())
    assert sure["bass"] > 0.4
    assert plan.heard is not None
    assert (plan.heard.title, plan.heard.bpm) == ("Harbour", plan.bpm)
    assert plan.heard.confidence["bass"] == sure["bass"]


def test_one_stem_is_a_song_of_its_own(
    studio: Studio, song: Path, apart: tuple[Plan, TrackResult, Sink], tmp_path: Path
) -> None:
    plan, result, _ = made(studio, parse("extract-stem", {**LINK, "track_name": "vocals"}), recorded(song, tmp_path))
    assert [(file.kind, file.format) for file in result.files] == [
        ("audio", "flac"),
        ("audio", "mp3"),
        ("image", "png"),
    ]
    assert result.title == "Harbour (vocals)"
    # The same sound gives the same stem.
    assert np.array_equal(decode(Path(result.files[0].path))[0], stem(apart[1], "vocals"))
    [notice] = [notice for notice in plan.notices if notice.code == "stems_approximate"]
    assert notice.params["stems"] == ["vocals"]


def test_a_backing_track_is_all_but_the_estimated_voice(
    studio: Studio, song: Path, apart: tuple[Plan, TrackResult, Sink], tmp_path: Path
) -> None:
    spec = parse("extract-stem", {**LINK, "track_name": "backing_track"})
    plan, result, _ = made(studio, spec, recorded(song, tmp_path))
    assert result.title == "Harbour (backing track)"
    backing, expected = decode(Path(result.files[0].path))[0], decode(song)[0] - stem(apart[1], "vocals")
    # Louder than a file can hold, so it is a little quieter, and nothing of it is cut off.
    loudest = np.abs(expected).max()
    assert loudest > 1
    assert np.abs(backing * loudest - expected).max() < 2 * EXACT
    [notice] = [notice for notice in plan.notices if notice.code == "stems_approximate"]
    assert list(notice.params["confidence"]) == notice.params["stems"] == ["backing_track"]


@pytest.mark.parametrize(
    ("task", "values", "stem"),
    [("extract-stem", {"track_name": "brass"}, "brass"), ("stems", {"parts": "six"}, "guitar")],
)
def test_a_stem_that_cannot_be_told_apart_is_refused(
    studio: Studio, song: Path, tmp_path: Path, task: str, values: dict[str, str], stem: str
) -> None:
    with pytest.raises(EngineError) as told:
        studio.plan(parse(task, {**LINK, **values}), recorded(song, tmp_path))
    assert (told.value.code, told.value.permanent) == ("no_such_stem", True)
    assert told.value.params == {"stem": stem, "has": ["vocals", "drums", "bass"]}


def test_a_song_made_here_without_stems_is_separated_and_keeps_its_facts(
    studio: Studio, song: Path, apart: tuple[Plan, TrackResult, Sink], tmp_path: Path
) -> None:
    source = Source(
        job=3, take=1, title="Rain", caption="indie pop", duration=SECONDS, bpm=97.0, keyscale="D Minor",
        timesignature="3/4", seed=5, files=(SourceFile(kind="audio", name="", format="flac", path=str(song)),),
    )  # fmt: skip
    order = Order(job=7, spec={}, duration=SECONDS, takes=1, seed=1, workdir=str(tmp_path), source=source)
    plan, result, _ = made(studio, parse("stems", {"source_job_id": 3}), order)
    assert (plan.title, plan.bpm, plan.keyscale, plan.timesignature) == ("Rain (stems)", 97.0, "D Minor", "3/4")
    assert plan.heard is None
    assert "stems_approximate" in [notice.code for notice in plan.notices]
    assert np.array_equal(stem(result, "drums"), stem(apart[1], "drums"))


def test_it_can_be_stopped_while_it_separates(studio: Studio, song: Path, tmp_path: Path) -> None:
    spec, order = parse("stems", LINK), recorded(song, tmp_path)
    sink = Sink(spec, studio.plan(spec, order), tmp_path, stop_at=0.1)
    with pytest.raises(Cancelled):
        studio.render(spec, sink.plan, order, sink)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_silence_has_silent_stems(studio: Studio, tmp_path: Path) -> None:
    quiet = encode(np.zeros((2, RATE), np.float32), RATE, tmp_path / "quiet.flac")
    plan, result, _ = made(studio, parse("stems", LINK), recorded(quiet, tmp_path))
    assert max(np.abs(stem(result, name)).max() for name in ("vocals", "drums", "bass", "other")) == 0
    [notice] = [notice for notice in plan.notices if notice.code == "stems_approximate"]
    assert set(notice.params["confidence"].values()) == {0.0}


def test_a_model_separates_where_the_house_has_one(song: Path, tmp_path: Path) -> None:
    engine = studio_with(tiny(tmp_path / "small.safetensors"))
    # quiet, since what random weights give is louder than any song
    short = encode(decode(song)[0][:, : 3 * RATE] * np.float32(0.1), RATE, tmp_path / "short.flac")
    plan, result, sink = made(engine, parse("stems", {**LINK, "format": "wav"}), recorded(short, tmp_path))
    engine.close()
    names = ["vocals", "drums", "bass", "guitar", "keyboard", "other"]
    [notice] = [notice for notice in plan.notices if notice.code == "stems_by_model"]
    assert notice.params == {"model": "small", "stems": names}
    assert {(file.name, file.format) for file in result.files if file.kind == "stem"} == {
        (name, form) for name in names for form in ("wav", "mp3")
    }
    assert np.abs(total({name: stem(result, name, "wav") for name in names}) - decode(short)[0]).max() < EXACT
    assert len(sink.steps) > 1


def test_a_model_that_is_broken_is_a_clear_error_and_the_doctor_says_so(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broken.safetensors"
    file.write_bytes(b"\x00" * 99)
    engine = studio_with(file)
    with pytest.raises(EngineError) as told:
        engine.plan(parse("stems", LINK), recorded(song, tmp_path))
    engine.close()
    assert (told.value.code, told.value.permanent) == ("separation_model", True)
    assert "minstrel doctor" in reply("separation_model", job=7, **told.value.params)
    assert doctor.run(Settings(home=tmp_path, demucs_checkpoint=file), Namespace(json=False)) == 1
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("✗")]
    assert "can't be used: it is no safetensors file" in line


def test_the_doctor_says_who_separates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor.run(Settings(home=tmp_path), Namespace(json=False))
    assert reply("doctor_stems_approximate", stems=("vocals", "drums", "bass")) in capsys.readouterr().out
    doctor.run(Settings(home=tmp_path, demucs_checkpoint=tiny(tmp_path / "small.safetensors")), Namespace(json=False))
    stems = ("vocals", "drums", "bass", "guitar", "keyboard")
    assert reply("doctor_stems", model="small", stems=stems) in capsys.readouterr().out
