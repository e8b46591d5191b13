"""A job in lines for a person at a terminal."""

from __future__ import annotations

import re
from pathlib import Path

from bot import analysis
from bot.answers import Answer
from bot.facts import facts
from bot.names import name_of
from bot.notices import notices
from bot.on_terminal.courier import folder_of, placed
from bot.on_terminal.deeds import typed
from bot.on_terminal.report import error_of, timed
from bot.origin import origin
from bot.replies import cleaned, reply
from bot.waiting import stage, waiting
from workflows.view import JobView

# Commands of chats that have words of their own here; every other one is typed behind `minstrel play`.
_TYPED = {
    "queue": "minstrel queue", "dead": "minstrel queue dead", "requeue": "minstrel queue requeue",
    "grant": "minstrel credits grant", "revoke": "minstrel credits revoke", "audit": "minstrel audit",
    "review": "minstrel play /review", "batch": "minstrel batch", "runs": "minstrel runs",
    "recipe list": "minstrel recipe list", "recipe run": "minstrel recipe run",
}  # fmt: skip
_COMMAND = re.compile(rf"`/({'|'.join(sorted(_TYPED, key=len, reverse=True))})(?![\w-])")
SHOWN = {"audio": "♫", "lrc": "≡", "midi": "♬", "image": "▣"}


def spoken(text: str) -> str:
    """`text` as it is said here: `/queue resume` is `minstrel queue resume`, and times are those of UTC."""
    return timed(_COMMAND.sub(lambda found: f"`{_TYPED[found[1]]}", text))


def answer_lines(answer: Answer) -> list[str]:
    """What is answered at once, with the commands that its buttons stand for."""
    buttons = [f"minstrel jobs {action.name} {job}" for action, job in answer.buttons]
    deeds = filter(None, map(typed, (*answer.deeds, *answer.choices)))
    return [timed(answer.text), *([answer.file.sheet.rstrip("\n")] if answer.file else []), *buttons, *deeds]


def job_lines(job: JobView, songs: Path) -> list[str]:
    """Any job: what it is, how far, and what to do next."""
    if job.status == "COMPLETED" and job.taken_down is None and not job.expired:
        return finished_lines(job, songs)
    if lines := error_lines(job):
        return [f"#{job.id} {name_of(job)}: {job.status.lower()}", *lines]
    if job.status == "PENDING":
        return [f"#{job.id} {name_of(job)}: {waiting(job)}"]
    done = f" {job.progress:.0%}" if job.progress is not None else ""
    return [f"#{job.id} {name_of(job)}: {stage(job)}{done}"]


def error_lines(job: JobView) -> list[str]:
    """Why a job ended without music, and how to try again where that may help; nothing for any other job."""
    error = error_of(job)
    if error is None:
        return []
    again = job.status == "FAILED" and not job.error_permanent
    return [error["message"], *([reply("retry_hint", job=job.id)] if again else [])]


def finished_lines(job: JobView, songs: Path) -> list[str]:
    """A finished job: each take with its facts and files, then what people should know, and what it cost."""
    lines: list[str] = _heard(job)
    places = placed(job, songs)
    for track in job.tracks:
        score = "" if track.quality_score is None else f" · quality {track.quality_score:.2f}"
        lines += [f"♪ {track.title}", f"  {' · '.join(facts(job, track))} · seed {track.seed}{score}"]
        own = [(file, path) for owner, file, path in places if owner is track]
        lines += [f"  {SHOWN[file.kind]} {_short(path)}" for file, path in own if file.kind in SHOWN]
        stems = [(file.name, path.parent) for file, path in own if file.kind == "stem"]
        if stems:
            # each once, in however many formats
            names = dict.fromkeys(name for name, _ in stems)
            lines.append(f"  ⫶ {_short(stems[0][1])}/  {', '.join(names)}")
    lines += notices(job)
    if job.tracks and not folder_of(job, songs).is_dir():
        lines.append(reply("files_moved", folder=str(folder_of(job, songs))))
    came_from = origin(job, "en")
    return [*lines, *([came_from] if came_from else []), reply("paid", job=job.id, credits=job.price)]


def _heard(job: JobView) -> list[str]:
    """What was heard in a piece of audio."""
    if job.analysis is None:
        return []
    heard = analysis.of(job.analysis)
    told = (" · ".join(analysis.main_facts(heard)), *analysis.lines(heard))
    return [f"♪ {cleaned(name_of(job), 100)}", *(f"  {line}" for line in told)]


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
