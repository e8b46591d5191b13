"""A run as the terminal prints it: an object, and lines for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot import moments
from bot.on_terminal.courier import run_folder
from bot.replies import reply
from bot.run_files import bundle
from bot.run_words import failures, may_help, problem_words, standing, step_line, title, waits, why
from workflows.people import now_ms
from workflows.runs.view import RunView, StepView


def run_json(run: RunView, songs: Path) -> dict[str, Any]:
    """One object: the run, its rows that were refused, and its steps with what they cost and where their files are."""
    folder = run_folder(run, songs)
    made = bundle(run, everything=True) if run.ended else None
    return {
        "run": run.id,
        "kind": run.kind,
        "name": run.name,
        "status": run.status,
        "price": run.price,
        "credits": run.paid,
        "folder": str(folder) if run.ended else None,
        "files": [str(folder / name) for name, _, _ in made.files] if made else [],
        "problems": [
            {"line": each.line, "text": each.text, "code": each.code, "message": problem_words(each)}
            for each in run.problems
        ],
        "steps": [_step(step) for step in run.steps],
    }


def _step(step: StepView) -> dict[str, Any]:
    reason = why(step)
    return {
        "number": step.number,
        "line": step.line,
        "name": step.name,
        "task": step.task,
        "state": step.state,
        "job": step.job,
        "title": step.title,
        "duration": step.duration,
        "seeds": list(step.seeds),
        "credits": step.paid,
        "error": {"code": step.error_code, "message": reason} if reason else None,
    }


def run_lines(run: RunView, songs: Path) -> list[str]:
    """How it stands, step by step, and where its files are."""
    head = reply("run_line", run=run.id, name=title(run), state=standing(run))
    lines = [head, *waits(run), *(step_line(step) for step in run.steps if step.state != "FAILED")]
    lines += failures(run, most=len(run.steps) + len(run.problems))
    if run.ended:
        folder = run_folder(run, songs)
        lines += [reply("run_files", folder=str(folder))] if folder.is_dir() else []
        if may_help(run):
            lines.append(reply("run_retry_hint", run=run.id))
    elif run.status == "RUNNING":
        lines.append(reply("run_follow", run=run.id))
    return [moments.plainly(line, now_ms() / 1000) for line in lines]


def listed(found: tuple[RunView, ...]) -> list[str]:
    """Runs, a line each."""
    if not found:
        return [reply("no_runs_yet")]
    return [f"{reply('run_line', run=run.id, name=title(run), state=standing(run))} · {run.user}" for run in found]
