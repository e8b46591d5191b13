"""A process that listens: says "ready", then each topic it is woken for, one a line, until it is told to stop."""

from __future__ import annotations

import asyncio
import sys

from storage.engines import settled
from storage.wake import open_waker


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def listen(url: str) -> None:
    waker = open_waker(settled(url))
    async with waker.listening(say):
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
    waker.close()


if __name__ == "__main__":
    asyncio.run(listen(sys.argv[1]))
