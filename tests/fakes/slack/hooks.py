"""The response_url: five messages within half an hour, to the person who asked or to the channel."""

from __future__ import annotations

import json
import secrets
from typing import Literal

from aiohttp import web

from tests.fakes.slack.arguments import JSON, Refused
from tests.fakes.slack.chat import checked
from tests.fakes.slack.interactions import Hook, Reply
from tests.fakes.slack.messages import TEAM_ID, Post, Whisper
from tests.fakes.slack.workspace import Workspace

USES = 5
LIFE_S = 30 * 60


class Hooks:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._by_secret: dict[str, Hook] = {}

    def issue(self, kind: str, channel: str, user: str, source: Post | Whisper | None = None) -> Hook:
        """`kind` is "commands" or "actions"."""
        secret = secrets.token_urlsafe(16)
        url = f"{self._workspace.url}/{kind}/{TEAM_ID}/{secret}"
        self._by_secret[secret] = hook = Hook(url, channel, user, self._workspace.clock.now(), source)
        return hook

    async def receive(self, request: web.Request) -> web.Response:
        hook = self._by_secret.get(request.match_info["secret"])
        try:
            if hook is None or self._workspace.clock.now() - hook.issued_at > LIFE_S:
                raise Refused("expired_url")
            if hook.uses >= USES:
                raise Refused("used_url")
            try:
                body = json.loads(await request.text())
            except ValueError:
                raise Refused("invalid_payload") from None
            self.show(hook, body, "response_url")
        except Refused as refused:
            return web.json_response(refused.answer, status=404)
        hook.uses += 1
        return web.Response(text="ok")

    def show(self, hook: Hook, body: JSON, via: Literal["response_url", "ack"]) -> Reply:
        """A new message, or a change of the one whose button was pressed."""
        shown = None if body.get("delete_original") else self._shown(hook, body, via)
        if body.get("delete_original"):
            self._delete(hook.source)
        reply = Reply(self._workspace.clock.now(), via, body, shown)
        hook.replies.append(reply)
        return reply

    def _shown(self, hook: Hook, body: JSON, via: str) -> Post | Whisper:
        text, blocks = body.get("text") or "", body.get("blocks") or []
        checked(self._workspace, via, hook.channel, text, blocks, linked=False)
        source = hook.source if body.get("replace_original") else None
        if isinstance(source, Post):
            self._workspace.edit(source, text, blocks, source.files)
            return source
        if isinstance(source, Whisper):
            source.text, source.blocks = text, self._workspace.version(text, blocks, []).blocks
            return source
        if body.get("response_type") == "in_channel":
            channel = self._workspace.channels[hook.channel]
            return self._workspace.publish(channel, self._workspace.bot, text, blocks, metadata=body.get("metadata"))
        return self._workspace.whisper(hook.channel, hook.user, text, blocks)

    def _delete(self, source: Post | Whisper | None) -> None:
        if isinstance(source, Post):
            source.deleted_at = self._workspace.clock.now()
        elif isinstance(source, Whisper):
            source.deleted = True
