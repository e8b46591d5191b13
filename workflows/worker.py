"""Works the queue: claims jobs for free engines, rescues the ones whose worker died, drains at the end."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import shutil
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlmodel import Session

from engine.spec import EnginePool
from storage import jobs
from storage.blobs import Blobs
from storage.claims import Ticket
from storage.database import Database
from workflows.attempt import Attempt, end_unpaid
from workflows.limits import Limits
from workflows.moderation import Moderation
from workflows.people import now_ms

log = logging.getLogger(__name__)

# What is this far is finished when the house closes; the rest goes back to the queue.
NEARLY_DONE = 0.5


class Worker:
    """Runs as many attempts at once as the pool has engines."""

    def __init__(
        self, *, db: Database, pool: EnginePool, blobs: Blobs, limits: Limits, work: Path, lease_ms: int,
        moderation: Moderation | None = None,
    ) -> None:  # fmt: skip
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._db, self._pool, self._blobs, self._limits = db, pool, blobs, limits
        self._work, self._lease_ms = work, lease_ms
        self._moderation = moderation or Moderation()
        self._attempts: dict[asyncio.Task[None], Attempt] = {}
        self._closing = False
        self._lock = asyncio.Lock()
        self.on_end: Callable[[], None] = lambda: None

    @property
    def busy(self) -> int:
        """Attempts under way."""
        return len(self._attempts)

    async def dispatch(self) -> None:
        """Claim jobs while an engine is free. Cheap when there is nothing to do: it reads before it writes."""
        async with self._lock:
            together = self._pool.capabilities.together
            while not self._closing and self.busy <= (self._pool.size - 1) * together:
                if not await self._db.aread(self._waiting):
                    return
                claimed = await self._db.awrite(self._claim)
                for job in claimed:
                    self._begin(job)
                if not claimed:
                    return

    def _waiting(self, session: Session) -> bool:
        tasks = self._pool.capabilities.tasks
        return jobs.waiting(session, now=now_ms(), tasks=tasks, **self._limits.at_once)

    def _claim(self, session: Session) -> tuple[Ticket, ...]:
        """The next job, and those that its engine can make together with it."""
        can = self._pool.capabilities
        claim = partial(
            jobs.claim, session, worker=self.name, engine=can.name, now=now_ms(), lease_ms=self._lease_ms,
            tasks=can.tasks, **self._limits.at_once,
        )  # fmt: skip
        first = claim()
        # What an earlier version kept has no bucket.
        if not first or can.together == 1 or not first[0].bucket:
            return first
        return (*first, *claim(most=can.together - 1, bucket=first[0].bucket))

    def _begin(self, job: Ticket) -> None:
        attempt = Attempt(
            job,
            db=self._db,
            pool=self._pool,
            blobs=self._blobs,
            limits=self._limits,
            work=self._work,
            lease_ms=self._lease_ms,
            moderation=self._moderation,
        )
        task = asyncio.create_task(attempt.run(), name=f"job {job.id}")
        self._attempts[task] = attempt
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        attempt = self._attempts.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an attempt broke", exc_info=error)
        if attempt.again_in_s is not None:
            task.get_loop().call_later(attempt.again_in_s, self.on_end)
        self.on_end()

    async def rescue(self) -> None:
        """Put jobs whose worker is gone back into the queue; give up on one that keeps killing its workers."""

        def work(session: Session) -> bool:
            now = now_ms()
            for job in jobs.rescue(session, now=now, most=1):
                if job.cancel_requested:
                    jobs.request_cancel(session, job_id=job.id, now=now)
                    end_unpaid(session, job, "cancelled", now)
                elif job.attempt < self._limits.rescues:
                    log.warning("job %s: its worker is gone; back in the queue", job.id)
                elif jobs.give_up(session, job_id=job.id, now=now, error_code="engine_crashed"):
                    end_unpaid(session, job, "failed", now)
                return True
            return False

        if await self._db.aread(lambda session: jobs.overdue(session, now=now_ms())):
            while await self._db.awrite(work):
                continue
        await self._sweep()

    async def _sweep(self) -> None:
        """Remove the work folders of attempts that no longer run anywhere."""
        if not self._work.is_dir():
            return
        # Listed before the tokens are read: a folder made in between belongs to a token we would not know.
        folders = [folder for folder in self._work.iterdir() if folder.is_dir()]
        live = await self._db.aread(jobs.live_tokens)
        for folder in folders:
            if folder.name.rpartition("-")[2] not in live:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def drain(self, grace_s: float) -> None:
        """Finish what is nearly done, hand the rest back, and wait at most `grace_s` for both."""
        self._closing = True
        for attempt in self._attempts.values():
            if attempt.progress < NEARLY_DONE:
                attempt.hand_back()
        tasks = list(self._attempts)
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace_s)
        for task in late:
            self._attempts[task].hand_back()
        if late:
            await asyncio.wait(late, timeout=grace_s)
