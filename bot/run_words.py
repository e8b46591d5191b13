"""A run in words: how far it is, what is made just now, what holds it up, what failed. For every surface alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from bot.card import BAR
from bot.deeds import Deed
from bot.replies import cleaned, reply
from workflows.runs.plan import PlannedStep, Problem, Proposal
from workflows.runs.view import RunView, StepView

SHOWN_FAILURES, SHOWN_STEPS, SHOWN_NOW = 10, 16, 3
NAME, LABEL = 80, 60
MARKS = {"WAITING": "·", "QUEUED": "▸", "DONE": "✓", "FAILED": "✗", "SKIPPED": "–", "CANCELLED": "–"}
# Somebody in charge did not let its words pass.
WITHHELD = ("rejected", "called_off", "blocked_words")
# Of a link only where it leads: the rest may open more than its owner meant to share.
_LINK = re.compile(r"(https?://)(?:[^\s/@\"'`]*@)?([^\s/?#\"'`]*)[^\s\"'`]*", re.IGNORECASE)
# Why the next song has to wait, by the refusal that it would get.
_HELD = {
    "too_many_jobs": "held_by_jobs",
    "rate_limited": "held_by_rate",
    "songs_of_day": "held_by_day",
    "server_full": "held_by_server",
    "songs_of_server": "held_by_server_day",
    "house_closing": "held_by_house",
}


def title(run: RunView | Proposal) -> str:
    """What a run is called: its recipe, or its file without the ending."""
    return cleaned(PurePath(run.name).stem if run.kind == "batch" else run.name, NAME) or reply("run_unnamed")


def standing(run: RunView, locale: str = "en") -> str:
    """How far it is, or how it ended."""
    failed = run.count("FAILED", "SKIPPED") or None
    if run.status == "PROPOSED":
        return reply("run_proposed", locale, count=len(run.steps), credits=run.price)
    if run.ended:
        code = "run_cancelled" if run.status == "CANCELLED" else "run_done"
        left = run.count("CANCELLED") or None
        return reply(code, locale, count=run.count("DONE"), credits=run.paid, failed=failed, left=left)
    over = len(run.steps) - run.count("WAITING", "QUEUED")
    # What is being made counts as far as it is: a recipe has few songs, and its bar would stand still for minutes.
    under_way = sum(step.progress or 0 for step in run.steps if step.state == "QUEUED")
    full = round(BAR * (over + under_way) / max(len(run.steps), 1))
    bar = "▰" * full + "▱" * (BAR - full)
    words = reply(
        "run_under_way",
        locale,
        done=run.count("DONE"),
        all=len(run.steps),
        failed=failed,
        eta_s=None if run.cancelling or run.pause else run.eta_s,
    )
    return f"{bar} {words}"


def waits(run: RunView, locale: str = "en") -> tuple[str, ...]:
    """Why it goes on no faster, where there is more to say than that songs take their time."""
    if run.ended or run.status == "PROPOSED":
        return ()
    told = [reply("run_ending", locale)] if run.cancelling else []
    if run.pause is not None:
        told.append(reply("line_paused", locale, paused=True, why=run.pause.why))
    if run.held_up is not None and not run.cancelling and run.count("WAITING"):
        told.append(reply(_HELD.get(run.held_up, "held_by_something"), locale, due=run.due_at))
    if parked := sum(step.parked for step in run.steps):
        told.append(reply("run_parked", locale, count=parked))
    return tuple(told)


def made_now(run: RunView, locale: str = "en") -> tuple[str, ...]:
    """The songs of a batch that are being made, or all steps of a recipe by their names, a line each."""
    if run.kind == "recipe":
        return _steps(run, locale)
    going = [step for step in run.steps if step.state == "QUEUED" and step.progress is not None]
    return tuple(step_line(step, locale) for step in going[:SHOWN_NOW])


def failures(run: RunView, locale: str = "en", *, most: int = SHOWN_FAILURES) -> tuple[str, ...]:
    """What could not be made and why, by its line; what was left out because of that is not told by itself."""
    aloud = run.status != "PROPOSED"
    told = [(each.line, problem_words(each, locale, aloud=aloud)) for each in run.problems]
    told += [(step.line or step.number, failure_words(step, locale)) for step in run.steps if step.state == "FAILED"]
    lines = [words for _, words in sorted(told, key=lambda each: each[0])]
    more = [reply("more_of_them", locale, count=len(lines) - most)] if len(lines) > most else []
    return (*lines[:most], *more)


def failure_words(step: StepView, locale: str = "en") -> str:
    """A step that failed, and why."""
    name = called(step)
    return " ".join(filter(None, (place(step, locale), name and f"{name}:", why(step, locale))))


def problem_words(problem: Problem, locale: str = "en", *, aloud: bool = False) -> str:
    """A row that can't be made, and why; `aloud`: where others read it, too."""
    return f"{reply('row_at', locale, line=problem.line)} {refused(problem.code, problem.params, locale, aloud=aloud)}"


def why(step: StepView, locale: str = "en") -> str:
    """Why a step came to nothing, "" where it did not."""
    if step.taken_down is not None:
        return reply("taken_down", locale, why=step.taken_down)
    if step.state == "FAILED":
        # Without the number of its song: all that failed is tried again together, by the button of the run.
        return refused(step.error_code or "internal", step.error_params, locale, aloud=True)
    return reply("step_skipped", locale) if step.state == "SKIPPED" else ""


def called(step: StepView) -> str:
    """What a song of it is called; where its words are not for everybody, only its number."""
    if withheld(step):
        return f"#{step.job}" if step.job is not None else ""
    return cleaned(without_links(step.title or step.label), LABEL)


def without_links(text: str) -> str:
    """What somebody wrote, for everybody's eyes: of a link only where it leads."""
    return _LINK.sub(r"\1\2/…", text)


def withheld(step: StepView) -> bool:
    """Whether its words are not for everybody: nobody let them pass, or they may be what was wrong with it."""
    return step.parked or step.taken_down is not None or step.error_code in WITHHELD


def refused(code: str, params: Mapping[str, Any], locale: str, *, aloud: bool = False) -> str:
    """The sentence of a refusal or a failure that was kept; said `aloud`, without words that nobody may write here."""
    if aloud and code == "blocked_words":
        code = "row_blocked"
    return reply(code, locale, **{name: value for name, value in params.items() if name not in ("code", "locale")})


def place(step: StepView | PlannedStep, locale: str = "en") -> str:
    """Where a step stands: its line in the file, or its name in the recipe."""
    return reply("row_at", locale, line=step.line) if step.line is not None else f"{_named(step)}:"


def _named(step: StepView | PlannedStep) -> str:
    """What its recipe calls it; in a file a name is one word."""
    return cleaned(step.name.replace("-", " "), LABEL)


def deeds(run: RunView, locale: str = "en") -> tuple[Deed, ...]:
    """What can be done with it now."""
    if run.status == "PROPOSED":
        label = reply("start_the_others" if run.problems else "start_all", locale, count=len(run.steps))
        return (Deed("run_start", run.id, label=label), Deed("run_drop", run.id))
    if not run.ended:
        return (Deed("run_show", run.id),) if run.cancelling else (Deed("run_cancel", run.id),)
    return (*((Deed("run_retry", run.id),) if may_help(run) else ()), Deed("run_show", run.id))


def may_help(run: RunView) -> bool:
    """Whether what failed of it may come right at another try, or what it was left out for is there after all."""
    if run.status != "COMPLETED":
        return False
    left_out = run.count("SKIPPED") > 0 and run.count("FAILED", "CANCELLED") == 0
    return left_out or any(step.state == "FAILED" and not step.error_permanent for step in run.steps)


def _steps(run: RunView, locale: str) -> tuple[str, ...]:
    """Steps under way come first where there are too many to show."""
    shown = run.steps
    if len(shown) > SHOWN_STEPS:
        order = sorted(shown, key=lambda step: (step.state not in ("QUEUED", "FAILED"), step.number))
        shown = tuple(sorted(order[:SHOWN_STEPS], key=lambda step: step.number))
    more = [reply("more_of_them", locale, count=len(run.steps) - len(shown))] if len(run.steps) > len(shown) else []
    return (*(step_line(step, locale) for step in shown), *more)


def step_line(step: StepView, locale: str = "en") -> str:
    """A step and how it stands."""
    name = " · ".join(filter(None, (_named(step) if step.line is None else "", called(step))))
    parked = f" · {reply('line_review', locale)}" if step.parked else ""
    if step.state == "QUEUED":
        done = "" if step.progress is None else f" {step.progress:.0%}"
        return f"{MARKS[step.state]} {name}{done}{parked}"
    if step.state == "DONE" and step.deleted:
        return f"{MARKS[step.state]} {name}: {why(step, locale) or reply('deleted', locale)}"
    if step.state == "DONE":
        return f"{MARKS[step.state]} {name}" + (f" · #{step.job}" if step.job is not None else "")
    reason = why(step, locale) if step.state == "SKIPPED" else ""
    return f"{MARKS[step.state]} {name}" + (f": {reason}" if reason else "")
