"""Watching something until it has ended; whoever watches works the queue while nobody else does."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Protocol, TypeVar

from bot import compose
from bot.on_terminal.progress import Glance, display

LOOK_S = 0.2
# How often to see whether the worker we rely on is still there.
WATCH_S = 2.0


class Watched(Protocol):
    """What can be watched."""

    @property
    def ended(self) -> bool:
        """Whether it will change no more by itself."""


Thing = TypeVar("Thing", bound=Watched)


def require_worked(house: compose.House) -> None:
    """Raise `Trouble` where nobody works the queue, and we can't: what nobody can make helps nobody."""
    if not compose.is_worked(house):
        compose.require_engine(house.settings)
        # Words that can't be read are told before anything is accepted.
        compose.read_words(house.settings)


async def follow(
    house: compose.House,
    look: Callable[[], Awaitable[Thing]],
    glance: Callable[[Thing], Glance],
    *,
    settled: Callable[[], Awaitable[bool]],
    call_off: Callable[[], Awaitable[object]],
) -> Thing:
    """Watch what `look` finds until it has ended and its files lie in place.

    Ctrl-C calls it off: nothing is charged for what nobody waits for.
    """
    loop = asyncio.get_running_loop()
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    async with AsyncExitStack() as stack:
        screen = stack.enter_context(display())
        working, watched = False, -WATCH_S
        while True:
            if not working and loop.time() - watched >= WATCH_S:
                watched = loop.time()
                if not compose.is_worked(house):
                    await stack.enter_async_context(compose.working(house))
                    working = True
            there = await look()
            screen.show(glance(there))
            if there.ended and (interrupted.is_set() or await settled()):
                return there
            if interrupted.is_set():
                interrupted.clear()
                await call_off()
            await asyncio.sleep(LOOK_S)
