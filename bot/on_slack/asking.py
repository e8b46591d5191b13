"""Who asks, where, and how to answer them: read out of what Slack sends, in one shape for everything people do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.on_slack.forms import Sent
from workflows.people import ReplyTo, Requester

JSON = Mapping[str, Any]


@dataclass(frozen=True)
class Asking:
    """One thing that somebody did. `trigger` opens a modal, within seconds; `reply_url` answers, within half an hour.

    Both are used at once or not at all: neither is kept.
    """

    who: Requester
    where: ReplyTo
    request: str
    trigger: str | None = None
    reply_url: str | None = None

    @property
    def user(self) -> str:
        """Slack's id of the person."""
        return self.who.external_id.rpartition(":")[2]

    @property
    def channel(self) -> str:
        """Slack's id of the channel."""
        return self.where.channel.rpartition("/")[2]


def by_command(body: JSON) -> Asking:
    """Somebody typed a slash command; those don't work in threads."""
    return Asking(
        who=_requester(body["team_id"], body["user_id"], body.get("user_name")),
        where=ReplyTo("slack", f"{body['team_id']}/{body['channel_id']}"),
        request=f"slack:{body['trigger_id']}",
        trigger=body["trigger_id"],
        reply_url=body.get("response_url"),
    )


def by_button(body: JSON) -> Asking:
    """Somebody pressed a button of a message."""
    inside = body.get("container") or {}
    message = body.get("message") or {}
    channel = (body.get("channel") or {}).get("id") or inside.get("channel_id") or ""
    thread = inside.get("thread_ts") or message.get("thread_ts")
    # A message that a thread hangs from is not in it.
    in_thread = thread is not None and thread != inside.get("message_ts")
    return Asking(
        who=_person(body),
        where=ReplyTo("slack", f"{_team(body)}/{channel}", thread if in_thread else None),
        request=f"slack:{body['trigger_id']}",
        trigger=body["trigger_id"],
        reply_url=body.get("response_url"),
    )


def by_message(body: JSON) -> Asking:
    """Somebody chose something from the menu of a message; what comes of it is posted beside it."""
    message = body.get("message") or {}
    thread = message.get("thread_ts")
    return Asking(
        who=_person(body),
        where=ReplyTo(
            "slack", f"{_team(body)}/{body['channel']['id']}", thread if thread != message.get("ts") else None
        ),
        request=f"slack:{body['trigger_id']}",
        trigger=body["trigger_id"],
        reply_url=body.get("response_url"),
    )


def by_form(body: JSON, sent: Sent) -> Asking:
    """Somebody sent a form, which Slack gives no way to answer."""
    return Asking(who=_person(body), where=sent.where, request=sent.request)


def _person(body: JSON) -> Requester:
    user = body["user"]
    return _requester(_team(body), user["id"], user.get("username") or user.get("name"))


def _requester(team: str, user: str, name: str | None) -> Requester:
    # Their own messages with the bot are in the workspace too. What they are there is asked of Slack afterwards.
    return Requester("slack", f"{team}:{user}", name or user, server=f"slack:{team}")


def _team(body: JSON) -> str:
    return str((body.get("team") or {}).get("id") or body["user"].get("team_id") or "")
