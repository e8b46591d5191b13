"""Stems as the reference's own client asks for them: in forms, by modes (section F). Each is one of our jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from bot.on_web import reading
from bot.on_web.api.collection import LISTED, Limit, Skip
from bot.on_web.api.job_object import job_object, plainly
from bot.on_web.api.jobs import theirs
from bot.on_web.api.music import look
from bot.on_web.api.once import Once, fingerprint
from bot.on_web.api.schemas import JobObject, Told, Urls
from bot.on_web.api.stem_forms import FORMS, SOUND, Catalog, Modes, Packages, StemJob, StemsBegun, described
from bot.on_web.caller import Creates, Manages, Reads
from bot.on_web.errors import NotFound, documented
from bot.on_web.given import Number
from bot.on_web.house import Here, Web
from bot.on_web.links import Links
from bot.replies import reply
from engine.spec import Request as Form
from engine.spec.fields import STEMS
from workflows import collection, stem_modes
from workflows.collection import Wanted
from workflows.keys import Caller
from workflows.pricing import STEM_TASKS
from workflows.refusal import Refusal, in_words_of
from workflows.stem_modes import Extract, Wish, their_name
from workflows.submit import judge, submit
from workflows.view import JobView

router = APIRouter(prefix="/api/v1/stem-extraction", tags=["stems"])


def stem_job(job: JobView, links: Links) -> dict[str, Any]:
    """`job` as whoever waits for stems reads it."""
    return {**job_object(job, links), "job_id": job.id, "download_urls": _urls(job, links)}


def _urls(job: JobView, links: Links) -> Urls | None:
    """The stems of a finished job by the names they have there."""
    if job.status != "COMPLETED" or job.deleted:
        return None
    form = str(job.spec.get("format") or "flac")
    if job.task == "stems":
        found = {name: url for track in job.tracks for name, url in links.stems(track, form).items()}
    else:
        found = {str(job.spec.get("track_name")): links.sound(track)[form] for track in job.tracks}
    return {their_name(name, together=job.task == "stems"): url for name, url in found.items()}


def _asks_by(form: type[Form]) -> Callable[..., Awaitable[JSONResponse]]:
    async def ask(request: Request, web: Here, calls: Creates, key: Once) -> JSONResponse:
        wish, number = await _keep(request, web, calls, form, key)
        web.nudge()
        job = await _begun(request, web, calls, wish.task, number)
        return JSONResponse({**job, "message": plainly(reply(f"started_{wish.task}"))})

    ask.__doc__ = "A form with a link (`url`) or the song itself (`file`); no JSON. The answer is a job to wait for."
    return ask


async def _keep(request: Request, web: Web, calls: Caller, form: type[Form], key: str | None) -> tuple[Wish, int]:
    """Keep what the form asks for; returns that and the number of its job. Raises `Refusal` in the form's own words."""
    if (kind := reading.kind_of(request)) == reading.JSON:
        raise Refusal("wrong_content", value=kind, allowed=reading.FORM)

    def wished(values: dict[str, Any]) -> Wish:
        return stem_modes.wish(form, values, web.rules.capabilities)

    def check(values: dict[str, Any]) -> None:
        wish = wished(values)
        with in_words_of(wish.names):
            judge(web.rules, wish.task, wish.values)

    asked = await reading.asked(request, web, calls, sound=SOUND, check=check)
    wish = wished(asked.values)
    with in_words_of(wish.names):
        accepted = await submit(
            web.db, web.rules, calls.who, calls.where, wish.task, wish.values,
            key=key, fingerprint=fingerprint(wish.task, asked.same), incoming=web.incoming,
        )  # fmt: skip
    return wish, accepted.job_id


async def _begun(request: Request, web: Web, calls: Caller, task: str, number: int) -> dict[str, Any]:
    """What was just kept, as far as it can be looked at."""
    job = await look(web, calls, number)
    if job is not None:
        return stem_job(job, web.links(request))
    return {**JobObject.bare(number, task, calls.user_id), "job_id": number, "download_urls": None}


for _asking in FORMS:
    router.add_api_route(
        _asking.path,
        _asks_by(_asking.form),
        methods=["POST"],
        response_model=StemsBegun,
        responses=documented(402, 404, 413, 415, 429),
        summary=_asking.summary,
        openapi_extra=described(_asking),
    )


@router.get("/modes", response_model=Modes, responses=documented(), summary="Into how many stems a song can be taken")
async def modes(web: Here, calls: Reads) -> Any:
    """What is not available here works with songs made here all the same, which have every stem, up to `six`."""
    del calls
    return JSONResponse({"modes": _shown(web), "default": str(Extract.model_fields["mode"].default)})


@router.get("/catalog", response_model=Catalog, responses=documented(), summary="The stems there are")
async def catalog(web: Here, calls: Reads) -> Any:
    """By the names that answers have for them."""
    del calls
    able = web.rules.capabilities.separates
    told = [{"name": their_name(stem, together=True), "available": stem in able} for stem in STEMS]
    return JSONResponse({"stems": told})


@router.get("/packages/available", response_model=Packages, responses=documented(), summary="The modes that work here")
async def packages(web: Here, calls: Reads) -> Any:
    """With any song, for everybody: there are no plans."""
    del calls
    return JSONResponse({"packages": [mode for mode in _shown(web) if mode["available"]]})


@router.get("/status/{job_id}", response_model=StemJob, responses=documented(404), summary="How a job stands")
async def status(job_id: Number, request: Request, web: Here, calls: Reads) -> Any:
    """Ask again every few seconds until `status` is COMPLETED or FAILED."""
    return JSONResponse(stem_job(await _of_stems(web, calls, job_id), web.links(request)))


@router.get(
    "/jobs", response_model=list[StemJob], responses=LISTED | documented(), summary="My jobs that took songs apart"
)
async def listed(request: Request, web: Here, calls: Reads, skip: Skip = 0, limit: Limit = 50) -> Any:
    """The newest first."""
    page = await collection.find(web.db, calls.user_id, Wanted(tasks=STEM_TASKS), skip=skip, limit=limit)
    links = web.links(request)
    told = [stem_job(job, links) for job in page.jobs]
    return JSONResponse(told, headers={"X-Total-Count": str(page.total)})


@router.delete("/jobs/{job_id}", response_model=Told, responses=documented(404), summary="Throw a job away")
async def delete(job_id: Number, web: Here, calls: Manages) -> Any:
    """What waits or runs is cancelled and costs nothing; its stems are deleted for good."""
    await _of_stems(web, calls, job_id)
    await collection.discard(web.db, job_id, calls.who, calls.where)
    web.nudge()
    return JSONResponse({"message": plainly(reply("job_deleted"))})


async def _of_stems(web: Web, calls: Caller, job_id: int) -> JobView:
    job = await theirs(web, calls, job_id)
    if job.task not in STEM_TASKS:
        raise NotFound("job", job_id)
    return job


def _shown(web: Web) -> list[dict[str, Any]]:
    return [
        {
            "mode": mode.name,
            "name": mode.name,
            "description": plainly(reply(f"mode_{mode.name}")),
            "stems": list(mode.stems),
            "stem_count": 1 if mode.name == stem_modes.SINGLE else len(mode.stems),
            "available": mode.available,
        }
        for mode in stem_modes.modes(web.rules.capabilities)
    ]
