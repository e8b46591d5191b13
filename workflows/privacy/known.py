"""Whether somebody new was here before and had themselves forgotten: that must not pay, and opens no shut door."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session

from storage import bans, erased, seal, users
from storage.erased import Ban
from workflows.people import OPERATOR, Requester

# Who keeps somebody out whose ban came from a moderator: it was not kept which one.
THOSE_IN_CHARGE = "those in charge"


def came_back(session: Session, who: Requester, user_id: int, now: int) -> bool:
    """Whether somebody new was here before. What kept them out then keeps them out again."""
    before = erased.get(session, _hashed(session, who.surface, who.external_id))
    if before is None:
        return False
    if (ban := erased.ban_of(before, now)) is not None:
        by = OPERATOR.name if ban.operators else THOSE_IN_CHARGE
        bans.put(session, user_id=user_id, why="", by=by, until=ban.until, now=now)
    return True


def was_here(session: Session, who: Requester) -> bool:
    """The same for somebody who is not there (yet)."""
    return erased.get(session, _hashed(session, who.surface, who.external_id)) is not None


def left_since(session: Session, user_id: int, day: str) -> bool:
    """Whether they had themselves forgotten on `day` ("2026-11-21", UTC; or "2026-11": in that month) or later.

    What is given once a day, or once a month, they had then.
    """
    since = datetime.strptime(f"{day}-01"[: len("2026-11-01")], "%Y-%m-%d").replace(tzinfo=UTC)
    hashes = [_hashed(session, surface, external_id) for surface, external_id in users.identities(session, user_id)]
    return erased.any_since(session, hashes, int(since.timestamp() * 1000))


def remember(session: Session, user_id: int, now: int) -> None:
    """Keep of somebody who is about to be forgotten what `came_back` looks for."""
    ban = bans.get(session, user_id)
    lasting = ban is not None and (ban.until is None or ban.until > now)
    kept = Ban(ban.until, ban.by == OPERATOR.name) if ban is not None and lasting else None
    for surface, external_id in users.identities(session, user_id):
        erased.note(session, _hashed(session, surface, external_id), kept, now)


def _hashed(session: Session, surface: str, external_id: str) -> str:
    return erased.known_by(seal.key(session), surface, external_id)
