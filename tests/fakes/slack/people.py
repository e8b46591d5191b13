"""What people do in Slack. Each act makes a request to the app and returns a handle on it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Protocol

from tests.fakes.slack import forms
from tests.fakes.slack.arguments import JSON, Refused
from tests.fakes.slack.hooks import Hooks
from tests.fakes.slack.interactions import Ack, Hook, Interaction, Trigger, View
from tests.fakes.slack.messages import APP_ID, TEAM_DOMAIN, TEAM_ID, Channel, File, Post, User, Whisper
from tests.fakes.slack.records import Violation
from tests.fakes.slack.views import Views
from tests.fakes.slack.workspace import Workspace


class Transport(Protocol):
    async def send(self, interaction: Interaction, *, retry_num: int = 0) -> None:
        """Settles the interaction when the app answers; with status 0 when it can't be reached."""
        ...


class People:
    """The same acts over Socket Mode and over signed HTTP."""

    def __init__(self, workspace: Workspace, views: Views, hooks: Hooks, transport: Transport) -> None:
        self._workspace = workspace
        self._views = views
        self._hooks = hooks
        self._transport = transport

    async def slash(self, user: User, channel: Channel, command: str, text: str = "") -> Interaction:
        trigger, hook = self._views.trigger(user.id), self._hooks.issue("commands", channel.id, user.id)
        payload = {
            "token": "verification",
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": hook.url,
            "trigger_id": trigger.id,
        }
        interaction = Interaction("slash_commands", payload, trigger, hook, on_ack=self._show_ack)
        await self._transport.send(interaction)
        return interaction

    async def press(
        self, user: User, message: Post | Whisper, action_id: str, *, value: str | None = None
    ) -> Interaction:
        """A button, or an option of a menu by its `value`, in a message that the person can still see."""
        hidden = message.deleted if isinstance(message, Whisper) else message.deleted_at is not None
        if hidden or (isinstance(message, Whisper) and message.user != user.id):
            raise LookupError("the message is not there for this person")
        action = forms.action(message.blocks, action_id, value, self._workspace.new_ts())
        trigger = self._views.trigger(user.id)
        hook = self._hooks.issue("actions", message.channel, user.id, message)
        is_private = isinstance(message, Whisper)
        where = {"message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": is_private}
        payload = {
            **self._who("block_actions", user),
            "container": {"type": "message", **where},
            "channel": self._place(message.channel),
            "state": {"values": {}},
            "actions": [action],
        }
        # Slack does not keep what only one person sees, so it can't send it along.
        if isinstance(message, Post):
            payload["message"] = message.json(metadata=True)
        return await self._interact(payload, trigger, hook)

    async def press_in_view(
        self, user: User, view: View, action_id: str, *, value: str | None = None, values: dict[str, Any] | None = None
    ) -> Interaction:
        """A button or a menu in a modal, with whatever `values` are in its fields by now."""
        self._see(user, view)
        payload = {
            **self._who("block_actions", user),
            "container": {"type": "view", "view_id": view.id},
            "view": self._views.json(view, forms.filled(_optional(view.blocks), values or {})),
            "actions": [forms.action(view.blocks, action_id, value, self._workspace.new_ts())],
        }
        return await self._interact(payload, self._views.trigger(user.id, view))

    async def submit_view(self, user: User, view: View, values: dict[str, Any] | None = None) -> Interaction:
        """Fill in and submit. What the ack says about the view is done when `.ack` is there."""
        self._see(user, view)
        state = forms.filled(view.blocks, values or {})
        payload = {
            **self._who("view_submission", user),
            "view": self._views.json(view, state),
            "response_urls": [],
        }
        trigger = self._views.trigger(user.id, view)
        interaction = Interaction("interactive", payload | {"trigger_id": trigger.id}, trigger, None)
        interaction.on_ack = lambda _, ack: self._after_submission(view, ack)
        await self._transport.send(interaction)
        return interaction

    async def shortcut(self, user: User, callback_id: str, message: Post | None = None) -> Interaction:
        """A global shortcut, or one on a message."""
        payload = {**self._who("shortcut" if message is None else "message_action", user), "callback_id": callback_id}
        trigger, at = self._views.trigger(user.id), self._workspace.new_ts()
        if message is None:
            return await self._interact(payload | {"action_ts": at}, trigger)
        hook = self._hooks.issue("actions", message.channel, user.id)
        payload |= {
            "action_ts": at,
            "channel": self._place(message.channel),
            "message_ts": message.ts,
            "message": message.json(),
        }
        return await self._interact(payload, trigger, hook)

    async def event(self, event: JSON) -> Interaction:
        """Something that happened, as the Events API tells it."""
        payload = {
            "token": "verification",
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": self._workspace.new_id("Ev"),
            "event_time": int(self._workspace.clock.now()),
            "authorizations": [
                {"team_id": TEAM_ID, "user_id": self._workspace.bot.id, "is_bot": True, "is_enterprise_install": False}
            ],
        }
        interaction = Interaction("events_api", payload, None, None)
        await self._transport.send(interaction)
        return interaction

    async def again(self, interaction: Interaction, *, retry_num: int = 1) -> Interaction:
        """The very same request once more, as Slack sends it when it heard no answer."""
        repeated = interaction.again()
        await self._transport.send(repeated, retry_num=retry_num)
        return repeated

    def say(self, user: User, channel: Channel, text: str, files: list[File] | None = None) -> Post:
        """A message of a person. The app hears of it only by `event`."""
        return self._workspace.publish(channel, user, text, [], files=files)

    def upload(self, user: User, name: str, data: bytes) -> File:
        """A file of a person, to say something with or to put into a form."""
        file = self._workspace.add_file(name, len(data), user)
        file.data, file.completed_at = data, self._workspace.clock.now()
        return file

    async def _interact(self, payload: JSON, trigger: Trigger, hook: Hook | None = None) -> Interaction:
        payload = payload | {"trigger_id": trigger.id} | ({"response_url": hook.url} if hook else {})
        interaction = Interaction("interactive", payload, trigger, hook)
        await self._transport.send(interaction)
        return interaction

    def _who(self, kind: str, user: User) -> JSON:
        return {
            "type": kind,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM_ID},
            "api_app_id": APP_ID,
            "token": "verification",
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _place(self, channel: str) -> JSON:
        return {"id": channel, "name": self._workspace.channels[channel].name}

    def _see(self, user: User, view: View) -> None:
        above = [other for other in self._views.all.values() if other.is_open and other.previous_id == view.id]
        if not view.is_open or above or view.user != user.id:
            raise LookupError("the view is not on this person's screen")

    def _show_ack(self, interaction: Interaction, ack: Ack) -> None:
        """The ack of a command may be a message. One that Slack can't show is written down, and not shown."""
        if interaction.hook and ack.status == 200 and (ack.payload.get("text") or ack.payload.get("blocks")):
            with suppress(Refused):
                self._hooks.show(interaction.hook, ack.payload, "ack")

    def _after_submission(self, view: View, ack: Ack) -> None:
        if ack.status != 200:
            return
        with suppress(Refused):
            match ack.payload.get("response_action"):
                case "errors":
                    view.errors = ack.payload["errors"]
                    lost = view.errors.keys() - {block["block_id"] for block in view.blocks if block["type"] == "input"}
                    if lost:
                        problem = Violation("view_submission", f"errors for fields that are not there: {sorted(lost)}")
                        self._workspace.violations.append(problem)
                case "update":
                    self._views.change(view, self._views.checked(ack.payload["view"], "view_submission"))
                case "push":
                    self._views.put_on(view, self._views.checked(ack.payload["view"], "view_submission"))
                case "clear":
                    for other in self._views.all.values():
                        other.is_open = other.is_open and other.root_id != view.root_id
                case _:
                    view.is_open = False


def _optional(blocks: list[JSON]) -> list[JSON]:
    """The same form while it is being filled in: nothing is required yet."""
    return [{**block, "optional": True} for block in blocks]
