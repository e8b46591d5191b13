"""The manifest says to Slack what the catalogue says to people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.commands import catalogue
from bot.on_slack.manifest import SCOPES, as_text, manifest

COMMITTED = Path(__file__).parents[2] / "config" / "slack-manifest.yaml"


def made(url: str | None = None) -> dict[str, Any]:
    return manifest(catalogue(), url=url)


def test_the_file_that_is_shipped_is_the_one_that_is_made() -> None:
    assert COMMITTED.read_text("utf-8") == as_text(made())


@pytest.mark.parametrize("url", [None, "https://songs.example"])
def test_it_reads_as_yaml(url: str | None) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the tools of developers")
    assert yaml.safe_load(as_text(made(url))) == made(url)


def test_every_command_can_be_typed() -> None:
    slash = {entry["command"]: entry for entry in made()["features"]["slash_commands"]}
    assert list(slash) == ["/song", "/simple", "/cover", "/stems", "/extend", "/studio"]
    behind = slash["/studio"]["usage_hint"].split(" | ")
    # A group is there once, by the word that all of it begins with.
    everybodys = {name.split()[0] for name, command in catalogue().items() if not command.admin}
    assert len(behind) == len(set(behind))
    assert {name.lstrip("/") for name in slash if name != "/studio"} | set(behind) == everybodys
    # Where people are named, Slack says who; captions and links elsewhere arrive as they are typed.
    assert [name for name, entry in slash.items() if entry["should_escape"]] == ["/studio"]
    assert slash["/song"]["usage_hint"] == 'caption:"slow blues" duration:60'


def test_with_an_address_slack_sends_requests_there_and_without_one_we_connect() -> None:
    own = made()
    assert own["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in own["settings"]["interactivity"]
    assert own["settings"]["event_subscriptions"] == {"bot_events": ["app_uninstalled", "tokens_revoked"]}
    reached = made("https://songs.example/")
    assert reached["settings"]["socket_mode_enabled"] is False
    address = "https://songs.example/slack/events"
    assert reached["settings"]["interactivity"]["request_url"] == address
    assert reached["settings"]["event_subscriptions"]["request_url"] == address
    assert {entry["url"] for entry in reached["features"]["slash_commands"]} == {address}


def test_slack_takes_names_and_hints_of_these_lengths() -> None:
    whole = made("https://songs.example")
    assert len(whole["display_information"]["name"]) <= 35
    assert len(whole["display_information"]["description"]) <= 140
    for entry in whole["features"]["slash_commands"]:
        assert len(entry["command"]) <= 32
        assert 0 < len(entry["description"]) <= 2000
        assert len(entry["usage_hint"]) <= 1000


def test_people_can_write_to_the_bot_and_it_asks_for_no_more_than_it_uses() -> None:
    assert made()["features"]["app_home"]["messages_tab_enabled"] is True
    assert list(SCOPES) == sorted(set(SCOPES))
    # What the other tests of Slack run with, and nothing that reads people's own messages as they write them.
    assert [scope for scope in SCOPES if scope.endswith((":read", "app_mentions"))] == ["files:read", "users:read"]
