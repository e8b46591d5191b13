"""A job as the terminal prints it: the JSON of INTERFACES.md, and lines for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot import moments
from bot.answers import Answer, refusal_words
from bot.ending import why_no_music
from bot.on_terminal.courier import placed
from bot.on_terminal.deeds import typed
from bot.replies import reply
from workflows.people import now_ms
from workflows.refusal import Refusal
from workflows.view import JobView, TrackView


def as_json(job: JobView, songs: Path) -> dict[str, Any]:
    """One object: the job, its plan, its tracks with the paths they were delivered to."""
    places = {(track.id, file.kind, file.name, file.format): str(path) for track, file, path in placed(job, songs)}
    return {
        "job": job.id,
        "task": job.task,
        "status": job.status,
        "credits": job.price,
        "title": job.title,
        "plan": job.plan,
        "tracks": [_track(job, track, places) for track in job.tracks],
        "analysis": job.analysis,
        "error": error_of(job),
    }


def _track(job: JobView, track: TrackView, places: dict[tuple[str, str, str, str], str]) -> dict[str, Any]:
    asked = job.spec.get("format", "flac")

    def place(kind: str, name: str = "", form: str | None = None) -> str | None:
        for (track_id, file_kind, file_name, file_format), path in places.items():
            if (track_id, file_kind, file_name) == (track.id, kind, name) and form in (None, file_format):
                return path
        return None

    # A song keeps its stems as FLAC whatever was asked for; stems asked for by themselves come in the asked format.
    stems = {
        file.name: place("stem", file.name, asked) or place("stem", file.name)
        for file in track.files
        if file.kind == "stem"
    }
    audio = {file.format: place("audio", file.name, file.format) for file in track.files if file.kind == "audio"}
    return {
        "id": track.id,
        "title": track.title,
        "path": audio.get(asked),
        "paths": audio,
        "format": asked,
        "duration": track.duration,
        "sample_rate": track.sample_rate,
        "channels": track.channels,
        "seed": track.seed,
        "bpm": track.bpm,
        "keyscale": track.keyscale,
        "timesignature": track.timesignature,
        "quality_score": track.quality_score,
        "lrc": place("lrc"),
        "midi": place("midi"),
        "stems": stems,
        "image": place("image"),
    }


def error_of(job: JobView) -> dict[str, Any] | None:
    """Why a job did not end with music, or None."""
    why = why_no_music(job, job=job.id)
    if job.taken_down is not None:
        return {"code": "taken_down", "message": why, "permanent": True}
    if why is not None:
        return {"code": job.error_code, "message": why, "permanent": job.error_permanent}
    if job.status == "CANCELLED":
        return {"code": "cancelled", "message": reply("cancelled"), "permanent": False}
    return None


def answer_json(answer: Answer) -> dict[str, Any]:
    """What is answered at once: its words, a text file where one comes with them, and what its buttons do."""
    file = answer.file
    return {
        "text": timed(answer.text),
        "file": None if file is None else {"name": file.name, "text": file.text},
        "buttons": [{"action": action.name, "job": job} for action, job in answer.buttons],
        "commands": [command for deed in (*answer.deeds, *answer.choices) if (command := typed(deed))],
    }


def timed(text: str) -> str:
    """`text` with its moments in words: a terminal knows nobody's time zone."""
    return moments.plainly(text, now_ms() / 1000)


def refusal_json(refusal: Refusal) -> dict[str, Any]:
    """The object a refusal prints."""
    return {
        "error": {
            "code": refusal.code,
            "field": refusal.field,
            "message": timed(refusal_words(refusal)),
            "retry_after": refusal.retry_after,
        }
    }
