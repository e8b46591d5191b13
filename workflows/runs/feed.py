"""Feeds the queue from the runs: asks for the next steps of each as room and limits allow. The truth is in the tables.

Several processes may do so on one database, and any of them may die at any instant.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from engine.spec import Request
from storage import gate, runs
from storage.database import Database, DatabaseBusy
from workflows import pictures
from workflows.incoming import Brought, Incoming
from workflows.people import now_ms
from workflows.pictures import Portrait
from workflows.recording import link_field
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.runs import asking, calling_off
from workflows.runs.asking import Overtaken, Wanted
from workflows.submit import judge

log = logging.getLogger(__name__)

# What passes by itself: the run waits, and no step is lost.
PASSES = frozenset(
    {"too_many_jobs", "rate_limited", "songs_of_day", "server_full", "songs_of_server", "house_closing", "disk_full"}
)
# Where nobody can say for how long; a job of the run that ends makes it due at once.
WAIT_S = 10
# After trouble of the house itself.
TROUBLE_S = 60
# Links are fetched meanwhile; other runs need not wait for them.
PATIENCE_S = 2.0


class Feeder:
    """`incoming` is the door for the links of steps; without it there is none. `on_end`: a late run may be looked at.

    One look takes no longer than `patience_s`. MUST be called one at a time; the clock sees to that.
    """

    def __init__(
        self, db: Database, rules: Rules, incoming: Incoming | None = None, *, patience_s: float = PATIENCE_S
    ) -> None:
        self._db, self._rules, self._incoming, self.patience_s = db, rules, incoming, patience_s
        self._going: dict[asyncio.Task[int], int] = {}
        self.on_end: Callable[[], None] = lambda: None

    async def feed(self) -> int:
        """Do what is due; returns how many steps were asked for, as far as that is known by now."""
        due = await self._db.aread(lambda session: runs.due(session, now_ms(), self._rules.limits.runs.at_once))
        begun = [self._begin(run_id) for run_id in due if run_id not in self._going.values()]
        if not begun:
            return 0
        done, late = await asyncio.wait(begun, timeout=self.patience_s)
        for task in late:
            task.add_done_callback(lambda _: self.on_end())
        return sum(task.result() for task in done if not task.cancelled() and task.exception() is None)

    async def drain(self, grace_s: float) -> None:
        """Let what is under way come to its end, but wait no longer than that; the rest is due at the next look."""
        if not self._going:
            return
        _, late = await asyncio.wait(list(self._going), timeout=grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, run_id: int) -> asyncio.Task[int]:
        task = asyncio.create_task(self._feed(run_id), name=f"feed run {run_id}")
        self._going[task] = run_id
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[int]) -> None:
        del self._going[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Most likely the database is busy: the run is due at the next look as before.
            log.error("%s", task.get_name(), exc_info=error)

    async def _feed(self, run_id: int) -> int:
        """Finish what was called off, or ask for the next steps; returns how many."""
        run = await self._db.aread(lambda session: runs.get(session, run_id))
        if run is None or run.cancelling:
            await calling_off.jobs_of(self._db, run_id)
            return 0
        # While the house is drained nothing is taken, and an idle house writes nothing.
        if (await self._db.aread(gate.get)).state == "draining":
            return 0
        at_once = self._rules.limits.runs.at_once
        asked = 0
        for wanted in await self._db.aread(lambda session: asking.ready(session, run_id, at_once)):
            try:
                await self._ask(wanted)
            except Overtaken:
                continue
            except Refusal as refusal:
                if not await self._refused(wanted, refusal):
                    break
            except DatabaseBusy:
                # It is due at the next look, as before.
                log.warning("run %s: the database is busy", run_id)
                break
            except Exception:
                log.exception("run %s: step %s could not be asked for", run_id, wanted.number)
                await self._put_off(wanted, TROUBLE_S, "internal", until=True)
                break
            else:
                asked += 1
        return asked

    async def _ask(self, wanted: Wanted) -> None:
        spec: Request | None = None
        brought: Brought | None = None
        portrait: Portrait | None = None
        if not wanted.again:
            asked = judge(self._rules, wanted.task, wanted.values)
            portrait = await pictures.of_request(
                self._incoming, asked, wanted.who, wanted.where, parent_id=wanted.parent
            )
            brought = await self._brought(wanted, asked)
            spec = asked if brought is None else brought.spec
        await self._db.awrite(
            lambda session: asking.ask(session, self._rules, wanted, spec, brought, now_ms(), portrait=portrait)
        )

    async def _brought(self, wanted: Wanted, spec: Request) -> Brought | None:
        if link_field(spec) is None:
            return None
        if self._incoming is None:
            raise Refusal("no_foreign_audio", field=link_field(spec), engine=self._rules.capabilities.name)
        return await self._incoming.bring(
            spec, wanted.who, wanted.where, parent_id=wanted.parent, asked_at=wanted.asked_at
        )

    async def _refused(self, wanted: Wanted, refusal: Refusal) -> bool:
        """Write down what a refusal means for the run; returns whether its next step may be asked for all the same."""
        now = now_ms()
        if refusal.code == "banned":
            await self._db.awrite(lambda session: calling_off.stop(session, wanted.run, now))
            return False
        if refusal.code in PASSES:
            wait_s = refusal.retry_after
            await self._put_off(wanted, wait_s or WAIT_S, refusal.code, until=wait_s is not None)
            return False
        await self._db.awrite(lambda session: asking.refuse(session, wanted, refusal.code, refusal.told, now))
        return True

    async def _put_off(self, wanted: Wanted, wait_s: int, why: str, *, until: bool) -> None:
        now = now_ms()
        await self._db.awrite(
            lambda session: asking.put_off(session, wanted, due_at=now + wait_s * 1000, why=why, now=now, until=until)
        )
