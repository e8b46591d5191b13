"""Complaints about songs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session, col, func, or_, select, update

from storage.once import insert_once
from storage.tables import Job, Report

Outcome = Literal["kept", "taken_down"]


@dataclass(frozen=True)
class Complaints:
    """The open complaints about one song: how many there are, and the reasons of the latest of them."""

    job: Job
    count: int
    reasons: tuple[str, ...]


def add(session: Session, *, job_id: int, user_id: int, why: str, now: int) -> bool:
    """Keep somebody's complaint about a song. False where they complained about it before."""
    row = Report(job_id=job_id, user_id=user_id, why=why, created_at=now)
    return insert_once(session, row, by=["job_id", "user_id"]) is not None


def open_ones(
    session: Session, limit: int, *, reasons: int = 3, server: str | None = None
) -> tuple[tuple[Complaints, ...], int]:
    """The songs with open complaints that are still there, those with most first, and how many such songs there are.

    With `server` songs that were asked for there, and those that were asked for on no server.
    """
    counted = (
        select(Report.job_id, func.count().label("count"))
        .join(Job, col(Job.id) == col(Report.job_id))
        .where(col(Report.closed_at).is_(None), col(Job.deleted_at).is_(None))
        .group_by(col(Report.job_id))
    )
    if server is not None:
        counted = counted.where(or_(col(Job.server) == server, col(Job.server).is_(None)))
    of_songs = counted.subquery()
    many = session.exec(select(func.count()).select_from(of_songs)).one()
    rows = session.exec(
        select(Job, of_songs.c.count)
        .join(of_songs, of_songs.c.job_id == col(Job.id))
        .order_by(of_songs.c.count.desc(), col(Job.id))
        .limit(limit)
    ).all()
    return tuple(Complaints(job, count, _reasons(session, job.id, reasons)) for job, count in rows), many


def close(session: Session, job_id: int, outcome: Outcome, now: int) -> int:
    """Close the open complaints about a song; returns how many those were."""
    open_one = update(Report).where(col(Report.job_id) == job_id, col(Report.closed_at).is_(None))
    return session.exec(open_one.values(closed_at=now, outcome=outcome)).rowcount


def _reasons(session: Session, job_id: int, most: int) -> tuple[str, ...]:
    # Whoever was forgotten complained all the same; what they said went with them.
    latest = select(Report.why).where(Report.job_id == job_id, col(Report.closed_at).is_(None), Report.why != "")
    return tuple(session.exec(latest.order_by(col(Report.id).desc()).limit(most)))
