"""What docs/privacy.md shows works as it stands there."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

from bot.commands import catalogue
from bot.on_terminal.cli import _parser
from bot.syntax import parse_command
from storage.personal import IMPERSONAL, PERSONAL
from workflows.housekeeping import DRAFTS_MS, ERASED_MS, PROPOSED_MS, RECORDINGS_MS, TOLD_MS
from workflows.limits import Retention

DAY_MS = 86_400_000
PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")


def test_its_commands_are_there() -> None:
    typed = re.findall(r"^minstrel ([^\n#]+)", PAGE, re.MULTILINE)
    assert len(typed) >= 5
    for words in typed:
        _parser().parse_args(shlex.split(words))
    for text in re.findall(r"^(/[a-z][^\n]*)$", PAGE, re.MULTILINE):
        assert parse_command(text, catalogue()).command.name in ("mydata export", "mydata delete")


def test_its_rules_are_rules_and_its_days_are_those_of_the_house() -> None:
    [example] = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert Retention.model_validate(tomllib.loads(example)["retention"]).songs_days == 365
    assert Retention().after_removal_days == 7
    assert [ms // DAY_MS for ms in (RECORDINGS_MS, DRAFTS_MS, TOLD_MS, PROPOSED_MS)] == [30, 14, 30, 1]
    assert ERASED_MS // DAY_MS == 366


def test_the_list_it_names_is_there() -> None:
    assert "storage/personal.py" in PAGE
    assert PERSONAL
    assert IMPERSONAL
