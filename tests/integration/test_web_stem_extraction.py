"""Stems as the reference's own client asks for them: every form, what comes of it, and what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.spec import Event, Order, TrackFile, TrackResult
from engine.spec.parts import parted
from tests.integration.web_house import MUSIC, MakingPool, WebHouse, web_house
from workflows.pricing import STEM_TASKS, Pricing, Tier

pytestmark = pytest.mark.row("F-stems", "A2")

STEMS = "/api/v1/stem-extraction"
RAIN = "https://example.com/rain.mp3"
WORLD = {RAIN: b"20 Rain"}
EXTRACT, ADVANCED, LEGACY = "api/extract", "extract/advanced", "extract"
APART = ("vocals", "drums", "bass", "other")


class Separating(MakingPool):
    """Tells three stems from the rest of any song."""

    capabilities = MakingPool.capabilities.model_copy(update={"separates": ("vocals", "drums", "bass")})

    async def run(
        self, order: Order, *, on_event: Callable[[Event], Awaitable[None]], cancelled: asyncio.Event
    ) -> tuple[TrackResult, ...]:
        takes = await super().run(order, on_event=on_event, cancelled=cancelled)
        if order.spec["task"] != "stems":
            return takes
        parts = parted(order.spec["parts"], APART)
        return tuple(take.model_copy(update={"files": _files(order, parts)}) for take in takes)


def _files(order: Order, parts: dict[str, tuple[str, ...]]) -> tuple[TrackFile, ...]:
    found = []
    for name in parts:
        path = Path(order.workdir) / f"{name}.flac"
        path.write_text(f"{name} of {order.job}")
        found.append(TrackFile(kind="stem", path=str(path), format="flac", name=name))
    return tuple(found)


def house(folder: Path) -> WebHouse:
    pricing = Pricing(welcome=1000, tiers=(Tier(up_to_s=600, credits=5),), free_tasks=STEM_TASKS)
    return web_house(folder, pool=Separating(), world=WORLD, pricing=pricing)


ALONE, PARTS = "extract-stem", "stems"
WAYS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (EXTRACT, {}, PARTS, {"parts": "four"}),
    (EXTRACT, {"mode": "two"}, PARTS, {"parts": "two"}),
    (EXTRACT, {"mode": "FOUR", "stem": "bass"}, PARTS, {"parts": "four"}),
    (EXTRACT, {"mode": "all"}, PARTS, {"parts": "all"}),
    (EXTRACT, {"mode": "single", "stem": "vocals"}, ALONE, {"track_name": "vocals"}),
    (EXTRACT, {"mode": "single", "stem": "instrumental"}, ALONE, {"track_name": "backing_track"}),
    (ADVANCED, {"method": "hierarchical"}, PARTS, {"parts": "all"}),
    (ADVANCED, {"package": "two"}, PARTS, {"parts": "two"}),
    (ADVANCED, {"package": "isolation", "target_instrument": "drums"}, ALONE, {"track_name": "drums"}),
    (ADVANCED, {"single_stem": "bass"}, ALONE, {"track_name": "bass"}),
    (ADVANCED, {"multi_stem_count": "4"}, PARTS, {"parts": "four"}),
    (ADVANCED, {"custom_stems": '["vocals", "no_vocals"]'}, PARTS, {"parts": "two"}),
    (ADVANCED, {"target_stems": "drums, other"}, PARTS, {"parts": "four"}),
    (ADVANCED, {"exclude_stems": '["vocals"]'}, PARTS, {"parts": "two"}),
    (ADVANCED, {"two_stems_mode": "vocals"}, PARTS, {"parts": "two"}),
    (LEGACY, {"stem_types": "['vocals', 'bass']", "model_name": "htdemucs"}, PARTS, {"parts": "four"}),
    (LEGACY, {"stem_types": "['vocals', 'drums']", "two_stems_mode": "vocals"}, PARTS, {"parts": "two"}),
    (LEGACY, {}, PARTS, {"parts": "four"}),
]  # fmt: skip


def test_each_way_to_ask_is_a_job(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            for path, form, task, values in WAYS:
                answer = (await ann.post(f"{STEMS}/{path}", data={"url": RAIN, **form})).json()
                assert (answer.get("task"), answer.get("status")) == (task, "PENDING"), (path, form, answer)
                assert answer["id"] == answer["job_id"]
                assert (answer["download_urls"], answer["credits"]) == (None, 5)
                assert answer["message"].endswith("started")
                spec = (await web.house.job(answer["id"])).spec
                assert {name: spec[name] for name in values} == values, (path, form)

    house(tmp_path).run(story)


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    (EXTRACT, {"url": RAIN, "mode": "six"}, "mode", "parts_not_separable"),
    (EXTRACT, {"url": RAIN, "mode": "mastering"}, "mode", "parts_not_separable"),
    (EXTRACT, {"url": RAIN, "mode": "three"}, "mode", "bad_value"),
    (EXTRACT, {"url": RAIN, "mode": "single"}, "stem", "missing"),
    (EXTRACT, {"url": RAIN, "mode": "single", "stem": "piano"}, "stem", "stem_not_separable"),
    (EXTRACT, {"url": RAIN, "mode": "single", "stem": "other"}, "stem", "bad_value"),
    (EXTRACT, {"mode": "two"}, "url", "nothing_to_go_by"),
    (EXTRACT, {"url": "ftp://rain", "mode": "two"}, "url", "bad_value"),
    (EXTRACT, {"url": "https://example.com/none", "mode": "two"}, "url", "link_unknown_host"),
    (EXTRACT, {"url": RAIN, "modus": "two"}, "modus", "unknown_option"),
    (EXTRACT, {"url": [RAIN, RAIN]}, "url", "bad_value"),
    (ADVANCED, {"url": RAIN, "method": "magic"}, "method", "bad_value"),
    (ADVANCED, {"url": RAIN, "package": "two", "single_stem": "bass"}, "single_stem", "sources_disagree"),
    (ADVANCED, {"url": RAIN, "package": "isolation"}, "target_instrument", "missing"),
    (ADVANCED, {"url": RAIN, "multi_stem_count": "3"}, "multi_stem_count", "bad_value"),
    (ADVANCED, {"url": RAIN, "multi_stem_count": "6"}, "multi_stem_count", "parts_not_separable"),
    (ADVANCED, {"url": RAIN, "custom_stems": '["harp"]'}, "custom_stems", "bad_value"),
    (ADVANCED, {"url": RAIN, "custom_stems": '["strings"]'}, "custom_stems", "stem_not_separable"),
    (LEGACY, {"url": RAIN, "model_name": "htdemucs_6s"}, "stem_types", "parts_not_separable"),
    (LEGACY, {"url": RAIN, "two_stems_mode": "drums"}, "two_stems_mode", "bad_value"),
]  # fmt: skip


@pytest.mark.row("A7", "G12")
def test_what_can_not_be_is_refused_in_the_words_of_the_form(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            for path, form, field, code in REFUSED:
                answer = await ann.post(f"{STEMS}/{path}", data=form)
                told = answer.json()
                assert (answer.status_code, told["code"], told["field"]) == (400, code, field), (path, form, told)
            mode = (await ann.post(f"{STEMS}/{EXTRACT}", data={"url": RAIN, "mode": "studio"})).json()
            assert mode["allowed"] == "one of single, two, four, all"
            sent = await ann.post(f"{STEMS}/{EXTRACT}", json={"url": RAIN, "mode": "two"})
            assert sent.status_code == 415
            assert (await ann.get(f"{STEMS}/jobs")).json() == []
        async with web.client() as stranger:
            assert (await stranger.post(f"{STEMS}/{EXTRACT}", data={"url": RAIN})).status_code == 401

    house(tmp_path).run(story)


def test_what_comes_of_it_has_the_names_that_the_client_knows(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            asked = {
                "two": {"mode": "two"},
                "four": {"mode": "four"},
                "single": {"mode": "single", "stem": "instrumental"},
            }
            numbers = {}
            for name, form in asked.items():
                answer = (await ann.post(f"{STEMS}/{EXTRACT}", data={"url": RAIN, **form})).json()
                numbers[name] = answer["id"]
            song = (await ann.post(f"{MUSIC}/text2music", json={"caption": "blues", "duration": 30})).json()["id"]
            await web.work()
            made = {name: (await ann.get(f"{STEMS}/status/{number}")).json() for name, number in numbers.items()}
            assert {name: list(job["download_urls"]) for name, job in made.items()} == {
                "two": ["vocals", "no_vocals"],
                "four": list(APART),
                "single": ["instrumental"],
            }
            for name, url in made["two"]["download_urls"].items():
                assert url.endswith(".flac")
                kept = "backing_track" if name == "no_vocals" else name
                async with web.client() as anybody:
                    assert (await anybody.get(url)).text == f"{kept} of {numbers['two']}"

            listed = await ann.get(f"{STEMS}/jobs", params={"skip": 1, "limit": 1})
            assert [job["id"] for job in listed.json()] == [numbers["four"]]
            assert listed.headers["X-Total-Count"] == "3"
            for client, number in ((ann, song), (bob, numbers["two"]), (ann, 99)):
                assert (await client.get(f"{STEMS}/status/{number}")).status_code == 404
                assert (await client.delete(f"{STEMS}/jobs/{number}")).status_code == 404
            assert (await ann.delete(f"{STEMS}/jobs/{numbers['two']}")).json()["message"]
            assert (await ann.get(f"{STEMS}/status/{numbers['two']}")).status_code == 404
            assert (await ann.get(made["two"]["download_urls"]["vocals"])).status_code == 404

    house(tmp_path).run(story)


@pytest.mark.row("G9", "G23")
def test_a_song_made_here_is_taken_apart_for_nothing(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            song = (await ann.post(f"{MUSIC}/text2music", json={"caption": "blues", "duration": 30})).json()["id"]
            await web.work()
            link = (await ann.get(f"{MUSIC}/jobs/{song}/status")).json()["output_url"]
            # It has drums alone; nobody has to be able to find them in a mix, so there may be six parts of it, too.
            for form in ({"mode": "single", "stem": "drums"}, {"mode": "six"}):
                job = (await ann.post(f"{STEMS}/{EXTRACT}", data={"url": link, **form})).json()
                assert (job["status"], job["credits"], job["source_job_id"]) == ("PENDING", 0, song), job
            lacking = (
                await ann.post(f"{STEMS}/{EXTRACT}", data={"url": link, "mode": "single", "stem": "piano"})
            ).json()
            assert (lacking["code"], lacking["field"], lacking["allowed"]) == ("stem_not_in_song", "stem", "drums")

    house(tmp_path).run(story)


@pytest.mark.row("G22")
def test_a_file_that_is_sent_again_is_taken_apart_once(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            again = {"Idempotency-Key": "rain"}

            async def send(sound: bytes, **form: str) -> tuple[int, dict[str, Any]]:
                file = {"file": ("rain.mp3", sound, "audio/mpeg")}
                answer = await ann.post(f"{STEMS}/{EXTRACT}", data=form, files=file, headers=again)
                return answer.status_code, answer.json()

            first, second = await send(b"20 Rain", mode="two"), await send(b"20 Rain", mode="two")
            assert (first[0], second[0]) == (200, 200)
            assert first[1]["id"] == second[1]["id"]
            assert (await send(b"21 Rain", mode="two"))[0] == 400
            assert (await send(b"20 Rain", mode="four"))[0] == 400
            assert len((await ann.get(f"{STEMS}/jobs")).json()) == 1
            status, refused = await send(b"no sound", mode="mastering")
            # What can't be is told before anybody listens to the file.
            assert (status, refused["field"]) == (400, "mode")

    house(tmp_path).run(story)


def test_what_there_is_to_choose_from(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            modes = (await ann.get(f"{STEMS}/modes")).json()
            shown = {mode["mode"]: mode for mode in modes["modes"]}
            assert modes["default"] == "four"
            assert {name for name, mode in shown.items() if mode["available"]} == {"single", "two", "four", "all"}
            assert {*shown} - {"all"} == {"single", "two", "four", "six", "producer", "studio", "mastering"}
            assert shown["two"]["stems"] == ["vocals", "no_vocals"]
            assert shown["four"]["stems"] == list(APART)
            assert shown["six"]["stems"] == ["vocals", "drums", "bass", "guitar", "piano", "other"]
            assert shown["single"]["stems"] == ["vocals", "drums", "bass", "instrumental"]
            packages = (await ann.get(f"{STEMS}/packages/available")).json()["packages"]
            assert packages == [mode for mode in modes["modes"] if mode["available"]]
            stems = (await ann.get(f"{STEMS}/catalog")).json()["stems"]
            assert [stem["name"] for stem in stems if stem["available"]] == ["vocals", "drums", "bass"]
            assert "piano" in [stem["name"] for stem in stems]

    house(tmp_path).run(story)


def test_where_nothing_can_be_told_apart_nothing_is_on_offer(tmp_path: Path) -> None:
    class Whole(MakingPool):
        capabilities = MakingPool.capabilities.model_copy(update={"separates": ()})

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            modes = (await ann.get(f"{STEMS}/modes")).json()["modes"]
            # Songs made here have their stems all the same.
            assert [mode["mode"] for mode in modes if mode["available"]] == ["all"]
            answer = await ann.post(f"{STEMS}/{EXTRACT}", data={"url": RAIN, "mode": "two"})
            assert (answer.status_code, json.loads(answer.content)["field"]) == (400, "mode")

    web_house(tmp_path, pool=Whole(), world=WORLD).run(story)
