"""The one place that wires real parts together; everything is taken down in the opposite order."""

from __future__ import annotations

import fcntl
import gc
import importlib.util
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter
from sqlalchemy.exc import DBAPIError

from bot.chat import BadToken, ChatAway
from config.files import load
from config.settings import ConfigError, Settings, load_settings
from engine.spec import Capabilities, EnginePool, Preset
from engine.studio.capabilities import capabilities
from storage import blobs as blob_rows
from storage.blobs import FolderBlobs
from storage.database import Database
from storage.errors import DatabaseBusy, StorageFull
from storage.migrate import HEAD, UnknownSchema, upgrade
from workflows import housekeeping
from workflows.limits import Limits
from workflows.models import Models
from workflows.moderation import Moderation
from workflows.pricing import Pricing
from workflows.rules import Rules

if TYPE_CHECKING:
    from bot.chat import Chat
    from workflows.clock import Clock
    from workflows.deliver import Courier

__all__ = ["House", "Settings", "Trouble", "load_settings", "open_house", "read_rules", "somebody_works", "troubles"]

DRAIN_S = 20.0
# Which commands Discord has been told of.
SYNCED = "discord-commands.json"
# How long the database's thread may keep the interpreter from the event loop, which asks for it at every answer it
# sends. Python's own 5 ms make that seconds once a few hundred people type at one moment (bench/chats.py).
SWITCH_S = 0.0002
# How much is made between two looks for garbage, young and old.
GARBAGE = (2_000, 10, 100)
# A blob is written before the row that speaks of it; younger ones may still get theirs.
ORPHAN_S = 3600.0


class Trouble(Exception):
    """The house itself can't do it: a code with parameters, and its own words where no message has them."""

    def __init__(self, code: str, words: str | None = None, **params: str) -> None:
        super().__init__(words or code)
        self.code = code
        self.words = words
        self.params = params


@contextmanager
def troubles() -> Iterator[None]:
    """Turn what goes wrong beneath the use cases into `Trouble`, so that surfaces need not know those parts."""
    try:
        yield
    except ConfigError as error:
        raise Trouble("config", str(error)) from error
    except DatabaseBusy as error:
        raise Trouble("database_busy") from error
    except StorageFull as error:
        raise Trouble("disk_full") from error


@dataclass(frozen=True)
class House:
    """The parts every command needs: settings, rules, the database, the audio files. No engine."""

    settings: Settings
    rules: Rules
    presets: dict[str, Preset]
    db: Database
    blobs: FolderBlobs

    @property
    def songs(self) -> Path:
        """Where the terminal's songs go when no folder was named."""
        return self.settings.home / "songs"


def read_rules(settings: Settings) -> tuple[Rules, dict[str, Preset]]:
    """The operator's data, checked. Raises `config.files.ConfigError`."""
    home = settings.home
    presets = load("presets", TypeAdapter(dict[str, Preset]), home)
    models = load("models", Models, home)
    rules = Rules(
        pricing=load("pricing", Pricing, home),
        limits=load("limits", Limits, home),
        moderation=load("moderation", Moderation, home),
        capabilities=engine_capabilities(settings),
        known={"genre_preset": tuple(presets), "model_version": tuple(models.versions)},
    )
    return rules, presets


def upgrade_database(settings: Settings) -> str:
    """Bring the database to this version's schema; returns the schema's version. Raises `Trouble`."""
    try:
        upgrade(settings.database_url)
    except UnknownSchema as error:
        raise Trouble("database_newer") from error
    except OSError as error:
        where = str(error.filename or settings.home)
        raise Trouble("home_unusable", path=where, reason=str(error.strerror)) from error
    except DBAPIError as error:
        reason = (str(error.orig).splitlines() or ["no reason given"])[0]
        raise Trouble("database_unusable", url=settings.shown_database_url, reason=reason) from error
    return HEAD


def engine_capabilities(settings: Settings) -> Capabilities:
    """What the engine of this house can do, known without starting it. Raises `Trouble`."""
    if settings.engine == "acestep":
        raise Trouble("engine_not_there", engine=settings.engine)
    return capabilities()


def can_make_music() -> bool:
    """Whether this machine is more than a front: what makes music is installed."""
    return importlib.util.find_spec("torch") is not None


def require_engine() -> None:
    """Raise `Trouble` where nothing that makes music is installed."""
    if not can_make_music():
        raise Trouble("no_engine")


@contextmanager
def open_house(settings: Settings) -> Iterator[House]:
    """Open the database (made or migrated if need be) and the blob store; close them at the end."""
    rules, presets = read_rules(settings)
    upgrade_database(settings)
    db = Database(settings.database_url)
    try:
        yield House(settings, rules, presets, db, FolderBlobs(settings.blobs))
    finally:
        db.close()


def engine_pool(house: House) -> EnginePool:
    """The engines of this machine, started at the first order."""
    from engine.pool.local import LocalPool

    settings = house.settings
    return LocalPool(
        factory="engine.studio.engine:make",
        options={"presets": {name: preset.model_dump() for name, preset in house.presets.items()}},
        size=settings.engines or min(os.cpu_count() or 1, 2),
        memory_mb=settings.engine_memory_mb,
        stall_s=settings.engine_stall_s,
        capabilities=house.rules.capabilities,
    )


@asynccontextmanager
async def working(house: House) -> AsyncIterator[Clock]:
    """Work the queue and deliver the terminal's outbox until the block ends; then drain."""
    require_engine()
    async with _running(house, works=True, chats=()) as clock:
        yield clock


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[tuple[Clock, tuple[Chat, ...]]]:
    """Everything in one process tree: the chats that have tokens, the clock, and the queue where music can be made.

    Yields once all chats are logged in, or are trying again. Raises `Trouble` for a token that is not accepted.
    """
    wake: list[Clock] = []

    def nudge() -> None:
        for clock in wake:
            clock.nudge("dispatch", "outbox")

    chats = tuple(open_chats(house, nudge))
    _answer_swiftly()
    async with AsyncExitStack() as stack:
        # Closed last: what the queue finishes while it drains is still told.
        for chat in chats:
            stack.push_async_callback(chat.close)
        wake.append(await stack.enter_async_context(_running(house, works=can_make_music(), chats=chats)))
        with _tokens():
            for chat in chats:
                await chat.start()
        yield wake[0], chats


def _answer_swiftly() -> None:
    """Make this process one that answers people: Python's own settings keep hundreds at one moment waiting."""
    sys.setswitchinterval(SWITCH_S)
    # What is loaded stays for good; looking through all of it for garbage again and again stopped everything else.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def open_chats(house: House, nudge: Callable[[], None]) -> Iterator[Chat]:
    """The chats that have tokens, not yet connected."""
    settings = house.settings
    if not (settings.discord_token or settings.slack_bot_token):
        return
    from bot.desk import Desk

    desk = Desk(house.db, house.rules, nudge)
    if settings.discord_token:
        from bot.on_discord.surface import DiscordSurface

        yield DiscordSurface(
            token=settings.discord_token,
            api_url=settings.discord_api_url,
            desk=desk,
            blob=house.blobs.path,
            synced=settings.home / SYNCED,
        )
    if settings.slack_bot_token:
        from bot.on_slack.surface import SlackSurface

        if not (settings.slack_app_token or settings.slack_signing_secret):
            raise Trouble("slack_half_set_up")
        yield SlackSurface(
            bot_token=settings.slack_bot_token,
            app_token=settings.slack_app_token,
            signing_secret=settings.slack_signing_secret,
            api_url=settings.slack_api_url,
            desk=desk,
            blob=house.blobs.path,
        )


async def discord_invite(settings: Settings) -> str:
    """The link that adds the bot to a server. Raises `Trouble`."""
    from bot.on_discord.invite import invite_url
    from bot.on_discord.setup import application_id

    with _tokens():
        return invite_url(await application_id(_discord_token(settings), settings.discord_api_url))


async def discord_sync(settings: Settings) -> int:
    """Tell Discord of all commands now; returns how many. Raises `Trouble`."""
    from bot.on_discord.setup import synchronise

    token, rules = _discord_token(settings), read_rules(settings)[0]
    with _tokens():
        return await synchronise(token, settings.discord_api_url, rules, settings.home / SYNCED)


def slack_manifest(url: str | None) -> str:
    """What Slack sets the app up from: for Socket Mode, or for a house that is reached at `url`."""
    from bot.commands import catalogue
    from bot.on_slack.manifest import as_text, manifest

    return as_text(manifest(catalogue(), url=url))


def _discord_token(settings: Settings) -> str:
    if not settings.discord_token:
        raise Trouble("no_discord_token")
    return settings.discord_token


@contextmanager
def _tokens() -> Iterator[None]:
    try:
        yield
    except BadToken as bad:
        raise Trouble("bad_token", chat=bad.chat, setting=bad.setting, reason=str(bad)) from bad
    except ChatAway as away:
        raise Trouble("chat_away", chat=away.chat, reason=str(away)) from away


@asynccontextmanager
async def _running(house: House, *, works: bool, chats: Sequence[Chat]) -> AsyncIterator[Clock]:
    """The clock with the duties of this process, until the block ends; then what is under way is drained."""
    # What only a worker needs is imported here: `minstrel jobs` answers sooner without it.
    from bot.on_terminal.courier import FolderCourier
    from workflows.clock import Clock, Duty
    from workflows.deliver import Deliveries
    from workflows.watch import Watch
    from workflows.worker import Worker

    lease_ms = int(house.settings.lease_s * 1000)
    terminal: Courier = FolderCourier(house.blobs.path, house.songs)
    couriers = {"terminal": terminal, **{chat.surface: chat.courier for chat in chats}}
    deliveries = Deliveries(house.db, couriers, lease_ms=lease_ms)
    watch = Watch(house.db, {chat.surface: chat.courier for chat in chats})
    duties: dict[str, Duty] = {"outbox": deliveries.dispatch, "watch": watch.look, "sweep": lambda: _sweep(house)}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(deliveries.drain, DRAIN_S)
        stack.push_async_callback(deliveries.dispatch)
        stack.push_async_callback(watch.close)
        worker = None
        if works:
            pool = engine_pool(house)
            worker = Worker(
                db=house.db,
                pool=pool,
                blobs=house.blobs,
                limits=house.rules.limits,
                work=house.settings.home / "work",
                lease_ms=lease_ms,
            )
            duties |= {"dispatch": worker.dispatch, "rescue": worker.rescue}
            stack.enter_context(at_work(house.settings.home))
            stack.push_async_callback(pool.stop, DRAIN_S)
            stack.push_async_callback(worker.drain, DRAIN_S)
        clock = Clock(**duties)
        deliveries.on_end = lambda: clock.nudge("outbox")
        if worker is not None:
            worker.on_end = lambda: clock.nudge("dispatch", "outbox")
        clock.start()
        stack.callback(clock.stop)
        yield clock


async def _sweep(house: House) -> None:
    await house.db.awrite(lambda session: blob_rows.sweep(session, house.blobs, older_than_s=ORPHAN_S))
    await housekeeping.forget(house.db)


@contextmanager
def at_work(home: Path) -> Iterator[None]:
    """Hold the sign that somebody works this queue. A lock, not a row: it can't outlive its process."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "worker.lock").open("a") as sign:
        fcntl.flock(sign, fcntl.LOCK_SH)
        yield


def somebody_works(home: Path) -> bool:
    """Whether any process on this machine works the queue of `home`."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "worker.lock").open("a") as sign:
        try:
            fcntl.flock(sign, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
