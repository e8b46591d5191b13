"""The guarded fetch against real servers on loopback: what they send, where they lead, and how they drag it out.

`Internet` stands for the network: it writes down every connection that is asked for, and brings those to public
addresses to our servers. So whatever is written down is what would have left this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import logging
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpcore
import pytest
from aiohttp import web

from bot.on_terminal.session import guarded
from bot.replies import reply
from workflows.fetch import Fetched, Fetcher
from workflows.limits import Fetching
from workflows.refusal import Refusal

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

A, B, INSIDE = "93.184.216.34", "151.101.1.6", "10.0.0.5"
NAMES = {"a.example": [A], "b.example": [B], "inside.example": [INSIDE], "mixed.example": [A, INSIDE]}
SOUND = bytes(range(256)) * 40
SMALL = Fetching(most_mb=0.1, most_s=10, silent_s=5, redirects=3, at_once=2)
SECRET = "t0psecret"


class Internet(httpcore.AsyncNetworkBackend):
    """Connects to `servers` by address: {public address: port on loopback}. All others refuse the connection."""

    def __init__(self, servers: Mapping[str, int]) -> None:
        self.servers = servers
        self.asked: list[str] = []
        self._real = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.asked.append(host)
        if host not in self.servers:
            raise httpcore.ConnectError
        return await self._real.connect_tcp("127.0.0.1", self.servers[host], timeout)


class Names:
    """A name server that gives each name one answer after the other, and the last one from then on."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = {name.replace("_", "."): list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        answers = self._answers.get(host)
        if answers is None:
            if host in NAMES:
                return NAMES[host]
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]


@asynccontextmanager
async def site(answer: Answer) -> AsyncIterator[int]:
    """A web server that answers everything with `answer`; its port."""
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that reads the head of a request and then does what `handler` does; its port."""
    busy: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        busy.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await reader.readuntil(b"\r\n\r\n")
                await handler(reader, writer)
        finally:
            busy.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


def says(*pieces: bytes) -> Handler:
    """Sends `pieces` and hangs up."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return handler


def endless(head: bytes, piece: bytes, pause_s: float = 0.0) -> Handler:
    """Sends `head` and then `piece` for ever."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return handler


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode()


def tale(story: Awaitable[Any]) -> Any:
    return asyncio.run(asyncio.wait_for(story, 30))


async def fetched_from(
    port: int, to: Path, path: str = "/folder/My%20Song.mp3", rules: Fetching = SMALL
) -> tuple[Fetched, Internet]:
    network = Internet({A: port})
    fetcher = Fetcher(rules, resolve=Names(), network=network)
    try:
        return await fetcher.fetch(f"http://a.example{path}", to, field="src_audio_url"), network
    finally:
        await fetcher.close()


async def refused(fetcher: Fetcher, url: str, to: Path) -> Refusal:
    """How `url` is refused: with words, without a file, and without what nobody may see."""
    with pytest.raises(Refusal) as caught:
        await fetcher.fetch(url, to, field="src_audio_url")
    refusal = caught.value
    assert not to.exists()
    assert refusal.field == "src_audio_url"
    said = reply(refusal.code, field=refusal.field, value=refusal.value, **refusal.params)
    assert said != reply("internal")
    assert SECRET not in f"{said} {refusal} {refusal.value} {refusal.params}"
    return refusal


def refused_from(handler: Handler, to: Path, rules: Fetching = SMALL) -> Refusal:
    """How a link is refused behind which a raw server does what `handler` does. It finds that we hung up."""

    async def story() -> Refusal:
        gone = asyncio.Event()

        async def watched(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
                await reader.read()
            finally:
                gone.set()

        async with raw(watched) as port:
            fetcher = Fetcher(rules, resolve=Names(), network=Internet({A: port}))
            refusal = await refused(fetcher, f"http://a.example/song.mp3?key={SECRET}", to)
            await asyncio.wait_for(gone.wait(), 10)
            return refusal

    refusal: Refusal = tale(story())
    return refusal


# --- what works ---


def test_a_file_is_fetched_with_its_name(tmp_path: Path) -> None:
    seen: list[tuple[str, dict[str, str]]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.path_qs, {name.lower(): value for name, value in request.headers.items()}))
        return web.Response(body=SOUND, content_type="audio/mpeg", headers={"Set-Cookie": "id=7"})

    async def story() -> Fetched:
        async with site(answer) as port:
            fetched, network = await fetched_from(port, tmp_path / "in", "/folder/My%20Song.mp3?a=1&b=2#t=9")
            assert network.asked == [A]
            return fetched

    fetched = tale(story())
    assert (tmp_path / "in").read_bytes() == SOUND
    assert (fetched.path, fetched.name, fetched.size) == (tmp_path / "in", "My Song", len(SOUND))
    assert "b=2" not in repr(fetched)
    path, headers = seen[0]
    assert path == "/folder/My%20Song.mp3?a=1&b=2"
    assert headers["host"] == "a.example"
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"].startswith("Minstrel")
    assert not {"cookie", "referer", "authorization"} & headers.keys()


@pytest.mark.parametrize(
    "pieces",
    [
        (head("Content-Type: audio/mpeg", "Transfer-Encoding: chunked"), b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
        (head("Content-Type: application/octet-stream"), b"hello", b" world"),
        (head("Content-Length: 11"), b"hello world and what belongs to no answer", head()),
        (head(status="103 Early Hints"), head("Content-Length: 11"), b"hello world"),
    ],
    ids=["chunked", "until it hangs up", "more than it said", "an early word"],
)
def test_the_ways_in_which_servers_send(pieces: tuple[bytes, ...], tmp_path: Path) -> None:
    async def story() -> Fetched:
        async with raw(says(*pieces)) as port:
            return (await fetched_from(port, tmp_path / "in"))[0]

    assert tale(story()).size == 11
    assert (tmp_path / "in").read_bytes() == b"hello world"


@pytest.mark.parametrize(
    ("kind", "size", "code"),
    [
        ("text/csv; charset=utf-8", 9, None), ("application/jsonl", 9, None), ("text/yaml", 9, None), ("", 9, None),
        ("application/octet-stream", 1000, None), ("text/csv", 1001, "link_too_big"), ("text/html", 9, "link_not_rows"),
        ("audio/mpeg", 9, "link_not_rows"), ("application/zip", 9, "link_not_rows"),
    ],
)  # fmt: skip
def test_a_list_of_commands_is_a_small_text(kind: str, size: int, code: str | None, tmp_path: Path) -> None:
    async def story() -> str | None:
        async with raw(says(head(*([f"Content-Type: {kind}"] if kind else [])), b"x" * size)) as port:
            fetcher = Fetcher(SMALL, resolve=Names(), network=Internet({A: port}))
            try:
                await fetcher.fetch("http://a.example/songs.csv", tmp_path / "in", field="rows_url", text_of=1000)
            except Refusal as refusal:
                assert not (tmp_path / "in").exists()
                return refusal.code
            return None

    assert tale(story()) == code


def test_a_link_leads_on_to_another_place_without_cookies_and_with_a_new_connection(tmp_path: Path) -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.host, request.path_qs, "Cookie" in request.headers, "Referer" in request.headers))
        if request.path == "/song":
            raise web.HTTPFound("/other?sig=1", headers={"Set-Cookie": "id=7"})
        if request.path == "/other":
            raise web.HTTPPermanentRedirect("http://b.example/Last.ogg#x")
        return web.Response(body=SOUND, content_type="audio/ogg")

    async def story() -> Fetched:
        async with site(answer) as port:
            network, names = Internet({A: port, B: port}), Names()
            fetcher = Fetcher(SMALL, resolve=names, network=network)
            fetched = await fetcher.fetch("http://a.example/song", tmp_path / "in", field="audio_url")
            assert network.asked == [A, A, B]
            assert names.asked == ["a.example", "a.example", "b.example"]
            return fetched

    fetched = tale(story())
    assert (fetched.url, fetched.name) == ("http://b.example/Last.ogg", "Last")
    assert seen == [
        ("a.example", "/song", False, False),
        ("a.example", "/other?sig=1", False, False),
        ("b.example", "/Last.ogg", False, False),
    ]


def test_one_of_several_addresses_is_enough(tmp_path: Path) -> None:
    async def story() -> None:
        async with raw(says(head("Content-Length: 5"), b"hello")) as port:
            network = Internet({B: port})
            fetcher = Fetcher(SMALL, resolve=Names(a_example=[["2606:4700::1", A, B]]), network=network)
            await fetcher.fetch("http://a.example/x", tmp_path / "in", field="audio_url")
            assert network.asked == ["2606:4700::1", A, B]

    tale(story())


def test_a_fetcher_serves_one_event_loop_after_the_other(tmp_path: Path) -> None:
    fetcher = Fetcher(SMALL, private_hosts=frozenset({"127.0.0.1"}))

    async def story() -> None:
        async with raw(says(head("Content-Length: 5"), b"hello")) as port:
            url = f"http://127.0.0.1:{port}/x"
            await asyncio.gather(*(fetcher.fetch(url, tmp_path / str(n), field="audio_url") for n in range(4)))

    tale(story())
    tale(story())


# --- where a link leads to ---


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://inside.example/x", "link_not_public"),
        ("https://inside.example/x", "link_not_public"),
        ("http://mixed.example/x", "link_not_public"),
        ("http://nowhere.example/x", "link_unknown_host"),
        ("http://nas/x", "link_not_public"),
        ("http://nas.lan/x", "link_not_public"),
    ],
)
def test_a_name_that_means_a_machine_inside_is_never_connected_to(url: str, code: str, tmp_path: Path) -> None:
    async def story() -> None:
        network = Internet({A: 1, INSIDE: 1})
        fetcher = Fetcher(SMALL, resolve=Names(), network=network)
        assert (await refused(fetcher, f"{url}?key={SECRET}", tmp_path / "in")).code == code
        assert network.asked == []

    tale(story())


def test_a_name_server_that_changes_its_mind_changes_nothing(tmp_path: Path) -> None:
    """The address that was judged is the address that is connected to: the name is asked for once."""

    async def story() -> None:
        async with raw(says(head("Content-Length: 5"), b"hello")) as port:
            network, names = Internet({A: port, INSIDE: port}), Names(a_example=[[A], [INSIDE]])
            fetcher = Fetcher(SMALL, resolve=names, network=network)
            await fetcher.fetch("http://a.example/x", tmp_path / "first", field="audio_url")
            assert (names.asked, network.asked) == (["a.example"], [A])
            refusal = await refused(fetcher, "http://a.example/x", tmp_path / "second")
            assert refusal.code == "link_not_public"
            assert network.asked == [A]

    tale(story())


def test_a_redirect_to_the_same_name_is_judged_anew(tmp_path: Path) -> None:
    async def story() -> None:
        async with raw(says(head("Location: /x", "Content-Length: 0", status="302 Found"))) as port:
            network = Internet({A: port, INSIDE: port})
            fetcher = Fetcher(SMALL, resolve=Names(a_example=[[A], [INSIDE]]), network=network)
            assert (await refused(fetcher, "http://a.example/x", tmp_path / "in")).code == "link_not_public"
            assert network.asked == [A]

    tale(story())


def test_a_link_leads_on_only_so_often(tmp_path: Path) -> None:
    async def story() -> None:
        async with raw(says(head("Location: /x", "Content-Length: 0", status="302 Found"))) as port:
            network = Internet({A: port})
            fetcher = Fetcher(SMALL, resolve=Names(), network=network)
            refusal = await refused(fetcher, "http://a.example/x", tmp_path / "in")
            assert (refusal.code, refusal.params) == ("link_too_many_redirects", {"most": 3})
            assert network.asked == [A] * 4

    tale(story())


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.1:{other}/x", "link_not_public"),
        ("http://localhost:{other}/x", "link_not_public"),
        ("http://[::1]:{other}/x", "link_not_public"),
        ("http://[::ffff:127.0.0.1]:{other}/x", "link_not_public"),
        ("http://2130706433:{other}/x", "link_not_public"),
        ("http://0:{other}/x", "link_not_public"),
        ("//127.1:{other}/x", "link_not_public"),
        ("http://169.254.169.254/latest/meta-data/", "link_not_public"),
        ("http://[fd00:ec2::254]/latest/meta-data/", "link_not_public"),
        ("http://metadata.google.internal/", "link_not_public"),
        ("file:///etc/passwd", "link_not_http"),
        ("ftp://example.com/a.mp3", "link_not_http"),
        ("gopher://127.0.0.1:{other}/_x", "link_not_http"),
        ("http://127.0.0.1:22/", "link_not_http"),
        ("http://ann:t0psecret@127.0.0.1:{other}/", "link_with_password"),
        ("http://[::1/x", "link_not_http"),
        ("/again", "link_too_many_redirects"),
    ],
)
def test_a_hostile_redirect_leads_nowhere(location: str, code: str, tmp_path: Path) -> None:
    """On loopback, with the system's own names: one port of it is allowed, and nothing beside it."""
    reached: list[str] = []

    async def hostile(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": location.format(other=ports[0])})

    async def secret(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response(body=SOUND, content_type="audio/mpeg")

    async def story() -> Refusal:
        async with site(hostile) as port, site(secret) as other:
            ports.append(other)
            fetcher = Fetcher(SMALL, private_hosts=frozenset({f"127.0.0.1:{port}"}))
            return await refused(fetcher, f"http://127.0.0.1:{port}/x", tmp_path / "in")

    ports: list[int] = []
    assert tale(story()).code == code
    assert not reached


def test_encryption_is_not_given_up_on_the_way(tmp_path: Path, certified: Certified) -> None:
    async def story() -> None:
        leads_on = says(head("Location: http://a.example/x", "Content-Length: 0", status="301 Moved"))
        async with raw(leads_on, certified("a.example")) as port:
            network = Internet({A: port})
            fetcher = Fetcher(SMALL, resolve=Names(), network=network)
            refusal = await refused(fetcher, "https://a.example/x", tmp_path / "in")
            assert (refusal.code, refusal.params) == ("link_not_http", {"downgrade": True})
            assert network.asked == [A]

    tale(story())


def test_no_proxy_of_the_environment_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with raw(says(head("Content-Length: 5"), b"proxy")) as port:
            for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
            network = Internet({})
            fetcher = Fetcher(SMALL, resolve=Names(), network=network)
            assert (await refused(fetcher, "http://a.example/x", tmp_path / "in")).code == "link_unreachable"
            assert network.asked == [A]

    tale(story())


@pytest.mark.parametrize(
    ("listed", "url", "opens"),
    [
        ("nas", "http://nas:{port}/x", True),
        ("NAS", "http://nas:{port}/x", True),
        ("nas:{port}", "http://nas:{port}/x", True),
        ("nas:1234", "http://nas:{port}/x", False),
        ("nas", "http://nas.example:{port}/x", False),
        ("as", "http://nas:{port}/x", False),
        ("10.0.0.5", "http://nas:{port}/x", False),
        ("10.0.0.5", "http://10.0.0.5:{port}/x", True),
        ("[fd00::5]:{port}", "http://[fd00::5]:{port}/x", True),
        ("fd00::5", "http://[fd00::5]:{port}/x", True),
    ],
)
def test_an_operator_may_allow_a_host_inside(listed: str, url: str, opens: bool, tmp_path: Path) -> None:
    async def story() -> None:
        async with raw(says(head("Content-Length: 5"), b"hello")) as port:
            network = Internet({INSIDE: port, "fd00::5": port})
            at = {"nas": [INSIDE], "nas.example": [INSIDE], INSIDE: [INSIDE], "fd00::5": ["fd00::5"]}

            async def resolve(host: str, port: int) -> list[str]:
                return at[host]

            hosts = frozenset({listed.format(port=port)})
            fetcher = Fetcher(SMALL, private_hosts=hosts, resolve=resolve, network=network)
            if opens:
                await fetcher.fetch(url.format(port=port), tmp_path / "in", field="audio_url")
            else:
                assert (await refused(fetcher, url.format(port=port), tmp_path / "in")).code == "link_not_public"
                assert network.asked == []

    tale(story())


def test_nobody_can_tell_from_our_words_what_there_is_inside(tmp_path: Path) -> None:
    """A port that is open, one that is not, an address with nobody there, names: the same words for all."""

    async def story() -> set[str]:
        said = set()
        async with raw(says(head("Content-Length: 5"), b"hello")) as port:
            fetcher = Fetcher(SMALL)
            hosts = (f"127.0.0.1:{port}", "127.0.0.1:1025", "10.99.99.99", "localhost", "postgres", "no-such.internal")
            for host in hosts:
                refusal = await refused(fetcher, f"http://{host}/x", tmp_path / "in")
                said.add(f"{refusal.code} {refusal.params} {refusal.allowed} {refusal.retry_after}")
        return said

    assert tale(story()) == {"link_not_public {} None None"}


# --- what servers do to us ---


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (404, "missing"), (410, "missing"), (401, "closed"), (403, "closed"), (500, "later"), (503, "later"),
        (429, "later"), (204, None), (206, None), (304, None), (418, None), (302, None),
    ],
)  # fmt: skip
def test_a_server_that_gives_no_file(status: int, how: str | None, tmp_path: Path) -> None:
    refusal = refused_from(says(head("Content-Type: audio/mpeg", status=f"{status} So")), tmp_path / "in")
    assert refusal.code == "link_status"
    assert refusal.params == {"status": status, **({how: True} if how else {})}


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("Content-Type: text/html", "Content-Length: 5"), "link_not_sound"),
        (("Content-Type: image/png",), "link_not_sound"),
        (("Content-Type: audio/mpeg", "Content-Length: 100001"), "link_too_big"),
        (("Content-Type: audio/mpeg", "Content-Length: 99999999999999999999"), "link_too_big"),
        (("Content-Type: audio/mpeg", "Content-Length: " + "9" * 5000), "link_unreachable"),
        (("Content-Type: audio/mpeg", "Content-Length: -1"), "link_unreachable"),
        (("Content-Type: audio/mpeg", "Content-Length: 5", "Content-Length: 6"), "link_unreachable"),
        (("Content-Type: audio/mpeg", "Content-Length: 99"), "link_unreachable"),
        (("Content-Type: audio/mpeg", "Content-Encoding: gzip"), "link_not_sound"),
        (("Content-Type: audio/mpeg", "Content-Encoding: br, identity"), "link_not_sound"),
        (("Content-Type: audio/mpeg", "Transfer-Encoding: gzip, chunked"), "link_unreachable"),
        (("Content-Type: audio/mpeg", "Transfer-Encoding: chunked"), "link_unreachable"),
        (("no header at all",), "link_unreachable"),
        (("X: " + "x" * 300_000,), "link_unreachable"),
    ],
)  # fmt: skip
def test_a_server_that_sends_what_we_do_not_take(lines: tuple[str, ...], code: str, tmp_path: Path) -> None:
    assert refused_from(_then_hangs_up(head(*lines), b"hello"), tmp_path / "in").code == code


def _then_hangs_up(*pieces: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await says(*pieces)(reader, writer)
        writer.close()

    return handler


def test_a_server_that_speaks_no_http(tmp_path: Path) -> None:
    for nonsense in (b"", b"220 mail.example ESMTP\r\n", b"\x00\xff" * 500, b"HTTP/9.9 abc\r\n\r\n"):
        assert refused_from(_then_hangs_up(nonsense), tmp_path / "in").code == "link_unreachable"


PIECE = b"x" * 4096


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (endless(head("Content-Type: audio/mpeg"), PIECE), "link_too_big"),
        (endless(head("Transfer-Encoding: chunked"), b"1000\r\n" + PIECE + b"\r\n"), "link_too_big"),
        (endless(head("Content-Length: 90000"), PIECE), None),
        # Each byte a chunk of its own, and chunks that come with a story.
        (endless(head("Transfer-Encoding: chunked"), b"1\r\nx\r\n" * 2000), "link_unreachable"),
        (endless(head("Transfer-Encoding: chunked"), b"1;" + b"a" * 3000 + b"\r\nx\r\n"), "link_unreachable"),
        (endless(head("Transfer-Encoding: chunked") + b"0\r\n", b"X: 1\r\n" * 500), "link_unreachable"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n" * 500), "link_unreachable"),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "link_unreachable"),
        (endless(b"", b"x" * 4096), "link_unreachable"),
    ],
    ids=["no end", "no end of chunks", "more than said", "tiny chunks", "chunks with a story", "trailers", "headers",
         "early words", "one line"],
)  # fmt: skip
def test_a_server_that_does_not_stop(handler: Handler, code: str | None, tmp_path: Path) -> None:
    rules = SMALL.model_copy(update={"most_mb": 0.5})
    if code is None:

        async def story() -> Fetched:
            async with raw(handler) as port:
                return (await fetched_from(port, tmp_path / "in", rules=rules))[0]

        assert tale(story()).size == 90_000
    else:
        assert refused_from(handler, tmp_path / "in", rules).code == code


async def _mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


# Longer than a test may take.
LONG = {"most_s": 300, "silent_s": 300}


@pytest.mark.parametrize(
    ("handler", "rules"),
    [
        (_mute, LONG | {"silent_s": 0.2}),
        (says(head("Content-Type: audio/mpeg"), b"x"), LONG | {"silent_s": 0.2}),
        (endless(head("Content-Type: audio/mpeg"), b"x", 0.02), LONG | {"most_s": 0.4}),
        (endless(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n", 0.02), LONG | {"most_s": 0.4}),
        (_mute, LONG | {"most_s": 0.2}),
    ],
    ids=["mute", "stops", "drips", "drips headers", "no time"],
)
def test_a_server_that_drags_it_out(handler: Handler, rules: dict[str, float], tmp_path: Path) -> None:
    refusal = refused_from(handler, tmp_path / "in", SMALL.model_copy(update=rules))
    assert refusal.code == "link_too_slow"


def test_a_small_file_that_would_be_huge_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    answer = head("Content-Type: audio/wav", "Content-Encoding: gzip", f"Content-Length: {len(bomb)}")
    refusal = refused_from(says(answer, bomb), tmp_path / "in")
    assert (refusal.code, refusal.params) == ("link_not_sound", {"packed": True})


def test_redirects_that_drag_on_share_one_time(tmp_path: Path) -> None:
    async def leads_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.25)
        writer.write(head("Location: /x", "Content-Length: 0", status="302 Found"))
        await writer.drain()

    rules = SMALL.model_copy(update={"most_s": 0.6, "redirects": 1000})
    assert refused_from(leads_on, tmp_path / "in", rules).code == "link_too_slow"


def test_a_name_server_that_does_not_answer(tmp_path: Path) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return [A]

    async def story() -> None:
        fetcher = Fetcher(SMALL.model_copy(update={"silent_s": 0.1}), resolve=resolve, network=Internet({}))
        assert (await refused(fetcher, "http://a.example/x", tmp_path / "in")).code == "link_unknown_host"

    tale(story())


# --- several at once, and the end ---


def test_only_so_many_are_fetched_at_once(tmp_path: Path) -> None:
    arrived: list[int] = []

    async def story() -> None:
        free = asyncio.Event()

        async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.append(1)
            await free.wait()
            writer.write(head("Content-Length: 5") + b"hello")
            await writer.drain()

        async with raw(waits) as port:
            fetcher = Fetcher(SMALL, resolve=Names(), network=Internet({A: port}))
            url = "http://a.example/x"
            fetches = [asyncio.create_task(fetcher.fetch(url, tmp_path / str(n), field="audio_url")) for n in range(5)]
            while len(arrived) < 2:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert len(arrived) == 2
            free.set()
            assert [fetched.size for fetched in await asyncio.gather(*fetches)] == [5] * 5
            assert len(arrived) == 5

    tale(story())


@pytest.mark.parametrize("how", ["cancelled", "closed"])
def test_what_is_broken_off_leaves_nothing_behind(how: str, tmp_path: Path) -> None:
    async def story() -> None:
        gone = asyncio.Event()

        async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head("Content-Type: audio/mpeg") + SOUND)
            await writer.drain()
            await reader.read()
            gone.set()

        to = tmp_path / "in"
        async with raw(half) as port:
            fetcher = Fetcher(SMALL.model_copy(update=LONG), resolve=Names(), network=Internet({A: port}))
            fetch = asyncio.create_task(fetcher.fetch("http://a.example/x", to, field="audio_url"))
            while not to.exists():
                await asyncio.sleep(0.01)
            if how == "cancelled":
                fetch.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await fetch
            else:
                await fetcher.close()
                with pytest.raises(Refusal) as caught:
                    await fetch
                assert caught.value.code == "house_closing"
                assert (await refused(fetcher, "http://a.example/x", to)).code == "house_closing"
            assert not to.exists()
            await asyncio.wait_for(gone.wait(), 10)

    tale(story())


def test_a_full_disk_is_no_fault_of_the_link(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")

    class Full(type(tmp_path)):  # type: ignore[misc]
        def open(self, *args: Any, **kwargs: Any) -> Any:
            super().open("wb").close()
            return full.open("wb", buffering=0)

    async def story() -> None:
        async with raw(says(head("Content-Length: 5"), b"hello")) as port:
            fetcher = Fetcher(SMALL, resolve=Names(), network=Internet({A: port}))
            assert (await refused(fetcher, "http://a.example/x", Full(tmp_path / "in"))).code == "disk_full"

    tale(story())


def test_nothing_secret_of_a_link_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the query nor where it leads on to, even where everything is logged."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINSTREL_LOG_LEVEL", "DEBUG")
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpcore")

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/x":
            raise web.HTTPFound(f"/y?key={SECRET}", headers={"Set-Cookie": f"id={SECRET}"})
        return web.Response(body=SOUND, content_type="audio/mpeg", headers={"X-Key": SECRET})

    async def story() -> None:
        async with site(answer) as port:
            fetched, _ = await fetched_from(port, tmp_path / "in", f"/x?key={SECRET}")
            logging.getLogger("test").debug("fetched %s", fetched)

    def command(settings: Any, args: argparse.Namespace) -> int:
        tale(story())
        return 0

    assert guarded(command, argparse.Namespace(command="serve", json=False)) == 0
    assert "fetched" in caplog.text
    assert SECRET not in caplog.text


# --- certificates ---

Certified = Callable[[str], ssl.SSLContext]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority of our own, `ca.pem`."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here, which makes the certificates")
    folder = tmp_path_factory.mktemp("tls")
    _openssl(folder, "req -x509 -subj /CN=ca -keyout ca.key -out ca.pem -addext keyUsage=critical,keyCertSign")
    return folder


@pytest.fixture
def certified(authority: Path, monkeypatch: pytest.MonkeyPatch) -> Certified:
    """Makes a server's certificate for a name, signed by an authority that is trusted here."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))

    def make(name: str) -> ssl.SSLContext:
        _openssl(
            authority,
            f"req -x509 -subj /CN={name} -addext subjectAltName=DNS:{name} -addext basicConstraints=CA:FALSE "
            f"-CA ca.pem -CAkey ca.key -keyout {name}.key -out {name}.pem",
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority / f"{name}.pem", authority / f"{name}.key")
        return context

    return make


def _openssl(folder: Path, words: str) -> None:
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(["openssl", *words.split(), *key], cwd=folder, check=True, capture_output=True)


def test_a_certificate_is_held_against_the_name_and_not_the_address(tmp_path: Path, certified: Certified) -> None:
    hello = says(head("Content-Length: 5"), b"hello")

    async def story() -> None:
        async with raw(hello, certified("a.example")) as port:
            network = Internet({A: port, B: port})
            fetcher = Fetcher(SMALL, resolve=Names(), network=network)
            fetched = await fetcher.fetch("https://a.example/x.mp3", tmp_path / "in", field="audio_url")
            assert (fetched.size, network.asked) == (5, [A])
            refusal = await refused(fetcher, "https://b.example/x.mp3", tmp_path / "other")
            assert (refusal.code, refusal.params) == ("link_unreachable", {"certificate": True})

    tale(story())


def test_a_certificate_that_nobody_signed_is_not_believed(
    tmp_path: Path, certified: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = certified("a.example")
    monkeypatch.delenv("SSL_CERT_FILE")

    async def story() -> Refusal:
        async with raw(says(head("Content-Length: 5"), b"hello"), context) as port:
            return await refused(
                Fetcher(SMALL, resolve=Names(), network=Internet({A: port})), "https://a.example/", tmp_path / "in"
            )

    assert tale(story()).params == {"certificate": True}
