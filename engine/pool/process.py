"""One engine process as the front sees it: started, spoken to, listened to, ended with all that it started."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Self, cast

import psutil
from pydantic import ValidationError

from engine.pool import wire
from engine.pool.guard import end_group
from engine.spec import EngineError
from engine.spec.plan import Value

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "engine.pool.child")
LAST_LINES = 40
LONGEST_LINE = 4096
LINGER_S = 1.0
# One thread each: engines run side by side, one a core, and threads beyond that only get in each other's way.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
# Libraries of models ask their hub for news wherever they may; an engine works with what is here.
OFFLINE = {"HF_HUB_OFFLINE": "1"}
# Notes are made and thrown away by the thousand: what glibc gives back to the system is fetched again a moment later,
# page by page. It keeps this much, and a song takes a twentieth less time.
KEEPING = {"MALLOC_TRIM_THRESHOLD_": str(128 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}
# The last two are the keys of the model hub.
OURS = ("MINSTREL_", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def environment() -> dict[str, str]:
    """What a process that plays a model knows of ours: no setting and no key of this house."""
    theirs = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return KEEPING | theirs | ONE_THREAD | OFFLINE


class EngineProcess(asyncio.SubprocessProtocol):
    """Made by `start`. After `end` nothing of it is left."""

    def __init__(self) -> None:
        self._transport: asyncio.SubprocessTransport
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._unread: dict[int, bytes] = {1: b"", 2: b""}
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        self._verdict: EngineError | None = None
        self._gone = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self.ready = False

    @classmethod
    async def start(cls, load: wire.Load) -> Self:
        """Start a process that will be the engine of `load`. Raises `EngineError` (`engine_crashed`).

        It gets none of our own settings from the environment: secrets are no business of an engine's.
        """
        loop = asyncio.get_running_loop()
        try:
            _, process = await loop.subprocess_exec(cls, *COMMAND, cwd=ROOT, env=environment(), start_new_session=True)
        except OSError as error:
            raise EngineError("engine_crashed", permanent=False, cause=f"it did not start: {error}") from error
        process.send(load)
        return process

    @property
    def pid(self) -> int:
        return self._transport.get_pid()

    @property
    def alive(self) -> bool:
        return self._verdict is None and self._transport.get_returncode() is None

    def send(self, message: Value) -> None:
        """Say `message`; to a dead process, nothing happens."""
        stdin = cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0))
        if not stdin.is_closing():
            stdin.write(wire.line(message))

    async def receive(self) -> wire.Up:
        """The next message. Raises `EngineError` once the process has ended: `kill`'s verdict, or `engine_crashed`.

        Cancelling it loses no message.
        """
        line = await self._lines.get()
        if line is None:
            raise self._verdict or EngineError("engine_crashed", permanent=False, cause=self._obituary())
        try:
            return wire.read_up(line)
        except ValidationError as error:
            raise EngineError("engine_failed", permanent=False, cause=f"not a message: {error}") from error

    def memory_mb(self) -> float:
        """Resident memory in MB of 2^20 bytes, with that of what it started. Reads many small files: use a thread."""
        return sum(_resident(process) for process in _family(self.pid)) / 2**20

    def kill(self, verdict: EngineError | None = None) -> None:
        """Kill the process and what it started. `verdict` is what `receive` raises at the end; the first one counts."""
        if self._gone.is_set():
            # By now its number may be another's.
            return
        self._verdict = self._verdict or verdict
        family = _family(self.pid) if self._transport.get_returncode() is None else []
        end_group(self.pid)
        for process in family:
            # One that left the group to live on its own.
            _kill(process)

    async def end(self) -> None:
        """Kill it if it lives, and wait until it is gone."""
        self.kill()
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, self._unread[fd] = (self._unread[fd] + data).split(b"\n")
        if fd == 1:
            for line in lines:
                self._lines.put_nowait(line)
            return
        self._unread[2] = self._unread[2][-LONGEST_LINE:]
        for line in lines:
            text = line[-LONGEST_LINE:].decode(errors="replace")
            self._said.append(text)
            log.info("engine %d: %s", self.pid, text)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        # One that can't speak any more is of no use; mostly it is about to exit, and may say with which code.
        if fd == 1 and self._transport.get_returncode() is None:
            self._later(self.kill)

    def process_exited(self) -> None:
        self.kill()
        # A process that got away from the group may hold the pipes open.
        self._later(self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """It has exited, and everything it said is in."""
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()
        self._lines.put_nowait(None)
        self._gone.set()

    def _later(self, act: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(LINGER_S, act)

    def _obituary(self) -> str:
        code = self._transport.get_returncode() or 0
        how = f"signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"exit code {code}"
        return "\n".join([how, *self._said])


def _family(pid: int) -> list[psutil.Process]:
    try:
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _resident(process: psutil.Process) -> int:
    """Bytes that only the process itself can give back: pages of files (long songs are mixed in one) don't count."""
    try:
        memory = process.memory_info()
        return int(memory.rss - getattr(memory, "shared", 0))
    except psutil.NoSuchProcess:
        return 0


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
