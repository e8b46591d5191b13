"""Recipes: files that are refused with their line and why, values that are filled in, and what people may give."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.compose import read_rules, shelf
from bot.recipe_words import fault_lines, listed
from bot.replies import reply
from config.settings import Settings
from engine.spec import Estimate, InvalidSpec, Request, estimate, parse_as
from tests.unit.test_replies import MESSAGES
from workflows.asks.runs import RecipeRun
from workflows.pricing import price
from workflows.recipes.expand import steps_of
from workflows.recipes.fault import BadRecipe
from workflows.recipes.scope import Scope
from workflows.recipes.shelf import File
from workflows.refusal import Refusal
from workflows.runs.plan import PlannedStep

ROOT = Path(__file__).parents[2]
RULES, _ = read_rules(Settings())
SHELF = shelf(Settings(), RULES)
HEAD = "title: A\ndescription: B\n"


def recipe(text: str, name: str = "mine") -> type[RecipeRun]:
    return SHELF.checked(File(name, f"{name}.yaml", text))


def steps(
    text: str, given: dict[str, Any] | None = None, *, day: date = date(2026, 11, 22), **known: Any
) -> tuple[PlannedStep, ...]:
    """What a recipe makes of what it is given, priced as new songs are."""
    model = recipe(text)
    ask = parse_as(model, given or {})
    inputs = {each.name: getattr(ask, each.name) for each in model.made_from.inputs}

    def weigh(spec: Request) -> tuple[Estimate, int]:
        return (settled := estimate(spec, 60)), price(RULES.pricing, spec, settled)

    def refused(_: object, refusal: Refusal) -> None:
        raise refusal

    return steps_of(Scope(model.made_from, inputs, day, known), RULES, weigh, refused)


# --- files that are refused ---

MARK = "  #!"
NO_YAML: dict[str, tuple[str, int, str]] = {
    "no YAML": (f"{HEAD}steps: [song\n", 4, "can't be read"),
    "a tab": (f"{HEAD}steps:\n\tsong: x\n", 4, "can't be read"),
    "a control sign": (f"{HEAD}steps:\n  a: \x01\n", 4, "can't be read"),
    "too deep": (f"{HEAD}steps: {'[' * 60}{']' * 60}\n", 3, "too many lists inside of lists"),
    "nothing at all": ("", 1, "`title` is missing"),
    "a list": ("- a\n- b\n", 1, "has to be a table"),
    "a long description": (f"title: A\ndescription: {'b' * 101}\n", 2, "at most 100 characters"),
    "a long file": ("#" * 100_001, 1, "at most 100,000 characters"),
}


def _listed() -> dict[str, tuple[str, int, str]]:
    """What stands in the file, the line that is told, and a piece of what is said about it, by what is wrong."""
    found = {}
    for block in (Path(__file__).parent / "bad_recipes.txt").read_text("utf-8").split("=== ")[1:]:
        header, _, text = block.partition("\n")
        what, _, why = header.partition(": ")
        [line] = [number for number, line in enumerate(text.splitlines(), start=1) if line.endswith(MARK)]
        found[what] = (text.replace(MARK, ""), line, why)
    return found


BAD = _listed() | NO_YAML


@pytest.mark.parametrize("what", BAD)
def test_a_bad_recipe_is_refused_with_its_line_and_why(what: str) -> None:
    text, line, why = BAD[what]
    with pytest.raises(BadRecipe) as told:
        recipe(text)
    said = fault_lines(told.value)
    assert any(words.startswith(f"mine.yaml, line {line}: ") and why in words for words in said), said
    assert not any(reply("internal") in words for words in said)


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_lines() -> None:
    wrong = "  a:\n    command: sogn\n  b:\n    command: song\n    with: {captoin: x, bpm: fast}\n  c: 7\n"
    with pytest.raises(BadRecipe) as told:
        recipe(f"{HEAD}steps:\n{wrong}")
    assert [(fault.line, fault.code) for fault in told.value.faults] == [
        (5, "recipe_command"), (8, "unknown_option"), (9, "recipe_no_table"),
    ]  # fmt: skip


def test_a_recipe_without_one_of_its_lines_is_fine_or_says_what_is_wrong() -> None:
    lines = _shipped("karaoke").splitlines()
    refused: list[BadRecipe] = []
    for at in range(len(lines)):
        try:
            recipe("\n".join([*lines[:at], *lines[at + 1 :]]))
        except BadRecipe as bad:
            refused.append(bad)
    assert len(refused) > len(lines) / 2
    assert all(0 < fault.line < len(lines) for bad in refused for fault in bad.faults)
    assert not any(reply("internal") in words for bad in refused for words in fault_lines(bad))


@pytest.mark.parametrize("name", ["Mine", "my recipe", "_a", "a" * 33, ""])
def test_a_file_has_a_name_that_can_be_typed(name: str) -> None:
    with pytest.raises(BadRecipe) as told:
        recipe(f"{HEAD}steps:\n  a: {{command: simple, with: {{query: x}}}}\n", name)
    assert [fault.code for fault in told.value.faults] == ["recipe_name"]


def test_every_fault_has_words() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "workflows" / "recipes").glob("*.py"))
    codes = set(re.findall(r'"(recipe_[a-z_]+)"', source))
    assert len(codes) > 15
    assert codes <= set(MESSAGES)


# --- what a house has ---


def test_the_shipped_recipes_are_fine() -> None:
    assert SHELF.bad == ()
    assert {"album", "karaoke", "remix-pack", "song-a-day"} == set(SHELF)


def test_a_file_of_ones_own_adds_or_takes_the_place_of_ours_and_a_bad_one_harms_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "recipes"
    folder.mkdir()
    fine = f"{HEAD}steps:\n  a: {{command: simple, with: {{query: rain}}}}\n"
    (folder / "karaoke.yaml").write_text(fine)
    (folder / "rain.yml").write_text("\ufeff" + fine.replace("\n", "\r\n"))
    (folder / "broken.yaml").write_text("title: [\n")
    (folder / "latin.yaml").write_bytes("title: é\n".encode("latin-1"))
    (folder / "notes.txt").write_text("buy strings")
    settings = Settings(home=tmp_path)
    rules, _ = read_rules(settings)
    recipes = shelf(settings, rules)
    assert list(recipes) == ["album", "karaoke", "rain", "remix-pack", "song-a-day"]
    assert [stage.name for stage in recipes["karaoke"].made_from.stages] == ["a"]
    assert [Path(bad.path).name for bad in recipes.bad] == ["broken.yaml", "latin.yaml"]
    assert "UTF-8" in " ".join(fault_lines(recipes.bad[1]))


def test_many_recipes_are_listed_in_one_message() -> None:
    few, many = listed(SHELF, RULES), listed({str(number): SHELF["album"] for number in range(25)}, RULES)
    assert all("Try `/recipe run " in line for line in few)
    assert "From 65 credits." in many[0]
    assert sum(map(len, many)) < 4000


# --- what people may give ---

ASKS = """
title: Asks
description: Asks for a bit of everything
inputs:
  words: {type: text, help: Words, max: 20}
  titles: {type: lines, help: Titles, max: 3, width: 10, default: [Dawn, Dusk]}
  count: {type: whole, help: Count, min: 1, max: 4, default: 2}
  close: {type: number, help: Close, min: 0, max: 1, default: 0.5}
  length: {type: seconds, help: Length, max: 60, default: 30}
  parts: {type: flag, help: Parts}
  mood: {type: choice, help: Mood, choices: [calm, wild], default: calm}
  song: {type: song, help: Song, optional: true}
steps:
  one:
    command: simple
    foreach: titles
    with: {query: "${words} ${item} ${mood}", duration: "${length}"}
  two:
    command: instrumental
    foreach: count
    if: parts
    with: {caption: "${words} ${index}"}
  three:
    command: cover
    if: song
    with: {source_job_id: "${song}", caption: "like ${song.title}", audio_cover_strength: "${close}"}
"""


def test_values_have_their_types_and_are_spelt_as_people_spell_them() -> None:
    ask = parse_as(recipe(ASKS), {"words": " rain ", "titles": "Noon; Night ;", "mood": "WILD", "close": "0.25"})
    values = ask.model_dump(exclude={"task"})
    assert values == {
        "words": "rain", "titles": "Noon\nNight", "count": 2, "close": 0.25, "length": 30.0, "parts": False,
        "mood": "wild", "song": None,
    }  # fmt: skip
    assert parse_as(recipe(ASKS), {"words": "rain"}).model_dump()["titles"] == "Dawn\nDusk"


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("words", "x" * 21, "1 to 20 characters"),
        ("titles", "a;b;c;d", "1 to 3 lines, or texts with ; between them, each of at most 10 characters"),
        ("titles", "a title that is too long", "1 to 3 lines"),
        ("count", "5", "1 to 4"),
        ("close", "1.5", "0 to 1"),
        ("length", "61", "5 to 60 seconds"),
        ("parts", "perhaps", "true or false"),
        ("mood", "angry", "one of calm, wild"),
        ("song", "twelve", "the number of a song"),
    ],
)
def test_a_bad_value_names_its_field_and_what_is_allowed(field: str, value: str, allowed: str) -> None:
    with pytest.raises(InvalidSpec) as told:
        parse_as(recipe(ASKS), {"words": "rain", field: value})
    [problem] = told.value.problems
    assert problem.field == field
    assert str(problem.allowed).startswith(allowed)


def test_one_of_several_is_given() -> None:
    for given, code in (({}, "nothing_to_go_by"), ({"song": 1, "words": "la la"}, "sources_disagree")):
        with pytest.raises(InvalidSpec) as told:
            parse_as(SHELF["karaoke"], given)
        assert [problem.code for problem in told.value.problems] == [code]


# --- what becomes of it ---


def test_foreach_conditions_and_values() -> None:
    made = steps(ASKS, {"words": "rain", "parts": True, "song": 7}, song={"title": "Old Song", "job": 7})
    assert [(step.number, step.name, step.label, step.task) for step in made] == [
        (1, "one", "Dawn", "simple"), (2, "one", "Dusk", "simple"), (3, "two", "1", "prompt2instrumental"),
        (4, "two", "2", "prompt2instrumental"), (5, "three", "like Old Song", "cover"),
    ]  # fmt: skip
    assert made[0].values == {"query": "rain Dawn calm", "duration": 30.0}
    assert made[4].values == {"source_job_id": 7, "caption": "like Old Song", "audio_cover_strength": 0.5}
    assert [step.price for step in made] == [5, 5, 15, 15, 10]
    assert [step.name for step in steps(ASKS, {"words": "rain"})] == ["one", "one"]


def test_what_is_taken_from_other_steps_is_left_open_and_needed() -> None:
    text = f"""{HEAD}steps:
  last:
    command: stems
    needs: [more]
    with: {{source_job_id: "${{more[2].job}}"}}
  more:
    command: cover
    foreach: [calm, "wild in ${{first.keyscale}}"]
    with:
      source_job_id: ${{first.job}}
      caption: "${{item}}, ${{first.bpm}} BPM"
      bpm: ${{first.bpm}}
      display_name: ${{first.bpm}}
      batch_size: 2
  first:
    command: song
    with: {{caption: x, duration: 40, bpm: 88}}
  parts:
    command: stems
    foreach: more
    with: {{source_job_id: "${{more.job}}"}}
"""
    first, calm, wild, last, *parts = steps(text)
    assert [step.name for step in (first, calm, wild, last, *parts)] == [
        "first", "more", "more", "last", "parts", "parts",
    ]  # fmt: skip
    job, bpm, key = ({"step": 1, "value": value} for value in ("job", "bpm", "keyscale"))
    assert calm.values == {
        "source_job_id": job, "caption": {"join": ["calm, ", bpm, " BPM"]}, "bpm": bpm,
        "display_name": {"join": [bpm]}, "batch_size": 2,
    }  # fmt: skip
    assert wild.values["caption"] == {"join": ["wild in ", key, ", ", bpm, " BPM"]}
    assert (calm.needs, wild.needs, last.needs) == ((1,), (1,), (2, 3))
    assert last.values == {"source_job_id": {"step": 3, "value": "job"}}
    assert [(step.needs, step.label) for step in parts] == [((2,), "calm"), ((3,), "wild in")]
    # As long as what they start from, and priced by it.
    assert [(step.duration, step.price) for step in (first, calm, last)] == [(40, 10), (40, 20), (40, 0)]


def test_something_else_each_day_and_the_first_again_behind_the_last() -> None:
    text = f"""{HEAD}inputs:
  themes: {{type: lines, help: x, default: [one, two, three]}}
steps:
  a: {{command: simple, with: {{query: "${{themes[run.day]}} on ${{run.weekday}}, ${{run.date}}, $${{x}}"}}}}
  b: {{command: simple, foreach: 4, with: {{query: "${{themes[index]}}"}}}}
"""
    days = [steps(text, day=date(2026, 11, day))[0].values["query"] for day in (24, 25, 26, 27)]
    assert [day.split()[0] for day in days] == ["one", "two", "three", "one"]
    assert days[0] == "one on Tuesday, 2026-11-24, ${x}"
    assert [step.values["query"] for step in steps(text)[1:]] == ["one", "two", "three", "one"]


def test_what_isn_t_there_is_left_out() -> None:
    assert "duration" not in steps(_shipped("karaoke"), {"words": "la la la"})[0].values
    [step] = steps(_shipped("song-a-day"))
    assert step.values["query"] == step.values["query"].strip() != ""


def _shipped(name: str) -> str:
    return (ROOT / "config" / "recipes" / f"{name}.yaml").read_text("utf-8")
