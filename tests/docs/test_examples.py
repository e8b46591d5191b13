"""What the documentation shows is typed here, as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bot.commands import catalogue
from bot.syntax import parse_command
from config.settings import Settings
from tests.acceptance.studio_cli import Shell
from workflows.submit import judge

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PLAYED = [shlex.split(line)[2] for line in re.findall(r"^\.venv/bin/minstrel play '.*$", README, re.MULTILINE)]


def test_the_readme_shows_commands_to_play() -> None:
    assert len(PLAYED) >= 2


@pytest.mark.parametrize("command", PLAYED)
def test_the_commands_of_the_readme_are_taken(tmp_path: Path, command: str) -> None:
    done = Shell(tmp_path).run("play", command, "--no-wait")
    assert done.returncode == 0, done.stderr


def test_the_song_of_make_demo_is_taken() -> None:
    from bot.compose import read_rules

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    [command] = re.findall(r"^DEMO := (.*)$", makefile, re.MULTILINE)
    parsed = parse_command(command, catalogue())
    rules, _ = read_rules(Settings())
    spec = judge(rules, parsed.command.task, parsed.values)
    assert getattr(spec, "duration", 0) >= 60
    assert getattr(spec, "lyrics", "")


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        named = re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert set(named) <= targets, page


@pytest.mark.parametrize("command", catalogue().values(), ids=lambda command: command.name)
def test_the_example_of_every_command_can_be_typed(command: object) -> None:
    example = getattr(command, "example", "")
    assert parse_command(example, catalogue()).command == command


def test_the_settings_the_readme_names_exist() -> None:
    for name in re.findall(r"`MINSTREL_([A-Z_]+)`", README):
        assert name.lower() in Settings.model_fields
