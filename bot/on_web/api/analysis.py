"""Listening to sound, and reading the times of words: what is answered at once (rows C9 and C15)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from bot.on_web import reading
from bot.on_web.api import bodies, kinds
from bot.on_web.api.job_object import job_object, plainly
from bot.on_web.api.jobs import theirs
from bot.on_web.api.music import keep, look
from bot.on_web.api.once import Once
from bot.on_web.api.schemas import Heard, TimedLyrics
from bot.on_web.caller import Creates, Reads
from bot.on_web.errors import documented
from bot.on_web.given import Number
from bot.on_web.house import Here, Web
from bot.replies import reply
from engine.spec import InvalidSpec, parse_as
from engine.spec.tasks import Lrc
from workflows import lyrics
from workflows.keys import Caller
from workflows.refusal import Refusal
from workflows.view import JobView

router = APIRouter(prefix="/api/v1/music", tags=["music"])

# The reference's own client gives up after 30 s, and then asks for the same again.
PATIENCE_S = 25.0
# From this to that, between two looks.
SHORTEST_S, LONGEST_S = 0.05, 1.0


@router.post(
    "/analyze",
    response_model=Heard,
    responses={
        202: {"model": Heard, "description": "It takes longer: the job goes on"},
        **documented(404, 413, 415, 429),
    },
    summary="Tempo, key, caption and more of a piece of sound",
    openapi_extra=bodies.body("analyze"),
)
async def analyze(request: Request, web: Here, calls: Creates, key: Once) -> Any:
    """Listens, and answers what was heard. What takes longer is answered 202, and goes on as a job of its own."""
    until = time.monotonic() + PATIENCE_S
    accepted = await keep(request, web, calls, "analyze", key)
    job = await _ended(request, web, calls, accepted.job_id, until)
    if job is None or not job.ended:
        return JSONResponse(
            {"success": False, "job_id": accepted.job_id, "error": plainly(reply("still_listening"))}, 202
        )
    told = job_object(job, web.links(request))
    if job.analysis is None:
        failed = {"error": told["error_message"], "error_code": told["error_code"]}
        return JSONResponse({"success": False, "job_id": job.id, **failed})
    return JSONResponse({"success": True, "job_id": job.id, **job.analysis})


async def _ended(request: Request, web: Web, calls: Caller, job_id: int, until: float) -> JobView | None:
    """The job once it has ended, or as it is when nobody waits any longer; None where it can't be looked at."""
    pause = SHORTEST_S
    while True:
        job = await look(web, calls, job_id)
        if job is None or job.ended or time.monotonic() + pause > until or await request.is_disconnected():
            return job
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_S)


@router.post(
    "/{job_id}/lrc",
    response_model=TimedLyrics,
    responses=documented(404, 413, 415, 429),
    summary="The lyrics of a song, with their times",
    openapi_extra=bodies.optional(bodies.plain(Lrc, {"source_take": 1}), "job_id"),
)
async def lrc(job_id: Number, request: Request, web: Here, calls: Reads) -> Any:
    """Needs no body, and costs nothing, whether or not generate_lrc was asked for."""
    ask = _asked(job_id, await reading.values(request))
    found = await lyrics.synchronised(web.db, web.rules, ask, calls.who, calls.where)
    job = await theirs(web, calls, job_id)
    track = next((track for track in job.tracks if track.take == ask.source_take), None)
    url = None if track is None else web.links(request).others(track).get("lrc")
    return JSONResponse({"success": True, "job_id": job_id, "lrc_content": found.lrc, "lrc_url": url})


def _asked(job_id: int, values: dict[str, Any]) -> Lrc:
    kinds.require(Lrc, values)
    try:
        return parse_as(Lrc, {**kinds.named("lrc", values), "job_id": job_id})
    except InvalidSpec as invalid:
        raise Refusal.of(invalid, "lrc") from None
