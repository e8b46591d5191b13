"""The state that outlives every connection: people, servers, channels, messages and the bot itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.discord import refusals
from tests.fakes.discord.snowflakes import Snowflakes

JSON = dict[str, Any]

MIB = 2**20
EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15
BUTTON, LINK_STYLE = 2, 5
SELECTS = (3, 5, 6, 7, 8)
PERMISSIONS = frozenset({"view", "send", "files", "history"})


@dataclass(frozen=True)
class User:
    """Somebody in Discord. `admin` people have every permission; `roles` are names of roles of their servers."""

    id: int
    name: str
    bot: bool = False
    admin: bool = False
    locale: str = "en-US"
    roles: tuple[str, ...] = ()


@dataclass(eq=False)
class Guild:
    """A server, as Discord's users call it. `file_limit` is in bytes, as its boosts allow; `roles` are ids by name."""

    id: int
    name: str
    owner: User
    locale: str = "en-US"
    file_limit: int = 10 * MIB
    roles: dict[str, int] = field(default_factory=dict)
    channels: list[Channel] = field(default_factory=list)


@dataclass(eq=False)
class Channel:
    """A text channel of `guild`, or without one a private channel with `recipient`.

    `permissions` is what the bot may do here; a test may change the set at any time.
    """

    id: int
    name: str
    guild: Guild | None
    recipient: User | None = None
    permissions: set[str] = field(default_factory=lambda: set(PERMISSIONS))
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def file_limit(self) -> int:
        return self.guild.file_limit if self.guild else 10 * MIB


@dataclass(frozen=True)
class Upload:
    """A file on its way to Discord. Without a `content_type`, the name's ending tells."""

    filename: str
    data: bytes
    content_type: str | None = None


@dataclass(frozen=True, eq=False)
class Attachment:
    """A file that Discord keeps and serves under `path`."""

    id: int
    channel: int
    filename: str
    content_type: str
    data: bytes = field(repr=False)
    description: str | None = None

    @property
    def path(self) -> str:
        return f"/attachments/{self.channel}/{self.id}/{self.filename}"


@dataclass(frozen=True)
class Edit:
    """What a message was changed to, and when (`time.monotonic()`)."""

    at: float
    content: str
    embeds: list[JSON]
    components: list[JSON]
    filenames: tuple[str, ...]


@dataclass(eq=False)
class Message:
    """A message as it is now. `posted_at` and the edits' `at` are `time.monotonic()`.

    `attachments` are all files that belong to it. Those that an embed or a component shows are `shown` there and, as in
    the real Discord, not listed among the message's own (see `listed`).
    """

    id: int
    channel: Channel
    author: User
    content: str = ""
    embeds: list[JSON] = field(default_factory=list)
    components: list[JSON] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    shown: frozenset[int] = frozenset()
    flags: int = 0
    type: int = 0
    nonce: str | int | None = None
    reference: int | None = None
    origin: JSON | None = None
    deleted: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    posted_at: float = field(default_factory=time.monotonic)
    edits: list[Edit] = field(default_factory=list)

    @property
    def listed(self) -> list[Attachment]:
        return [attachment for attachment in self.attachments if attachment.id not in self.shown]

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def buttons(self) -> list[JSON]:
        return [part for part in parts(self.components) if part["type"] == BUTTON]

    def file(self, filename: str) -> Attachment:
        """The attachment of this name, shown or listed. Raises LookupError."""
        for attachment in self.attachments:
            if attachment.filename == filename:
                return attachment
        raise LookupError(f"no file {filename!r}, only {[attachment.filename for attachment in self.attachments]}")


def parts(components: list[JSON]) -> Iterator[JSON]:
    """Every component of a message or a modal, those within others too, in reading order."""
    for component in components:
        yield component
        yield from parts(component.get("components") or [])
        yield from parts([component[key] for key in ("accessory", "component") if component.get(key)])


class World:
    """Everything that Discord would remember while the bot is away."""

    def __init__(self, token: str) -> None:
        self.snowflakes = Snowflakes()
        self.token = token
        self.token_valid = True
        self.application = self.snowflakes.next()
        self.bot = User(self.snowflakes.next(), "Minstrel", bot=True)
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.attachments: dict[int, Attachment] = {}
        self.nonces: dict[tuple[int, str | int], Message] = {}
        self.nonce_s = 300.0

    def channel(self, channel_id: int) -> Channel:
        """The channel, where the bot may at least look. Raises `Refused`."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise refusals.unknown_channel()
        if "view" not in channel.permissions:
            raise refusals.missing_access()
        return channel

    def message(self, channel: Channel, message_id: int) -> Message:
        """A message that everybody in the channel sees. Raises `Refused`."""
        message = channel.messages.get(message_id)
        if message is None:
            raise refusals.unknown_message()
        return message

    def private_channel(self, user: User) -> Channel:
        """The channel between the bot and this user, made when first asked for."""
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        channel = Channel(self.snowflakes.next(), user.name, None, recipient=user)
        self.channels[channel.id] = channel
        return channel

    def keep(self, upload: Upload, channel: Channel, content_type: str, description: str | None = None) -> Attachment:
        attachment = Attachment(
            self.snowflakes.next(), channel.id, upload.filename, content_type, upload.data, description
        )
        self.attachments[attachment.id] = attachment
        return attachment

    def put(self, message: Message) -> None:
        """A new message, seen by all unless it is ephemeral."""
        self.messages[message.id] = message
        if not message.ephemeral:
            message.channel.messages[message.id] = message

    def delete(self, message: Message) -> None:
        message.deleted = True
        message.channel.messages.pop(message.id, None)
        for attachment in message.attachments:
            self.attachments.pop(attachment.id, None)
