"""A house for tests: a real SQLite file, real rules, a worker, and a pool that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.spec import Capabilities
from storage.blobs import FolderBlobs
from storage.database import Database
from tests.fakes.pool import ScriptedPool
from tests.schema import lay
from workflows import control
from workflows.limits import Limits
from workflows.moderation import Moderation
from workflows.people import ReplyTo, Requester
from workflows.pricing import Pricing, Tier
from workflows.roles import Roles
from workflows.rules import Rules
from workflows.submit import Accepted, submit
from workflows.view import JobView
from workflows.worker import Worker

ANN = Requester("terminal", "ann", "ann")


def rules(
    *,
    limits: dict[str, Any] | None = None,
    blocked: tuple[str, ...] = (),
    capabilities: Capabilities | None = None,
    roles: dict[str, dict[str, Any]] | None = None,
) -> Rules:
    given: dict[str, Any] = {"live_jobs": 50, "attempts": 3, "rescues": 3, "back_off_s": (0.0,), **(limits or {})}
    return Rules(
        pricing=Pricing(welcome=1000, tiers=(Tier(up_to_s=30, credits=5), Tier(up_to_s=600, credits=40))),
        limits=Limits(**given),
        moderation=Moderation(blocked=blocked),
        capabilities=capabilities or ScriptedPool.capabilities,
        roles=Roles.model_validate({"roles": roles or {}}),
        known={"genre_preset": ("Jazz", "Rock"), "model_version": ("audiomusic-v2",)},
    )


@dataclass
class House:
    folder: Path
    rules: Rules = field(default_factory=rules)
    pool: ScriptedPool = field(default_factory=ScriptedPool)
    lease_ms: int = 30_000
    url: str | None = None

    def __post_init__(self) -> None:
        self.db = Database(self.url or lay(self.folder / "minstrel.db"))
        self.blobs = FolderBlobs(self.folder / "blobs")

    def worker(self, pool: ScriptedPool | None = None) -> Worker:
        return Worker(
            db=self.db,
            pool=pool or self.pool,
            blobs=self.blobs,
            limits=self.rules.limits,
            work=self.folder / "work",
            lease_ms=self.lease_ms,
            moderation=self.rules.moderation,
        )

    async def ask(
        self, caption: str = "blues", *, who: Requester = ANN, key: str | None = None, **more: Any
    ) -> Accepted:
        values = {"caption": caption, "duration": 30, **more}
        here = ReplyTo("terminal", str(self.folder))
        return await submit(self.db, self.rules, who, here, "text2music", values, key=key)

    async def work(self, worker: Worker | None = None, *, until: Callable[[], bool] | None = None) -> Worker:
        """Dispatch until nothing is left to do (or until `until`).

        An attempt may fail while the worker looks for others: then its job waits, and nobody works.
        """
        worker = worker or self.worker()
        until = until or (lambda: worker.busy == 0 and not self.db.read(worker._waiting))
        for _ in range(400):
            await worker.dispatch()
            if until():
                return worker
            await asyncio.sleep(0.02)
        raise AssertionError("the queue did not come to rest")

    async def job(self, job_id: int) -> JobView:
        return await control.show(self.db, job_id)
