"""Asking for music over HTTP: what is answered, what is kept, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.files import load
from storage.errors import DatabaseBusy
from tests.integration.web_house import MUSIC, WebHouse, web_house
from workflows.limits import Limits
from workflows.pricing import Pricing

SONG: dict[str, Any] = {"prompt": "slow blues", "audio_duration": 30}
SOUND = "https://sound.example/rain.mp3"
WORLD = {SOUND: b"20 Rain", "https://sound.example/p.png": b"picture"}

NEW = [
    "id", "task", "status", "progress", "output_url", "output_urls", "display_name", "audio_duration", "created_at",
    "user_id", "error_message",
]  # fmt: skip
DONE = ["actual_seeds", "lrc_content", "quality_score", "completed_at"]

# What each endpoint is asked beside a song that is there, and what it answers.
ASKS: dict[str, tuple[dict[str, Any], str]] = {
    "text2music": ({"caption": "blues", "lyrics": "Carry me home"}, "Text-to-music generation started"),
    "prompt2instrumental": ({"prompt": "lo-fi study beat"}, "Instrumental generation started"),
    "text2rap": ({"prompt": "boom bap", "lyrics": "Chalk dust"}, "Rap generation started"),
    "lyric2vocals": ({"prompt": "alto", "lyrics": "Carry me home"}, "Lyrics-to-vocals generation started"),
    "text2samples": (
        {"prompt": "drum break", "sample_type": "loop", "tempo": 90, "duration": 4},
        "Sample generation started",
    ),
    "simple": ({"query": "a song about rain"}, "Simple mode generation started"),
    "cover": ({"src_audio_url": SOUND, "caption": "bossa", "audio_cover_strength": 0.2}, "Cover generation started"),
    "reference": ({"reference_audio_url": SOUND, "caption": "calm"}, "Reference-guided generation started"),
    "extract-stem": ({"src_audio_url": SOUND, "track_name": "vocals"}, "Stem extraction started"),
    "stems": ({"source_job_id": 1}, "Separation into stems started"),
    "retake": ({"original_job_id": 1, "retake_seeds": [3, 4], "retake_variance": 0.2}, "Retake started"),
    "repaint": (
        {"source_job_id": 1, "repainting_start": 5, "repainting_end": -1, "caption": "quiet"},
        "Repaint started",
    ),
    "extend": ({"source_job_id": 1, "prompt": "outro", "right_extend_length": 10}, "Extension started"),
    "edit": ({"source_job_id": 1, "edit_target_prompt": "strings", "edit_type": "remix"}, "Edit started"),
}
# Name, values that are taken, values that are not, and what it is by itself (rows B1 to B32).
BASE: tuple[tuple[str, list[Any], list[Any], Any], ...] = (
    ("duration", [-1, 5, 600], [4.9, 601, "60", True], -1),
    ("format", ["flac", "ogg"], ["aac", 3], "flac"),
    ("model_version", ["audiomusic-v2"], ["audiomusic-v9"], "audiomusic-v2"),
    ("batch_size", [1, 8], [0, 9, 1.5, True], 1),
    ("seed", [-1, 0, 2**53], [-2, 2**53 + 1, "7"], -1),
    ("inference_steps", [8, 100], [7, 101], None),
    ("guidance_scale", [1.0, 15.0], [0.9, 15.1], None),
    ("shift", [1.0, 5.0], [0.9, 5.1], None),
    ("infer_method", ["ode", "sde"], ["euler"], "ode"),
    ("use_adg", [True], [1, "yes"], False),
    ("cfg_interval_start", [0.0, 1.0], [-0.1, 1.1], 0.0),
    ("cfg_interval_end", [1.0], [-0.1, 1.1], 1.0),
    ("thinking", [False], ["no"], True),
    ("lm_temperature", [0.0, 2.0], [-0.1, 2.1], 0.85),
    ("lm_cfg_scale", [0.0, 10.0], [-0.1, 10.1], 2.0),
    ("lm_top_k", [0, 100], [-1, 101], 0),
    ("lm_top_p", [0.0, 1.0], [-0.1, 1.1], 0.9),
    ("lm_negative_prompt", ["no drums"], [5], "NO USER INPUT"),
    ("use_cot_metas", [False], [0], True),
    ("use_cot_caption", [False], [0], True),
    ("use_cot_language", [False], [0], True),
    ("use_cot_lyrics", [True], [1], False),
    ("use_constrained_decoding", [True], [1], False),
    ("bpm", [30, 300], [29, 301, 90.5, "fast"], None),
    ("keyscale", ["C Major", "Am"], ["H Major"], None),
    ("timesignature", ["2/4", "6/8"], ["5/4"], None),
    ("vocal_language", ["en", "unknown"], ["xx"], "unknown"),
    ("generate_lrc", [True], ["true"], False),
    ("calculate_quality", [False], ["false"], True),
    ("thumbnail_url", ["https://sound.example/p.png"], ["p.png", 5], None),
    ("lora_name_or_path", ["mine"], ["x" * 201, 5], None),
    ("lora_weight", [-3.0, 3.0], [-3.1, 3.1], 1.0),
    ("display_name", ["Coffee Steam"], ["x" * 121], None),
    ("genre_preset", ["Jazz"], ["Polka"], None),
    ("lyrics", ["[Verse 1]\nRain\n[Instrumental]\n[outro]"], ["x" * 20_001], ""),
    ("instrumental", [True], ["true"], False),
)


def jobs(web: WebHouse) -> int:
    from sqlmodel import func, select

    from storage.tables import Job

    return web.house.db.read(lambda session: session.exec(select(func.count()).select_from(Job)).one())


def spec(web: WebHouse, job_id: int) -> dict[str, Any]:
    from storage.tables import Job

    kept: dict[str, Any] = json.loads(web.house.db.read(lambda session: session.get_one(Job, job_id)).spec)
    return kept


async def refused(client: httpx.AsyncClient, task: str, body: dict[str, Any], status: int = 400) -> dict[str, Any]:
    answer = await client.post(f"{MUSIC}/{task}", json=body)
    told: dict[str, Any] = answer.json()
    assert (answer.status_code, isinstance(told["detail"], str)) == (status, True), (task, body, told)
    return told


@pytest.mark.row("A3", "A4", "A5", "A6", "C16", "C18", "G21", "H2", "H3", "H4")
def test_a_song_is_asked_for_and_there_when_it_is_made(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            told = (await ann.post(f"{MUSIC}/text2music", json={**SONG, "display_name": "Coffee"})).json()
            new = told["job"]
            assert (told["message"], told["id"]) == ("Text-to-music generation started", new["id"])
            assert [name for name in (*NEW, *DONE) if name not in new] == []
            assert {new["progress"], new["output_url"], new["output_urls"], new["completed_at"]} == {None}
            assert (new["status"], new["task"], new["audio_duration"]) == ("PENDING", "text2music", 30)
            assert new["created_at"].endswith("Z")
            await web.work()
            answers = [await ann.get(f"{path}/{told['id']}{end}") for path, end in (
                (f"{MUSIC}/jobs", "/status"), (f"{MUSIC}/jobs", ""), ("/api/v1/jobs", ""),
            )]  # fmt: skip
            job = answers[0].json()
            assert [answer.status_code for answer in answers] == [200, 200, 200]
            assert (job["status"], job["progress"], job["audio_duration"]) == ("COMPLETED", 100, 30.0)
            assert job["actual_seeds"] == [job["outputs"][0]["seed"]]
            assert set(job["output_urls"]) == {"flac", "mp3", "wav", "ogg", "m4a"}
            assert all(url.startswith("http://minstrel.test/files/") for url in job["output_urls"].values())
            assert all(url.endswith(f".{form}") for form, url in job["output_urls"].items())
            assert job["output_url"] == job["output_urls"]["flac"]
            async with web.client() as anybody:
                assert (await anybody.get(job["output_url"])).status_code == 200

    web_house(tmp_path).run(story)


@pytest.mark.row("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C10", "C11", "C12", "C13", "C14", "G18")
def test_every_endpoint_begins_a_job_and_makes_it(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            await ann.post(f"{MUSIC}/text2music", json=SONG)
            await web.work()
            for task, (body, message) in ASKS.items():
                answer = await ann.post(f"{MUSIC}/{task}", json=body)
                told = answer.json()
                assert (answer.status_code, told.get("message")) == (200, message), (task, told)
                assert (told["job"]["task"], told["job"]["status"]) == (task, "PENDING")
            await web.work()
            made = (await ann.get(f"{MUSIC}/jobs", params={"limit": 100})).json()
            assert {job["task"]: job["status"] for job in made} == dict.fromkeys(ASKS, "COMPLETED")
            retake = next(job for job in made if job["task"] == "retake")
            assert (len(retake["outputs"]), retake["source_job_id"]) == (2, 1)

    web_house(tmp_path, world=dict(WORLD)).run(story)


@pytest.mark.row(*(f"B{number}" for number in range(1, 33)), "G1", "G3", "G12", "G13", "G14", "A7")
def test_each_option_takes_its_range_and_nothing_else(tmp_path: Path) -> None:
    """And the description says of every one of these bodies whether it is taken."""
    from jsonschema_rs import validator_for

    from bot.on_web.api import bodies

    described = bodies.body("text2music")["requestBody"]["content"]["application/json"]["schema"]
    fits = validator_for(described).is_valid
    free = Pricing(welcome=10, tiers=load("pricing", Pricing).tiers, free_tasks=("text2music",))

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            for name, good, bad, usual in BASE:
                for value in good:
                    body = {"caption": "blues", name: value}
                    answer = await ann.post(f"{MUSIC}/text2music", json=body)
                    assert (answer.status_code, fits(body)) == (200, True), (body, answer.text)
                    kept = spec(web, answer.json()["id"])[name]
                    assert kept == ("A Minor" if value == "Am" else value), name
                for value in bad:
                    body = {"caption": "blues", name: value}
                    told = await refused(ann, "text2music", body)
                    assert told["field"] == name, told
                    assert told["allowed"], told
                    # The names of this house are known to the house alone.
                    assert name in ("model_version", "genre_preset") or not fits(body), body
                # Nothing is the same as leaving it out.
                null = await ann.post(f"{MUSIC}/text2music", json={"caption": "blues", name: None})
                assert spec(web, null.json()["id"])[name] == usual, name
            late = await refused(
                ann, "text2music", {"caption": "x", "cfg_interval_start": 0.5, "cfg_interval_end": 0.4}
            )
            assert late["field"] == "cfg_interval_end"

    web_house(tmp_path, pricing=free, limits={"live_jobs": 1000}, world=dict(WORLD)).run(story)


@pytest.mark.row("C1", "C5", "C6", "C7", "C8", "C10", "C11", "C12", "C13", "C14", "G2", "G5", "G14")
def test_each_endpoint_refuses_what_it_can_not_make(tmp_path: Path) -> None:
    from jsonschema_rs import validator_for

    from bot.on_web.api import bodies

    # Task, what is wrong with its usual body, which field is named, and whether the description can't tell.
    wrong: list[tuple[str, dict[str, Any], str, bool]] = [
        ("text2music", {"caption": "x" * 2049}, "caption", False),
        ("text2music", {"caption": "", "lyrics": ""}, "caption", False),
        ("prompt2instrumental", {"instrumental": False}, "instrumental", False),
        ("lyric2vocals", {"instrumental": True}, "instrumental", False),
        ("text2samples", {"duration": 121}, "duration", False),
        ("text2samples", {"duration": 0.9}, "duration", False),
        ("text2samples", {"sample_type": "hit"}, "sample_type", False),
        ("text2samples", {"tempo": 59}, "tempo", False),
        ("text2samples", {"tempo": 201}, "tempo", False),
        ("simple", {"query": ""}, "query", False),
        ("simple", {"query": "x" * 1001}, "query", False),
        ("cover", {"audio_cover_strength": 1.1}, "audio_cover_strength", False),
        ("cover", {"caption": None}, "caption", False),
        ("cover", {"src_audio_url": None}, "src_audio_url", False),
        ("reference", {"reference_audio_url": "rain.mp3"}, "reference_audio_url", False),
        ("extract-stem", {"track_name": "kazoo"}, "track_name", False),
        ("extract-stem", {"track_name": None}, "track_name", False),
        ("retake", {"original_job_id": None}, "original_job_id", False),
        ("retake", {"retake_variance": 1.1}, "retake_variance", False),
        ("retake", {"retake_seeds": ["x"]}, "retake_seeds", False),
        ("repaint", {"src_audio_url": SOUND}, "src_audio_url", False),
        ("repaint", {"repainting_start": None}, "repainting_start", False),
        ("repaint", {"repainting_end": 5.5}, "repainting_end", True),
        ("repaint", {"repainting_start": 29.5}, "repainting_start", True),
        ("extend", {"left_extend_length": 61}, "left_extend_length", False),
        ("extend", {"right_extend_length": 61}, "right_extend_length", False),
        ("extend", {"prompt": None}, "prompt", False),
        ("edit", {"edit_type": "shorter"}, "edit_type", False),
        ("edit", {"edit_target_prompt": ""}, "edit_target_prompt", False),
        ("edit", {"edit_type": "only_lyrics"}, "edit_target_lyrics", False),
        ("extend", {"right_extend_length": 0}, "right_extend_length", False),
        ("edit", {"edit_n_max": 0}, "edit_n_max", False),
        ("edit", {"edit_n_min": -0.1}, "edit_n_min", False),
        ("edit", {"edit_n_max": 1.1}, "edit_n_max", False),
        *((task, {"nonsense": 1}, "nonsense", False) for task in ASKS),
    ]

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            await ann.post(f"{MUSIC}/text2music", json=SONG)
            await web.work()
            for task, change, field, silent in wrong:
                body = {**ASKS[task][0], **change}
                told = await refused(ann, task, body)
                assert told["field"] == field, (task, change, told)
                media = bodies.body(task)["requestBody"]["content"]["application/json"]
                judge = validator_for(media["schema"])
                assert judge.is_valid(body) is silent, (task, change)
                assert judge.is_valid(ASKS[task][0]), task
                assert judge.is_valid(media["example"]), task
            assert jobs(web) == 1

    web_house(tmp_path, world=dict(WORLD)).run(story)


@pytest.mark.row("B1", "C1", "C2", "C13", "F-music")
def test_an_option_goes_by_each_of_its_names(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:

            async def kept(body: dict[str, Any]) -> dict[str, Any]:
                answer = await ann.post(f"{MUSIC}/text2music", json=body)
                return spec(web, answer.json()["id"])

            told = await refused(ann, "text2music", {"caption": "blues", "duration": "60"})
            assert told["detail"] == (
                "duration is given as a text, and must be a number: 5 to 600 seconds, or -1 for automatic."
            )
            by_alias = await kept({"prompt": "blues", "audio_duration": 40})
            assert (by_alias["caption"], by_alias["duration"]) == ("blues", 40)
            # The reference's own client always sends `prompt`, and `caption` beside it for whoever names one.
            both = await kept({"prompt": "blues", "caption": "jazz", "quality": "premium"})
            assert both["caption"] == "jazz"
            assert (await kept({"caption": "blues", "duration": 40, "audio_duration": 40}))["duration"] == 40
            told = await refused(ann, "text2music", {"caption": "blues", "duration": 40, "audio_duration": 50})
            assert (told["code"], told["field"]) == ("names_disagree", "duration")
            # What is refused is named as they named it.
            told = await refused(ann, "text2music", {"prompt": "blues", "audio_duration": 900})
            assert (told["field"], told["value"]) == ("audio_duration", 900)
            assert told["detail"].startswith("audio_duration ")
            told = await refused(ann, "text2music", {"prompt": "blues", "audio_duration": "60"})
            assert (told["code"], told["field"]) == ("wrong_kind", "audio_duration")
            told = await refused(ann, "cover", {"prompt": "x" * 3000, "source_job_id": 1})
            assert told["field"] == "prompt"
            told = await refused(ann, "text2music", {"prompt": "blues", "caption": "x" * 3000})
            assert told["field"] == "caption"
            # Its `generate` may say of every task what some settle by themselves.
            settled = {"prompt": "blues", "instrumental": True}
            assert (await ann.post(f"{MUSIC}/prompt2instrumental", json=settled)).status_code == 200

    web_house(tmp_path).run(story)


@pytest.mark.row("G22")
def test_a_request_that_is_sent_again_makes_nothing_twice(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        key = {"Idempotency-Key": "order 7"}
        async with web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            first = (await ann.post(f"{MUSIC}/text2music", json=SONG, headers=key)).json()
            await web.work()
            # By other names, and in another order.
            again = await ann.post(f"{MUSIC}/text2music", json={"duration": 30, "caption": "slow blues"}, headers=key)
            assert (again.status_code, again.json()["id"], jobs(web)) == (200, first["id"], 1)
            assert again.json()["job"]["status"] == "COMPLETED"
            for task, body in (("text2music", {**SONG, "seed": 1}), ("prompt2instrumental", SONG)):
                other = await ann.post(f"{MUSIC}/{task}", json=body, headers=key)
                assert (other.status_code, other.json()["code"]) == (400, "key_reused")
            assert (await bob.post(f"{MUSIC}/text2music", json=SONG, headers=key)).json()["id"] != first["id"]
            for bad in ("x" * 201, ""):
                long = await ann.post(f"{MUSIC}/text2music", json=SONG, headers={"Idempotency-Key": bad})
                assert (long.status_code, long.json()["field"]) == (400, "Idempotency-Key")
            fits = await ann.post(f"{MUSIC}/text2music", json=SONG, headers={"Idempotency-Key": "x" * 200})
            assert (fits.status_code, jobs(web)) == (200, 3)
            await ann.delete(f"{MUSIC}/jobs/{first['id']}")
            gone = await ann.post(f"{MUSIC}/text2music", json=SONG, headers=key)
            assert (gone.status_code, gone.json()["code"], jobs(web)) == (400, "key_of_deleted", 3)

    web_house(tmp_path).run(story)


@pytest.mark.row("G22")
def test_whatever_fails_once_there_is_a_job_its_number_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference's client sends again what is answered 5xx."""
    from workflows import collection

    async def broken(*_: Any) -> Any:
        raise DatabaseBusy("told to")

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            with monkeypatch.context() as patched:
                patched.setattr(collection, "one", broken)
                answer = await ann.post(f"{MUSIC}/text2music", json=SONG)
                heard = await ann.post(f"{MUSIC}/analyze", json={"audio_url": SOUND})
            told = answer.json()
            assert (answer.status_code, told["id"], told["job"]["status"]) == (200, 1, "PENDING")
            assert (heard.status_code, heard.json()["job_id"]) == (202, 2)
            kept = (await ann.get(f"{MUSIC}/jobs/1")).json()
            assert set(told["job"]) == set(kept)

    web_house(tmp_path, world=dict(WORLD)).run(story)


@pytest.mark.row("G22", "A2")
def test_an_upload_that_is_sent_again_makes_nothing_twice(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:

            async def send(sound: bytes) -> httpx.Response:
                return await ann.post(
                    f"{MUSIC}/cover",
                    data={"caption": "bossa nova", "audio_cover_strength": "0.5", "thinking": "false"},
                    files={"file": ("rain.mp3", sound, "audio/mpeg")},
                    headers={"Idempotency-Key": "7"},
                )

            first, again, other = [await send(sound) for sound in (b"20 Rain", b"20 Rain", b"21 Hail")]
            assert (first.status_code, again.status_code) == (200, 200), first.text
            assert (again.json()["id"], other.json()["code"], jobs(web)) == (first.json()["id"], "key_reused", 1)
            kept = spec(web, first.json()["id"])
            assert (kept["audio_cover_strength"], kept["thinking"]) == (0.5, False)

    web_house(tmp_path).run(story)


@pytest.mark.row("C11", "C12", "C13", "C14", "A8", "G16")
def test_limits_of_a_minute_count_only_what_was_taken(tmp_path: Path) -> None:
    shipped = load("limits", Limits).per_minute

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            for client in (ann, bob):
                await client.post(f"{MUSIC}/text2music", json=SONG)
            await web.work()
            for task, most in {"retake": 10, "repaint": 3, "extend": 3, "edit": 3}.items():
                body = ASKS[task][0]
                for _ in range(most):
                    await refused(ann, task, {**body, "batch_size": 99})
                    assert (await ann.post(f"{MUSIC}/{task}", json=body)).status_code == 200
                answer = await ann.post(f"{MUSIC}/{task}", json=body)
                told = answer.json()
                assert (answer.status_code, told["detail"]) == (429, "Rate limit exceeded")
                assert 0 < int(answer.headers["Retry-After"]) == told["retry_after"] <= 60
            theirs = {**ASKS["extend"][0], "source_job_id": 2}
            assert (await bob.post(f"{MUSIC}/extend", json=theirs)).status_code == 200

    web_house(tmp_path, limits={"per_minute": shipped}).run(story)


def tier(seconds: float, takes: int, credits: int, row: str) -> Any:
    return pytest.param(seconds, takes, credits, marks=pytest.mark.row(row, "G10"))


@pytest.mark.row("A9", "G7", "G20")
@pytest.mark.parametrize(
    ("seconds", "takes", "credits"),
    [
        tier(5, 1, 5, "D1"), tier(30, 1, 5, "D1"), tier(30.01, 1, 10, "D2"), tier(60, 3, 30, "D2"),
        tier(60.01, 1, 15, "D3"), tier(120, 1, 15, "D3"), tier(120.01, 1, 25, "D4"), tier(300, 8, 200, "D4"),
        tier(300.01, 1, 40, "D5"), tier(600, 2, 80, "D5"),
    ],
)  # fmt: skip
def test_a_song_costs_what_its_length_and_takes_say(tmp_path: Path, seconds: float, takes: int, credits: int) -> None:
    pricing = load("pricing", Pricing)

    async def story(web: WebHouse) -> None:
        from storage.tables import Account

        async with web.client(await web.key()) as ann:
            body = {"prompt": "blues", "audio_duration": seconds, "batch_size": takes}
            told = (await ann.post(f"{MUSIC}/text2music", json=body)).json()
            assert (told["credits"], told["price_cents"]) == (credits, credits * 2)
            account = f"user:{told['job']['user_id']}"
            held = web.house.db.read(lambda session: session.get_one(Account, account))
            assert (held.held, held.posted) == (credits, pricing.welcome)
            await web.work()
            paid = web.house.db.read(lambda session: session.get_one(Account, account))
            assert (paid.held, paid.posted) == (0, pricing.welcome - credits)

    web_house(tmp_path, pricing=pricing).run(story)


@pytest.mark.row("A9", "G8", "G9", "H5", "A7", "A8")
def test_what_can_not_be_paid_is_refused_and_what_fails_costs_nothing(tmp_path: Path) -> None:
    pricing = load("pricing", Pricing).model_copy(update={"welcome": 20})

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            told = await refused(ann, "text2music", {"prompt": "blues", "audio_duration": 300}, 402)
            assert (told["detail"], told["required_credits"], told["available_credits"]) == (
                "Insufficient credits", 25, 20,
            )  # fmt: skip
            assert (told["required_cents"], told["available_cents"], jobs(web)) == (50, 40, 0)
            # -1 is settled at once, and that is what is paid: two lines are thirty-three seconds.
            lines = {"prompt": "blues", "lyrics": "Carry me\nhome", "audio_duration": -1}
            settled = (await ann.post(f"{MUSIC}/text2music", json=lines)).json()
            assert (settled["job"]["audio_duration"], settled["credits"]) == (33, 10)
            failing = (await ann.post(f"{MUSIC}/text2music", json={**SONG, "prompt": "broken"})).json()
            await web.work()
            failed = (await ann.get(f"{MUSIC}/jobs/{failing['id']}")).json()
            assert failed["status"] == "FAILED"
            assert failed["error_code"] == "lyrics_unreadable"
            assert failed["error_message"]
            assert "`" not in failed["error_message"]
            # Ten are left, and a stem of what was not made here is five.
            stem = await ann.post(f"{MUSIC}/extract-stem", json=ASKS["extract-stem"][0])
            own = await ann.post(f"{MUSIC}/stems", json={"source_job_id": settled["id"]})
            assert (stem.json()["credits"], own.json()["credits"]) == (5, 0)
            assert (await refused(ann, "text2music", {**SONG, "audio_duration": 60}, 402))["available_credits"] == 5

    web_house(tmp_path, pricing=pricing, world=dict(WORLD)).run(story)


@pytest.mark.row("A0", "A7", "A8", "G18")
def test_songs_of_others_and_unfinished_ones_are_nothing_to_start_from(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with (
            web.client() as stranger,
            web.client(await web.key()) as ann,
            web.client(await web.key("bob")) as bob,
        ):
            await ann.post(f"{MUSIC}/text2music", json=SONG)
            for task, (body, _) in ASKS.items():
                assert (await refused(stranger, task, body, 401))["detail"] == "Authentication required"
                if not any(name.endswith("_job_id") for name in body):
                    continue
                assert (await refused(bob, task, body, 404))["detail"] == "Original music job not found"
                early = await refused(ann, task, body)
                assert (early["detail"], early["code"]) == ("Job must be completed", "source_not_ready")
            timed = await ann.post(f"{MUSIC}/1/lrc")
            assert (timed.status_code, timed.json()["detail"]) == (400, "Job must be completed")
            assert (await bob.post(f"{MUSIC}/1/lrc")).status_code == 404
            async with web.client(await web.key("ann", "read")) as looker:
                assert (await refused(looker, "text2music", SONG, 403))["code"] == "no_scope"

    web_house(tmp_path).run(story)
