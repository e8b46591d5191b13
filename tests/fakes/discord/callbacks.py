"""Routes by which the bot answers interactions: the first callback, then the messages of the interaction's token."""

from __future__ import annotations

import time

from aiohttp import web

from tests.fakes.discord import messages, refusals
from tests.fakes.discord.channels import Channels
from tests.fakes.discord.interactions import (
    AUTOCOMPLETE,
    CHOICES,
    COMPONENT,
    DEFERRED_MESSAGE,
    DEFERRED_UPDATE,
    MESSAGE,
    MODAL,
    MODAL_SUBMIT,
    SLASH,
    UPDATE,
    Interaction,
)
from tests.fakes.discord.refusals import Flaw
from tests.fakes.discord.rest import PREFIX, Desk, answered, done, number
from tests.fakes.discord.world import EPHEMERAL, JSON, LOADING, Message

ALLOWED = {
    SLASH: (MESSAGE, DEFERRED_MESSAGE, MODAL),
    COMPONENT: (MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL_SUBMIT: (MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE),
}
COMMAND_MESSAGE = 20


class Callbacks:
    """`answer_s` is how long a first answer is awaited; the real Discord gives three seconds."""

    def __init__(self, desk: Desk, channels: Channels) -> None:
        self._desk, self._channels = desk, channels
        self._interactions: dict[int, Interaction] = {}
        self._tokens: dict[str, Interaction] = {}
        self.answer_s = 3.0

    def routes(self) -> list[web.RouteDef]:
        webhook = f"{PREFIX}/webhooks/{{application}}/{{token}}"
        return [
            web.post(f"{PREFIX}/interactions/{{interaction}}/{{token}}/callback", self._callback),
            web.post(webhook, self._follow_up),
            *(
                route
                for message in ("@original", "{message}")
                for route in (
                    web.get(f"{webhook}/messages/{message}", self._show),
                    web.patch(f"{webhook}/messages/{message}", self._edit),
                    web.delete(f"{webhook}/messages/{message}", self._delete),
                )
            ),
        ]

    def expect(self, interaction: Interaction) -> None:
        """From now on the interaction can be answered."""
        self._interactions[interaction.id] = self._tokens[interaction.token] = interaction

    async def _callback(self, request: web.Request) -> web.Response:
        at = time.monotonic()
        interaction = self._interactions.get(number(request, "interaction"))
        if interaction is None or interaction.token != request.match_info["token"]:
            raise refusals.unknown_interaction()
        interaction.check_first(at, self.answer_s)
        body = await self._desk.read(request, interaction.channel.file_limit)
        # Of two that came at once, the first to be read wins.
        interaction.check_first(at, self.answer_s)
        kind, data = body.json["type"], body.json.get("data") or {}
        if kind not in ALLOWED[interaction.kind] or (kind in (UPDATE, DEFERRED_UPDATE) and not interaction.source):
            raise refusals.invalid_form([Flaw("type", "BASE_TYPE_CHOICES", f"{kind} does not answer this interaction")])
        ephemeral = bool((data.get("flags") or 0) & EPHEMERAL)
        if kind == MESSAGE:
            interaction.original = messages.create(
                self._desk.world,
                interaction.channel,
                self._desk.world.bot,
                data,
                body.files,
                ephemeral=ephemeral,
                origin=interaction.origin,
                message_type=_type(interaction),
            )
        elif kind == DEFERRED_MESSAGE:
            interaction.original = messages.thinking(
                self._desk.world,
                interaction.channel,
                ephemeral=ephemeral,
                origin=interaction.origin,
                message_type=_type(interaction),
            )
        elif kind in (UPDATE, DEFERRED_UPDATE):
            assert interaction.source is not None
            interaction.original = interaction.source
            if kind == UPDATE:
                messages.change(self._desk.world, interaction.source, data, body.files)
        if kind in (MESSAGE, UPDATE):
            self._desk.hear(request, data)
        interaction.take(kind, data, at)
        if interaction.original and kind != DEFERRED_UPDATE:
            await self._channels.tell("MESSAGE_UPDATE" if kind == UPDATE else "MESSAGE_CREATE", interaction.original)
        if request.query.get("with_response", "").lower() not in ("1", "true"):
            return done()
        return answered(self._response(interaction, kind))

    async def _follow_up(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        body = await self._desk.read(request, interaction.channel.file_limit)
        self._desk.hear(request, body.json)
        waiting = interaction.original
        if waiting is not None and waiting.flags & LOADING and not waiting.deleted:
            # The first message after a deferred answer takes its place.
            messages.change(self._desk.world, waiting, body.json, body.files)
            await self._channels.tell("MESSAGE_UPDATE", waiting)
            return answered(self._desk.wire.message(waiting))
        message = messages.create(
            self._desk.world,
            interaction.channel,
            self._desk.world.bot,
            body.json,
            body.files,
            ephemeral=bool((body.json.get("flags") or 0) & EPHEMERAL),
            origin=interaction.origin,
        )
        interaction.followups.append(message)
        await self._channels.tell("MESSAGE_CREATE", message)
        return answered(self._desk.wire.message(message))

    async def _show(self, request: web.Request) -> web.Response:
        return answered(self._desk.wire.message(self._message(request)))

    async def _edit(self, request: web.Request) -> web.Response:
        message = self._message(request)
        body = await self._desk.read(request, message.channel.file_limit)
        messages.change(self._desk.world, message, body.json, body.files)
        self._desk.hear(request, body.json)
        await self._channels.tell("MESSAGE_UPDATE", message)
        return answered(self._desk.wire.message(message))

    async def _delete(self, request: web.Request) -> web.Response:
        message = self._message(request)
        self._desk.world.delete(message)
        await self._channels.tell("MESSAGE_DELETE", message)
        return done()

    def _interaction(self, request: web.Request) -> Interaction:
        interaction = self._tokens.get(request.match_info["token"])
        if interaction is None or number(request, "application") != self._desk.world.application:
            raise refusals.unknown_webhook()
        interaction.check_token()
        return interaction

    def _message(self, request: web.Request) -> Message:
        interaction = self._interaction(request)
        if "message" in request.match_info:
            wanted = number(request, "message")
            mine = [interaction.original, *interaction.followups]
            message = next((each for each in mine if each is not None and each.id == wanted), None)
        else:
            message = interaction.original
        if message is None or message.deleted:
            raise refusals.unknown_message()
        return message

    def _response(self, interaction: Interaction, kind: int) -> JSON:
        told: JSON = {"id": str(interaction.id), "type": interaction.kind}
        message = interaction.original
        if message is None:
            return {"interaction": told}
        told |= {
            "response_message_id": str(message.id),
            "response_message_loading": bool(message.flags & LOADING),
            "response_message_ephemeral": message.ephemeral,
        }
        if kind not in (MESSAGE, UPDATE):
            return {"interaction": told}
        return {"interaction": told, "resource": {"type": kind, "message": self._desk.wire.message(message)}}


def _type(interaction: Interaction) -> int:
    return COMMAND_MESSAGE if interaction.kind == SLASH else 0
