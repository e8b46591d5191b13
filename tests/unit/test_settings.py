"""Settings: which source wins, and what an operator is told when one of them is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.compose.house import lyrics_author
from config.settings import ConfigError, Settings, load_settings

Write = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and no setting from whoever runs the tests."""

    for name in [name for name in os.environ if name.upper().startswith("MINSTREL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Write:
    def writes(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return writes


def test_without_any_setting_everything_lies_in_var(folder: Path) -> None:
    settings = load_settings()
    assert settings.home == folder / "var"
    assert settings.database_url == f"sqlite:///{folder}/var/minstrel.db"
    assert settings.blobs == folder / "var" / "blobs"
    assert (settings.engine, settings.engines, settings.engine_memory_mb) == ("auto", 0, 0)
    assert (settings.engine_stall_s, settings.lease_s) == (120, 30)


def test_the_strongest_source_wins(folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("house/minstrel.toml", "engines = 1\n")
    write("minstrel.toml", 'home = "house"\n')
    assert load_settings().engines == 1
    write("minstrel.toml", 'home = "house"\nengines = 2\n')
    assert load_settings().engines == 2
    write(".env", "MINSTREL_ENGINES=3\nSOMETHING_ELSE=9\n")
    assert load_settings().engines == 3
    monkeypatch.setenv("MINSTREL_ENGINES", "4")
    assert load_settings().engines == 4
    assert load_settings(engines=5).engines == 5
    assert load_settings().home == folder / "house"


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINSTREL_ENGINES", "")
    assert load_settings().engines == 0


def test_hosts_inside_are_named_one_after_the_other(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().fetch_private_hosts == ()
    write("minstrel.toml", 'fetch_private_hosts = ["nas.lan"]\n')
    assert load_settings().fetch_private_hosts == ("nas.lan",)
    monkeypatch.setenv("MINSTREL_FETCH_PRIVATE_HOSTS", " nas.lan, 10.0.0.5:8080 ,[fd00::5],")
    assert load_settings().fetch_private_hosts == ("nas.lan", "10.0.0.5:8080", "[fd00::5]")


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().engines = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ENGINES", "65", 'environment: MINSTREL_ENGINES is "65", must be 0 to 64'),
        ("ENGINES", "two", 'environment: MINSTREL_ENGINES is "two", must be a whole number, 0 to 64'),
        (
            "ENGINE_MEMORY_MB",
            "64",
            'environment: MINSTREL_ENGINE_MEMORY_MB is "64", must be 128 to 1,048,576, or 0 for',
        ),
        ("LEASE_S", "nan", 'environment: MINSTREL_LEASE_S is "nan", must be 1 to 3,600'),
        ("ENGINE", "best", 'environment: MINSTREL_ENGINE is "best", must be one of auto, studio, acestep'),
        ("LOG_LEVEL", "loud", 'environment: MINSTREL_LOG_LEVEL is "loud", must be one of DEBUG, INFO, WARNING, ERROR'),
        (
            "FETCH_PRIVATE_HOSTS",
            "nas.lan,http://10.0.0.5/",
            'environment: MINSTREL_FETCH_PRIVATE_HOSTS is "nas.lan,http://10.0.0.5/", must be names or addr',
        ),
        ("BLOBS_URL", "s3://songs", 'environment: MINSTREL_BLOBS_URL is "s3://songs", must be a folder, or file:///'),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"MINSTREL_{name}", value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value).startswith(message)


def test_a_wrong_line_of_a_file_is_named_with_its_file(write: Write) -> None:
    path = write("minstrel.toml", "engine_stall_s = 0\n")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value) == f"{path}: engine_stall_s is 0, must be 1 to 3,600"
    write("minstrel.toml", "")
    write(".env", "MINSTREL_ENGINES=-1\n")
    with pytest.raises(ConfigError, match=r'^\.env: MINSTREL_ENGINES is "-1", must be 0 to 64$'):
        load_settings()


def test_a_misspelled_key_of_a_file_is_not_ignored(write: Write) -> None:
    path = write("minstrel.toml", "engine_memory = 2000\n")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value) == f"{path}: engine_memory is not a known key, did you mean engine_memory_mb?"


def test_a_file_that_is_not_toml_is_named_with_its_line(write: Write) -> None:
    path = write("minstrel.toml", "engines = 2\nlease_s =\n")
    with pytest.raises(ConfigError, match="line 2") as caught:
        load_settings()
    assert str(path) in str(caught.value)


def test_home_cannot_move_itself(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("house/minstrel.toml", 'home = "elsewhere"\n')
    monkeypatch.setenv("MINSTREL_HOME", "house")
    with pytest.raises(ConfigError, match="set MINSTREL_HOME instead"):
        load_settings()


def test_a_secret_may_lie_in_a_file_of_its_own(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("secrets/database", "postgresql://ada:t0psecret@db/minstrel?sslmode=require\n")
    write("minstrel.toml", 'database_url = "sqlite:///weaker.db"\n')
    monkeypatch.setenv("MINSTREL_DATABASE_URL_FILE", str(path))
    settings = load_settings()
    assert settings.database_url == "postgresql://ada:t0psecret@db/minstrel?sslmode=require"
    assert settings.shown_database_url == "postgresql://ada@db/minstrel"
    assert "t0psecret" not in repr(settings) + str(settings)
    monkeypatch.setenv("MINSTREL_DATABASE_URL_FILE", str(path) + "x")
    with pytest.raises(ConfigError, match=r"MINSTREL_DATABASE_URL_FILE is .* can't be read: No such file"):
        load_settings()


def test_who_writes_lyrics_is_shown_without_its_key(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINSTREL_LYRICS_KEY_FILE", str(write("secrets/lyrics", "sk-t0psecret\n")))
    settings = load_settings(lyrics_url="http://ada:t0psecret@models/v1", lyrics_model="tiny", engine_stall_s=40)
    assert lyrics_author(settings) == {
        "url": "http://ada:t0psecret@models/v1", "model": "tiny", "key": "sk-t0psecret", "budget_s": 30,
    }  # fmt: skip
    assert "t0psecret" not in repr(settings) + str(settings)
    assert lyrics_author(load_settings(lyrics_url="http://models/v1")) is None


def test_a_wrong_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINSTREL_DATABASE_URL", "mysql://ada:t0psecret@db/minstrel")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert "t0psecret" not in str(caught.value)
    assert str(caught.value).endswith("must begin with sqlite:/// or postgresql://")
    monkeypatch.delenv("MINSTREL_DATABASE_URL")
    monkeypatch.setenv("MINSTREL_LYRICS_URL", "ftp://ada:t0psecret@models/v1")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert "t0psecret" not in str(caught.value)
    assert str(caught.value).endswith("must be a web address: http://… or https://…")


def test_blobs_may_be_named_by_an_address() -> None:
    assert load_settings(blobs_url="file:///srv/my%20songs").blobs == Path("/srv/my songs")
    assert load_settings(blobs_url="/srv/songs").blobs == Path("/srv/songs")


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
