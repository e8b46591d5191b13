"""People as others name them: mentioned as a chat writes it, or by the name they have in this house."""

from __future__ import annotations

import re

from sqlmodel import Session

from storage import users
from storage.tables import User
from workflows.credits import welcome
from workflows.people import Requester
from workflows.pricing import Pricing
from workflows.refusal import Refusal

MENTION = re.compile(r"<@!?(\w+)(?:\|([^>]*))?>")
# What each chat calls people by: anything else is no mention, however it is written.
IDS = {"discord": re.compile(r"\d{1,20}"), "slack": re.compile(r"[UW][A-Z0-9]{1,20}")}


def mention(number: str, name: str) -> str:
    """Somebody as an option names them: the chat's id of them, and what they are called there."""
    return f"<@{number}|{' '.join(re.sub('[<>|]', ' ', name).split())}>"


def person(
    session: Session, pricing: Pricing, text: str, who: Requester, now: int, *, field: str = "who", alone: bool = False
) -> User:
    """Whom `who` means by `text`; until this transaction ends nobody joins them to somebody else.

    `alone`: and nobody does anything else with them (`users.present`).
    Somebody mentioned who was never here before gets an account. Raises `Refusal`: `user_not_found` for a name that
    nobody has, `user_unclear` for one that two people of this chat may be meant by.
    """
    found = MENTION.fullmatch(text.strip())
    if found is None:
        return _by_name(session, text, who, field, alone)
    number, name = found[1], found[2] or found[1]
    ids = IDS.get(who.surface)
    if ids is None or not ids.fullmatch(number):
        raise _unknown(name, who, field)
    # Slack numbers people within their workspace.
    own, colon, _ = who.external_id.rpartition(":")
    return welcome(session, pricing, Requester(who.surface, f"{own}{colon}{number}", name), now, alone=alone)


def _by_name(session: Session, text: str, who: Requester, field: str, alone: bool) -> User:
    name = text.strip().removeprefix("@")
    # Whoever came second under a name has the chat's behind it here, and does not know that.
    both = [users.by_name(session, each) for each in (name, f"{name}@{who.surface}")]
    meant = {user.id for user in both if user is not None}
    if not meant:
        raise _unknown(name or text, who, field)
    if len(meant) > 1 and who.surface != users.TERMINAL:
        raise Refusal("user_unclear", field=field, value=text, name=name)
    found = users.staying(session, next(user.id for user in both if user is not None), alone=alone)
    if found.erased_at is not None:
        raise _unknown(name, who, field)
    return found


def _unknown(name: str, who: Requester, field: str) -> Refusal:
    # There is nobody to mention at the terminal.
    mention = None if who.surface == users.TERMINAL else True
    return Refusal("user_not_found", field=field, value=name, mention=mention)
