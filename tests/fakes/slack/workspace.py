"""A Slack workspace: its people, channels, messages and files. It outlives the server that shows it."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

from tests.fakes.slack.arguments import JSON, Refused
from tests.fakes.slack.messages import TEAM_ID, Channel, File, Post, User, Version, Whisper
from tests.fakes.slack.records import Call, Ping, Violation


class Clock:
    """The time of day, which a test may set forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        return time.time() + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += seconds


class Workspace:
    """The state that methods read and change. `url` is where the server listens, known once it does.

    `settling_s`: how long after an upload is completed a picture can't be used in an image block yet
    (Slack looks at files in the background, and answers "invalid slack file" until it is done).
    """

    def __init__(self, scopes: set[str]) -> None:
        self.clock = Clock()
        self.scopes = scopes
        # Files that somebody with a token asked for.
        self.downloads: list[str] = []
        self.url = ""
        self.settling_s = 0.0
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.whispers: list[Whisper] = []
        self.calls: list[Call] = []
        self.violations: list[Violation] = []
        self.pings: list[Ping] = []
        self._posts: dict[str, dict[str, Post]] = defaultdict(dict)
        self._ids = 0
        self._last_us = 0
        self.bot = self.add_user("minstrel", is_bot=True)

    def new_id(self, prefix: str) -> str:
        self._ids += 1
        return f"{prefix}07{self._ids:08X}"

    def new_ts(self) -> str:
        """Seconds with six digits after the dot: the name of a message, never given twice."""
        self._last_us = max(int(self.clock.now() * 10_000) * 100, self._last_us + 100)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def add_user(self, name: str, **more: Any) -> User:
        user = User(self.new_id("U"), name, **more)
        self.users[user.id] = user
        return user

    def add_channel(self, name: str, **more: Any) -> Channel:
        channel = Channel(self.new_id("C"), name, **more)
        self.channels[channel.id] = channel
        return channel

    def direct(self, user: str) -> Channel:
        """The conversation of the bot with one person."""
        for channel in self.channels.values():
            if channel.user == user:
                return channel
        if user not in self.users:
            raise Refused("user_not_found")
        channel = Channel(self.new_id("D"), "directmessage", kind="im", user=user)
        self.channels[channel.id] = channel
        return channel

    def channel(self, channel_id: str) -> Channel:
        """A channel that the bot may know of."""
        channel = self.channels.get(channel_id)
        if channel is None or channel.gone or (channel.kind == "private" and not channel.member):
            raise Refused("channel_not_found")
        return channel

    def add_file(self, name: str, length: int, user: User) -> File:
        file_id = self.new_id("F")
        url = f"{self.url}/files-pri/{TEAM_ID}-{file_id}/{name}"
        self.files[file_id] = file = File(file_id, name, user.id, length, url)
        return file

    def is_usable_picture(self, slack_file: JSON) -> bool:
        """Whether an image block may show this file already."""
        for file in self.files.values():
            if slack_file.get("id") == file.id or slack_file.get("url") in (file.url, file.json().get("permalink")):
                done = file.completed_at is not None and file.completed_at + self.settling_s <= self.clock.now()
                return done and not file.deleted and file.is_picture
        return False

    def version(self, text: str, blocks: list[JSON], files: list[File]) -> Version:
        """Blocks get the ids that Slack gives to those that came without one."""
        named = [block if block.get("block_id") else block | {"block_id": self.new_id("b")} for block in blocks]
        return Version(self.clock.now(), text, named, tuple(files))

    def publish(
        self,
        channel: Channel,
        user: User,
        text: str,
        blocks: list[JSON],
        *,
        files: list[File] | None = None,
        thread_ts: str | None = None,
        metadata: JSON | None = None,
    ) -> Post:
        ts, files = self.new_ts(), files or []
        post = Post(channel.id, ts, user, [self.version(text, blocks, files)], thread_ts, metadata)
        self._posts[channel.id][ts] = post
        for file in files:
            file.shared_in.append((channel.id, ts))
        return post

    def edit(self, post: Post, text: str, blocks: list[JSON], files: list[File]) -> None:
        post.versions.append(self.version(text, blocks, files))

    def whisper(self, channel: str, user: str, text: str, blocks: list[JSON]) -> Whisper:
        whisper = Whisper(channel, user, self.new_ts(), text, self.version(text, blocks, []).blocks)
        self.whispers.append(whisper)
        return whisper

    def post(self, channel: str, ts: str) -> Post | None:
        """The message, if it is still there."""
        post = self._posts[channel].get(ts)
        return post if post and post.deleted_at is None else None

    def posts(self, channel: str, *, deleted: bool = False) -> list[Post]:
        """Messages of a channel and its threads, oldest first; with `deleted`, those that are gone as well."""
        return [post for post in self._posts[channel].values() if deleted or post.deleted_at is None]
