"""What there is to begin with: genres, requests that work, and what makes the music."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from bot.on_web.api import bodies
from bot.on_web.api.music import TASKS
from bot.on_web.api.schemas import Availability, ModelStatus, Presets, Samples
from bot.on_web.caller import Reads
from bot.on_web.errors import documented
from bot.on_web.house import Here
from workflows import queue

router = APIRouter(prefix="/api/v1/music", tags=["music"])


@router.get("/presets", response_model=Presets, responses=documented(), summary="The genres one can start from")
async def presets(web: Here, calls: Reads) -> Any:
    """A name is what `genre_preset` takes. Without one, the caption decides."""
    del calls
    return JSONResponse({"genre_presets": {name: preset.description for name, preset in web.presets.items()}})


@router.get("/sample-data", response_model=Samples, responses=documented(), summary="Requests to begin with")
async def samples(web: Here, calls: Reads) -> Any:
    """One for each task that works here; numbers and links in them stand for yours."""
    del calls
    there = [task for task in (*TASKS, "analyze") if task in web.rules.capabilities.tasks]
    told = [{"task": task, "path": f"{router.prefix}/{task}", "body": bodies.example(task)} for task in there]
    return JSONResponse({"samples": told})


@router.get("/model/status", response_model=ModelStatus, responses=documented(), summary="What makes the music here")
async def status(web: Here, calls: Reads) -> Any:
    """Whether it is at work, and what it can do."""
    del calls
    able = web.rules.capabilities
    paused = await web.db.aread(queue.pause)
    works = await asyncio.to_thread(web.worked)
    return JSONResponse(
        {
            "status": "offline" if not works else "ready" if paused is None else "paused",
            "available": works and paused is None,
            "engine": able.name,
            "model_versions": list(web.rules.known.get("model_version", ())),
            "tasks": list(able.tasks),
            "max_duration": able.max_duration,
            "max_batch_size": able.max_batch,
            "sample_rate": able.sample_rate,
            "languages": list(able.languages),
            "stems": list(able.stems),
        }
    )


@router.get("/v3/availability", response_model=Availability, responses=documented(), summary="Is there a version 3?")
async def availability(calls: Reads) -> Any:
    """No: songs are asked for by captions and lyrics here, not by written scores."""
    del calls
    return JSONResponse({"available": False, "revise": False})
