"""Commands that make no music stay light: no torch, nothing at import time (acceptance 6)."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.studio_cli import Shell

OURS = ("bot", "engine", "workflows", "storage", "config")


@pytest.mark.parametrize("words", [("--help",), ("jobs", "list"), ("credits", "check"), ("commands", "--json")])
def test_no_torch_is_imported(tmp_path: Path, words: tuple[str, ...]) -> None:
    shell = Shell(tmp_path)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot", *words],
        env=shell.environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "argparse" in imported, "the list of imports was read"
    assert not imported & {"torch", "torchaudio", "numpy", "soundfile", "pydub"}


def test_no_dependency_claims_one_of_our_names() -> None:
    for distribution in importlib.metadata.distributions():
        if distribution.metadata["Name"] == "minstrel-bot":
            continue
        tops = {file.parts[0].removesuffix(".py") for file in distribution.files or () if file.suffix == ".py"}
        assert not tops & set(OURS), distribution.metadata["Name"]
