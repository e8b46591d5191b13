"""Engines that implement the real protocol at no cost: one that plays a sine, and every way to go wrong.

A pool makes one with the factory `tests.fakes.engines:make`. What it does follows the caption where that is one of
`KINDS`, else the option `kind`. "crash once" goes wrong only the first time that an order of this job comes by.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.spec import (
    Cancelled,
    Capabilities,
    EngineError,
    LineTime,
    Order,
    Plan,
    Request,
    Take,
    TrackFile,
    TrackResult,
    TrackSink,
    WordTime,
)

RATE = 48_000
STEPS = 20


def capabilities() -> Capabilities:
    """Those of every engine here."""
    return Capabilities(
        name="fake",
        tasks=("text2music", "prompt2instrumental"),
        max_duration=600.0,
        max_batch=8,
        sample_rate=RATE,
        stems=("vocals", "drums"),
        languages=("en",),
    )


def make(*, kind: str = "tone", marks: str = "", pace_s: float = 0.02) -> Tone:
    """An engine that does `kind` unless a caption says otherwise.

    `marks`: a folder where "once" is remembered across processes. `pace_s`: seconds between two of its `STEPS` steps,
    for the kinds that take their time.
    """
    if kind == "stillborn":
        raise RuntimeError("this engine can't be made")
    return Tone(kind, Path(marks) if marks else None, pace_s)


class Tone:
    """A sine whose pitch follows the seed, exactly as long as the order says; stems and lyrics where asked for."""

    def __init__(self, kind: str, marks: Path | None, pace_s: float) -> None:
        self.capabilities = capabilities()
        self._kind, self._marks, self._pace_s = kind, marks, pace_s

    def plan(self, spec: Request, order: Order, on_progress: Callable[[float], None]) -> Plan:
        on_progress(1.0)
        seed = getattr(spec, "seed", -1)
        first = order.seed if seed == -1 else seed
        return Plan(
            title=getattr(spec, "display_name", None) or "Tone",
            caption=getattr(spec, "caption", ""),
            lyrics=getattr(spec, "lyrics", ""),
            duration=order.duration,
            bpm=120,
            keyscale="A Minor",
            timesignature="4/4",
            seeds=tuple(first + index for index in range(order.takes)),
            engine="fake",
        )

    def render(self, spec: Request, plan: Plan, order: Order, sink: TrackSink) -> None:
        words = re.fullmatch(r"(\w+)( once)?", plan.caption)
        kind, once = (words[1], bool(words[2])) if words and words[1] in KINDS else (self._kind, False)
        if not once or self._first_time(f"{kind}-{order.job}"):
            sink.progress(0.0)
            KINDS[kind](sink, self._pace_s)
        for index, seed in enumerate(plan.seeds):
            sink.take(_take(index + 1, seed, plan))
            sink.progress((index + 1) / len(plan.seeds))

    def _first_time(self, mark: str) -> bool:
        assert self._marks is not None, "`once` needs the option `marks`"
        try:
            (self._marks / mark).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def package(
    take: Take, *, plan: Plan, spec: Request, workdir: Path, on_step: Callable[[float], None] = lambda _: None
) -> TrackResult:
    """A WAV (16 bit) of the take and nothing else: for tests that are not about files."""
    path = workdir / f"take-{take.index}.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, take.sample_rate, 0, "NONE", ""))
        file.writeframes((take.audio.T * 32767).astype("<i2").tobytes())
    on_step(1.0)
    return TrackResult(
        take=take.index,
        title=plan.title,
        seed=take.seed,
        duration=take.audio.shape[1] / take.sample_rate,
        sample_rate=take.sample_rate,
        channels=2,
        bpm=take.bpm,
        keyscale=take.keyscale,
        timesignature=take.timesignature,
        files=(TrackFile(kind="audio", path=str(path), format="wav"),),
    )


def _take(index: int, seed: int, plan: Plan) -> Take:
    seconds = np.arange(round(plan.duration * RATE)) / RATE
    sine = (0.25 * np.sin(2 * np.pi * (220 + seed % 24 * 20) * seconds)).astype(np.float32)
    audio = np.stack([sine, sine])
    return Take(
        index=index,
        seed=seed,
        audio=audio,
        sample_rate=RATE,
        bpm=plan.bpm,
        keyscale=plan.keyscale,
        timesignature=plan.timesignature,
        stems={"vocals": audio * np.float32(0.5), "drums": audio * np.float32(0.5)},
        lines=_lines(plan),
    )


def _lines(plan: Plan) -> tuple[LineTime, ...]:
    texts = [text for text in plan.lyrics.splitlines() if text.strip() and not text.startswith("[")]
    each = plan.duration / max(len(texts), 1)
    return tuple(
        LineTime(text, number * each, (number + 1) * each, (WordTime(text, number * each, (number + 1) * each),))
        for number, text in enumerate(texts)
    )


def _tone(sink: TrackSink, pace_s: float) -> None:
    """Nothing but the music."""


def _slow(sink: TrackSink, pace_s: float) -> None:
    for step in range(STEPS):
        time.sleep(pace_s)
        sink.progress(step / STEPS)


def _endless(sink: TrackSink, pace_s: float) -> None:
    while True:
        time.sleep(pace_s)
        sink.progress(0.5)


def _stubborn(sink: TrackSink, pace_s: float) -> None:
    while True:
        time.sleep(pace_s)
        try:
            sink.progress(0.5)
        except Cancelled:
            continue


def _crash(sink: TrackSink, pace_s: float) -> None:
    os.write(2, b"about to abort\n")
    os.abort()


def _kill(sink: TrackSink, pace_s: float) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _leave(sink: TrackSink, pace_s: float) -> None:
    raise SystemExit(3)


def _hang(sink: TrackSink, pace_s: float) -> None:
    # With the interpreter's lock held, as a bad extension would.
    ctypes.PyDLL(None).sleep(600)


def _family(sink: TrackSink, pace_s: float) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]):
        _hang(sink, pace_s)


def _hog(sink: TrackSink, pace_s: float) -> None:
    hoard: list[bytearray] = []
    while len(hoard) < 128:
        hoard.append(bytearray(os.urandom(1) * 2**23))
        time.sleep(0.01)
        sink.progress(0.5)
    time.sleep(600)


def _refuse(sink: TrackSink, pace_s: float) -> None:
    raise EngineError("lyrics_unreadable", permanent=True, cause="told to", lines=400)


def _bug(sink: TrackSink, pace_s: float) -> None:
    raise ZeroDivisionError("nobody foresaw this")


def _full(sink: TrackSink, pace_s: float) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _memory(sink: TrackSink, pace_s: float) -> None:
    raise MemoryError


def _garbage(sink: TrackSink, pace_s: float) -> None:
    print('{"kind": "finished", "results": []}', flush=True)  # noqa: T201
    os.write(1, b"\x00\xff not JSON\n" * 1000)
    subprocess.run(["echo", '{"kind": "gave_up"}'], check=True)
    # A program that reads what is on its stdin must not swallow our orders either.
    subprocess.run([sys.executable, "-c", "import sys; sys.stdin.read()"], check=True)


KINDS: dict[str, Callable[[TrackSink, float], None]] = {
    "tone": _tone, "slow": _slow, "endless": _endless, "stubborn": _stubborn, "garbage": _garbage,
    "crash": _crash, "kill": _kill, "leave": _leave, "hang": _hang, "family": _family, "hog": _hog,
    "refuse": _refuse, "bug": _bug, "full": _full, "memory": _memory,
}  # fmt: skip
