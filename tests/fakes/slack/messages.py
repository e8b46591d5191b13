"""What a workspace is made of: people, channels, files, and the messages that they are shown in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.slack.arguments import JSON

APP_ID = "A0MINSTREL1"
TEAM_ID = "T0STUDIO001"
TEAM_DOMAIN = "studio"


@dataclass(frozen=True)
class User:
    """Somebody here. `foreign` people are of another workspace, with which a channel is shared."""

    id: str
    name: str
    is_bot: bool = False
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    foreign: bool = False
    locale: str = "en-US"
    tz: str = "Europe/Amsterdam"
    tz_offset: int = 3600


@dataclass
class Channel:
    """`member`: the bot is in it. `gone`: deleted, as far as the bot can tell."""

    id: str
    name: str
    kind: Literal["public", "private", "im"] = "public"
    member: bool = True
    archived: bool = False
    gone: bool = False
    user: str | None = None


@dataclass
class File:
    """`length` is what was promised; `data` is what came. `moved_to`: its private address only leads on to there."""

    id: str
    name: str
    user: str
    length: int
    url: str
    title: str = ""
    alt_text: str = ""
    data: bytes | None = None
    completed_at: float | None = None
    deleted: bool = False
    moved_to: str = ""
    served_as: str = "application/octet-stream"
    shared_in: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_picture(self) -> bool:
        return (self.data or b"").startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"))

    def json(self) -> JSON:
        if self.deleted:
            return {"id": self.id, "mode": "tombstone"}
        shares: dict[str, list[JSON]] = {}
        for channel, ts in self.shared_in:
            shares.setdefault(channel, []).append({"ts": ts})
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "size": self.length,
            "user": self.user,
            "created": int(self.completed_at or 0),
            "mode": "hosted",
            "filetype": self.name.rpartition(".")[2],
            "url_private": self.url,
            "url_private_download": self.url,
            "permalink": self.url.replace("/files-pri/", "/files/"),
            "shares": {"public": shares} if shares else {},
        }


@dataclass(frozen=True)
class Version:
    """What a message showed from `at` (the workspace's clock) on."""

    at: float
    text: str
    blocks: list[JSON]
    files: tuple[File, ...]


@dataclass
class Post:
    """A message in a channel, with everything it has ever shown."""

    channel: str
    ts: str
    user: User
    versions: list[Version]
    thread_ts: str | None = None
    metadata: JSON | None = None
    deleted_at: float | None = None

    @property
    def text(self) -> str:
        return self.versions[-1].text

    @property
    def blocks(self) -> list[JSON]:
        return self.versions[-1].blocks

    @property
    def files(self) -> list[File]:
        return [file for file in self.versions[-1].files if not file.deleted]

    @property
    def edits(self) -> list[Version]:
        return self.versions[1:]

    def json(self, *, metadata: bool = False) -> JSON:
        message: JSON = {"type": "message", "user": self.user.id, "text": self.text, "ts": self.ts, "team": TEAM_ID}
        if self.user.is_bot:
            message |= {"bot_id": self.user.id.replace("U", "B", 1), "app_id": APP_ID}
        if self.blocks:
            message["blocks"] = self.blocks
        if self.versions[-1].files:
            message["files"] = [file.json() for file in self.versions[-1].files]
        if self.thread_ts:
            message["thread_ts"] = self.thread_ts
        if self.edits:
            message["edited"] = {"user": self.user.id, "ts": f"{int(self.edits[-1].at)}.000000"}
        if metadata and self.metadata:
            message["metadata"] = self.metadata
        return message


@dataclass
class Whisper:
    """A message that one person sees."""

    channel: str
    user: str
    ts: str
    text: str
    blocks: list[JSON]
    deleted: bool = False
