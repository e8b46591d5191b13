"""What a request promises, whoever makes the music: one suite over every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.replies import reply
from engine.spec import Cancelled, EngineError, Order
from engine.spec.fields import TIME_SIGNATURES, TONICS
from engine.spec.tasks import MODELS
from tests.acceptance.engine_house import (
    ENGINES,
    RATE,
    RECORDED_S,
    SECONDS,
    SEED,
    SONG,
    House,
    Made,
    Sink,
    opened,
    trace,
)

NEW_WORDS = "[verse]\nEvening light\nWater and wine"
REPAINT = {"caption": "quiet piano", "repainting_start": 1, "repainting_end": 3}
# What is asked for, of what, how long it gets, and how many takes come of it.
CASES: dict[str, tuple[str, str, dict[str, Any], float, int]] = {
    "song": ("text2music", "", {**SONG, "batch_size": 2}, 5, 2),
    "music without words": ("text2music", "", {**SONG, "instrumental": True}, 5, 1),
    "instrumental": ("prompt2instrumental", "", {"caption": "slow jazz", "duration": 5}, 5, 1),
    "rap": ("text2rap", "", {"caption": "trap", "lyrics": SONG["lyrics"], "duration": 5}, 5, 1),
    "vocals": ("lyric2vocals", "", {"caption": "calm", "lyrics": SONG["lyrics"], "duration": 5}, 5, 1),
    "loop": ("text2samples", "", {"caption": "drums", "sample_type": "loop", "tempo": 120, "duration": 2}, 2, 1),
    "one-shot": ("text2samples", "", {"caption": "kick", "sample_type": "one-shot", "duration": 1}, 1, 1),
    "simple": ("simple", "", {"query": "a folk song about coffee", "duration": 5}, 5, 1),
    "cover": ("cover", "song", {"caption": "bossa nova", "batch_size": 2}, 5, 2),
    "cover of a recording": ("cover", "recording", {"caption": "bossa nova"}, 5, 1),
    "reference": ("reference", "song", {"caption": "calm piano", "duration": 6}, 6, 1),
    "reference to a recording": ("reference", "recording", {"caption": "calm piano", "duration": 5}, 5, 1),
    "retake": ("retake", "song", {"retake_variance": 0.5, "retake_seeds": "7,8"}, 5, 2),
    "repaint": ("repaint", "song", {**REPAINT, "batch_size": 2}, 5, 2),
    "repaint of a recording": ("repaint", "recording", {**REPAINT, "repainting_end": -1}, 3, 1),
    "extend": ("extend", "song", {"caption": "bright chorus", "left_extend_length": 1, "right_extend_length": 1}, 7, 1),
    "extend of a recording": ("extend", "recording", {"caption": "bright chorus", "right_extend_length": 1.5}, 4.5, 1),
    "remix": ("edit", "song", {"edit_target_prompt": "ska", "batch_size": 2}, 5, 2),
    "remix of a recording": ("edit", "recording", {"edit_target_prompt": "ska", "edit_n_min": 0.5}, 3, 1),
    "new words": ("edit", "song", {"edit_type": "only_lyrics", "edit_target_lyrics": NEW_WORDS}, 5, 1),
    "stem": ("extract-stem", "song", {"track_name": "drums"}, 5, 1),
    "stem of a recording": ("extract-stem", "recording", {"track_name": "drums"}, 3, 1),
    "backing track of a recording": ("extract-stem", "recording", {"track_name": "backing_track"}, 3, 1),
    "stems": ("stems", "song", {}, 5, 1),
    "stems of a recording": ("stems", "recording", {}, 3, 1),
}  # fmt: skip
# These are of sound that is there, and hardly anything of it is left to be done: files, which are another's work.
APART = ("stem", "stem of a recording", "backing track of a recording", "stems", "stems of a recording")
NEW = [name for name, (_, of, _, _, _) in CASES.items() if not of]
# Of the others several takes are made, which tell. (Other words to the same music may leave nothing to chance.)
ALONE = [name for name, (_, _, _, _, takes) in CASES.items() if takes == 1 and name not in (*APART, "new words")]


def whole(order: Order) -> Order:
    return order


def without_source(order: Order) -> Order:
    return order.model_copy(update={"source": None})


def with_files_gone(order: Order) -> Order:
    return with_files(order, "/nowhere/song.flac")


def spoilt(order: Order) -> Order:
    return with_files(order, __file__)


def with_files(order: Order, path: str) -> Order:
    """`order` of a source all of whose files are that one."""
    if order.recording is not None:
        return order.model_copy(update={"recording": order.recording.model_copy(update={"path": path})})
    assert order.source is not None
    files = tuple(file.model_copy(update={"path": path}) for file in order.source.files)
    return order.model_copy(update={"source": order.source.model_copy(update={"files": files})})


@pytest.fixture(scope="module", params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened(request.param, tmp_path_factory.mktemp(request.param)) as house:
        yield house


@pytest.fixture(scope="module")
def made(house: House) -> dict[str, Made]:
    return {}


def of_case(house: House, made: dict[str, Made], name: str) -> Made:
    task, of, values, _, _ = CASES[name]
    if name not in made:
        made[name] = house.made(task, of, **values)
    return made[name]


def test_every_task_has_a_case(house: House) -> None:
    asked = {task for task, _, _, _, _ in CASES.values()}
    assert asked | {"analyze"} == set(house.engine.capabilities.tasks) == set(MODELS) - {"lrc"}
    outside = {task for task, of, _, _, _ in CASES.values() if of == "recording"}
    assert outside | {"analyze"} == set(house.engine.capabilities.from_outside)


@pytest.mark.parametrize("name", CASES)
def test_what_is_made_is_what_the_plan_says(house: House, made: dict[str, Made], name: str) -> None:
    done = of_case(house, made, name)
    _, _, _, seconds, takes = CASES[name]
    plan = done.plan
    assert plan.duration == pytest.approx(seconds)
    assert (plan.engine, len(plan.seeds), len(done.takes)) == (house.name, takes, takes)
    assert [take.index for take in done.takes] == list(range(1, takes + 1))
    assert tuple(take.seed for take in done.takes) == plan.seeds
    first = done.takes[0]
    assert (first.bpm, first.keyscale, first.timesignature) == (plan.bpm, plan.keyscale, plan.timesignature)
    for take in done.takes:
        assert take.audio.shape == (2, round(seconds * RATE))
        assert take.audio.dtype == np.float32
        assert take.sample_rate == RATE
        assert np.isfinite(take.audio).all()
        assert 1e-3 < np.abs(take.audio).max() <= 1
        for stem in take.stems.values():
            assert stem.shape == take.audio.shape
    if name not in APART:
        assert len({take.audio.tobytes() for take in done.takes}) == takes
    if takes > 1:
        assert len(set(plan.seeds)) == takes


@pytest.mark.parametrize("name", CASES)
def test_a_plan_says_what_people_ask_first(house: House, made: dict[str, Made], name: str) -> None:
    done = of_case(house, made, name)
    plan, spec = done.plan, done.spec
    assert plan.title
    assert 30 <= plan.bpm <= 300
    tonic, mode = plan.keyscale.split(" ")
    assert tonic in TONICS
    assert mode in ("Major", "Minor")
    assert plan.timesignature in TIME_SIGNATURES
    if name not in APART:
        assert plan.caption
        assert plan.instrumental or plan.lyrics
    for asked in ("bpm", "keyscale", "timesignature", "caption"):
        if name in NEW and (value := getattr(spec, asked, None)):
            assert getattr(plan, asked) == value
    for notice in plan.notices:
        assert said(notice.code, **notice.params)


@pytest.mark.parametrize("name", CASES)
def test_progress_only_ever_grows_and_ends_where_everything_is_done(
    house: House, made: dict[str, Made], name: str
) -> None:
    heard = of_case(house, made, name).heard
    assert heard
    assert list(heard) == sorted(heard)
    assert 0 <= heard[0] <= heard[-1] <= 1
    if name not in APART:
        assert heard[-1] == pytest.approx(1)


@pytest.mark.parametrize("name", CASES)
def test_cancelled_under_way_it_stops_at_once_and_then_makes_the_very_same(
    house: House, made: dict[str, Made], name: str
) -> None:
    done = of_case(house, made, name)
    sink = Sink(until=(len(done.heard) + 1) // 2)
    with pytest.raises(Cancelled):
        house.again(done, sink)
    assert len(sink.heard) == sink.until
    assert len(sink.takes) < len(done.takes)
    assert [trace(take) for take in house.again(done, Sink()).takes] == [trace(take) for take in done.takes]
    task, of, values, _, _ = CASES[name]
    assert house.planned(task, of, **values) == done.plan


def test_cancelled_at_any_moment_it_stops_at_once(house: House, made: dict[str, Made]) -> None:
    done = of_case(house, made, "instrumental")
    for until in range(1, len(done.heard) + 1):
        with pytest.raises(Cancelled):
            house.again(done, Sink(until))


@pytest.mark.parametrize("name", ALONE)
def test_another_seed_is_another_song(house: House, made: dict[str, Made], name: str) -> None:
    task, of, values, _, _ = CASES[name]
    other = house.made(task, of, **values, seed=SEED + 20)
    assert not np.array_equal(other.takes[0].audio, of_case(house, made, name).takes[0].audio)


@pytest.mark.parametrize(("of", "seconds"), [("song", SECONDS), ("recording", RECORDED_S)])
def test_what_is_there_can_be_analysed(house: House, of: str, seconds: float) -> None:
    spec, order = house.asked("analyze", of)
    sink = Sink()
    facts = house.engine.analyze(spec, order, sink)
    assert facts.duration == pytest.approx(seconds)
    assert 30 <= facts.bpm <= 300
    assert facts.keyscale.split(" ")[0] in TONICS
    assert facts.caption
    assert sink.heard == sorted(sink.heard)
    with pytest.raises(Cancelled):
        house.engine.analyze(spec, order, Sink(until=1))


# What is asked for, of what, what is wrong with that, and the codes it may end in.
FAILURES: dict[str, tuple[str, str, dict[str, Any], Callable[[Order], Order], str]] = {
    "a task that is nobody's": ("lrc", "song", {}, whole, "task_not_available"),
    "nothing to start from": ("cover", "song", {"caption": "ska"}, without_source, "no_source"),
    "files that are gone": ("repaint", "song", REPAINT, with_files_gone, "source_gone"),
    "a file that is no sound": ("cover", "recording", {"caption": "ska"}, spoilt, "source_unreadable decode_failed"),
    "a recording that is gone": ("cover", "recording", {"caption": "ska"}, with_files_gone, "source_gone"),
    "a part beyond the end": ("repaint", "song", {**REPAINT, "repainting_start": 20}, whole, "region_outside"),
    "nothing new": ("edit", "song", {"edit_type": "only_lyrics"}, whole, "nothing_to_edit"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_cannot_be_done_is_said_in_words_and_for_good(house: House, name: str, tmp_path: Path) -> None:
    task, of, values, spoil, codes = FAILURES[name]
    spec, order = house.asked(task, of, **values)
    with pytest.raises(EngineError) as caught:
        house.worked(spec, spoil(order))
    assert caught.value.permanent
    assert caught.value.code in codes.split()
    assert said(caught.value.code, **caught.value.params)


def said(code: str, **params: Any) -> str:
    """The words for `code`; there are none where people would read that something went wrong on our side."""
    words = reply(code, **params)
    assert words != reply("internal"), code
    return words
