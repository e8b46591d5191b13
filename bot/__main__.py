"""The `minstrel` command."""

from __future__ import annotations

import sys

from bot.on_terminal.cli import run


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
