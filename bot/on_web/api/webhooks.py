"""Webhooks: where somebody is told what becomes of their jobs, and what was sent there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bot.moments import iso
from bot.on_web import reading
from bot.on_web.api import bodies, kinds
from bot.on_web.api.collection import LISTED, Limit, Skip
from bot.on_web.caller import Hooks
from bot.on_web.errors import documented
from bot.on_web.given import LARGEST_NUMBER, Number
from bot.on_web.house import Here
from bot.replies import reply
from workflows.webhooks import deliveries, endpoints
from workflows.webhooks.deliveries import DeliveryView, State
from workflows.webhooks.endpoints import EndpointView

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])

Event = Literal["job.completed", "job.failed", "job.cancelled", "webhook.test"]


class Endpoint(BaseModel):
    """An address that is told of what becomes of your jobs, on whatever surface you asked for them."""

    id: int
    url: str
    events: list[Event | Literal["*"]] = Field(description="What it is told of; * is everything")
    description: str
    enabled: bool = Field(description="Whether it is told of anything; what waits for it is kept meanwhile")
    created_at: str
    disabled_at: str | None


class NewEndpoint(Endpoint):
    """The same, the moment its secret was made."""

    secret: str = Field(description="Signs what is sent there. It is shown this once")


class Delivery(BaseModel):
    """One event on its way to one endpoint."""

    id: int
    endpoint_id: int
    event: Event
    event_id: str = Field(description="The same at every attempt, and at every endpoint that is told of it")
    job_id: int | None
    status: State
    attempts: int
    response_status: int | None = Field(description="The HTTP status of the last answer, if there was one")
    error: str | None = Field(description="Why the last attempt was no good")
    error_code: str | None
    created_at: str
    next_attempt_at: str | None
    delivered_at: str | None
    failed_at: str | None


class SentDelivery(Delivery):
    """The same with what is sent."""

    body: str | None = Field(description="Byte for byte; null before the first attempt")


class Done(BaseModel):
    """It was done."""

    message: str


_EXAMPLE = {"url": "https://example.com/hooks/minstrel", "events": ["job.completed"], "description": "my page"}


@router.post(
    "/endpoints",
    status_code=201,
    response_model=NewEndpoint,
    responses=documented(409, 413, 415),
    summary="Be told at an address",
    openapi_extra=bodies.plain(endpoints.NewEndpoint, _EXAMPLE),
)
async def create(request: Request, web: Here, calls: Hooks) -> Any:
    """From now on it is told of all your jobs that end. Keep the secret of the answer: it is shown this once."""
    values = await reading.values(request)
    kinds.require(endpoints.NewEndpoint, values)
    return _secret(await endpoints.create(web.db, calls.user_id, values, web.private_hosts), 201)


@router.get("/endpoints", response_model=list[Endpoint], responses=documented(), summary="My endpoints")
async def all_of(web: Here, calls: Hooks) -> Any:
    """All of them, the oldest first, without their secrets."""
    return JSONResponse([_endpoint(view) for view in await endpoints.all_of(web.db, calls.user_id)])


@router.get("/endpoints/{endpoint_id}", response_model=Endpoint, responses=documented(404), summary="One endpoint")
async def one(endpoint_id: Number, web: Here, calls: Hooks) -> Any:
    """Without its secret: whoever lost that makes a new one."""
    return JSONResponse(_endpoint(await endpoints.one(web.db, calls.user_id, endpoint_id)))


@router.patch(
    "/endpoints/{endpoint_id}",
    response_model=Endpoint,
    responses=documented(404, 413, 415),
    summary="Change an endpoint",
    openapi_extra=bodies.optional(bodies.plain(endpoints.ChangedEndpoint, {"enabled": False})),
)
async def change(endpoint_id: Number, request: Request, web: Here, calls: Hooks) -> Any:
    """What is left out stays. What waits for one that is disabled is sent once it is enabled again."""
    values = await reading.values(request)
    kinds.require(endpoints.ChangedEndpoint, values)
    changed = await endpoints.change(web.db, calls.user_id, endpoint_id, values, web.private_hosts)
    web.nudge()
    return JSONResponse(_endpoint(changed))


@router.delete("/endpoints/{endpoint_id}", response_model=Done, responses=documented(404), summary="Delete an endpoint")
async def remove(endpoint_id: Number, web: Here, calls: Hooks) -> Any:
    """It is told of nothing any more, and what was sent to it is forgotten."""
    await endpoints.remove(web.db, calls.user_id, endpoint_id)
    return JSONResponse({"message": reply("webhook_deleted")})


@router.post(
    "/endpoints/{endpoint_id}/rotate-secret",
    response_model=NewEndpoint,
    responses=documented(404),
    summary="A new secret",
)
async def renew_secret(endpoint_id: Number, web: Here, calls: Hooks) -> Any:
    """From now on it signs everything that is sent, what waits already included. It is shown this once."""
    return _secret(await endpoints.renew_secret(web.db, calls.user_id, endpoint_id), 200)


@router.post(
    "/endpoints/{endpoint_id}/test",
    status_code=202,
    response_model=SentDelivery,
    responses=documented(404, 409, 429),
    summary="Send a test",
)
async def test(endpoint_id: Number, web: Here, calls: Hooks) -> Any:
    """Sends the event webhook.test, whatever the endpoint is told of. Look at the delivery for what came of it."""
    begun = await deliveries.test(web.db, calls.user_id, endpoint_id)
    web.nudge()
    return JSONResponse(_sent(begun), 202)


@router.get("/deliveries", response_model=list[Delivery], responses=LISTED | documented(), summary="What was sent")
async def listed(
    web: Here,
    calls: Hooks,
    endpoint_id: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None,
    status: Annotated[State | None, Query()] = None,
    skip: Skip = 0,
    limit: Limit = 50,
) -> Any:
    """The latest first; kept for 30 days. X-Total-Count says how many there are altogether."""
    views, total = await deliveries.listed(
        web.db, calls.user_id, endpoint_id=endpoint_id, state=status, skip=skip, limit=limit
    )
    return JSONResponse([_delivery(view) for view in views], headers={"X-Total-Count": str(total)})


@router.get("/deliveries/{delivery_id}", response_model=SentDelivery, responses=documented(404), summary="One delivery")
async def delivery(delivery_id: Number, web: Here, calls: Hooks) -> Any:
    """With what is sent, and what the last attempt came to."""
    return JSONResponse(_sent(await deliveries.one(web.db, calls.user_id, delivery_id)))


@router.post(
    "/deliveries/{delivery_id}/redeliver",
    status_code=202,
    response_model=SentDelivery,
    responses=documented(404, 409),
    summary="Send it once more",
)
async def redeliver(delivery_id: Number, web: Here, calls: Hooks) -> Any:
    """The very same, by the same event id, now; with as many attempts as at first."""
    begun = await deliveries.send_again(web.db, calls.user_id, delivery_id)
    web.nudge()
    return JSONResponse(_sent(begun), 202)


def _endpoint(view: EndpointView) -> dict[str, Any]:
    return {
        "id": view.id,
        "url": view.url,
        "events": list(view.events),
        "description": view.description,
        "enabled": view.disabled_at is None,
        "created_at": iso(view.created_at),
        "disabled_at": iso(view.disabled_at),
    }


def _secret(view: EndpointView, status: int) -> JSONResponse:
    return JSONResponse({**_endpoint(view), "secret": view.secret}, status, headers={"Cache-Control": "no-store"})


def _delivery(view: DeliveryView) -> dict[str, Any]:
    return {
        "id": view.id,
        "endpoint_id": view.endpoint_id,
        "event": view.event,
        "event_id": view.event_id,
        "job_id": view.job_id,
        "status": view.state,
        "attempts": view.attempts,
        "response_status": view.status,
        "error": None if view.error is None else reply(view.error, status=view.status),
        "error_code": view.error,
        "created_at": iso(view.created_at),
        "next_attempt_at": iso(view.due_at),
        "delivered_at": iso(view.delivered_at),
        "failed_at": iso(view.failed_at),
    }


def _sent(view: DeliveryView) -> dict[str, Any]:
    return {**_delivery(view), "body": view.body}
