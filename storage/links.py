"""Two people who turn out to be one: codes that prove it, and what of one becomes the other's."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlmodel import Session, col, delete, func, select, update

from storage.ledger import BANK
from storage.tables import LIVE, Account, Asked, Ban, Draft, Identity, Job, LinkCode, Run, Step, Transfer, User
from storage.users import everyone


def locked(session: Session, *user_ids: int) -> dict[int, User]:
    """These people, who do and are nothing else until this transaction has ended; in one order, whoever asks."""
    rows = select(User).where(col(User.id).in_(user_ids)).order_by(col(User.id)).with_for_update()
    return {user.id: user for user in session.exec(rows.execution_options(populate_existing=True))}


def keep_code(session: Session, *, code: str, user_id: int, expires_at: int) -> None:
    """Keep the only code of this person: the one before is good no longer. `code` is what it is known by here."""
    session.exec(delete(LinkCode).where(col(LinkCode.user_id) == user_id))
    session.add(LinkCode(code=code, user_id=user_id, expires_at=expires_at))
    session.flush()


def maker(session: Session, code: str, now: int) -> int | None:
    """Who made `code`, if it is still good."""
    return session.exec(select(LinkCode.user_id).where(LinkCode.code == code, LinkCode.expires_at > now)).first()


def spend_code(session: Session, code: str, now: int) -> bool:
    """Use up `code`; False where somebody else did at this moment, or it ran out."""
    spent = delete(LinkCode).where(col(LinkCode.code) == code, col(LinkCode.expires_at) > now)
    return session.exec(spent).rowcount == 1


def live_jobs(session: Session, user_id: int) -> int:
    """How many jobs of this person, by any of their numbers, wait or run, with those their runs will still ask for."""
    numbers = everyone(user_id)
    live = select(func.count()).select_from(Job).where(col(Job.user_id).in_(numbers), col(Job.status).in_(LIVE))
    to_come = (
        select(func.count())
        .select_from(Step)
        .join(Run, col(Run.id) == col(Step.run_id))
        .where(col(Run.user_id).in_(numbers), Run.status == "RUNNING", Step.state == "WAITING")
    )
    return session.exec(live).one() + session.exec(to_come).one()


def given_twice(session: Session, joined: str, survivor: str) -> tuple[Transfer, ...]:
    """What the house gave to the account `joined` that it gave to `survivor` too, under a key that names them alone."""
    given = select(Transfer).where(Transfer.credit_id == joined, Transfer.debit_id == BANK)
    by_twin = {_twin(row.key, joined, survivor): row for row in session.exec(given)}
    twins = select(Transfer.key).where(col(Transfer.key).in_(by_twin), Transfer.credit_id == survivor)
    return tuple(by_twin[key] for key in session.exec(twins))


def gifts(session: Session, giver: str, takers: Collection[str]) -> int:
    """How much the account `giver` gave to `takers` in all."""
    given = select(func.coalesce(func.sum(Transfer.amount), 0)).where(
        Transfer.debit_id == giver, col(Transfer.credit_id).in_(takers), Transfer.kind == "gift"
    )
    return int(session.exec(given).one())


def left_of(session: Session, given: Transfer, elsewhere: int) -> int:
    """How much of what was given is still there, where nothing is held: what came first was spent first.

    `elsewhere`: credits that went, and count as if they had not.
    """
    posted = select(Account.posted).where(Account.id == given.credit_id)
    later = select(func.coalesce(func.sum(Transfer.amount), 0)).where(
        Transfer.credit_id == given.credit_id, col(Transfer.id) > given.id
    )
    return min(max(session.exec(posted).one() + elsewhere - int(session.exec(later).one()), 0), given.amount)


def join(session: Session, joined: int, survivor: int, *, now: int, weightier: str) -> None:
    """From now on `joined`, and whoever was joined to them, is `survivor`, on every chat that knows them.

    Jobs keep the number they were asked for under. What keeps one of them out keeps both out, for the longer of two
    times; by the word of `weightier`, if one of the bans is theirs, so that nobody else can lift it.
    """
    _run(session, update(User).where(col(User.id).in_(everyone(joined))).values(joined=survivor))
    for table in (Identity, Draft, Asked):
        _run(session, update(table).where(col(table.user_id) == joined).values(user_id=survivor))
    _run(session, delete(LinkCode).where(col(LinkCode.user_id).in_((joined, survivor))))
    _join_bans(session, joined, survivor, now, weightier)


def _twin(key: str, joined: str, survivor: str) -> str:
    # A key is words between colons, and so is the name of an account: "daily:user:7:2026-11-21".
    return f"{key}:".replace(f":{joined}:", f":{survivor}:", 1)[:-1]


def _join_bans(session: Session, joined: int, survivor: int, now: int, weightier: str) -> None:
    either = col(Ban.user_id).in_((joined, survivor))
    bans = session.exec(select(Ban.user_id, Ban.until, Ban.by).where(either)).all()
    lasting = [ban for ban in bans if ban[1] is None or ban[1] > now]
    _run(session, delete(Ban).where(either, col(Ban.user_id).not_in([number for number, _, _ in lasting])))
    if not lasting:
        return
    longest = max(lasting, key=lambda ban: (ban[1] is None, ban[1] or 0))
    kept, _, _ = max(lasting, key=lambda ban: (ban[2] == weightier, ban is longest))
    _run(session, delete(Ban).where(either, col(Ban.user_id) != kept))
    _run(session, update(Ban).where(either).values(user_id=survivor, until=longest[1]))


def _run(session: Session, change: Any) -> None:
    # What the session remembers of these rows is not looked at again.
    session.exec(change, execution_options={"synchronize_session": False})
