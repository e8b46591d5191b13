"""A job as answers over HTTP tell of it: one object, the same wherever a job is answered (rows A5, A6, G and H)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot import moments
from bot.ending import why_no_music
from bot.names import name_of
from bot.notices import notices
from bot.replies import reply
from workflows.people import now_ms
from workflows.signed_links import Piece
from workflows.view import JobView, TrackView

if TYPE_CHECKING:
    from bot.on_web.links import Links

# What was decided about the song, as its plan tells it and, before there is one, as it was asked for.
DECIDED = ("caption", "lyrics", "genre_preset", "vocal_language", "bpm", "keyscale", "timesignature", "instrumental")


def job_object(job: JobView, links: Links) -> dict[str, Any]:
    """`job` as JSON, with links to what was made. Every field is there from the beginning, null until it is known."""
    takes = () if job.deleted else job.tracks
    outputs = [_output(job, track, links) for track in takes]
    first = outputs[0] if outputs else {}
    code, message = _error(job)
    return {
        "id": job.id,
        "task": job.task,
        "status": status_of(job),
        "cancelled": job.status == "CANCELLED",
        "deleted": job.deleted,
        "progress": _progress(job),
        "stage": job.stage if job.status == "PROCESSING" else None,
        "position": job.position,
        "eta_seconds": job.eta_s,
        "display_name": job.title or job.spec.get("display_name") or name_of(job),
        "audio_duration": first.get("duration", job.duration or None),
        "output_url": first.get("output_url"),
        "output_urls": first.get("output_urls"),
        "outputs": outputs,
        "actual_seeds": [track.seed for track in takes] or None,
        "lrc_content": first.get("lrc_content"),
        "quality_score": first.get("quality_score"),
        "thumbnail_url": job.thumbnail_url or first.get("image_url"),
        "liked": job.liked,
        **_decided(job),
        "format": job.spec.get("format"),
        "batch_size": job.takes or None,
        "analysis": job.analysis,
        "source_job_id": job.parent_id,
        "credits": job.price,
        "notices": [plainly(line) for line in notices(job, program=True)]
        if job.status == "COMPLETED" and not job.deleted
        else [],
        "error_code": code,
        "error_message": message,
        "retryable": job.status == "FAILED" and not job.error_permanent,
        "created_at": moments.iso(job.created_at),
        "started_at": moments.iso(job.started_at),
        "completed_at": moments.iso(job.finished_at),
        "user_id": job.user_id,
    }


def status_of(job: JobView) -> str:
    """Programs wait for COMPLETED, FAILED or ERROR alone: what was cancelled has failed, for them (row H)."""
    return "FAILED" if job.status == "CANCELLED" else job.status


def plainly(words: str) -> str:
    """Our words for programs: no marks around names, times in UTC."""
    return moments.plainly(words, now_ms() / 1000).replace("`", "")


def _progress(job: JobView) -> int | None:
    if job.status == "COMPLETED":
        return 100
    return None if job.progress is None or job.ended else round(job.progress * 100)


def _decided(job: JobView) -> dict[str, Any]:
    """What it sounds like, or is to; of several takes what the first one has."""
    plan: Mapping[str, Any] = job.plan or {}
    told = {name: plan.get(name, job.spec.get(name)) for name in DECIDED}
    for track in job.tracks[:1]:
        told |= {"bpm": track.bpm, "keyscale": track.keyscale, "timesignature": track.timesignature}
    return told


def _output(job: JobView, track: TrackView, links: Links) -> dict[str, Any]:
    """One take. Its sound is that of the song or, of a job that takes a song apart, of its first stem."""
    urls = _sound(track, links)
    others = links.others(track)
    timed = bool(job.spec.get("generate_lrc"))
    return {
        "id": track.id,
        "take": track.take,
        "title": track.title,
        "seed": track.seed,
        "duration": track.duration,
        "sample_rate": track.sample_rate,
        "channels": track.channels,
        "bpm": track.bpm,
        "keyscale": track.keyscale,
        "timesignature": track.timesignature,
        "quality_score": track.quality_score,
        "output_url": urls.get(str(job.spec.get("format") or "flac")),
        "output_urls": urls,
        "lrc_content": track.lrc if timed else None,
        "lrc_url": others.get("lrc") if timed else None,
        "midi_url": others.get("midi"),
        "image_url": others.get("image"),
        "stems": links.stems(track),
    }


def _sound(track: TrackView, links: Links) -> dict[str, str]:
    if any(file.kind == "audio" for file in track.files):
        return links.sound(track)
    stem = next((file.name for file in track.files if file.kind == "stem"), None)
    if stem is None:
        return {}
    return {form: links.to(Piece(track.id, "stem", form, stem)) for form in links.sound(track)}


def _error(job: JobView) -> tuple[str | None, str | None]:
    """Why there is no music: a code and a sentence; nothing where there is some, or may be yet."""
    why = why_no_music(job, job=job.id, program=True)
    if why is not None:
        return ("taken_down" if job.taken_down is not None else job.error_code or "internal"), plainly(why)
    if job.status == "CANCELLED" or job.deleted:
        code = "cancelled" if job.status == "CANCELLED" else "deleted"
        return code, plainly(reply(code))
    return None, None
