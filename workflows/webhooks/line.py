"""The line of what goes to webhooks: signed, sent by one attempt after the other, until it is taken or given up.

Whoever hears of something may hear of it twice, by the same id: after a crash nobody knows whether it had arrived.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from sqlmodel import Session

from storage import webhook_deliveries
from storage.database import Database
from storage.tables import WebhookDelivery, WebhookEndpoint
from workflows.deliver import DeliveryFailed
from workflows.people import now_ms
from workflows.refusal import Refusal
from workflows.view import JobView, look
from workflows.webhooks.events import OF_JOBS

log = logging.getLogger(__name__)

SURFACE = "webhook"
# On their way at once; each endpoint has one place at most, so that slow ones leave room for all others.
AT_ONCE = 50
ATTEMPTS = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 60, 3600
ANSWER_S = 10.0
AGENT = "Minstrel (tells what became of a job)"
# Why something was not taken, by why it could not be sent.
WHY = {"link_not_public": "webhook_inside", "link_unknown_host": "webhook_nowhere", "link_too_slow": "webhook_slow"}
ANSWERED, UNTRUSTED, BROKE, FAULT = "webhook_answered", "webhook_untrusted", "webhook_broke", "webhook_fault"
ERRORS = (*WHY.values(), ANSWERED, UNTRUSTED, BROKE, FAULT)


@dataclass(frozen=True)
class Happened:
    """One event, as it is told: its name, its id, when it happened (milliseconds since the epoch), and to which job.

    Without a job it is a test of `endpoint`.
    """

    event: str
    id: str
    at: int
    endpoint: int
    job: JobView | None


class Poster(Protocol):
    """Sends something to an address that somebody gave, guarded (`workflows.fetch`)."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, within_s: float) -> int:
        """The status that is answered within so many seconds. Raises `Refusal`."""

    def close(self) -> None:
        """Send nothing any more."""


class Webhooks:
    """What is due goes out as `body` makes it, once, of an event and of where this house is reached.

    `base` says where that is: "" for nowhere; as long as nobody knows (None) nothing is sent. `poster` makes the one
    that is used, when there is the first thing to send.
    """

    surfaces: tuple[str, ...] = (SURFACE,)
    at_once = AT_ONCE

    def __init__(
        self, db: Database, *, poster: Callable[[], Poster], body: Callable[[Happened, str], str],
        base: Callable[[], str | None],
    ) -> None:  # fmt: skip
        self.db, self.body, self.base = db, body, base
        self._make_poster = poster

    @cached_property
    def poster(self) -> Poster:
        """What sends."""
        return self._make_poster()

    def is_due(self, session: Session, surfaces: Collection[str], now: int) -> bool:
        """Whether anything is to be sent; reads only."""
        return SURFACE in surfaces and self.base() is not None and webhook_deliveries.is_due(session, now)

    def claim(
        self, session: Session, surface: str, *, now: int, lease_ms: int, limit: int, busy: Collection[str]
    ) -> list[_Sending]:
        """Lease what is due, one thing an endpoint."""
        del surface
        taken = [int(channel) for channel in busy]
        rows = webhook_deliveries.claim_due(session, now=now, lease_ms=lease_ms, limit=limit, busy=taken)
        return [_Sending(self, row, endpoint) for row, endpoint in rows]

    def close(self) -> None:
        """Send nothing any more."""
        if "poster" in vars(self):
            self.poster.close()


class _Sending:
    """One attempt to tell one endpoint of one event."""

    def __init__(self, line: Webhooks, row: WebhookDelivery, to: WebhookEndpoint) -> None:
        self._line, self._row, self._to = line, row, to
        self.name, self.surface, self.channel = f"webhook {row.id}", SURFACE, str(to.id)
        self.attempts, self.since = row.attempts, row.created_at
        self._status: int | None = None

    async def run(self) -> str | None:
        try:
            body = (await self._body()).encode()
            now_s = now_ms() // 1000
            self._status = await self._line.poster.post(
                self._to.url, body, self._headers(body, now_s), within_s=ANSWER_S
            )
        except Refusal as refusal:
            untrusted = refusal.params.get("certificate")
            raise self._failed(UNTRUSTED if untrusted else WHY.get(refusal.code, BROKE)) from None
        except Exception:
            # A fault of ours, which must not be tried for longer than any other.
            log.exception("%s", self.name)
            raise self._failed(FAULT) from None
        if not 200 <= self._status < 300:
            raise self._failed(ANSWERED)
        return None

    def extend(self, session: Session, lease_until: int) -> None:
        webhook_deliveries.extend(session, self._row, lease_until)

    def arrived(self, session: Session, now: int, receipt: str | None) -> int | None:
        del receipt
        webhook_deliveries.delivered(session, self._row, now, self._status)
        return None

    def again(self, session: Session, due_at: int, error: str) -> None:
        webhook_deliveries.retry_later(session, self._row, due_at, self._status, _known(error))

    def elsewhere(self) -> str | None:
        return None

    def readdress(self, session: Session, now: int, channel: str, why: str, error: str) -> None:
        del session, now, channel, why, error
        raise AssertionError("there is no other way to a webhook")

    def lose(self, session: Session, now: int, error: str) -> None:
        webhook_deliveries.give_up(session, self._row, now, self._status, _known(error))

    def _failed(self, why: str) -> DeliveryFailed:
        last = self.attempts >= ATTEMPTS
        return DeliveryFailed(why, permanent=last, why=None, retry_after_s=wait_s(self.attempts))

    async def _body(self) -> str:
        """What is sent: the same at every attempt, so it is made and kept before the first."""
        if self._row.body:
            return self._row.body
        happened = await self._line.db.aread(self._look)
        made = self._line.body(happened, self._line.base() or "")
        kept = await self._line.db.awrite(lambda s: webhook_deliveries.keep_body(s, self._row.id, made))
        # It was forgotten meanwhile, with its endpoint; what was begun is told all the same.
        return kept or made

    def _look(self, session: Session) -> Happened:
        row = self._row
        job = None if row.job_id is None else look(session, row.job_id)
        status = next((status for status, event in OF_JOBS.items() if event == row.event), None)
        if job is not None and status is not None and job.status != status:
            # Its owner has had it tried again since.
            job = replace(job, status=status)
        return Happened(row.event, row.event_id, row.created_at, row.endpoint_id, job)

    def _headers(self, body: bytes, now_s: int) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "User-Agent": AGENT,
            "X-AudioPod-Event": self._row.event,
            "X-AudioPod-Event-Id": self._row.event_id,
            "X-AudioPod-Timestamp": str(now_s),
            "X-AudioPod-Signature": signature(self._to.secret, now_s, body),
        }


def _known(error: str) -> str:
    """A code that has words, whatever went wrong."""
    return error if error in ERRORS else FAULT


def signature(secret: str, now_s: int, body: bytes) -> str:
    """What shows that `body` was sent by this house at `now_s` (seconds since the epoch)."""
    return "sha256=" + hmac.new(secret.encode(), f"{now_s}.".encode() + body, hashlib.sha256).hexdigest()


def wait_s(attempt: int) -> float:
    """How long to wait after so many attempts that failed: a minute, and twice as long each time."""
    return float(min(FIRST_WAIT_S * 2 ** (attempt - 1), LONGEST_WAIT_S))
