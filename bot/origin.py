"""What a song was made from, in words."""

from __future__ import annotations

from bot.facts import clock
from bot.replies import reply
from workflows.view import JobView


def origin(job: JobView, locale: str) -> str | None:
    """What `job` did to the song it came from, or None where it came from none."""
    if job.parent_id is None:
        return None
    spec = job.spec
    take = spec.get("source_take", 1)
    parent = {"parent": job.parent_id, "take": take if take > 1 else None}
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
    return reply("line_parent", locale, **parent)


def _seconds(length: float) -> str | None:
    return f"{length:g} s" if length else None
