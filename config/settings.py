"""How this house is set up: one frozen value, read once at start.

Each setting is an environment variable (`MINSTREL_HOME`), a line of `.env`, or a key of `minstrel.toml` (`home`).
The first that speaks wins, in this order: arguments, environment, `.env`, `minstrel.toml` of the working folder,
`minstrel.toml` of MINSTREL_HOME. A secret may also come from a file named by `MINSTREL_<NAME>_FILE`, before the
`minstrel.toml`s. Empty values count as unset. The names that belong to a surface come with that surface.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, TypeAdapter, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from config.errors import ConfigError, sentence, shown, unknown
from config.files import read_toml

__all__ = ["ConfigError", "Settings", "load_settings"]

PREFIX = "MINSTREL_"
DEFAULT_HOME = Path("var")
# No engine starts with less.
LEAST_MEMORY_MB = 128


@dataclass(frozen=True)
class Secret:
    """Marks a setting that is never shown and may come from a file of its own."""


class Settings(BaseSettings):
    """The settings of this process. Paths are absolute."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    home: Path = Field(DEFAULT_HOME, validate_default=True, description="The folder where everything is kept")
    database_url: Annotated[str, Secret()] = Field(
        default_factory=lambda data: f"sqlite:///{data.get('home', DEFAULT_HOME) / 'minstrel.db'}",
        repr=False,
        description="The database: sqlite:///FILE or postgresql://…",
    )
    blobs_url: str = Field(
        default_factory=lambda data: str(data.get("home", DEFAULT_HOME) / "blobs"),
        description="Where audio files are kept: a folder, or file:///FOLDER",
    )
    engine: Literal["auto", "studio", "acestep"] = Field("auto", description="Who makes the music")
    acestep_checkpoint: str | None = Field(
        None, description="Which checkpoint the GPU engine uses: a folder, or a version or a name of models.toml"
    )
    engines: Annotated[int, Field(ge=0, le=64)] = Field(
        0, description="Engine processes; 0 is one for each core, at most 2, and one alone on a GPU"
    )
    engine_memory_mb: Annotated[int, Field(ge=0, le=1_048_576)] = Field(
        0, description="An engine process that grows beyond this is ended; 0 is as much as its engine needs"
    )
    engine_stall_s: Annotated[float, Field(ge=1, le=3600)] = Field(
        120.0, description="An engine that shows no progress for so long is ended"
    )
    lease_s: Annotated[float, Field(ge=1, le=3600)] = Field(
        30.0, description="A job whose worker is silent for so long goes to another"
    )
    discord_token: Annotated[str | None, Secret()] = Field(None, repr=False, description="The Discord bot's token")
    discord_api_url: str | None = Field(None, description="Discord's API, ending in /api/v10; unset is the real one")
    slack_bot_token: Annotated[str | None, Secret()] = Field(
        None, repr=False, description="The Slack app's bot token, xoxb-…"
    )
    slack_app_token: Annotated[str | None, Secret()] = Field(
        None, repr=False, description="The Slack app's own token, xapp-…: Socket Mode, which needs no public address"
    )
    slack_signing_secret: Annotated[str | None, Secret()] = Field(
        None, repr=False, description="Checks requests of Slack that arrive over HTTP, where there is no Socket Mode"
    )
    slack_api_url: str | None = Field(None, description="Slack's API, ending in /api/; unset is the real one")
    lyrics_url: Annotated[str | None, Secret()] = Field(
        None, repr=False, description="A language model that writes lyrics: an OpenAI-compatible address, ending in /v1"
    )
    lyrics_model: str | None = Field(None, description="Which model of that address writes")
    lyrics_key: Annotated[str | None, Secret()] = Field(None, repr=False, description="The key of that address")
    demucs_checkpoint: Path | None = Field(
        None, description="A Demucs model that separates any song: a .safetensors file, or the folder it lies in"
    )
    public_url: str | None = Field(None, description="Where this house is reached from outside: https://…")
    zone: str = Field("UTC", description="The time zone of what is scheduled, where nobody says another: Europe/Berlin")
    fetch_private_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Hosts inside that people's links may be fetched from: nas.lan, 10.0.0.5:8080"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("WARNING", description="How much is logged")

    @field_validator("home", "demucs_checkpoint")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @field_validator("engine_memory_mb")
    @classmethod
    def _enough(cls, memory_mb: int) -> int:
        if 0 < memory_mb < LEAST_MEMORY_MB:
            raise ValueError(f"must be {LEAST_MEMORY_MB} to 1,048,576, or 0 for as much as the engine needs")
        return memory_mb

    @field_validator("fetch_private_hosts", mode="before")
    @classmethod
    def _listed(cls, hosts: Any) -> Any:
        return [name for host in hosts.split(",") if (name := host.strip())] if isinstance(hosts, str) else hosts

    @field_validator("fetch_private_hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        if any("/" in host or "*" in host or not host for host in hosts):
            raise ValueError("must be names or addresses with commas between, such as nas.lan, 10.0.0.5:8080")
        return hosts

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, level: Any) -> Any:
        known = isinstance(level, str) and level.upper() in logging.getLevelNamesMapping()
        return level.upper() if known else level

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return url

    @field_validator("blobs_url")
    @classmethod
    def _known_store(cls, url: str) -> str:
        scheme, host = urlsplit(url)[:2]
        if ("://" in url and scheme != "file") or host:
            raise ValueError("must be a folder, or file:/// and a folder")
        return url

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        # Every command reads the settings; only those that name a zone wait for this.
        if value != "UTC":
            from zoneinfo import ZoneInfo

            try:
                ZoneInfo(value)
            except (ValueError, OSError, KeyError) as unknown_zone:
                raise ValueError("the name of a time zone, such as Europe/Berlin") from unknown_zone
        return value

    @field_validator("discord_api_url", "slack_api_url", "public_url", "lyrics_url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
            raise ValueError("must be a web address: http://… or https://…")
        return url

    @field_validator("discord_api_url")
    @classmethod
    def _no_slash(cls, url: str | None) -> str | None:
        return None if url is None else url.rstrip("/")

    @field_validator("slack_api_url")
    @classmethod
    def _slash(cls, url: str | None) -> str | None:
        return None if url is None else url.rstrip("/") + "/"

    @property
    def blobs(self) -> Path:
        """The folder that `blobs_url` names."""
        url = self.blobs_url
        path = unquote(urlsplit(url).path) if url.startswith("file://") else url
        return Path(path).expanduser().absolute()

    @property
    def shown_database_url(self) -> str:
        """`database_url` as it may be shown: without password and parameters."""
        url = urlsplit(self.database_url)
        who, at, where = url.netloc.rpartition("@")
        return f"{url.scheme}://{who.partition(':')[0]}{at}{where}{url.path}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del env_settings, dotenv_settings, file_secret_settings  # `_layers` reads them, with their names
        return (_AllSources(settings_cls, init_settings),)


def load_settings(**arguments: Any) -> Settings:
    """The settings from every source, `arguments` first. Raises `ConfigError` naming source, key, value and range."""
    try:
        return Settings(**arguments)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
    name = str(detail["loc"][0])
    layer = next((layer for layer in _layers(Settings, arguments) if name in layer.values), None)
    source, key = (layer.source, layer.key(name)) if layer else ("default", name)
    schema = TypeAdapter(Settings).json_schema()
    raise ConfigError(sentence(source, key, detail, schema, secret=name in _secrets(Settings)))


@dataclass(frozen=True)
class _Layer:
    """What one source says. `source` is how people know it; keys of environments are spelled as there."""

    source: str
    values: Mapping[str, Any]
    prefix: str = ""
    suffix: str = ""

    def key(self, name: str) -> str:
        return f"{self.prefix}{name.upper()}{self.suffix}" if self.prefix else name


class _AllSources(PydanticBaseSettingsSource):
    """Every source in its order. The layers are also what tells where a wrong value came from."""

    def __init__(self, settings_cls: type[BaseSettings], init: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._init = init

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for layer in _layers(self.settings_cls, self._init()):
            found = {**layer.values, **found}
        return found


def _layers(cls: type[BaseSettings], arguments: Mapping[str, Any]) -> Iterator[_Layer]:
    """The sources from the strongest to the weakest. Raises `ConfigError` for a file that can't be read."""
    environment = EnvSettingsSource(cls)
    dotenv = DotEnvSettingsSource(cls, env_file=".env")
    first = [
        _Layer("arguments", dict(arguments)),
        _Layer("environment", environment(), PREFIX),
        _Layer(".env", {name: value for name, value in dotenv().items() if name in cls.model_fields}, PREFIX),
        _Layer("environment", _secret_files(cls, {**dotenv.env_vars, **environment.env_vars}), PREFIX, "_FILE"),
        _toml(cls, Path("minstrel.toml").absolute()),
    ]
    yield from first
    home = next((layer.values["home"] for layer in first if "home" in layer.values), DEFAULT_HOME)
    of_home = Path(home).expanduser().absolute() / "minstrel.toml"
    if of_home != Path("minstrel.toml").absolute():
        layer = _toml(cls, of_home)
        if "home" in layer.values:
            raise ConfigError(f"{of_home}: home can't be set in its own folder; set {PREFIX}HOME instead")
        yield layer


def _toml(cls: type[BaseSettings], path: Path) -> _Layer:
    values = read_toml(path) if path.exists() else {}
    for name in values:
        if name not in cls.model_fields:
            raise ConfigError(unknown(str(path), name, name, cls.model_fields))
    return _Layer(str(path), values)


def _secret_files(cls: type[BaseSettings], environment: Mapping[str, str | None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _secrets(cls):
        key = f"{PREFIX}{name}_file"
        path = environment.get(key.lower())
        if not path:
            continue
        try:
            found[name] = Path(path).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "not a text"
            raise ConfigError(f"environment: {key.upper()} is {shown(path)}, can't be read: {reason}") from None
    return found


def _secrets(cls: type[BaseSettings]) -> list[str]:
    return [name for name, field in cls.model_fields.items() if any(isinstance(m, Secret) for m in field.metadata)]
