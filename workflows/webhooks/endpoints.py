"""Where somebody wants to be told what becomes of their jobs: addresses of theirs, each with a secret of its own."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, field_validator
from sqlmodel import Session

from engine.spec import InvalidSpec, Request, parse_as
from engine.spec.fields import Choice, Text, Url
from storage import users, webhooks
from storage.database import Database
from storage.locks import one_at_a_time
from storage.tables import WebhookEndpoint
from workflows.people import now_ms
from workflows.refusal import Refusal
from workflows.webhooks.events import ALL, EVENTS

Asked = TypeVar("Asked", bound=Request)

# Of one person: each is one more request for every job that ends.
MOST = 10
PREFIX = "whsec_"
ANYWHERE = "an address on the public internet that begins with https:// or http://, without a name or a password in it"


# In a list; an empty one is all.
Events = tuple[Annotated[str, Choice((*EVENTS, ALL))], ...]


@dataclass(frozen=True)
class EndpointView:
    """An address that is told of `events`. `secret` only where it was made just now; it is shown once."""

    id: int
    url: str
    events: tuple[str, ...]
    description: str
    created_at: int
    disabled_at: int | None
    secret: str | None = attribute(default=None, repr=False)


class _Told(Request):
    """What both requests have in common."""

    @field_validator("events", check_fields=False)
    @classmethod
    def _once_each(cls, events: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if events is None:
            return None
        # All of them are not listed: those of a later version are meant, too.
        return (ALL,) if ALL in events or not events else tuple(event for event in EVENTS if event in events)


class NewEndpoint(_Told):
    """Be told at an address of your own what becomes of your jobs."""

    task: Literal["webhook new"] = "webhook new"
    url: Annotated[str, Url()] = Field(description="Where events are sent to, by POST")
    events: Events = Field((ALL,), description="Which events; none or * for all")
    description: Annotated[str, Text(0, 200)] = Field("", description="What it is for, in your own words")


class ChangedEndpoint(_Told):
    """Change where, or of what, you are told; what is left out stays."""

    task: Literal["webhook change"] = "webhook change"
    url: Annotated[str | None, Url()] = Field(None, description="Where events are sent to, by POST")
    events: Events | None = Field(None, description="Which events; none or * for all")
    description: Annotated[str | None, Text(0, 200)] = Field(None, description="What it is for, in your own words")
    enabled: bool | None = Field(None, description="Whether it is told of anything")


async def create(
    db: Database, owner: int, values: Mapping[str, Any], private_hosts: Collection[str] = ()
) -> EndpointView:
    """A new address of theirs. `private_hosts` may be named although they lie inside. Raises `Refusal`."""
    asked = _read(NewEndpoint, values)
    _require_outside(asked.url, private_hosts)
    secret = _new_secret()

    def make(session: Session) -> EndpointView:
        one_at_a_time(session, f"webhooks:{owner}")
        if users.staying(session, owner).erased_at is not None:
            raise Refusal("unauthorized")
        if webhooks.count(session, owner) >= MOST:
            raise Refusal("too_many_webhooks", most=MOST)
        row = webhooks.add(
            session, user_id=owner, url=asked.url, events=asked.events, description=asked.description,
            secret=secret, now=now_ms(),
        )  # fmt: skip
        return _view(row, secret)

    return await db.awrite(make)


async def all_of(db: Database, owner: int) -> tuple[EndpointView, ...]:
    """All of theirs, the oldest first."""
    return tuple(map(_view, await db.aread(lambda session: webhooks.listed(session, owner))))


async def one(db: Database, owner: int, endpoint_id: int) -> EndpointView:
    """One of theirs. Raises `Refusal`."""
    return await db.aread(lambda session: _found(webhooks.get(session, endpoint_id, owner)))


async def change(
    db: Database, owner: int, endpoint_id: int, values: Mapping[str, Any], private_hosts: Collection[str] = ()
) -> EndpointView:
    """Change one of theirs. What waits for it is sent to where it is then, once it is enabled. Raises `Refusal`."""
    asked = _read(ChangedEndpoint, values)
    if asked.url is not None:
        _require_outside(asked.url, private_hosts)
    changes = asked.model_dump(exclude={"task", "enabled"}, exclude_none=True)

    def write(session: Session) -> EndpointView:
        row = _there(webhooks.get(session, endpoint_id, owner))
        if asked.enabled is not None:
            changes["disabled_at"] = None if asked.enabled else row.disabled_at or now_ms()
        return _found(webhooks.change(session, row.id, owner, **changes) if changes else row)

    return await db.awrite(write)


async def renew_secret(db: Database, owner: int, endpoint_id: int) -> EndpointView:
    """A new secret for one of theirs: from now on it signs everything. Raises `Refusal`."""
    secret = _new_secret()

    def write(session: Session) -> EndpointView:
        return _view(_there(webhooks.change(session, endpoint_id, owner, secret=secret)), secret)

    return await db.awrite(write)


async def remove(db: Database, owner: int, endpoint_id: int) -> None:
    """Tell it of nothing any more, and forget what it was told. Raises `Refusal`."""
    if not await db.awrite(lambda session: webhooks.remove(session, endpoint_id, owner)):
        raise _missing()


def _read(model: type[Asked], values: Mapping[str, Any]) -> Asked:
    """What is asked for; a null says nothing."""
    given = {name: value for name, value in values.items() if value is not None or name not in model.model_fields}
    try:
        return parse_as(model, given)
    except InvalidSpec as invalid:
        raise Refusal.of(invalid) from None


def _require_outside(url: str, private_hosts: Collection[str]) -> None:
    """Refuse what can be seen to lead inside, or nowhere. Where a name leads is judged whenever something is sent."""
    # Takes a moment to load, which only those wait for who give an address.
    from workflows.fetch import link
    from workflows.fetch.network import may_lead_outside

    try:
        outside = may_lead_outside(link.judged(url), private_hosts)
    except Refusal:
        outside = False
    if not outside:
        raise Refusal("bad_value", field="url", value=link.shown(url) or "nothing", allowed=ANYWHERE)


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _there(row: WebhookEndpoint | None) -> WebhookEndpoint:
    if row is None:
        raise _missing()
    return row


def _missing() -> Refusal:
    return Refusal("webhook_not_found")


def _found(row: WebhookEndpoint | None) -> EndpointView:
    return _view(_there(row))


def _view(row: WebhookEndpoint, secret: str | None = None) -> EndpointView:
    return EndpointView(row.id, row.url, tuple(row.events), row.description, row.created_at, row.disabled_at, secret)
