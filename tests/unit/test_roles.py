"""Roles: somebody with several has the best of each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.answers import refusal_words
from config.files import load
from workflows.people import OPERATOR, Requester
from workflows.refusal import Refusal
from workflows.roles import Roles

ROLES = Roles.model_validate(
    {
        "roles": {
            "everyone": {"daily": 10, "songs_per_day": 5},
            "Patron": {"daily": 30, "monthly": 100, "songs_per_day": 20, "priority": 5},
            "helper": {"monthly": 60, "priority": 7},
            "admin": {"in_charge": True},
        }
    }
)


def somebody(*roles: str) -> Requester:
    return Requester("chat", "u1", "ann", roles=roles)


@pytest.mark.parametrize(
    ("roles", "daily", "monthly", "songs", "priority"),
    [
        ((), 10, 0, 5, 0),
        (("stranger",), 10, 0, 5, 0),
        (("patron",), 30, 100, 20, 5),
        (("PATRON", "Helper"), 30, 100, 20, 7),
        # A role that says nothing about songs lifts no limit.
        (("helper",), 10, 60, 5, 7),
        (("admin",), 10, 0, 5, 0),
    ],
)
def test_somebody_has_the_best_of_each_of_their_roles(
    roles: tuple[str, ...], daily: int, monthly: int, songs: int, priority: int
) -> None:
    who = somebody(*roles)
    assert (ROLES.daily(who), ROLES.monthly(who)[1]) == (daily, monthly)
    assert (ROLES.songs_per_day(who), ROLES.priority(who)) == (songs, priority)


def test_a_house_without_roles_limits_nobody_and_gives_nothing() -> None:
    roles, who = Roles(), somebody("patron")
    assert (roles.daily(who), roles.monthly(who)[1], roles.songs_per_day(who)) == (0, 0, None)


def test_whoever_has_the_terminal_is_in_charge_and_so_is_the_role() -> None:
    assert ROLES.in_charge(OPERATOR)
    assert ROLES.in_charge(somebody("admin"))
    assert not ROLES.in_charge(somebody("patron"))


def test_an_operator_adds_a_role_and_keeps_ours(tmp_path: Path) -> None:
    (tmp_path / "roles.toml").write_text("[roles.patron]\nmonthly = 500\nsongs_per_day = 40\n")
    roles = load("roles", Roles, tmp_path)
    patron, anybody = somebody("Patron"), somebody()
    assert (roles.monthly(patron), roles.songs_per_day(patron)) == (("patron", 500), 40)
    assert roles.daily(anybody) == roles.daily(patron) == 50
    assert roles.songs_per_day(anybody) is None
    assert roles.in_charge(somebody("admin"))


def test_roles_of_a_discord_server_count_only_where_the_house_lists_it() -> None:
    def admin_of(server: str) -> Requester:
        return Requester(server.partition(":")[0], "u1", "eve", server=server, roles=("admin", "patron"))

    listed = ROLES.model_copy(update={"servers": ("discord:1",)})
    assert listed.in_charge(admin_of("discord:1"))
    stranger = admin_of("discord:2")
    assert not listed.in_charge(stranger)
    assert (listed.daily(stranger), listed.priority(stranger), listed.monthly(stranger)[1]) == (10, 0, 0)
    assert (listed.unlisted(stranger), listed.unlisted(admin_of("discord:1"))) == ("discord:2", None)
    assert listed.unlisted(Requester("discord", "u2", "ann", server="discord:2")) is None
    # A Slack app is in the one workspace that gave it its token.
    assert ROLES.in_charge(admin_of("slack:T1"))


def test_what_an_admin_of_an_unlisted_server_is_told_to_do_makes_them_one(tmp_path: Path) -> None:
    boss = Requester("discord", "u1", "eve", server="discord:7", roles=("admin",))
    with pytest.raises(Refusal) as refused:
        load("roles", Roles, tmp_path).require_in_charge(boss, "grant")
    said = refusal_words(refused.value)
    told = re.search("add `(.+?)` to the list `servers` in its `roles.toml`", said)
    assert told is not None, said
    delivered = (Path(__file__).parents[2] / "config/roles.toml").read_text()
    (tmp_path / "roles.toml").write_text(delivered.replace("\nservers = []", f"\nservers = [{told[1]}]"))
    load("roles", Roles, tmp_path).require_in_charge(boss, "grant")
