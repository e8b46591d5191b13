"""What people do in Slack, handed to the desk: acknowledged at once, worked afterwards, answered privately."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot import forms
from bot.answers import Answer, refused
from bot.commands import Command
from bot.deeds import Deed
from bot.desk import Desk, action_named
from bot.forms import IS_LINK
from bot.naming import named
from bot.on_slack import deeds
from bot.on_slack.asking import Asking, by_button, by_command, by_form, by_message
from bot.on_slack.blocks import DRAFT, STUDIO, Blocks, action_of, job_of, shortcut_of
from bot.on_slack.forms import Sent, corrections, sent
from bot.on_slack.members import Members
from bot.on_slack.mrkdwn import mentioning_nobody, naming, typed, unlinked
from bot.on_slack.private import Private
from bot.on_slack.shared import SharedFiles
from bot.on_slack.uploads import Uploads
from bot.replies import reply
from bot.shortcuts import sound_of
from workflows.refusal import Refusal

log = logging.getLogger(__name__)

_ANY = re.compile("")
REMEMBERED = 2000


class Handlers:
    """Listens to `app`. `drain` lets what was acknowledged come to its end."""

    def __init__(self, app: AsyncApp, client: AsyncWebClient, desk: Desk, blocks: Blocks, uploads: Uploads) -> None:
        self._desk = desk
        self.members = Members(client)
        self.private = Private(client, blocks, uploads)
        self._shared = SharedFiles(client, desk.incoming, desk.rules.limits.fetch)
        self._working: set[asyncio.Task[None]] = set()
        # What leaves no trace in the database (a form that opens) is known by this; a restart may forget it.
        self._met: OrderedDict[str, None] = OrderedDict()
        app.command(_ANY)(self._on_command)
        app.action(_ANY)(self._on_press)
        app.view(_ANY)(self._on_form)
        app.message_shortcut(_ANY)(self._on_shortcut)

    async def drain(self, grace_s: float) -> None:
        """Wait for what is under way, but no longer than that."""
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self.members.close()

    async def _on_command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        asking = by_command(body)
        if self._is_new(asking):
            text = _command_text(body, self._desk.commands)
            self._begin(asking, lambda known: self._typed(known, text))

    async def _on_press(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        asking, pressed = by_button(body), body["actions"][0]
        if not self._is_new(asking):
            return
        if (deed := deeds.pressed(pressed)) is not None:
            self._begin(asking, lambda known: self._did(known, deed))
        else:
            name, value = action_of(pressed["action_id"]), str(pressed.get("value", ""))
            self._begin(asking, lambda known: self._pressed(known, name, value))

    async def _on_shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        asking, command = by_message(body), self._desk.commands.get(shortcut_of(body["callback_id"]))
        if command is not None and self._is_new(asking):
            message = body.get("message") or {}
            self._begin(asking, lambda known: self._chosen(known, command, message))

    async def _on_form(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Judged before it is acknowledged: a form that is refused stays open, with everything in it."""
        answered = sent(body["view"])
        asking = by_form(body, answered)
        command = self._desk.commands.get(answered.command)
        refusal = self._judged(answered)
        if command is not None and refusal is not None:
            wrong = corrections(refusal, command, list(answered.answers), asking.who.locale)
            await ack(response_action="errors", errors=wrong)
            return
        await ack(response_action="clear")
        self._begin(asking, lambda known: self._filled(known, answered))

    def _judged(self, answered: Sent) -> Refusal | None:
        command = self._desk.commands.get(answered.command)
        if command is None:
            return None
        try:
            self._desk.judge(command, forms.filled(command, answered.answers))
        except Refusal as refusal:
            return refusal
        return None

    async def _typed(self, asking: Asking, text: str) -> None:
        text = await self.members.named(text)
        bring = partial(self._shared.bring, asking)
        answer = self._desk.typed(asking.who, asking.where, text, asking.request, bring=bring)
        await self.private.show(
            asking, await self.private.patiently(asking, answer, fetches=IS_LINK.search(text) is not None)
        )

    async def _pressed(self, asking: Asking, name: str, value: str) -> None:
        action = action_named(name)
        if name == DRAFT:
            await self.private.show(asking, await self._desk.reopened(asking.who, value))
        elif action is None or not value.isdecimal():
            await self.private.tell(asking, Answer(reply("old_button", asking.who.locale)))
        elif action.effect == "opens":
            await self.private.show(asking, await self._desk.opened(asking.who, asking.where, action, int(value)))
        else:
            answer = await self._desk.pressed(asking.who, asking.where, action, int(value), asking.request)
            await self.private.show(asking, answer)

    async def _did(self, asking: Asking, deed: Deed) -> None:
        answer = await self._desk.did(asking.who, asking.where, deed.name, deed.on, deed.which, asking.request)
        await self.private.show(asking, answer)

    async def _filled(self, asking: Asking, answered: Sent) -> None:
        if answered.command not in self._desk.commands:
            await self.private.tell(asking, Answer(reply("old_button", asking.who.locale)))
            return
        people = _people(self._desk.commands[answered.command])
        answers = dict(answered.answers)
        for name, text in answered.answers.items():
            if text and people:
                # Chosen from a list that Slack shows, or typed.
                answers[name] = await self.members.named(text) if name in people else mentioning_nobody(text)
        answer = self._desk.filled(
            asking.who, asking.where, answered.command, answers, asking.request, parent=answered.parent,
            bring=partial(self._shared.bring, asking),
        )  # fmt: skip
        fetches = any(IS_LINK.search(text) for text in answers.values() if text)
        await self.private.show(asking, await self.private.patiently(asking, answer, fetches=fetches))

    async def _chosen(self, asking: Asking, command: Command, message: Mapping[str, Any]) -> None:
        files = [str(file.get("url_private") or "") for file in message.get("files") or ()]
        text = typed(str(message.get("text") or ""))
        try:
            values = sound_of(command, job=job_of(message), files=list(filter(None, files)), text=text)
        except Refusal as refusal:
            await self.private.show(asking, refused(refusal, asking.who.locale))
            return
        if not command.complete:
            await self.private.show(asking, self._desk.begun(asking.who, command, values))
            return
        bring = partial(self._shared.bring, asking)
        answer = self._desk.asked(asking.who, asking.where, command, values, asking.request, bring=bring)
        await self.private.show(asking, await self.private.patiently(asking, answer, fetches=command.sound in values))

    def _is_new(self, asking: Asking) -> bool:
        """Whether this request arrives for the first time, as far as this process knows; the desk knows the rest."""
        if asking.request in self._met:
            return False
        self._met[asking.request] = None
        while len(self._met) > REMEMBERED:
            self._met.popitem(last=False)
        return True

    def _begin(self, asking: Asking, work: Callable[[Asking], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.create_task(self._guarded(asking, work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _guarded(self, asking: Asking, work: Callable[[Asking], Coroutine[Any, Any, None]]) -> None:
        try:
            await work(await self.members.introduced(asking))
        except Exception:
            log.exception("request %s", asking.request)
            await self.private.tell(asking, Answer(reply("internal", asking.who.locale)))


def _command_text(body: Mapping[str, Any], commands: Mapping[str, Command]) -> str:
    """The whole command as it would be typed anywhere: `/studio jobs` is `/jobs`, `/studio` alone asks for help."""
    name, text = str(body["command"]).lstrip("/"), str(body.get("text") or "").strip()
    if name != STUDIO:
        return f"/{name} {typed(text)}"
    # Behind this one people are named, so Slack links everything that can be linked.
    command, _ = named(text, commands)
    plain = naming(text) if command is not None and _people(command) else typed(unlinked(text))
    return f"/{plain.lstrip('/') or 'help'}"


def _people(command: Command) -> frozenset[str]:
    """The options of a command that name somebody."""
    return frozenset(option.name for option in command.options if option.kind == "person")
