"""One row of a file, whatever kind of file that is: a command as text, options by their names, and its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workflows.runs.plan import Problem

# Of a row, as it is shown to whoever wrote it.
SHOWN = 200
# What the name of its command is called where a row names what it gives.
COMMAND = ("command", "task")


@dataclass(frozen=True)
class Row:
    """A `command` as people type it, which may be its name alone, with `options` beside it. `line` counts from 1."""

    line: int
    command: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The row in one line, for people."""
        given = (f"{name}:{_quoted(value)}" for name, value in self.options.items())
        return short(" ".join(filter(None, (self.command, *given))))


@dataclass(frozen=True)
class Sheet:
    """All rows of a file that could be read, and what is wrong with the others.

    Where it can't be told where the next row begins there are no rows at all: who knows what is meant.
    """

    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()


def sheet(found: Iterable[Row | Problem]) -> Sheet:
    """Rows and problems, apart."""
    all_of_it = tuple(found)
    return Sheet(
        tuple(each for each in all_of_it if isinstance(each, Row)),
        tuple(each for each in all_of_it if isinstance(each, Problem)),
    )


def named(line: int, pairs: Iterable[tuple[str, str]]) -> Row | Problem:
    """The row that gives each of `pairs` by its name; what is empty is not given."""
    given: dict[str, str] = {}
    for name, value in ((kept(name).strip(), kept(value).strip()) for name, value in pairs):
        key = name.casefold()
        if not value:
            continue
        if key in given:
            text = Row(line, "", given).text
            return Problem(line, text, "duplicate_option", {"field": short(name), "value": short(value)})
        given[key] = value
    command = next((given.pop(name) for name in COMMAND if name in given), "")
    row = Row(line, command, given)
    return row if command else Problem(line, row.text, "row_without_command")


def short(text: str) -> str:
    """`text` in one line that is not too long."""
    line = " ".join(text[: SHOWN * 4].split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def kept(text: str) -> str:
    """`text` without what no database keeps: halves of signs, and the sign that is none."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _quoted(value: str) -> str:
    return f'"{value}"' if any(map(str.isspace, value)) else value
