"""What stands in a row of a batch, understood with the words of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.commands import Command, nearest
from bot.syntax import parse_command
from workflows.refusal import Refusal


def understanding(
    commands: Mapping[str, Command],
) -> Callable[[str, Mapping[str, str]], tuple[str, Mapping[str, Any]]]:
    """Reads a command as people type it, with options beside it, as a task and its options. Raises `Refusal`."""
    by_task = {command.task: command.name for command in commands.values()}

    def understand(text: str, options: Mapping[str, str]) -> tuple[str, Mapping[str, Any]]:
        name = text.strip().removeprefix("/").casefold()
        parsed = parse_command(by_task.get(name, text), commands)
        command = parsed.command
        if not command.music:
            raise Refusal("row_not_music", field="command", value=command.name)
        return command.task, {**parsed.values, **_beside(command, options, parsed.values)}

    return understand


def _beside(command: Command, options: Mapping[str, str], taken: Mapping[str, str]) -> dict[str, str]:
    """Options that have a place of their own in the row, by their own names."""
    spellings = {spelling.casefold(): option for spelling, option in command.spellings().items()}
    values: dict[str, str] = {}
    for name, value in options.items():
        option = spellings.get(name.casefold())
        if option is None:
            near = nearest(name, spellings)
            allowed = ", ".join(each.name for each in command.options)
            raise Refusal(
                "unknown_option", field=name, value=value, allowed=allowed, suggestion=near[0] if near else None,
                task=command.task,
            )  # fmt: skip
        if option.name in taken or option.name in values:
            raise Refusal("duplicate_option", field=option.name, value=value, task=command.task)
        # Songs are shown as #12, so that is how people write them.
        values[option.name] = value.removeprefix("#") if option.kind == "whole" else value
    return values
