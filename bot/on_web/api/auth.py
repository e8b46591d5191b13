"""Who a key belongs to, and tokens made from it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from bot.on_web.caller import Anybody

router = APIRouter(prefix="/api/v1/auth", tags=["keys"])


@router.get("/me", summary="Who am I?")
async def me(calls: Anybody) -> Any:
    return JSONResponse({"id": calls.user_id, "name": calls.who.name, "scopes": sorted(calls.scopes)})
