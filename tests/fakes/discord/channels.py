"""Routes of channels and their messages, and of the files that messages carry."""

from __future__ import annotations

import time

from aiohttp import web

from tests.fakes.discord import messages, refusals
from tests.fakes.discord.gateway import DIRECT_MESSAGES, GUILD_MESSAGES
from tests.fakes.discord.refusals import Flaw
from tests.fakes.discord.rest import PREFIX, Desk, answered, done, number
from tests.fakes.discord.world import Channel, Message

MOST = 100
NONCE = 25


class Channels:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        channel = f"{PREFIX}/channels/{{channel}}"
        return [
            web.get(channel, self._show),
            web.get(channel + "/messages", self._history),
            web.post(channel + "/messages", self._post),
            web.get(channel + "/messages/{message}", self._message),
            web.patch(channel + "/messages/{message}", self._edit),
            web.delete(channel + "/messages/{message}", self._delete),
            web.get("/attachments/{channel}/{attachment}/{filename}", self._download),
        ]

    async def tell(self, event: str, message: Message) -> None:
        """Lets those know who asked to hear of messages. Ephemeral ones are nobody else's business."""
        if message.ephemeral:
            return
        guild = message.channel.guild
        intent = GUILD_MESSAGES if guild else DIRECT_MESSAGES
        if event == "MESSAGE_DELETE":
            data = {"id": str(message.id), "channel_id": str(message.channel.id)}
        else:
            data = self._desk.wire.heard(message)
        await self._desk.gateway.dispatch(event, data | ({"guild_id": str(guild.id)} if guild else {}), guild, intent)

    async def _show(self, request: web.Request) -> web.Response:
        return answered(self._desk.wire.channel(self._channel(request)))

    async def _history(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        query = request.query
        limit = int(query.get("limit", 50))
        if not 1 <= limit <= MOST:
            raise refusals.invalid_form([Flaw("limit", "NUMBER_TYPE_MAX", f"int value should be 1 to {MOST}.")])
        # Who may not read the history is given an empty one, not an error.
        there = sorted(channel.messages) if "history" in channel.permissions else []
        if "around" in query:
            middle = int(query["around"])
            below = [each for each in there if each < middle][-(limit // 2) :]
            found = below + [each for each in there if each >= middle][: limit - len(below)]
        elif "after" in query:
            found = [each for each in there if each > int(query["after"])][:limit]
        else:
            found = [each for each in there if each < int(query.get("before", 2**63))][-limit:]
        return answered([self._desk.wire.heard(channel.messages[each]) for each in reversed(found)])

    async def _post(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        if "send" not in channel.permissions:
            raise refusals.missing_permissions()
        body = await self._desk.read(request, channel.file_limit)
        if body.files and "files" not in channel.permissions:
            raise refusals.missing_permissions()
        nonce = body.json.get("nonce")
        if len(str(nonce or "")) > NONCE:
            raise refusals.invalid_form([Flaw("nonce", "NONCE_TYPE_TOO_LONG", f"Must be {NONCE} or fewer in length.")])
        world = self._desk.world
        if nonce is not None and body.json.get("enforce_nonce"):
            first = world.nonces.get((channel.id, nonce))
            if first is not None and time.monotonic() - first.posted_at < world.nonce_s:
                return answered(self._desk.wire.message(first))
        message = messages.create(world, channel, world.bot, body.json, body.files)
        if nonce is not None:
            world.nonces[channel.id, nonce] = message
        self._desk.hear(request, body.json)
        await self.tell("MESSAGE_CREATE", message)
        return answered(self._desk.wire.message(message))

    async def _message(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        if "history" not in channel.permissions:
            raise refusals.missing_permissions()
        return answered(self._desk.wire.heard(self._found(request, channel)))

    async def _edit(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        message = self._found(request, channel)
        if message.author is not self._desk.world.bot:
            raise refusals.not_yours()
        body = await self._desk.read(request, channel.file_limit)
        if body.files and "files" not in channel.permissions:
            raise refusals.missing_permissions()
        messages.change(self._desk.world, message, body.json, body.files)
        self._desk.hear(request, body.json)
        await self.tell("MESSAGE_UPDATE", message)
        return answered(self._desk.wire.message(message))

    async def _delete(self, request: web.Request) -> web.Response:
        message = self._found(request, self._channel(request))
        if message.author is not self._desk.world.bot:
            raise refusals.missing_permissions()
        self._desk.world.delete(message)
        await self.tell("MESSAGE_DELETE", message)
        return done()

    async def _download(self, request: web.Request) -> web.Response:
        attachment = self._desk.world.attachments.get(number(request, "attachment"))
        if attachment is None or attachment.path != request.path:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=attachment.data, content_type=attachment.content_type)

    def _channel(self, request: web.Request) -> Channel:
        return self._desk.world.channel(number(request, "channel"))

    def _found(self, request: web.Request, channel: Channel) -> Message:
        return self._desk.world.message(channel, number(request, "message"))
