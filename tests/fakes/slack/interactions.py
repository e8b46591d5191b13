"""What a person did in Slack, the answer of the app to it, and the rights it gave the app for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.fakes.slack.arguments import JSON
from tests.fakes.slack.messages import Post, Whisper

Kind = Literal["slash_commands", "interactive", "events_api"]


@dataclass
class View:
    """A modal on someone's screen. `errors`: what it says under its fields since the last submission."""

    id: str
    user: str
    definition: JSON
    root_id: str
    previous_id: str | None = None
    is_open: bool = True
    revision: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        return f"{self.revision}.{self.id}"

    @property
    def blocks(self) -> list[JSON]:
        return list(self.definition["blocks"])


@dataclass
class Trigger:
    """Lets the app open one view within three seconds."""

    id: str
    user: str
    issued_at: float
    view: View | None = None
    is_used: bool = False
    views: list[View] = field(default_factory=list)


@dataclass(frozen=True)
class Reply:
    """A message by way of the response_url, or of the ack of a command. `shown` is what came of it."""

    at: float
    via: Literal["response_url", "ack"]
    body: JSON
    shown: Post | Whisper | None

    @property
    def text(self) -> str:
        return str(self.body.get("text") or "")

    @property
    def blocks(self) -> list[JSON]:
        return list(self.body.get("blocks") or [])


@dataclass
class Hook:
    """What stands behind a response_url. `source` is the message whose button was pressed."""

    url: str
    channel: str
    user: str
    issued_at: float
    source: Post | Whisper | None = None
    uses: int = 0
    replies: list[Reply] = field(default_factory=list)


@dataclass(frozen=True)
class Ack:
    """The app's first answer. `status` is HTTP's, 200 for Socket Mode, 0 if nobody was there to answer."""

    at: float
    after_s: float
    status: int
    payload: JSON
    body: str = ""


@dataclass
class Interaction:
    """A handle on one request to the app. Times are `time.monotonic()`."""

    kind: Kind
    payload: JSON
    trigger: Trigger | None
    hook: Hook | None
    on_ack: Callable[[Interaction, Ack], None] = field(default=lambda interaction, ack: None)
    sent_at: float = 0.0
    ack: asyncio.Future[Ack] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def replies(self) -> list[Reply]:
        return self.hook.replies if self.hook else []

    @property
    def views(self) -> list[View]:
        return self.trigger.views if self.trigger else []

    def send_now(self) -> None:
        self.sent_at = time.monotonic()

    def settle(self, status: int, payload: Any, body: str = "") -> Ack:
        """The ack arrived. A second one (Slack ignores it) changes nothing."""
        now = time.monotonic()
        answer = payload if isinstance(payload, dict) else {}
        ack = Ack(now, now - self.sent_at, status, answer, body)
        if not self.ack.done():
            self.ack.set_result(ack)
            self.on_ack(self, ack)
        return ack

    def again(self) -> Interaction:
        """The same request once more, with an ack of its own."""
        return replace(self, ack=asyncio.get_running_loop().create_future(), sent_at=0.0)
