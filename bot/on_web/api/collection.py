"""Somebody's jobs, as a list that can be filtered and sorted, and in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from bot.on_web.api.job_object import job_object
from bot.on_web.api.schemas import Counts, JobObject, Stats
from bot.on_web.caller import Reads
from bot.on_web.errors import documented
from bot.on_web.given import LARGEST_NUMBER
from bot.on_web.house import Here, Web
from engine.spec import MODELS
from engine.spec.languages import LANGUAGES
from workflows import collection
from workflows.collection import Order, Page, SongType, Wanted
from workflows.refusal import Refusal

router = APIRouter(prefix="/api/v1/music", tags=["jobs"])

Status = Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
# What was cancelled is shown as FAILED.
STATUSES: dict[str, tuple[Status, ...]] = {name: (name,) for name in get_args(Status)}
STATUSES["FAILED"] = ("FAILED", "CANCELLED")
TASKS = tuple(task for task in MODELS if task != "lrc")
CODES = ("unknown", *LANGUAGES)

Skip = Annotated[int, Query(ge=0, le=LARGEST_NUMBER, description="How many to leave out at the beginning")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most")]
Words = Query(max_length=200)


async def _wanted(
    task: Annotated[str | None, Query(json_schema_extra={"enum": [*TASKS]})] = None,
    status: Annotated[
        str | None,
        Query(json_schema_extra={"enum": [*STATUSES]}, description="FAILED are those that were cancelled, too"),
    ] = None,
    song_type: SongType | None = None,
    search: Annotated[str | None, Words, Query(description="In titles, captions and lyrics")] = None,
    language: Annotated[str | None, Query(json_schema_extra={"enum": [*CODES]}, description="Of the lyrics")] = None,
    genre: Annotated[str | None, Words, Query(description="A preset, or a word of the caption")] = None,
    emotion: Annotated[str | None, Words, Query(description="A word of the caption, such as calm")] = None,
    occasion: Annotated[str | None, Words, Query(description="A word of the caption, such as wedding")] = None,
) -> Wanted:
    """What is looked for. Raises `Refusal`."""
    task = _one_of("task", task, TASKS)
    state = _one_of("status", status, STATUSES)
    return Wanted(
        tasks=None if task is None else (task,),
        statuses=None if state is None else STATUSES[state],
        song_type=song_type,
        search=search or None,
        language=_one_of("language", language, CODES),
        genre=genre or None,
        emotion=emotion or None,
        occasion=occasion or None,
    )


def _one_of(field: str, given: str | None, names: Iterable[str]) -> str | None:
    found = None if given is None else {name.casefold(): name for name in names}.get(given.casefold())
    if found is not None or given is None:
        return found
    raise Refusal("bad_value", field=field, value=given, allowed="one of " + ", ".join(names))


Filtered = Annotated[Wanted, Depends(_wanted)]
LISTED: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "X-Total-Count": {
                "description": "How many there are in all",
                "required": True,
                "schema": {"type": "integer", "minimum": 0},
            }
        }
    }
}


@router.get(
    "/jobs", response_model=list[JobObject], responses=LISTED | documented(), summary="My jobs, the newest first"
)
async def listed(
    request: Request,
    web: Here,
    calls: Reads,
    wanted: Filtered,
    skip: Skip = 0,
    limit: Limit = 50,
    liked: Annotated[bool | None, Query(description="Only those you like, or only the others")] = None,
    sort_by: Order = "created_at",
    sort_order: Literal["asc", "desc"] = "desc",
    include_interactions: Annotated[bool, Query(description="Say of each whether you like it")] = False,
) -> Any:
    """All that you asked for, wherever you did: here, in a chat, on the terminal. Without what you threw away."""
    page = await collection.find(
        web.db,
        calls.user_id,
        replace(wanted, liked=liked),
        by=sort_by,
        rising=sort_order == "asc",
        skip=skip,
        limit=limit,
    )
    return _answer(request, web, page, with_liked=include_interactions)


@router.get("/liked", response_model=list[JobObject], responses=LISTED | documented(), summary="The jobs I like")
async def liked(request: Request, web: Here, calls: Reads, wanted: Filtered, skip: Skip = 0, limit: Limit = 50) -> Any:
    """The newest first."""
    page = await collection.find(web.db, calls.user_id, replace(wanted, liked=True), skip=skip, limit=limit)
    return _answer(request, web, page, with_liked=True)


@router.get("/jobs/counts", response_model=Counts, responses=documented(), summary="How many jobs I have")
async def counts(web: Here, calls: Reads) -> Any:
    """By their status, and by what they make."""
    sums = await collection.sums(web.db, calls.user_id)
    by_status = {name.lower(): sums.status.get(name, 0) for name in STATUSES}
    return JSONResponse({"total": sums.total, "liked": sums.liked, **by_status, "by_task": dict(sums.task)})


@router.get("/filters/stats", response_model=Stats, responses=documented(), summary="What my songs can be filtered by")
async def stats(web: Here, calls: Reads) -> Any:
    """Each value that some of them have, with how many those are."""
    return JSONResponse(_plain(await collection.sums(web.db, calls.user_id)))


def _plain(sums: collection.Sums) -> dict[str, Any]:
    return {name: dict(value) if isinstance(value, dict) else value for name, value in vars(sums).items()}


def _answer(request: Request, web: Web, page: Page, *, with_liked: bool) -> JSONResponse:
    links = web.links(request)
    told = [job_object(job, links) for job in page.jobs]
    if not with_liked:
        told = [{name: value for name, value in job.items() if name != "liked"} for job in told]
    return JSONResponse(told, headers={"X-Total-Count": str(page.total)})
