"""The converter of this machine: one short-lived process for each file, so that whoever serves files loads no sound."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from engine.pool.guard import end_group
from engine.pool.process import ROOT, environment
from engine.spec import EngineError
from engine.spec.plan import Value

COMMAND = (sys.executable, "-m", "engine.audio.converting_child")
LONGEST_CAUSE = 2000


class _Said(Value):
    """What a process says: nothing, or what was wrong."""

    wrong: str = ""
    permanent: bool = False
    cause: str = ""


class LocalConverter:
    """Implements `workflows.downloads.Converter`: a process for each file, at most `at_once` of them.

    A process, and each that it starts, gets `memory_mb` (2^20 bytes) of address space and `time_s` seconds: enough for
    the longest song there is, even while every core makes music.
    """

    def __init__(self, *, memory_mb: int = 3000, time_s: float = 300, at_once: int = 2) -> None:
        self._memory_mb, self._time_s = memory_mb, time_s
        self._turns = asyncio.Semaphore(at_once)
        self._running: set[asyncio.subprocess.Process] = set()
        self._closed = False

    async def convert(self, source: Path, target: Path, form: str, bit_rate: int | None = None) -> None:
        """Write `source`, a file made here, as `form` to `target`, with its tags and picture: whole or not at all.

        Raises `EngineError`: `disk_full`, `decode_failed`, `encode_failed`, `converter_failed`.
        """
        async with self._turns:
            if self._closed:
                raise EngineError("converter_failed", permanent=False, cause="it is closed")
            limits = (str(self._memory_mb), str(self._time_s))
            said = await self._asked(str(source.absolute()), str(target.absolute()), form, str(bit_rate or ""), *limits)
        if said.wrong:
            raise EngineError(said.wrong, permanent=said.permanent, cause=said.cause[:LONGEST_CAUSE])

    async def close(self) -> None:
        """End every process, and start no more. Who waits for one gets `converter_failed`."""
        self._closed = True
        await asyncio.gather(*(_end(process) for process in self._running))

    async def _asked(self, *arguments: str) -> _Said:
        """What a process of its own says, once it has ended."""
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, *arguments,
                cwd=ROOT, env=environment(), start_new_session=True, stdin=pipe, stdout=pipe, stderr=pipe,
            )  # fmt: skip
        except OSError as error:
            raise EngineError("converter_failed", permanent=False, cause=f"it did not start: {error}") from error
        self._running.add(process)
        try:
            async with asyncio.timeout(self._time_s):
                answer, complaints = await _heard(process)
        except TimeoutError:
            raise EngineError("converter_failed", permanent=False, cause="it took too long") from None
        finally:
            self._running.discard(process)
            await asyncio.shield(_end(process))
        if process.returncode != 0:
            cause = complaints[-LONGEST_CAUSE:].decode(errors="replace")
            raise EngineError("converter_failed", permanent=False, cause=f"it ended with {process.returncode}: {cause}")
        try:
            return _Said.model_validate_json(answer)
        except ValidationError as error:
            raise EngineError("converter_failed", permanent=False, cause=f"not an answer: {error}") from error


async def _heard(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """All that `process` says and complains of until it ends. Its stdin stays open, for it hangs on that."""
    said, complained = cast(asyncio.StreamReader, process.stdout), cast(asyncio.StreamReader, process.stderr)
    answer, complaints = await asyncio.gather(said.read(), complained.read())
    await process.wait()
    return answer, complaints


async def _end(process: asyncio.subprocess.Process) -> None:
    """End `process`, if it hasn't. What it had started, its guard ends."""
    # Its number stays its own until it is known how it ended.
    if process.returncode is None:
        end_group(process.pid)
        await process.wait()
