"""Runs the real `minstrel` command in a home of its own, as a person at a shell would."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bot.compose.sign import somebody_works
from bot.on_terminal.cli import run


@dataclass(frozen=True)
class Shell:
    """A shell whose `MINSTREL_HOME` is `home`; `settings` are further environment variables."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MINSTREL_")}
        return {**clean, "MINSTREL_HOME": str(self.home), "OMP_NUM_THREADS": "1", **self.settings}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "bot", *words]

    def run(self, *words: str, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), env=self.environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)


@dataclass(frozen=True)
class Typist(Shell):
    """The same, without starting Python anew for each command: for what many commands do one after the other."""

    def run(self, *words: str, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
        del timeout_s
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self.environment, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                code = run(words)
            except SystemExit as left:
                code = int(left.code or 0)
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def at_work(shell: Shell) -> Iterator[None]:
    """A worker of that home, so that one engine makes everything; nothing may go wrong in it unseen."""
    said = shell.home / "worker.log"
    shell.home.mkdir(parents=True, exist_ok=True)
    with said.open("w") as log:
        worker = subprocess.Popen(
            shell.command("worker"), env=shell.environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        while not somebody_works(shell.home):
            assert worker.poll() is None, said.read_text()
            time.sleep(0.05)
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0, said.read_text()
    assert "Traceback" not in said.read_text()
