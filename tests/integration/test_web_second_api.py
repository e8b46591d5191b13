"""The second API: tracks ordered by words, as programs of the reference order them (rows E1 to E15)."""

from __future__ import annotations

import json
import tomllib
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import col, update

from storage import ordered
from storage.database import Database
from storage.tables import Job
from tests.integration.web_house import MUSIC, WebHouse, web_house
from tests.rows import free_job, person
from workflows import gifts
from workflows.order_form import LOUDER, QUIETER
from workflows.people import OPERATOR
from workflows.pricing import Pricing

PATH = "/api/v1/text-to-music"
CONFIG = Path(__file__).parents[2] / "config"


async def order(client: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    """What a good order is answered with."""
    answer = await client.post(PATH, json=values)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def spec_of(web: WebHouse, client: httpx.AsyncClient, placed: dict[str, Any]) -> dict[str, Any]:
    """What the order came to as a request of ours."""
    shown = (await client.get(f"{PATH}/{placed['tracks'][0]['id']}")).json()
    job = await web.house.job(shown["job_id"])
    return {"task": job.task, **job.spec}


@pytest.mark.row("E1", "E5", "E7", "E8", "E12", "E13", "G19", "G21")
def test_two_songs_are_ordered_waited_for_and_had(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client() as anybody, web.client() as ann:
            ann.headers["Authorization"] = f"Bearer {await web.key()}"
            placed = await order(ann, prompt="rain", tags=["pop", "slow"], name="Wet", num_songs=2, seed=7)
            assert placed["success"]
            first, second = placed["tracks"]
            assert {name: first[name] for name in ("name", "status", "audio_url", "seed", "tags")} == {
                "name": "Wet", "status": "pending", "audio_url": None, "seed": 7, "tags": ["pop", "slow"],
            }  # fmt: skip
            assert [uuid.UUID(track["id"]).version for track in placed["tracks"]] == [4, 4]
            assert second["seed"] == 8
            assert web.nudged.is_set()
            waiting = (await ann.get(f"{PATH}/{second['id']}")).json()
            assert (waiting["id"], waiting["status"], waiting["audio_url"]) == (second["id"], "pending", None)

            await web.work()
            ready = [(await ann.get(f"{PATH}/{track['id']}")).json() for track in placed["tracks"]]
            assert [(each["status"], each["name"], each["error"]) for each in ready] == [("ready", "Wet", None)] * 2
            assert ready[0]["job_id"] == ready[1]["job_id"]
            assert ready[0]["seed"] == 7
            assert (ready[0]["duration"], ready[0]["bpm"]) == (90, 100)

            # What nobody names comes as WAV, and the link needs no key.
            assert all(each["audio_url"].startswith("http") for each in ready)
            assert all(each["audio_url"].endswith("/audio.wav") for each in ready)
            flac = (await order(ann, prompt="rain", output_format="flac", seed=9))["tracks"][0]
            await web.work()
            song = (await ann.get(f"{PATH}/{flac['id']}")).json()
            assert song["name"] == "A Title"
            assert (await anybody.get(song["audio_url"])).content == b"song 9 1"
            assert (await anybody.get(ready[0]["audio_url"].replace(".wav", ".flac"))).status_code == 404

    web_house(tmp_path).run(story)


TAKEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"prompt": "rain"}, {"task": "text2music", "caption": "rain", "lyrics": "", "use_cot_lyrics": True}),
    ({"prompt": "rain", "tags": ["pop", "slow"]}, {"caption": "rain, pop, slow", "use_cot_lyrics": True}),
    ({"prompt": "rain", "lyrics": "La"}, {"caption": "rain", "lyrics": "La", "use_cot_lyrics": False}),
    ({"tags": ["pop", "slow"], "lyrics": "La"}, {"caption": "pop, slow", "lyrics": "La", "use_cot_lyrics": False}),
    ({"prompt": "rain", "lyrics": ""}, {"task": "prompt2instrumental", "caption": "rain"}),
    ({"tags": ["pop"], "lyrics": ""}, {"task": "prompt2instrumental", "caption": "pop"}),
    ({"prompt": "rain", "tags": ["pop"], "lyrics": ""}, {"task": "prompt2instrumental", "caption": "rain, pop"}),
    ({"prompt": "rain", "tags": [], "lyrics": None}, {"task": "text2music", "use_cot_lyrics": True}),
    ({"prompt": "rain", "bpm": 96}, {"bpm": 96}),
    ({"prompt": "rain", "bpm": "auto"}, {"bpm": None}),
    ({"prompt": "rain", "bpm": None, "num_songs": None, "store_audio": None}, {"bpm": None, "batch_size": 1}),
    ({"prompt": "rain", "seed": 12}, {"seed": 12}),
    ({"prompt": "rain", "output_format": "mp3"}, {"format": "mp3"}),
    ({"prompt": "rain", "num_songs": 2, "name": "Wet"}, {"batch_size": 2, "display_name": "Wet"}),
    ({"prompt": "rain", "prompt_strength": 2}, {"guidance_scale": None}),
    ({"prompt": "rain", "prompt_strength": 4}, {"guidance_scale": 14}),
    ({"prompt": "rain", "prompt_strength": 9}, {"guidance_scale": 15}),
    ({"prompt": "rain", "balance_strength": 0.7}, {"caption": "rain"}),
    ({"prompt": "rain", "balance_strength": 1}, {"caption": f"rain, {LOUDER}"}),
    ({"prompt": "rain", "balance_strength": 0.2}, {"caption": f"rain, {QUIETER}"}),
    ({"prompt": "rain", "balance_strength": 0.8}, {"caption": "rain"}),
    ({"prompt": "rain", "balance_strength": 1, "lyrics": ""}, {"caption": "rain"}),
]


@pytest.mark.row("E2", "E3", "E6", "E10")
def test_what_is_ordered_comes_to_a_request_for_the_same(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            for values, expected in TAKEN:
                placed = await order(ann, **values)
                spec = await spec_of(web, ann, placed)
                assert {name: spec.get(name) for name in expected} == expected, values
                told = [word for word in placed["notices"] if "strength" in word]
                # Whoever turns a knob that does less than they may think is told so.
                idle = [values.get("prompt_strength", 2) > 5, values.get("balance_strength", 0.7) != 0.7]
                assert len(told) == sum(idle), values

    web_house(tmp_path).run(story)


@pytest.mark.row("E6")
def test_the_engine_mixes_the_voice_as_the_caption_asks_for_it() -> None:
    voices = tomllib.loads((CONFIG / "words.toml").read_text())["voices"]
    louder = next(voice for voice in voices.values() if LOUDER in voice["words"]["en"])
    quieter = next(voice for voice in voices.values() if QUIETER in voice["words"]["en"])
    assert louder["gains_db"]["vocals"] > 0 > quieter["gains_db"]["vocals"]


@pytest.mark.row("E6")
def test_an_engine_without_guidance_says_so_by_the_name_that_was_given(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            track = (await order(ann, prompt="rain", prompt_strength=4))["tracks"][0]
            await web.work()
            idle = {"notices": [{"code": "no_effect", "params": {"fields": ["guidance_scale"]}}]}
            told = update(Job).where(col(Job.id) == track["job_id"]).values(plan=json.dumps(idle))
            web.house.db.write(lambda session: session.exec(told))
            (notice,) = (await ann.get(f"{PATH}/{track['id']}")).json()["notices"]
            assert "prompt_strength" in notice
            assert "guidance_scale" not in notice

    web_house(tmp_path).run(story)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "prompt"),
    ({"prompt": " ", "tags": [], "lyrics": None}, "prompt"),
    ({"lyrics": "La"}, "lyrics"),
    ({"lyrics": ""}, "lyrics"),
    ({"tags": ["pop"]}, "tags"),
    ({"prompt": "rain", "tags": ["pop"], "lyrics": "La"}, "prompt"),
    ({"prompt": 5}, "prompt"),
    ({"prompt": "rain" * 600}, "prompt"),
    ({"prompt": "rain " * 300, "tags": ["word " * 20] * 10}, "prompt"),
    ({"prompt": "rain", "tags": "pop"}, "tags"),
    ({"prompt": "rain", "tags": [""]}, "tags"),
    ({"prompt": "rain", "tags": {"pop": 1}}, "tags"),
    ({"prompt": "rain", "tags": [["pop"]]}, "tags"),
    ({"prompt": "rain", "tags": ["pop"] * 51}, "tags"),
    ({"prompt": "rain", "seed": "7"}, "seed"),
    ({"prompt": "rain", "seed": 7.5}, "seed"),
    ({"prompt": "rain", "seed": -2}, "seed"),
    ({"prompt": "rain", "prompt_strength": -1}, "prompt_strength"),
    ({"prompt": "rain", "balance_strength": 1.1}, "balance_strength"),
    ({"prompt": "rain", "balance_strength": True}, "balance_strength"),
    ({"prompt": "rain", "num_songs": 0}, "num_songs"),
    ({"prompt": "rain", "num_songs": 3}, "num_songs"),
    ({"prompt": "rain", "num_songs": "2"}, "num_songs"),
    ({"prompt": "rain", "tempo": None}, "tempo"),
    ({"prompt": "rain", "output_format": "aac"}, "output_format"),
    ({"prompt": "rain", "output_bit_rate": "192"}, "output_bit_rate"),
    ({"prompt": "rain", "output_format": "flac", "output_bit_rate": "192"}, "output_bit_rate"),
    ({"prompt": "rain", "output_format": "mp3", "output_bit_rate": 192}, "output_bit_rate"),
    ({"prompt": "rain", "output_format": "mp3", "output_bit_rate": "64"}, "output_bit_rate"),
    ({"prompt": "rain", "bpm": "fast"}, "bpm"),
    ({"prompt": "rain", "bpm": "96"}, "bpm"),
    ({"prompt": "rain", "bpm": 301}, "bpm"),
    ({"prompt": "rain", "store_audio": "yes"}, "store_audio"),
    ({"prompt": "rain", "name": "x" * 121}, "name"),
    ({"prompt": "rain", "duration": 60}, "duration"),
    ({"prompt": "rain", "task": "simple"}, "task"),
]


@pytest.mark.row("E4", "E7", "E8", "E9", "E10", "E15", "G12")
def test_what_can_not_be_ordered_is_refused_by_name_and_costs_nothing(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            for values, field in REFUSED:
                refused = await ann.post(PATH, json=values)
                told = refused.json()
                assert (refused.status_code, told["success"], told["field"]) == (400, False, field), values
                assert isinstance(told["error"], str)
                assert told["error"] == told["detail"] != ""
            assert (await ann.get(f"{MUSIC}/jobs")).json() == []

    web_house(tmp_path).run(story)


@pytest.mark.row("E9")
def test_links_lead_to_the_format_and_the_bit_rate_that_were_asked_for(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            wanted: dict[str, list[str | None]] = {
                "flac": [None], "wav": [None], "ogg": [None], "mp3": [None, "320"], "m4a": [None, "128"],
            }  # fmt: skip
            placed = {
                (form, rate): (await order(ann, prompt="rain", output_format=form, output_bit_rate=rate))["tracks"][0]
                for form, rates in wanted.items()
                for rate in rates
            }
            await web.work()
            for (form, rate), track in placed.items():
                ready = (await ann.get(f"{PATH}/{track['id']}")).json()
                assert (ready["output_format"], ready["output_bit_rate"]) == (form, rate)
                assert ready["audio_url"].endswith(f"/audio{'' if rate is None else f'-{rate}'}.{form}")

    web_house(tmp_path).run(story)


@pytest.mark.row("E11", "G19")
def test_what_is_not_stored_is_to_be_had_for_a_day(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client() as anybody, web.client(await web.key()) as ann:
            ids = [
                (await order(ann, prompt="rain", output_format="flac", store_audio=stored))["tracks"][0]["id"]
                for stored in (False, True)
            ]
            await web.work()
            passing, stays = [(await ann.get(f"{PATH}/{each}")).json() for each in ids]
            ended = (await web.house.job(passing["job_id"])).finished_at or 0
            # The link itself ends a day after the track was ready, however often it is asked for.
            assert f"/files/{ended // 1000 + 86_400}." in passing["audio_url"]
            assert passing["expires_at"] is not None
            assert stays["expires_at"] is None

            earlier = "UPDATE job SET finished_at = finished_at - 86402000, started_at = started_at - 86402000"
            web.house.db.write(lambda session: session.connection().execute(text(earlier)))
            passing, stays = [(await ann.get(f"{PATH}/{each}")).json() for each in ids]
            assert (passing["status"], passing["audio_url"]) == ("ready", None)
            assert "store_audio" in passing["message"]
            assert stays["message"] is None
            assert (await anybody.get(stays["audio_url"])).status_code == 200

    web_house(tmp_path).run(story)


@pytest.mark.row("E13", "A9")
def test_an_order_that_fails_says_why_and_costs_nothing(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            placed = await order(ann, prompt="broken")
            assert (placed["cost_cents"], placed["balance_cents"]) == (80, 1920)
            await web.work()
            failed = (await ann.get(f"{PATH}/{placed['tracks'][0]['id']}")).json()
            assert (failed["status"], failed["audio_url"]) == ("failed", None)
            assert failed["error"]
            assert (await order(ann, prompt="rain"))["balance_cents"] == 1920

    web_house(tmp_path).run(story)


@pytest.mark.row("E11")
def test_a_deleted_track_is_gone_and_with_the_last_one_its_job(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client() as anybody, web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            placed = await order(ann, prompt="rain", num_songs=2, output_format="flac", store_audio=True)
            one, other = (track["id"] for track in placed["tracks"])
            await web.work()
            ready = [(await ann.get(f"{PATH}/{each}")).json() for each in (one, other)]
            async with web.client(await web.key("ann", "read", "create")) as looker:
                assert (await looker.delete(f"{PATH}/{one}")).status_code == 403
            for stranger in (await bob.get(f"{PATH}/{one}"), await bob.delete(f"{PATH}/{one}")):
                assert (stranger.status_code, stranger.json()["success"]) == (404, False)

            gone = await ann.delete(f"{PATH}/{one}")
            assert (gone.status_code, gone.json()["success"], gone.json()["id"]) == (200, True, one)
            assert [(await anybody.get(each["audio_url"])).status_code for each in ready] == [404, 200]
            assert [(await ann.get(f"{PATH}/{each}")).status_code for each in (one, other)] == [404, 200]
            assert (await ann.delete(f"{PATH}/{one}")).status_code == 404

            assert (await ann.delete(f"{PATH}/{other}")).status_code == 200
            assert (await anybody.get(ready[1]["audio_url"])).status_code == 404
            assert (await ann.get(f"{MUSIC}/jobs/{ready[0]['job_id']}")).status_code == 404

            unmade, kept = (await order(ann, prompt="rain", num_songs=2))["tracks"]
            assert (await ann.delete(f"{PATH}/{unmade['id']}")).status_code == 200
            await web.work()
            assert (await ann.get(f"{PATH}/{kept['id']}")).json()["status"] == "ready"
            takes = (await ann.get(f"{MUSIC}/jobs/{kept['job_id']}")).json()["outputs"]
            assert [each["take"] for each in takes] == [2]

            waiting = (await order(ann, prompt="rain"))["tracks"][0]["id"]
            assert (await ann.delete(f"{PATH}/{waiting}")).status_code == 200
            await web.work()
            assert len(web.pool.orders) == 2
            assert (await ann.get("/api/v1/credits")).json()["credits_held"] == 0

    web_house(tmp_path).run(story)


@pytest.mark.row("E1", "E15")
def test_refusals_are_the_references_own(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        key = await web.key()
        async with web.client() as nobody, web.client("ap_" + "x" * 43) as thief, web.client(key) as ann:
            for client in (nobody, thief):
                refused = await client.post(PATH, json={"prompt": "rain"})
                assert refused.status_code == 401
                assert refused.json()["error"] == "Invalid or missing API token"
                assert refused.json()["success"] is False
            unread = await ann.post(PATH, content=b"prompt=rain", headers={"Content-Type": "text/plain"})
            assert (unread.status_code, unread.json()["success"]) == (415, False)
            await order(ann, prompt="rain")
            often = await ann.post(PATH, json={"prompt": "rain"})
            assert (often.status_code, often.json()["error"]) == (429, "Rate limit exceeded")
            assert int(often.headers["Retry-After"]) > 0
            for missing in (str(uuid.uuid4()), "7", "%00", "x" * 500):
                refused = await ann.get(f"{PATH}/{missing}")
                assert refused.status_code in (400, 404)
                assert refused.json()["success"] is False
            async with web.client(await web.key("poor")) as poor:
                await gifts.revoke(web.house.db, web.house.rules, OPERATOR, "poor", 997)
                short = await poor.post(PATH, json={"prompt": "rain", "num_songs": 2})
                assert (short.status_code, short.json()["error"]) == (402, "Insufficient balance")
                assert (short.json()["required_cents"], short.json()["available_cents"]) == (160, 6)

    web_house(tmp_path, limits={"per_minute": {"text2music": 1}}).run(story)


@pytest.mark.row("E14", "G20")
def test_a_minute_costs_twenty_cents_and_two_songs_the_double(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            one = await order(ann, prompt="rain", lyrics="")
            spec = await web.house.job(1)
            # A minute and a half, as long as music without words is.
            assert spec.duration == 90
            assert one["cost_cents"] == 0.20 * 100 * spec.duration / 60
            assert one["balance_cents"] == 1000 * 2 - one["cost_cents"]
            two = await order(ann, prompt="rain", lyrics="", num_songs=2)
            assert two["cost_cents"] == 2 * one["cost_cents"]
            first_api = await ann.post(f"{MUSIC}/text2music", json={"caption": "rain", "duration": 60})
            assert first_api.json()["price_cents"] == 20

    usual = Pricing.model_validate(tomllib.loads((CONFIG / "pricing.toml").read_text()))
    web_house(tmp_path, pricing=usual).run(story)


@pytest.mark.row("G22")
def test_an_order_that_is_sent_again_is_the_same_order(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            headers, values = {"Idempotency-Key": "once"}, {"prompt": "rain", "num_songs": 2}
            first = (await ann.post(PATH, json=values, headers=headers)).json()
            await web.work()
            again = (await ann.post(PATH, json=dict(reversed(values.items())), headers=headers)).json()
            assert [track["id"] for track in again["tracks"]] == [track["id"] for track in first["tracks"]]
            assert [track["status"] for track in again["tracks"]] == ["ready", "ready"]
            assert again["cost_cents"] == first["cost_cents"]
            assert again["balance_cents"] == first["balance_cents"]
            for path, body in ((PATH, {**values, "store_audio": True}), (f"{MUSIC}/text2music", {"caption": "rain"})):
                other = await ann.post(path, json=body, headers=headers)
                assert (other.status_code, other.json()["code"]) == (400, "key_reused")
            assert len(web.pool.orders) == 1
            for track in first["tracks"]:
                await ann.delete(f"{PATH}/{track['id']}")
            gone = await ann.post(PATH, json=values, headers=headers)
            assert (gone.status_code, gone.json()["code"]) == (400, "key_of_deleted")

    web_house(tmp_path).run(story)


def test_names_of_tracks_are_kept_by_either_database(database: Database) -> None:
    def lay(session: Any) -> list[str]:
        ann, bob = person(session), person(session, "bob")
        job = free_job(session, ann)
        kept = ordered.add(
            session, user_id=ann.id, job_id=job.id, takes=2, name=None, tags=["slow"], format_="mp3", bit_rate=192,
            stored=True, now=5,
        )  # fmt: skip
        assert ordered.find(session, kept[0].id, bob.id) is None
        return [row.id for row in kept]

    one, other = database.write(lay)

    def found(session: Any) -> Any:
        row, job = ordered.find(session, one, 1) or (None, None)
        assert row is not None
        assert job is not None
        return (row.take, row.tags, row.bit_rate, row.stored, job.seed)

    assert database.read(found) == (1, ["slow"], 192, True, 7)
    assert database.write(lambda session: ordered.remove(session, one))
    assert not database.write(lambda session: ordered.remove(session, one))
    assert database.read(lambda session: [row.id for row in ordered.of_job(session, 1)]) == [other]
