"""The manifest from which Slack sets up the app: its commands are those of the catalogue, its scopes what we use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot.answers import MAIN_COMMANDS
from bot.commands import Command, next_words
from bot.on_slack.blocks import STUDIO, shortcut_id
from bot.on_slack.departures import HEARD
from bot.on_slack.surface import EVENTS
from bot.replies import reply
from bot.shortcuts import SHORTCUTS

# Each with what it is for.
SCOPES = (
    "channels:history",  # look for a message before posting it again
    "channels:join",  # post in a public channel that nobody invited us to
    "chat:write",
    "chat:write.public",
    "commands",
    "files:read",  # sound that people start from
    "files:write",
    "groups:history",
    "im:history",
    "im:write",  # where the channel can't be posted to
    "mpim:history",
    "users:read",  # who is an admin of the workspace
)


def manifest(commands: Mapping[str, Command], *, url: str | None) -> dict[str, Any]:
    """The manifest. With the public address of this house, Slack sends requests there; without, we connect."""
    address = {} if url is None else {"url": url.rstrip("/") + EVENTS}
    slash = [
        {
            "command": f"/{name}",
            **address,
            "description": commands[name].summary,
            "usage_hint": commands[name].example.removeprefix(f"/{name}").strip(),
            "should_escape": False,
        }
        for name in MAIN_COMMANDS
    ]
    # Of a group the first word: typed alone, it tells the others.
    everybodys = next_words(command for command in commands.values() if not command.admin)
    others = " | ".join(word for word in everybodys if word not in MAIN_COMMANDS)
    slash.append(
        {
            "command": f"/{STUDIO}",
            **address,
            "description": "Everything else",
            "usage_hint": others,
            # So that people can be named. Captions and links of the commands above arrive as they are typed.
            "should_escape": True,
        }
    )
    interactivity: dict[str, Any] = {"is_enabled": True}
    events: dict[str, Any] = {"bot_events": list(HEARD)}
    if url is not None:
        interactivity["request_url"] = events["request_url"] = address["url"]
    return {
        "display_information": {"name": "Minstrel", "description": "Songs from words, made in this house"},
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Minstrel", "always_online": True},
            "slash_commands": slash,
            "shortcuts": [
                {
                    "name": reply(f"shortcut_{name}"),
                    "type": "message",
                    "callback_id": shortcut_id(name),
                    "description": commands[name].summary,
                }
                for name in SHORTCUTS
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": url is None,
            "token_rotation_enabled": False,
        },
    }


def as_text(value: Mapping[str, Any]) -> str:
    """`value` as YAML. Its scalars are written as JSON, which YAML reads the same."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Mapping[str, Any]) -> Iterator[str]:
    for name, inside in value.items():
        if isinstance(inside, Mapping):
            yield f"{name}:"
            yield from (f"  {line}" for line in _lines(inside))
        elif isinstance(inside, list):
            yield f"{name}:"
            for item in inside:
                first, *rest = list(_lines(item)) if isinstance(item, Mapping) else [json.dumps(item)]
                yield f"  - {first}"
                yield from (f"    {line}" for line in rest)
        else:
            yield f"{name}: {json.dumps(inside, ensure_ascii=False)}"
