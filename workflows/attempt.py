"""The life of one attempt: render, keep the lease alive, and settle it in one fenced transaction."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import Any

from sqlmodel import Session

from engine.spec import Analysed, Analysis, Cancelled, EngineError, EnginePool, Event, Planned, Progressed, Staged
from storage import jobs, ledger, marks, ordered, outbox, tracks
from storage.blobs import Blobs
from storage.claims import Ticket
from storage.database import Database
from storage.errors import DatabaseBusy, StorageFull
from storage.tables import Job
from workflows import moderation, retry, variation
from workflows.limits import Limits
from workflows.moderation import Moderation
from workflows.people import now_ms
from workflows.pictures import picture_of
from workflows.recording import recording_of
from workflows.render import KeptTrack, render
from workflows.runs import settle
from workflows.source import source_of
from workflows.webhooks import events

log = logging.getLogger(__name__)

# A person watching sees progress move; the database sees at most this many writes.
PROGRESS_S = 0.7


class Attempt:
    """One claimed job. `run` always ends with the job settled, postponed, handed back, or left to rescue."""

    def __init__(
        self, job: Ticket, *, db: Database, pool: EnginePool, blobs: Blobs, limits: Limits, work: Path, lease_ms: int,
        moderation: Moderation,
    ) -> None:  # fmt: skip
        self.job = job
        self.token = str(job.token)
        self._db, self._pool, self._blobs, self._limits = db, pool, blobs, limits
        self._lease_ms, self._moderation = lease_ms, moderation
        self._workdir = work / f"{job.id}-{self.token}"
        self._cancelled = asyncio.Event()
        self._handing_back = False
        self._refused: EngineError | None = None
        self._analysis: Analysis | None = None
        self._lost = False
        # Seconds after which it may be tried again: then it is due without anybody adding anything.
        self.again_in_s: float | None = None
        self._stage: str | None = None
        self._progress: float | None = None

    def hand_back(self) -> None:
        """Stop soon and give the job back to the queue, uncounted (the house is closing)."""
        self._handing_back = True
        self._cancelled.set()

    @property
    def progress(self) -> float:
        """How far it is, 0 to 1."""
        return self._progress or 0.0

    async def run(self) -> None:
        """Work the job to its end. Raises nothing but task cancellation."""
        heart = asyncio.create_task(self._beat())
        try:
            await asyncio.to_thread(self._workdir.mkdir, parents=True, exist_ok=True)
            kept = await render(
                self.job,
                await source_of(self._db, self._blobs, self.job),
                await recording_of(self._db, self._blobs, self.job),
                await picture_of(self._db, self._blobs, self.job),
                pool=self._pool,
                blobs=self._blobs,
                workdir=self._workdir,
                on_event=self._on_event,
                cancelled=self._cancelled,
            )
            if not self._lost:
                await self._db.awrite(lambda session: self._finish(session, kept))
        except Cancelled:
            if self._refused is not None:
                await self._give_up(self._refused)
            else:
                await self._settle(self._give_back if self._handing_back else self._cancel)
        except EngineError as error:
            await self._give_up(error)
        except Exception as error:
            log.exception("job %s attempt %s", self.job.id, self.job.attempt)
            failure = _failure(error)
            await self._settle(lambda session: self._fail(session, failure))
        finally:
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heart
            await asyncio.to_thread(shutil.rmtree, self._workdir, ignore_errors=True)

    async def _give_up(self, error: EngineError) -> None:
        log.warning("job %s attempt %s: %s", self.job.id, self.job.attempt, error)
        await self._settle(lambda session: self._fail(session, error))

    async def _settle(self, work: Callable[[Session], None]) -> None:
        """Write the end of an attempt without music."""
        if self._lost:
            return
        try:
            await self._db.awrite(work)
        except Exception:
            # The lease runs out and rescue takes over: the one path that needs no luck.
            log.exception("job %s: its end could not be written; rescue will find it", self.job.id)

    async def _on_event(self, event: Event) -> None:
        match event:
            case Staged(stage):
                self._stage, self._progress = stage, None if stage == "planning" else self._progress
            case Planned(plan):
                try:
                    moderation.check_plan(self._moderation, plan)
                except EngineError as refused:
                    # As if it were cancelled: raised from here, it would end an engine that did nothing wrong.
                    self._refused = refused
                    self._cancelled.set()
                    return
                self._stage = "planning"
                await self._db.awrite(
                    lambda session: jobs.set_plan(
                        session,
                        job_id=self.job.id,
                        token=self.token,
                        plan=variation.credited(session, self.job.id, plan).model_dump_json(),
                        title=plan.title,
                    )
                )
            case Progressed(fraction):
                self._progress = fraction
            case Analysed(analysis):
                self._analysis = analysis

    async def _beat(self) -> None:
        """Extend the lease and show progress; learn that the job was cancelled, or that it is no longer ours."""
        shown: tuple[str | None, float | None] = (None, None)
        beaten = now_ms()
        while True:
            await asyncio.sleep(PROGRESS_S)
            state = (self._stage, self._progress)
            try:
                if state != shown or now_ms() - beaten >= self._lease_ms // 3:
                    answer = await self._db.awrite(self._extend)
                    shown, beaten = state, now_ms()
                else:
                    answer = await self._db.aread(self._look)
            except Exception:
                log.exception("job %s: heartbeat failed", self.job.id)
                continue
            self._lost = answer == "lost"
            if answer != "ok":
                self._cancelled.set()

    def _look(self, session: Session) -> str:
        job = jobs.get(session, self.job.id)
        if job is None or job.token != self.token:
            return "lost"
        return "cancel" if job.cancel_requested else "ok"

    def _extend(self, session: Session) -> str:
        return jobs.heartbeat(
            session,
            job_id=self.job.id,
            token=self.token,
            now=now_ms(),
            lease_ms=self._lease_ms,
            stage=self._stage,
            progress=self._progress,
        )

    def _finish(self, session: Session, kept: tuple[KeptTrack, ...]) -> None:
        now = now_ms()
        heard = None if self._analysis is None else self._analysis.model_dump_json()
        if not jobs.complete(session, job_id=self.job.id, token=self.token, now=now, analysis=heard):
            return
        if marks.hidden(session, self.job.id):
            # Its owner threw it away at its last breath: nothing of it is to be kept, or paid.
            raise Cancelled
        # A track may be deleted before it is made, and goes alone.
        wanted = ordered.takes(session, self.job.id) if len(kept) > 1 else ()
        for track in kept:
            if wanted and track.result.take not in wanted:
                continue
            tracks.add(
                session,
                job_id=self.job.id,
                now=now,
                files=[(file.kind, file.name, file.format, file.blob) for file in track.files],
                **track.result.model_dump(exclude={"files"}),
            )
        if self.job.price:
            ledger.capture(session, key=jobs.hold_key(self.job), amount=self.job.price, now=now)
        announce(session, self.job, "completed", now)

    def _fail(self, session: Session, error: EngineError) -> None:
        now = now_ms()
        wait_ms = retry.decide(self._limits, code=error.code, permanent=error.permanent, attempt=self.job.attempt)
        failure: dict[str, Any] = {
            "error_code": error.code,
            "error_params": error.params,
            "error_permanent": error.permanent,
            "error_cause": error.cause,
        }
        if wait_ms is not None:
            if jobs.postpone(session, job_id=self.job.id, token=self.token, run_after=now + wait_ms, **failure):
                self.again_in_s = wait_ms / 1000
            else:
                self._cancel(session)
        elif jobs.fail(session, job_id=self.job.id, token=self.token, now=now, **failure):
            end_unpaid(session, self.job, "failed", now)

    def _cancel(self, session: Session) -> None:
        now = now_ms()
        if jobs.cancelled(session, job_id=self.job.id, token=self.token, now=now):
            end_unpaid(session, self.job, "cancelled", now)

    def _give_back(self, session: Session) -> None:
        if not jobs.hand_back(session, job_id=self.job.id, token=self.token):
            self._cancel(session)


def end_unpaid(session: Session, job: Job | Ticket, topic: str, now: int) -> None:
    """Void the hold of a job that ended without music, and tell its channel."""
    if job.price:
        ledger.void(session, key=jobs.hold_key(job), now=now)
    announce(session, job, topic, now)


def announce(session: Session, job: Job | Ticket, topic: str, now: int, **payload: Any) -> None:
    """Put the end of this round of `job` into the outbox, once, with what else couriers need of it (JSON).

    A step of a run has nothing told of it by itself: its run goes on. Its owner's webhooks hear of either.
    """
    events.happened(session, job, topic, now)
    if job.step_id is not None:
        settle.step_ended(session, job, topic, now)
        return
    outbox.add(
        session,
        key=f"job:{job.id}:{job.round}:{topic}",
        job_id=job.id,
        surface=job.surface,
        topic=topic,
        payload=payload,
        now=now,
    )


def _failure(error: Exception) -> EngineError:
    """What people are told about a failure of the house itself; trying again may help."""
    full = isinstance(error, StorageFull) or (isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT))
    code = "disk_full" if full else "database_busy" if isinstance(error, DatabaseBusy) else "internal"
    return EngineError(code, permanent=False, cause=repr(error))
