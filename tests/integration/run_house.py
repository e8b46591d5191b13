"""Runs for tests: proposals of a few words, and a house that makes their songs one at a time, as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from storage import jobs, ledger
from storage.blobs import FolderBlobs
from storage.claims import Ticket
from storage.database import Database
from storage.ledger import Balance
from storage.tables import Bulletin, Hold, Outbox
from tests.fakes.pool import ScriptedPool
from tests.integration.house import ANN, rules
from workflows.attempt import Attempt, end_unpaid
from workflows.limits import NO_SONGS
from workflows.people import ReplyTo, Requester, now_ms
from workflows.pricing import Pricing, Tier
from workflows.rules import Rules
from workflows.runs import life
from workflows.runs.feed import Feeder
from workflows.runs.plan import PlannedStep, Proposal
from workflows.runs.view import RunView, show

HERE = ReplyTo("terminal", "")
# What a step costs here, and what one costs that is longer than was told.
PRICE, DEARER = 5, 40


def step(number: int, caption: Any = "blues", *needs: int, task: str = "text2music", **values: Any) -> PlannedStep:
    """A song of five seconds."""
    given = {"caption": caption, "duration": 5, **values} if task not in NO_SONGS else values
    price = PRICE if task not in NO_SONGS else 0
    return PlannedStep(number, f"step {number}", str(caption), task, given, price, 5.0, 1, needs)


def batch(*captions: str) -> Proposal:
    """Songs that need nothing of each other."""
    return Proposal("batch", "songs.csv", tuple(step(number, caption) for number, caption in enumerate(captions, 1)))


def recipe(*steps: PlannedStep) -> Proposal:
    """Songs that need others."""
    return Proposal("recipe", "karaoke", steps)


def run_rules(**limits: Any) -> Rules:
    """Rules by which songs of up to 30 seconds cost `PRICE` credits."""
    return rules(limits=limits)


class RunHouse:
    """A house at `url` whose files lie in `folder`."""

    def __init__(self, url: str, folder: Path, given: Rules | None = None, *, pool: ScriptedPool | None = None) -> None:
        self.db = Database(url)
        self.rules = given or run_rules()
        # On a busy machine a look at a run may take long; it is over when `feed` is back all the same.
        self.feeder = Feeder(self.db, self.rules, patience_s=60)
        self.pool = pool or ScriptedPool()
        self.blobs = FolderBlobs(folder / "blobs")
        self._work = folder / "work"

    async def propose(self, proposal: Proposal, who: Requester = ANN, where: ReplyTo = HERE) -> RunView:
        return await life.propose(self.db, self.rules, who, where, proposal)

    async def begin(self, proposal: Proposal, who: Requester = ANN, where: ReplyTo = HERE) -> RunView:
        return await life.propose_and_start(self.db, self.rules, who, where, proposal)

    async def work(self) -> bool:
        """Make one song of those that wait; False where none does."""
        capabilities = self.pool.capabilities
        claimed = await self.db.awrite(
            lambda session: jobs.claim(
                session, worker="w", now=now_ms(), lease_ms=60_000, tasks=capabilities.tasks, engine="studio"
            )
        )
        for job in claimed:
            await Attempt(
                job, db=self.db, pool=self.pool, blobs=self.blobs, limits=self.rules.limits, work=self._work,
                lease_ms=60_000, moderation=self.rules.moderation,
            ).run()  # fmt: skip
        return bool(claimed)

    async def to_the_end(self) -> None:
        """Feed and work until there is nothing to do."""
        while await self.feeder.feed() or await self.work():
            self.check()

    async def run(self, run_id: int) -> RunView:
        return await show(self.db, run_id, ANN, HERE)

    def check(self) -> None:
        """The books and the queue agree."""
        assert self.db.read(ledger.check) == []

    def balance(self, account: str = "user:1") -> Balance:
        return self.db.read(lambda session: ledger.balance(session, account))

    def held(self) -> dict[str, int]:
        """The open holds and what they hold."""
        return {
            hold.key: hold.amount
            for hold in self.db.read(lambda session: session.exec(select(Hold).where(Hold.state == "open")).all())
        }

    def spend(self, amount: int) -> None:
        """Somebody's credits go elsewhere."""
        self.db.write(
            lambda session: ledger.transfer(
                session, key=f"spent:{amount}", kind="take", debit="user:1", credit=ledger.BANK, amount=amount, now=1
            )
        )

    def end(self, job: Ticket, topic: str) -> None:
        """The engine lets go of a running song."""

        def work(session: Session) -> None:
            assert jobs.cancelled(session, job_id=job.id, token=str(job.token), now=now_ms())
            end_unpaid(session, job, topic, now_ms())

        self.db.write(work)

    def now(self) -> int:
        return now_ms()

    def version(self) -> int:
        """How often what is told of the first run has changed."""
        return self.db.read(lambda session: session.exec(select(Bulletin.version)).one())

    def told(self) -> Sequence[Outbox]:
        """Everything that was told of jobs."""
        return self.db.read(lambda session: session.exec(select(Outbox)).all())


def states(run: RunView) -> str:
    """How its steps stand, a letter each: W(aiting), Q(ueued), D(one), F(ailed), S(kipped), C(ancelled)."""
    return "".join(step.state[0] for step in run.steps)


def dear_rules() -> Rules:
    """Rules by which every song turns out to cost more than was told beforehand."""
    pricing = Pricing(welcome=1000, tiers=(Tier(up_to_s=600, credits=DEARER),))
    given = run_rules()
    return Rules(pricing, given.limits, given.moderation, given.capabilities, given.roles, given.known)
