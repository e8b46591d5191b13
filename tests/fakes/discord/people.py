"""What people do: type commands, press buttons, fill in modals, say things, and tidy up."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.discord import modals, options, wire
from tests.fakes.discord.callbacks import Callbacks
from tests.fakes.discord.channels import Channels
from tests.fakes.discord.commands import Commands
from tests.fakes.discord.gateway import GUILDS
from tests.fakes.discord.interactions import AUTOCOMPLETE, COMPONENT, MODAL_SUBMIT, SLASH, Interaction
from tests.fakes.discord.rest import Desk
from tests.fakes.discord.world import BUTTON, JSON, LINK_STYLE, SELECTS, Channel, Message, Upload, User, parts


class People:
    """Every verb takes who does it and where, and raises LookupError or ValueError for what a person could not do."""

    def __init__(self, desk: Desk, commands: Commands, channels: Channels, callbacks: Callbacks) -> None:
        self._desk, self._commands, self._channels, self._callbacks = desk, commands, channels, callbacks

    async def slash(
        self, user: User, channel: Channel, name: str, values: Mapping[str, Any] | None = None
    ) -> Interaction:
        """Types `/name`, subcommands after a space. Values are str, int, float, bool, `User`, `Channel` or `Upload`."""
        command, leaf, path = self._commands.find(channel.guild, name, user)
        filled, resolved = options.filled(leaf, values or {}, lambda kind, value: self._resolved(kind, value, channel))
        data = self._command(command, leaf, path, filled)
        if resolved:
            data["resolved"] = resolved
        return await self._send(self._interaction(SLASH, user, channel, data))

    async def autocomplete(
        self,
        user: User,
        channel: Channel,
        name: str,
        focused: str,
        text: str,
        values: Mapping[str, Any] | None = None,
    ) -> Interaction:
        """Types `text` into the option `focused`, the others being `values`."""
        command, leaf, path = self._commands.find(channel.guild, name, user)
        data = self._command(command, leaf, path, options.typed(leaf, focused, text, values or {}))
        return await self._send(self._interaction(AUTOCOMPLETE, user, channel, data))

    async def click(
        self, user: User, message: Message, custom_id: str, values: Sequence[str] | None = None
    ) -> Interaction:
        """Presses a button of the message as it is now, or chooses `values` from a select."""
        if message.deleted:
            raise LookupError("the message is gone")
        found = [part for part in parts(message.components) if part.get("custom_id") == custom_id]
        if not found:
            there = [part["custom_id"] for part in parts(message.components) if part.get("custom_id")]
            raise LookupError(f"the message has no {custom_id!r}, only {there}")
        part = found[0]
        if part.get("disabled") or part.get("style") == LINK_STYLE:
            raise ValueError(f"{custom_id!r} can't be pressed")
        data: JSON = {"id": part["id"], "custom_id": custom_id, "component_type": part["type"]}
        if part["type"] in SELECTS:
            offered = [option["value"] for option in part.get("options") or []]
            if not values or not set(values) <= set(offered):
                raise ValueError(f"{custom_id!r} offers {offered}")
            data["values"] = list(values)
        elif part["type"] != BUTTON or values:
            raise ValueError(f"{custom_id!r} is not a select")
        return await self._send(self._interaction(COMPONENT, user, message.channel, data, source=message))

    async def submit_modal(self, opened: Interaction, values: Mapping[str, Any] | None = None) -> Interaction:
        """Fills in and sends the modal that `opened` was answered with: text, or lists of choices or files."""
        modal = opened.modal
        if modal is None:
            raise LookupError("no modal was opened")
        components, resolved = modals.submitted(
            modal,
            values or {},
            lambda upload: self._kept(upload, opened.channel),
            lambda user: self._person(user, opened.channel),
        )
        data: JSON = {"custom_id": modal["custom_id"], "components": components}
        if resolved:
            data["resolved"] = resolved
        source = opened.source if opened.kind == COMPONENT else None
        return await self._send(
            self._interaction(MODAL_SUBMIT, opened.user, opened.channel, data, source=source, opened=opened)
        )

    async def redeliver(self, interaction: Interaction) -> Interaction:
        """Sends the very same event once more."""
        return await self._send(interaction)

    async def say(self, user: User, channel: Channel, text: str) -> Message:
        """Writes a message of one's own."""
        message = Message(self._desk.world.snowflakes.next(), channel, user, text)
        self._desk.world.put(message)
        await self._channels.tell("MESSAGE_CREATE", message)
        return message

    async def delete(self, message: Message) -> None:
        """Deletes a message, as a moderator may."""
        self._desk.world.delete(message)
        await self._channels.tell("MESSAGE_DELETE", message)

    async def delete_channel(self, channel: Channel) -> None:
        """Deletes a server's channel with all that is in it."""
        for message in list(channel.messages.values()):
            self._desk.world.delete(message)
        gone = self._desk.wire.channel(channel)
        del self._desk.world.channels[channel.id]
        if channel.guild:
            channel.guild.channels.remove(channel)
        await self._desk.gateway.dispatch("CHANNEL_DELETE", gone, channel.guild, GUILDS)

    def _interaction(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: JSON,
        *,
        source: Message | None = None,
        opened: Interaction | None = None,
    ) -> Interaction:
        snowflake = self._desk.world.snowflakes.next()
        interaction = Interaction(snowflake, kind, user, channel, data, source=source, opened=opened)
        interaction.payload = self._payload(interaction)
        return interaction

    async def _send(self, interaction: Interaction) -> Interaction:
        self._callbacks.expect(interaction)
        if not interaction.answered:
            interaction.sent_at = time.monotonic()
        gateway = self._desk.gateway
        interaction.heard = await gateway.dispatch("INTERACTION_CREATE", interaction.payload, interaction.channel.guild)
        return interaction

    def _payload(self, interaction: Interaction) -> JSON:
        draw, user, channel = self._desk.wire, interaction.user, interaction.channel
        payload: JSON = {
            "id": str(interaction.id),
            "application_id": str(self._desk.world.application),
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": str(channel.id),
            "channel": {**draw.channel(channel), "permissions": str(wire.permissions(user))},
            "locale": user.locale,
            "app_permissions": str(wire.app_permissions(channel)),
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": channel.file_limit,
        }
        if channel.guild is None:
            payload |= {"user": draw.user(user), "context": 1, "authorizing_integration_owners": {"0": "0"}}
        else:
            guild = channel.guild
            payload |= {
                "guild_id": str(guild.id),
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
                "guild_locale": guild.locale,
                "member": {**draw.member(user, guild), "permissions": str(wire.permissions(user))},
                "context": 0,
                "authorizing_integration_owners": {"0": str(guild.id)},
            }
        if interaction.source is not None:
            payload["message"] = draw.message(interaction.source)
        return payload

    def _command(self, command: JSON, leaf: JSON, path: list[str], filled: list[JSON]) -> JSON:
        """The options inside the words that led to them: `/challenge start …` nests once."""
        nested = filled
        kind = leaf.get("type", 1)
        for name in reversed(path):
            nested = [{"name": name, "type": kind, "options": nested}]
            kind = 2
        data: JSON = {"id": command["id"], "name": command["name"], "type": 1, "options": nested}
        return data | ({"guild_id": command["guild_id"]} if "guild_id" in command else {})

    def _resolved(self, kind: int, value: Any, channel: Channel) -> tuple[str, JSON]:
        draw = self._desk.wire
        if kind == options.ATTACHMENT:
            snowflake, drawn = self._kept(value, channel)
            return snowflake, {"attachments": drawn}
        if kind == options.USER:
            return str(value.id), self._person(value, channel)
        return str(value.id), {"channels": {**draw.channel(value), "permissions": str(wire.EVERYBODY)}}

    def _person(self, user: User, channel: Channel) -> JSON:
        draw = self._desk.wire
        if channel.guild is None:
            return {"users": draw.user(user)}
        member = {key: item for key, item in draw.member(user, channel.guild).items() if key != "user"}
        return {"users": draw.user(user), "members": {**member, "permissions": str(wire.permissions(user))}}

    def _kept(self, upload: Upload, channel: Channel) -> tuple[str, JSON]:
        content_type = upload.content_type or mimetypes.guess_type(upload.filename)[0] or "application/octet-stream"
        kept = self._desk.world.keep(upload, channel, content_type)
        return str(kept.id), self._desk.wire.attachment(kept, ephemeral=True)
