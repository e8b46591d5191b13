"""Names of machines: which can only mean one inside, and what addresses the others have."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

# The addresses of a host, for a port, as the system would connect to them.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# Never given out on the internet (RFC 2606, 6761, 6762 appendix G, 8375), and used in many a house.
_INSIDE = ("corp", "home", "home.arpa", "internal", "intranet", "lan", "local", "localdomain", "localhost", "private")
# The last part of what the system may read as IPv4: 127.0.0.1, 2130706433, 0x7f.1.
_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")


def is_inside(host: str) -> bool:
    """Whether `host` can only be the name of a machine inside: `localhost`, `nas.lan`, `postgres`.

    These are not even looked up, so that nobody learns from us which of them there are.
    """
    name = host.casefold().rstrip(".")
    if ":" in name or _NUMBER.fullmatch(name):
        return False
    return "." not in name or name.endswith(tuple(f".{ending}" for ending in _INSIDE))


class Lookups:
    """Looks names up as the system does, in threads of its own: a slow name server keeps nobody else waiting."""

    def __init__(self, most: int) -> None:
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="lookup")

    async def __call__(self, host: str, port: int) -> list[str]:
        """The addresses of `host`. Raises `OSError` or `UnicodeError` where there are none."""
        look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        return list(dict.fromkeys(_address(entry[4]) for entry in found))

    def close(self) -> None:
        """Look nothing up any more. A lookup that is under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _address(place: tuple[Any, ...]) -> str:
    """The address of a socket's `place`, with its zone where it has one."""
    zone = place[3] if len(place) == 4 else 0
    address = str(place[0])
    return f"{address}%{zone}" if zone and "%" not in address else address
