"""Downloads over HTTP: a song by its signed link against the same file sent by Starlette alone.

One process serves both, each on a port of its own, so that both have the same machine in the same minute. Eight clients
fetch the file again and again, in turns from the one and from the other; what counts is the median of the turns. Beside
it: pieces as players ask for them, and how long somebody waits who is the first to want a song as MP3.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from bench.table import Row, arguments, show

CLIENTS = 8
# A song of three minutes as FLAC, and what a player asks for at once.
SIZE, PIECE = 30_000_000, 65_536
TARGET = 0.8
MINUTE_S = 60


def downloads(quick: bool) -> list[Row]:
    """The rows of this benchmark."""
    rounds, each = (5, 2) if quick else (15, 4)
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as urls:
        ours, bare = urls["ours"], urls["bare"]
        _together(ours, 1), _together(bare, 1)
        turns = [(_speed(ours, each), _speed(bare, each)) for _ in range(rounds)]
        pieces = [_rate(ours), _rate(bare)]
        begin = time.perf_counter()
        size = _fetch(urls["minute"], 1)
        first_s = time.perf_counter() - begin
        if not 600_000 < size < 6_000_000:
            raise RuntimeError(f"a minute of MP3 has {size} bytes")
    ratio = median(mine / theirs for mine, theirs in turns)
    return [
        Row("download / Starlette's FileResponse", ratio, "x", TARGET, "ratio", ratio >= TARGET),
        Row("download, 8 clients", median(mine for mine, _ in turns) / 1e6, "MB/s", None, "absolute", ok=True),
        Row("FileResponse, 8 clients", median(theirs for _, theirs in turns) / 1e6, "MB/s", None, "absolute", ok=True),
        Row("download, pieces of 64 KiB", pieces[0], "/s", None, "absolute", ok=True),
        Row("FileResponse, pieces of 64 KiB", pieces[1], "/s", None, "absolute", ok=True),
        Row("first download of a minute as MP3", first_s, "s", None, "absolute", ok=True),
    ]


def _speed(url: str, times: int) -> float:
    """Bytes a second of all clients together."""
    begin = time.perf_counter()
    size = _together(url, times)
    return size / (time.perf_counter() - begin)


def _rate(url: str, times: int = 100) -> float:
    """Pieces a second of all clients together."""
    begin = time.perf_counter()
    _together(url, times, piece=True)
    return CLIENTS * times / (time.perf_counter() - begin)


def _together(url: str, times: int, *, piece: bool = False) -> int:
    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(lambda _: _fetch(url, times, piece=piece), range(CLIENTS)))


def _fetch(url: str, times: int, *, piece: bool = False) -> int:
    """Fetch it so often over one connection; how many bytes came. What comes is looked at no further: any library
    would take longer than the server."""
    parts, count, room = urlsplit(url), 0, memoryview(bytearray(1 << 20))
    wanted = f"Range: bytes={PIECE}-{2 * PIECE - 1}\r\n" if piece else ""
    with socket.create_connection((parts.hostname, parts.port)) as line:
        for _ in range(times):
            line.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: here\r\n{wanted}\r\n".encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += line.recv(1 << 16)
            head, _, begun = head.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            if head[9:12] not in (b"200", b"206") or length is None:
                raise RuntimeError(head.decode(errors="replace"))
            left = int(length[1]) - len(begun)
            count += int(length[1])
            while left:
                left -= line.recv_into(room[: min(left, len(room))])
    return count


@contextmanager
def _server(folder: Path) -> Iterator[dict[str, str]]:
    """The addresses at which a process of its own serves."""
    command = (sys.executable, "-m", "bench.api_downloads", "--serve", str(folder))
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        yield json.loads(server.stdout.readline())
    finally:
        server.stdin.close()
        server.wait()


def serve(folder: Path) -> None:
    """Serve both until stdin ends; say where on stdout."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import FileResponse
    from starlette.routing import Route

    from bot.front_door import listening
    from engine.audio.encode import encode
    from tests.fakes.tune import RATE, tune
    from tests.integration.web_house import WebHouse, web_house

    plain, minute = folder / "plain.flac", encode(tune(MINUTE_S), RATE, folder / "minute.flac")
    plain.write_bytes(os.urandom(SIZE))

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as client:
            links = [await _made(web, client, file) for file in (plain, minute)]

        def bare(_request: Request) -> FileResponse:
            return FileResponse(plain, media_type="audio/flac")

        other = Starlette(routes=[Route("/plain.flac", bare)])
        async with listening("127.0.0.1", 0, web._app) as port, listening("127.0.0.1", 0, other) as beside:
            here = f"http://127.0.0.1:{port}"
            places = {
                "ours": here + urlsplit(links[0]["flac"]).path,
                "minute": here + urlsplit(links[1]["mp3"]).path,
                "bare": f"http://127.0.0.1:{beside}/plain.flac",
            }
            print(json.dumps(places), flush=True)
            await asyncio.to_thread(sys.stdin.read)

    web_house(folder).run(story)


async def _made(web: Any, client: Any, file: Path) -> dict[str, str]:
    """The links of a finished song whose sound is `file`."""
    from sqlmodel import select

    from storage import blobs
    from storage.tables import TrackFile

    job = (await client.post("/api/v1/music/text2music", json={"prompt": "blues", "duration": 30})).json()["id"]
    await web.work()
    blob = web.house.blobs.put(file, "flac")
    [track] = (await web.house.job(job)).tracks

    def change(session: Any) -> None:
        blobs.record(session, blob, now=1)
        of_it = (TrackFile.track_id == track.id, TrackFile.kind == "audio")
        session.exec(select(TrackFile).where(*of_it)).one().digest = blob.digest

    await web.house.db.awrite(change)
    links: dict[str, str] = (await client.get(f"/api/v1/music/jobs/{job}/status")).json()["output_urls"]
    return links


def main() -> None:
    args = arguments(__doc__ or "")
    show(downloads(args.quick), as_object=args.json)


if __name__ == "__main__":
    if "--serve" in sys.argv:
        serve(Path(sys.argv[-1]))
    else:
        main()
