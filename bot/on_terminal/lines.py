"""A job in lines for a person at a terminal."""

from __future__ import annotations

from pathlib import Path

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
        return [f"#{job.id} {job.title or job.task}: {job.status.lower()}", *lines]
    if job.status == "PENDING":
        return [f"#{job.id} {job.task}: {reply('waiting', position=job.position, eta_s=job.eta_s)}"]
    done = f" {job.progress:.0%}" if job.progress is not None else ""
    stage = reply("stage_" + (job.stage or "planning"))
    return [f"#{job.id} {job.title or job.task}: {stage}{done}"]


def error_lines(job: JobView) -> list[str]:
    """Why a job ended without music, and how to try again where that may help; nothing for any other job."""
    error = error_of(job)
    if error is None:
        return []
    again = job.status == "FAILED" and not job.error_permanent
    return [error["message"], *([reply("retry_hint", job=job.id)] if again else [])]


def finished_lines(job: JobView, songs: Path) -> list[str]:
    """A finished job: its takes, what was decided, and where the files lie."""
    lines = []
    for track in job.tracks:
        minutes, seconds = divmod(round(track.duration), 60)
        facts = f"{minutes}:{seconds:02d} · {track.bpm:g} BPM · {track.keyscale} · {track.timesignature}"
        score = "" if track.quality_score is None else f" · quality {track.quality_score:.2f}"
        lines += [f"♪ {track.title}", f"  {facts} · seed {track.seed}{score} · {job.price} credits"]
    for notice in (job.plan or {}).get("notices", ()):
        lines.append("  " + reply(notice["code"], **notice["params"]))
    folder = folder_of(job, songs)
    stems: set[Path] = set()
    for file, path in placed(job, songs):
        if file.kind in SHOWN:
            lines.append(f"  {SHOWN[file.kind]} {_short(path)}")
        elif file.kind == "stem" and path.parent not in stems:
            stems.add(path.parent)
            names = ", ".join(f.name for f, p in placed(job, songs) if f.kind == "stem" and p.parent == path.parent)
            lines.append(f"  ⫶ {_short(path.parent)}/  {names}")
    if not folder.is_dir():
        lines.append("  " + reply("files_moved", folder=str(folder)))
    return lines


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
