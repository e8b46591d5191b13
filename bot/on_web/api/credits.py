"""Credits: what there is, where it went, and what things cost."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bot import moments
from bot.on_web.caller import Reads
from bot.on_web.errors import documented
from bot.on_web.house import Here
from workflows import wallet
from workflows.credits import Move

router = APIRouter(prefix="/api/v1/credits", tags=["credits"])

FURTHEST = 10**9
Skip = Annotated[int, Query(ge=0, le=FURTHEST, description="How many of the latest to leave out")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most")]


class Balance(BaseModel):
    """Credits of one person, whichever surface they came by. They never end and are never bought."""

    credits_balance: int = Field(description="What new jobs can be paid with; what is held is not in it")
    payg_balance: int = Field(description="Always 0: nothing is bought here")
    total_available_credits: int
    credits_held: int = Field(description="Set aside for jobs that wait or run")
    total_credits_used: int = Field(description="Paid for jobs, in all")
    total_payg_credits_purchased: int = Field(description="Always 0")
    credits_per_month: int = Field(description="What comes every month by itself")
    last_reset_at: str | None = Field(description="When that came last")
    next_reset_date: str | None = Field(description="When it comes next; null where nothing does")


class Change(BaseModel):
    """Credits that came or went."""

    id: int
    kind: str = Field(description="capture (a job was paid), welcome, grant, daily, allowance, prize, gift, revoke, …")
    service_type: str | None = Field(description="What was paid for")
    job_id: int | None
    task: str | None
    title: str | None = Field(description="Of the job")
    credits: int = Field(description="How many")
    change: int = Field(description="What the balance changed by: below 0 for what went")
    name: str | None = Field(description="Who gave them, or was given them")
    note: str | None
    created_at: str


@router.get("", response_model=Balance, responses=documented(), summary="What there is")
async def balance(web: Here, calls: Reads) -> Any:
    """Linked accounts are one: it is the same wherever you look from."""
    has = await wallet.look(web.db, web.rules, calls.who)
    return JSONResponse(
        {
            "credits_balance": has.available,
            "payg_balance": 0,
            "total_available_credits": has.available,
            "credits_held": has.held,
            "total_credits_used": has.spent,
            "total_payg_credits_purchased": 0,
            "credits_per_month": has.monthly,
            "last_reset_at": moments.iso(has.allowed_at),
            "next_reset_date": moments.iso(has.next_at),
        }
    )


@router.get("/usage", response_model=list[Change], responses=documented(), summary="Where they came from and went")
async def usage(web: Here, calls: Reads, skip: Skip = 0, limit: Limit = 100) -> Any:
    """Newest first. What is only held is not in it yet."""
    return JSONResponse([_change(move) for move in await wallet.moves(web.db, web.rules, calls.who, skip, limit)])


@router.get("/multipliers", response_model=dict[str, float], responses=documented(), summary="What a minute costs")
async def multipliers(web: Here, calls: Reads) -> Any:
    """Credits for one minute of each service. Longer songs cost less a minute; stems cost the same at any length."""
    del calls
    names = wallet.services(web.rules)
    return JSONResponse({name: float(wallet.cost(web.rules, name, wallet.MINUTE_S).credits) for name in names})


def _change(move: Move) -> dict[str, Any]:
    return {
        "id": move.id,
        "kind": move.kind,
        "service_type": None if move.job is None else wallet.service_of(move.task),
        "job_id": move.job,
        "task": move.task,
        "title": move.title,
        "credits": abs(move.change),
        "change": move.change,
        "name": move.name,
        "note": move.note,
        "created_at": moments.iso(move.at),
    }
