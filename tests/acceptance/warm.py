"""`minstrel` again and again without loading it each time: for tests that start it only to kill it.

`python -m tests.acceptance.warm` has loaded what `worker`, `play` and `serve` need, and forks a process for each line
on its stdin: a command in a session of its own, as real as one from a shell.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.__main__ import main

NEEDED = (
    "bot.compose.running",
    "bot.on_discord.surface",
    "bot.on_slack.surface",
    "bot.on_terminal.courier",
    "bot.on_terminal.play",
    "bot.on_terminal.serve",
    "bot.on_terminal.worker",
    "bot.on_web.app",
    "engine.pool.converting",
    "engine.pool.decoding",
    "engine.pool.local",
    "workflows.clock",
    "workflows.downloads",
    "workflows.runs.feed",
    "workflows.webhooks.line",
    "workflows.worker",
)
LOOK_EVERY_S = 0.02


@dataclass(frozen=True)
class Started:
    """A process that was forked, in the words of `subprocess.Popen`. Its number is its own until `wait` was asked."""

    pid: int
    warm: Warm
    _code: list[int] = field(default_factory=list)

    def poll(self) -> int | None:
        if not self._code:
            self._code.extend(self.warm.ask(ended=self.pid))
        return self._code[0] if self._code else None

    def wait(self, timeout: float = 60) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            assert time.monotonic() < deadline, "it goes on"
            time.sleep(LOOK_EVERY_S)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


@dataclass(frozen=True)
class Warm:
    """The process that forks."""

    process: subprocess.Popen[str]

    def ask(self, **asked: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def start(self, environment: dict[str, str], *words: str) -> Started:
        return Started(self.ask(words=words, environment=environment), self)


@contextmanager
def warmed() -> Iterator[Warm]:
    """Until the block ends; whoever starts something ends it."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", __name__], stdin=pipe, stdout=pipe, text=True) as process:
        yield Warm(process)


def _forked(words: list[str], environment: dict[str, str]) -> int:
    if number := os.fork():
        return number
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["minstrel", *words]
        main()
    except SystemExit as left:
        os._exit(int(left.code or 0))
    finally:
        # Nobody else reads our orders, whatever happened.
        os._exit(1)


def _ended(number: int) -> list[int]:
    """How it did, if it has."""
    ended, status = os.waitpid(number, os.WNOHANG)
    return [os.waitstatus_to_exitcode(status)] if ended else []


def serve() -> None:
    """Fork what each line asks for, until there are no more."""
    for module in NEEDED:
        importlib.import_module(module)
    gc.freeze()
    while line := sys.stdin.readline():
        asked = json.loads(line)
        answer: Any = _ended(asked["ended"]) if "ended" in asked else _forked(asked["words"], asked["environment"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
