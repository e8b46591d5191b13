"""A weekly challenge through four rounds, held in both chats at once by a house that is often down (acceptance 1)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import discord
import pytest

from bot.desk import Desk
from bot.on_discord import courier as couriers
from bot.on_discord.surface import DiscordSurface
from bot.on_slack.surface import SlackSurface
from storage import bulletins, challenges, entries, ledger, schedules, users
from storage.tables import Challenge
from tests.fakes.discord import Channel as Room
from tests.fakes.discord import DiscordStandIn, Message
from tests.fakes.discord import User as Singer
from tests.fakes.discord.world import parts
from tests.fakes.slack import Channel as Hall
from tests.fakes.slack import Post, SlackStandIn
from tests.fakes.slack import User as Player
from tests.integration.discord_room import song_house
from tests.integration.house import House
from tests.integration.slack_house import shown
from workflows import control, deliver, firings
from workflows.challenges import rounds, tick
from workflows.credits import account_of
from workflows.deliver import deliver_due

BERLIN = ZoneInfo("Europe/Berlin")
STEP = timedelta(hours=3)


class Clock:
    """The time of day, which goes where the story goes."""

    def __init__(self, begin: str) -> None:
        self.now = self.at(begin)

    @staticmethod
    def at(moment: str) -> datetime:
        """ "2026-10-09 17:00" as clocks in Berlin show it."""
        return datetime.fromisoformat(moment).replace(tzinfo=BERLIN)

    def ns(self) -> int:
        return round(self.now.timestamp() * 1000) * 1_000_000


@dataclass
class Town:
    """A Discord server and a Slack workspace with two people each, whose house goes up and down."""

    clock: Clock
    house: House
    ours: DiscordStandIn
    room: Room
    theirs: SlackStandIn
    hall: Hall
    people: dict[str, Singer | Player]
    songs: dict[str, list[int]] = field(default_factory=dict)
    up: tuple[DiscordSurface, SlackSurface] | None = None

    async def open(self) -> None:
        """The house starts, as after any time it was down."""
        desk = Desk(self.house.db, self.house.rules, lambda: None)
        discord_ = DiscordSurface(
            token=self.ours.token, api_url=self.ours.api_url, desk=desk, blob=self.house.blobs.path,
            synced=self.house.folder / "discord-commands.json",
        )  # fmt: skip
        slack = SlackSurface(
            bot_token=self.theirs.bot_token, app_token=self.theirs.app_token, signing_secret=None,
            api_url=self.theirs.api_url, desk=desk, blob=self.house.blobs.path, channel_s=0.001, progress_s=0.001,
            ping_s=1.0,
        )  # fmt: skip
        await discord_.start()
        await slack.start()
        await self.ours.until(lambda: bool(self.ours.gateway.connected))
        await self.theirs.sockets.connected()
        self.up = (discord_, slack)
        await self.look()

    async def close(self) -> None:
        if self.up is not None:
            for surface in reversed(self.up):
                await surface.close()
        self.up = None

    async def look(self) -> None:
        """What the clock of the house does at every turn."""
        assert self.up is not None
        await firings.tick(self.house.db, {"challenge": rounds.open_round})
        await tick.tick(self.house.db)
        boards: dict[str, Any] = {"discord": self.up[0].courier, "slack": self.up[1].courier}
        for _ in range(200):
            await deliver_due(self.house.db, boards, boards)
            if not await self.house.db.aread(lambda s: bulletins.is_due(s, surfaces=tuple(boards), now=2**62)):
                return
            # What could not be said at once is tried again after a while.
            self.clock.now += timedelta(seconds=5)
        raise AssertionError("something could not be told")

    async def until(self, moment: str) -> None:
        """Time passes; the house looks at it every few hours, if it is there."""
        there = self.clock.at(moment)
        while (step := (self.clock.now.astimezone(ZoneInfo("UTC")) + STEP).astimezone(BERLIN)) < there:
            self.clock.now = step
            if self.up is not None:
                await self.look()
        self.clock.now = there
        if self.up is not None:
            await self.look()

    async def says(self, name: str, command: str, **values: Any) -> str:
        """Somebody types a command into their chat; returns the private answer."""
        who = self.people[name]
        if isinstance(who, Singer):
            asked = await self.ours.slash(who, self.room, command, values)
            await asked.answer()
            await self.ours.until(
                lambda: bool(asked.messages and (asked.messages[0].content or asked.messages[0].embeds))
            )
            return asked.messages[0].content + str(asked.messages[0].embeds)
        text = " ".join([command, *(f'{key}:"{value}"' for key, value in values.items())])
        sent = await self.theirs.people.slash(who, self.hall, "/studio", text)
        for _ in range(500):
            if sent.replies:
                return shown(sent.replies[0].blocks)
            await asyncio.sleep(0.01)
        raise AssertionError(f"no answer to {text}")

    async def sings(self, name: str) -> None:
        """Somebody asks for a song."""
        who, caption = self.people[name], f"{name} sings"
        if isinstance(who, Singer):
            await self.says(name, "song", caption=caption, duration=30.0)
        else:
            sent = await self.theirs.people.slash(who, self.hall, "/song", f"{caption} duration:30")
            while not sent.replies:
                await asyncio.sleep(0.01)

    async def votes_by_button(self, name: str, number: int) -> str:
        """Somebody chooses an entry in the menu, or by the button, of the ballot in their channel."""
        who = self.people[name]
        if isinstance(who, Singer):
            ballot = self.ours.posts(self.room)[-1]
            custom_id, values = _on_discord(ballot, number)
            asked = await self.ours.click(who, ballot, custom_id, values)
            await asked.answer()
            await self.ours.until(lambda: bool(asked.messages and asked.messages[0].content))
            return asked.messages[0].content
        post = self.theirs.posts(self.hall)[-1]
        action_id, value = _on_slack(post, number)
        sent = await self.theirs.people.press(who, post, action_id, value=value)
        for _ in range(500):
            if sent.replies:
                return shown(sent.replies[0].blocks)
            await asyncio.sleep(0.01)
        raise AssertionError("no answer to a vote")

    async def ballot(self, challenge: int | None = None) -> dict[str, int]:
        """The number that each person's song has in a challenge, without a number that of this week."""

        def look(session: Any) -> dict[str, int]:
            return {
                users.person(session, one.entry.user_id).name: one.entry.number or 0
                for one in entries.of(session, challenge or _latest(session).id, "shown")
            }

        return await self.house.db.aread(look)

    async def round(self) -> Challenge:
        return await self.house.db.aread(_latest)

    async def challenge(self, number: int) -> Challenge:
        found = await self.house.db.aread(lambda session: challenges.get(session, number))
        assert found is not None
        return found


def _latest(session: Any) -> Challenge:
    (schedule,) = schedules.going(session)
    return challenges.rounds(session, schedule.id)[0]


def _on_discord(ballot: Message, number: int) -> tuple[str, list[str]]:
    """The menu of a ballot, and what in it is a vote for `number`."""
    menus = [part for part in parts(ballot.components) if part.get("options")]
    return next(
        (menu["custom_id"], [option["value"]])
        for menu in menus
        for option in menu["options"]
        if option["label"].startswith(f"{number} ")
    )


def _on_slack(ballot: Post, number: int) -> tuple[str, str]:
    menus = [part for block in ballot.blocks for part in block.get("elements") or () if part.get("options")]
    return next(
        (menu["action_id"], option["value"])
        for menu in menus
        for option in menu["options"]
        if option["text"]["text"].startswith(f"{number} ")
    )


@asynccontextmanager
async def town(folder: Path, url: str, clock: Clock) -> AsyncIterator[Town]:
    house = song_house(folder, {"admin": {"in_charge": True}}, url)
    async with DiscordStandIn() as ours, SlackStandIn() as theirs:
        guild = ours.add_guild("Choir")
        roles = house.rules.roles.model_copy(update={"servers": (f"discord:{guild.id}",)})
        house.rules = replace(house.rules, roles=roles)
        people: dict[str, Singer | Player] = {
            "Ada": ours.add_user("Ada", admin=True),
            "Ben": ours.add_user("Ben"),
            "Cleo": theirs.workspace.add_user("Cleo", is_admin=True),
            "Dan": theirs.workspace.add_user("Dan"),
        }
        here = Town(
            clock, house, ours, ours.add_channel(guild, "songs"), theirs, theirs.workspace.add_channel("songs"), people
        )
        try:
            yield here
        finally:
            await here.close()
        assert ours.violations == []
        assert ours.pings == []
        assert theirs.workspace.violations == []
    house.db.close()


def test_four_weeks_of_a_challenge(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(
        discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    )
    monkeypatch.setattr(deliver, "FIRST_WAIT_MS", 20)
    monkeypatch.setattr(couriers, "PATIENCE_S", 0.2)
    clock = Clock("2026-10-08 12:00")
    with mock.patch.object(time, "time_ns", clock.ns):
        asyncio.run(asyncio.wait_for(_a_season(tmp_path, database_url, clock), 120))


async def _a_season(folder: Path, url: str, clock: Clock) -> None:
    async with town(folder, url, clock) as here:
        await here.open()
        # Songs to enter: four each.
        for _ in range(4):
            for name in here.people:
                await here.sings(name)
        await here.house.work()
        await here.look()
        for job in await control.recent(here.house.db, 50):
            here.songs.setdefault(job.user, []).append(job.id)
        await here.says(
            "Ada", "challenge create", theme="rain; the sea; a train; winter", themes="list", every="friday 18:00",
            zone="Europe/Berlin", submit="3d", vote="2d", prize="300, 100", season="Autumn",
        )  # fmt: skip
        won: dict[str, int] = dict.fromkeys(here.people, 0)

        # The first week: somebody is always there. It is brought to the other chat by who is in charge of that one.
        await here.until("2026-10-09 18:00")
        first = await here.round()
        assert first.theme == "rain"
        assert "too" in await here.says("Cleo", "challenge here", challenge=first.id)
        await here.look()
        await everybody_enters(here, 0)
        await here.until("2026-10-12 18:00")
        await everybody_votes(here, {"Ada": "Ben", "Ben": "Cleo", "Cleo": "Ben", "Dan": "Ben"})
        assert "your own" in await here.says("Ben", "challenge vote", entry=(await here.ballot())["Ben"])
        await here.until("2026-10-14 17:59")
        assert (await here.round()).tallied_at is None
        await here.until("2026-10-14 18:00")
        won["Ben"] += 300
        won["Cleo"] += 100
        assert await prizes(here) == won

        # The second: down when it was to open, and nothing can be heard when the ballot is posted.
        await here.close()
        await here.until("2026-10-17 09:00")
        await here.open()
        second = await here.round()
        assert second.theme == "the sea"
        assert (local(second.opens_at), local(second.submit_until)) == ("2026-10-16 18:00", "2026-10-19 18:00")
        await everybody_enters(here, 1)
        await here.until("2026-10-19 17:59")
        here.ours.faults.add(kind="drop_after", method="POST", route=r"/channels/\d+/messages$")
        await here.until("2026-10-19 18:00")
        await everybody_votes(here, {"Ada": "Dan", "Ben": "Dan", "Cleo": "Ada", "Dan": "Cleo"})
        # Cleo changes her mind.
        await here.says("Cleo", "challenge vote", entry=(await here.ballot())["Dan"])
        await here.until("2026-10-21 18:00")
        won["Dan"] += 300
        won["Cleo"] += 100
        assert await prizes(here) == won

        # The third: the clocks go back in its first night but one, and nobody is there when voting begins.
        await here.until("2026-10-23 18:30")
        third = await here.round()
        assert (third.theme, local(third.submit_until), local(third.vote_until)) == (
            "a train", "2026-10-26 18:00", "2026-10-28 18:00",
        )  # fmt: skip
        assert third.submit_until - third.opens_at == 73 * 3_600_000
        await everybody_enters(here, 2)
        await here.until("2026-10-26 17:00")
        await here.close()
        await here.until("2026-10-27 03:00")
        await here.open()
        await everybody_votes(here, {"Ada": "Cleo", "Ben": "Ada", "Cleo": "Ada", "Dan": "Cleo"})
        await here.until("2026-10-28 18:00")
        # As many votes: they share what the first two places are worth.
        won["Ada"] += 200
        won["Cleo"] += 200
        assert await prizes(here) == won

        # The fourth: nobody is there when it ends, nor for days after.
        await here.until("2026-10-30 19:00")
        assert (await here.round()).theme == "winter"
        await everybody_enters(here, 3)
        await here.until("2026-11-02 18:00")
        await everybody_votes(here, {"Ada": "Dan", "Ben": "Dan", "Cleo": "Dan", "Dan": "Ben"})
        await here.close()
        await here.until("2026-11-05 12:00")
        await here.open()
        won["Dan"] += 300
        won["Ben"] += 100
        assert await prizes(here) == won
        await here.says("Ada", "challenge cancel", why="the season is over")

        # The last one has a theme that people choose: nobody is there when that ends, nor when to remind.
        await here.until("2026-11-06 12:00")
        await here.says(
            "Ada", "challenge create", theme="snow; fire; the moon", themes="vote", submit="2d",
            vote="1d", prize="50", season="Autumn", zone="Europe/Berlin",
        )  # fmt: skip
        await here.says("Cleo", "challenge here", challenge=5)
        await here.look()
        for name, theme in (("Ada", 2), ("Ben", 1), ("Cleo", 2), ("Dan", 3)):
            if name in ("Ada", "Cleo"):
                assert "You vote for" in await here.votes_by_button(name, theme)
            else:
                assert "You vote for" in await here.says(name, "challenge vote", entry=theme)
        await here.close()
        await here.until("2026-11-07 15:00")
        await here.open()
        assert (await here.challenge(5)).theme == "fire"
        for name, songs in here.songs.items():
            await here.says(name, "challenge enter", song_job_id=songs[0])
        await here.look()
        # The reminder was due at six in the morning, and entering ends at noon.
        await here.close()
        await here.until("2026-11-09 09:00")
        await here.open()
        await here.until("2026-11-09 12:00")
        await everybody_votes(here, {"Ada": "Cleo", "Ben": "Cleo", "Cleo": "Ada", "Dan": "Ada"}, challenge=5)
        # Dan, who is banned by then, has no vote.
        assert "Dan" in await here.says("Cleo", "ban", who="Dan")
        await here.until("2026-11-10 12:00")
        won["Cleo"] += 50
        assert await prizes(here) == won

        # Nothing comes of looking again, nor of starting again.
        await here.close()
        await here.open()
        await here.until("2026-11-12 12:00")
        assert await prizes(here) == won
        assert await here.house.db.aread(ledger.check) == []
        for surface, messages in (("discord", here.ours.posts(here.room)), ("slack", here.theirs.posts(here.hall))):
            told = await here.house.db.aread(partial(_told, surface=surface))
            # The last reminder would have come while nobody was there; by then it was over.
            assert Counter(topic for topic, _ in told) == Counter(
                {"theme": 1, "enter": 5, "remind_enter": 5, "vote": 5, "remind_vote": 4, "podium": 5}
            )
            there = [str(message.id) if isinstance(message, Message) else message.ts for message in messages]
            posts = [str(post) for _, post in told]
            assert len(set(posts)) == len(posts) == 25
            # Besides there are the songs themselves, and nothing else.
            assert set(posts) < set(there)
            assert len(there) == len(posts) + 8


def _told(session: Any, surface: str) -> list[tuple[str, str | None]]:
    numbers = range(1, 6)
    rows = [row for number in numbers for row in bulletins.of(session, "challenge", number)]
    assert all(row.shown == row.version for row in rows)
    return [(row.topic, row.post) for row in rows if row.surface == surface]


def local(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, BERLIN).strftime("%Y-%m-%d %H:%M")


async def prizes(here: Town) -> dict[str, int]:
    """What each has won so far, as the books have it."""

    def look(session: Any) -> dict[str, int]:
        won = {}
        for name in here.people:
            user = users.by_name(session, name)
            assert user is not None
            moves = ledger.statement(session, account_of(user), 200)
            won[name] = sum(move.amount for move in moves if move.kind == "prize")
        return won

    return await here.house.db.aread(look)


async def everybody_enters(here: Town, week: int) -> None:
    for name, songs in here.songs.items():
        await here.says(name, "challenge enter", song_job_id=songs[week])
    await here.look()


async def everybody_votes(here: Town, votes: dict[str, str], challenge: int | None = None) -> None:
    """Two by what they see, and two by what they type."""
    ballot = await here.ballot(challenge)
    assert sorted(ballot.values()) == [1, 2, 3, 4]
    for name, whose in votes.items():
        if name in ("Ada", "Cleo"):
            await here.votes_by_button(name, ballot[whose])
        else:
            await here.says(name, "challenge vote", entry=ballot[whose])
    await here.look()
