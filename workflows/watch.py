"""Shows people how far their songs are: the status messages of waiting and running jobs, edited as things move.

It is a courtesy, not a promise: what fails is simply shown a little later. The end of a job goes by the outbox.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from storage import jobs
from storage.database import Database
from storage.tables import Job
from workflows.view import JobView, look

log = logging.getLogger(__name__)

# A message that runs changes at most so often; one that waits moves only when those before it end.
RUNNING_S, WAITING_S = 3.0, 15.0
# Chats slow down whoever says more in one channel.
CHANNEL_S = 1.0
MOST = 200


class Display(Protocol):
    """Shows a job that has not ended in its status message."""

    async def show(self, job: JobView) -> bool:
        """Edit the message; False where there was no room for that just now.

        MUST NOT touch it once the end of the job is being delivered, and MUST NOT wait long: it would show the past.
        """


@dataclass
class _Shown:
    at: float
    state: tuple[object, ...]
    place: tuple[object, ...] = ()


class Watch:
    """Looks at the live jobs of its surfaces each time it is called."""

    def __init__(self, db: Database, displays: Mapping[str, Display]) -> None:
        self._db, self._displays = db, displays
        self._shown: dict[int, _Shown] = {}
        self._channels: dict[tuple[str, str], float] = {}
        self._going: dict[asyncio.Task[None], int] = {}

    async def look(self) -> None:
        """Start the edits whose time has come: at most one in a channel, running jobs first."""
        if not self._displays:
            return
        surfaces = tuple(self._displays)
        live = await self._db.aread(lambda session: jobs.live_posts(session, surfaces, MOST))
        now = monotonic()
        for gone in self._shown.keys() - {job.id for job in live}:
            del self._shown[gone]
        self._channels = {channel: at for channel, at in self._channels.items() if now - at < CHANNEL_S}
        for job in live:
            if not self._is_due(job, now):
                continue
            self._channels[job.surface, job.channel] = now
            task = asyncio.create_task(self._show(job, now), name=f"show job {job.id}")
            self._going[task] = job.id
            task.add_done_callback(self._going.pop)

    async def close(self) -> None:
        """Stop what is under way."""
        for task in self._going:
            task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)

    def _is_due(self, job: Job, now: float) -> bool:
        if job.id in self._going.values() or (job.surface, job.channel) in self._channels:
            return False
        shown = self._shown.get(job.id)
        if shown is None:
            # What was posted says how things stood then: its first change can wait as long as any other.
            self._shown[job.id] = _Shown(now, _state(job))
            return False
        if job.status == "PENDING" and shown.state == _state(job):
            return now - shown.at >= WAITING_S
        return shown.state != _state(job) and now - shown.at >= RUNNING_S

    async def _show(self, job: Job, now: float) -> None:
        before = self._shown[job.id]
        try:
            view = await self._db.aread(lambda session: look(session, job.id))
            place = (view.position, view.pause)
            moved = before.state != _state(job) or place != before.place
            if view.ended or (moved and not await self._displays[job.surface].show(view)):
                return
        except Exception:
            log.info("job %s: its progress could not be shown", job.id, exc_info=True)
            return
        self._shown[job.id] = _Shown(now, _state(job), place)


def _state(job: Job) -> tuple[object, ...]:
    return (job.status, job.round, job.stage, job.title, None if job.progress is None else round(job.progress, 2))
