"""Stems of a song made here: through the queue, the real engine and its pool, to the terminal's folder."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter

from bot.answers import refusal_words
from bot.on_terminal.courier import FolderCourier
from bot.on_terminal.lines import finished_lines
from bot.on_terminal.report import as_json
from bot.replies import reply
from config.files import load
from engine.audio import chat
from engine.audio.encode import decode
from engine.audio.package import package
from engine.audio.tags import read
from engine.pool.local import LocalPool
from engine.spec import (
    Cancelled,
    EngineError,
    Event,
    Order,
    Plan,
    Preset,
    Progressed,
    Request,
    Source,
    Staged,
    Take,
    TrackResult,
    Words,
    parse,
)
from engine.spec.parts import parted
from engine.studio.capabilities import capabilities
from engine.studio.engine import Studio
from storage import jobs, tracks
from tests.integration.house import ANN, House, rules
from tests.rows import ticket
from workflows import credits, edits
from workflows.deliver import deliver_due
from workflows.people import ReplyTo
from workflows.pricing import Pricing
from workflows.refusal import Refusal
from workflows.source import source_of
from workflows.submit import submit
from workflows.view import JobView
from workflows.worker import Worker

PRESETS = load("presets", TypeAdapter(dict[str, Preset]))
VOCABULARY = load("words", Words)
WORDS = "[verse]\nMorning light on the kitchen floor\nCoffee and rain at the open door"
EXACT = 10 ** (-120 / 20)


@dataclass
class Sink:
    """Packs takes as the engine's process does, and can stop wanting them."""

    spec: Request
    plan: Plan
    workdir: Path
    stop_after: float = 2.0
    steps: list[float] = field(default_factory=list)
    results: list[TrackResult] = field(default_factory=list)

    def progress(self, fraction: float) -> None:
        self.steps.append(fraction)

    def take(self, take: Take) -> None:
        self.results.append(package(take, plan=self.plan, spec=self.spec, workdir=self.workdir, on_step=self.on_step))

    def on_step(self, share: float) -> None:
        self.steps.append(share)
        if share >= self.stop_after:
            raise Cancelled


@dataclass
class Tale:
    """What became of one song and of the jobs that wanted parts of it, each with a folder of its name.

    `lacking` is what is said of a part that it does not have.
    """

    house: House
    song: JobView
    jobs: dict[str, JobView]
    source: Source
    posted: int
    lacking: Refusal

    def out(self, name: str) -> Path:
        return self.house.folder / name

    def path(self, name: str, kind: str, part: str, form: str) -> Path:
        job = self.song if name == "song" else self.jobs[name]
        [track] = job.tracks
        [digest] = [f.digest for f in track.files if (f.kind, f.name, f.format) == (kind, part, form)]
        return self.house.blobs.path(digest)


ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "stems": ("stems", {}),
    "again": ("stems", {}),
    "wav": ("stems", {"format": "wav", "display_name": "Parts", "duration": 90, "seed": 5}),
    "vocals": ("extract-stem", {"track_name": "vocals"}),
    "backing": ("extract-stem", {"track_name": "backing_track"}),
}


async def asked(house: House, name: str, task: str, **values: Any) -> int:
    here = ReplyTo("terminal", str(house.folder / name))
    return (await submit(house.db, house.rules, ANN, here, task, values)).job_id


async def worked(house: House, worker: Worker) -> None:
    async with asyncio.timeout(120):
        await worker.dispatch()
        while worker.busy:
            await asyncio.sleep(0.05)
            await worker.dispatch()


async def story(house: House) -> Tale:
    pool = LocalPool(
        "engine.studio.engine:make",
        {
            "presets": {name: preset.model_dump() for name, preset in PRESETS.items()},
            "words": VOCABULARY.model_dump(),
        },
        1,
        3000,
        120.0,
        capabilities=capabilities(),
    )
    worker = Worker(
        db=house.db,
        pool=pool,
        blobs=house.blobs,
        limits=house.rules.limits,
        work=house.folder / "work",
        lease_ms=30_000,
    )
    try:
        values = {"caption": "warm indie pop", "lyrics": WORDS, "duration": 7, "seed": 3, "display_name": "Rain"}
        song = await asked(house, "song", "text2music", **values)
        await worked(house, worker)
        numbers = {
            name: await asked(house, name, task, source_job_id=song, **more) for name, (task, more) in ASKED.items()
        }
        with pytest.raises(Refusal) as lacking:
            await asked(house, "brass", "extract-stem", source_job_id=song, track_name="brass")
        await worked(house, worker)
        # parts of what are parts themselves
        numbers["parts"] = await asked(house, "parts", "stems", source_job_id=numbers["stems"])
        numbers["drums"] = await asked(
            house, "drums", "extract-stem", source_job_id=numbers["stems"], track_name="drums"
        )
        numbers["again_apart"] = await asked(house, "again_apart", "stems", source_job_id=numbers["vocals"])
        await worked(house, worker)
        stems = house.db.read(lambda session: jobs.get(session, numbers["stems"]))
        assert stems is not None
        source = await source_of(house.db, house.blobs, ticket(stems))
        assert source is not None
        made = {name: await house.job(number) for name, number in numbers.items()}
        told = await house.job(song)
        # the next one is taken, and then its song is deleted before anybody works on it
        late = await asked(house, "late", "stems", source_job_id=song)
        house.db.write(lambda session: [tracks.delete(session, track.id) for track in told.tracks])
        await worked(house, worker)
        made["late"] = await house.job(late)
        courier = FolderCourier(house.blobs.path, house.folder / "songs", house.rules)
        while await deliver_due(house.db, {"terminal": courier}):
            pass
        return Tale(
            house, told, made, source, (await credits.balance(house.db, house.rules.pricing, ANN)).posted, lacking.value
        )
    finally:
        await pool.stop(0)


@pytest.fixture(scope="module")
def tale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tale]:
    shipped = load("pricing", Pricing)
    house = House(tmp_path_factory.mktemp("house"), replace(rules(capabilities=capabilities()), pricing=shipped))
    with closing(house.db):
        yield asyncio.run(story(house))


def sound(path: Path) -> NDArray[np.float32]:
    return decode(path)[0]


def stem_names(job: JobView) -> list[str]:
    [track] = job.tracks
    return list(dict.fromkeys(file.name for file in track.files if file.kind == "stem"))


def test_every_stem_comes_as_it_was_kept_and_small_for_a_chat(tale: Tale) -> None:
    names = stem_names(tale.song)
    assert {"vocals", "drums", "bass"} <= set(names)
    [track] = tale.jobs["stems"].tracks
    assert [(file.kind, file.name, file.format) for file in track.files] == [
        *(("stem", name, form) for name in names for form in ("flac", "mp3")),
        ("midi", "", "mid"),
        ("image", "", "png"),
    ]
    for name in names:
        own, song = tale.path("stems", "stem", name, "flac"), tale.path("song", "stem", name, "flac")
        assert own.read_bytes() == song.read_bytes()
        small = tale.path("stems", "stem", name, "mp3")
        assert small.stat().st_size < chat.LARGEST
        assert read(small).title == f"Rain ({name})"
        length = min(sound(small).shape[1], sound(own).shape[1])
        noise = sound(small)[:, :length] - sound(own)[:, :length]
        assert np.square(noise).mean() < 0.05 * np.square(sound(own)).mean() + 1e-9
    for kind, form in (("midi", "mid"), ("image", "png")):
        assert tale.path("stems", kind, "", form).read_bytes() == tale.path("song", kind, "", form).read_bytes()


def test_stems_sum_to_the_song(tale: Tale) -> None:
    song = sound(tale.path("song", "audio", "", "flac"))
    for name, form in (("stems", "flac"), ("wav", "wav")):
        parts = sum(sound(tale.path(name, "stem", stem, form)) for stem in stem_names(tale.song))
        assert np.abs(parts - song).max() < EXACT


def test_stems_have_the_facts_of_their_song_and_cost_nothing(tale: Tale) -> None:
    [song], [track] = tale.song.tracks, tale.jobs["stems"].tracks
    facts = ("seed", "duration", "sample_rate", "channels", "bpm", "keyscale", "timesignature")
    assert [getattr(track, name) for name in facts] == [getattr(song, name) for name in facts]
    assert (track.title, track.take, track.quality_score, track.lrc) == ("Rain (stems)", 1, None, None)
    plan = tale.jobs["stems"].plan
    assert plan is not None
    assert (plan["caption"], plan["title"], plan["notices"]) == ("warm indie pop", "Rain (stems)", [])
    # Only the song itself was paid for, though a voice of it had to be separated.
    assert tale.posted == 995


def test_another_format_and_a_name_of_ones_own(tale: Tale) -> None:
    job = tale.jobs["wav"]
    [track] = job.tracks
    assert track.title == "Parts"
    assert {file.format for file in track.files if file.kind == "stem"} == {"wav", "mp3"}
    for name in stem_names(job):
        assert np.array_equal(
            sound(tale.path("wav", "stem", name, "wav")), sound(tale.path("song", "stem", name, "flac"))
        )
    assert job.plan is not None
    [notice] = job.plan["notices"]
    assert (notice["code"], notice["params"]) == ("no_effect", {"fields": ["duration", "seed"]})


def test_one_stem_alone_is_a_track_of_its_own(tale: Tale) -> None:
    job = tale.jobs["vocals"]
    [track] = job.tracks
    assert track.title == "Rain (vocals)"
    assert [(file.kind, file.name, file.format) for file in track.files] == [
        ("audio", "", "flac"),
        ("audio", "", "mp3"),
        ("image", "", "png"),
    ]
    flac, mp3 = (tale.path("vocals", "audio", "", form) for form in ("flac", "mp3"))
    assert np.array_equal(sound(flac), sound(tale.path("song", "stem", "vocals", "flac")))
    for tag in (read(flac), read(mp3)):
        assert (tag.title, tag.bpm, tag.key, tag.generated) == (
            "Rain (vocals)", round(track.bpm), track.keyscale, True,
        )  # fmt: skip
        assert tag.cover is not None


def test_a_backing_track_is_the_song_without_its_voices_and_has_the_words_to_sing(tale: Tale) -> None:
    job = tale.jobs["backing"]
    [track], [song] = job.tracks, tale.song.tracks
    assert track.title == "Rain (backing track)"
    voices = sum(
        sound(tale.path("song", "stem", name, "flac"))
        for name in stem_names(tale.song)
        if name in ("vocals", "backing_vocals")
    )
    backing = sound(tale.path("backing", "audio", "", "flac"))
    assert np.abs(backing + voices - sound(tale.path("song", "audio", "", "flac"))).max() < EXACT
    assert np.abs(voices).max() > 0.05
    assert track.lrc is not None
    assert track.lrc.splitlines()[3:] == str(song.lrc).splitlines()[3:]
    assert "[ti:Rain (backing track)]" in track.lrc
    assert read(tale.path("backing", "audio", "", "mp3")).lines != ()


def test_a_stem_that_the_song_lacks_is_refused_at_once_with_those_it_has(tale: Tale) -> None:
    assert (tale.lacking.code, tale.lacking.field, tale.lacking.value) == ("stem_not_in_song", "track_name", "brass")
    assert str(tale.lacking.allowed).split(", ") == stem_names(tale.song)
    assert refusal_words(tale.lacking).startswith(f"#{tale.song.id} has no brass, only ")


@pytest.mark.parametrize(("there", "is_there"), [(("vocals", "backing_vocals"), False), (("vocals", "drums"), True)])
def test_a_backing_track_takes_more_than_voices(there: tuple[str, ...], is_there: bool) -> None:
    start = edits.Start("source_job_id", 12, 30.0, has_score=True, has_stems=True, stems=there)
    spec = parse("extract-stem", {"source_job_id": 12, "track_name": "backing_track"})
    with nullcontext() if is_there else pytest.raises(Refusal, match="stem_not_in_song"):
        edits.check_start(spec, start, capabilities())


def test_parts_of_parts(tale: Tale) -> None:
    """Stems have their stems, one of them is found there too, and one alone is taken apart like any other sound."""
    for name in stem_names(tale.song):
        for form in ("flac", "mp3"):
            first, second = (tale.path(job, "stem", name, form).read_bytes() for job in ("stems", "parts"))
            assert first == second
    assert [track.title for track in tale.jobs["parts"].tracks] == ["Rain (stems)"]
    assert np.array_equal(
        sound(tale.path("drums", "audio", "", "flac")), sound(tale.path("song", "stem", "drums", "flac"))
    )
    assert [track.title for track in tale.jobs["drums"].tracks] == ["Rain (drums)"]
    plan = tale.jobs["again_apart"].plan
    assert plan is not None
    assert (plan["title"], [notice["code"] for notice in plan["notices"]]) == (
        "Rain (vocals) (stems)", ["stems_approximate"],
    )  # fmt: skip
    parts = sum(sound(tale.path("again_apart", "stem", name, "flac")) for name in ("vocals", "drums", "bass", "other"))
    assert np.abs(parts - sound(tale.path("vocals", "audio", "", "flac"))).max() < 10 ** (-80 / 20)


def test_a_song_that_is_deleted_meanwhile(tale: Tale) -> None:
    job = tale.jobs["late"]
    assert (job.status, job.error_code, job.error_permanent) == ("FAILED", "source_gone", True)
    assert f"#{tale.song.id}" in reply("source_gone", job=job.id, **job.error_params)
    # what was made of it before is still all there
    assert tale.path("stems", "stem", "drums", "flac").is_file()


def test_the_same_request_gives_the_same_bytes(tale: Tale) -> None:
    [one], [other] = tale.jobs["stems"].tracks, tale.jobs["again"].tracks
    assert [file.digest for file in one.files] == [file.digest for file in other.files]


def test_the_terminal_gets_stems_in_their_folder(tale: Tale) -> None:
    names = stem_names(tale.song)
    assert sorted(path.name for path in (tale.out("stems") / "stems").iterdir()) == sorted(
        f"{name}.{form}" for name in names for form in ("flac", "mp3")
    )
    assert sorted(path.name for path in tale.out("stems").iterdir()) == ["song.mid", "song.png", "stems"]
    assert sorted(path.name for path in tale.out("vocals").iterdir()) == ["song.flac", "song.mp3", "song.png"]
    lines = "\n".join(finished_lines(tale.jobs["stems"], tale.house.folder))
    assert lines.count("vocals") == 1


def test_the_json_of_stems(tale: Tale) -> None:
    for name, form in (("stems", "flac"), ("wav", "wav")):
        [track] = as_json(tale.jobs[name], tale.house.folder)["tracks"]
        assert (track["path"], track["paths"], track["format"]) == (None, {}, form)
        assert track["stems"] == {
            stem: str(tale.out(name) / "stems" / f"{stem}.{form}") for stem in stem_names(tale.song)
        }
        assert all(Path(path).is_file() for path in (*track["stems"].values(), track["midi"], track["image"]))
    [alone] = as_json(tale.jobs["vocals"], tale.house.folder)["tracks"]
    assert alone["path"] == str(tale.out("vocals") / "song.flac")
    assert (alone["stems"], alone["lrc"], alone["midi"]) == ({}, None, None)


# --- the engine without the queue ---


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    engine = Studio(PRESETS, VOCABULARY)
    yield engine
    engine.close()


def order(source: Source | None, folder: Path) -> Order:
    return Order(job=9, spec={}, duration=10, takes=1, seed=1, workdir=str(folder), source=source)


def sink_for(studio: Studio, spec: Request, given: Order) -> Sink:
    return Sink(spec, studio.plan(spec, given), Path(given.workdir))


def test_it_can_be_stopped_between_two_files(studio: Studio, tale: Tale, tmp_path: Path) -> None:
    spec, given = parse("stems", {"source_job_id": 1}), order(tale.source, tmp_path)
    sink = sink_for(studio, spec, given)
    sink.stop_after = 0.3
    with pytest.raises(Cancelled):
        studio.render(spec, sink.plan, given, sink)
    made = {path.name for path in tmp_path.rglob("*.*")}
    assert 0 < len(made) < 2 * len(stem_names(tale.song))
    assert not [name for name in made if name.endswith(".part")]


def test_a_few_parts_add_up_to_the_same_song(studio: Studio, tale: Tale, tmp_path: Path) -> None:
    spec, given = parse("stems", {"source_job_id": 1, "parts": "two"}), order(tale.source, tmp_path)
    sink = sink_for(studio, spec, given)
    studio.render(spec, sink.plan, given, sink)
    [result] = sink.results
    parts = {file.name: sound(Path(file.path)) for file in result.files if (file.kind, file.format) == ("stem", "flac")}
    assert list(parts) == ["vocals", "backing_track"]
    assert np.array_equal(parts["vocals"], sound(tale.path("song", "stem", "vocals", "flac")))
    whole = sound(tale.path("song", "audio", "", "flac"))
    assert np.abs(parts["vocals"] + parts["backing_track"] - whole).max() < 1e-4


@pytest.mark.parametrize(
    ("parts", "stems", "made_of"),
    [
        ("all", ("vocals", "drums"), {"vocals": ("vocals",), "drums": ("drums",)}),
        ("two", ("drums", "bass"), {"backing_track": ("drums", "bass")}),
        ("two", ("vocals", "fx", "backing_vocals"), {"vocals": ("vocals", "backing_vocals"), "backing_track": ("fx",)}),
        (
            "four",
            ("vocals", "drums", "bass", "percussion", "keyboard", "brass"),
            {
                "vocals": ("vocals",), "drums": ("drums", "percussion"), "bass": ("bass",),
                "other": ("keyboard", "brass"),
            },
        ),
        ("six", ("keyboard", "guitar"), {"guitar": ("guitar",), "keyboard": ("keyboard",)}),
    ],
)  # fmt: skip
def test_what_each_part_is_made_of(parts: str, stems: tuple[str, ...], made_of: dict[str, tuple[str, ...]]) -> None:
    assert parted(parts, stems) == made_of


def test_a_file_that_vanishes_under_its_hands(studio: Studio, tale: Tale, tmp_path: Path) -> None:
    """Between the look at the rows and the reading of the last file a deleted song may be swept away."""
    spec = parse("stems", {"source_job_id": 1})
    for kind in ("audio", "stem", "midi", "image"):
        files = tuple(
            file.model_copy(update={"path": file.path + ".flac" if file.kind == kind else file.path})
            for file in tale.source.files
        )
        given = order(tale.source.model_copy(update={"files": files}), tmp_path)
        with pytest.raises(EngineError) as caught:
            studio.render(spec, studio.plan(spec, given), given, sink_for(studio, spec, given))
        assert (caught.value.code, caught.value.permanent) == ("source_gone", True)


def test_without_a_source_there_are_no_stems(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        studio.plan(parse("stems", {"source_job_id": 1}), order(None, tmp_path))
    assert (caught.value.code, caught.value.permanent) == ("no_stems", True)


def test_a_watcher_sees_the_files_come_and_may_stop_them(tale: Tale, tmp_path: Path) -> None:
    """Only writing the files takes time, so that is the progress that the pool tells of."""

    async def told() -> list[Event]:
        nothing: dict[str, dict[str, object]] = {"presets": {}, "words": {}}
        pool = LocalPool("engine.studio.engine:make", nothing, 1, 3000, 60.0, capabilities=capabilities())
        spec = parse("stems", {"source_job_id": 1}).model_dump(mode="json")
        given = order(tale.source, tmp_path).model_copy(update={"spec": spec})
        events: list[Event] = []
        cancelled = asyncio.Event()

        async def hear(event: Event) -> None:
            events.append(event)

        async def hear_and_stop(event: Event) -> None:
            if event == Staged("encoding"):
                cancelled.set()

        try:
            await pool.run(given, on_event=hear, cancelled=cancelled)
            with pytest.raises(Cancelled):
                await pool.run(given, on_event=hear_and_stop, cancelled=cancelled)
        finally:
            await pool.stop(0)
        return events

    events = asyncio.run(told())
    heard = [event.fraction for event in events if isinstance(event, Progressed)]
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert [event for event in events if isinstance(event, Staged)][-1] == Staged("encoding")
    assert events.index(Staged("encoding")) < events.index(Progressed(1.0))
