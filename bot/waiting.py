"""What is said of a job while it waits: its place, how long that takes, what holds it up. For every surface alike."""

from __future__ import annotations

from typing import Any

from bot.replies import reply
from workflows.queue import Pause
from workflows.submit import Accepted
from workflows.view import JobView


def taken(accepted: Accepted, locale: str = "en") -> str:
    """A request was accepted; and where there are few credits left, what to do about it."""
    words = reply(
        "accepted",
        locale,
        job=accepted.job_id,
        position=accepted.position,
        eta_s=accepted.eta_s,
        credits=accepted.price,
        **held_up(accepted.pause, review=accepted.review),
    )
    return "\n".join(filter(None, (words, low(accepted, locale))))


def low(accepted: Accepted, locale: str = "en") -> str | None:
    """What is left would not pay for the same again; None where it would."""
    if accepted.low is None:
        return None
    return reply("low_credits", locale, left=accepted.low.left, daily=accepted.low.daily)


def waiting(job: JobView, locale: str = "en") -> str:
    """One sentence."""
    return reply("waiting", locale, position=job.position, eta_s=job.eta_s, **held_up(job.pause, review=job.review))


def waiting_parts(job: JobView, locale: str = "en") -> tuple[str, ...]:
    """The same in parts, for a line that says more."""
    if job.review:
        return (reply("line_review", locale),)
    told = [reply("line_place", locale, position=job.position or 0)]
    if job.pause is not None:
        told.append(reply("line_paused", locale, **held_up(job.pause)))
    if job.eta_s is not None:
        told.append(reply("line_about", locale, eta_s=job.eta_s))
    return tuple(told)


def stage(job: JobView, locale: str = "en") -> str:
    """What is being done for a job under way."""
    listens = job.task == "analyze" and job.stage != "fetching"
    return reply("stage_listening" if listens else "stage_" + (job.stage or "planning"), locale)


def held_up(pause: Pause | None, *, review: bool = False) -> dict[str, Any]:
    """The parameters of a sentence about what may have to wait for those in charge."""
    if review:
        return {"review": True}
    return {} if pause is None else {"paused": True, "why": pause.why}
