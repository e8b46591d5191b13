"""Answers that only the person who asked sees."""

from __future__ import annotations

import logging
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.answers import Answer
from bot.on_slack.asking import Asking
from bot.on_slack.blocks import Blocks
from bot.on_slack.failures import TROUBLE, code_of

log = logging.getLogger(__name__)


class Private:
    """Tells people things by the way that is open: the one they came by, their channel, or a message to them."""

    def __init__(self, client: AsyncWebClient, blocks: Blocks) -> None:
        self._client, self._blocks = client, blocks

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
