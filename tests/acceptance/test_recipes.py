"""The shipped recipes with the built-in engine, and killed between any two steps (acceptance 3)."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.audio.encode import decode
from engine.spec import parse_as
from storage import soundness, tracks
from tests.acceptance.recipe_house import house
from tests.integration.house import ANN
from tests.integration.run_house import HERE, RunHouse
from tests.schema import lay
from workflows.recipes.plan import planned, today
from workflows.runs.view import RunView, StepView

WORDS = "[verse]\nStreetlights hum a tune I know"
# The shortest songs there are. The remixes are of the karaoke's song.
SHORT: dict[str, dict[str, Any]] = {
    "karaoke": {"words": WORDS, "seconds": 6, "style": "pop ballad, piano"},
    "album": {"style": "indie folk, acoustic guitar", "opener": "First Light", "songs": "Salt", "seconds": 5,
              "interlude": 5},
    "song-a-day": {"themes": "rain", "seconds": 5},
    "remix-pack": {"styles": "bossa nova, nylon guitar"},
}  # fmt: skip


@dataclass
class Tale:
    """What became of each recipe."""

    house: RunHouse
    runs: Mapping[str, RunView]

    def step(self, recipe: str, name: str) -> StepView:
        [step] = [step for step in self.runs[recipe].steps if step.name == name]
        return step

    def path(self, step: StepView, kind: str = "audio", form: str = "flac", name: str = "") -> Path:
        [digest] = [f.digest for _, f in step.files if (f.kind, f.format, f.name) == (kind, form, name)]
        return self.house.blobs.path(digest)


async def begin(own: RunHouse, *names: str, **more: Any) -> dict[str, int]:
    asks = {name: parse_as(own.rules.recipes[name], SHORT[name] | more) for name in names}
    day = today(own.rules)
    plans = own.db.read(
        lambda session: {name: planned(session, own.rules, ANN, HERE, ask, day) for name, ask in asks.items()}
    )
    return {name: (await own.begin(plan)).id for name, plan in plans.items()}


async def begin_remixes(own: RunHouse, karaoke: int) -> dict[str, int]:
    return await begin(own, "remix-pack", song=(await own.run(karaoke)).steps[0].job)


async def told(own: RunHouse, runs: Mapping[str, int]) -> Tale:
    return Tale(own, {name: await own.run(number) for name, number in runs.items()})


@contextmanager
def opened(folder: Path, engine: str) -> Iterator[RunHouse]:
    """The house of `recipe_house`, in this process; chance is as it was afterwards."""
    folder.mkdir(exist_ok=True)
    chance = secrets.randbelow
    own = house(lay(folder / "minstrel.db"), folder, engine)
    try:
        yield own
    finally:
        secrets.randbelow = chance
        own.db.close()


async def undisturbed(own: RunHouse) -> Tale:
    runs = await begin(own, "karaoke", "album", "song-a-day")
    await own.to_the_end()
    runs |= await begin_remixes(own, runs["karaoke"])
    await own.to_the_end()
    await own.pool.stop(0)
    return await told(own, runs)


async def killed_all_along(folder: Path, engine: str) -> None:
    """A process that is killed after each song does the work; here is nobody who does any."""
    words = [sys.executable, "-m", "tests.acceptance.recipe_house", f"sqlite:///{folder / 'minstrel.db'}"]
    done = await asyncio.to_thread(subprocess.run, [*words, str(folder), engine], check=False)
    assert done.returncode == 0


def result(run: RunView) -> list[tuple[Any, ...]]:
    """Everything that somebody has of a run in the end."""
    return [
        (step.name, step.label, step.state, step.title, step.paid, step.seeds, tuple(file for _, file in step.files))
        for step in run.steps
    ]


@pytest.fixture(scope="module")
def tale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tale]:
    with opened(tmp_path_factory.mktemp("recipes"), "studio") as own:
        yield asyncio.run(undisturbed(own))


def test_every_shipped_recipe_is_made_whole_by_the_built_in_engine(tale: Tale) -> None:
    assert set(tale.runs) == set(SHORT)
    for run in tale.runs.values():
        assert (run.status, run.count("DONE")) == ("COMPLETED", len(run.steps))
    assert all(run.paid == run.price for run in tale.runs.values())
    assert tale.house.balance().available == 1000 - sum(run.price for run in tale.runs.values())
    assert tale.house.held() == {}
    assert tale.house.db.read(soundness.check) == []


def test_karaoke_has_the_same_playing_without_the_voice_and_the_words_with_their_times(tale: Tale) -> None:
    new, backing, voice = (tale.step("karaoke", name) for name in ("new", "backing", "voice"))
    song, playing, lead = (decode(tale.path(step))[0] for step in (new, backing, voice))
    others = [
        decode(tale.path(new, "stem", name=name))[0]
        for name in {file.name for _, file in new.files if file.kind == "stem"} & {"backing_vocals"}
    ]
    assert np.abs(playing + sum(others, lead) - song).max() < 1e-4
    assert np.abs(lead).max() > 0.05
    words = [tale.path(step, "lrc", "lrc").read_text().splitlines()[3:] for step in (new, backing)]
    assert words[0] == words[1] != []
    assert "Streetlights" in words[0][0]


def test_an_album_belongs_together(tale: Tale) -> None:
    opener, song, interlude, reprise = tale.runs["album"].steps
    assert [step.title for step in (opener, song, interlude, reprise)] == [
        "First Light", "Salt", "Interlude", "First Light (Reprise)",
    ]  # fmt: skip
    facts = [job_facts(tale, step) for step in (opener, song, interlude, reprise)]
    assert len({keyscale for keyscale, _, _ in facts}) == 1
    assert facts[2] == facts[3] == facts[0]
    assert not [file for _, file in interlude.files if file.kind == "lrc"]


def job_facts(tale: Tale, step: StepView) -> tuple[str, int, str]:
    """Key, tempo and metre of a song."""
    [track] = tale.house.db.read(lambda session: tracks.of_job(session, step.job or 0))
    return track.keyscale, round(track.bpm), track.timesignature


def test_a_remix_pack_has_the_stems_of_everything(tale: Tale) -> None:
    original, remix, stems = tale.runs["remix-pack"].steps
    assert remix.label == stems.label == "bossa nova, nylon guitar"
    for step in (original, stems):
        names = {file.name for _, file in step.files if file.kind == "stem"}
        assert {"vocals", "bass"} <= names
    assert tale.path(remix).read_bytes() != tale.path(tale.step("karaoke", "new")).read_bytes()


def test_a_kill_after_every_step_leaves_the_same_bytes(tale: Tale, tmp_path: Path) -> None:
    with opened(tmp_path, "studio") as own:

        async def story() -> RunView:
            runs = await begin(own, "karaoke")
            await killed_all_along(tmp_path, "studio")
            return (await told(own, runs)).runs["karaoke"]

        again = asyncio.run(story())
        assert again.status == "COMPLETED"
        assert result(again) == result(tale.runs["karaoke"])


def test_a_kill_between_any_two_steps_of_any_recipe_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "undisturbed", "scripted") as own:
        expected = asyncio.run(undisturbed(own))
    folder = tmp_path / "killed"
    with opened(folder, "scripted") as own:

        async def story() -> Tale:
            runs = await begin(own, "karaoke", "album", "song-a-day")
            await killed_all_along(folder, "scripted")
            runs |= await begin_remixes(own, runs["karaoke"])
            await killed_all_along(folder, "scripted")
            return await told(own, runs)

        found = asyncio.run(story())
        for name, run in expected.runs.items():
            assert run.status == "COMPLETED"
            assert result(found.runs[name]) == result(run)
        assert own.balance().available == 1000 - sum(run.price for run in expected.runs.values())
        assert own.db.read(soundness.check) == []
