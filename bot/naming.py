"""Which command a text names: by one word or several, and what was probably meant where there is none of that name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.commands import Command, nearest, next_words, verbs
from workflows.refusal import Refusal

_SLASH = re.compile(r"\s*/?\s*")
_WORD = re.compile(r"\S+")


class UnknownCommand(Refusal):
    """There is no such command. `suggestions` are names of commands, the likeliest first.

    `begun`: they are all that begin with `name`, which needs one more word.
    """

    def __init__(self, name: str, suggestions: tuple[str, ...], *, begun: bool = False) -> None:
        code = "unfinished_command" if begun else "unknown_command"
        super().__init__(code, value=name, name=name, suggestions=suggestions)
        self.name = name
        self.suggestions = suggestions


def named(text: str, commands: Mapping[str, Command]) -> tuple[Command | None, int]:
    """The command whose name `text` begins with, the longest of several, and where that name ends in `text`."""
    found: tuple[Command | None, int] = None, 0
    for name, end in _beginnings(text, commands):
        if name in commands:
            found = commands[name], end
    return found


def unknown(text: str, commands: Mapping[str, Command]) -> UnknownCommand:
    """What to say of a text that begins with no name of a command: what was probably meant."""
    begun = [name for name, _ in _beginnings(text, commands)] or [""]
    group = next((name for name in reversed(begun) if verbs(commands, name)), None)
    if group is not None:
        verb = begun[len(group.split()) :][:1]
        words = next_words(verbs(commands, group), group)
        near = nearest(verb[0].split()[-1], words, most=3) if verb else ()
        below = tuple(f"{group} {word}" for word in near or words)
        return UnknownCommand(verb[0], below) if near else UnknownCommand(group, below, begun=True)
    by_task = {command.task: command.name for command in commands.values()}
    names = [*commands, *by_task, *(name.rpartition(" ")[0] for name in commands)]
    # Where the first word is a slip, what stands behind it may be a verb, or not.
    meant = [by_task.get(near, near) for longer in reversed(begun) for near in nearest(longer, names, most=3)]
    return UnknownCommand(begun[0], tuple(dict.fromkeys(filter(None, meant)))[:3])


def _beginnings(text: str, commands: Mapping[str, Command]) -> list[tuple[str, int]]:
    """The first word of `text`, the first two and so on, as many as a name may have; each with where it ends."""
    start = _SLASH.match(text)
    found: list[tuple[str, int]] = []
    words = _WORD.finditer(text, start.end() if start else 0)
    for word, _ in zip(words, range(max((len(name.split()) for name in commands), default=1)), strict=False):
        before = f"{found[-1][0]} " if found else ""
        found.append((before + word[0].casefold(), word.end()))
    return found
