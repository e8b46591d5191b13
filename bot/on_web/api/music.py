"""Asking for music: one way for every task that makes some (rows C1 to C14)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from bot.on_web import reading
from bot.on_web.api import bodies, kinds
from bot.on_web.api.job_object import job_object, plainly
from bot.on_web.api.once import Once, fingerprint
from bot.on_web.api.schemas import JobObject, Started
from bot.on_web.caller import Creates
from bot.on_web.errors import documented
from bot.on_web.house import Here, Web
from bot.replies import reply
from engine.spec import MODELS
from workflows import collection
from workflows.keys import Caller
from workflows.refusal import in_words_of
from workflows.submit import Accepted, judge, submit
from workflows.view import JobView

log = logging.getLogger(__name__)

router = APIRouter(prefix="/api/v1/music", tags=["music"])

# What is answered at once is asked for elsewhere.
TASKS = tuple(task for task in MODELS if task not in ("analyze", "lrc"))


async def keep(request: Request, web: Web, calls: Caller, task: str, key: str | None) -> Accepted:
    """Keep what `request` asks for. Raises `Refusal`."""

    def check(values: dict[str, Any]) -> None:
        with in_words_of(kinds.as_given(task, values)):
            judge(web.rules, task, kinds.named(task, values))

    asked = await reading.asked(request, web, calls, sound=bodies.sound_of(task), check=check)
    with in_words_of(kinds.as_given(task, asked.values)):
        values, same = kinds.named(task, asked.values), kinds.named(task, asked.same)
        if reading.kind_of(request) == reading.JSON:
            kinds.require(MODELS[task], values)
        accepted = await submit(
            web.db, web.rules, calls.who, calls.where, task, values,
            key=key, fingerprint=fingerprint(task, same), incoming=web.incoming,
        )  # fmt: skip
    web.nudge()
    return accepted


def _asks_for(task: str) -> Callable[..., Awaitable[JSONResponse]]:
    async def ask(request: Request, web: Here, calls: Creates, key: Once) -> JSONResponse:
        accepted = await keep(request, web, calls, task, key)
        job = await _begun(request, web, calls, task, accepted)
        return started(web, job, task, accepted.price)

    ask.__doc__ = "The answer comes at once, with the number of a job: ask for its status until it is COMPLETED."
    return ask


def started(web: Web, job: dict[str, Any], what: str, credits: int) -> JSONResponse:
    """That a job was begun; its number stands at the top, too, where the reference's client looks first."""
    return JSONResponse(
        {
            "job": job,
            "message": plainly(reply(f"started_{what}")),
            "id": job["id"],
            "credits": credits,
            "price_cents": web.rules.pricing.cents(credits),
            "position": job["position"],
            "eta_seconds": job["eta_seconds"],
        }
    )


async def _begun(request: Request, web: Web, calls: Caller, task: str, accepted: Accepted) -> dict[str, Any]:
    """The job object of what was just kept, as far as it can be looked at."""
    job = await look(web, calls, accepted.job_id)
    if job is not None:
        return job_object(job, web.links(request))
    bare = JobObject.bare(accepted.job_id, task, calls.user_id)
    return {**bare, "position": accepted.position, "eta_seconds": accepted.eta_s}


async def look(web: Web, calls: Caller, job_id: int) -> JobView | None:
    """A job that was kept. Whatever happens on the way its number has to be answered, or it is asked for twice: None
    where it can't be looked at."""
    try:
        return await collection.one(web.db, job_id, calls.who, calls.where)
    except Exception:
        log.exception("job %s was kept and can't be looked at", job_id)
        return None


for _task in TASKS:
    router.add_api_route(
        f"/{_task}",
        _asks_for(_task),
        methods=["POST"],
        response_model=Started,
        responses=documented(402, 404, 413, 415, 429),
        summary=(MODELS[_task].__doc__ or "").strip().split(" (C")[0].rstrip("."),
        openapi_extra=bodies.body(_task),
    )
