"""The decoder of this machine: one short-lived process for each stranger's file, with limits."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import psutil
from pydantic import Field, ValidationError

from engine.pool.guard import end_group
from engine.pool.ours import RATE, duration_of, require_png
from engine.pool.process import ONE_THREAD, ROOT
from engine.spec import Decoded, EngineError
from engine.spec.fields import Text
from engine.spec.plan import Value

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "engine.audio.foreign.child")
FILE_MB = 10**6
LOOK_EVERY_S = 0.01
# All that a child is told of the environment: others keep their secrets there, too.
TOLD = re.compile(r"PATH|(LD|DYLD)_\w+|LANG|LC_\w+|TZ|TMPDIR|PYTHON\w+|IMAGEIO_FFMPEG_EXE")
# What a child says, and what is kept of its complaints.
LONGEST_ANSWER, LONGEST_CAUSE = 2**18, 2000
TITLE, LYRICS = 120, 20_000


class _Said(Value):
    """A child's answer. What it says is as much worth as the file that it read: everything is checked and cut."""

    kind: str = Field("", max_length=16, pattern="^[a-z0-9]*$")
    duration: float = Field(0, ge=0, allow_inf_nan=False)
    sample_rate: int = Field(0, ge=0, le=10**6)
    channels: int = Field(0, ge=0, le=2**16)
    peak: float = Field(0, ge=0, allow_inf_nan=False)
    title: str = ""
    artist: str = ""
    lyrics: str = ""
    wrong: str = ""
    cause: str = ""
    length: float | None = Field(None, ge=0, allow_inf_nan=False)
    peak_mb: float = Field(0, ge=0, allow_inf_nan=False)


class LocalDecoder:
    """Implements `engine.spec.Decoder`: a process for each file, at most `at_once` of them.

    A process, and each that it starts, gets `memory_mb` (2^20 bytes) of address space and `time_s` seconds, may write
    only to a folder that is gone afterwards, and where the kernel knows how (Landlock) may read nothing of ours and
    connect to nothing. Files of more than `most_mb` (10^6 bytes) are not opened, sound of more than `most_s` seconds is
    refused.
    """

    def __init__(
        self,
        *,
        memory_mb: int = 700,
        time_s: float = 60,
        most_s: float = 600,
        most_mb: float = 200,
        at_once: int = 2,
    ) -> None:
        self._memory_mb, self._time_s, self._most_s, self._most_mb = memory_mb, time_s, most_s, most_mb
        self._turns = asyncio.Semaphore(at_once)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False
        self.peak_mb = 0.0
        """The most memory that one of its processes said it held, in MB of 2^20 bytes."""

    async def decode(self, file: Path, to: Path) -> Decoded:
        """Write the sound of `file` to `to`, whole or not at all: FLAC, 48 kHz, stereo, 24 bit. See `make_ours`.

        Raises `EngineError`, permanent: `audio_unknown`, `audio_unreadable`, `audio_none`, `audio_too_long` (`most` and
        perhaps `length` in seconds), `audio_too_short`, `audio_silent`, `audio_broken`, `audio_too_hard` (`memory_mb`,
        `time_s`), `audio_too_big` (`size_mb`, `most_mb`); passing: `decoder_failed`, `disk_full`.
        """
        async with self._made("sound", file, to) as (said, ours):
            return self._taken(said, ours, to)

    async def picture(self, file: Path, to: Path) -> None:
        """Write the picture in `file` to `to`, whole or not at all: a square PNG of at most 1024 pixels a side.

        Raises `EngineError`, permanent: `picture_unknown`, `picture_unreadable`, `picture_too_large`, `audio_too_big`;
        passing: `decoder_failed`, `disk_full`.
        """
        async with self._made("picture", file, to) as (said, ours):
            if said.wrong == "audio_too_hard":
                raise EngineError("picture_too_large", permanent=True, cause=said.cause[:LONGEST_CAUSE])
            if said.wrong:
                raise self._error(said)
            try:
                require_png(ours)
                ours.replace(to)
            except (OSError, ValueError) as error:
                raise EngineError("decoder_failed", permanent=False, cause=f"not our PNG: {error}") from error

    async def close(self) -> None:
        """End every process, and start no more. Who waits for one gets `decoder_failed`."""
        self._closed = True
        for process in self._running:
            end_group(process.pid)
        while self._running:
            await asyncio.sleep(LOOK_EVERY_S)

    @asynccontextmanager
    async def _made(self, what: str, file: Path, to: Path) -> AsyncIterator[tuple[_Said, Path]]:
        """What a process says of `file`, and what it wrote, which is beside `to` and gone afterwards."""
        async with self._turns:
            if self._closed:
                raise EngineError("decoder_failed", permanent=False, cause="it is closed")
            self._judge(file)
            try:
                folder = Path(tempfile.mkdtemp(prefix=".decoding-", dir=to.parent))
            except OSError as error:
                raise EngineError("decoder_failed", permanent=False, cause=str(error)) from error
            try:
                yield await self._asked(what, file.absolute(), folder), folder / "ours"
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _judge(self, file: Path) -> None:
        """Raises `EngineError` where `file` is not one that a process may be started for."""
        try:
            found = file.lstat()
        except OSError as error:
            raise EngineError("decoder_failed", permanent=False, cause=str(error)) from error
        if not stat.S_ISREG(found.st_mode):
            raise EngineError("audio_unknown", permanent=True, cause=f"mode {found.st_mode:o}")
        if found.st_size > self._most_mb * FILE_MB:
            raise EngineError(
                "audio_too_big", permanent=True, size_mb=math.ceil(found.st_size / FILE_MB), most_mb=self._most_mb
            )

    async def _asked(self, what: str, file: Path, folder: Path) -> _Said:
        """What a process of its own says about `file`, read as `what`, once nothing is left of it."""
        limits = (str(self._memory_mb), str(self._time_s), str(self._most_s))
        env = {name: value for name, value in os.environ.items() if TOLD.fullmatch(name)} | ONE_THREAD
        with tempfile.TemporaryFile() as answers, tempfile.TemporaryFile() as complaints:
            try:
                process = subprocess.Popen(
                    [*COMMAND, what, str(file), str(folder), *limits],
                    cwd=ROOT, env=env, start_new_session=True,
                    stdin=subprocess.PIPE, stdout=answers, stderr=complaints,
                )  # fmt: skip
            except OSError as error:
                raise EngineError("decoder_failed", permanent=False, cause=f"it did not start: {error}") from error
            late = not await self._watched(process)
            cause = _end_of(complaints)
            if late or process.returncode == -signal.SIGXCPU:
                raise self._too_hard(f"it took too long: {cause}")
            if process.returncode != 0:
                raise EngineError(
                    "decoder_failed", permanent=False, cause=f"it ended with {process.returncode}: {cause}"
                )
            answers.seek(0)
            try:
                said = _Said.model_validate_json(answers.read(LONGEST_ANSWER))
            except ValidationError as error:
                raise EngineError("decoder_failed", permanent=False, cause=f"not an answer: {error}") from error
            self.peak_mb = max(self.peak_mb, said.peak_mb)
            return said

    async def _watched(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether `process` ended in time. Afterwards, however this ends, nothing is left of it."""
        self._running.add(process)
        try:
            async with asyncio.timeout(self._time_s):
                while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
                    await asyncio.sleep(LOOK_EVERY_S)
            return True
        except TimeoutError:
            return False
        finally:
            # Its number stays its own until somebody asks how it ended: what it started goes first.
            end_group(process.pid)
            if process.stdin is not None:
                process.stdin.close()
            process.wait()
            self._running.discard(process)

    def _taken(self, said: _Said, ours: Path, to: Path) -> Decoded:
        """What a child says, believed as far as its file bears it out; the file goes to `to`."""
        if said.wrong:
            raise self._error(said)
        try:
            duration = duration_of(ours)
            if not 0 < duration <= self._most_s or abs(duration - said.duration) > 1 / RATE:
                raise ValueError(f"{duration} s, and {said.duration} s were said")
            ours.replace(to)
        except (OSError, ValueError) as error:
            raise EngineError("decoder_failed", permanent=False, cause=f"not our FLAC: {error}") from error
        return Decoded(
            kind=said.kind,
            duration=duration,
            sample_rate=said.sample_rate,
            channels=said.channels,
            peak=said.peak,
            title=_plain(said.title, TITLE).replace("\n", " "),
            artist=_plain(said.artist, TITLE).replace("\n", " "),
            lyrics=_plain(said.lyrics, LYRICS),
        )

    def _error(self, said: _Said) -> EngineError:
        cause = said.cause[:LONGEST_CAUSE]
        match said.wrong:
            case "audio_unknown":
                return EngineError("audio_unknown", permanent=True, cause=cause)
            case "audio_unreadable":
                return EngineError("audio_unreadable", permanent=True, cause=cause)
            case "audio_none":
                return EngineError("audio_none", permanent=True, cause=cause)
            case "audio_too_long":
                return EngineError("audio_too_long", permanent=True, cause=cause, most=self._most_s, length=said.length)
            case "audio_too_short":
                return EngineError("audio_too_short", permanent=True, cause=cause)
            case "audio_silent":
                return EngineError("audio_silent", permanent=True, cause=cause)
            case "audio_broken":
                return EngineError("audio_broken", permanent=True, cause=cause)
            case "audio_too_hard":
                return self._too_hard(cause)
            case "picture_unknown":
                return EngineError("picture_unknown", permanent=True, cause=cause)
            case "picture_unreadable":
                return EngineError("picture_unreadable", permanent=True, cause=cause)
            case "picture_too_large":
                return EngineError("picture_too_large", permanent=True, cause=cause)
            case "disk_full":
                return EngineError("disk_full", permanent=False, cause=cause)
        return EngineError("decoder_failed", permanent=False, cause=f"{said.wrong[:LONGEST_CAUSE]}: {cause}")

    def _too_hard(self, cause: str) -> EngineError:
        return EngineError(
            "audio_too_hard", permanent=True, cause=cause, memory_mb=self._memory_mb, time_s=self._time_s
        )


def _end_of(complaints: IO[bytes]) -> str:
    size = complaints.seek(0, os.SEEK_END)
    complaints.seek(max(size - LONGEST_CAUSE, 0))
    return complaints.read(LONGEST_CAUSE).decode(errors="replace")


def _plain(text: str, most: int) -> str:
    return Text(0, most).check(text[:most]) or ""
