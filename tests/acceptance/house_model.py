"""What a house should look like, kept in memory and worked out the slow way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import select

from storage.tables import Job, core

Lane = tuple[int, int]

# What a row of a job says in the order of `Expected`, after its number.
JOBS = select(
    *(
        core(Job).c[name]
        for name in (
            "id", "user_id", "price", "run_after", "priority", "server", "parked", "status", "round", "attempt",
            "token", "lease_until", "cancel_requested",
        )
    )
)  # fmt: skip


@dataclass
class Expected:
    """What the row of a job has to say."""

    user_id: int
    price: int
    run_after: int
    priority: int = 0
    server: str | None = None
    parked: bool = False
    status: str = "PENDING"
    round: int = 1
    attempt: int = 0
    token: str | None = None
    lease_until: int | None = None
    cancel_requested: bool = False

    @property
    def live(self) -> bool:
        return self.status in ("PENDING", "PROCESSING")

    @property
    def lane(self) -> Lane:
        return self.user_id, self.priority

    def end(self, status: str) -> None:
        self.status, self.token, self.lease_until = status, None, None


@dataclass
class Served:
    """Who would be served in which order, worked out the slow way."""

    jobs: dict[int, Expected]
    turns: dict[Lane, int]
    taken: list[int] = field(default_factory=list)

    def next(self, now: int, per_user: int, per_server: int) -> bool:
        running = [job for number, job in self.jobs.items() if job.status == "PROCESSING" or number in self.taken]
        lanes, servers = Counter(job.lane for job in running), Counter(job.server for job in running)
        ready: dict[Lane, int] = {}
        for number, job in sorted(self.jobs.items()):
            waits = job.status == "PENDING" and not job.parked and job.run_after <= now and number not in self.taken
            if waits and lanes[job.lane] < per_user and (job.server is None or servers[job.server] < per_server):
                ready.setdefault(job.lane, number)
        if not ready:
            return False
        lane = min(ready, key=lambda lane: (-lane[1], self.turns[lane], lane[0]))
        self.turns[lane] = max(self.turns.values()) + 1
        self.taken.append(ready[lane])
        return True
