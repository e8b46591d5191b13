"""Engines in processes of their own: what comes back when all is well, and that nothing lasts when it is not."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.audio.encode import decode
from engine.pool.local import LocalPool
from engine.spec import Cancelled, EngineError, EnginePool, Event, Order, Planned, Progressed, Staged, TrackResult
from engine.spec.tasks import Text2Music
from tests.fakes import engines

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0


class Caller:
    """Somebody who ordered: what they heard, and their way to say that they no longer want it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.cancelled = asyncio.Event()
        self.rendering = asyncio.Event()

    async def hear(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Progressed):
            self.rendering.set()


class Desk:
    """Takes orders for a pool of fake engines."""

    def __init__(self, folder: Path, changes: dict[str, Any]) -> None:
        settings: dict[str, Any] = {
            "factory": "tests.fakes.engines:make",
            "options": {"marks": str(folder)},
            "size": 1,
            "memory_mb": 2048,
            "stall_s": PATIENCE_S,
            "capabilities": engines.capabilities(),
            "packager": "tests.fakes.engines:package",
        }
        self.pool: EnginePool = LocalPool(**{**settings, **changes})
        self._folder = folder
        self._orders = 0

    def order(
        self, caption: str, caller: Caller | None = None, *, job: int = 1, duration: float = 1.0, takes: int = 1
    ) -> Coroutine[Any, Any, tuple[TrackResult, ...]]:
        self._orders += 1
        workdir = self._folder / f"order-{self._orders}"
        workdir.mkdir()
        spec = Text2Music(caption=caption, batch_size=takes, display_name="A Tone").model_dump(mode="json")
        order = Order(job=job, spec=spec, duration=duration, takes=takes, seed=7, workdir=str(workdir))
        caller = caller or Caller()
        return self.pool.run(order, on_event=caller.hear, cancelled=caller.cancelled)


@asynccontextmanager
async def desk(folder: Path, **changes: Any) -> AsyncIterator[Desk]:
    """A desk whose pool leaves nothing behind."""
    at = Desk(folder, changes)
    try:
        yield at
    finally:
        everyone = psutil.Process().children(recursive=True)
        await at.pool.stop(0)
        assert not psutil.Process().children(), "the pool left a process, or a zombie"
        wait_until_gone(everyone)


def engine_process() -> psutil.Process:
    """The only engine that runs."""
    (process,) = psutil.Process().children()
    return process


def runs(process: psutil.Process) -> bool:
    """Whether it does. What waits for the system's first process to collect it does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until_gone(processes: list[psutil.Process]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while left := [process for process in processes if runs(process)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_takes_come_back_as_files_of_the_asked_length(tmp_path: Path) -> None:
    async def story() -> tuple[TrackResult, ...]:
        async with desk(tmp_path, packager="engine.audio.package:package") as at:
            return await at.order("calm", duration=2.5, takes=2)

    results = asyncio.run(story())
    assert [(result.take, result.seed, result.title) for result in results] == [(1, 7, "A Tone"), (2, 8, "A Tone")]
    songs = []
    for result in results:
        song = next(Path(file.path) for file in result.files if file.kind == "audio" and file.format == "flac")
        audio, rate = decode(song)
        assert (rate, audio.shape) == (48_000, (2, 120_000))
        songs.append(audio.tobytes())
    assert songs[0] != songs[1]


def test_events_come_in_order(tmp_path: Path) -> None:
    caller = Caller()

    async def story() -> None:
        async with desk(tmp_path) as at:
            await at.order("slow", caller, takes=2)

    asyncio.run(story())
    stages = [event.stage for event in caller.events if isinstance(event, Staged)]
    assert stages == ["planning", "rendering", "encoding", "rendering", "encoding"]
    assert isinstance(caller.events[1], Planned)
    assert caller.events[1].plan.seeds == (7, 8)
    fractions = [event.fraction for event in caller.events if isinstance(event, Progressed)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert len(fractions) < engines.STEPS, "not every step is worth a message"


def test_a_process_starts_with_the_first_order_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINSTREL_SLACK_SIGNING_SECRET", "shh")
    monkeypatch.setenv("HF_TOKEN", "hf_shh")

    async def story() -> None:
        async with desk(tmp_path, size=2) as at:
            assert not psutil.Process().children()
            await at.order("calm")
            first = engine_process()
            secrets = [name for name in first.environ() if name.startswith(("MINSTREL_", "HF_TOKEN"))]
            assert not secrets, "an engine needs none"
            await at.order("calm")
            assert engine_process() == first

    asyncio.run(story())


def test_engines_work_side_by_side_and_what_is_too_much_waits(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path, size=2) as at:
            one, two, three = Caller(), Caller(), Caller()
            orders = [asyncio.create_task(at.order("endless", caller)) for caller in (one, two, three)]
            await one.rendering.wait()
            await two.rendering.wait()
            assert len(psutil.Process().children()) == 2
            assert three.events == []
            three.cancelled.set()
            with pytest.raises(Cancelled):
                await orders[2]
            fourth = asyncio.create_task(at.order("calm"))
            one.cancelled.set()
            assert len(await fourth) == 1
            two.cancelled.set()
            assert [type(end) for end in await asyncio.gather(*orders, return_exceptions=True)] == [Cancelled] * 3

    asyncio.run(story())


@pytest.mark.parametrize(
    ("caption", "changes", "code", "permanent", "cause"),
    [
        ("crash", {}, "engine_crashed", False, "about to abort"),
        ("kill", {}, "engine_crashed", False, "signal 9 (Killed)"),
        ("leave", {}, "engine_crashed", False, "exit code 3"),
        ("hang", {"stall_s": 2}, "engine_stalled", False, "silent for 2 s"),
        ("family", {"stall_s": 2}, "engine_stalled", False, "silent for 2 s"),
        ("hog", {"memory_mb": 256}, "engine_out_of_memory", False, "256 MB are allowed"),
        ("memory", {}, "engine_out_of_memory", False, "MemoryError"),
        ("full", {}, "disk_full", False, "No space left"),
        ("bug", {}, "engine_failed", False, "ZeroDivisionError: nobody foresaw this"),
        ("refuse", {}, "lyrics_unreadable", True, "told to"),
    ],
)
def test_trouble_is_an_error_and_the_next_order_is_made(
    tmp_path: Path, caption: str, changes: dict[str, Any], code: str, permanent: bool, cause: str
) -> None:
    async def story() -> EngineError:
        async with desk(tmp_path, **changes) as at:
            with pytest.raises(EngineError) as caught:
                await at.order(caption)
            assert len(await at.order("calm")) == 1
            return caught.value

    error = asyncio.run(story())
    assert (error.code, error.permanent) == (code, permanent)
    assert cause in error.cause
    assert error.params == ({"lines": 400} if caption == "refuse" else {})


def test_a_retry_of_what_crashed_once_succeeds(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            with pytest.raises(EngineError, match="engine_crashed"):
                await at.order("crash once", job=4)
            assert len(await at.order("crash once", job=4)) == 1

    asyncio.run(story())


def test_an_engine_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path, options={"kind": "stillborn"}) as at:
            for _ in range(2):
                with pytest.raises(EngineError, match="this engine can't be made") as caught:
                    await at.order("calm")
                assert caught.value.code == "engine_failed"

    asyncio.run(story())


def test_what_libraries_print_and_read_does_no_harm(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            for _ in range(2):
                assert len(await at.order("garbage")) == 1

    asyncio.run(story())


def test_an_engine_that_dies_idle_costs_nobody_an_attempt(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            await at.order("calm")
            dead = engine_process()
            dead.send_signal(signal.SIGKILL)
            while dead.is_running():
                await asyncio.sleep(0.02)
            assert len(await at.order("calm")) == 1

    asyncio.run(story())


@pytest.mark.parametrize(("caption", "survives"), [("endless", True), ("stubborn", False)])
def test_a_cancelled_order_stops(tmp_path: Path, caption: str, survives: bool) -> None:
    async def story() -> None:
        async with desk(tmp_path, cancel_s=PATIENCE_S if survives else 0.3) as at:
            caller = Caller()
            order = asyncio.create_task(at.order(caption, caller))
            await caller.rendering.wait()
            first = engine_process()
            caller.cancelled.set()
            with pytest.raises(Cancelled):
                await order
            assert len(await at.order("calm")) == 1, "the cancel was for the order before"
            assert (engine_process() == first) is survives

    asyncio.run(story())


def test_a_caller_that_is_torn_away_leaves_no_engine_at_work(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as at:
            caller = Caller()
            order = asyncio.create_task(at.order("endless", caller))
            await caller.rendering.wait()
            order.cancel()
            with pytest.raises(asyncio.CancelledError):
                await order
            assert not psutil.Process().children()
            assert len(await at.order("calm")) == 1

    asyncio.run(story())


@pytest.mark.parametrize(("caption", "drain_s", "ends"), [("slow", PATIENCE_S, "made"), ("endless", 0.2, "stopped")])
def test_a_stopping_pool_waits_for_what_it_can(tmp_path: Path, caption: str, drain_s: float, ends: str) -> None:
    async def story() -> str:
        async with desk(tmp_path) as at:
            caller = Caller()
            order = asyncio.create_task(at.order(caption, caller))
            await caller.rendering.wait()
            await at.pool.stop(drain_s)
            with pytest.raises(EngineError, match="the pool was stopped"):
                await at.order("calm")
            try:
                return "made" if await order else "nothing"
            except EngineError as error:
                return "stopped" if not error.permanent else "refused"

    assert asyncio.run(story()) == ends


FRONT = """
import asyncio, sys
from pathlib import Path
from tests.integration.test_pool import Desk
asyncio.run(Desk(Path(sys.argv[1]), {}).order(sys.argv[2]))
"""


@pytest.mark.parametrize("caption", ["family", "stubborn"])
def test_engines_die_with_a_front_that_is_killed(tmp_path: Path, caption: str) -> None:
    with subprocess.Popen([sys.executable, "-c", FRONT, str(tmp_path), caption], cwd=ROOT) as front:
        family: list[psutil.Process] = []
        deadline = time.monotonic() + PATIENCE_S
        try:
            # The engine, its guard and, in a family, one it started.
            while len(family) < (3 if caption == "family" else 2):
                assert time.monotonic() < deadline, family
                time.sleep(0.05)
                family = psutil.Process(front.pid).children(recursive=True)
        finally:
            front.kill()
    wait_until_gone(family)


def test_the_front_stays_light() -> None:
    look = "import sys, engine.pool.local, engine.studio.capabilities as c; c.capabilities(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "soundfile"} & set(done.stdout.split())
