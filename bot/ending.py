"""Why a job that ended has no music, for every surface alike."""

from __future__ import annotations

from typing import Any

from bot.replies import reply
from workflows.view import JobView


def why_no_music(job: JobView, locale: str = "en", /, **more: Any) -> str | None:
    """The sentence, where there is more to say than that it was cancelled or deleted; `more` are parameters of it."""
    if job.taken_down is not None:
        return reply("taken_down", locale, why=job.taken_down)
    if job.deleted:
        return reply(str(job.error_code), locale, **job.error_params) if job.expired else None
    # A cancelled job may have an error of an earlier attempt, which is not why it ended.
    if job.status == "FAILED" or (job.status == "CANCELLED" and job.error_code in ("rejected", "called_off")):
        return reply(job.error_code or "internal", locale, **{**more, **job.error_params})
    return None
