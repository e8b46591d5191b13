"""What a person does and how the bot answers: one handle from the dispatch to the last edit."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord import refusals
from tests.fakes.discord.world import EPHEMERAL, JSON, Channel, Message, User

SLASH, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
TOKEN_S = 15 * 60.0


class NoAnswer(Exception):
    """What people read as "The application did not respond"."""


@dataclass(frozen=True)
class Answer:
    """The first callback that was taken: its type, its data, and when it arrived (`time.monotonic()`).

    `after` is the time since the dispatch, in seconds.
    """

    type: int
    data: JSON
    at: float
    after: float

    @property
    def ephemeral(self) -> bool:
        return bool((self.data.get("flags") or 0) & EPHEMERAL)


class Interaction:
    """One command, click, completion or submitted modal. `original` is the message that `@original` means."""

    def __init__(
        self,
        snowflake: int,
        kind: int,
        user: User,
        channel: Channel,
        data: JSON,
        *,
        source: Message | None = None,
        opened: Interaction | None = None,
    ) -> None:
        self.id, self.kind, self.user, self.channel, self.data = snowflake, kind, user, channel, data
        self.source = source
        """The message that was clicked on, or on which the modal was opened."""
        self.opened = opened
        """For a submitted modal, what it was opened by."""
        self.token = secrets.token_urlsafe(60)
        self.payload: JSON = {}
        self.sent_at = 0.0
        self.heard = 0
        """How many gateway connections the last dispatch reached: none while the bot is away."""
        self.original: Message | None = None
        self.followups: list[Message] = []
        self._answer: Answer | None = None
        self._answered = asyncio.Event()

    async def answer(self, within: float = 10.0) -> Answer:
        """The first callback, waited for. Raises `NoAnswer` after `within` seconds."""
        try:
            await asyncio.wait_for(self._answered.wait(), within)
        except TimeoutError as error:
            raise NoAnswer(f"no answer to {self.data.get('name') or self.data.get('custom_id')}") from error
        assert self._answer is not None
        return self._answer

    @property
    def answered(self) -> bool:
        return self._answer is not None

    @property
    def messages(self) -> list[Message]:
        """What the bot has said to it, as it reads now: the original (not the message clicked on), then followups."""
        said = [self.original, *self.followups] if self.original is not self.source else self.followups
        return [message for message in said if message is not None and not message.deleted]

    @property
    def modal(self) -> JSON | None:
        """The modal it was answered with."""
        return self._answer.data if self._answer is not None and self._answer.type == MODAL else None

    @property
    def choices(self) -> list[Any]:
        """The values offered for completion, as (name, value)."""
        offered = self._answer.data.get("choices") if self._answer is not None else None
        return [(choice["name"], choice["value"]) for choice in offered or []]

    def expire(self) -> None:
        """Lets its fifteen minutes be over."""
        self.sent_at -= TOKEN_S

    def take(self, kind: int, data: JSON, at: float) -> None:
        """Notes the first answer."""
        self._answer = Answer(kind, data, at, at - self.sent_at)
        self._answered.set()

    def check_first(self, at: float, within: float) -> None:
        """Whether a first answer is still welcome. Raises `Refused`."""
        if self.answered:
            raise refusals.acknowledged()
        if at - self.sent_at > within:
            raise refusals.unknown_interaction()

    def check_token(self) -> None:
        """Whether more may be said. Raises `Refused`."""
        if time.monotonic() - self.sent_at > TOKEN_S:
            raise refusals.expired_token()
        if not self.answered:
            raise refusals.unknown_webhook()

    @property
    def origin(self) -> JSON:
        """What messages that answer it tell of it."""
        owner = str(self.channel.guild.id) if self.channel.guild else "0"
        origin: JSON = {
            "id": str(self.id),
            "type": self.kind,
            "user": self.payload.get("user") or self.payload["member"]["user"],
            "authorizing_integration_owners": {"0": owner},
        }
        if self.kind == SLASH:
            origin |= {"name": self.data["name"], "command_type": 1}
        if self.kind == COMPONENT and self.source is not None:
            origin["interacted_message_id"] = str(self.source.id)
        if self.opened is not None:
            origin["triggering_interaction_metadata"] = self.opened.origin
        return origin
