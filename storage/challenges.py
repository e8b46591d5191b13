"""Challenges and the channels they are held in; what is entered is `storage.entries`, votes are `storage.votes`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlmodel import Session, col, func, select, update

from storage.once import insert_once
from storage.tables import Challenge, ChallengePlace, Firing, Schedule


def add(session: Session, **values: Any) -> Challenge:
    """Keep a new challenge; its places are added by themselves."""
    row = Challenge(**values)
    session.add(row)
    session.flush()
    return row


def get(session: Session, challenge_id: int) -> Challenge | None:
    """The challenge `challenge_id`, as it is now."""
    return session.get(Challenge, challenge_id, populate_existing=True)


def under_way(session: Session) -> tuple[Challenge, ...]:
    """Those that were neither tallied nor called off, whether they opened or not; the oldest first."""
    rows = select(Challenge).where(col(Challenge.tallied_at).is_(None), col(Challenge.cancelled_at).is_(None))
    return tuple(session.exec(rows.order_by(col(Challenge.id)).execution_options(populate_existing=True)))


def held_in(session: Session, surface: str, channel: str) -> tuple[Challenge, ...]:
    """Those of a channel, the latest first."""
    here = select(ChallengePlace.challenge_id).where(
        ChallengePlace.surface == surface, ChallengePlace.channel == channel
    )
    rows = select(Challenge).where(col(Challenge.id).in_(here)).order_by(col(Challenge.id).desc())
    return tuple(session.exec(rows.execution_options(populate_existing=True)))


def taking_songs(session: Session, surface: str, channel: str, now: int) -> int | None:
    """The latest of a channel that songs can be entered in now."""
    rows = (
        select(Challenge.id)
        .join(ChallengePlace, col(ChallengePlace.challenge_id) == col(Challenge.id))
        .where(
            ChallengePlace.surface == surface,
            ChallengePlace.channel == channel,
            func.coalesce(Challenge.theme_until, Challenge.opens_at) <= now,
            Challenge.submit_until > now,
            col(Challenge.cancelled_at).is_(None),
            col(Challenge.tallied_at).is_(None),
        )
        .order_by(col(Challenge.id).desc())
    )
    return session.exec(rows.limit(1)).first()


def latest_tallied(session: Session, server: str | None = None) -> Challenge | None:
    """The one that was tallied last, of those held on `server` where that is given."""
    rows = select(Challenge).where(col(Challenge.tallied_at).is_not(None))
    if server is not None:
        there = select(ChallengePlace.challenge_id).where(ChallengePlace.server == server)
        rows = rows.where(col(Challenge.id).in_(there))
    return session.exec(rows.order_by(col(Challenge.tallied_at).desc(), col(Challenge.id).desc())).first()


def settled(session: Session, challenge_id: int, now: int) -> bool:
    """It is tallied now. False where it was before, or was called off."""
    return _under_way(session, challenge_id, tallied_at=now)


def called_off(session: Session, challenge_id: int, now: int, why: str | None) -> bool:
    """It is called off. False where it was tallied, or called off before."""
    return _under_way(session, challenge_id, cancelled_at=now, cancelled_why=why)


def themed(session: Session, challenge_id: int, theme: str) -> bool:
    """The theme is chosen. False where it was before."""
    unthemed = update(Challenge).where(col(Challenge.id) == challenge_id, col(Challenge.theme).is_(None))
    return session.exec(unthemed.values(theme=theme)).rowcount == 1


def _under_way(session: Session, challenge_id: int, **values: Any) -> bool:
    rows = update(Challenge).where(
        col(Challenge.id) == challenge_id, col(Challenge.tallied_at).is_(None), col(Challenge.cancelled_at).is_(None)
    )
    return session.exec(rows.values(**values)).rowcount == 1


# --- where ---


def add_place(
    session: Session, challenge_id: int, *, surface: str, channel: str, server: str | None
) -> ChallengePlace | None:
    """It is held in this channel, too; None where it was before."""
    row = ChallengePlace(challenge_id=challenge_id, surface=surface, channel=channel, server=server)
    return insert_once(session, row, by=["challenge_id", "surface", "channel"])


def places(session: Session, challenge_id: int) -> tuple[ChallengePlace, ...]:
    """The channels of a challenge, its first one first."""
    rows = select(ChallengePlace).where(ChallengePlace.challenge_id == challenge_id)
    return tuple(session.exec(rows.order_by(col(ChallengePlace.id))))


def servers(session: Session, challenge_ids: Collection[int]) -> dict[int, set[str | None]]:
    """The servers that each of these is held on; None stands for channels of none."""
    rows = select(ChallengePlace.challenge_id, ChallengePlace.server).where(
        col(ChallengePlace.challenge_id).in_(challenge_ids)
    )
    found: dict[int, set[str | None]] = {}
    for challenge_id, server in session.exec(rows):
        found.setdefault(challenge_id, set()).add(server)
    return found


# --- again and again ---


def schedule_of(session: Session, challenge: Challenge) -> Schedule | None:
    """The schedule that this is a round of."""
    rows = select(Schedule).join(Firing, col(Firing.schedule_id) == col(Schedule.id))
    return session.exec(rows.where(Firing.id == challenge.firing_id)).first()


def rounds(session: Session, schedule_id: int) -> tuple[Challenge, ...]:
    """The challenges that came of a schedule, the latest first."""
    rows = select(Challenge).join(Firing, col(Firing.id) == col(Challenge.firing_id))
    return tuple(session.exec(rows.where(Firing.schedule_id == schedule_id).order_by(col(Challenge.number).desc())))


def season(session: Session, name: str, servers: Collection[str | None], *, until: int) -> tuple[int, ...]:
    """The challenges of a season that were tallied `until` then, as far as they share a server with these (None: they
    are of none).

    Two communities in one house may call their seasons alike; their tables are their own.
    """
    named = [server for server in servers if server is not None]
    where = col(ChallengePlace.server).in_(named) if named else col(ChallengePlace.server).is_(None)
    here = select(ChallengePlace.challenge_id).where(where)
    rows = select(Challenge.id).where(
        Challenge.season == name, col(Challenge.tallied_at) <= until, col(Challenge.id).in_(here)
    )
    return tuple(session.exec(rows))
