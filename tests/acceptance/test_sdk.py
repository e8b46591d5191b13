"""The reference's public client (`audiopod` 2.12.0), unchanged, against a real `minstrel serve` that makes music."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.sdk_session import CAPTION, LYRICS, MADE_S, MUSIC, PAGES, SECONDS, WELCOME, Visit, visit

# The client never closes a file that it sends.
pytestmark = [pytest.mark.waits, pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")]

SONGS = (
    "song", "again", "instrumental", "vocals", "sample", "simple", "cover", "reference", "stem", "foreign stem",
    "retake", "repaint", "extend", "edit",
)  # fmt: skip
LENGTHS = {"sample": 1.0, "extend": SECONDS + 3}
# What a lossy format may add at the ends: a frame or two of its own.
PADDING_S = 0.15
QUIETEST = 0.003
TYPES = {
    "flac": "audio/flac", "mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "m4a": "audio/mp4",
}  # fmt: skip
NEW = {
    "id", "task", "status", "progress", "output_url", "output_urls", "display_name", "audio_duration", "created_at",
    "user_id",
}  # fmt: skip
DONE = NEW | {"actual_seeds", "lrc_content", "quality_score", "completed_at"}
STEPS = ("PENDING", "PROCESSING", "COMPLETED")


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    with visit(tmp_path_factory.mktemp("sdk")) as there:
        yield there


@pytest.mark.row("A0", "A1", "A3", "A5", "C-list", "C-total", "F-client", "H1", "H2")
def test_what_is_asked_for_becomes_a_job_of_theirs(ann: Visit) -> None:
    me = ann.client.get_user_info()
    assert me["name"] == "ann"
    for name in SONGS:
        answer = ann.asked[name]
        job = answer["job"]
        assert set(job) >= NEW, name
        assert answer["id"] == job["id"]
        assert answer["message"]
        assert (job["status"] in STEPS, job["user_id"]) == (True, me["id"])
        assert datetime.fromisoformat(job["created_at"]).utcoffset() is not None
    assert ann.asked["song"]["message"] == "Text-to-music generation started"
    assert ann.asked["song"]["job"]["display_name"] == "Kitchen"
    latest = ann.client.music.list_jobs(limit=2)
    assert isinstance(latest, list)
    assert latest[0]["id"] > latest[1]["id"]
    assert {ann.number(name) for name in SONGS} <= {job["id"] for job in ann.client.music.list_jobs(limit=100)}
    of_task = ann.client.music.list_jobs(task="cover")
    assert [job["id"] for job in of_task] == [ann.number("cover")]
    assert httpx.get(f"{ann.house.url}{MUSIC}/jobs").status_code == 401


@pytest.mark.row("A4", "A6", "B1", "B4", "C1", "C2", "C4", "C5", "C6", "C7", "C8", "C10", "C11", "C12", "C13", "C14")
@pytest.mark.row("C16", "F-music", "G4", "G24", "H3", "H4")
def test_all_of_it_is_made_and_can_be_heard(ann: Visit) -> None:
    for name in SONGS:
        job = ann.job(name)
        assert (job["status"], job["error_message"], job["progress"]) == ("COMPLETED", None, 100), name
        assert set(job) >= DONE
        assert job["completed_at"] >= job["created_at"]
        length = LENGTHS.get(name, SECONDS)
        assert job["audio_duration"] == pytest.approx(length, abs=0.01), name
        assert len(job["outputs"]) == len(job["actual_seeds"]) == (2 if name == "sample" else 1)
        for output in job["outputs"]:
            sound = ann.sound(output["output_urls"]["flac"])
            assert (sound.rate, len(sound.audio), sound.kind) == (48_000, 2, "audio/flac"), name
            assert sound.seconds == pytest.approx(length, abs=0.01), name
            assert sound.level > QUIETEST, name
            small = ann.sound(output["output_urls"]["mp3"])
            assert small.seconds == pytest.approx(length, abs=PADDING_S), name
            assert small.level == pytest.approx(sound.level, rel=0.1), name
        if job["quality_score"] is not None:
            assert 0 <= job["quality_score"] <= 1
    assert ann.job("song")["quality_score"] is not None
    assert ann.job("instrumental")["bpm"] == pytest.approx(90, abs=0.5)
    assert ann.job("instrumental")["keyscale"] == "A Minor"


@pytest.mark.row("B2", "C18")
def test_a_song_is_to_be_had_in_every_format(ann: Visit) -> None:
    song, simple = ann.job("song"), ann.job("simple")
    assert set(song["output_urls"]) == TYPES.keys()
    assert song["output_url"] == song["output_urls"]["flac"]
    assert simple["output_url"] == simple["output_urls"]["mp3"]
    whole = ann.sound(song["output_url"])
    for form, kind in TYPES.items():
        assert song["output_urls"][form].endswith(f".{form}")
        sound = ann.sound(song["output_urls"][form])
        assert (sound.kind, sound.rate, len(sound.audio)) == (kind, 48_000, 2), form
        assert sound.seconds == pytest.approx(SECONDS, abs=PADDING_S), form
        assert sound.level == pytest.approx(whole.level, rel=0.1), form
    assert ann.sound(simple["output_url"]).seconds == pytest.approx(SECONDS, abs=PADDING_S)


@pytest.mark.row("B5", "C11")
def test_the_same_seed_is_the_same_song_to_the_byte(ann: Visit) -> None:
    song, again, retake = (ann.job(name) for name in ("song", "again", "retake"))
    assert song["actual_seeds"] == again["actual_seeds"] == [7]
    assert retake["actual_seeds"] == [11]
    heard = [ann.sound(job["output_url"]).data for job in (song, again, retake)]
    assert heard[0] == heard[1]
    assert heard[0] != heard[2]


@pytest.mark.row("B26", "C15")
def test_lyrics_come_with_times_where_somebody_sings(ann: Visit) -> None:
    timed = ann.job("song")["lrc_content"]
    assert re.search(r"\[00:0\d\.\d\d\].*Morning.*kitchen", timed)
    assert ann.job("instrumental")["lrc_content"] is None
    answer = ann.client.request("POST", f"{MUSIC}/{ann.number('song')}/lrc")
    assert answer["success"] is True
    assert (answer["job_id"], answer["lrc_content"]) == (ann.number("song"), timed)
    assert httpx.get(answer["lrc_url"]).text == timed


@pytest.mark.row("C12", "C14")
def test_a_change_leaves_the_rest_as_it_was(ann: Visit) -> None:
    song, repaint, edit = (ann.sound(ann.job(name)["output_url"]) for name in ("song", "repaint", "edit"))
    before = round(1.5 * song.rate)
    assert abs(song.audio[:, :before] - repaint.audio[:, :before]).max() < 0.05
    middle = slice(round(2.5 * song.rate), round(3.5 * song.rate))
    assert abs(song.audio[:, middle] - repaint.audio[:, middle]).max() > 0.05
    assert edit.data != song.data


@pytest.mark.row("C3", "H3")
def test_the_client_waits_by_itself(ann: Visit) -> None:
    rap = ann.waited["rap"].result(MADE_S)
    assert (rap["status"], rap["task"]) == ("COMPLETED", "text2rap")
    assert ann.sound(rap["output_url"]).level > QUIETEST
    found = ann.waited["async"].result(MADE_S)
    assert (found["song"]["status"], found["song"]["task"]) == ("COMPLETED", "prompt2instrumental")
    assert found["user"]["name"] == "ann"
    assert len(found["jobs"]) == 1
    assert found["balance"]["balance_cents"] <= 2 * WELCOME
    assert "Jazz" in found["presets"]["genre_presets"]
    two = ann.client.stem_extraction.status(found["stems"]["id"])
    assert (two["status"], set(two["download_urls"])) == ("COMPLETED", {"vocals", "no_vocals"})
    # As every other service of the client waits.
    assert ann.client.music._wait_for_completion(rap["id"])["id"] == rap["id"]


@pytest.mark.parametrize("page", PAGES)
def test_the_lines_that_a_page_shows_make_a_song(ann: Visit, page: str) -> None:
    [url] = ann.waited[page].result(MADE_S)
    assert ann.sound(url).seconds == pytest.approx(SECONDS, abs=0.01)


@pytest.mark.row("B28")
def test_a_picture_of_their_own_is_the_cover(ann: Visit, tmp_path: Path) -> None:
    from PIL import Image

    from engine.audio.tags import read

    song = ann.job("instrumental")
    file = tmp_path / "song.flac"
    file.write_bytes(ann.sound(song["output_url"]).data)
    embedded = read(file).cover
    assert embedded is not None
    for picture in (embedded, httpx.get(song["outputs"][0]["image_url"]).content):
        with Image.open(io.BytesIO(picture)) as image:
            assert image.convert("RGB").getpixel((image.width // 2, image.height // 2)) == pytest.approx(
                (255, 0, 0), abs=8
            )


@pytest.mark.row("C10", "F-stems", "A2")
def test_stems_of_their_own_file(ann: Visit) -> None:
    stems = ann.client.stem_extraction
    four = ann.waited["separate"].result(MADE_S)
    assert set(four["download_urls"]) == {"vocals", "drums", "bass", "other"}
    parts = [ann.sound(url) for url in four["download_urls"].values()]
    assert {round(part.seconds, 2) for part in parts} == {SECONDS}
    whole = ann.sound(ann.world.link("tune.flac")).audio
    # Parts of a song add up to it.
    assert abs(sum(part.audio for part in parts) - whole).max() < 0.05
    six = stems.wait_for_completion(ann.asked["stems"]["id"])
    # Those of them that the song has, exact, for it was made here; of other sound nobody here can tell so many apart.
    assert {"vocals", "drums"} < set(six["download_urls"]) <= {"vocals", "drums", "bass", "guitar", "piano", "other"}
    own = {name: ann.sound(url).audio for name, url in six["download_urls"].items()}
    assert abs(sum(own.values()) - ann.sound(ann.job("song")["output_url"]).audio).max() < 0.001
    alone = ann.ended(ann.asked["single"]["id"])
    assert abs(own["vocals"] - ann.sound(alone["output_url"]).audio).max() < 0.001
    assert set(stems.get_job(alone["id"])["download_urls"]) == {"vocals"}
    for name, named in (("advanced", {"drums"}), ("legacy", {"vocals", "no_vocals"})):
        assert set(stems.wait_for_completion(ann.asked[name]["id"])["download_urls"]) == named
    assert six["id"] in [job["id"] for job in stems.list_jobs()]
    assert {mode["name"] for mode in stems.modes()["modes"] if mode["available"]} >= {"single", "two", "four"}
    assert stems.catalog()
    assert stems.available_packages()
    assert stems.delete_job(six["id"])["message"]
    assert six["id"] not in [job["id"] for job in stems.list_jobs()]


@pytest.mark.row("C9", "G23")
def test_what_is_heard_in_a_song(ann: Visit) -> None:
    song = ann.job("song")
    uploaded = ann.http.post("/api/v1/uploads", files={"file": ("tune.flac", ann.world.files["tune.flac"])}).json()
    own, foreign = (_analysed(ann, url) for url in (song["output_url"], uploaded["url"]))
    assert (own["bpm"], own["keyscale"], own["lyrics"]) == (song["bpm"], song["keyscale"], song["lyrics"])
    for found in (own, foreign):
        assert found["duration"] == pytest.approx(SECONDS, abs=0.05)
        assert found["caption"]
        assert found["timesignature"] in ("2/4", "3/4", "4/4", "6/8")


def _analysed(ann: Visit, url: str) -> dict[str, Any]:
    """The answer or, where a busy machine was not ready in time, what its job came to."""
    answer = ann.client.music.analyze(url)
    return dict(answer if answer["success"] else ann.ended(answer["job_id"])["analysis"])


@pytest.mark.row("C17", "G11", "A9")
def test_what_failed_costs_nothing_and_can_be_tried_again(ann: Visit) -> None:
    failed = ann.job("failing")
    assert failed["status"] == "FAILED"
    assert failed["error_message"]
    before = ann.client.credits.get_balance()["total_available_credits"]
    retried = ann.client.request("POST", f"{MUSIC}/jobs/{failed['id']}/retry")
    assert retried["id"] == failed["id"]
    assert ann.ended(failed["id"])["status"] == "FAILED"
    assert ann.client.credits.get_balance()["total_available_credits"] == before
    refused = ann.http.post(f"{MUSIC}/jobs/{ann.number('song')}/retry")
    assert refused.status_code == 409


@pytest.mark.row("E1", "E2", "E8", "E9", "E13", "G19", "G21")
def test_the_second_api(ann: Visit) -> None:
    answer = ann.asked["second"]
    assert answer["success"] is True
    (track,) = answer["tracks"]
    assert (track["status"], track["audio_url"]) == ("pending", None)
    deadline = time.monotonic() + MADE_S
    bearer = {"Authorization": f"Bearer {ann.key}"}
    while (found := ann.http.get(f"/api/v1/text-to-music/{track['id']}", headers=bearer).json())["status"] == "pending":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert found["status"] == "ready", found
    sound = ann.sound(found["audio_url"])
    assert (sound.kind, sound.rate, len(sound.audio)) == ("audio/mp4", 48_000, 2)
    assert sound.level > QUIETEST
    assert answer["cost_cents"] == (10 if sound.seconds <= 30 else 20)


@pytest.mark.row("C-webhooks", "C-signature")
def test_a_webhook_is_told_of_each_song(ann: Visit) -> None:
    wanted = {ann.job(name)["id"] for name in ("song", "cover", "edit")}
    deadline = time.monotonic() + 60
    while not wanted <= {_told(sent.body)["data"]["job"]["id"] for sent in ann.world.sent}:
        assert time.monotonic() < deadline, ann.world.sent
        time.sleep(0.1)
    secret = ann.asked["hook"]["secret"].encode()
    for sent in ann.world.sent:
        signed = sent.headers["x-audiopod-timestamp"].encode() + b"." + sent.body
        expected = "sha256=" + hmac.new(secret, signed, hashlib.sha256).hexdigest()
        assert sent.headers["x-audiopod-signature"] == expected
        assert sent.headers["x-audiopod-event"] == _told(sent.body)["event"] == "job.completed"
        assert sent.headers["x-audiopod-event-id"] == _told(sent.body)["id"]
    song = next(told for sent in ann.world.sent if (told := _told(sent.body)["data"]["job"])["id"] in wanted)
    assert song["status"] == "COMPLETED"
    assert ann.sound(song["output_url"]).level > QUIETEST


def _told(body: bytes) -> dict[str, Any]:
    return dict(json.loads(body))


@pytest.mark.row("C-presets", "F-v3", "G25")
def test_what_there_is_to_choose_from(ann: Visit) -> None:
    presets = ann.client.music.get_presets()["genre_presets"]
    assert len(presets) == 14
    assert all(isinstance(words, str) for words in presets.values())
    assert ann.client.music.v3_availability() == {"available": False, "revise": False}


@pytest.mark.row("A8", "A7", "H5")
def test_refusals_reach_the_client_as_its_own_errors(ann: Visit) -> None:
    from audiopod.exceptions import APIError, AuthenticationError, InsufficientBalanceError, RateLimitError

    with ann.sdk("ap_" + "x" * 43) as thief, pytest.raises(AuthenticationError):
        thief.music.list_jobs()
    with ann.sdk(max_retries=0) as client:
        with pytest.raises(InsufficientBalanceError) as short:
            client.music.song(CAPTION, LYRICS, duration=600, batch_size=8)
        assert (short.value.required_cents, short.value.available_cents) == (640, _left(ann) * 2)
        with pytest.raises(APIError, match="guidance_scale") as wrong:
            client.music.song(CAPTION, LYRICS, guidance_scale=99)
        assert wrong.value.status_code == 400
        with pytest.raises(APIError, match="no such job") as missing:
            client.music.get_job(9_999)
        assert missing.value.status_code == 404
        with pytest.raises(APIError, match="Original music job not found") as nothing:
            client.request("POST", f"{MUSIC}/retake", json_data={"original_job_id": 9_999})
        assert nothing.value.status_code == 404
        lrc = f"{MUSIC}/{ann.number('song')}/lrc"
        while (left := ann.http.post(lrc)).status_code == 200:
            pass
        assert (left.status_code, 1 <= int(left.headers["Retry-After"]) <= 60) == (429, True)
        # The other client keeps asking for as long as Retry-After says.
        with pytest.raises(RateLimitError):
            asyncio.run(_asked_once(ann, lrc))
        with pytest.raises(APIError, match="no payments") as unpaid:
            client.wallet.create_topup_checkout(2500)
        assert unpaid.value.status_code == 403


@pytest.mark.row("C-delete", "G25")
def test_a_job_is_deleted(ann: Visit) -> None:
    from audiopod.exceptions import APIError

    link = ann.job("again")["output_url"]
    assert ann.client.music.delete_job(ann.number("again"))["message"]
    with pytest.raises(APIError):
        ann.client.music.get_job(ann.number("again"))
    assert httpx.get(link).status_code == 404


@pytest.mark.row("A9", "D1", "F-credits", "F-wallet", "G8", "G9", "G20", "G25")
def test_what_was_paid_is_what_was_made(ann: Visit) -> None:
    for future in ann.waited.values():
        future.result(MADE_S)
    # Everything there is, deleted or not, has ended by now.
    for job in ann.client.music.list_jobs(limit=100):
        ann.ended(job["id"])
    balance = ann.client.credits.get_balance()
    usage = ann.client.credits.get_usage_history()
    spent = balance["total_credits_used"]
    assert balance["total_available_credits"] == WELCOME - spent
    assert spent > 0
    assert isinstance(usage, list)
    assert ann.client.credits.get_multipliers()
    free = [ann.asked[name]["credits"] for name in ("stem",)]
    assert (free, ann.asked["foreign stem"]["credits"]) == ([0], 5)
    assert {ann.asked[name]["credits"] for name in ("song", "cover", "retake", "extend")} == {5}
    assert ann.asked["sample"]["credits"] == 10

    wallet = ann.client.wallet
    cents = 2 * (WELCOME - spent)
    there = wallet.get_balance()
    assert (there["balance_cents"], there["balance_usd"]) == (cents, f"${cents / 100:.2f}")
    assert there["total_spent_cents"] == 2 * spent
    assert "music_generation" in wallet.get_service_types()
    assert wallet.get_pricing()
    estimate = wallet.estimate_cost("music_generation", 45)
    assert (estimate["cost_cents"], estimate["duration_minutes"]) == (20, 0.75)
    check = wallet.check_balance("music_generation", 45)
    assert (check["can_proceed"], check["cost_cents"], check["current_balance_cents"]) == (True, 20, cents)
    assert wallet.get_usage_history(limit=5)["logs"]
    topups = wallet.get_topup_history()
    assert (topups["page"], len(topups["topups"])) == (1, 1)


async def _asked_once(ann: Visit, path: str) -> None:
    from audiopod import AsyncClient

    async with AsyncClient(api_key=ann.key, base_url=ann.house.url) as client:
        await client.request("POST", path)


def _left(ann: Visit) -> int:
    return int(ann.client.credits.get_balance()["total_available_credits"])
