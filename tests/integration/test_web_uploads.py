"""Sound that comes with a request: as an upload of its own, or in a form; and what no form should be able to do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from bot.on_web import arriving
from bot.on_web.parts import MOST, Part, parts
from storage.tables import Job, Recording
from tests.integration.web_house import MUSIC, WebHouse, web_house
from workflows.refusal import Refusal

UPLOADS = "/api/v1/uploads"
FORM = {"content-type": "multipart/form-data; boundary=cut"}
# What the scripted decoder reads: seconds and a title.
TUNE = b"20 Rain"
Story = Callable[[WebHouse, httpx.AsyncClient], Any]


def run(tmp_path: Path, story: Story, *, scopes: tuple[str, ...] = (), **more: Any) -> None:
    """Let `story` happen with a client that has a key."""

    async def with_key(web: WebHouse) -> None:
        async with web.client(await web.key("ann", *scopes)) as ann:
            await story(web, ann)
            left = list((tmp_path / "incoming").glob("*"))
            assert left == [], "nothing is left of what was on its way in"

    web_house(tmp_path, **more).run(with_key)


def part(name: str, content: bytes, *, file: str | None = None) -> bytes:
    called = "" if file is None else f'; filename="{file}"'
    return f'--cut\r\nContent-Disposition: form-data; name="{name}"{called}\r\n\r\n'.encode() + content + b"\r\n"


def form(*pieces: bytes) -> bytes:
    return b"".join(pieces) + b"--cut--\r\n"


def rows(web: WebHouse, what: Any) -> list[Any]:
    return web.house.db.read(lambda session: list(session.exec(select(what)).all()))


async def called(
    web: WebHouse, path: str, key: str, pieces: list[bytes], *, then: str, **headers: str
) -> tuple[int, dict[str, Any]]:
    """What is answered to a body of which only `pieces` come: then it breaks off, falls silent, or drips."""
    coming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not coming and then == "falls silent":
            await asyncio.Event().wait()
        if not coming and then == "drips":
            await asyncio.sleep(0.01)
            return {"type": "http.request", "body": b" ", "more_body": True}
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    told = {"x-api-key": key, "host": "minstrel.test", **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()],
        "server": ("minstrel.test", 80), "client": ("127.0.0.1", 1), "app": web._app,
    }  # fmt: skip
    await web._app(scope, receive, send)  # type: ignore[arg-type]
    body = b"".join(message.get("body", b"") for message in sent)
    return int(sent[0]["status"]), json.loads(body)


@pytest.mark.parametrize("raw", [False, True])
def test_an_upload_is_known_by_a_link_that_is_taken_for_sound(tmp_path: Path, raw: bool) -> None:
    async def story(web: WebHouse, ann: httpx.AsyncClient) -> None:
        if raw:
            headers = {
                "content-type": "audio/mpeg",
                "content-disposition": "attachment; filename*=UTF-8''Caf%C3%A9.mp3",
            }
            got = await ann.post(UPLOADS, content=b"20 ", headers=headers)
        else:
            got = await ann.post(UPLOADS, files={"file": ("C:\\tunes\\Café.mp3", b"20 ", "audio/mpeg")})
        assert got.status_code == 200, got.text
        told = got.json()
        assert (told["title"], told["duration"], told["expires_at"][-1]) == ("Café", 20, "Z")
        job = await ann.post(f"{MUSIC}/cover", json={"src_audio_url": told["url"], "caption": "swing"})
        assert job.status_code == 200, job.text
        recording = (await web.house.job(job.json()["id"])).recording
        assert recording is not None
        assert (recording.title, recording.duration) == ("Café", 20)

    run(tmp_path, story)


@pytest.mark.row("A2", "G22")
def test_sound_comes_with_the_request_and_sent_again_finds_the_first_job(tmp_path: Path) -> None:
    async def story(web: WebHouse, ann: httpx.AsyncClient) -> None:
        async def cover(tune: bytes, key: str = "one", **values: str) -> httpx.Response:
            files = {"file": ("rain.mp3", tune)}
            asked = {"caption": "swing", "batch_size": "2", "thinking": "false", **values}
            return await ann.post(f"{MUSIC}/cover", data=asked, files=files, headers={"Idempotency-Key": key})

        first = await cover(TUNE)
        assert first.status_code == 200, first.text
        spec = (await web.house.job(first.json()["id"])).spec
        assert (spec["batch_size"], spec["thinking"]) == (2, False)
        assert (await cover(TUNE)).json()["id"] == first.json()["id"]
        for other in (await cover(b"21 Rain"), await cover(TUNE, caption="slow")):
            assert (other.status_code, other.json()["code"]) == (400, "key_reused")
        assert (await cover(TUNE, "two")).json()["id"] != first.json()["id"]
        # Under the name of the option that it stands for, and without a file at all, a form is as good.
        named = await ann.post(f"{MUSIC}/cover", data={"caption": "swing"}, files={"src_audio_url": ("a.mp3", TUNE)})
        assert named.status_code == 200, named.text
        # So a browser sends a file that nobody chose.
        unchosen = form(
            part("file", b"", file=""), part("caption", b"swing"), part("src_audio_url", b"http://a.test/a.mp3")
        )
        linked = await ann.post(f"{MUSIC}/cover", content=unchosen, headers=FORM)
        assert linked.status_code == 200, linked.text
        short = await ann.post(f"{MUSIC}/retake", data={"original_job_id": "999", "retake_seeds": ["1", "2"]})
        assert (short.status_code, short.json()["code"]) == (404, "job_not_found"), short.text

    run(tmp_path, story, world={"http://a.test/a.mp3": TUNE})


def test_what_is_wrong_with_a_form_is_said_before_anything_is_taken_in(tmp_path: Path) -> None:
    tune = part("file", TUNE, file="a.mp3")
    swing = part("caption", b"swing")
    bad = {
        "no_such_option": (form(part("bpmm", b"9"), tune, swing), 400, "unknown_option", "bpmm"),
        "out_of_range": (form(tune, swing, part("bpm", b"900")), 400, "bad_value", "bpm"),
        "two_files": (form(tune, tune, swing), 400, "one_file", "file"),
        "file_and_link": (form(tune, swing, part("src_audio_url", b"https://a.example/a.mp3")), 400, "file_and_link",
                          "src_audio_url"),
        "another_file": (form(part("picture", b"x", file="a.png"), swing), 400, "no_file_here", "picture"),
        "no_file": (form(swing), 400, None, None),
        "no_text": (form(part("caption", b"\xff\xfe"), tune), 400, "not_text", "caption"),
        "nul": (form(part("caption", b"a\x00b"), tune), 400, "not_text", "caption"),
        "no_name": (form(b"--cut\r\nContent-Disposition: form-data\r\n\r\nx\r\n", tune), 400, "form_broken", None),
        "no_headers": (form(b"--cut\r\n\r\nx\r\n", tune), 400, "form_broken", None),
        "a_thousand_parts": (form(*[part(f"p{n}", b"x") for n in range(1000)]), 400, "form_too_long", None),
        "no_end": (tune + swing, 400, "form_broken", None),
        "no_form": (b"what is this", 400, "form_broken", None),
        "nothing": (b"", 400, "form_broken", None),
        "empty_file": (form(part("file", b"", file="a.mp3"), swing), 400, "audio_unknown", "file"),
        "no_sound": (form(part("file", b"hello", file="a.mp3"), swing), 400, "audio_unknown", "file"),
        "long_text": (form(part("lyrics", b"x" * (2 << 20)), tune), 413, "body_too_large", None),
        "long_header": (form(part("n" * 9000, b"x"), tune), 400, "form_broken", None),
    }  # fmt: skip

    async def story(web: WebHouse, ann: httpx.AsyncClient) -> None:
        for name, (body, status, code, field) in bad.items():
            refused = await ann.post(f"{MUSIC}/cover", content=body, headers=FORM)
            told = refused.json()
            assert refused.status_code == status, (name, told)
            assert code in (None, told["code"]), (name, told)
            assert field in (None, told.get("field")), (name, told)
            assert isinstance(told["detail"], str)
        for kind in (
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=" + "x" * 900,
        ):
            refused = await ann.post(f"{MUSIC}/cover", content=form(tune, swing), headers={"content-type": kind})
            assert (refused.status_code, refused.json()["code"]) == (400, "form_broken")
        assert rows(web, Job) == []
        assert rows(web, Recording) == []

    run(tmp_path, story)


def test_an_upload_is_refused_while_it_comes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    monkeypatch.setattr(arriving, "SILENT_S", 0.1)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1)
            yield b"x" * 65_536

    async def story(web: WebHouse, ann: httpx.AsyncClient) -> None:
        key = await web.key()

        async def too_large(refused: httpx.Response) -> None:
            assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
            assert refused.json()["detail"] == "The body is too large: at most 0.2 MB fit."

        # More is not read than fits, and nothing at all where the header says so already.
        await too_large(await ann.post(UPLOADS, content=endless(), headers={"content-type": "audio/flac"}))
        assert 3 <= len(read) <= 8
        read.clear()
        lying = {"content-type": "audio/flac", "content-length": "99999999999"}
        await too_large(await ann.post(UPLOADS, content=endless(), headers=lying))
        assert read == []
        # Whoever goes away in the middle leaves nothing.
        for path, pieces, headers in (
            (UPLOADS, [TUNE], {"content_type": "audio/flac"}),
            (UPLOADS, [part("file", TUNE, file="a.mp3")], {"content_type": FORM["content-type"]}),
            (f"{MUSIC}/cover", [b'{"caption": '], {"content_type": "application/json", "content_length": "1000"}),
        ):
            for then in ("breaks off", "falls silent", "drips"):
                status, told = await called(web, path, key, pieces, then=then, **headers)
                assert (status, told["code"]) == (400, "body_never_came"), (path, then)
        assert (rows(web, Recording), rows(web, Job)) == ([], [])

    run(tmp_path, story, limits={"fetch": {"most_mb": 0.2}})


def test_an_upload_has_to_be_a_file_and_only_that(tmp_path: Path) -> None:
    async def story(web: WebHouse, ann: httpx.AsyncClient) -> None:
        bad: tuple[tuple[bytes, dict[str, str], int, str], ...] = (
            (b"{}", {"content-type": "application/json"}, 415, "wrong_content"),
            (b"20 Rain", {}, 415, "wrong_content"),
            (b"", {"content-type": "audio/mpeg"}, 400, "audio_unknown"),
            (form(part("title", b"Rain")), FORM, 400, "missing"),
            (form(part("file", TUNE)), FORM, 400, "missing"),
            (form(part("file", b"", file="")), FORM, 400, "missing"),
            (form(part("file", TUNE, file="a"), part("title", b"Rain")), FORM, 400, "unknown_option"),
        )
        for body, headers, status, code in bad:
            refused = await ann.post(UPLOADS, content=body, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (status, code), body
        assert rows(web, Recording) == []
        for said in (
            "attachment",
            'x; filename="',
            "attachment; filename=../../etc/passwd",
            "attachment; filename*=utf-9''%ff",
            "attachment; filename*=undefined''x",
            f"attachment; filename*0=a; filename*{'9' * 5000}=b",
        ):
            headers = {"content-type": "audio/mpeg", "content-disposition": said}
            taken = await ann.post(UPLOADS, content=b"20 ", headers=headers)
            assert (taken.status_code, "/" in taken.json()["title"]) == (200, False), said

    run(tmp_path, story)


def test_who_may_not_bring_anything_sends_nothing(tmp_path: Path) -> None:
    async def story(web: WebHouse, ann: httpx.AsyncClient) -> None:
        assert (await ann.post(UPLOADS, files={"file": ("a.mp3", TUNE)})).status_code == 403
        async with web.client(await web.key("ben")) as ben:
            for status in (200, 200, 429):
                got = await ben.post(UPLOADS, files={"file": ("a.mp3", TUNE)})
                assert got.status_code == status, got.text
            assert int(got.headers["retry-after"]) > 0
        async with web.client() as nobody:
            assert (await nobody.post(UPLOADS, files={"file": ("a.mp3", TUNE)})).status_code == 401

    run(tmp_path, story, scopes=("read",), limits={"fetch": {"per_hour": 2}})


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text("ab", min_size=1), st.none() | st.text("xy", min_size=1), st.binary()), max_size=4),
    st.integers(1, 40),
)
def test_a_form_says_the_same_however_it_is_cut(sent: list[tuple[str, str | None, bytes]], size: int) -> None:
    body = form(*[part(name, content, file=file) for name, file, content in sent])
    if any(b"--cut" in content for _, _, content in sent):
        return

    async def coming() -> AsyncIterator[bytes]:
        for at in range(0, len(body), size):
            yield body[at : at + size]

    async def found() -> list[tuple[str, str | None, bytes]]:
        return [(each.name, each.file, await whole(each)) async for each in parts(coming(), FORM["content-type"])]

    assert ended(found()) == sent


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"--cut", b"\r\n", b"--", b": ", b'; name="a"', b"Content-Disposition", b"x", b"\n"]),
        max_size=14,
    )
)
def test_no_form_makes_it_stumble(pieces: list[bytes]) -> None:
    async def coming() -> AsyncIterator[bytes]:
        for piece in (b"--cut\r\n", *pieces):
            yield piece

    async def found() -> int:
        count = 0
        try:
            async for each in parts(coming(), FORM["content-type"]):
                await whole(each)
                count += 1
        except Refusal as refusal:
            assert refusal.code in ("form_broken", "form_too_long")  # noqa: PT017 either way nothing was taken
        return count

    assert ended(found()) <= MOST


async def whole(each: Part) -> bytes:
    return b"".join([piece async for piece in each.pieces])


def ended(story: Any) -> Any:
    return asyncio.run(story)
