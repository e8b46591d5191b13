"""Questions at a terminal."""

from __future__ import annotations

import sys

from workflows.refusal import Refusal


def means_it(question: str) -> bool:
    """Ask at a terminal; a script says it with `--yes`. Raises `Refusal` where it does not."""
    if not sys.stdin.isatty():
        raise Refusal("missing", field="--yes", allowed=question)
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes")
