"""What people do in Discord, handed to the desk: acknowledged within seconds, answered privately, never twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
from discord import app_commands

from bot.actions import Action
from bot.answers import Answer, refused
from bot.commands import Command
from bot.deeds import DEEDS
from bot.desk import Desk, action_named, confirmation
from bot.forms import Form
from bot.on_discord import deeds
from bot.on_discord.buttons import DRAFT, KEEP, Press, job_of, of_question
from bot.on_discord.deeds import Wish
from bot.on_discord.files import Blob
from bot.on_discord.forms import modal, sent
from bot.on_discord.permissions import missing
from bot.on_discord.places import request, where, who
from bot.on_discord.private import Private
from bot.replies import reply
from bot.shortcuts import sound_of
from workflows.refusal import Refusal
from workflows.view import JobView

log = logging.getLogger(__name__)

ALREADY_ANSWERED = 40060
# What the way to Discord fails with; everything else is trouble in the house.
TROUBLE = (discord.DiscordException, aiohttp.ClientError)

Asked = discord.Interaction[Any]


class Reception:
    """Takes every interaction. Several are answered at once; `drain` waits for those under way."""

    def __init__(self, desk: Desk, blob: Blob) -> None:
        self._desk, self._private = desk, Private(blob)
        self._busy: set[asyncio.Future[None]] = set()

    @property
    def desk(self) -> Desk:
        """Where all is answered."""
        return self._desk

    @property
    def commands(self) -> Mapping[str, Command]:
        """The catalogue of this house."""
        return self._desk.commands

    async def drain(self, grace_s: float) -> None:
        """Let what is being answered end, but wait no longer than that."""
        if self._busy:
            await asyncio.wait(self._busy, timeout=grace_s)

    async def typed(self, asked: Asked, command: Command, values: Mapping[str, str], more: str) -> None:
        """A slash command. One that makes music and says nothing else opens its form."""
        async with self._receiving(asked):
            if command.form and not values and not more:
                await self._show(asked, self._unable(asked, command) or self._desk.blank(who(asked), command))
                return
            fresh = await _acknowledged(asked)
            answer = self._unable(asked, command) or await self._desk.asked(
                who(asked), where(asked), command, values, request(asked), more=more
            )
            await self._answered(asked, answer, fresh=fresh)

    async def chosen(self, asked: Asked, command: Command, message: discord.Message) -> None:
        """A command from the menu of a message: for the sound in it."""
        async with self._receiving(asked):
            try:
                values = sound_of(command, job=job_of(message), files=_sounds(message), text=message.content)
            except Refusal as refusal:
                await self._private.first(asked, refused(refusal, _locale(asked)))
                return
            if not command.complete:
                shown = self._unable(asked, command) or self._desk.begun(who(asked), command, values)
                await self._show(asked, shown)
                return
            fresh = await _acknowledged(asked)
            answer = self._unable(asked, command) or await self._desk.asked(
                who(asked), where(asked), command, values, request(asked)
            )
            await self._answered(asked, answer, fresh=fresh)

    async def filled(self, asked: Asked) -> None:
        """A form that somebody sent, perhaps one that another process had opened."""
        async with self._receiving(asked):
            form = sent(asked)
            if form is None:
                return
            fresh = await _acknowledged(asked)
            command = self.commands.get(form.command)
            answer: Answer | None = Answer(reply("old_button", _locale(asked)))
            if command is not None:
                answer = self._unable(asked, command) or await self._desk.filled(
                    who(asked), where(asked), form.command, form.answers, request(asked), parent=form.parent
                )
            await self._answered(asked, answer, fresh=fresh)

    async def pressed(self, asked: Asked, press: Press) -> None:
        """A button, however old it is."""
        async with self._receiving(asked):
            action, job = action_named(press.does), press.job
            if press.does == KEEP:
                await asked.response.defer()
                await asked.delete_original_response()
            elif press.does == DRAFT:
                await self._show(asked, await self._desk.reopened(who(asked), press.on))
            elif action is None or job is None:
                await self._private.first(asked, Answer(reply("old_button", _locale(asked))))
            elif action.effect == "opens":
                unable = self._unable_to_post(asked)
                await self._show(asked, unable or await self._desk.opened(who(asked), where(asked), action, job))
            elif action.confirm and not press.sure:
                await self._ask(asked, action, job)
            else:
                await self._do(asked, action, job, sure=press.sure)

    async def wished(self, asked: Asked, wish: Wish | None) -> None:
        """A button or a choice about what is no song, however old it is."""
        async with self._receiving(asked):
            kind = None if wish is None else DEEDS.get(wish.deed.name)
            if wish is None or kind is None:
                await self._private.first(asked, Answer(reply("old_button", _locale(asked))))
            elif kind.effect == "opens":
                shown = await self._did(asked, wish)
                await self._show(asked, shown or Answer(reply("old_button", _locale(asked))))
            elif kind.confirm and not wish.sure:
                question = reply(f"confirm_deed_{kind.name}", _locale(asked))
                view = deeds.of_question(wish, _locale(asked))
                await asked.response.send_message(question, view=view, ephemeral=True)
            else:
                fresh = await _acknowledged(asked, instead=wish.sure)
                answer = await self._did(asked, wish)
                if isinstance(answer, Form):
                    raise TypeError(f"{kind.name} opens a form, and its kind does not say so")
                await self._answered(asked, answer, fresh=fresh and not wish.sure)

    async def suggested(self, asked: Asked, typed: str) -> list[JobView]:
        """Songs of one's own that may be meant."""
        return await self._desk.suggested(who(asked), typed)

    async def unfit(self, asked: Asked, error: app_commands.AppCommandError) -> None:
        """A command that Discord still shows as another version registered it."""
        log.warning("interaction %s: %r", asked.id, error)
        async with self._receiving(asked):
            words = reply("internal", _locale(asked))
            if isinstance(error, app_commands.CommandNotFound):
                words = reply("unknown_command", _locale(asked), name=" ".join([*error.parents, error.name]))
            await self._private.first(asked, Answer(words))

    async def _do(self, asked: Asked, action: Action, job: int, *, sure: bool) -> None:
        # What was asked whether it is meant gives way to its answer.
        fresh = await _acknowledged(asked, instead=sure)
        unable = self._unable_to_post(asked) if action.effect == "makes" else None
        answer = unable or await self._desk.pressed(who(asked), where(asked), action, job, request(asked))
        await self._answered(asked, answer, fresh=fresh and not sure)

    async def _ask(self, asked: Asked, action: Action, job: int) -> None:
        hindered = await self._desk.hindered(who(asked), where(asked), action, job)
        if hindered is not None:
            await self._private.first(asked, hindered)
            return
        view = of_question(action, job, _locale(asked))
        await asked.response.send_message(confirmation(action, _locale(asked)), view=view, ephemeral=True)

    async def _did(self, asked: Asked, wish: Wish) -> Answer | Form | None:
        deed = wish.deed
        return await self._desk.did(who(asked), where(asked), deed.name, deed.on, deed.which, request(asked))

    async def _show(self, asked: Asked, shown: Form | Answer) -> None:
        if isinstance(shown, Form):
            await asked.response.send_modal(modal(shown))
        else:
            await self._private.first(asked, shown)

    def _unable(self, asked: Asked, command: Command) -> Answer | None:
        return self._unable_to_post(asked) if command.posts else None

    def _unable_to_post(self, asked: Asked) -> Answer | None:
        """Said before anything is kept: a song must not be made for a channel that can't have it."""
        lacking = missing(asked)
        return Answer(reply("cannot_post", _locale(asked), missing=lacking)) if lacking else None

    async def _answered(self, asked: Asked, answer: Answer | None, *, fresh: bool) -> None:
        if answer is not None:
            await self._private.later(asked, answer)
        elif fresh:
            await asked.delete_original_response()

    async def _apologise(self, asked: Asked) -> None:
        sorry = Answer(reply("internal", _locale(asked)))
        try:
            await (self._private.later if asked.response.is_done() else self._private.first)(asked, sorry)
        except (*TROUBLE, OSError) as trouble:
            log.info("interaction %s could not be answered: %r", asked.id, trouble)

    @asynccontextmanager
    async def _receiving(self, asked: Asked) -> AsyncIterator[None]:
        answered = asyncio.get_running_loop().create_future()
        self._busy.add(answered)
        try:
            yield
        except TROUBLE as trouble:
            # Too late, answered by somebody else, or Discord is down: nobody is there to be told.
            log.info("interaction %s could not be answered: %r", asked.id, trouble)
        except Exception:
            log.exception("interaction %s", asked.id)
            await self._apologise(asked)
        finally:
            self._busy.discard(answered)
            answered.set_result(None)


async def _acknowledged(asked: Asked, *, instead: bool = False) -> bool:
    """Say that an answer comes, `instead` of the message that was pressed or as one of its own.

    False where that was said before, perhaps by a process that died of it: the desk knows whether it was done.
    """
    for last in (False, True):
        try:
            await asked.response.defer(ephemeral=True, thinking=not instead)
        except discord.HTTPException as refused:
            if refused.code == ALREADY_ANSWERED:
                return False
            raise
        except aiohttp.ClientError:
            # Perhaps it arrived: the second time tells.
            if last:
                raise
        else:
            return True
    return False


def _sounds(message: discord.Message) -> list[str]:
    """Links to the files of a message, those that say they are sound first."""
    files = sorted(message.attachments, key=lambda file: not (file.content_type or "").startswith(("audio/", "video/")))
    return [file.url for file in files]


def _locale(asked: Asked) -> str:
    return str(asked.locale)
