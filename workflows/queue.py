"""The queue in the hands of those in charge: how it stands, pausing and opening it, and what failed on the way.

Paused, requests are taken and wait; drained, none is taken either. What runs is finished in both. Whoever may do this
is asked before (`workflows.roles`); what they did is noted in the audit log.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from engine.spec import MODELS
from storage import gate, line, outbox, tally
from storage.database import Database
from storage.tables import Gate, GateState
from workflows.eta import SAMPLES
from workflows.people import Requester, now_ms
from workflows.record import note, signature
from workflows.refusal import Refusal
from workflows.repeated import only_once

# What those in charge may do to it, as it stands in the audit log, and how it stands afterwards.
TURNS: dict[str, GateState] = {"pause": "paused", "drain": "draining", "resume": "open"}
# More that can be posted nowhere are not counted.
MOST_UNPOSTED = 1000


@dataclass(frozen=True)
class Pause:
    """That jobs wait because somebody in charge stopped the queue, and what they said about it."""

    why: str | None


@dataclass(frozen=True)
class Speed:
    """How long an engine takes for a task: seconds of work for a second of music."""

    engine: str
    task: str
    speed: float


@dataclass(frozen=True)
class QueueState:
    """How the queue stands. Times in milliseconds since the epoch.

    `why`, `by` and `since` of the last time it was paused, drained or opened. `waiting` and `running` jobs, `oldest`
    the one that waits longest, `eta_s` seconds until all of it is made (None before anything was measured); `workers`
    have a job running. `parked` jobs wait for a moderator, `dead` ones failed though another try might help, the
    news of `unposted` ones could be posted nowhere.
    """

    state: GateState
    why: str | None
    by: str | None
    since: int
    waiting: int
    running: int
    oldest: int | None
    eta_s: float | None
    workers: tuple[str, ...]
    parked: int
    dead: int
    unposted: int
    speeds: tuple[Speed, ...]


def require_open(session: Session) -> Pause | None:
    """Raise a `Refusal` while the house is drained: what is taken now would wait for nobody knows how long.

    Otherwise: whether what is taken now has to wait for those in charge.
    """
    state = gate.get(session)
    if state.state == "draining":
        raise Refusal("house_closing", why=state.why)
    return _pause(state)


def pause(session: Session) -> Pause | None:
    """Whether what waits is waiting for those in charge."""
    return _pause(gate.get(session))


async def status(db: Database) -> QueueState:
    """How the queue stands."""
    return await db.aread(_status)


async def turn(
    db: Database, act: str, by: Requester, why: str | None = None, *, request: str | None = None
) -> tuple[bool, QueueState]:
    """Do one of `TURNS`. Returns whether that changed anything, and how the queue stands now.

    `request` is the chat's own id of it: the same one again raises `Repeated`.
    """

    def work(session: Session) -> tuple[bool, QueueState]:
        now = now_ms()
        only_once(session, request, now)
        changed = gate.turn(session, TURNS[act], by=signature(session, by), why=why, now=now)
        if changed:
            note(session, by, act, "queue", now, why=why or None)
        return changed, _status(session)

    return await db.awrite(work)


def _pause(state: Gate) -> Pause | None:
    return None if state.state == "open" else Pause(state.why)


def _status(session: Session) -> QueueState:
    stands, counted = gate.get(session), tally.take(session)
    speeds = tuple(
        Speed(engine, task, round(speed, 3))
        for task in MODELS
        for engine, speed in line.measured_speeds(session, task, SAMPLES).items()
    )
    return QueueState(
        state=stands.state,
        why=stands.why,
        by=stands.by,
        since=stands.since,
        waiting=counted.waiting,
        running=counted.running,
        oldest=counted.oldest,
        eta_s=_until_all_is_made(counted, speeds),
        workers=counted.workers,
        parked=counted.parked,
        dead=counted.dead,
        unposted=len(outbox.dead_letters(session, MOST_UNPOSTED)),
        speeds=speeds,
    )


def _until_all_is_made(counted: tally.Tally, speeds: tuple[Speed, ...]) -> float | None:
    """Seconds, shared by the jobs that run now; a task that was never measured counts as the slowest that was."""
    if not speeds or not counted.music_s:
        return None
    slowest = max(measured.speed for measured in speeds)
    # Of several engines the one that made the latest comes first.
    latest = {measured.task: measured.speed for measured in reversed(speeds)}
    work_s = sum(music_s * latest.get(task, slowest) for task, music_s in counted.music_s.items())
    return round(work_s / max(counted.running, 1), 1)
