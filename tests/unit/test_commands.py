"""The catalogue: every task has a command, and what it says of an option is what the spec accepts."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from bot.commands import Command, Option, as_json, catalogue, nearest, next_words, verbs
from bot.syntax import parse_command
from engine.spec import MODELS, InvalidSpec, option_names, parse_as
from engine.spec.tasks import Text2Music
from tests.fakes.recipes import Serenade
from workflows.asks import ASKS, asks
from workflows.asks.runs import RecipeRun

COMMANDS = catalogue(recipes=[Serenade])
REQUESTS = MODELS | ASKS | asks([Serenade])
OPTIONS = [
    pytest.param(command, option, id=f"{command.name}-{option.name}")
    for command in COMMANDS.values()
    for option in command.options
]


def beside(command: Command, name: str) -> dict[str, Any]:
    """The values of the command's own example that may stand beside the option `name`: there is one source at most."""
    values = parse_command(command.example, COMMANDS).values
    sources = {command.song, command.sound, "audio_codes"}
    return {other: value for other, value in values.items() if not {other, name} <= sources}


def with_option(command: Command, option: Option, value: Any) -> Any:
    """The spec of the command's own example with one option changed."""
    values: dict[str, Any] = {**beside(command, option.name), option.name: value}
    return getattr(parse_as(REQUESTS[command.task], values), option.name)


def test_every_task_has_one_command() -> None:
    assert sorted(command.task for command in COMMANDS.values()) == sorted(REQUESTS)
    assert all(name == command.name for name, command in COMMANDS.items())


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_a_command_has_every_option_of_its_task_and_an_example_that_works(command: Command) -> None:
    model = REQUESTS[command.task]
    assert {name: option.name for name, option in command.spellings().items()} == option_names(model)
    assert command.main in {None, *(option.name for option in command.options)}
    parsed = parse_command(command.example, COMMANDS)
    assert parsed.command == command
    assert parse_as(model, parsed.values).task == command.task


@pytest.mark.parametrize("command", [c for c in COMMANDS.values() if c.form], ids=lambda command: command.name)
def test_a_form_asks_for_options_of_its_command_and_fits_a_modal(command: Command) -> None:
    assert set(command.form) <= {option.name for option in command.options}
    assert command.main in command.form
    assert len(command.form) <= 4


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_a_command_says_what_it_is_for(command: Command) -> None:
    assert 0 < len(command.summary) <= 100
    assert "(C" not in command.summary
    assert all(option.help for option in command.options)


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_a_sample_is_accepted_as_it_is_typed(command: Command, option: Option) -> None:
    with_option(command, option, option.sample)


@pytest.mark.parametrize(
    ("command", "option"), [case for case in OPTIONS if case.values[1].minimum is not None]  # type: ignore[union-attr]
)  # fmt: skip
def test_the_range_is_the_one_the_spec_keeps(command: Command, option: Option) -> None:
    assert option.minimum is not None
    assert option.maximum is not None
    for inside in (option.minimum, option.maximum):
        with_option(command, option, f"{inside:.17g}")
    for outside in (option.minimum - 3, option.maximum + 3):
        with pytest.raises(InvalidSpec) as caught:
            with_option(command, option, f"{outside:.17g}")
        assert caught.value.problems[0].allowed == option.allowed


@pytest.mark.parametrize(("command", "option"), [case for case in OPTIONS if case.values[1].max_length is not None])  # type: ignore[union-attr]
def test_the_longest_text_is_the_one_the_spec_keeps(command: Command, option: Option) -> None:
    assert option.max_length is not None
    with_option(command, option, "x" * option.max_length)
    with pytest.raises(InvalidSpec):
        with_option(command, option, "x" * (option.max_length + 1))


@pytest.mark.parametrize(("command", "option"), [case for case in OPTIONS if case.values[1].choices])  # type: ignore[union-attr]
def test_every_choice_is_accepted(command: Command, option: Option) -> None:
    assert [with_option(command, option, choice) for choice in option.choices] == list(option.choices)


def test_what_an_option_takes_is_told_apart() -> None:
    song = COMMANDS["song"].spellings()
    kinds = {name: song[name].kind for name in ("caption", "bpm", "duration", "instrumental", "format", "keyscale")}
    assert kinds == {
        "caption": "text", "bpm": "whole", "duration": "number", "instrumental": "flag", "format": "choice",
        "keyscale": "key",
    }  # fmt: skip
    assert song["prompt"] is song["caption"]
    assert (song["bpm"].allowed, song["bpm"].default, song["seed"].default) == ("30 to 300 BPM", None, -1)
    assert COMMANDS["retake"].spellings()["retake_seeds"].kind == "wholes"
    assert COMMANDS["stem"].spellings()["track_name"].required


def test_every_command_that_makes_music_has_a_form() -> None:
    assert all(command.form for command in COMMANDS.values() if command.music)


def test_no_command_stands_in_the_way_of_a_group() -> None:
    # A chat that shows groups knows no command of a group's own name.
    assert [name for name in COMMANDS if verbs(COMMANDS, name)] == []
    assert next_words(verbs(COMMANDS, "mydata"), "mydata") == ("export", "delete")
    assert [command.name for command in verbs(COMMANDS, "recipe run")] == ["recipe run serenade"]
    assert "run" in next_words(verbs(COMMANDS, "recipe"), "recipe")


def test_a_field_that_reads_what_it_takes_itself_is_typed_as_text() -> None:
    class Split:
        """Words with commas between them."""

        def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
            return core_schema.no_info_before_validator_function(lambda typed: typed.split(","), handler(source))

        def words(self) -> str:
            return "words with commas between them"

    class Toast(RecipeRun):
        """A song for everybody at the table."""

        task: Literal["recipe run toast"] = "recipe run toast"
        example: ClassVar[str] = "/recipe run toast names:ann,ben"
        names: Annotated[tuple[str, ...], Split()] = Field(description="Who sits there", examples=["ann,ben"])

    toast = catalogue(recipes=[Toast])["recipe run toast"].options[0]
    assert (toast.kind, toast.allowed, toast.max_length) == ("text", "words with commas between them", None)
    every = COMMANDS["challenge create"].spellings()["every"]
    assert (every.kind, every.sample) == ("text", "friday 18:00")


def test_the_likeliest_options_stand_first() -> None:
    assert COMMANDS["song"].options[0].name == "caption"
    assert [option.name for option in COMMANDS["repaint"].options][:3] == [
        "caption", "repainting_start", "repainting_end",
    ]  # fmt: skip


def test_names_of_the_operator_become_choices() -> None:
    preset = catalogue({"genre_preset": ("Blues", "Sea Shanty")})["song"].spellings()["genre_preset"]
    assert (preset.kind, preset.choices) == ("choice", ("Blues", "Sea Shanty"))
    assert preset.allowed == "one of Blues, Sea Shanty"


def test_the_catalogue_is_plain_json() -> None:
    listed = json.loads(json.dumps(as_json(COMMANDS)))["commands"]
    assert [command["name"] for command in listed] == list(COMMANDS)
    song = listed[0]
    assert song["options"][0]["aliases"] == ["prompt"]
    assert {"name", "task", "summary", "options", "main", "example", "music", "posts", "form", "admin"} == song.keys()


def test_a_list_of_seeds_can_be_typed() -> None:
    typed = parse_command('/retake 12 batch_size:3 retake_seeds:"5, 6,7"', COMMANDS)
    assert parse_as(MODELS["retake"], typed.values).model_dump()["retake_seeds"] == (5, 6, 7)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("captoin", "caption"), ("key", "keyscale"), ("language", "vocal_language"), ("BMP", "bpm"), ("zzz", None)],
)
def test_a_slip_is_understood(given: str, meant: str | None) -> None:
    assert nearest(given, COMMANDS["song"].spellings()) == ((meant,) if meant else ())


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("می\u200cتابد", "می\u200cتابد"),
        ("he\u200bllo wor\u200dld", "hello world"),
        ("\u200cتابد\u200c", "تابد"),
        ("\u202eabc", "abc"),
    ],
)
def test_signs_that_show_nothing_stay_only_where_they_belong_to_the_spelling(typed: str, kept: str) -> None:
    assert Text2Music(caption="x", lyrics=typed).lyrics == kept
