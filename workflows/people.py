"""Who asks, and where the answer goes: the two frozen values that travel with every request."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Requester:
    """Who asks. `external_id` is the surface's own id of the person; on the terminal it is the name.

    `server` is the Discord server ("discord:ID") or Slack workspace ("slack:ID") they ask in, None in private messages
    on Discord and on the terminal; `roles` are what they are called there, as `roles.toml` names them ("admin": those
    who run it).
    """

    surface: str
    external_id: str
    name: str
    locale: str = "en"
    server: str | None = None
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReplyTo:
    """Where the answer goes. Never a token that expires: a song can outlive it.

    `channel` is a channel id in a chat and a folder on the terminal ("" is the default one).
    """

    surface: str
    channel: str = ""
    message: str | None = None


# Whoever may use the terminal.
OPERATOR = Requester("terminal", "operator", "operator")


def now_ms() -> int:
    """Milliseconds since the epoch, the unit of every time that is kept."""
    return time.time_ns() // 1_000_000
