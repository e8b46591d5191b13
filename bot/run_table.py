"""What became of each row or step of a run, as a table to keep."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from bot.commands import catalogue, command_name
from bot.options import as_typed
from bot.replies import reply
from bot.run_words import WITHHELD, refused, why, withheld, without_links
from bot.syntax import format_command
from workflows.runs.plan import VALUES
from workflows.runs.view import RunView, StepView

NAME = "table.csv"
COLUMNS = ("row", "command", "status", "song", "title", "seconds", "seed", "credits", "error")
STATES = {
    "WAITING": "waiting", "QUEUED": "being made", "DONE": "done", "FAILED": "failed", "SKIPPED": "left out",
    "CANCELLED": "cancelled",
}  # fmt: skip
# With these a spreadsheet takes a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t")
# Whose channel is a folder, which only its owner opens.
TERMINAL = "terminal"


def table(run: RunView, locale: str = "en") -> str:
    """One row for each row of the file (`row` is its line), or for each step of the recipe (`row` is its name)."""
    commands = catalogue()
    names = {step.number: step.name for step in run.steps}

    def command(step: StepView) -> str:
        name = command_name(step.task)
        given = {option: _given(value, names) for option, value in step.values.items()}
        return written(format_command(commands[name], given)) if name in commands else f"/{name}"

    def written(text: str) -> str:
        return text if run.surface == TERMINAL else without_links(text)

    rows: list[tuple[int, tuple[Any, ...]]] = [
        (
            step.line or step.number,
            (
                step.line or step.name, "" if withheld(step) else command(step),
                "deleted" if step.deleted else STATES[step.state], step.job, "" if withheld(step) else step.title,
                f"{step.duration:g}" if step.duration else "", " ".join(map(str, step.seeds)),
                step.paid if step.state == "DONE" else 0, why(step, locale),
            ),
        )
        for step in run.steps
    ]  # fmt: skip
    rows += [
        (each.line, (each.line, "" if each.code in WITHHELD else written(each.text), reply("row_refused", locale),
                     "", "", "", "", 0, refused(each.code, each.params, locale, aloud=True)))
        for each in run.problems
    ]  # fmt: skip
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in row] for _, row in sorted(rows, key=lambda each: each[0]))
    return sheet.getvalue()


def _given(value: Any, names: Mapping[int, str]) -> str:
    """The value of an option; one that comes from another step says from which, by its name."""
    if isinstance(value, dict) and "join" in value:
        return "".join(_given(part, names) for part in value["join"])
    if isinstance(value, dict) and value.get("value") in VALUES:
        return f"({value['value']} of {names[value['step']]})"
    return as_typed(value)


def cell(value: Any) -> Any:
    """A value as a spreadsheet takes it for a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
