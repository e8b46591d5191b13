"""Jobs after they were taken: how they stand, and what their owner does to them (rows C16, C17 and below)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from bot.on_web import reading
from bot.on_web.api import bodies, kinds
from bot.on_web.api.job_object import job_object, plainly
from bot.on_web.api.music import started
from bot.on_web.api.schemas import Changed, JobObject, Started, Told
from bot.on_web.caller import Creates, Manages, Reads
from bot.on_web.errors import NotFound, documented
from bot.on_web.given import Number
from bot.on_web.house import Here, Web
from bot.replies import reply
from workflows import collection, control
from workflows.collection import Change
from workflows.keys import Caller
from workflows.refusal import Refusal
from workflows.view import JobView

router = APIRouter(tags=["jobs"])
MUSIC = "/api/v1/music/jobs"
JOB = f"{MUSIC}/{{job_id}}"


async def _theirs(job_id: Number, web: Here, calls: Reads) -> JobView:
    return await theirs(web, calls, job_id)


async def theirs(web: Web, calls: Caller, job_id: int) -> JobView:
    """A job of whoever calls. Raises `NotFound`."""
    try:
        return await collection.one(web.db, job_id, calls.who, calls.where)
    except Refusal as refusal:
        raise NotFound("job", job_id) if refusal.code == "job_not_found" else refusal from None


Theirs = Annotated[JobView, Depends(_theirs)]


@router.get(f"{JOB}/status", response_model=JobObject, responses=documented(404), summary="How a job stands")
@router.get(JOB, response_model=JobObject, responses=documented(404), summary="One job")
@router.get(
    "/api/v1/jobs/{job_id}", response_model=JobObject, responses=documented(404), summary="One job, whatever made it"
)
async def status(request: Request, web: Here, job: Theirs) -> Any:
    """Ask again every few seconds until `status` is COMPLETED or FAILED. Links in it are good for a day."""
    return JSONResponse(job_object(job, web.links(request)))


@router.patch(
    JOB,
    response_model=JobObject,
    responses=documented(404, 413, 415, 429),
    summary="Rename a job, like it, or give it a picture",
    openapi_extra=bodies.plain(Change, {"display_name": "Coffee Steam", "liked": True}),
)
async def change(job_id: Number, request: Request, web: Here, calls: Manages) -> Any:
    """What is left out stays as it is. A job gets a name once it has ended."""
    await theirs(web, calls, job_id)
    values = await reading.values(request)
    kinds.require(Change, values)
    job = await collection.change(web.db, web.rules, web.incoming, job_id, calls.who, calls.where, values)
    return JSONResponse(job_object(job, web.links(request)))


@router.delete(JOB, response_model=Told, responses=documented(404), summary="Throw a job away")
async def delete(job_id: Number, web: Here, calls: Manages) -> Any:
    """What waits or runs is cancelled and costs nothing; music is deleted for good. Afterwards there is no such job."""
    await theirs(web, calls, job_id)
    await collection.discard(web.db, job_id, calls.who, calls.where)
    web.nudge()
    return JSONResponse({"message": plainly(reply("job_deleted"))})


@router.post(f"{JOB}/cancel", response_model=Changed, responses=documented(404, 409), summary="Cancel a job")
async def cancel(job_id: Number, request: Request, web: Here, calls: Manages) -> Any:
    """One that waits is cancelled at once, one that runs at its next breath. Neither costs anything."""
    await theirs(web, calls, job_id)
    job = await control.cancel(web.db, job_id, calls.who, calls.where)
    web.nudge()
    told = plainly(reply("cancelled" if job.ended else "cancelling"))
    return JSONResponse({"message": told, "job": job_object(job, web.links(request)), "id": job_id})


@router.post(
    f"{JOB}/retry", response_model=Started, responses=documented(402, 404, 409, 429), summary="Try a failed job again"
)
async def retry(job_id: Number, request: Request, web: Here, calls: Creates) -> Any:
    """The same request once more, under the same number. What failed cost nothing, so it is paid once."""
    await theirs(web, calls, job_id)
    job = await control.retry(web.db, job_id, calls.who, calls.where, rules=web.rules)
    web.nudge()
    return started(web, job_object(job, web.links(request)), "retry", job.price)
