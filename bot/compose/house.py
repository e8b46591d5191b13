"""What every command needs of the house, and what can be wrong with it."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy.exc import DBAPIError

from bot.commands import catalogue
from bot.compose.checkpoints import read_models, shelf_of
from bot.compose.choice import choice, missing_parts
from config.files import load, recipes, written
from config.settings import ConfigError, Settings
from engine.acestep import capabilities as acestep
from engine.acestep.shelf import Shelf as Checkpoints
from engine.separation.names import separates
from engine.spec import Capabilities, EngineError, Preset, Words
from engine.studio import capabilities as studio
from storage.blobs import FolderBlobs
from storage.database import Database
from storage.errors import DatabaseBusy, StorageFull
from storage.migrate import HEAD, UnknownSchema, upgrade
from workflows.asks.runs import RecipeRun
from workflows.limits import Limits
from workflows.moderation import Moderation
from workflows.pricing import Pricing
from workflows.recipes.shelf import File, Shelf
from workflows.roles import Roles
from workflows.rules import Rules

if TYPE_CHECKING:
    from workflows.downloads import Downloads
    from workflows.fetch import Fetcher
    from workflows.incoming import Incoming

log = logging.getLogger(__name__)

# How long a song may wait for a language model's words; then the built-in writer's will do.
LYRICS_S = 90.0


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

    @cached_property
    def incoming(self) -> Incoming:
        """The door for sound from outside."""
        from engine.pool.decoding import LocalDecoder
        from workflows.incoming import Incoming

        limits = self.rules.limits.fetch

        def fetcher() -> Fetcher:
            # Takes a moment to load, which only those wait for who give a link.
            from workflows.fetch import Fetcher

            return Fetcher(limits, private_hosts=frozenset(self.settings.fetch_private_hosts))

        return Incoming(
            db=self.db,
            blobs=self.blobs,
            rules=self.rules,
            fetcher=fetcher,
            decoder=LocalDecoder(most_s=self.rules.capabilities.max_duration, most_mb=limits.most_mb),
            folder=self.coming_in,
            house=self.settings.public_url,
        )

    @cached_property
    def downloads(self) -> Downloads:
        """Files as people download them."""
        from engine.pool.converting import LocalConverter
        from workflows.downloads import Downloads

        return Downloads(db=self.db, blobs=self.blobs, converter=LocalConverter(), folder=self.coming_in)

    @property
    def coming_in(self) -> Path:
        """Where sound lies while it is fetched, decoded and made another format of."""
        return self.settings.home / "incoming"

    @property
    def songs(self) -> Path:
        """Where the terminal's songs go when no folder was named."""
        return self.settings.home / "songs"


def read_rules(settings: Settings) -> tuple[Rules, dict[str, Preset]]:
    """The operator's data, checked. Raises `config.files.ConfigError`."""
    home = settings.home
    presets = load("presets", TypeAdapter(dict[str, Preset]), home)
    models = read_models(settings)
    checkpoints = shelf_of(settings, models)
    can = engine_capabilities(settings, checkpoints)
    known = {"genre_preset": tuple(presets), "model_version": tuple(models.versions)}
    if can.name == "acestep":
        known["lora_name_or_path"] = tuple(checkpoints.adapters)
    plain = Rules(
        pricing=load("pricing", Pricing, home),
        limits=load("limits", Limits, home),
        moderation=load("moderation", Moderation, home),
        capabilities=can,
        roles=load("roles", Roles, home),
        known=known,
        zone=settings.zone,
    )
    return replace(plain, recipes=shelf(settings, plain)), presets


def shelf(settings: Settings, rules: Rules) -> Shelf:
    """The recipes of this house, which are read when somebody asks for one."""
    return Shelf(
        lambda: (File(**asdict(file)) for file in recipes(settings.home)),
        cache(lambda: {command.name: command.task for command in catalogue().values() if command.music}),
        rules,
    )


def recipe_in(settings: Settings, rules: Rules, path: Path) -> type[RecipeRun]:
    """The request of the recipe in a file, wherever it lies. Raises `BadRecipe`."""
    return shelf(settings, rules).checked(File(**asdict(written(path))))


def read_words(settings: Settings) -> Words:
    """What captions may say. Raises `config.files.ConfigError`."""
    return load("words", Words, settings.home)


def lyrics_author(settings: Settings) -> dict[str, Any] | None:
    """Which language model writes lyrics, as an engine takes it; None where the engine itself does."""
    if not settings.lyrics_url or not settings.lyrics_model:
        return None
    # An engine that waits for it for longer would be taken for one that stands still.
    budget_s = min(LYRICS_S, 0.75 * settings.engine_stall_s)
    key = {"key": settings.lyrics_key} if settings.lyrics_key else {}
    return {"url": settings.lyrics_url, "model": settings.lyrics_model, "budget_s": budget_s, **key}


def lyrics_author_answers(settings: Settings) -> bool:
    """Whether the language model of these settings can be reached from here; takes a few seconds at most."""
    from engine.studio.writer.author import Author, reached

    author = lyrics_author(settings)
    return author is not None and reached(Author.model_validate(author))


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


def engine_capabilities(settings: Settings, checkpoints: Checkpoints) -> Capabilities:
    """What the engine of this house can do, known without starting it."""
    if choice(settings, checkpoints).engine == "acestep":
        return acestep.capabilities(checkpoints, separation(settings))
    return studio.capabilities().model_copy(update={"separates": separates(separation(settings))})


def separation(settings: Settings) -> Path | None:
    """The checkpoint of the model that separates stems; None where there is none, or none that can be used.

    Then stems are an estimate, and say so; `minstrel doctor` says what is wrong with it.
    """
    checkpoint = settings.demucs_checkpoint
    try:
        separates(checkpoint)
    except EngineError as unusable:
        log.warning("stems are separated without a model: %s", unusable)
        return None
    return checkpoint if importlib.util.find_spec("demucs") is not None else None


def can_make_music() -> bool:
    """Whether this machine is more than a front: what makes music is installed."""
    return importlib.util.find_spec("torch") is not None


def require_engine(settings: Settings) -> None:
    """Raise `Trouble` where what makes music is not installed, or not all of what the GPU engine needs."""
    if not can_make_music():
        raise Trouble("no_engine")
    if settings.engine == "acestep" and (missing := missing_parts()):
        raise Trouble("no_acestep", parts=", ".join(missing))


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
