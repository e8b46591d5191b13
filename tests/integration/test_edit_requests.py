"""Edits of songs made here, before any engine sees them: how long, what they cost, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.answers import refusal_words
from bot.commands import catalogue
from bot.syntax import parse_command
from engine.spec.tasks import ExtractStem
from tests.fakes.pool import EditingPool
from tests.integration.house import ANN, House, rules
from workflows import control, credits
from workflows.edits import check_stem
from workflows.people import ReplyTo
from workflows.refusal import Refusal
from workflows.submit import Accepted, submit

HERE = ReplyTo("terminal")
COMMANDS = catalogue()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with three songs: #1 of 28 s in two takes, #2 of 595 s, and #3 whose score was not kept."""
    house = House(
        tmp_path_factory.mktemp("house"), rules=rules(capabilities=EditingPool.capabilities), pool=EditingPool()
    )

    async def songs() -> None:
        for values in ({"batch_size": 2, "duration": 28}, {"duration": 595}, {"caption": "no score"}):
            await house.ask(**values)
        await house.work()

    asyncio.run(songs())
    yield house
    house.db.close()


def asked(house: House, task: str, **values: Any) -> Accepted:
    return asyncio.run(submit(house.db, house.rules, ANN, HERE, task, values))


@pytest.mark.parametrize(
    ("task", "values", "seconds", "takes", "price"),
    [
        ("retake", {"original_job_id": 1}, 28, 1, 5),
        ("retake", {"original_job_id": 1, "batch_size": 3}, 28, 3, 15),
        ("retake", {"original_job_id": 1, "retake_seeds": (5, 6)}, 28, 2, 10),
        ("retake", {"original_job_id": 1, "retake_seeds": "5, 6", "batch_size": 2}, 28, 2, 10),
        # A length of one's own has no effect on a song that is there.
        ("retake", {"original_job_id": 1, "duration": 600}, 28, 1, 5),
        (
            "repaint",
            {"source_job_id": 1, "caption": "x", "repainting_start": 5, "repainting_end": -1, "batch_size": 2},
            28, 2, 10,
        ),
        ("extend", {"source_job_id": 1, "caption": "x", "right_extend_length": 2}, 30, 1, 5),
        ("extend", {"source_job_id": 1, "caption": "x", "right_extend_length": 2.01}, 30.01, 1, 40),
        ("extend", {"source_job_id": 1, "caption": "x", "left_extend_length": 10}, 68, 1, 40),
        ("extend", {"source_job_id": 2, "caption": "x", "right_extend_length": 5}, 600, 1, 40),
        ("edit", {"source_job_id": 1, "edit_target_prompt": "ska", "source_take": 2}, 28, 1, 5),
        ("edit", {"source_job_id": 1, "edit_target_lyrics": "New", "edit_type": "only_lyrics"}, 28, 1, 5),
    ],
)  # fmt: skip
def test_an_edit_is_as_long_as_what_it_makes_and_costs_that(
    studio: House, task: str, values: dict[str, Any], seconds: float, takes: int, price: int
) -> None:
    accepted = asked(studio, task, **values)
    assert (accepted.duration, accepted.price) == (seconds, price)
    job = asyncio.run(studio.job(accepted.job_id))
    assert (job.takes, job.parent_id) == (takes, values.get("source_job_id", 1))
    # Out of the way again: each is asked for on its own.
    asyncio.run(control.cancel(studio.db, job.id))


# what people type, and what they read
SAID = {
    "/repaint x source_job_id:1 repainting_start:40 repainting_end:50": (
        "`repainting_start` is 40, must be 0 to 27 seconds, for #1 is 28 seconds long. Try `repainting_start:27`."
    ),
    "/repaint x source_job_id:1 repainting_start:27.5 repainting_end:-1": (
        "`repainting_start` is 27.5, must be 0 to 27 seconds, for #1 is 28 seconds long. Try `repainting_start:27`."
    ),
    "/repaint x source_job_id:1 repainting_start:20 repainting_end:10": (
        "`repainting_end` is 10, must be 21 to 600 seconds, or -1 for the end of the song. Try `repainting_end:21`."
    ),
    "/repaint x source_job_id:1 repainting_start:20 repainting_end:20.9": (
        "`repainting_end` is 20.9, must be 21 to 600 seconds, or -1 for the end of the song. Try `repainting_end:21`."
    ),
    "/repaint x src_audio_url:https://example.com/a.mp3 repainting_start:1 repainting_end:9": (
        "The built-in engine can't work on sound from outside yet. Take a song made here: `source_job_id:12`."
    ),
    "/extend x source_job_id:2 right_extend_length:0": (
        "`right_extend_length` is 0, must be more than 0 seconds where nothing is added at the start. "
        "Try `right_extend_length:30`."
    ),
    "/extend x source_job_id:2 left_extend_length:2 right_extend_length:10": (
        "`right_extend_length` is 10, must be at most 3 seconds, for #2 is 595 seconds long and a song has at most "
        "600. Try `right_extend_length:3`."
    ),
    "/extend x source_job_id:2 left_extend_length:30 right_extend_length:0": (
        "`left_extend_length` is 30, must be at most 5 seconds, for #2 is 595 seconds long and a song has at most 600. "
        "Try `left_extend_length:5`."
    ),
    "/edit source_job_id:1": (
        "There is nothing to go by yet: give `edit_target_prompt` or `edit_target_lyrics`. "
        'Try `edit_target_prompt:"with strings"`.'
    ),
    "/edit ska source_job_id:1 edit_type:only_lyrics edit_target_lyrics:[verse]": (
        '`edit_target_lyrics` is missing (the words to sing instead). Try `edit_target_lyrics:"Carry me home"`.'
    ),
    "/edit ska source_job_id:1 edit_n_min:0.8 edit_n_max:0.5": (
        "`edit_n_min` is 0.8, must be below 0.5, where the window ends. Try `edit_n_min:0`."
    ),
    "/edit ska source_job_id:1 edit_n_max:0": (
        "`edit_n_max` is 0, must be above 0: it is where the window ends, as a share of the song. Try `edit_n_max:1`."
    ),
    "/edit ska source_job_id:1 edit_n_min:0.5 edit_n_max:0.51": (
        "`edit_n_max` is 0.51, must be 0.54 to 1, for a new part is 1 second or longer. Try `edit_n_max:0.54`."
    ),
    "/edit ska source_job_id:1 edit_n_min:0.99": (
        "`edit_n_min` is 0.99, must be 0 to 0.96, for a new part is 1 second or longer. Try `edit_n_min:0.96`."
    ),
    "/retake 1 retake_seeds:1,2 batch_size:3": (
        "`batch_size` is 3, but there are 2 `retake_seeds`, one for each take. Leave `batch_size` out."
    ),
    "/retake 1 retake_seeds:1,2,3,4,5,6,7,8,9": (
        "`retake_seeds` is 9 seeds, must be at most 8 seeds. Try `retake_seeds:1,2`."
    ),
    "/retake 1 source_take:3": ("#1 has 2 takes, so there is no take 3 of it. Leave `source_take` out for the first."),
    "/retake 3": (
        "The notes of #3 are not kept, and that takes them: only whole songs written here have theirs. "
        "Nothing was charged. A cover, or Repaint, Extend and Remix, can do without them."
    ),
}


@pytest.mark.parametrize("typed", SAID)
def test_an_edit_that_cannot_be_made_is_refused_at_once_with_a_way_on(studio: House, typed: str) -> None:
    before = asyncio.run(credits.balance(studio.db, studio.rules.pricing, ANN))
    command = parse_command(typed, COMMANDS)
    with pytest.raises(Refusal) as caught:
        asked(studio, command.command.task, **command.values)
    assert refusal_words(caught.value) == SAID[typed]
    assert asyncio.run(credits.balance(studio.db, studio.rules.pricing, ANN)) == before


def test_a_song_of_full_length_is_not_extended(tmp_path: Path) -> None:
    house = House(tmp_path, rules=rules(capabilities=EditingPool.capabilities), pool=EditingPool())

    async def story() -> str:
        await house.ask(duration=600)
        await house.work()
        with pytest.raises(Refusal) as caught:
            await submit(house.db, house.rules, ANN, HERE, "extend", {"source_job_id": 1, "caption": "x"})
        return refusal_words(caught.value)

    assert asyncio.run(story()).startswith("#1 is 600 seconds long already")
    house.db.close()


@pytest.mark.parametrize(
    "typed",
    [
        "/repaint x source_job_id:1 repainting_start:27 repainting_end:28",
        "/repaint x source_job_id:1 repainting_start:0 repainting_end:600",
        "/extend x source_job_id:2 left_extend_length:2 right_extend_length:3",
        "/edit ska source_job_id:1 edit_n_min:0.5 edit_n_max:0.54",
    ],
)
def test_what_is_just_within_the_limits_is_taken(studio: House, typed: str) -> None:
    command = parse_command(typed, COMMANDS)
    asyncio.run(control.cancel(studio.db, asked(studio, command.command.task, **command.values).job_id))


def test_a_stem_that_nobody_here_makes_is_refused_with_what_would_make_it() -> None:
    strings = ExtractStem(track_name="strings", source_job_id=1)
    songs = EditingPool.capabilities.model_copy(update={"separates": ("vocals", "drums", "bass")})
    for scores, help_ in ((("retake",), "Songs made here have every stem"), ((), "`minstrel models fetch --all`")):
        with pytest.raises(Refusal) as caught:
            check_stem(strings, songs.model_copy(update={"from_score": scores}))
        assert help_ in refusal_words(caught.value)
