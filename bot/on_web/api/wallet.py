"""The wallet: the same credits as money, for programs that count in that. Nothing is ever paid here."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from bot import moments
from bot.on_web import reading
from bot.on_web.api import bodies, kinds
from bot.on_web.api.credits import FURTHEST, Limit
from bot.on_web.api.wallet_shapes import Balance, Check, Estimate, Logs, Prices, TopUps
from bot.on_web.caller import Reads
from bot.on_web.errors import documented
from bot.on_web.house import Here, Web
from bot.options import shape
from engine.spec.fields import Seconds
from workflows import wallet
from workflows.credits import Move
from workflows.pricing import Pricing
from workflows.wallet import LEAST_CENTS, MOST_CENTS, Cost, CostAsk, TopUpAsk

router = APIRouter(prefix="/api/v1/api-wallet", tags=["wallet"])

Page = Annotated[int, Query(ge=1, le=FURTHEST // 100, description="Which page, from 1 on")]


_ASKED = {"service_type": "music_generation", "duration_seconds": 180}
_PAID = {"amount_cents": 2500}
# Songs are as long as songs can be; what else there is may be longer.
_FITS = {
    "anyOf": [
        {"properties": {"service_type": {"enum": [name for name in wallet.SERVICES if not wallet.by_length(name)]}}},
        {"properties": {"duration_seconds": {"maximum": shape(Seconds, ())[2][0].high}}},
    ]
}
_ESTIMATED = bodies.plain(CostAsk, _ASKED, _FITS)


@router.get("/balance", response_model=Balance, responses=documented(), summary="What there is")
async def balance(web: Here, calls: Reads) -> Any:
    """What is held for jobs under way is not in it."""
    has, pricing = await wallet.look(web.db, web.rules, calls.who), web.rules.pricing
    return JSONResponse(
        {
            "balance_cents": pricing.cents(has.available),
            "balance_usd": usd(pricing.cents(has.available)),
            "total_spent_cents": pricing.cents(has.spent),
            "total_spent_usd": usd(pricing.cents(has.spent)),
            "total_topup_cents": pricing.cents(has.came),
            "low_balance_warning": has.available < pricing.tiers[-1].credits,
            "credits": has.available,
        }
    )


@router.get("/pricing", response_model=Prices, responses=documented(), summary="What things cost")
async def pricing(web: Here, calls: Reads) -> Any:
    """Several takes cost several times as much. Reading, converting and stems of what was made here cost nothing."""
    del calls
    prices = web.rules.pricing
    terms = {"currency": "USD", "cents_per_credit": prices.cents_per_credit, "payments": False}
    return JSONResponse(
        {
            "tiers": [
                {"up_to_seconds": tier.up_to_s, "credits": tier.credits, "cents": prices.cents(tier.credits)}
                for tier in prices.tiers
            ],
            "services": {name: _service(web, name) for name in wallet.services(web.rules)},
            "wallet": {**terms, "min_topup_cents": LEAST_CENTS, "max_topup_cents": MOST_CENTS},
        }
    )


@router.get("/service-types", response_model=list[str], responses=documented(), summary="What can be asked for")
async def service_types(web: Here, calls: Reads) -> Any:
    """The services that have a price."""
    del calls
    return JSONResponse(list(wallet.services(web.rules)))


@router.post(
    "/estimate", response_model=Estimate, responses=documented(413, 415), summary="What a job would cost",
    openapi_extra=_ESTIMATED,
)  # fmt: skip
async def estimate(request: Request, web: Here, calls: Reads) -> Any:
    """One take of that length. Nothing is held."""
    del calls
    asked = wallet.asked_cost(web.rules, await _values(CostAsk, request))
    return JSONResponse(_estimate(web.rules.pricing, asked))


@router.post(
    "/check-balance", response_model=Check, responses=documented(402, 413, 415), summary="Whether a job could be paid",
    openapi_extra=_ESTIMATED,
)  # fmt: skip
async def check_balance(request: Request, web: Here, calls: Reads) -> Any:
    """Whether there is enough for one take of that length. Nothing is held."""
    asked = await wallet.afford(web.db, web.rules, calls.who, await _values(CostAsk, request))
    cents = web.rules.pricing.cents
    return JSONResponse(
        {"can_proceed": True, "cost_cents": cents(asked.credits), "current_balance_cents": cents(asked.there)}
    )


@router.get("/usage", response_model=Logs, responses=documented(), summary="What was paid")
async def usage(web: Here, calls: Reads, page: Page = 1, limit: Limit = 50) -> Any:
    """What jobs cost, newest first. A job that failed or was cancelled cost nothing."""
    found = await wallet.spent(web.db, web.rules, calls.who, (page - 1) * limit, limit)
    return JSONResponse({"page": page, "limit": limit, "logs": [_log(web.rules.pricing, move) for move in found]})


@router.get("/topups", response_model=TopUps, responses=documented(), summary="What came")
async def topups(web: Here, calls: Reads, page: Page = 1, limit: Limit = 20) -> Any:
    """Credits that this house gave, and gifts, newest first."""
    found = await wallet.came(web.db, web.rules, calls.who, (page - 1) * limit, limit)
    return JSONResponse({"page": page, "limit": limit, "topups": [_came(web.rules.pricing, move) for move in found]})


_NEVER: dict[str, Any] = {
    "status_code": 403,
    "responses": documented(413, 415),
    "summary": "Pay: never here",
    "openapi_extra": bodies.plain(TopUpAsk, _PAID),
}


@router.post("/topup/checkout", **_NEVER)
@router.post("/topup/payment-intent", **_NEVER)
async def top_up(request: Request, calls: Reads) -> Any:
    """This house takes no payments: whoever runs it gives credits."""
    del calls
    raise wallet.top_up(await _values(TopUpAsk, request))


async def _values(model: type[CostAsk | TopUpAsk], request: Request) -> dict[str, Any]:
    values = await reading.values(request)
    kinds.require(model, values)
    return values


def usd(cents: int) -> str:
    """An amount as people read it: "$25.00"."""
    return f"${cents / 100:,.2f}"


def _rate(pricing: Pricing, cost: Cost) -> float:
    return round(pricing.cents(cost.credits) / 100 / (cost.seconds / wallet.MINUTE_S), 6)


def _service(web: Web, name: str) -> dict[str, Any]:
    cost = wallet.cost(web.rules, name, wallet.MINUTE_S)
    return {
        "by_length": wallet.by_length(name),
        "credits": cost.credits,
        "cost_cents": web.rules.pricing.cents(cost.credits),
        "rate_per_minute": _rate(web.rules.pricing, cost),
    }


def _estimate(pricing: Pricing, cost: Cost) -> dict[str, Any]:
    return {
        "service_type": cost.service,
        "duration_seconds": cost.seconds,
        "duration_minutes": round(cost.seconds / wallet.MINUTE_S, 6),
        "rate_per_minute": _rate(pricing, cost),
        "cost_usd": usd(pricing.cents(cost.credits)),
        "cost_cents": pricing.cents(cost.credits),
        "credits": cost.credits,
    }


def _log(pricing: Pricing, move: Move) -> dict[str, Any]:
    cents = pricing.cents(-move.change)
    return {
        "id": move.id,
        "job_id": move.job,
        "service_type": wallet.service_of(move.task),
        "task": move.task,
        "title": move.title,
        "credits": -move.change,
        "cost_cents": cents,
        "cost_usd": usd(cents),
        "created_at": moments.iso(move.at),
    }


def _came(pricing: Pricing, move: Move) -> dict[str, Any]:
    cents = pricing.cents(move.change)
    return {
        "id": move.id,
        "kind": move.kind,
        "credits": move.change,
        "amount_cents": cents,
        "amount_usd": usd(cents),
        "note": move.note,
        "status": "completed",
        "created_at": moments.iso(move.at),
    }
