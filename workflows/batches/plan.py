"""From the rows of a file to a proposal: every row judged as a request of its own would be, and priced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from engine.spec import Request, estimate
from storage.database import Database
from workflows.accept import priced
from workflows.batches.reading import read
from workflows.batches.row import Row, Sheet, kept, short
from workflows.people import ReplyTo, Requester
from workflows.pricing import price
from workflows.recording import link_field
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.runs.plan import PlannedStep, Problem, Proposal
from workflows.submit import judge

# What people type, as a task and its options: the command, and options that stand beside it. Raises `Refusal`.
Understand = Callable[[str, Mapping[str, str]], tuple[str, Mapping[str, Any]]]

# What of a request tells one song from another, the likeliest first.
_TELLING = ("display_name", "caption", "query", "edit_target_prompt", "genre_preset", "track_name", "lyrics")


# Of what a refusal names: a value that is wrong may be long.
MOST_SAID = 2000


@dataclass(frozen=True)
class _Judged:
    row: Row
    spec: Request


async def plan(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, data: bytes, name: str, understand: Understand
) -> Proposal:
    """The whole file `name` as one proposal, with the rows that can't be made as its `problems`, by their lines.

    Raises `Refusal` for a file that is none, and for one with too many rows.
    """
    # A few hundred rows take a moment, in which others want to be answered.
    judged, problems = await asyncio.to_thread(_judged, rules, data, name, understand)
    return await db.aread(lambda session: _planned(session, rules, who, where, name, judged, problems))


def _judged(rules: Rules, data: bytes, name: str, understand: Understand) -> tuple[list[_Judged], list[Problem]]:
    sheet: Sheet = read(data, name)
    count, most = len(sheet.rows) + len(sheet.problems), rules.limits.runs.rows
    if count > most:
        raise Refusal("rows_too_many", value=count, most=most)
    judged, problems = [], [*sheet.problems]
    for row in sheet.rows:
        try:
            task, values = understand(row.command, row.options)
            judged.append(_Judged(row, judge(rules, task, values)))
        except Refusal as refusal:
            problems.append(_problem(row, refusal))
    return judged, problems


def _planned(
    session: Session, rules: Rules, who: Requester, where: ReplyTo, name: str, judged: Iterable[_Judged],
    problems: list[Problem],
) -> Proposal:  # fmt: skip
    steps: list[PlannedStep] = []
    for each in judged:
        try:
            steps.append(_step(session, rules, who, where, each, len(steps) + 1))
        except Refusal as refusal:
            problems = [*problems, _problem(each.row, refusal)]
    told = tuple(sorted(problems, key=lambda problem: problem.line))
    return Proposal("batch", short(kept(name)) or "batch", tuple(steps), problems=told)


def _step(session: Session, rules: Rules, who: Requester, where: ReplyTo, judged: _Judged, number: int) -> PlannedStep:
    spec, field = judged.spec, link_field(judged.spec)
    if field is None:
        found = priced(session, rules, who, where, spec)
        settled, credits = found.settled, found.credits
    else:
        _require_link(str(getattr(spec, field)), field)
        # It is fetched when its turn comes. Until then it may be as long as sound can be here, and cost as much: what
        # people are told beforehand is the most that they can be charged.
        settled = estimate(spec, rules.capabilities.max_duration)
        credits = price(rules.pricing, spec, settled, foreign=True)
    values = spec.model_dump(mode="json", exclude={"task"}, exclude_unset=True)
    return PlannedStep(
        number=number,
        name=spec.task,
        label=_label(values) or judged.row.text,
        task=spec.task,
        values=values,
        price=credits,
        duration=settled.duration,
        takes=settled.takes,
        line=judged.row.line,
    )


def _require_link(url: str, field: str) -> None:
    """Raise `Refusal` for a link that nobody would follow."""
    # Takes a moment to load, which only those wait for who give a link.
    from workflows.fetch import link as links

    try:
        links.judged(url)
    except Refusal as refusal:
        refusal.field, refusal.value = field, links.shown(url) or None
        raise


def _label(values: Mapping[str, Any]) -> str:
    words = {"track_name": str(values.get("track_name") or "").replace("_", " ")}
    said = (str(({**values, **words})[name]) for name in _TELLING if values.get(name))
    return next((short(line) for text in said for line in text.splitlines() if line.strip()), "")


def _problem(row: Row, refusal: Refusal) -> Problem:
    """Why a row can't be made, as values that can be kept."""
    params = {name: _plain(value) for name, value in refusal.told.items()}
    return Problem(row.line, row.text, refusal.code, params)


def _plain(value: Any) -> Any:
    """A value that is no longer than anybody wants to read, and that every database keeps."""
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return kept(value)[:MOST_SAID] if isinstance(value, str) else value
