"""The page about recipes: its files are checked, its commands typed, its tables compared with what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bot.commands import catalogue
from bot.compose import read_rules, shelf
from bot.on_terminal.cli import _parser
from bot.recipe_words import fault_lines
from bot.syntax import parse_command
from config.settings import Settings
from engine.spec import parse_as
from workflows.asks import ASKS
from workflows.recipes.fault import BadRecipe
from workflows.recipes.models import LINES, MOST, TEXT
from workflows.recipes.recipe import KINDS
from workflows.recipes.shelf import File
from workflows.runs.plan import VALUES

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
RULES, _ = read_rules(Settings())
SHELF = shelf(Settings(), RULES)
GOOD = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", GOOD, ids=lambda text: text.splitlines()[0].removeprefix("title: "))
def test_the_recipes_it_shows_are_fine(text: str) -> None:
    assert SHELF.checked(File("mine", "mine.yaml", text)).made_from.stages


def test_what_it_says_about_a_bad_file_is_what_is_said() -> None:
    [(text, said)] = re.findall(r"^```yaml bad\n(.*?)^```\n```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    with pytest.raises(BadRecipe) as told:
        SHELF.checked(File("too-fast", "too-fast.yaml", text))
    assert fault_lines(told.value) == said.splitlines()


def test_the_commands_it_shows_can_be_typed() -> None:
    commands = catalogue(recipes=SHELF.values())
    typed = [text for text in re.findall(r"`(/[a-z][^`]*)`", PAGE) if "duet-pack" not in text]
    assert len(typed) > 5
    for text in typed:
        parsed = parse_command(text, commands)
        model = SHELF[parsed.command.name.split()[-1]] if parsed.command.task not in ASKS else ASKS[parsed.command.task]
        parse_as(model, parsed.values)
    for words in re.findall(r"^minstrel (.*)$", PAGE, re.MULTILINE):
        _parser().parse_args(shlex.split(words))


def test_its_tables_name_everything_there_is() -> None:
    inputs = PAGE.partition("## Inputs")[2].partition("## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", inputs, re.MULTILINE)) == ("type", *KINDS)
    assert (f"{TEXT:,}" in inputs, f"`max` {LINES}" in inputs, f"1 to {MOST}" in inputs) == (True, True, True)
    values = PAGE.partition("## Values")[2]
    listed = values.partition("what came of a step: ")[2].partition(" |")[0]
    assert tuple(re.findall(r"`(\w+)`", listed)) == VALUES
    shipped = PAGE.partition("## The four")[2].partition("## ")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", shipped, re.MULTILINE)) == set(SHELF)
    assert f"at most {RULES.limits.runs.rows} songs" in PAGE
