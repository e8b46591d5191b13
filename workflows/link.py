"""One person on several chats is one account: a code from one side, typed on the other, proves that they are.

Whoever made the code goes on; the one who typed it becomes them, with their credits, songs and bans. There is no way
back: credits that were spent together can't be told apart again.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass

from sqlmodel import Session

from storage import asked, heard, ledger, links, users
from storage.database import Database
from storage.locks import one_at_a_time
from storage.tables import User
from workflows.credits import account_of, welcome
from workflows.people import OPERATOR, Requester, now_ms
from workflows.pricing import Pricing
from workflows.refusal import Refusal
from workflows.repeated import only_once

# Letters and digits that nobody takes for others, in any font and when read out.
LETTERS = "ACDEFGHJKMNPQRTUVWXY34679"
LENGTH = 8
CODE_MS, WRONG_MS, MOST_WRONG = 10 * 60_000, 60 * 60_000, 5
WRONG = "link_wrong"
# How much work it is to find out what a code is kept as.
COST = 2**14


@dataclass(frozen=True)
class Code:
    """A code to type on another chat, good for `minutes`. `name` is who they will be there."""

    code: str
    name: str
    minutes: int = CODE_MS // 60_000


@dataclass(frozen=True)
class Joined:
    """Two people became one: `name`, who has `available` credits now, `moved` of them from the other account.

    `back`: how many the house took back, because it had given them to both: a welcome, an allowance.
    """

    name: str
    moved: int
    back: int
    available: int


async def begin(db: Database, pricing: Pricing, who: Requester, request: str | None) -> Code:
    """A new code for this person; one they had before is good no longer."""
    code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    kept = await asyncio.to_thread(_known_by, code)

    def work(session: Session) -> Code:
        now = now_ms()
        only_once(session, request, now)
        maker = welcome(session, pricing, who, now)
        one_at_a_time(session, account_of(maker))
        links.keep_code(session, code=kept, user_id=maker.id, expires_at=now + CODE_MS)
        return Code(code, maker.name)

    return await db.awrite(work)


async def finish(db: Database, pricing: Pricing, who: Requester, typed: str, request: str | None) -> Joined:
    """Make this person one with the maker of the code they typed. Raises `Refusal`."""
    kept = await asyncio.to_thread(_known_by, "".join(filter(str.isalnum, typed)).upper())

    def work(session: Session) -> Joined | Refusal:
        now = now_ms()
        # Whoever answers a refusal notes its request then. A wrong code is kept before that, and counts once.
        only_once(session, request and f"{request}:code", now)
        typist, maker = _both(session, pricing, who, kept, now)
        if (first := asked.last(session, typist.id, WRONG, since=now - WRONG_MS, most=MOST_WRONG)) is not None:
            wait_s = -(-(first + WRONG_MS - now) // 1000)
            raise Refusal("link_too_often", field="code", value=typed, retry_after=wait_s)
        if maker is None:
            # Handed back, not raised: a wrong try is kept, and counts.
            if request is None or not heard.known(session, request):
                asked.note(session, typist.id, WRONG, now)
            return Refusal("link_wrong_code", field="code", value=typed)
        if maker.id == typist.id:
            raise Refusal("link_same_person", field="code", value=typed, name=typist.name)
        only_once(session, request, now)
        if (live := links.live_jobs(session, typist.id)) > 0:
            raise Refusal("link_busy", field="code", value=typed, live=live)
        if not links.spend_code(session, kept, now):
            raise Refusal("link_wrong_code", field="code", value=typed)
        return _joined(session, typist, maker, now)

    done = await db.awrite(work)
    if isinstance(done, Refusal):
        raise done
    return done


def _both(session: Session, pricing: Pricing, who: Requester, code: str, now: int) -> tuple[User, User | None]:
    """Who typed the code and who made it, if anybody: they do and are nothing else until this transaction ends."""
    while True:
        # No lock before this one: two who share a row and then each want it alone would wait for each other.
        typist = users.known(session, who.surface, who.external_id) or welcome(session, pricing, who, now, alone=True)
        maker_id = links.maker(session, code, now)
        both = links.locked(session, typist.id, typist.id if maker_id is None else maker_id)
        if all(user.joined is None and user.erased_at is None for user in both.values()):
            return both[typist.id], None if maker_id is None else both[maker_id]
        # They were joined while we waited, or forgotten: the next look finds whom to, or somebody new.


def _joined(session: Session, joined: User, survivor: User, now: int) -> Joined:
    theirs, ours = account_of(joined), account_of(survivor)
    # What they gave to themselves is still there, too.
    gifts = links.gifts(session, theirs, [f"user:{number}" for number in session.exec(users.everyone(survivor.id))])
    twice = sum(links.left_of(session, given, gifts) for given in links.given_twice(session, theirs, ours))
    here = min(twice, ledger.balance(session, theirs).available)
    there = min(twice - here, ledger.balance(session, ours).available)
    _move(session, f"link:{theirs}:back", theirs, ledger.BANK, here, now)
    _move(session, f"link:{theirs}:gifts", ours, ledger.BANK, there, now)
    moved = ledger.balance(session, theirs).available
    _move(session, f"link:{theirs}", theirs, ours, moved, now)
    links.join(session, joined.id, survivor.id, now=now, weightier=OPERATOR.name)
    return Joined(survivor.name, moved, here + there, ledger.balance(session, ours).available)


def _move(session: Session, key: str, debit: str, credit: str, amount: int, now: int) -> None:
    if amount:
        ledger.transfer(session, key=key, kind="link", debit=debit, credit=credit, amount=amount, now=now)


def _known_by(code: str) -> str:
    """What a code is kept as. Slow to work out on purpose: who reads the table can't try all codes in ten minutes."""
    return hashlib.scrypt(code.encode(), salt=b"minstrel link", n=COST, r=8, p=1).hex()
