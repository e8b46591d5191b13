"""A job in lines for a person at a terminal."""

from __future__ import annotations

from pathlib import Path

from bot.names import name_of
from bot.on_terminal.courier import folder_of, placed
from bot.on_terminal.report import error_of
from bot.replies import reply
from workflows.view import JobView

SHOWN = {"audio": "♫", "lrc": "≡", "midi": "♬", "image": "▣"}


def job_lines(job: JobView, songs: Path) -> list[str]:
    """Any job: what it is, how far, and what to do next."""
    if job.status == "COMPLETED":
        return finished_lines(job, songs)
    if lines := error_lines(job):
        return [f"#{job.id} {name_of(job)}: {job.status.lower()}", *lines]
    if job.status == "PENDING":
        return [f"#{job.id} {name_of(job)}: {reply('waiting', position=job.position, eta_s=job.eta_s)}"]
    done = f" {job.progress:.0%}" if job.progress is not None else ""
    stage = reply("stage_" + (job.stage or "planning"))
    return [f"#{job.id} {name_of(job)}: {stage}{done}"]


def error_lines(job: JobView) -> list[str]:
    """Why a job ended without music, and how to try again where that may help; nothing for any other job."""
    error = error_of(job)
    if error is None:
        return []
    again = job.status == "FAILED" and not job.error_permanent
    return [error["message"], *([reply("retry_hint", job=job.id)] if again else [])]


def finished_lines(job: JobView, songs: Path) -> list[str]:
    """A finished job: each take with its facts and files, then what people should know, and what it cost."""
    lines: list[str] = []
    places = placed(job, songs)
    for track in job.tracks:
        minutes, seconds = divmod(round(track.duration), 60)
        score = "" if track.quality_score is None else f" · quality {track.quality_score:.2f}"
        facts = f"{minutes}:{seconds:02d} · {track.bpm:g} BPM · {track.keyscale} · {track.timesignature}"
        lines += [f"♪ {track.title}", f"  {facts} · seed {track.seed}{score}"]
        own = [(file, path) for owner, file, path in places if owner is track]
        lines += [f"  {SHOWN[file.kind]} {_short(path)}" for file, path in own if file.kind in SHOWN]
        stems = [(file.name, path.parent) for file, path in own if file.kind == "stem"]
        if stems:
            # each once, in however many formats
            names = dict.fromkeys(name for name, _ in stems)
            lines.append(f"  ⫶ {_short(stems[0][1])}/  {', '.join(names)}")
    for notice in (job.plan or {}).get("notices", ()):
        lines.append(reply(notice["code"], **notice["params"]))
    if not folder_of(job, songs).is_dir():
        lines.append(reply("files_moved", folder=str(folder_of(job, songs))))
    return [*lines, reply("paid", job=job.id, credits=job.price)]


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
