"""What we hear when a workspace wants us no longer: what was asked for there is not kept for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.desk import Desk
from bot.on_slack.courier import SURFACE

UNINSTALLED, REVOKED = "app_uninstalled", "tokens_revoked"
HEARD = (UNINSTALLED, REVOKED)


def listen(app: AsyncApp, desk: Desk) -> None:
    """Tell the `desk` when we were taken out of a workspace."""

    async def gone(body: Mapping[str, Any]) -> None:
        # A token of some person's own is none that we need.
        if body["event"]["type"] == REVOKED and not (body["event"].get("tokens") or {}).get("bot"):
            return
        await desk.left(server_of(body["team_id"]))

    for event in HEARD:
        app.event(event)(gone)


def server_of(team: str) -> str:
    """What the house calls a workspace."""
    return f"{SURFACE}:{team}"
