"""What a song was made from, in words: a song made here, or a recording from outside and what was heard in it."""

from __future__ import annotations

from typing import Any

from bot.confidence import is_heard, marked, roughly
from bot.facts import clock
from bot.replies import cleaned, reply
from workflows.view import JobView

# What of a recording is told beside its tempo and key, where the song goes by it.
MADE_OUT = ("chords", "melody")


def origin(job: JobView, locale: str) -> str | None:
    """What `job` did to the sound it came from, or None where it came from none."""
    spec = job.spec
    if job.task == "analyze" and job.recording is not None:
        # Its title stands above.
        artist = "" if job.withheld else job.recording.artist
        return reply("line_artist", locale, artist=artist) if artist else None
    parent = _parent(job, locale)
    if parent is None:
        return None
    match job.task:
        case "retake":
            return reply("from_retake", locale, **parent, share=f"{spec['retake_variance']:.0%}")
        case "repaint":
            start, end = spec["repainting_start"], spec["repainting_end"]
            until = clock(job.duration if end == -1 else min(end, job.duration))
            return reply("from_repaint", locale, **parent, start=clock(start), end=until)
        case "extend":
            before, after = _seconds(spec["left_extend_length"]), _seconds(spec["right_extend_length"])
            return reply("from_extend", locale, **parent, before=before, after=after)
        case "edit":
            is_remix = spec["edit_type"] == "remix" and spec["edit_target_prompt"]
            return reply("from_remix" if is_remix else "from_words", locale, **parent)
        case "cover" | "reference" if _has_source(job):
            return reply(f"from_{job.task}", locale, **parent, heard=_heard(job, locale))
    return reply("line_parent", locale, **parent)


def _parent(job: JobView, locale: str) -> dict[str, Any] | None:
    """What it came from, and which take of it."""
    if job.recording is not None:
        title = "" if job.withheld else cleaned(job.recording.title)
        return {"parent": title or reply("a_recording", locale)}
    if job.parent_id is None:
        return None
    take = job.spec.get("source_take", 1)
    return {"parent": f"#{job.parent_id}", "take": take if take > 1 else None}


def _has_source(job: JobView) -> bool:
    """Whether it started from the parent itself, and not from a recording that was forgotten since."""
    return job.recording is not None or job.spec.get("source_job_id") is not None


def _heard(job: JobView, locale: str) -> tuple[str, ...]:
    """What was made out in a source whose notes nobody has, each with how sure we are."""
    heard = (job.plan or {}).get("heard")
    if heard is None:
        return ()
    sure = heard["confidence"]
    facts = (("bpm", f"{round(heard['bpm'], 1):g} BPM"), ("keyscale", heard["keyscale"]))
    told = [marked(sure, name, fact, locale) for name, fact in facts if is_heard(sure, name)]
    going_by = MADE_OUT if job.task == "cover" else ()
    made_out = [name for name in going_by if name in sure and is_heard(sure, name)]
    return (*told, *(roughly(sure, name, reply(f"what_{name}", locale), locale) for name in made_out))


def _seconds(length: float) -> str | None:
    return f"{length:g} s" if length else None
