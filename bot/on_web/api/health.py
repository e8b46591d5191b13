"""Whether this house is up, and whether it is ready: for whoever watches it. No key is needed."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from bot.on_web.house import Here
from workflows import queue

log = logging.getLogger(__name__)
router = APIRouter(tags=["house"])


class Health(BaseModel):
    """It is up."""

    ok: bool


class Ready(BaseModel):
    """Whether what is asked for now is worked: the database answers, and somebody works the queue."""

    ready: bool
    database: bool
    worker: bool
    queue: str


@router.get("/health", response_model=Health, summary="Is it up?")
@router.get("/healthz", include_in_schema=False)
async def health() -> Any:
    """It answers; whether music can be made is another question."""
    return JSONResponse({"ok": True})


@router.get("/ready", response_model=Ready, responses={503: {"model": Ready}}, summary="Is it ready to make music?")
async def ready(web: Here) -> Any:
    """The database answers, somebody works the queue, and nobody stopped it. 503 where one of these is not so."""
    try:
        stopped = await web.db.aread(queue.pause)
        database = True
    except Exception:
        log.exception("the database does not answer")
        stopped, database = None, False
    worker = database and await asyncio.to_thread(web.worked)
    found = Ready(
        ready=database and worker and stopped is None,
        database=database,
        worker=worker,
        queue="unknown" if not database else "open" if stopped is None else "stopped",
    )
    return JSONResponse(found.model_dump(), 200 if found.ready else 503)
