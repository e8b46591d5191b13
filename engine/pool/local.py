"""The engines of this machine: a few processes, started at the first order and kept warm."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.pool import wire
from engine.pool.process import EngineProcess
from engine.spec import (
    Analysed,
    Cancelled,
    Capabilities,
    EngineError,
    Event,
    Order,
    Planned,
    Progressed,
    Staged,
    TrackResult,
)

OnEvent = Callable[[Event], Awaitable[None]]

PACKAGER = "engine.audio.package:package"
MEMORY_EVERY_S = 0.5
# An engine looks for a cancel whenever it reports progress; one that never does is killed after this.
CANCEL_WITHIN_S = 5.0
# Loading a model from a slow disk takes its time.
START_WITHIN_S = 300.0


class LocalPool:
    """Implements `engine.spec.EnginePool` with `size` processes, each of which works one order at a time.

    `factory` (`module:function`) makes the engine when called with `options` (JSON) as keywords, `packager` is called
    with each take; both are imported in the engine process only. A process that uses more than `memory_mb` (2^20
    bytes, with what it started) or is silent for `stall_s` seconds during an order is killed, and so is one whose order
    failed in a way that nobody foresaw; the next order gets a fresh one.
    """

    def __init__(
        self,
        factory: str,
        options: Mapping[str, Any],
        size: int,
        memory_mb: float,
        stall_s: float,
        *,
        capabilities: Capabilities,
        packager: str = PACKAGER,
        cancel_s: float = CANCEL_WITHIN_S,
        start_s: float = START_WITHIN_S,
    ) -> None:
        self.capabilities = capabilities
        self.size = size
        self._load = wire.Load(factory=factory, options=dict(options), packager=packager)
        self._memory_mb, self._stall_s, self._cancel_s, self._start_s = memory_mb, stall_s, cancel_s, start_s
        self._turns = asyncio.Semaphore(size)
        self._numbers = itertools.count()
        self._all: set[EngineProcess] = set()
        self._idle: list[EngineProcess] = []
        self._running: set[asyncio.Future[None]] = set()
        self._draining = self._stopped = False

    async def run(self, order: Order, *, on_event: OnEvent, cancelled: asyncio.Event) -> tuple[TrackResult, ...]:
        """Work `order` to its end; waits for a free process first. Events come in order, one at a time.

        Once `cancelled` is set it ends in `Cancelled`, whatever else happens. Raises `EngineError` as the engine
        does; or, all passing: `engine_crashed`, `engine_stalled`, `engine_out_of_memory`, `engine_failed`,
        `disk_full`. When the calling task is cancelled the process is killed.
        """
        await self._take_turn(cancelled)
        over = asyncio.get_running_loop().create_future()
        self._running.add(over)
        try:
            last = await self._work(order, on_event, cancelled)
        except EngineError:
            if cancelled.is_set():
                raise Cancelled from None
            raise
        finally:
            self._running.discard(over)
            over.set_result(None)
            self._turns.release()
        match last:
            case _ if cancelled.is_set():
                raise Cancelled
            case wire.Finished(results=results):
                return results
            case wire.Failed():
                raise _error(last)
            case wire.GaveUp():
                raise Cancelled

    async def stop(self, drain_s: float) -> None:
        """Take no more orders, give running ones `drain_s` seconds to end, and then end every process."""
        self._draining = True
        if self._running:
            await asyncio.wait(self._running, timeout=drain_s)
        self._stopped = True
        for process in self._all:
            process.kill(_stopped())
        await asyncio.gather(*(process.end() for process in self._all))
        self._all.clear()
        self._idle.clear()

    async def _take_turn(self, cancelled: asyncio.Event) -> None:
        """Wait for a free place. Raises `Cancelled` where that comes first, `EngineError` where the end comes first."""
        turn = asyncio.ensure_future(self._turns.acquire())
        stop = asyncio.ensure_future(cancelled.wait())
        ours = False
        try:
            await asyncio.wait((turn, stop), return_when=asyncio.FIRST_COMPLETED)
            if cancelled.is_set():
                raise Cancelled
            if self._draining:
                raise _stopped()
            ours = True
        finally:
            stop.cancel()
            if not ours and not turn.cancel():
                self._turns.release()

    async def _work(self, order: Order, on_event: OnEvent, cancelled: asyncio.Event) -> wire.Last:
        number = next(self._numbers)
        process = await self._free_process()
        watch = [
            asyncio.create_task(self._watch_memory(process)),
            asyncio.create_task(self._watch_cancel(process, number, cancelled)),
        ]
        try:
            await self._until_ready(process)
            process.send(wire.Work(number=number, order=order))
            last = await self._listen(process, on_event)
        except BaseException:
            await self._end(process)
            raise
        finally:
            for task in watch:
                task.cancel()
        if isinstance(last, wire.Failed) and last.broken:
            await self._end(process)
        else:
            self._idle.append(process)
        return last

    async def _listen(self, process: EngineProcess, on_event: OnEvent) -> wire.Last:
        while True:
            match await self._next(process, self._stall_s):
                case wire.EnteredStage(stage=stage):
                    await on_event(Staged(stage))
                case wire.MadePlan(plan=plan):
                    await on_event(Planned(plan))
                case wire.CameThisFar(fraction=fraction):
                    await on_event(Progressed(fraction))
                case wire.MadeAnalysis(analysis=analysis):
                    await on_event(Analysed(analysis))
                case wire.Finished() | wire.Failed() | wire.GaveUp() as last:
                    return last
                case wire.Ready() | wire.StillHere():
                    continue

    async def _next(self, process: EngineProcess, within_s: float) -> wire.Up:
        """What the process says next. Time that we spend ourselves on its events is not held against it."""
        try:
            async with asyncio.timeout(within_s):
                return await process.receive()
        except TimeoutError:
            process.kill(EngineError("engine_stalled", permanent=False, cause=f"silent for {within_s:g} s"))
        return await process.receive()

    async def _free_process(self) -> EngineProcess:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            await self._end(process)
        process = await EngineProcess.start(self._load)
        self._all.add(process)
        if self._stopped:
            process.kill(_stopped())
        return process

    async def _until_ready(self, process: EngineProcess) -> None:
        if not process.ready:
            hello = await self._next(process, self._start_s)
            if isinstance(hello, wire.Failed):
                raise _error(hello)
            process.ready = True

    async def _end(self, process: EngineProcess) -> None:
        await process.end()
        self._all.discard(process)

    async def _watch_memory(self, process: EngineProcess) -> None:
        while process.alive:
            used = await asyncio.to_thread(process.memory_mb)
            if used > self._memory_mb:
                cause = f"{used:.0f} MB, where {self._memory_mb:.0f} MB are allowed"
                process.kill(EngineError("engine_out_of_memory", permanent=False, cause=cause))
            await asyncio.sleep(MEMORY_EVERY_S)

    async def _watch_cancel(self, process: EngineProcess, number: int, cancelled: asyncio.Event) -> None:
        await cancelled.wait()
        process.send(wire.Cancel(number=number))
        await asyncio.sleep(self._cancel_s)
        process.kill()


def _error(failed: wire.Failed) -> EngineError:
    return EngineError(failed.code, permanent=failed.permanent, cause=failed.cause, **failed.params)


def _stopped() -> EngineError:
    return EngineError("engine_crashed", permanent=False, cause="the pool was stopped")
