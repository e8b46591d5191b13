"""The outbox: every post goes out, and only once (promise 4). Slow work happens after commit, never inside one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlmodel import Session

from storage import jobs, outbox
from storage.database import Database
from storage.tables import Outbox
from workflows.people import now_ms
from workflows.view import JobView, look

log = logging.getLogger(__name__)

LEASE_MS = 60_000
# Parcels of one surface on their way at once; one slow surface never holds up another.
AT_ONCE = 10
# A delivery that hangs for so long counts as one without an answer.
LONGEST_S = 300.0
# Trouble passes: an outage of hours loses nothing, and after it people need not wait long.
FIRST_WAIT_MS, LONGEST_WAIT_MS = 1_000, 60_000
# We give up only on what is both old and often tried: a house that was off for a week has tried nothing.
GIVE_UP_MS, GIVE_UP_TRIES = 48 * 3_600_000, 1000


@dataclass(frozen=True)
class Parcel:
    """One thing to tell one channel. `key` is the same at every try.

    `again`: it was tried before and may be there already, so a courier looks before it posts. `since`: it can't have
    been posted before then (milliseconds since the epoch).
    """

    key: str
    topic: str
    payload: Mapping[str, Any]
    job: JobView
    again: bool = False
    since: int = 0


class DeliveryFailed(Exception):
    """It could not be posted. `permanent`: trying again can't help.

    Then `why` is the code that tells the owner in another channel; None: the whole chat is shut to us, there is none.
    Otherwise it is tried again later, `retry_after_s` at the soonest.
    """

    def __init__(
        self, cause: str, *, permanent: bool, why: str | None = "post_refused", retry_after_s: float | None = None
    ) -> None:
        super().__init__(cause)
        self.permanent = permanent
        self.why = why
        self.retry_after_s = retry_after_s


class Courier(Protocol):
    """Takes parcels to one surface. MUST be idempotent by `parcel.key`, and safe to call several times at once."""

    surface: str

    async def deliver(self, parcel: Parcel) -> str | None:
        """Post it, or find that it is posted already; returns where (a message id, a path), None for nowhere."""

    def elsewhere(self, job: JobView) -> str | None:
        """Another channel that reaches the owner of `job` when its own can't be posted to, if there is one."""


class Deliveries:
    """Takes what is due to its couriers, one thing at a time in each channel. `on_end`: there is room for the next.

    Several processes may do so on one database.
    """

    def __init__(self, db: Database, couriers: Mapping[str, Courier], *, lease_ms: int = LEASE_MS) -> None:
        self._db, self._couriers, self._lease_ms = db, couriers, lease_ms
        # The surface and the channel of each delivery under way.
        self._going: dict[asyncio.Task[None], tuple[str, str]] = {}
        self.on_end: Callable[[], None] = lambda: None

    async def dispatch(self) -> int:
        """Start what is due where there is room; returns how many deliveries began."""
        going = [surface for surface, _ in self._going.values()]
        room = {name: AT_ONCE - going.count(name) for name in self._couriers}
        free = tuple(name for name, places in room.items() if places > 0)
        if not free or not await self._db.aread(lambda s: outbox.is_due(s, surfaces=free, now=now_ms())):
            return 0
        begun = 0
        for surface in free:
            busy = [channel for name, channel in self._going.values() if name == surface]
            claimed = await self._db.awrite(lambda s, name=surface, busy=busy: self._claim(s, name, room[name], busy))  # type: ignore[misc]
            for row, channel, parcel in claimed:
                task = asyncio.create_task(self._deliver(row, parcel), name=parcel.key)
                self._going[task] = (surface, channel)
                task.add_done_callback(self._ended)
                begun += 1
        return begun

    async def drain(self, grace_s: float) -> None:
        """Let what is on its way arrive, but wait no longer than that; the rest is tried again by whoever comes."""
        if not self._going:
            return
        _, late = await asyncio.wait(list(self._going), timeout=grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _claim(self, session: Session, surface: str, limit: int, busy: list[str]) -> list[tuple[Outbox, str, Parcel]]:
        claimed = outbox.claim_due(
            session, surfaces=(surface,), now=now_ms(), lease_ms=self._lease_ms, limit=limit, busy=busy
        )
        return [(row, channel, _parcel(session, row)) for row, channel in claimed]

    async def _deliver(self, row: Outbox, parcel: Parcel) -> None:
        courier = self._couriers[row.surface]
        beat = asyncio.create_task(self._beat(row.id))
        try:
            async with asyncio.timeout(LONGEST_S):
                receipt = await courier.deliver(parcel)
        except DeliveryFailed as failed:
            failure = failed
        except Exception as error:
            log.exception("parcel %s", parcel.key)
            failure = DeliveryFailed(repr(error), permanent=False)
        else:
            await self._db.awrite(lambda session: self._arrived(session, row, receipt))
            return
        finally:
            beat.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beat
        log.warning("parcel %s not delivered: %s", parcel.key, failure)
        wait_ms = await self._db.awrite(lambda session: self._failed(session, row, parcel, failure, courier))
        if wait_ms is not None:
            # Then it is due without anybody adding anything.
            asyncio.get_running_loop().call_later(wait_ms / 1000, self.on_end)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._going[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its lease runs out, and it is delivered again by whoever looks.
            log.error("parcel %s: what became of it could not be written", task.get_name(), exc_info=error)
        self.on_end()

    async def _beat(self, row_id: int) -> None:
        """Keep the lease while the courier is at it: nobody else must deliver the same parcel meanwhile."""
        while True:
            await asyncio.sleep(self._lease_ms / 3000)
            with contextlib.suppress(Exception):
                await self._db.awrite(lambda s: outbox.extend(s, row_id, now_ms() + self._lease_ms))

    def _arrived(self, session: Session, row: Outbox, receipt: str | None) -> None:
        outbox.sent(session, row.id, now_ms(), receipt)
        jobs.posted(session, row.job_id, receipt)

    def _failed(
        self, session: Session, row: Outbox, parcel: Parcel, failure: DeliveryFailed, courier: Courier
    ) -> int | None:
        """Decide what becomes of a parcel; milliseconds until its next try, if that is by the same way."""
        now = now_ms()
        hopeless = now - row.created_at >= GIVE_UP_MS and row.attempts >= GIVE_UP_TRIES
        if not failure.permanent and not hopeless:
            doubled = min(FIRST_WAIT_MS * 2 ** min(row.attempts - 1, 20), LONGEST_WAIT_MS)
            wait_ms: int = max(doubled, int((failure.retry_after_s or 0) * 1000))
            outbox.retry_later(session, row.id, now + wait_ms, str(failure))
            return wait_ms
        channel = courier.elsewhere(parcel.job) if failure.why is not None else None
        if channel is not None and channel != parcel.job.channel:
            jobs.readdress(session, row.job_id, row.surface, channel, failure.why)
            outbox.readdressed(session, row.id, now, str(failure))
            return None
        outbox.dead(session, row.id, now, str(failure))
        return None


async def deliver_due(db: Database, couriers: Mapping[str, Courier]) -> int:
    """Deliver what is due now and wait for it; returns how many parcels that were."""
    deliveries = Deliveries(db, couriers)
    begun = await deliveries.dispatch()
    await deliveries.drain(LONGEST_S)
    return begun


def _parcel(session: Session, row: Outbox) -> Parcel:
    return Parcel(
        row.key, row.topic, row.payload, look(session, row.job_id), again=row.attempts > 1, since=row.created_at
    )
