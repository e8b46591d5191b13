"""Houses that are broken on purpose: what `test_ledger_machine` has to find out, each within a few examples.

Three tables. `QUERIES` changes the text of statements as they go to the database, `CODE` exchanges a function, and
`SCHEMA` takes a trigger away or out of its reach; every trigger there is is taken away once.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from sqlmodel import Session

from storage import jobs, ledger
from storage.ledger import InsufficientCredits, KeyReused
from storage.migrations import guards_0001, guards_0003
from storage.tables import Account

# A parameter, as each driver writes it.
GIVEN = r"(\?|%\(\w+\)s(?:::\w+)?)"


class Query(NamedTuple):
    """A pattern in the text of statements, and what stands there instead."""

    pattern: str
    instead: str


QUERIES = {
    "attempts end without a fence": Query(rf"AND job\.token = {GIVEN}", r"AND coalesce(job.token, \1) <> ''"),
    "a pause stops nothing": Query(rf"gate\.state != {GIVEN}\)", r"gate.state != \1 AND 1 = 0)"),
    "nobody has too many running": Query(r"lane\.running <", "lane.running - 99 <"),
    "no server has too many running": Query(r"HAVING count\(\*\) >=", "HAVING count(*) - 99 >="),
    "jobs that a moderator should see are made": Query(r" AND NOT job\.parked", ""),
    "what waits for its time is made at once": Query(r"job\.run_after <=", "0 * job.run_after <="),
    "priorities mean nothing": Query(r"ORDER BY lane\.priority DESC, ", "ORDER BY "),
    "nobody takes turns": Query(r"lane\.turn, lane\.user_id", "lane.user_id"),
    "the newest is made first": Query(r"ORDER BY job\.id\s+LIMIT", "ORDER BY job.id DESC LIMIT"),
    "whoever works is rescued": Query(r"job\.lease_until <=", "0 * job.lease_until <="),
    "whoever died is not rescued": Query(r"job\.lease_until <=", "job.lease_until - 20 >"),
    "attempts are not counted": Query(r"attempt=\(job\.attempt \+", "attempt=(job.attempt + 0 *"),
    "what is handed back counts": Query(r"attempt=\(job\.attempt -", "attempt=(job.attempt - 0 *"),
    "a heartbeat extends nothing": Query(rf"job SET lease_until={GIVEN}", r"job SET lease_until=lease_until + 0 * \1"),
    "keys are forgotten": Query(rf'job\."key" = {GIVEN}', r"job.key || 'x' = \1"),
    "what was rejected is released": Query(r" AND job\.parked( = 1)?", ""),
    "a round is paid for the round before": Query(r"round=\(job\.round \+", "round=(job.round + 0 *"),
    "parcels are given to two couriers": Query(r"outbox\.lease_until <=", "0 * outbox.lease_until <="),
    "couriers come back too soon": Query(r"outbox\.due_at <=", "0 * outbox.due_at <="),
    "what is told of a job is told in any order": Query(r"outbox_1\.id <", "outbox_1.id + 9999 <"),
    "what was told is told again": Query(r"outbox\.sent_at IS NULL AND outbox\.dead_at IS NULL", "1 = 1"),
    "parcels are never told": Query(r"outbox\.surface IN", "outbox.surface NOT IN"),
    "what is held can be held again": Query(r"account\.posted - account\.held >=", "account.posted >="),
    "a voided hold can be captured": Query(rf"hold\.state = {GIVEN} AND", r"coalesce(\1, '') <> '' AND"),
}


def _void_nothing(_session: Session, **_call: Any) -> None:
    """A void that forgets to."""


def _one_round(job: jobs.Round) -> str:
    return f"job:{job.id}:1"


def _charge_less(session: Session, *, key: str, amount: int, now: int) -> None:
    CAPTURE(session, key=key, amount=max(1, amount - 1), now=now)


def _charge_nothing(_session: Session, **_call: Any) -> None:
    """A song that is not charged."""


def _any_hold(session: Session, **call: Any) -> None:
    """A request that is taken though there are no credits for it."""
    try:
        HOLD(session, **call)
    except InsufficientCredits:
        return


def _rich(_session: Session, account_id: str, *, lock: bool = False) -> Account:
    return Account(id=account_id, kind="user", posted=10**6 + lock, held=0)


def _any_amount(session: Session, **call: Any) -> None:
    """A transfer that takes any repetition for the same one."""
    try:
        TRANSFER(session, **call)
    except KeyReused:
        return


def _another_key(session: Session, **call: Any) -> None:
    """A transfer that is made again each time."""
    NUMBERS.append(len(NUMBERS))
    TRANSFER(session, **{**call, "key": f"{call['key']}:{NUMBERS[-1]}"})


def _both_ways(session: Session, **call: Any) -> None:
    """A gift that comes back."""
    TRANSFER(session, **call)
    back = {"key": f"back:{call['key']}", "debit": call["credit"], "credit": call["debit"]}
    TRANSFER(session, **{**call, **back})


def _old_token(session: Session, **call: Any) -> Any:
    """A worker that comes back is taken for the one that has the job now."""
    job = jobs.get(session, call["job_id"])
    token = job.token if job is not None and job.token is not None else call["token"]
    return COMPLETE(session, **{**call, "token": token})


CAPTURE, HOLD, TRANSFER, COMPLETE = ledger.capture, ledger.hold, ledger.transfer, jobs.complete
NUMBERS: list[int] = []

# What stands where: a module, the name of a function, and another one.
CODE: dict[str, tuple[Any, str, Any]] = {
    "voids do nothing": (ledger, "void", _void_nothing),
    "a retry uses the hold of the round before": (jobs, "hold_key", _one_round),
    "songs are charged too little": (ledger, "capture", _charge_less),
    "songs are not charged": (ledger, "capture", _charge_nothing),
    "jobs without credits are taken": (ledger, "hold", _any_hold),
    "gifts are given without a look at what there is": (ledger, "_account", _rich),
    "a key stands for any amount": (ledger, "transfer", _any_amount),
    "a key stands for nothing": (ledger, "transfer", _another_key),
    "gifts come back": (ledger, "transfer", _both_ways),
    "whoever comes too late may finish": (jobs, "complete", _old_token),
}


class Weaker(NamedTuple):
    """A trigger (or the function of it) by its name, and what it no longer has."""

    trigger: str
    without: str
    instead: str = ""


GUARDS = {name: (*guards_0001.statements(name), *guards_0003.statements(name)) for name in ("sqlite", "postgresql")}
TRIGGERS = {
    name: tuple(
        dict.fromkeys(re.findall(r"CREATE TRIGGER (\w+) \w+ [\w ,]+? ON (\w+)", " ".join(" ".join(every).split())))
    )
    for name, every in GUARDS.items()
}
WEAKER = {
    "an account changes its kind": Weaker("account_fixed", " OR new.kind <> old.kind"),
    "an open hold changes its amount": Weaker("hold_fixed", " OR new.amount <> old.amount"),
    "an open hold changes its owner": Weaker("hold_fixed", " OR new.account_id <> old.account_id"),
    "a settled hold changes": Weaker("hold_fixed", "old.state <> 'open' OR "),
    "a capture may take more than the hold": Weaker("transfer_capture", " AND amount >= new.amount"),
    "a capture may take another's credits": Weaker("transfer_capture", " AND account_id = new.debit_id"),
    "a song changes its price": Weaker("job_fixed", " OR new.price <> old.price"),
    "a song changes its owner": Weaker("job_fixed", " OR new.user_id <> old.user_id"),
    "an ended job begins again": Weaker("job_final", "new.status <> old.status OR "),
    "an ended job gets another round": Weaker("job_final", " OR new.round <> old.round"),
    "a failed job begins again in the same round": Weaker("job_final", " AND new.round = old.round + 1"),
    "a capture leaves its hold open": Weaker("transfer_post", "WHERE key = new.hold_key", "WHERE key = 'nobody'"),
    "credits that are given arrive nowhere": Weaker("transfer_post", "posted + new.amount", "posted"),
    "credits that are given are kept": Weaker("transfer_post", "posted - new.amount", "posted"),
    "a second job in a lane is not counted": Weaker("job_waits", "lane.waiting + excluded.waiting", "lane.waiting"),
    "parked jobs are counted": Weaker("job_waits", " AND NOT new.parked"),
    "a released job is not counted": Weaker("job_moves", " OR old.parked <> new.parked"),
    "whoever was served keeps their turn": Weaker("job_moves", "THEN (SELECT max(turn) FROM lane) + 1", "THEN turn"),
    "what runs is not counted": Weaker("job_moves", "running = running +", "running = running + 0 *"),
    "a job changes its priority": Weaker("job_lane_kept", "new.priority <> old.priority OR ", "1 = 0 OR "),
}
