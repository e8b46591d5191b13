"""A process that works: the queue, the outbox, the chats, and the clock that drives them."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.compose.chats import accepted_tokens, open_chats
from bot.compose.checkpoints import read_models, shelf_of
from bot.compose.choice import device
from bot.compose.house import House, can_make_music, lyrics_author, read_words, require_engine, separation
from bot.compose.sign import at_work
from engine.spec import Capabilities, EnginePool
from workflows import housekeeping

if TYPE_CHECKING:
    from bot.chat import Chat
    from workflows.bulletins import Board
    from workflows.clock import Clock, Duty
    from workflows.deliver import Courier
    from workflows.webhooks.line import Webhooks

DRAIN_S = 20.0
# How long the database's thread may keep the interpreter from the event loop, which asks for it at every answer it
# sends. Python's own 5 ms make that seconds once a few hundred people type at one moment (bench/chats.py).
SWITCH_S = 0.0002
# Which duty does what another process, or this one, has just committed.
WOKEN = {"queue": "dispatch", "outbox": "outbox", "runs": "runs"}
# What an engine process may take of the machine's memory. The built-in one is known; a checkpoint passes through it as
# a whole on its way to the GPU, so that there only what would stop the machine is too much.
STUDIO_MB = 3072
MOST_OF_MEMORY = 0.9
# How much is made between two looks for garbage, young and old.
GARBAGE = (2_000, 10, 100)


def engine_pools(house: House) -> tuple[EnginePool, ...]:
    """The engines of this machine, started at the first order: those that make music, and one for what is quick.

    What is quick needs no model of music: the built-in engine does it beside any other.
    """
    can = house.rules.capabilities
    songs = can.model_copy(update={"tasks": tuple(task for task in can.tasks if task not in can.quick)})
    quick = can.model_copy(update={"tasks": can.quick, "together": 1})
    cores = house.settings.engines or min(os.cpu_count() or 1, 2)
    pools = (_acestep(house, songs) if can.name == "acestep" else _studio(house, songs, cores),)
    return (*pools, _studio(house, quick, 1)) if can.quick else pools


def _studio(house: House, capabilities: Capabilities, size: int) -> EnginePool:
    memory_mb = house.settings.engine_memory_mb or STUDIO_MB
    return _pool(house, capabilities, size, memory_mb, factory="engine.studio.engine:make")


def _acestep(house: House, capabilities: Capabilities) -> EnginePool:
    """One engine unless told otherwise: a GPU is one device, and two models rarely fit in it."""
    settings = house.settings
    size, memory_mb = settings.engines or 1, settings.engine_memory_mb or MOST_OF_MEMORY * _memory_mb()
    shelf = shelf_of(settings, read_models(settings)).options()
    return _pool(
        house, capabilities, size, memory_mb, factory="engine.acestep.engine:make", shelf=shelf, device=device()
    )


def _memory_mb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20


def _pool(
    house: House, capabilities: Capabilities, size: int, memory_mb: float, *, factory: str, **more: Any
) -> EnginePool:
    from engine.pool.local import LocalPool

    settings = house.settings
    return LocalPool(
        factory=factory,
        options={
            "presets": {name: preset.model_dump() for name, preset in house.presets.items()},
            "words": read_words(settings).model_dump(),
            "lyrics": lyrics_author(settings),
            "separation": str(model) if (model := separation(settings)) is not None else None,
            **more,
        },
        size=size,
        memory_mb=memory_mb,
        stall_s=settings.engine_stall_s,
        capabilities=capabilities,
    )


@asynccontextmanager
async def working(house: House) -> AsyncIterator[Clock]:
    """Work the queue and deliver the terminal's outbox until the block ends; then drain."""
    require_engine(house.settings)
    async with _running(house, works=True) as clock:
        yield clock


@asynccontextmanager
async def serving(
    house: House, address: Callable[[], str | None] = lambda: None
) -> AsyncIterator[tuple[Clock, tuple[Chat, ...]]]:
    """Everything in one process tree: the chats that have tokens, the clock, and the queue where music can be made.

    Yields once all chats are logged in, or are trying again. Raises `Trouble` for a token that is not accepted, and
    where the engine that the settings name is not all there. `address` is where it answers over HTTP: see
    `bot.compose.web.webhooks`.
    """
    wake: list[Clock] = []

    def nudge() -> None:
        for clock in wake:
            clock.nudge("dispatch", "outbox")

    works = can_make_music()
    if works:
        require_engine(house.settings)
    chats = tuple(open_chats(house, nudge))
    _answer_swiftly()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(house.incoming.close)
        stack.push_async_callback(house.downloads.close)
        # Closed last: what the queue finishes while it drains is still told.
        for chat in chats:
            stack.push_async_callback(chat.close)
        wake.append(await stack.enter_async_context(_running(house, works=works, chats=chats, address=address)))
        with accepted_tokens():
            for chat in chats:
                await chat.start()
        yield wake[0], chats


async def deliver(house: House) -> None:
    """Deliver what is due to the terminal now, whether or not a process is there that works."""
    from bot.on_terminal.courier import FolderCourier
    from workflows.deliver import deliver_due

    terminal = FolderCourier(house.blobs.path, house.songs, house.rules)
    while await deliver_due(house.db, {"terminal": terminal}, {"terminal": terminal}):
        # One thing in each channel, again and again.
        pass


def _answer_swiftly() -> None:
    """Make this process one that answers people: Python's own settings keep hundreds at one moment waiting."""
    sys.setswitchinterval(SWITCH_S)
    # What is loaded stays for good; looking through all of it for garbage again and again stopped everything else.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


@asynccontextmanager
async def _running(
    house: House, *, works: bool, chats: Sequence[Chat] = (), address: Callable[[], str | None] | None = None
) -> AsyncIterator[Clock]:
    """The clock with the duties of this process, until the block ends; then what is under way is drained.

    `address` is where it answers over HTTP, if it does.
    """
    # What only a worker needs is imported here: `minstrel jobs` answers sooner without it.
    from bot.on_terminal.courier import FolderCourier
    from workflows.clock import Clock
    from workflows.deliver import Deliveries
    from workflows.runs.feed import Feeder
    from workflows.watch import Watch
    from workflows.worker import Worker

    lease_ms = int(house.settings.lease_s * 1000)
    terminal = FolderCourier(house.blobs.path, house.songs, house.rules)
    couriers: dict[str, Courier] = {"terminal": terminal, **{chat.surface: chat.courier for chat in chats}}
    told: list[Webhooks] = []
    if address is not None:
        from bot.compose.web import webhooks

        told.append(webhooks(house, address))
    boards: dict[str, Board] = {"terminal": terminal, **{chat.surface: chat.courier for chat in chats}}
    deliveries = Deliveries(house.db, couriers, boards, more=told, lease_ms=lease_ms)
    feeder = Feeder(house.db, house.rules, house.incoming)
    watch = Watch(house.db, {chat.surface: chat.courier for chat in chats})
    duties: dict[str, Duty] = {
        "outbox": deliveries.dispatch,
        "runs": feeder.feed,
        "schedules": partial(_by_the_calendar, house),
        "watch": watch.look,
        "sweep": lambda: _sweep(house),
    }
    async with AsyncExitStack() as stack:
        for line in told:
            stack.callback(line.close)
        stack.push_async_callback(deliveries.drain, DRAIN_S)
        stack.push_async_callback(deliveries.dispatch)
        stack.push_async_callback(watch.close)
        stack.push_async_callback(feeder.drain, DRAIN_S)
        workers: list[Worker] = []
        stops: list[Duty] = []
        drains: list[Duty] = []
        if works:
            stack.enter_context(at_work(house.settings.home))
            for pool in engine_pools(house):
                worker = Worker(
                    db=house.db,
                    pool=pool,
                    blobs=house.blobs,
                    limits=house.rules.limits,
                    moderation=house.rules.moderation,
                    work=house.settings.home / "work",
                    lease_ms=lease_ms,
                )
                workers.append(worker)
                stops.append(partial(pool.stop, DRAIN_S))
                drains.append(partial(worker.drain, DRAIN_S))
            # Side by side: whoever stops us waits for a minute at most.
            stack.push_async_callback(_each(stops))
            stack.push_async_callback(_each(drains))
            duties |= {"dispatch": _each([worker.dispatch for worker in workers]), "rescue": workers[0].rescue}
        clock = Clock(**duties)
        deliveries.on_end = lambda: clock.nudge("outbox")
        feeder.on_end = lambda: clock.nudge("runs")
        for worker in workers:
            worker.on_end = lambda: clock.nudge("dispatch", "outbox")
        clock.start()
        stack.push_async_callback(clock.stop, DRAIN_S)
        await stack.enter_async_context(house.db.listening(lambda topic: clock.nudge(WOKEN[topic]), works=works))
        yield clock


def _each(duties: Sequence[Duty]) -> Duty:
    """All of `duties` as one, side by side."""

    async def do() -> None:
        await asyncio.gather(*(duty() for duty in duties))

    return do


async def _by_the_calendar(house: House) -> None:
    """What happens by itself: schedules whose time has come, and what time does to challenges."""
    from workflows import firings
    from workflows.challenges import rounds, tick
    from workflows.recipes import scheduled

    await firings.tick(house.db, {"recipe": partial(scheduled.begin, house.rules), "challenge": rounds.open_round})
    await tick.tick(house.db)


async def _sweep(house: House) -> None:
    await housekeeping.keep_within(house.db, house.rules.limits.retention)
    await housekeeping.sweep(house.db, house.blobs, house.coming_in)
    await housekeeping.forget(house.db)
