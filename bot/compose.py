"""The one place that wires real parts together; everything is taken down in the opposite order."""

from __future__ import annotations

import fcntl
import importlib.util
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter
from sqlalchemy.exc import DBAPIError

from config.files import load
from config.settings import ConfigError, Settings, load_settings
from engine.spec import Capabilities, EnginePool, Preset
from engine.studio.capabilities import capabilities
from storage import blobs as blob_rows
from storage.blobs import FolderBlobs
from storage.database import Database
from storage.errors import DatabaseBusy, StorageFull
from storage.migrate import HEAD, UnknownSchema, upgrade
from workflows.limits import Limits
from workflows.models import Models
from workflows.moderation import Moderation
from workflows.pricing import Pricing
from workflows.rules import Rules

if TYPE_CHECKING:
    from workflows.clock import Clock
    from workflows.deliver import Courier

__all__ = ["House", "Settings", "Trouble", "load_settings", "open_house", "read_rules", "somebody_works", "troubles"]

DRAIN_S = 20.0
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


def require_engine() -> None:
    """Raise `Trouble` where this machine is only a front: nothing that makes music is installed."""
    if importlib.util.find_spec("torch") is None:
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
    """Work the queue and deliver the outbox until the block ends; then drain."""
    # What only a worker needs is imported here: `minstrel jobs` answers sooner without it.
    from bot.on_terminal.courier import FolderCourier
    from workflows.clock import Clock
    from workflows.deliver import deliver_due
    from workflows.worker import Worker

    require_engine()
    pool = engine_pool(house)
    worker = Worker(
        db=house.db,
        pool=pool,
        blobs=house.blobs,
        limits=house.rules.limits,
        work=house.settings.home / "work",
        lease_ms=int(house.settings.lease_s * 1000),
    )
    couriers: dict[str, Courier] = {"terminal": FolderCourier(house.blobs.path, house.songs)}

    async def sweep() -> None:
        await house.db.awrite(lambda session: blob_rows.sweep(session, house.blobs, older_than_s=ORPHAN_S))

    clock = Clock(
        dispatch=worker.dispatch,
        outbox=lambda: deliver_due(house.db, couriers),
        rescue=worker.rescue,
        sweep=sweep,
    )
    worker.on_end = lambda: clock.nudge("dispatch", "outbox")
    with at_work(house.settings.home):
        clock.start()
        try:
            yield clock
        finally:
            clock.stop()
            await worker.drain(DRAIN_S)
            await pool.stop(DRAIN_S)
            await deliver_due(house.db, couriers)


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
