"""Whom people mean when they name somebody, on both databases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from storage import ledger, users
from storage.database import Database
from storage.tables import User
from workflows.named import MENTION, mention, person
from workflows.people import Requester
from workflows.pricing import Pricing, Tier
from workflows.refusal import Refusal

PRICING = Pricing(welcome=1000, tiers=(Tier(up_to_s=600, credits=5),))
ON_DISCORD = Requester("discord", "1", "ann")
ON_SLACK = Requester("slack", "T1:U1", "ann")
AT_HOME = Requester("terminal", "local", "local")


def meant(database: Database, text: str, who: Requester) -> User:
    return database.write(lambda session: person(session, PRICING, text, who, 1))


def refusal(database: Database, text: str, who: Requester) -> str:
    with pytest.raises(Refusal) as caught:
        meant(database, text, who)
    assert caught.value.field == "who"
    return caught.value.code


def known(database: Database, who: Requester) -> User | None:
    return database.read(lambda session: users.known(session, who.surface, who.external_id))


def test_somebody_mentioned_is_who_the_chat_says_whether_they_were_here_or_not(database: Database) -> None:
    bob = meant(database, "<@22|Bob B>", ON_DISCORD)
    assert (bob.name, known(database, Requester("discord", "22", "")), bob.joined) == ("Bob B", bob, None)
    assert database.read(lambda session: ledger.balance(session, f"user:{bob.id}")).available == 1000
    assert meant(database, " <@!22> ", ON_DISCORD) == bob
    # Slack numbers people within their workspace.
    sue = meant(database, "<@U9|sue>", ON_SLACK)
    assert known(database, Requester("slack", "T1:U9", "")) == sue


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("<@U9|sue>", ON_DISCORD), ("<@22>", ON_SLACK), ("<@22|bob>", AT_HOME), ("<@22", ON_DISCORD),
        ("@nobody", ON_DISCORD), ("nobody", AT_HOME), ("<@22> and more", ON_DISCORD), ("@", ON_SLACK),
    ],
)  # fmt: skip
def test_what_names_nobody_is_refused_and_makes_nobody(database: Database, text: str, who: Requester) -> None:
    assert refusal(database, text, who) == "user_not_found"
    assert database.read(lambda session: session.get(User, 1)) is None


def test_a_name_is_the_one_of_this_house(database: Database) -> None:
    ann = meant(database, "<@1|ann>", ON_DISCORD)
    assert meant(database, "ann", AT_HOME) == meant(database, "@ann", ON_SLACK) == ann
    # Another Ann comes by Slack; there nobody knows which of them has the name to herself.
    other = meant(database, "<@U1|ann>", ON_SLACK)
    assert other.name == "ann@slack"
    assert refusal(database, "@ann", ON_SLACK) == "user_unclear"
    assert meant(database, "ann", AT_HOME) == ann
    assert meant(database, "ann@slack", ON_SLACK) == other


def test_a_name_from_before_two_became_one_still_means_them(database: Database) -> None:
    ann, other = meant(database, "<@1|ann>", ON_DISCORD), meant(database, "<@U1|ann>", ON_SLACK)

    def join(session: Session) -> None:
        session.get_one(User, ann.id).joined = other.id

    database.write(join)
    assert meant(database, "ann", ON_SLACK).id == meant(database, "ann", AT_HOME).id == other.id


@given(st.text(max_size=40))
def test_any_name_makes_one_mention(name: str) -> None:
    made = mention("22", name)
    found = MENTION.fullmatch(made)
    assert found is not None
    assert found[1] == "22"
    assert "\n" not in made
