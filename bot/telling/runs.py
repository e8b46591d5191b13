"""Answers about batches and runs: what a list would cost and what is wrong with it, and what its buttons do."""

from __future__ import annotations

import csv
import io

from bot.answers import Answer, Attached
from bot.deeds import Deed
from bot.facts import clock
from bot.replies import cleaned, reply
from bot.rows import understanding
from bot.run_table import NAME, cell, table
from bot.run_words import LABEL, deeds, failures, made_now, place, problem_words, refused, standing, title, waits
from bot.telling.counter import Asked, Counter, Doer, Teller
from engine.spec import Request
from workflows import credits, repeated
from workflows.asks.runs import Batch, Runs
from workflows.recording import LINKS
from workflows.refusal import Refusal
from workflows.runs import life
from workflows.runs.plan import PlannedStep, Problem, Proposal
from workflows.runs.view import RunView, StepView, recent, show

SHOWN_ROWS, SHOWN_PROBLEMS = 5, 8
# A recipe is not long, and people want to see all of it.
SHOWN_STEPS = 12
SHEET = "rows.csv"


async def batch(counter: Counter, asked: Asked, ask: Batch) -> Answer:
    """A list of commands: what is wrong with it, and what the rest would cost. Nothing of it begins."""
    from workflows.batches.plan import plan

    name, data = await _list(counter, asked, ask)
    understand = understanding(counter.commands)
    proposal = await plan(counter.db, counter.rules, asked.who, asked.where, data, name, understand)
    if proposal.steps:
        return await proposed(counter, asked, proposal)
    await repeated.only_shown(counter.db, asked.request)
    locale = asked.who.locale
    lines = problem_lines(proposal.problems, locale)
    return Answer("\n".join([reply("run_all_bad", locale), *lines]), file=_sheet((), proposal.problems, locale))


async def proposed(counter: Counter, asked: Asked, proposal: Proposal) -> Answer:
    """Keep `proposal` for a while, and say what it makes, what it costs and how it is begun. Raises `Refusal`."""
    run = await life.propose(counter.db, counter.rules, asked.who, asked.where, proposal, request=asked.request)
    has = await credits.account(counter.db, counter.rules, asked.who)
    return _offered(run, has.balance.available, asked.who.locale)


def offer_lines(run: RunView | Proposal, locale: str = "en", *, available: int | None = None) -> list[str]:
    """What it would make and cost, how it begins, and what is wrong with the rest."""
    music = sum(step.duration * max(step.takes, 1) for step in run.steps if step.takes)
    free = True if run.price == 0 else None
    lines = [
        reply(
            "run_offered", locale, name=title(run), count=len(run.steps), credits=run.price, music=music or None,
            free=free,
        )
    ]  # fmt: skip
    if available is not None and available < run.price:
        lines.append(reply("run_short", locale, available=available, missing=run.price - available))
    if linked := sum(any(step.values.get(name) for name in LINKS) for step in run.steps):
        lines.append(reply("run_linked", locale, count=linked))
    most = SHOWN_STEPS if run.kind == "recipe" else SHOWN_ROWS
    lines += [f"{place(step, locale)} {_row(step, locale)}" for step in run.steps[:most]]
    if len(run.steps) > most:
        lines.append(reply("more_rows", locale, count=len(run.steps) - most))
    if run.problems:
        lines += [reply("run_bad_rows", locale, count=len(run.problems)), *problem_lines(run.problems, locale)]
    return lines


def problem_lines(problems: tuple[Problem, ...], locale: str = "en", *, most: int = SHOWN_PROBLEMS) -> list[str]:
    """What is wrong with rows, by their lines."""
    lines = [problem_words(problem, locale) for problem in problems[:most]]
    more = [reply("more_rows", locale, count=len(problems) - most)] if len(problems) > most else []
    return [*lines, *more]


async def runs(counter: Counter, asked: Asked, ask: Runs) -> Answer:
    """Somebody's latest batches and recipes."""
    locale = asked.who.locale
    found = await recent(counter.db, asked.who, ask.limit)
    if not found:
        return Answer(reply("no_runs", locale))
    lines = [reply("run_line", locale, run=run.id, name=title(run), state=standing(run, locale)) for run in found]
    shown = tuple(Deed("run_show", run.id, label=f"{run.id}: {title(run)}"[:60]) for run in found[:SHOWN_ROWS])
    return Answer("\n".join(lines), deeds=shown)


async def start(counter: Counter, asked: Asked, run_id: int, which: int) -> Answer:
    """A proposal begins."""
    del which
    run = await life.start(counter.db, counter.rules, run_id, asked.who, asked.where, request=asked.request)
    counter.nudge()
    return Answer(reply("run_started", asked.who.locale, count=len(run.steps), run=run.id))


async def drop(counter: Counter, asked: Asked, run_id: int, which: int) -> Answer:
    """A proposal is forgotten."""
    del which
    await life.drop(counter.db, run_id, asked.who, asked.where, request=asked.request)
    return Answer(reply("run_dropped", asked.who.locale))


async def cancel(counter: Counter, asked: Asked, run_id: int, which: int) -> Answer:
    """What is not made yet is called off."""
    del which
    await life.cancel(counter.db, run_id, asked.who, asked.where, request=asked.request)
    counter.nudge()
    return Answer(reply("run_called_off", asked.who.locale))


async def again(counter: Counter, asked: Asked, run_id: int, which: int) -> Answer:
    """What failed is tried once more."""
    del which
    run = await life.retry(counter.db, counter.rules, run_id, asked.who, asked.where, request=asked.request)
    counter.nudge()
    count = run.count("WAITING", "QUEUED")
    return Answer(reply("run_retried", asked.who.locale, count=count))


async def look(counter: Counter, asked: Asked, run_id: int, which: int) -> Answer:
    """Everything about a run."""
    del which
    return run_answer(await show(counter.db, run_id, asked.who, asked.where), asked.who.locale)


def run_answer(run: RunView, locale: str = "en") -> Answer:
    """How a run stands, with every row of it as a table."""
    if run.status == "PROPOSED":
        return _offered(run, None, locale)
    head = reply("run_line", locale, run=run.id, name=title(run), state=standing(run, locale))
    lines = [head, *waits(run, locale), *made_now(run, locale), *failures(run, locale)]
    own = tuple(deed for deed in deeds(run, locale) if deed.name != "run_show")
    return Answer("\n".join(lines), file=Attached(NAME, table(run, locale), table=True), deeds=own)


def _offered(run: RunView, available: int | None, locale: str) -> Answer:
    lines = offer_lines(run, locale, available=available)
    return Answer("\n".join(lines), file=_sheet(run.steps, run.problems, locale), deeds=deeds(run, locale))


def _row(step: StepView | PlannedStep, locale: str) -> str:
    length = clock(step.duration) if step.takes else None
    free = True if step.price == 0 else None
    return reply("run_row", locale, label=cleaned(step.label, LABEL), length=length, credits=step.price, free=free)


def _sheet(steps: tuple[StepView | PlannedStep, ...], problems: tuple[Problem, ...], locale: str) -> Attached | None:
    """All rows with what they cost or what is wrong with them, where the answer itself has not room for them."""
    if len(steps) <= SHOWN_STEPS and len(problems) <= SHOWN_PROBLEMS:
        return None
    rows = [(step.line or step.number, step.label, step.price, "") for step in steps]
    rows += [(each.line, each.text, 0, refused(each.code, each.params, locale)) for each in problems]
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(("row", "song", "credits", "problem"))
    writer.writerows([cell(value) for value in row] for row in sorted(rows))
    return Attached(SHEET, sheet.getvalue(), table=True)


async def _list(counter: Counter, asked: Asked, ask: Batch) -> tuple[str, bytes]:
    """The name and the bytes of what somebody gave: rows that they typed, or a file."""
    given = [name for name in ("rows_url", "rows") if getattr(ask, name)]
    both = "rows_url, rows"
    if len(given) != 1:
        code = "sources_disagree" if given else "nothing_to_go_by"
        raise Refusal(code, field="rows_url", allowed=both, task=ask.task)
    if ask.rows:
        return "", ask.rows.encode()
    if counter.incoming is None:
        raise Refusal("batch_on_terminal", field="rows_url")
    from workflows.batches.files import fetched

    file = await fetched(counter.incoming, str(ask.rows_url), asked.who, field="rows_url")
    return file.name, file.data


TELLERS: dict[type[Request], Teller] = {Batch: batch, Runs: runs}
DOERS: dict[str, Doer] = {
    "run_start": start, "run_drop": drop, "run_cancel": cancel, "run_retry": again, "run_show": look,
}  # fmt: skip
