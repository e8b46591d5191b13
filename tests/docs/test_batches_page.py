"""Every list on the page about batches is read and priced as it stands there, and every command on it exists."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from bot.commands import catalogue
from bot.compose import read_rules
from bot.on_terminal.cli import _parser
from bot.rows import understanding
from config.settings import Settings
from storage.database import Database
from workflows.batches.plan import plan
from workflows.people import OPERATOR, ReplyTo

PAGE = (Path(__file__).parents[2] / "docs" / "batches.md").read_text(encoding="utf-8")
LISTS = re.findall(r"^```(csv|jsonl|yaml|text)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_shows_each_kind_of_list() -> None:
    assert [kind for kind, _ in LISTS] == ["csv", "jsonl", "yaml", "text"]


@pytest.mark.parametrize(("kind", "text"), LISTS, ids=[kind for kind, _ in LISTS])
def test_its_lists_are_taken(sqlite: Database, kind: str, text: str) -> None:
    rules, _ = read_rules(Settings())
    understand = understanding(catalogue(rules.known))
    here = ReplyTo(OPERATOR.surface)
    found = asyncio.run(plan(sqlite, rules, OPERATOR, here, text.encode(), f"songs.{kind}", understand))
    assert found.problems == ()
    assert len(found.steps) >= 2
    assert found.price > 0


def test_its_numbers_are_those_of_the_house() -> None:
    rules, _ = read_rules(Settings())
    assert f"At most {rules.limits.runs.rows} rows" in PAGE


@pytest.mark.parametrize("line", re.findall(r"^minstrel (.*)$", PAGE, re.MULTILINE))
def test_its_commands_exist(line: str) -> None:
    _parser().parse_args(shlex.split(line))
