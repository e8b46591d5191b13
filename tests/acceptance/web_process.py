"""A real `minstrel serve` that listens on a port of its own choosing, and what a test of its API needs beside it."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.acceptance.studio_cli import Shell, Typist

LISTENS = re.compile(r"http://127\.0\.0\.1:\d+")
# A machine with every core busy takes its time to load everything.
STARTS_S = 90
ENDS_S = 60


@dataclass(frozen=True)
class Served:
    """The house of `shell`, reached at `url`."""

    shell: Shell
    url: str

    def key(self, name: str) -> str:
        """A key for everything, as whoever runs the house makes one."""
        return str(self.shell.json("keys", "create", "--user", name)["key"])


@contextmanager
def served(home: Path, **settings: str) -> Iterator[Served]:
    """Serve until the block ends; nothing may go wrong unseen."""
    shell = Typist(home, settings)
    home.mkdir(parents=True, exist_ok=True)
    said = home / "serve.log"
    with said.open("w") as log:
        process = subprocess.Popen(
            shell.command("serve", "--host", "127.0.0.1", "--port", "0"),
            env=shell.environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield Served(shell, _listening(process, said))
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(ENDS_S)
    assert code == 0, said.read_text()
    assert "Traceback" not in said.read_text()


def _listening(process: subprocess.Popen[bytes], said: Path) -> str:
    deadline = time.monotonic() + STARTS_S
    while (found := LISTENS.search(said.read_text())) is None:
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.05)
    return found[0]


@dataclass(frozen=True)
class Sent:
    """What was sent to somebody: its headers by their names in small letters, and its body to the byte."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Outside:
    """A server of somebody else: `files` are to be had by their names, and what is posted to it is in `sent`."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)

    def link(self, name: str) -> str:
        return f"{self.url}/{name}"


@contextmanager
def outside() -> Iterator[Outside]:
    """Such a server on loopback, until the block ends."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = there.files.get(self.path.removeprefix("/"))
            self._answer(404 if data is None else 200, data or b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            there.sent.append(Sent({name.lower(): value for name, value in self.headers.items()}, body))
            self._answer(200, b"")

        def _answer(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    there = Outside(f"http://127.0.0.1:{listening.server_address[1]}")
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield there
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
