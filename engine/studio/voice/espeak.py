"""The engine's side of the eSpeak NG process: ask for speech, get samples and phonemes."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import select
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[3]
ANSWER_WITHIN_S = 20.0
KEPT_SPEECHES = 128
# A word of more phonemes than eSpeak has room for ends its process: pieces of their names, best cut between syllables.
_PIECE = re.compile(
    r".{1,120}$|.{1,120}(?<=[aiueoEO])(?=[bcdfghjkmnprstvwxzCNRSXZ'])|.{1,120}(?<=[aiueo])(?=[aiueo])|.+"
)


class VoiceUnavailable(Exception):
    """Nobody can sing this here: eSpeak NG is missing or broken, or has no voice for it. `reason` is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _WorkerDied(Exception):
    """The process ended, or no longer answers."""


@dataclass(frozen=True)
class PhoneEvent:
    """A phoneme (IPA, with stress marks; empty for a pause) from `sample` on; `position`: its word's character."""

    sample: int
    symbol: str
    position: int


@dataclass(frozen=True)
class WordEvent:
    """eSpeak starts a word at `sample`: `length` characters from character `position` (the first is 0)."""

    sample: int
    position: int
    length: int


@dataclass(frozen=True, eq=False)
class Speech:
    """What eSpeak said: `pcm` float32 [samples], -1 to 1, `rate` in Hz, and when each phoneme and word starts."""

    pcm: NDArray[np.float32]
    rate: int
    phones: tuple[PhoneEvent, ...]
    words: tuple[WordEvent, ...]


class _Worker:
    """The running process and its pipes."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        if self.process.stdin is None or self.process.stdout is None:
            raise OSError("no pipes")
        self.requests = self.process.stdin
        self.answers = self.process.stdout
        self._unread = b""

    def read_line(self) -> dict[str, Any]:
        """The next answer. Raises `_WorkerDied`."""
        pipe = self.answers.fileno()
        until = time.monotonic() + ANSWER_WITHIN_S
        blocks = [self._unread]
        while b"\n" not in blocks[-1]:
            if not select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
                raise _WorkerDied(f"no answer within {ANSWER_WITHIN_S:.0f} s")
            block = os.read(pipe, 1 << 16)
            if not block:
                raise _WorkerDied("it ended")
            blocks.append(block)
        line, _, self._unread = b"".join(blocks).partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """Close its input, which ends it; kill it where that doesn't."""
        for pipe in (self.requests, self.answers):
            # Closing flushes, and the reader may be gone.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        try:
            self.process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Speaker:
    """Speaks through one eSpeak NG process, started when first needed. Thread safe. Close it, or use it with `with`.

    The same request always gives the same samples, in this process and in any other. Recent answers are kept.
    """

    def __init__(self, command: tuple[str, ...] = (sys.executable, "-m", "engine.studio.voice.espeak_worker")) -> None:
        self._command = command
        self._worker: _Worker | None = None
        self._hello: dict[str, Any] = {}
        self._kept: OrderedDict[tuple[str, str, int, int], Speech] = OrderedDict()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def version(self) -> str:
        """eSpeak NG's version. Raises `VoiceUnavailable`."""
        return str(self._introduced()["version"])

    @property
    def voices(self) -> dict[str, str]:
        """Language tag -> identifier of the voices eSpeak NG has. Raises `VoiceUnavailable`."""
        return dict(self._introduced()["voices"])

    def speak(self, text: str, voice: str, rate: int = 120, pitch: int = 105) -> Speech:
        """Say `text` with a voice (identifier or language tag), at `rate` words a minute, on `pitch` Hz throughout.

        Raises `VoiceUnavailable` where eSpeak NG is missing, lacks the voice, or dies twice over one request.
        """
        identifier = self.voices.get(voice, voice)
        key = (text, identifier, rate, pitch)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            # One line a request: the text may hold no line break.
            request = {"text": " ".join(text.splitlines()), "voice": identifier, "rate": rate, "pitch": pitch}
            speech = _speech(self._ask(request))
            self._kept[key] = speech
            if len(self._kept) > KEPT_SPEECHES:
                self._kept.popitem(last=False)
            return speech

    def close(self) -> None:
        """End the process. A later request starts a new one."""
        with self._lock:
            self._stop()

    def _introduced(self) -> dict[str, Any]:
        with self._lock:
            if not self._hello:
                self._stop()
                self._worker = self._start()
            return self._hello

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        line = json.dumps(request).encode() + b"\n"
        for _ in range(2):
            try:
                return self._exchange(line)
            except _WorkerDied as died:
                self._stop()
                cause = died
        raise VoiceUnavailable(f"eSpeak NG failed twice on the same words: {cause}")

    def _exchange(self, line: bytes) -> dict[str, Any]:
        if self._worker is None or self._worker.process.poll() is not None:
            self._stop()
            self._worker = self._start()
        try:
            self._worker.requests.write(line)
            self._worker.requests.flush()
        except OSError as error:
            raise _WorkerDied(str(error)) from error
        answer = self._worker.read_line()
        if "error" in answer:
            raise VoiceUnavailable(answer["error"])
        return answer

    def _start(self) -> _Worker:
        try:
            worker = _Worker(self._command)
        except OSError as error:
            raise VoiceUnavailable(f"the eSpeak NG process did not start: {error}") from error
        try:
            hello = worker.read_line()
        except _WorkerDied as error:
            worker.stop()
            raise VoiceUnavailable(f"the eSpeak NG process did not start: {error}") from error
        if "error" in hello:
            worker.stop()
            raise VoiceUnavailable(hello["error"])
        self._hello = hello
        return worker

    def _stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()


def phonemic(names: str) -> str:
    """Text that has eSpeak say the phonemes with these names, which are its own, as one word."""
    return " ".join(f"[[{piece}]]" for piece in _PIECE.findall(names))


def _speech(answer: dict[str, Any]) -> Speech:
    samples = np.frombuffer(base64.b64decode(answer["pcm"]), dtype="<i2").astype(np.float32) / np.float32(32768.0)
    samples.flags.writeable = False
    return Speech(
        samples,
        int(answer["rate"]),
        tuple(PhoneEvent(sample, symbol, position - 1) for sample, symbol, position in answer["phones"]),
        tuple(WordEvent(sample, position - 1, length) for sample, position, length in answer["words"]),
    )
