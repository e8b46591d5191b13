"""Inside the engine process: loads an engine, and works one order after another."""

from __future__ import annotations

import errno
import faulthandler
import gc
import importlib
import json
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from engine.audio.files import NO_ROOM
from engine.pool import wire
from engine.pool.guard import end_group
from engine.spec import Cancelled, Engine, EngineError, Plan, Request, Take, TrackResult, restore
from engine.spec.plan import Stage, Value

PROGRESS_EVERY_S = 0.2
ALIVE_EVERY_S = 1.0


class Packager(Protocol):
    """Turns a take into files in `workdir`. `on_step` hears how far it is, 0 to 1, and may raise `Cancelled`."""

    def __call__(
        self, take: Take, *, plan: Plan, spec: Request, workdir: Path, on_step: Callable[[float], None]
    ) -> TrackResult: ...


class Inbox:
    """What the front says, read by a thread of its own. When the front is gone, so is this process."""

    def __init__(self, descriptor: int) -> None:
        self._load: queue.SimpleQueue[wire.Load] = queue.SimpleQueue()
        self._work: queue.SimpleQueue[wire.Work] = queue.SimpleQueue()
        self._cancelled = -1
        self._reader = threading.Thread(target=self._read, args=(descriptor,), name="orders", daemon=True)
        self._reader.start()

    def load(self) -> wire.Load:
        """Which engine to be; waits for it."""
        return self._load.get()

    def work(self) -> wire.Work:
        """The next order; waits for it."""
        return self._work.get()

    def cancelled(self, number: int) -> bool:
        """Whether nobody wants order `number` any more."""
        return self._cancelled >= number

    def _read(self, descriptor: int) -> None:
        try:
            with os.fdopen(descriptor, "rb") as lines:
                for line in lines:
                    self._take_in(wire.read_down(line))
        except Exception:
            traceback.print_exc()
        finally:
            end_group(os.getpid())
            os._exit(1)

    def _take_in(self, message: wire.Load | wire.Work | wire.Cancel) -> None:
        match message:
            case wire.Load() as load:
                self._load.put(load)
            case wire.Work() as work:
                self._work.put(work)
            case wire.Cancel(number=number):
                self._cancelled = number


class Outlet:
    """Where messages to the front go."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "wb")

    def send(self, message: Value) -> None:
        self._file.write(wire.line(message))
        self._file.flush()


class Attempt:
    """One order under way; the sink that its engine renders into."""

    def __init__(self, work: wire.Work, *, inbox: Inbox, outlet: Outlet, package: Packager) -> None:
        self._work, self._order = work, work.order
        self._inbox, self._outlet, self._package = inbox, outlet, package
        self._stage: Stage | None = None
        self._furthest = 0.0
        self._heard = time.monotonic()
        self._results: list[TrackResult] = []
        self._spec: Request
        self._plan: Plan

    def run(self, engine: Engine) -> wire.Last:
        """Work the order to its end, and say how it ended. No `Exception` gets out."""
        try:
            return wire.Finished(results=self._render(engine))
        except Cancelled:
            return wire.GaveUp()
        except Exception as error:
            return failed(error)

    def progress(self, fraction: float) -> None:
        self._check()
        if len(self._results) < self._order.takes or not self._order.takes:
            self._enter("rendering")
        self._reach(fraction)

    def take(self, take: Take) -> None:
        self._check()
        self._enter("encoding")
        # Files fill what the engine has left of this take: nothing after a song, all of it for stems that were ready.
        begun, end = self._furthest, (len(self._results) + 1) / self._order.takes

        def on_step(share: float) -> None:
            self._check()
            if begun < end:
                self._reach(begun + (end - begun) * share)
            if self._quiet_for(ALIVE_EVERY_S):
                self._say(wire.StillHere())

        if self._order.picture is not None:
            take = replace(take, picture=Path(self._order.picture).read_bytes())
        workdir = Path(self._order.workdir)
        self._results.append(self._package(take, plan=self._plan, spec=self._spec, workdir=workdir, on_step=on_step))

    def _render(self, engine: Engine) -> tuple[TrackResult, ...]:
        self._enter("planning")
        self._spec = restore(json.dumps(self._order.spec))
        if not self._order.takes:
            self._say(wire.MadeAnalysis(analysis=engine.analyze(self._spec, self._order, self)))
            self._check()
            return ()
        self._plan = engine.plan(self._spec, self._order, self._thought)
        self._say(wire.MadePlan(plan=self._plan))
        self._check()
        self._enter("rendering")
        engine.render(self._spec, self._plan, self._order, self)
        self._check()
        if len(self._results) < self._order.takes:
            raise RuntimeError(f"{len(self._results)} of {self._order.takes} takes were made")
        return tuple(sorted(self._results, key=lambda result: result.take))

    def _thought(self, _share: float) -> None:
        """A plan may take its time: a recording is listened to. People see the stage; the bar is for what sounds."""
        self._check()
        if self._quiet_for(ALIVE_EVERY_S):
            self._say(wire.StillHere())

    def _reach(self, fraction: float) -> None:
        self._furthest = max(self._furthest, min(fraction, 1.0))
        if self._quiet_for(PROGRESS_EVERY_S) or fraction >= 1:
            self._say(wire.CameThisFar(fraction=self._furthest))

    def _check(self) -> None:
        if self._inbox.cancelled(self._work.number):
            raise Cancelled

    def _enter(self, stage: Stage) -> None:
        if stage != self._stage:
            self._stage = stage
            self._say(wire.EnteredStage(stage=stage))

    def _quiet_for(self, seconds: float) -> bool:
        return time.monotonic() - self._heard >= seconds

    def _say(self, message: Value) -> None:
        self._heard = time.monotonic()
        self._outlet.send(message)


def serve(orders: int, events: int) -> None:
    """Be the engine that the first message on `orders` names, until the front is gone. Both are open descriptors."""
    # A library that crashes says where, on stderr.
    faulthandler.enable(all_threads=False)
    outlet = Outlet(events)
    inbox = Inbox(orders)
    load = inbox.load()
    # All that an engine loads stays: nobody looks for garbage in it, now or later.
    gc.disable()
    try:
        engine: Engine = named(load.factory)(**load.options)
        package: Packager = named(load.packager)
    except Exception as error:
        outlet.send(failed(error))
        return
    gc.freeze()
    gc.enable()
    outlet.send(wire.Ready())
    while True:
        outlet.send(Attempt(inbox.work(), inbox=inbox, outlet=outlet, package=package).run(engine))


def named(path: str) -> Callable[..., Any]:
    """The function that `path` (`module:function`) names."""
    module, _, function = path.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def failed(error: Exception) -> wire.Failed:
    """How `error` is told to the front."""
    if isinstance(error, EngineError):
        return wire.Failed(
            code=error.code, permanent=error.permanent, cause=error.cause, params=error.params, broken=False
        )
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return wire.Failed(code="disk_full", permanent=False, cause=trace, params={}, broken=False)
    memory = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    code = "engine_out_of_memory" if memory else "engine_failed"
    return wire.Failed(code=code, permanent=False, cause=trace, params={}, broken=True)
