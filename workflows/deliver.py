"""The outbox: every post goes out, and only once (promise 4). Slow work happens after commit, never inside one.

Two lines of things are taken to the chats alike: what is told about each job, and bulletins (`workflows.bulletins`).
Others go the same way, such as webhooks (`workflows.webhooks.line`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlmodel import Session

from storage import jobs, outbox
from storage.database import Database
from storage.tables import Outbox
from workflows.bulletins import Board, Bulletins
from workflows.errands import AT_ONCE, Errand, Line
from workflows.people import now_ms
from workflows.view import JobView, look

log = logging.getLogger(__name__)

LEASE_MS = 60_000
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

    def elsewhere(self, job: JobView, /) -> str | None:
        """Another channel that reaches the owner of `job` when its own can't be posted to, if there is one."""


class Deliveries:
    """Takes what is due to its couriers and boards: of each line one thing at a time in each channel.

    `more` are lines of things that go elsewhere. `on_end` is called when there is room for the next. Several processes
    may do so on one database.
    """

    def __init__(
        self,
        db: Database,
        couriers: Mapping[str, Courier],
        boards: Mapping[str, Board] | None = None,
        *,
        more: Sequence[Line] = (),
        lease_ms: int = LEASE_MS,
    ) -> None:
        self._db, self._lease_ms = db, lease_ms
        self._lines: tuple[Line, ...] = (Parcels(couriers), Bulletins(db, boards or {}), *more)
        self._going: dict[asyncio.Task[None], tuple[Line, Errand]] = {}
        self.on_end: Callable[[], None] = lambda: None

    async def dispatch(self) -> int:
        """Start what is due where there is room; returns how many deliveries began."""
        return sum([await self._dispatch(line) for line in self._lines])

    async def drain(self, grace_s: float) -> None:
        """Let what is on its way arrive, but wait no longer than that; the rest is tried again by whoever comes."""
        if not self._going:
            return
        _, late = await asyncio.wait(list(self._going), timeout=grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _dispatch(self, line: Line) -> int:
        room = {surface: line.at_once - len(self._busy(line, surface)) for surface in line.surfaces}
        free = tuple(surface for surface, places in room.items() if places > 0)
        if not free or not await self._db.aread(lambda s: line.is_due(s, free, now_ms())):
            return 0
        begun = 0
        for surface in free:
            for errand in await self._db.awrite(lambda s, to=surface: self._claim(s, line, to, room[to])):  # type: ignore[misc]
                task = asyncio.create_task(self._deliver(errand), name=errand.name)
                self._going[task] = (line, errand)
                task.add_done_callback(self._ended)
                begun += 1
        return begun

    def _claim(self, session: Session, line: Line, surface: str, limit: int) -> Sequence[Errand]:
        busy = self._busy(line, surface)
        return line.claim(session, surface, now=now_ms(), lease_ms=self._lease_ms, limit=limit, busy=busy)

    def _busy(self, line: Line, surface: str) -> list[str]:
        going = list(self._going.values())
        return [errand.channel for its, errand in going if its is line and errand.surface == surface]

    async def _deliver(self, errand: Errand) -> None:
        beat = asyncio.create_task(self._beat(errand))
        try:
            async with asyncio.timeout(LONGEST_S):
                receipt = await errand.run()
        except DeliveryFailed as failed:
            failure = failed
        except Exception as error:
            log.exception("%s", errand.name)
            failure = DeliveryFailed(repr(error), permanent=False)
        else:
            self._look_in(await self._db.awrite(lambda session: errand.arrived(session, now_ms(), receipt)))
            return
        finally:
            beat.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beat
        log.warning("%s not delivered: %s", errand.name, failure)
        self._look_in(await self._db.awrite(lambda session: _failed(session, errand, failure)))

    def _look_in(self, wait_ms: int | None) -> None:
        """Look again then: something is due without anybody adding anything."""
        if wait_ms is not None:
            asyncio.get_running_loop().call_later(wait_ms / 1000, lambda: self.on_end())

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._going[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its lease runs out, and it is delivered again by whoever looks.
            log.error("%s: what became of it could not be written", task.get_name(), exc_info=error)
        self.on_end()

    async def _beat(self, errand: Errand) -> None:
        """Keep the lease while the courier is at it: nobody else must deliver the same thing meanwhile."""
        while True:
            await asyncio.sleep(self._lease_ms / 3000)
            with contextlib.suppress(Exception):
                await self._db.awrite(lambda s: errand.extend(s, now_ms() + self._lease_ms))


class Parcels:
    """The line of what is told about jobs: what `storage.outbox` keeps, taken to `couriers`."""

    at_once = AT_ONCE

    def __init__(self, couriers: Mapping[str, Courier]) -> None:
        self._couriers = couriers
        self.surfaces = tuple(couriers)

    def is_due(self, session: Session, surfaces: Collection[str], now: int) -> bool:
        """Whether anything is to be told on one of `surfaces`; reads only."""
        return outbox.is_due(session, surfaces=surfaces, now=now)

    def claim(
        self, session: Session, surface: str, *, now: int, lease_ms: int, limit: int, busy: Collection[str]
    ) -> list[_Delivery]:
        """Lease what is due there, one thing a channel."""
        rows = outbox.claim_due(session, surfaces=(surface,), now=now, lease_ms=lease_ms, limit=limit, busy=busy)
        return [_Delivery(self._couriers[surface], row, channel, _parcel(session, row)) for row, channel in rows]


class _Delivery:
    """One parcel under way to its courier."""

    def __init__(self, courier: Courier, row: Outbox, channel: str, parcel: Parcel) -> None:
        self._courier, self._row, self._parcel = courier, row, parcel
        self.name, self.surface, self.channel = parcel.key, row.surface, channel
        self.attempts, self.since = row.attempts, row.created_at

    async def run(self) -> str | None:
        return await self._courier.deliver(self._parcel)

    def extend(self, session: Session, lease_until: int) -> None:
        outbox.extend(session, self._row.id, lease_until)

    def arrived(self, session: Session, now: int, receipt: str | None) -> int | None:
        outbox.sent(session, self._row.id, now, receipt)
        jobs.posted(session, self._row.job_id, receipt)
        return None

    def again(self, session: Session, due_at: int, error: str) -> None:
        outbox.retry_later(session, self._row.id, due_at, error)

    def elsewhere(self) -> str | None:
        return self._courier.elsewhere(self._parcel.job)

    def readdress(self, session: Session, now: int, channel: str, why: str, error: str) -> None:
        jobs.readdress(session, self._row.job_id, self.surface, channel, why)
        outbox.readdressed(session, self._row.id, now, error)

    def lose(self, session: Session, now: int, error: str) -> None:
        outbox.dead(session, self._row.id, now, error)


async def deliver_due(db: Database, couriers: Mapping[str, Courier], boards: Mapping[str, Board] | None = None) -> int:
    """Deliver what is due now and wait for it; returns how many things that were."""
    deliveries = Deliveries(db, couriers, boards)
    begun = await deliveries.dispatch()
    await deliveries.drain(LONGEST_S)
    return begun


def _failed(session: Session, errand: Errand, failure: DeliveryFailed) -> int | None:
    """Decide what becomes of an errand; milliseconds until its next try, if that is by the same way."""
    now, cause = now_ms(), str(failure)
    hopeless = now - errand.since >= GIVE_UP_MS and errand.attempts >= GIVE_UP_TRIES
    if not failure.permanent and not hopeless:
        doubled = min(FIRST_WAIT_MS * 2 ** min(errand.attempts - 1, 20), LONGEST_WAIT_MS)
        wait_ms: int = max(doubled, int((failure.retry_after_s or 0) * 1000))
        errand.again(session, now + wait_ms, cause)
        return wait_ms
    channel = errand.elsewhere() if failure.why is not None else None
    if failure.why is not None and channel is not None and channel != errand.channel:
        errand.readdress(session, now, channel, failure.why, cause)
        return None
    errand.lose(session, now, cause)
    return None


def _parcel(session: Session, row: Outbox) -> Parcel:
    return Parcel(
        row.key, row.topic, row.payload, look(session, row.job_id), again=row.attempts > 1, since=row.created_at
    )
