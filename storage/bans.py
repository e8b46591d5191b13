"""Who may ask for nothing here, until when and why."""

from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, func, or_, select
from sqlmodel import Session, col, delete
from sqlmodel import select as select_rows

from storage.once import insert
from storage.prepared import Prepared
from storage.tables import Ban, User, core

BAN, USER = core(Ban), core(User)


def of(session: Session, user_id: int, now: int) -> tuple[str, int | None] | None:
    """Why somebody is banned now and until when (None: for good); None where they are not."""
    row = _BANNED.first(session, {"its_user": user_id, "now": now})
    return None if row is None else (row[0], row[1])


def put(session: Session, *, user_id: int, why: str, by: str, until: int | None, now: int) -> None:
    """Ban somebody; a ban that is there already becomes this one.

    For whoever has them alone (`users.present`). As all who ask for something are `present` for as long, what was let
    in before is there to be cancelled, and what comes after finds the ban.
    """
    row = Ban(user_id=user_id, why=why, by=by, until=until, created_at=now)
    fresh = {"why": why, "by": by, "until": until, "created_at": now}
    session.connection().execute(insert(session, row).on_conflict_do_update(index_elements=["user_id"], set_=fresh))


def get(session: Session, user_id: int) -> Ban | None:
    """The ban of somebody, over or not."""
    return session.get(Ban, user_id, populate_existing=True)


def lift(session: Session, user_id: int) -> bool:
    """End the ban of somebody. False where there is none."""
    return session.exec(delete(Ban).where(col(Ban.user_id) == user_id)).rowcount == 1


def current(session: Session, now: int, limit: int) -> tuple[tuple[tuple[Ban, str], ...], int]:
    """Who is banned now, with their names, the latest first; and how many those are in all."""
    lasting = or_(col(Ban.until).is_(None), col(Ban.until) > now)
    rows = select_rows(Ban, User.name).join(User, col(User.id) == col(Ban.user_id)).where(lasting)
    count = session.exec(select_rows(func.count()).select_from(rows.subquery())).one()
    return tuple(session.exec(rows.order_by(col(Ban.created_at).desc(), col(Ban.user_id)).limit(limit))), count


_BANNED = Prepared(
    lambda _dialect: select(BAN.c.why, BAN.c.until).where(
        BAN.c.user_id == bindparam("its_user", type_=BigInteger()),
        or_(BAN.c.until.is_(None), BAN.c.until > bindparam("now", type_=BigInteger())),
    )
)
