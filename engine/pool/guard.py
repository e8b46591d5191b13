"""Lets an engine process, and all that it started, die with the front: whatever it is doing, however the front dies."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys

# The number that Linux gives this option of `prctl`.
PR_SET_PDEATHSIG = 1
LOOK_EVERY_MS = 500


def guard(lifeline: int) -> None:
    """Watch over this process, which leads its own process group, from a small process beside it.

    `lifeline` is the reading end of a pipe whose other end only the front has. When that closes, or this process ends,
    the whole group is killed. A thread could not do this: a library may hold the interpreter's lock for as long as it
    likes. Call it before any thread is started and before anything heavy is imported.
    """
    engine = os.getpid()
    if os.fork():
        _die_with_parent()
        return
    try:
        for stream in (0, 1, 2):
            os.close(stream)
        _wait_for_the_end(lifeline, engine)
        end_group(engine)
    finally:
        os._exit(1)


def tied() -> int:
    """Tie this process to its stdin, and `guard` it; returns where its one answer goes.

    What is started from here reads nothing, and writes where it is not heard.
    """
    cord = os.dup(0)
    guard(cord)
    os.close(cord)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    answers = os.dup(1)
    os.dup2(2, 1)
    return answers


def end_group(leader: int) -> None:
    """Kill every process of the group that `leader` leads; nothing where it leads none."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _wait_for_the_end(lifeline: int, engine: int) -> None:
    poll = select.poll()
    # Orders on the pipe are not for us: only its end is.
    poll.register(lifeline, select.POLLHUP)
    while not poll.poll(LOOK_EVERY_MS) and os.getppid() == engine:
        pass


def _die_with_parent() -> None:
    """A second cord, for when a stray process holds the front's end of the pipe open. The kernel's, on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
