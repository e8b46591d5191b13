"""The HTTP front: who may call, what is answered to what can't be read, and whether the house is up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from tests.integration.web_house import MUSIC, WebHouse, web_house

SONG = b'{"caption": "slow blues", "duration": 30}'
# What is no request for a song, and the parameter that is told.
UNREADABLE = [
    (b"{", None),
    (b"[1]", None),
    (b'"song"', None),
    (b"\xff\xfe", None),
    (b'{"caption": "a", "caption": "b"}', "caption"),
    (b'{"caption": "a", "duration": NaN}', "duration"),
    (b'{"caption": "a", "duration": -Infinity}', "duration"),
    (b'{"caption": "a", "duration": 1e999}', "duration"),
    (b'{"caption": "a", "seed": 1%s}' % (b"0" * 400), "seed"),
    (b'{"caption": "a", "seed": 1%s}' % (b"0" * 9000), None),
    (b'{"caption": "a\\u0000b"}', "caption"),
    (b'{"caption": "\\ud800"}', "caption"),
    (b'{"caption": "a", "retake_seeds": [{"x": "\\udfff"}]}', "retake_seeds"),
    (b'{"caption": "a", "ly\\u0000rics": "b"}', "ly?rics"),
    (b'{"caption": %s"a"%s}' % (b"[" * 500, b"]" * 500), "caption"),
    (b'{"caption": %s"a"%s}' % (b"[" * 99_999, b"]" * 99_999), None),
    (b'{"caption": {"a": 1}}', "caption"),
    (b'{"caption": "a", "retake_seeds": [%s0]}' % (b"0, " * 1000), "retake_seeds"),
    # Whoever names so many is not told which of them comes twice: to look for it took minutes.
    (b'{%s"n1": 0}' % b"".join(b'"n%d": 0, ' % number for number in range(1001)), None),
    (b'{"caption": "a", "loudness": 3}', "loudness"),
]


@pytest.mark.row("A1")
def test_without_a_key_nothing_is_answered_and_with_one_its_owner_is_known(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client() as stranger, web.client("ap_" + "x" * 43) as thief, web.client(await web.key()) as ann:
            for client in (stranger, thief):
                refused = await client.get("/api/v1/auth/me")
                assert (refused.status_code, refused.json()["detail"]) == (401, "Authentication required")
            assert (await ann.get("/api/v1/auth/me")).json()["name"] == "ann"

    web_house(tmp_path).run(story)


def test_the_house_says_whether_it_is_up_and_ready(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client() as anybody:
            assert (await anybody.get("/health")).json() == {"ok": True}
            assert (await anybody.get("/ready")).json()["ready"]
            web.works = False
            refused = await anybody.get("/ready")
            assert (refused.status_code, refused.json()["worker"]) == (503, False)

    web_house(tmp_path).run(story)


@pytest.mark.row("A7", "G12", "G13")
def test_what_no_part_could_read_or_keep_is_a_400_that_names_it(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            for body, field in UNREADABLE:
                refused = await ann.post(f"{MUSIC}/text2music", content=body)
                told = refused.json()
                assert (refused.status_code, told.get("field")) == (400, field), body[:60]
                assert isinstance(told["detail"], str)
                # What was given is given back, but nobody needs a megabyte of it.
                assert len(refused.content) < 2000
            large = await ann.post(f"{MUSIC}/text2music", content=b'{"caption": "%s"}' % (b"a" * 2**20))
            assert large.status_code == 413
            page = await ann.post(f"{MUSIC}/text2music", content=SONG, headers={"content-type": "text/html"})
            assert page.status_code == 415
            assert (await ann.get(f"{MUSIC}/jobs")).json() == []

    web_house(tmp_path).run(story)


def test_addresses_that_hold_no_text_or_say_what_nobody_knows_are_refused(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            for path, field in (
                (f"{MUSIC}/jobs?search=a%00b", "the address"),
                (f"{MUSIC}/jobs/%00/status", "the address"),
                (f"{MUSIC}/jobs?colour=red", "colour"),
                (f"{MUSIC}/jobs?limit=5&limit=6", "limit"),
                (f"{MUSIC}/jobs?limit=many", "limit"),
                (f"{MUSIC}/jobs?limit=101", "limit"),
                (f"{MUSIC}/jobs?skip=1{'0' * 30}", "skip"),
                (f"{MUSIC}/jobs/1{'0' * 30}", "job_id"),
                (f"{MUSIC}/jobs/one", "job_id"),
            ):
                refused = await ann.get(path)
                assert (refused.status_code, refused.json()["field"]) == (400, field), path
            # Whoever watches a house may add what they like, so that nothing between remembers the answer.
            assert (await ann.get("/health?now=1")).status_code == 200

    web_house(tmp_path).run(story)


def test_what_is_refused_is_said_in_words_of_programs(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:

            async def said(path: str, **body: Any) -> str:
                refused = await ann.post(f"{MUSIC}/{path}", json=body)
                assert refused.status_code in (400, 404), path
                words = str(refused.json()["help"])
                assert not {"/song", "option", "button", "`"} & {word.strip(".,") for word in words.split()}, words
                return words

            assert (
                await said("text2music", caption="x", bpm=500) == 'bpm is 500, must be 30 to 300 BPM. Try "bpm": 300.'
            )
            assert (await said("text2music", caption="x", format="m4a")).endswith('Try "format": "flac".')
            assert (await said("cover", caption="x", src_audio_url="12")).endswith('Try "source_job_id": 12.')
            assert await said("text2music", caption="x", duration="30") == (
                "duration is given as a text, and must be a number: 5 to 600 seconds, or -1 for automatic."
            )
            assert "a whole number: 30 to 300 BPM" in await said("text2music", caption="x", bpm=99.5)
            assert (await said("text2music", captoin="x")).startswith(
                "There is no parameter captoin here. Did you mean caption?"
            )
            assert (await said("text2music?caption=x")).endswith("What is asked for goes into the body.")
            assert "leave out the /" in await said("text2music/", caption="x")
            assert (await ann.get(f"{MUSIC}/jobs?limit=101")).json()["detail"] == "limit is 101, must be at most 100."
            assert (await ann.get(f"{MUSIC}/jobs?status=Done")).json()["value"] == "Done"
            for path, field, body in (
                ("retake", "original_job_id", {"original_job_id": 99}),
                ("edit", "source_job_id", {"source_job_id": 99, "edit_target_prompt": "x"}),
                ("99/lrc", "job_id", {}),
                ("jobs/99/cancel", "job_id", {}),
            ):
                missed = await ann.post(f"{MUSIC}/{path}", json=body)
                assert (missed.status_code, missed.json()["field"], missed.json()["value"]) == (404, field, 99)
            once = {"Idempotency-Key": "one"}
            assert (await ann.post(f"{MUSIC}/text2music", json={"caption": "x"}, headers=once)).status_code == 200
            other = (await ann.post(f"{MUSIC}/text2music", json={"caption": "y"}, headers=once)).json()
            assert (other["code"], other["field"]) == ("key_reused", "Idempotency-Key")

    web_house(tmp_path).run(story)


def test_what_can_be_done_with_an_address_is_told(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            nothing = await ann.get("/api/v1/music/nothing/at/all")
            assert (nothing.status_code, nothing.json()["code"]) == (404, "no_such_path")
            assert (await ann.get("/health/")).status_code == 404
            for method in ("PUT", "TRACE", "OPTIONS"):
                refused = await ann.request(method, f"{MUSIC}/jobs/1")
                assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, HEAD, PATCH")
            # Nobody's page may ask in the name of who reads it.
            asked = await ann.get("/api/v1/auth/me", headers={"origin": "https://elsewhere.example"})
            assert not [name for name in asked.headers if name.startswith("access-control")]
            assert asked.headers["cache-control"] == "no-store"
            head = await ann.head("/api/v1/auth/me")
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == asked.headers["content-length"]

    web_house(tmp_path).run(story)


def test_a_fault_of_ours_is_told_without_a_word_of_it_and_logged_with_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the secret place")

    async def story(web: WebHouse) -> None:
        monkeypatch.setattr("workflows.keys.caller", broken)
        answer = await _spoken(
            web, b"GET /api/v1/auth/me HTTP/1.1\r\nHost: a\r\nX-API-Key: ap_secret\r\nConnection: close\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 500")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "internal"
        assert b"secret" not in answer

    with caplog.at_level(logging.ERROR):
        web_house(tmp_path).run(story)
    assert "the secret place" in caplog.text
    assert "ap_secret" not in caplog.text


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{}",
        b"POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_what_is_no_http_is_a_400(tmp_path: Path, said: bytes) -> None:
    async def story(web: WebHouse) -> None:
        assert (await _spoken(web, said)).startswith(b"HTTP/1.1 400 ")

    web_house(tmp_path).run(story)


@pytest.mark.parametrize(
    "said",
    [
        b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"X-Y: z\r\n" * 20_000 + b"\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nCookie: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /health?" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nX-Y: " + b"z" * 400_000,
    ],
)
def test_nobody_is_listened_to_whose_request_begins_without_end(tmp_path: Path, said: bytes) -> None:
    async def story(web: WebHouse) -> None:
        # Whoever is still talking may find that nobody is there, rather than why.
        answer = await _spoken(web, said)
        assert not answer or answer.startswith(b"HTTP/1.1 400 ")

    web_house(tmp_path).run(story)


def test_strange_but_sound_requests_are_answered_in_their_order(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        key = (await web.key()).encode()
        ask = b"POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n" % key
        said = b"".join(
            [
                b"GET /health HTTP/1.1\r\nHost: " + "ünïcode".encode() + b"\r\n\r\n",
                b"GET /nothing HTTP/1.1\r\nHost: a/api/v1/text-to-music?\r\n\r\n",
                ask + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                ask + b"Content-Length: 4\r\n\r\nnull",
                b"GET /api/v1/auth/me HTTP/1.1\r\nHost: a\r\nX-API-Key: \xff\xfe\r\nAuthorization: Bearer\r\n\r\n",
                # Somebody who wants to talk otherwise is talked to as always.
                b"GET /health HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n",
            ]
        )
        answers = (await _spoken(web, said)).split(b"HTTP/1.1 ")[1:]
        assert [int(answer[:3]) for answer in answers] == [200, 404, 200, 400, 401, 200]

    web_house(tmp_path).run(story)


def test_a_body_that_breaks_is_nobodys_fault_here(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(web: WebHouse) -> None:
        key = (await web.key()).encode()
        ask = b"POST /api/v1/music/text2music HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\n" % key
        for rest in (
            b"Content-Length: 99\r\n\r\n{",
            b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
            b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n{}\r\n",
        ):
            answer = await _spoken(web, ask + rest, hang_up=True)
            assert not answer or answer.startswith(b"HTTP/1.1 400 "), answer
        assert (await _spoken(web, b"GET /health HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200 ")

    with caplog.at_level(logging.ERROR):
        web_house(tmp_path).run(story)
    assert not caplog.text


def test_whoever_connects_and_says_nothing_or_never_ends_is_sent_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(web: WebHouse) -> None:
        for said in (b"", b"GET /health HTTP/1.1\r\nHost: a\r\nX:", b"GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /he"):
            await _spoken(web, said)

    monkeypatch.setattr("bot.front_door.HEAD_S", 0.05)
    web_house(tmp_path).run(story)


@pytest.mark.parametrize("more", [b"\r\n", b"{"], ids=["nothing", "a body"])
def test_whoever_was_answered_keeps_no_line_by_saying_little_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    from bot.front_door import listening

    async def story(web: WebHouse) -> None:
        async with listening("127.0.0.1", 0, web.open()) as port, asyncio.timeout(30):
            hears, speaks = await asyncio.open_connection("127.0.0.1", port)
            length = b"Content-Length: 99\r\n" if more == b"{" else b""
            speaks.write(b"POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\n" + length + b"\r\n")
            assert (await hears.readuntil(b"}")).startswith(b"HTTP/1.1 401 ")
            speaks.write(more)
            with contextlib.suppress(ConnectionError):
                assert await hears.read() == b""
            speaks.close()

    monkeypatch.setattr("bot.front_door.KEEP_ALIVE_S", 0.3)
    web_house(tmp_path).run(story)


def test_whoever_takes_nothing_of_an_answer_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.front_door import listening

    answered = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        # More than any system holds for somebody who doesn't read.
        for _ in range(64):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
        await send({"type": "http.response.body"})
        answered.set()

    async def story() -> None:
        async with listening("127.0.0.1", 0, endless) as port, asyncio.timeout(30):
            _, speaks = await asyncio.open_connection("127.0.0.1", port)
            speaks.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await answered.wait()
            speaks.close()

    monkeypatch.setattr("bot.front_door.UNTAKEN_S", 0.05)
    asyncio.run(story())


async def _spoken(web: WebHouse, said: bytes, *, hang_up: bool = False) -> bytes:
    """All that comes back over a connection of its own on which `said` is sent, until the house closes it."""
    from bot.front_door import listening

    heard = bytearray()
    async with listening("127.0.0.1", 0, web.open()) as port, asyncio.timeout(30):
        hears, speaks = await asyncio.open_connection("127.0.0.1", port)
        speaks.write(said)
        if hang_up:
            speaks.write_eof()
        with contextlib.suppress(ConnectionError):
            while piece := await hears.read(1 << 16):
                heard += piece
        speaks.close()
    return bytes(heard)
