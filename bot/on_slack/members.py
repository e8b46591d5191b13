"""What people are in the workspace, and what they are called: asked of Slack, and remembered for some minutes."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.on_slack.asking import Asking
from bot.on_slack.failures import TROUBLE, code_of
from workflows.named import mention
from workflows.roles import ADMIN

log = logging.getLogger(__name__)

# Somebody who becomes an admin, or is one no longer, is that here after this long at most.
KNOWN_S, FAILED_S, REMEMBERED = 300.0, 60.0, 5000
# A form opens within three seconds of what was pressed or never, so nobody waits long for this.
PATIENCE_S = 1.0
OWNER, MEMBER = "owner", "member"
_NAMELESS = re.compile(r"<@([UW][A-Z0-9]+)>")


@dataclass(frozen=True)
class Member:
    """Somebody as Slack describes them. Of whom we know nothing is an ordinary member."""

    name: str | None = None
    roles: tuple[str, ...] = (MEMBER,)


class Members:
    """Looks people up with `client`. `team` is our own workspace, once Slack has told it."""

    def __init__(self, client: AsyncWebClient, *, patience_s: float = PATIENCE_S) -> None:
        self._client, self._patience_s = client, patience_s
        self.team: str | None = None
        self._known: OrderedDict[str, tuple[float, Member]] = OrderedDict()
        self._asked: dict[str, asyncio.Task[Member]] = {}

    async def introduced(self, asking: Asking) -> Asking:
        """The same with what they are here."""
        member = await self._member(asking.user)
        return replace(asking, who=replace(asking.who, roles=member.roles))

    async def named(self, text: str) -> str:
        """`text` with the names of people whom Slack mentions by their number alone."""
        numbers = list(dict.fromkeys(_NAMELESS.findall(text)))
        # All at once: nobody waits longer for three names than for one.
        for number, member in zip(numbers, await asyncio.gather(*map(self._member, numbers)), strict=True):
            if (name := member.name) is not None:
                text = text.replace(f"<@{number}>", mention(number, name))
        return text

    def close(self) -> None:
        """Wait for no more answers."""
        for asked in self._asked.values():
            asked.cancel()

    async def _member(self, user: str) -> Member:
        until, member = self._known.get(user, (0.0, Member()))
        if until > time.monotonic():
            return member
        if user not in self._asked:
            self._asked[user] = asyncio.create_task(self._ask(user))
        asked = self._asked[user]
        await asyncio.wait([asked], timeout=self._patience_s)
        # What comes too late for this request is there for the next.
        return asked.result() if asked.done() else member

    async def _ask(self, user: str) -> Member:
        try:
            described = (await self._client.users_info(user=user)).get("user") or {}
            member, good_s = self._read(described), KNOWN_S
        except TROUBLE as trouble:
            log.warning("can't see what %s is in this workspace: %s", user, code_of(trouble) or repr(trouble))
            member, good_s = Member(), FAILED_S
        finally:
            self._asked.pop(user, None)
        self._known[user] = (time.monotonic() + good_s, member)
        self._known.move_to_end(user)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return member

    def _read(self, user: Mapping[str, Any]) -> Member:
        profile = user.get("profile") or {}
        name = user.get("name") or profile.get("display_name") or None
        # In a channel that two workspaces share, admins of the other one are guests of ours.
        foreign = bool(user.get("is_stranger")) or (self.team is not None and user.get("team_id") != self.team)
        if foreign or user.get("is_bot") or user.get("is_restricted") or user.get("is_ultra_restricted"):
            return Member(name, ())
        if user.get("is_owner") or user.get("is_primary_owner"):
            return Member(name, (OWNER, ADMIN))
        return Member(name, (ADMIN,) if user.get("is_admin") else (MEMBER,))
