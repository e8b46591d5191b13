"""Jobs over HTTP after they were taken: how they stand, what is heard in them, what their owners do to them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.files import load
from engine.spec import Analysis, EngineError, Order, Preset
from storage import jobs, tracks
from tests.integration.web_house import MUSIC, MakingPool, WebHouse, web_house
from workflows import collection, control, dead_letters
from workflows.limits import Limits
from workflows.people import OPERATOR, ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.submit import submit

SOUND = "https://sound.example/rain.mp3"


async def ask(client: httpx.AsyncClient, caption: str = "blues", task: str = "text2music", **more: Any) -> int:
    """The number of a new job."""
    body = {"caption": caption, "duration": 30, **more}
    answer = await client.post(f"{MUSIC}/{task}", json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


async def job(client: httpx.AsyncClient, job_id: int) -> dict[str, Any]:
    answer = await client.get(f"{MUSIC}/jobs/{job_id}/status")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def numbers(client: httpx.AsyncClient, **asked: Any) -> list[int]:
    answer = await client.get(f"{MUSIC}/jobs", params=asked)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()]


@pytest.mark.row("A4", "C16", "H3")
def test_a_job_shows_how_far_it_is_and_ends_for_every_poller(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            song, gone = await ask(ann, "wait"), await ask(ann)
            working = asyncio.create_task(web.work())
            while (told := await job(ann, song))["progress"] is None:
                await asyncio.sleep(0.05)
            assert (told["status"], told["progress"], told["stage"]) == ("PROCESSING", 50, "rendering")
            await working_only_waits(web, ann, gone)
            stopped = (await ann.post(f"{MUSIC}/jobs/{song}/cancel")).json()
            assert (stopped["id"], stopped["job"]["status"]) == (song, "PROCESSING")
            await working
            told = await job(ann, song)
            assert (told["status"], told["cancelled"], told["error_code"]) == ("FAILED", True, "cancelled")
            assert "Nothing was charged" in told["error_message"]
            assert told["completed_at"]
            again = await ann.post(f"{MUSIC}/jobs/{song}/cancel")
            assert (again.status_code, again.json()["code"]) == (409, "cannot_cancel")
            for path in (f"{MUSIC}/jobs/{song}/status", f"{MUSIC}/jobs/{song}", f"/api/v1/jobs/{song}"):
                hidden = await bob.get(path)
                assert (hidden.status_code, "such job" in hidden.json()["detail"]) == (404, True)
            for bad in ("0", "x", str(2**53 + 1), str(2**70)):
                assert (await ann.get(f"{MUSIC}/jobs/{bad}/status")).status_code == 400
            assert (await ann.get(f"{MUSIC}/jobs/{2**53}/status")).status_code == 404

    web_house(tmp_path).run(story)


async def working_only_waits(web: WebHouse, client: httpx.AsyncClient, job_id: int) -> None:
    """The other job of that moment is done, or about to be."""
    while (await job(client, job_id))["status"] != "COMPLETED":
        await asyncio.sleep(0.05)
    assert web.pool.running == 1


@pytest.mark.row("C-delete", "G25")
def test_what_is_deleted_is_gone_in_whatever_state_it_was(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            done, failed = await ask(ann), await ask(ann, "broken")
            await web.work()
            link = (await job(ann, done))["output_url"]
            running = await ask(ann, "wait")
            working = asyncio.create_task(web.work())
            while (await job(ann, running))["status"] != "PROCESSING":
                await asyncio.sleep(0.05)
            waiting = await ask(ann)
            assert (await bob.delete(f"{MUSIC}/jobs/{done}")).status_code == 404
            assert await numbers(ann) == [waiting, running, failed, done]
            for number in (done, failed, running, waiting):
                answer = await ann.delete(f"{MUSIC}/jobs/{number}")
                assert (answer.status_code, answer.json()) == (200, {"message": "Job deleted"})
                for method, path in (
                    ("GET", ""),
                    ("GET", "/status"),
                    ("DELETE", ""),
                    ("POST", "/cancel"),
                    ("PATCH", ""),
                ):
                    again = await ann.request(
                        method, f"{MUSIC}/jobs/{number}{path}", json={} if method == "PATCH" else None
                    )
                    assert again.status_code == 404, (number, method, path)
            await working
            assert await numbers(ann) == []
            assert (await ann.get(link)).status_code == 404
            retake = await ann.post(f"{MUSIC}/retake", json={"original_job_id": done})
            assert (retake.status_code, retake.json()["detail"]) == (404, "Original music job not found")
            from workflows.credits import balance

            left = await balance(web.house.db, web.house.rules.pricing, Requester("terminal", "ann", "ann"))
            # What was made is paid; what was called off is not.
            assert left.available == 1000 - 5

    web_house(tmp_path, pool=MakingPool(size=1)).run(story)


@pytest.mark.row("C-delete")
def test_what_is_deleted_at_its_last_breath_is_neither_kept_nor_paid(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        db = web.house.db
        async with web.client(await web.key()) as ann:
            late, ended = await ask(ann, "wait"), await ask(ann, "wait")
            worker = web.house.worker()
            await worker.dispatch()
            while web.pool.running < 2:
                await asyncio.sleep(0.01)
            assert (await ann.delete(f"{MUSIC}/jobs/{late}")).status_code == 200
            # What somebody who deletes the other one looked at before it ended.
            seen = db.read(lambda session: jobs.get(session, ended))
            assert seen is not None
            # They come to their ends before they hear of anything.
            web.pool.release.set()
            await web.house.work(worker)
            db.write(lambda session: collection.drop(session, seen, now_ms()))
            assert await numbers(ann) == []
            assert db.read(lambda session: [tracks.of_job(session, each) for each in (late, ended)]) == [(), ()]
            credits = (await ann.get("/api/v1/credits")).json()
            assert (credits["credits_held"], credits["total_credits_used"]) == (0, 5)

    web_house(tmp_path).run(story)


def test_what_failed_and_was_deleted_is_tried_again_by_nobody(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        db = web.house.db
        async with web.client(await web.key()) as ann:
            crashed = await ask(ann, "crash")
            await web.work()
            assert [each.job.id for each in (await dead_letters.listed(db, 5)).letters] == [crashed]
            await ann.delete(f"{MUSIC}/jobs/{crashed}")
            assert await dead_letters.listed(db, 5) == dead_letters.Listed((), 0)
            with pytest.raises(Refusal, match="job_not_found"):
                await control.retry(db, crashed)
            with pytest.raises(Refusal, match="nothing_to_requeue"):
                await dead_letters.requeue(db, crashed, OPERATOR)

    web_house(tmp_path).run(story)


@pytest.mark.row("C17", "G11")
def test_only_what_failed_is_tried_again_and_ten_times_a_minute(tmp_path: Path) -> None:
    shipped = load("limits", Limits).per_minute

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            broken, fine = await ask(ann, "broken"), await ask(ann)
            await web.work()
            early = await ann.post(f"{MUSIC}/jobs/{fine}/retry")
            assert (early.status_code, early.json()["code"]) == (409, "not_failed")
            assert (await bob.post(f"{MUSIC}/jobs/{broken}/retry")).status_code == 404
            assert (await job(ann, broken))["retryable"] is False
            for _ in range(10):
                told = (await ann.post(f"{MUSIC}/jobs/{broken}/retry")).json()
                assert (told["message"], told["id"], told["credits"]) == ("Retry started", broken, 5)
                assert told["job"]["status"] == "PENDING"
                waiting = await ann.post(f"{MUSIC}/jobs/{broken}/retry")
                assert waiting.status_code == 409
                await web.work()
            answer = await ann.post(f"{MUSIC}/jobs/{broken}/retry")
            assert (answer.status_code, answer.json()["detail"]) == (429, "Rate limit exceeded")
            assert 0 < int(answer.headers["Retry-After"]) <= 60
            from workflows.credits import balance

            left = await balance(web.house.db, web.house.rules.pricing, Requester("terminal", "ann", "ann"))
            assert left.available == 1000 - 5

    web_house(tmp_path, limits={"per_minute": shipped}).run(story)


@pytest.mark.row("C-list", "C-filters", "C-total", "C-liked", "C-counts", "C-stats")
def test_jobs_are_listed_found_and_counted(tmp_path: Path, database_url: str) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            await ask(bob, "calm blues")
            made = {
                "song": await ask(ann, "Calm ÉTUDE for a wedding", lyrics="Stairs of glass", vocal_language="fr"),
                "rap": await ask(ann, "boom bap", "text2rap", lyrics="Chalk", duration=60),
                "vocals": await ask(ann, "alto 100%", "lyric2vocals", lyrics="Home", display_name="aria"),
                "samples": await ask(ann, "drum break", "text2samples", duration=4),
                "instrumental": await ask(ann, "calm piano", genre_preset="Jazz", instrumental=True),
                "broken": await ask(ann, "broken"),
            }
            await web.work()
            waiting = await ask(ann, "zither", "prompt2instrumental", display_name="Zebra")
            stopped = await ask(ann, "stopped")
            await ann.post(f"{MUSIC}/jobs/{stopped}/cancel")
            every = [stopped, waiting, *reversed(made.values())]
            finds: list[tuple[dict[str, Any], list[int]]] = [
                ({}, every),
                ({"skip": 1, "limit": 2}, every[1:3]),
                ({"skip": 100}, []),
                ({"task": "text2rap"}, [made["rap"]]),
                ({"status": "completed", "sort_order": "asc"}, [*made.values()][:5]),
                ({"status": "FAILED"}, [stopped, made["broken"]]),
                ({"status": "CANCELLED"}, [stopped]),
                ({"status": "PENDING"}, [waiting]),
                *(({"song_type": name}, [made[name]]) for name in ("rap", "vocals", "samples")),
                ({"song_type": "instrumental"}, [waiting, made["instrumental"]]),
                ({"song_type": "song"}, [stopped, made["broken"], made["song"]]),
                ({"search": "stairs OF"}, [made["song"]]),
                ({"search": "étude"}, [made["song"]]),
                ({"search": "0%"}, [made["vocals"]]),
                ({"search": "_"}, []),
                ({"search": "flac"}, []),
                ({"search": "zebra"}, [waiting]),
                ({"language": "fr"}, [made["song"]]),
                ({"genre": "jazz"}, [made["instrumental"]]),
                ({"genre": "boom bap"}, [made["rap"]]),
                ({"emotion": "calm"}, [made["instrumental"], made["song"]]),
                ({"occasion": "wedding", "emotion": "calm"}, [made["song"]]),
                ({"sort_by": "audio_duration", "limit": 1}, [made["rap"]]),
                ({"sort_by": "audio_duration", "sort_order": "asc", "limit": 1}, [made["samples"]]),
                ({"sort_by": "display_name", "limit": 1}, [waiting]),
                ({"sort_by": "status", "sort_order": "asc", "limit": 1}, [stopped]),
            ]
            for asked, expected in finds:
                answer = await ann.get(f"{MUSIC}/jobs", params=asked)
                assert [each["id"] for each in answer.json()] == expected, asked
                total = len(expected) if not {"skip", "limit"} & {*asked} else len(every)
                assert int(answer.headers["X-Total-Count"]) == total, asked
            for asked in ({"limit": 101}, {"limit": 0}, {"skip": -1}, {"task": "polka"}, {"status": "DONE"},
                          {"song_type": "opera"}, {"sort_by": "id"}, {"sort_order": "up"}, {"language": "xx"},
                          {"nonsense": 1}, {"liked": "perhaps"}):  # fmt: skip
                answer = await ann.get(f"{MUSIC}/jobs", params=asked)
                assert (answer.status_code, answer.json()["field"]) == (400, next(iter(asked))), asked

            for number in (made["song"], made["rap"]):
                liked = await ann.patch(f"{MUSIC}/jobs/{number}", json={"liked": True})
                assert liked.json()["liked"] is True
            await ann.patch(f"{MUSIC}/jobs/{made['rap']}", json={"liked": False})
            answer = await ann.get(f"{MUSIC}/liked")
            assert ([each["id"] for each in answer.json()], answer.headers["X-Total-Count"]) == ([made["song"]], "1")
            assert await numbers(ann, liked=True) == [made["song"]]
            assert made["song"] not in await numbers(ann, liked=False)
            seen = (await ann.get(f"{MUSIC}/jobs", params={"search": "étude", "include_interactions": True})).json()
            bare = (await ann.get(f"{MUSIC}/jobs", params={"search": "étude"})).json()
            assert (seen[0]["liked"], "liked" in bare[0]) == (True, False)
            assert bare[0] == {name: value for name, value in (await job(ann, made["song"])).items() if name != "liked"}

            counts = (await ann.get(f"{MUSIC}/jobs/counts")).json()
            assert {name: counts[name] for name in counts if name != "by_task"} == {
                "total": 8, "liked": 1, "pending": 1, "processing": 0, "completed": 5, "failed": 1, "cancelled": 1,
            }  # fmt: skip
            assert counts["by_task"]["text2music"] == 4
            stats = (await ann.get(f"{MUSIC}/filters/stats")).json()
            assert stats["song_type"] == {"song": 1, "rap": 1, "vocals": 1, "samples": 1, "instrumental": 1}
            assert (stats["genre"], stats["language"]) == ({"Jazz": 1}, {"fr": 1, "unknown": 4})

    house = web_house(tmp_path, url=database_url)
    house.run(story)


@pytest.mark.row("C-patch", "B28")
def test_a_song_is_renamed_and_pictured(tmp_path: Path) -> None:
    world = {"https://sound.example/p.png": b"picture", "https://sound.example/t.txt": b"text"}

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            song = await ask(ann)
            await web.work()
            waiting = await ask(ann)

            async def change(number: int, **body: Any) -> httpx.Response:
                return await ann.patch(f"{MUSIC}/jobs/{number}", json=body)

            told = (await change(song, display_name="  Coffee\tSteam ")).json()
            assert (told["display_name"], told["outputs"][0]["title"]) == ("Coffee Steam", "Coffee Steam")
            assert await numbers(ann, search="coffee") == [song]
            early = await change(waiting, display_name="Coffee")
            assert (early.status_code, early.json()["detail"]) == (400, "Job must be completed")
            picture = "https://sound.example/p.png"
            assert (await change(song, thumbnail_url=picture)).json()["thumbnail_url"] == picture
            kept = await change(song, liked=True)
            assert (kept.json()["thumbnail_url"], kept.json()["liked"]) == (picture, True)
            assert (await change(song, thumbnail_url=None)).json()["thumbnail_url"] != picture
            bad: list[dict[str, Any]] = [
                {"display_name": ""}, {"display_name": "x" * 121}, {"display_name": 5}, {"liked": "yes"},
                {"thumbnail_url": "p.png"}, {"thumbnail_url": "https://sound.example/t.txt"}, {"status": "COMPLETED"},
            ]  # fmt: skip
            for body in bad:
                answer = await change(song, **body)
                assert (answer.status_code, answer.json()["field"]) == (400, next(iter(body))), answer.text
            assert (await bob.patch(f"{MUSIC}/jobs/{song}", json={"liked": True})).status_code == 404
            async with web.client(await web.key("ann", "read", "create")) as looker:
                assert (await looker.patch(f"{MUSIC}/jobs/{song}", json={"liked": True})).status_code == 403
            assert (await job(ann, song))["display_name"] == "Coffee Steam"

    web_house(tmp_path, world=world).run(story)


@pytest.mark.row("B4", "B26", "B27", "G24", "A6")
def test_each_take_has_an_object_of_its_own(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            song = await ask(ann, batch_size=2, generate_lrc=True, format="mp3", seed=7)
            await web.work()
            told = await job(ann, song)
            assert [take["take"] for take in told["outputs"]] == [1, 2]
            assert told["output_url"] == told["outputs"][0]["output_urls"]["mp3"]
            assert told["actual_seeds"] == [take["seed"] for take in told["outputs"]]
            assert set(told["outputs"][1]["stems"]) == {"drums"}
            assert len({take["output_url"] for take in told["outputs"]}) == 2
            # The engine of this house scores nothing and times no words.
            assert (told["quality_score"], told["lrc_content"]) == (None, None)

    web_house(tmp_path).run(story)


class Listening(MakingPool):
    """Hears what the file is called: "… slow" takes until it is released, "… broken" can't be heard."""

    async def run(self, order: Order, **more: Any) -> Any:
        title = order.recording.title if order.recording is not None else ""
        if title.endswith("broken"):
            raise EngineError("lyrics_unreadable", permanent=True)
        if title.endswith("slow"):
            await self.release.wait()
        return await super().run(order, **more)


@pytest.mark.row("C9", "G9")
def test_sound_is_listened_to_while_whoever_asks_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.on_web.api import analysis

    world = {f"https://sound.example/{name}.mp3": f"20 {name}".encode() for name in ("rain", "broken", "slow")}
    shipped = load("limits", Limits).per_minute

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:

            async def heard(name: str) -> httpx.Response:
                web.pool.release.clear()
                body = {"audio_url": f"https://sound.example/{name}.mp3"}
                asked = asyncio.create_task(ann.post(f"{MUSIC}/analyze", json=body))
                await web.nudged.wait()
                web.nudged.clear()
                working = asyncio.create_task(web.work())
                answer = await asked
                web.pool.release.set()
                await working
                return answer

            told = (await heard("rain")).json()
            for name in Analysis.model_fields:
                assert name in told
            assert (told["success"], told["bpm"], told["keyscale"], told["duration"]) == (True, 96, "A Minor", 20.0)
            failed = await heard("broken")
            assert (failed.status_code, failed.json()["success"]) == (200, False)
            assert failed.json()["error"]
            assert failed.json()["error_code"] == "lyrics_unreadable"
            monkeypatch.setattr(analysis, "PATIENCE_S", 0.2)
            late = await heard("slow")
            assert (late.status_code, late.json()["success"]) == (202, False)
            after = await job(ann, late.json()["job_id"])
            assert (after["status"], after["analysis"]["bpm"], after["credits"]) == ("COMPLETED", 96, 0)
            for _ in range(shipped["analyze"] - 3):
                assert (await ann.post(f"{MUSIC}/analyze", json={"source_job_id": 99})).status_code == 404
                assert (await heard("rain")).status_code == 200
            answer = await ann.post(f"{MUSIC}/analyze", json={"audio_url": "https://sound.example/rain.mp3"})
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (429, True)
            bad = await ann.post(f"{MUSIC}/analyze", json={"audio_url": SOUND, "temperature": 2.1})
            assert (bad.status_code, bad.json()["field"]) == (400, "temperature")
            codes = await ann.post(f"{MUSIC}/analyze", json={"audio_codes": "12 805"})
            assert (codes.status_code, codes.json()["field"]) == (400, "audio_codes")

    web_house(tmp_path, world=world, pool=Listening(), limits={"per_minute": shipped}).run(story)


@pytest.mark.row("C15", "B26")
def test_the_times_of_words_are_read_twenty_times_a_minute(tmp_path: Path) -> None:
    from tests.fakes.pool import EditingPool

    shipped = load("limits", Limits).per_minute

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            sung, hummed = await ask(ann, lyrics="Carry me home", batch_size=2), await ask(ann)
            timed = await ask(ann, lyrics="Carry me home", generate_lrc=True)
            await web.work()
            assert (await job(ann, timed))["lrc_content"] == "[00:01.00]Take 1\n"
            assert (await job(ann, sung))["lrc_content"] is None
            told = (await ann.post(f"{MUSIC}/{sung}/lrc")).json()
            assert {name: told[name] for name in ("success", "job_id", "lrc_content")} == {
                "success": True, "job_id": sung, "lrc_content": "[00:01.00]Take 1\n",
            }  # fmt: skip
            second = await ann.post(f"{MUSIC}/{sung}/lrc", json={"source_take": 2})
            assert second.json()["lrc_content"] == "[00:01.00]Take 2\n"
            none = await ann.post(f"{MUSIC}/{hummed}/lrc")
            assert (none.status_code, isinstance(none.json()["detail"], str)) == (400, True)
            for body in ({"nonsense": 1}, {"source_take": 3}, {"source_take": "2"}):
                assert (await ann.post(f"{MUSIC}/{sung}/lrc", json=body)).status_code == 400
            for _ in range(18):
                assert (await ann.post(f"{MUSIC}/{sung}/lrc")).status_code == 200
            answer = await ann.post(f"{MUSIC}/{sung}/lrc")
            assert (answer.status_code, answer.json()["detail"]) == (429, "Rate limit exceeded")

    web_house(tmp_path, pool=EditingPool(), limits={"per_minute": shipped}).run(story)


@pytest.mark.row("C-presets", "C-model", "C-sample", "F-v3", "B32", "G6", "G25")
def test_what_there_is_to_begin_with_is_told(tmp_path: Path) -> None:
    presets = load("presets", dict[str, Preset])

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client() as stranger:
            told = (await ann.get(f"{MUSIC}/presets")).json()["genre_presets"]
            assert [*told] == [
                "Modern Pop", "Rock", "Hip Hop", "Jazz", "Classical", "Electronic", "Country", "Folk", "Blues",
                "Reggae", "Latin", "R&B", "Metal", "Custom",
            ]  # fmt: skip
            assert all(told.values())
            able = (await ann.get(f"{MUSIC}/model/status")).json()
            assert (able["status"], able["engine"], able["max_batch_size"]) == ("ready", "studio", 8)
            web.works = False
            assert (await ann.get(f"{MUSIC}/model/status")).json()["status"] == "offline"
            assert (await ann.get(f"{MUSIC}/v3/availability")).json() == {"available": False, "revise": False}
            samples = (await ann.get(f"{MUSIC}/sample-data")).json()["samples"]
            assert len(samples) == 15
            for sample in samples:
                if not any(name.endswith(("_id", "_url")) for name in sample["body"]):
                    assert (await ann.post(sample["path"], json=sample["body"])).status_code == 200
            for path in ("presets", "model/status", "sample-data", "v3/availability", "jobs", "liked", "jobs/counts",
                         "filters/stats"):  # fmt: skip
                assert (await stranger.get(f"{MUSIC}/{path}")).status_code == 401

    web_house(tmp_path, presets=presets).run(story)


@pytest.mark.row("C-list", "A0")
def test_songs_of_other_surfaces_are_in_the_list_and_taken_down_ones_are_not(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            db, rules = web.house.db, web.house.rules
            chat = Requester("terminal", "ann", "ann")
            asked = await submit(db, rules, chat, ReplyTo("terminal"), "text2music", {"caption": "x", "duration": 30})
            down = await ask(ann)
            await web.work()
            assert await numbers(ann) == [down, asked.job_id]
            from storage import jobs
            from workflows import control

            def take_down(session: Any) -> None:
                row = jobs.get(session, down)
                assert row is not None
                control.remove_music(session, row, "deleted", 0)
                jobs.taken_down(session, down, "too loud")

            db.write(take_down)
            assert await numbers(ann) == [asked.job_id]
            # Whoever asks by its number is told why.
            told = await job(ann, down)
            assert (told["deleted"], told["output_url"], "too loud" in told["error_message"]) == (True, None, True)

    web_house(tmp_path).run(story)
