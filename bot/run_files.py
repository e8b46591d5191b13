"""The files of a run under the names that people see: numbered in its order, no two alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import PurePath

from bot.card import for_chat
from bot.names import slug
from bot.placard import Bundle
from bot.run_table import NAME, table
from workflows.runs.view import RunView, StepView
from workflows.view import FileView

# For edits, not for people.
_OURS = ("score",)


def name_of_bundle(run: RunView) -> str:
    """What its ZIP is called."""
    return slug(PurePath(run.name).stem if run.kind == "batch" else run.name)


def bundle(run: RunView, locale: str = "en", *, everything: bool) -> Bundle | None:
    """All that was made, with the table; None where nothing was. Of each song what people want in a chat, or
    `everything` that there is of it."""
    files = tuple(_files(run, everything=everything))
    return Bundle(name_of_bundle(run), files, ((NAME, table(run, locale)),)) if files else None


def _files(run: RunView, *, everything: bool) -> Iterator[tuple[str, str, int]]:
    width = max(len(str(len(run.steps))), 2)
    for step in run.steps:
        base = f"{step.number:0{width}}-{slug(step.title or step.label)}"
        for take, files in groupby(step.files, key=lambda each: each[0]):
            name = base if take == 1 else f"{base}-{take}"
            for file in _wanted(step, [file for _, file in files], everything=everything):
                inside = f"{name}-stems/{file.name}" if file.kind == "stem" else name
                yield f"{inside}.{file.format}", file.digest, file.size


def _wanted(step: StepView, files: Iterable[FileView], *, everything: bool) -> list[FileView]:
    if everything:
        return [file for file in files if file.kind not in _OURS]
    return for_chat(files, step.task, str(step.values.get("format") or "flac"))
