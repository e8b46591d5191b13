"""The engine process: `python -m engine.pool.child`, started by `engine.pool.local` and of no use by hand.

Reads `engine.pool.wire` messages from stdin and writes them to stdout; ends when stdin does, in the middle of anything.
"""

from __future__ import annotations

import os
import sys

from engine.pool.guard import guard

NICE = 10


def main() -> None:
    # The pipes move to numbers that nobody else knows: a library that prints, or a program it starts that reads,
    # meets stderr and nothing instead of our messages.
    orders = os.dup(0)
    guard(orders)
    events = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    # People who press a button are answered before music is made: with every core busy, the front goes first.
    os.nice(NICE)
    # Only now, so that the guard stays small.
    from engine.pool.session import serve

    serve(orders, events)


if __name__ == "__main__":
    main()
