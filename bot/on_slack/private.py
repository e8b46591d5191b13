"""Answers that only the person who asked sees."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any, TypeVar

from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.answers import Answer
from bot.forms import Form
from bot.on_slack.asking import Asking
from bot.on_slack.blocks import Blocks
from bot.on_slack.failures import TROUBLE, code_of
from bot.on_slack.forms import modal
from bot.on_slack.mrkdwn import mrkdwn
from bot.on_slack.uploads import Upload, Uploads
from bot.placard import Bundle
from bot.replies import reply

log = logging.getLogger(__name__)

# How long somebody hears nothing while a file is fetched.
PATIENCE_S = 2.0

Shown = TypeVar("Shown")


class Private:
    """Tells people things by the way that is open: the one they came by, their channel, or a message to them.

    `reads_files`: whether we may, so that forms can ask for one.
    """

    def __init__(self, client: AsyncWebClient, blocks: Blocks, uploads: Uploads) -> None:
        self._client, self._blocks, self._uploads = client, blocks, uploads
        self.reads_files = True

    async def show(self, asking: Asking, shown: Form | Answer | None) -> None:
        """Open a form, or tell an answer; None was told before."""
        if isinstance(shown, Form):
            view = modal(shown, asking.where, asking.who.locale, files=self.reads_files)
            if not await self._opened(asking, view):
                await self.tell(asking, Answer(reply("internal", asking.who.locale)))
        elif shown is not None:
            await self._answer(asking, shown)

    async def patiently(self, asking: Asking, answer: Awaitable[Shown], *, fetches: bool) -> Shown:
        """What the desk says. Where that `fetches` a file and takes a while, whoever waits is told."""
        if not fetches:
            return await answer
        work = asyncio.ensure_future(answer)
        try:
            await asyncio.wait([work], timeout=PATIENCE_S)
            if not work.done():
                await self.tell(asking, Answer(reply("fetching_sound", asking.who.locale)))
            return await work
        finally:
            work.cancel()

    async def tell(self, asking: Asking, answer: Answer) -> None:
        """Show `answer` to the person who asked. What can't be told is logged: the answer is no promise."""
        words: dict[str, Any] = {
            "text": self._blocks.summary(answer),
            "blocks": [block.to_dict() for block in self._blocks.answer(answer)],
        }
        try:
            if not await self._replied(asking, words) and not await self._whispered(asking, words):
                opened = await self._client.conversations_open(users=asking.user)
                await self._client.chat_postMessage(channel=opened["channel"]["id"], unfurl_links=False, **words)
        except TROUBLE as trouble:
            log.warning("no way to answer %s: %s", asking.who.external_id, code_of(trouble) or repr(trouble))

    async def _answer(self, asking: Asking, answer: Answer) -> None:
        locale = asking.who.locale
        if answer.file is not None and await self._opened(asking, self._blocks.sheet(answer.text, answer.file)):
            if not (answer.deeds or answer.choices or answer.bundle):
                return
            # There it is read; what can be done stands where it stays.
            answer = replace(answer, file=None)
        if answer.bundle is None:
            await self.tell(asking, answer)
            return
        await self.tell(asking, replace(answer, text=f"{answer.text}\n{reply('bundle_comes', locale)}"))
        try:
            handed_over = await self._hand_over(asking, answer.bundle)
        except TROUBLE as trouble:
            log.error("the bundle %s could not be brought: %s", answer.bundle.name, code_of(trouble) or repr(trouble))
            handed_over = False
        if not handed_over:
            await self.tell(asking, Answer(reply("bundle_lost", locale)))

    async def _hand_over(self, asking: Asking, bundle: Bundle) -> bool:
        """As files of the conversation with this person: Slack knows none that only one of a channel sees."""
        async with self._uploads.packed(bundle) as zips:
            if not zips.paths:
                return False
            words = reply("bundle_here", asking.who.locale, left_out=zips.left_out or None)
            opened = await self._client.conversations_open(users=asking.user)
            files = [Upload(path.name, path.name, path) for path in zips.paths]
            await self._uploads.hand_over(opened["channel"]["id"], mrkdwn(words), files)
        return True

    async def _opened(self, asking: Asking, view: View) -> bool:
        """Open a modal; False where it is too late. One that was opened by this very trigger is open already."""
        if asking.trigger is None:
            return False
        try:
            await self._client.views_open(trigger_id=asking.trigger, view=view)
        except TROUBLE as trouble:
            log.warning("a form did not open: %s", code_of(trouble) or repr(trouble))
            return code_of(trouble) == "exchanged_trigger_id"
        return True

    async def _replied(self, asking: Asking, words: dict[str, Any]) -> bool:
        if asking.reply_url is None:
            return False
        # No handlers: the one that is there by default says it again when only the answer was lost.
        hook = AsyncWebhookClient(asking.reply_url, session=self._client.session, retry_handlers=[])
        body = {**words, "response_type": "ephemeral", "replace_original": False}
        if asking.where.message:
            body["thread_ts"] = asking.where.message
        try:
            response = await hook.send_dict(body)
        except TROUBLE:
            return False
        return response.status_code == 200

    async def _whispered(self, asking: Asking, words: dict[str, Any]) -> bool:
        try:
            await self._client.chat_postEphemeral(
                channel=asking.channel, user=asking.user, thread_ts=asking.where.message, **words
            )
        except TROUBLE:
            return False
        return True
