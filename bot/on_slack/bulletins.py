"""Puts bulletins up in Slack: each is one message, posted once, edited in place, and found again after any crash."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from slack_sdk.errors import SlackApiError

from bot import placards
from bot.on_slack import enclosures
from bot.on_slack.blocks import Blocks
from bot.on_slack.failures import judged
from bot.on_slack.history import Found, History, Place, bulletin_mark
from bot.on_slack.pace import Pace
from bot.on_slack.uploads import Uploads
from bot.on_slack.wall import Wall, Words, is_not_there, settled
from bot.placard import Placard
from workflows.bulletins import Notice
from workflows.deliver import DeliveryFailed
from workflows.rules import Rules

REMEMBERED = 1000
# The lane of everything that goes on, whatever the channel.
PROGRESS = "slack"


class Bulletins:
    """Shows bulletins on `wall`. What is still going on waits for its turn in `progress`."""

    def __init__(
        self, wall: Wall, history: History, uploads: Uploads, blocks: Blocks, rules: Rules, progress: Pace
    ) -> None:
        self._wall, self._history, self._uploads = wall, history, uploads
        self._blocks, self._rules, self._progress = blocks, rules, progress
        # Of the latest bulletins: where they are and what goes with them.
        self._there: OrderedDict[int, tuple[str, Found]] = OrderedDict()

    async def put_up(self, notice: Notice) -> str | None:
        """Post it, edit it, or take it down; returns its timestamp, None once it is down."""
        with judged(notice.key, posted=notice.post is not None):
            place = await self._wall.place(notice.channel, notice.message)
            if notice.withdrawn:
                await self._take_down(place, notice)
                return None
            return await self._tell(place, notice, placards.draw(notice, self._rules))

    async def _tell(self, place: Place, notice: Notice, shown: Placard) -> str:
        there = await self._standing(place, notice)
        if there is None:
            ts = await self._wall.post(place, self._words(shown), bulletin_mark(notice.id, {}))
            there = self._remember(notice, Found(ts, "", ()))
            if not enclosures.has_any(shown):
                return ts
        elif not shown.ended:
            await self._progress.turn(PROGRESS, urgent=True)
        try:
            await self._rewrite(place, notice, shown, there)
        except SlackApiError as error:
            if not is_not_there(error):
                raise
            return await self._instead(place, notice, shown, there)
        return there.ts

    async def _instead(self, place: Place, notice: Notice, shown: Placard, gone: Found) -> str:
        """One that somebody took down is left in peace; what one person waits for comes again at its end."""
        again = await self._history.of_bulletin(place, notice.id, notice.since)
        if again is None or again.ts == gone.ts:
            if not (shown.ended and notice.owner):
                return gone.ts
            ts = await self._wall.post(place, self._words(shown), bulletin_mark(notice.id, {}))
            again = Found(ts, "", ())
        await self._rewrite(place, notice, shown, self._remember(notice, again))
        return again.ts

    async def _rewrite(self, place: Place, notice: Notice, shown: Placard, there: Found) -> None:
        """Edit the message; its files are there before it shows them, and those it has no more are deleted."""
        enclosed = await enclosures.bring(self._uploads, notice.key, shown, there.known)
        await self._wall.delete_files(
            (file for what, file in there.known.items() if what not in enclosed.files), notice.key
        )
        files = list(enclosed.files.values()) if enclosed.files.keys() != there.known.keys() else []

        async def edit() -> None:
            await self._wall.edit(
                place,
                there.ts,
                self._words(shown, enclosed.notices()),
                bulletin_mark(notice.id, enclosed.files),
                files=files,
                urgent=shown.ended,
            )

        if not await settled(edit):
            # Perhaps one is gone for good: what is there is looked up next time, and the rest is brought again.
            self._uploads.forget(notice.key)
            self._there.pop(notice.id, None)
            raise DeliveryFailed("file_not_found", permanent=False)
        self._uploads.forget(notice.key)
        self._remember(notice, Found(there.ts, "", (), dict(enclosed.files)))

    async def _take_down(self, place: Place, notice: Notice) -> None:
        there = await self._standing(place, notice)
        if there is not None:
            await self._wall.delete_files({*there.files, *there.known.values()}, notice.key)
            await self._wall.delete(place, there.ts)
        self._there.pop(notice.id, None)

    async def _standing(self, place: Place, notice: Notice) -> Found | None:
        """Its message, as far as we know or can find out."""
        channel, there = self._there.get(notice.id, ("", None))
        if there is not None and channel == notice.channel and notice.post in (None, there.ts):
            return there
        if notice.post is not None:
            return await self._history.message(place, notice.post) or Found(notice.post, "", ())
        return await self._history.of_bulletin(place, notice.id, notice.since) if notice.again else None

    def _remember(self, notice: Notice, there: Found) -> Found:
        self._there[notice.id] = notice.channel, there
        self._there.move_to_end(notice.id)
        while len(self._there) > REMEMBERED:
            self._there.popitem(last=False)
        return there

    def _words(self, shown: Placard, notices: Sequence[str] = ()) -> Words:
        blocks = [block.to_dict() for block in self._blocks.placard(shown, notices)]
        return {"text": self._blocks.headline(shown), "blocks": blocks}
