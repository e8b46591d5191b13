"""A house with a Slack workspace in front of it: the real surface, a real wire, a pool that does as it is told."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from dataclasses import field as kept
from pathlib import Path
from typing import Any, Literal, TypeVar

from starlette.applications import Starlette

from bot.desk import Desk
from bot.front_door import listening
from bot.on_slack.courier import SlackCourier
from bot.on_slack.manifest import SCOPES
from bot.on_slack.surface import EVENTS, SlackSurface
from engine.spec import Event, Order, Plan, Planned, TrackFile, TrackResult
from tests.fakes.pool import ScriptedPool
from tests.fakes.slack import Channel, Interaction, People, Post, SlackStandIn, User, View, Whisper
from tests.integration.house import House, rules
from workflows import control, outbox_state
from workflows.deliver import deliver_due
from workflows.incoming import Incoming
from workflows.view import JobView

Found = TypeVar("Found")
Over = Literal["socket", "http"]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LRC = "[00:01.00]<00:01.00>Steam <00:01.50>on the window & a <cup>\n[00:04.00]Rain on the roof\n"


class Studio(ScriptedPool):
    """Songs as they are posted: an MP3, a cover and, unless `lrc` is None, timed lyrics. `plan` changes the plan."""

    capabilities = ScriptedPool.capabilities.model_copy(
        update={"tasks": ("text2music", "prompt2instrumental", "extend", "repaint", "stems")}
    )

    def __init__(self) -> None:
        super().__init__()
        self.lrc: str | None = LRC
        self.plan: dict[str, Any] = {"lyrics": "[verse]\nSteam on the window\nRain on the roof\nCoffee again"}

    async def run(
        self, order: Order, *, on_event: Callable[[Event], Awaitable[None]], cancelled: asyncio.Event
    ) -> tuple[TrackResult, ...]:
        async def told(event: Event) -> None:
            if isinstance(event, Planned):
                event = Planned(Plan.model_validate({**event.plan.model_dump(), **self.plan}))
            await on_event(event)

        results = await super().run(order, on_event=told, cancelled=cancelled)
        return tuple(self._posted(Path(order.workdir), result) for result in results)

    def _posted(self, folder: Path, result: TrackResult) -> TrackResult:
        title = self.plan.get("title", result.title)
        if not any(file.kind == "audio" for file in result.files):
            return result
        made = [
            _file(folder / f"{result.take}.mp3", "audio", f"mp3 {title} {result.seed} {result.take}".encode()),
            _file(folder / f"{result.take}.png", "image", PNG),
        ]
        if self.lrc is not None:
            made.append(_file(folder / f"{result.take}.lrc", "lrc", self.lrc.encode()))
        return result.model_copy(update={"title": title, "lrc": self.lrc, "files": (*result.files, *made)})


def _file(path: Path, kind: Any, data: bytes) -> TrackFile:
    path.write_bytes(data)
    return TrackFile(kind=kind, path=str(path), format=path.suffix[1:])


@dataclass
class Scene:
    """A workspace with two people and a channel. `restart` closes the surface and opens another on the same house."""

    slack: SlackStandIn
    house: House
    over: Over
    stack: AsyncExitStack
    pace_s: float
    incoming: Incoming | None = None
    ann: User = kept(init=False)
    bob: User = kept(init=False)
    channel: Channel = kept(init=False)
    surface: SlackSurface = kept(init=False)
    people: People = kept(init=False)

    def __post_init__(self) -> None:
        self.ann, self.bob = (self.slack.workspace.add_user(name) for name in ("ann", "bob"))
        self.channel = self.slack.workspace.add_channel("songs")

    @property
    def pool(self) -> Studio:
        assert isinstance(self.house.pool, Studio)
        return self.house.pool

    @property
    def couriers(self) -> dict[str, SlackCourier]:
        """Those of jobs and of bulletins are the same."""
        return {"slack": self.surface.courier}

    def made_surface(self, **more: Any) -> SlackSurface:
        given: dict[str, Any] = {
            "bot_token": self.slack.bot_token,
            "app_token": self.slack.app_token if self.over == "socket" else None,
            "signing_secret": self.slack.signing_secret,
            "api_url": self.slack.api_url,
            "desk": Desk(self.house.db, self.house.rules, lambda: None, self.incoming),
            "blob": self.house.blobs.path,
            "channel_s": self.pace_s,
            "progress_s": self.pace_s,
            "ping_s": 1.0,
        }
        return SlackSurface(**(given | more))

    async def open(self) -> None:
        self.surface = self.made_surface()
        await self.surface.start()
        if self.over == "socket":
            await self.slack.sockets.connected()
            self.people = self.slack.people
        else:
            app = Starlette(routes=self.surface.routes())
            port = await self.stack.enter_async_context(listening("127.0.0.1", 0, app))
            self.people = self.slack.over_http(f"http://127.0.0.1:{port}{EVENTS}")

    async def restart(self) -> None:
        await self.surface.close()
        await self.open()

    async def deliver(self) -> None:
        """Take to Slack what is due, until nothing is."""
        while await deliver_due(self.house.db, self.couriers, self.couriers):
            pass

    async def settle(self, job_id: int) -> None:
        """Deliver until everything about the job is told, through whatever trouble."""
        for _ in range(100):
            await self.deliver()
            if await outbox_state.settled(self.house.db, job_id):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the outbox did not come to rest")

    async def ask(self, text: str = "slow blues duration:30", *, user: User | None = None) -> JobView:
        """`/song` with `text`; returns the job once it is kept."""
        asked = await self.people.slash(user or self.ann, self.channel, "/song", text)
        await self.until(lambda: asked.replies, f"an answer to /song {text}")
        return (await self.jobs())[-1]

    async def song(self, text: str = "slow blues duration:30", *, user: User | None = None) -> tuple[JobView, Post]:
        """A finished song and its message."""
        job = await self.ask(text, user=user)
        await self.deliver()
        await self.house.work()
        await self.deliver()
        job = await self.house.job(job.id)
        return job, self.post_of(job)

    async def jobs(self) -> list[JobView]:
        """All jobs, oldest first."""
        return list(reversed(await control.recent(self.house.db, 100)))

    def post_of(self, job: JobView) -> Post:
        """The one message of the job."""
        [post] = self.posts(job.id)
        return post

    def posts(self, job_id: int, *, deleted: bool = False) -> list[Post]:
        """Every message of the job, wherever it is."""
        channels = list(self.slack.workspace.channels.values())
        posts = [post for channel in channels for post in self.slack.posts(channel, deleted=deleted)]
        return [post for post in posts if post.metadata and post.metadata["event_payload"]["job"] == job_id]

    async def until(self, found: Callable[[], Found], what: str) -> Found:
        """Wait for something to be there."""
        for _ in range(500):
            if there := found():
                return there
            await asyncio.sleep(0.01)
        raise AssertionError(f"waited in vain for {what}")

    async def reply(self, asked: Interaction) -> str:
        """The private answer, its only one."""
        await self.until(lambda: asked.replies, f"an answer to {asked.payload.get('command', asked.kind)}")
        [reply] = asked.replies
        assert reply.body["response_type"] == "ephemeral"
        return shown(reply.blocks)

    async def whisper(self, user: User) -> Whisper:
        """The latest thing that only this person sees."""
        mine = await self.until(
            lambda: [whisper for whisper in self.slack.workspace.whispers if whisper.user == user.id], "a whisper"
        )
        return mine[-1]

    async def form(self, asked: Interaction) -> View:
        await self.until(lambda: asked.views, "a form")
        [view] = asked.views
        return view

    async def rest(self) -> None:
        """Let everything that was acknowledged come to its end."""
        await asyncio.sleep(0.05)
        await self.surface._handlers.drain(5)

    def clean(self) -> None:
        """Nothing that Slack would refuse was sent, and nobody was called."""
        assert self.slack.workspace.violations == []
        assert [ping for ping in self.slack.workspace.pings if ping.where != "context"] == []


@asynccontextmanager
async def scene(
    folder: Path,
    over: Over = "socket",
    *,
    pace_s: float = 0.001,
    scopes: tuple[str, ...] = SCOPES,
    limits: dict[str, Any] | None = None,
    roles: dict[str, dict[str, Any]] | None = None,
    opened: bool = True,
) -> AsyncIterator[Scene]:
    house = House(folder, rules=rules(capabilities=Studio.capabilities, limits=limits, roles=roles), pool=Studio())
    try:
        async with AsyncExitStack() as stack, SlackStandIn(scopes=scopes) as slack:
            here = Scene(slack, house, over, stack, pace_s)
            if opened:
                await here.open()
            try:
                yield here
            finally:
                if opened:
                    await here.surface.close()
                await stack.aclose()
    finally:
        house.db.close()


def shown(blocks: list[dict[str, Any]]) -> str:
    """Everything that blocks say, in order."""
    return "\n".join(_texts(blocks))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _texts(each)
    elif isinstance(node, dict):
        if node.get("type") in ("mrkdwn", "plain_text"):
            yield node["text"]
            return
        for each in node.values():
            yield from _texts(each)


def buttons(post: Post | Whisper) -> list[str]:
    rows = [block["elements"] for block in post.blocks if block["type"] == "actions"]
    return [element["action_id"] for row in rows for element in row]


def field(view: View, name: str) -> str:
    """What a field of the form has in it when it opens."""
    [block] = [block for block in view.blocks if block["block_id"] == name]
    return str(block["element"].get("initial_value") or "")
