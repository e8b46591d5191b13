"""A stand-in for the model hub on loopback: the routes that a fetch needs, and trouble on demand.

As on the real one, large files come from another host, to which the way is shown by a redirect.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from pathlib import Path
from urllib.parse import unquote, urlsplit

LARGE = 10_000
LISTING = re.compile(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?")
FILE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


@dataclass
class Repository:
    """One that people can fetch: its files, and what is wrong with it."""

    files: dict[str, bytes]
    revision: str
    tag: str = ""
    gated: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    """What the listing says in place of the true size."""


@dataclass(frozen=True)
class Asked:
    """A request for a file: from which byte on, and whether it came with a token; `host` as the client called it."""

    path: str
    begin: int
    token: bool
    host: str


class Hub:
    """`url` is what `HF_ENDPOINT` is to be. Trouble: `status` answers everything with that number; the next file
    of more than `cut_after` bytes is cut there, and from then on `status_after_cut` answers; the last byte of `wrong`
    files is another one; files of `more` come with so many bytes more than the listing says. `at_cut` is called
    between the bytes and the cut. `asked` are the requests for files, `sent` the most bytes one of them was sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.repositories: dict[str, Repository] = {}
        self.asked: list[Asked] = []
        self.status: int | None = None
        self.cut_after: int | None = None
        self.status_after_cut: int | None = None
        self.at_cut: Callable[[], object] = lambda: None
        self.wrong: set[str] = set()
        self.more: dict[str, int] = {}
        self.sent = 0

    def publish(self, name: str, folder: Path, **more: bytes) -> Repository:
        """The files of `folder` as the repository `name`, with `more` beside them."""
        files = {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}
        return self.offer(name, files | more)

    def offer(self, name: str, files: dict[str, bytes]) -> Repository:
        """The repository `name` at the next commit."""
        commit = _git(repr(sorted((path, _git(data)) for path, data in files.items())).encode())
        self.repositories[name] = Repository(files, commit)
        return self.repositories[name]

    def begins(self, path: str) -> list[int]:
        """From where on each request for `path` began, in order."""
        return [asked.begin for asked in self.asked if asked.path == path]


@contextmanager
def open_hub() -> Iterator[Hub]:
    """A hub that answers until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    hub = Hub(f"http://127.0.0.1:{server.server_port}")
    server.hub = hub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> Hub:
        hub = self.server.hub  # type: ignore[attr-defined]
        assert isinstance(hub, Hub)
        return hub

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is for its own words."""

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if self.hub.status is not None:
            self._say(self.hub.status, b"{}")
        elif found := LISTING.fullmatch(path):
            self._listing(found[1], found[2])
        elif found := FILE.fullmatch(path):
            self._file(found[1], found[2], found[3])
        else:
            self._say(404, b"")

    def _listing(self, name: str, revision: str | None) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            self._say(401, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif repository.gated and "Authorization" not in self.headers:
            self._say(401, b"{}", {"X-Error-Code": "GatedRepo"})
        elif revision not in (None, "main", repository.revision, repository.tag):
            self._say(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            siblings = [_sibling(path, data, repository) for path, data in repository.files.items()]
            self._say(200, json.dumps({"id": name, "sha": repository.revision, "siblings": siblings}).encode())

    def _file(self, name: str, revision: str, path: str) -> None:
        repository = self.hub.repositories[name]
        data = repository.files[path]
        begin = int((self.headers.get("Range") or "bytes=0-")[6:].partition("-")[0])
        host = self.headers["Host"].partition(":")[0]
        headers = {"X-Repo-Commit": repository.revision, "ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
        if len(data) > LARGE and host == "127.0.0.1":
            elsewhere = self.hub.url.replace("127.0.0.1", "localhost")
            self._say(302, b"", {"Location": f"{elsewhere}/{name}/resolve/{revision}/{path}", **headers})
            return
        self.hub.asked.append(Asked(path, begin, "Authorization" in self.headers, host))
        if path in self.hub.wrong:
            data = data[:-1] + bytes([data[-1] ^ 1])
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        cut = self.hub.cut_after
        if cut is not None and len(data) - begin > cut:
            self.hub.cut_after, self.hub.status = None, self.hub.status_after_cut
        else:
            cut = None
        if more := self.hub.more.get(path):
            self._flood(data, more)
        else:
            self._say(206 if begin else 200, data[begin:], headers, cut)

    def _flood(self, data: bytes, more: int) -> None:
        """Send `data` and so many bytes more, without a word about how many."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.hub.sent = 0
        with suppress(OSError):
            for piece in (data, *repeat(bytes(10_000), more // 10_000)):
                self.wfile.write(piece)
                self.hub.sent += len(piece)
        self.close_connection = True

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:cut])
        if cut is not None:
            self.wfile.flush()
            self.hub.at_cut()
            self.close_connection = True


def _sibling(path: str, data: bytes, repository: Repository) -> dict[str, object]:
    size = repository.sizes.get(path, len(data))
    if len(data) > LARGE:
        sha = hashlib.sha256(data).hexdigest()
        return {
            "rfilename": path,
            "size": size,
            "blobId": "0" * 40,
            "lfs": {"sha256": sha, "size": size, "pointerSize": 134},
        }
    return {"rfilename": path, "size": size, "blobId": _git(data)}


def _git(data: bytes) -> str:
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()
