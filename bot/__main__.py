"""The `minstrel` command."""

from __future__ import annotations

import gc
import sys

from bot.on_terminal.cli import run

# How much is made between two looks for garbage. All that a command loads stays, and looking through it again and again
# as Python's own settings have it takes a tenth of the time that somebody waits for the first word.
GARBAGE = (50_000, 10, 10)


def main() -> None:
    """Entry point of the console script."""
    gc.set_threshold(*GARBAGE)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
