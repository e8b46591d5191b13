"""Processes that wait for work are woken by whoever commits some, on one machine or many."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlmodel import Session

from storage import wake
from storage.database import Database
from storage.engines import settled
from storage.wake import TOPICS, Topic, Waker, open_waker
from storage.wake_sockets import _folder
from tests.rows import person

LONG_AGO = 1_000_000_000


class Listener:
    """Another process that listens."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.wake_listener", url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def says(self, *expected: str) -> None:
        """Read what it was woken for: exactly that, in this order."""
        assert self.process.stdout is not None
        for word in expected:
            assert self.process.stdout.readline().strip() == word

    def hears(self, *expected: str) -> None:
        """Read until it was woken for all of them, however often and in whatever order."""
        assert self.process.stdout is not None
        missing = set(expected)
        for line in self.process.stdout:
            missing.discard(line.strip())
            if not missing:
                return
        raise AssertionError(f"it ended without {missing}")

    def stop(self) -> None:
        self.process.communicate("\n", timeout=30)


@pytest.fixture
def waker(database_url: str) -> Iterator[Waker]:
    waker = open_waker(settled(database_url))
    yield waker
    waker.close()


@pytest.fixture
def listener(database_url: str) -> Iterator[Callable[[], Listener]]:
    """Starts listeners, which have been told what may have been there before."""
    started: list[Listener] = []

    def start() -> Listener:
        started.append(Listener(database_url))
        started[-1].says(*TOPICS, "ready")
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def folder_of(sqlite_url: str) -> Path:
    # Beside the file or, where that path is too long for a socket, elsewhere.
    return _folder(Path(str(settled(sqlite_url).database)).resolve())


def aged(folder: Path) -> None:
    for found in folder.iterdir():
        os.utime(found, (LONG_AGO, LONG_AGO))


async def woken(waker: Waker, told: Callable[[], object], until: Topic | None = None) -> list[Topic]:
    """What a listener in this process is woken for by `told`: the first time it is, or until it is for that."""
    got: list[Topic] = []
    some = asyncio.Event()

    def on_wake(topic: Topic) -> None:
        got.append(topic)
        if until in (None, topic):
            some.set()

    async with waker.listening(on_wake):
        got.clear()
        some.clear()
        told()
        async with asyncio.timeout(30):
            await some.wait()
    return got


def test_every_process_that_listens_is_woken(waker: Waker, listener: Callable[[], Listener]) -> None:
    listeners = [listener() for _ in range(3)]
    waker.notify("queue")
    for each in listeners:
        each.says("queue")
    waker.notify("outbox", "queue")
    for each in listeners:
        each.says("queue", "outbox")
        each.stop()


def test_a_process_wakes_itself(waker: Waker) -> None:
    assert asyncio.run(woken(waker, lambda: waker.notify("outbox"))) == ["outbox"]


def test_any_thread_may_notify(waker: Waker, listener: Callable[[], Listener]) -> None:
    listening = listener()
    together = threading.Barrier(8)

    def notify() -> None:
        together.wait()
        waker.notify("queue")

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(notify) for _ in range(8)]:
            done.result()
    waker.notify("outbox")
    listening.hears("queue", "outbox")


def test_a_killed_or_stopped_listener_is_in_nobodys_way(waker: Waker, listener: Callable[[], Listener]) -> None:
    killed, stopped, alive = listener(), listener(), listener()
    killed.process.kill()
    killed.process.wait()
    stopped.process.send_signal(signal.SIGSTOP)
    for _ in range(300):
        # More than any buffer holds.
        waker.notify("outbox")
    waker.notify("queue")
    alive.hears("outbox", "queue")
    # There may have been no room for the last notice: it looks for everything when it goes on.
    stopped.process.send_signal(signal.SIGCONT)
    stopped.hears("outbox", "queue")


def test_notices_without_a_listener_are_lost_and_hurt_nobody(waker: Waker) -> None:
    waker.notify("queue")
    waker.notify()
    # On Postgres a thread sends them: the first one may be on its way when somebody begins to listen.
    got = asyncio.run(woken(waker, lambda: waker.notify("outbox"), until="outbox"))
    assert got in (["outbox"], ["queue", "outbox"])
    waker.close()
    waker.close()


def test_what_a_later_version_says_is_not_for_us(waker: Waker) -> None:
    def told() -> None:
        waker.notify("lights")  # type: ignore[arg-type]
        waker.notify("queue")

    assert asyncio.run(woken(waker, told)) == ["queue"]


def test_what_a_transaction_remembers_is_taken_once(database: Database) -> None:
    def work(session: Session) -> tuple[set[Topic], set[Topic]]:
        person(session)
        wake.remember(session, "queue")
        wake.remember(session, "outbox")
        wake.remember(session, "queue")
        return set(wake.taken(session)), set(wake.taken(session))

    assert database.write(work) == ({"queue", "outbox"}, set())
    assert database.write(wake.taken) == frozenset()


def test_sockets_of_the_dead_are_removed_and_those_of_the_living_kept(sqlite_url: str) -> None:
    folder, waker = folder_of(sqlite_url), open_waker(settled(sqlite_url))
    dead, alive = Listener(sqlite_url), Listener(sqlite_url)
    for each in (dead, alive):
        each.says(*TOPICS, "ready")
    assert folder.stat().st_mode & 0o777 == 0o700
    dead.process.kill()
    dead.process.communicate()
    (folder / "notes.txt").write_text("no socket")
    aged(folder)
    waker.notify("queue")
    alive.says("queue")
    assert sorted(found.name.partition("-")[0] for found in folder.iterdir()) == sorted(
        [str(alive.process.pid), "notes.txt"]
    )
    alive.stop()
    assert [found.name for found in folder.iterdir()] == ["notes.txt"], "it takes its socket with it"
    waker.close()


def test_a_socket_that_is_just_being_bound_is_not_taken_for_a_dead_one(sqlite_url: str) -> None:
    folder, waker = folder_of(sqlite_url), open_waker(settled(sqlite_url))
    # Elsewhere an earlier run may have left one of the same name.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as gone:
        gone.bind(str(folder / "1-00000000"))
    waker.notify("queue")
    assert len(list(folder.iterdir())) == 1
    aged(folder)
    waker.notify("queue")
    assert list(folder.iterdir()) == []
    waker.close()


def test_where_nobody_listens_nothing_is_made(sqlite_url: str) -> None:
    shutil.rmtree(folder_of(sqlite_url), ignore_errors=True)
    waker = open_waker(settled(sqlite_url))
    waker.notify("queue")
    assert not folder_of(sqlite_url).exists()
    waker.close()


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """A database whose path is too long for a socket, and the folder that is used instead."""
    with tempfile.TemporaryDirectory(prefix="t") as short:
        # For other processes, and for this one, which has looked already.
        monkeypatch.setenv("TMPDIR", short)
        monkeypatch.setattr(tempfile, "tempdir", short)
        file = tmp_path / ("ü" * 60) / "minstrel.db"
        file.parent.mkdir()
        name = hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:16]
        yield f"sqlite:///{file}", Path(short) / f"minstrel-wake-{name}"


def test_a_path_too_long_for_a_socket_has_its_sockets_elsewhere(deep: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = deep
    waker, listener = open_waker(settled(url)), Listener(url)
    listener.says(*TOPICS, "ready")
    waker.notify("queue")
    listener.says("queue")
    assert folder.stat().st_mode & 0o777 == 0o700
    # The same file by another name has the same listeners.
    link = tmp_path / "short.db"
    link.symlink_to(settled(url).database or "")
    linked = open_waker(settled(f"sqlite:///{link}"))
    linked.notify("outbox")
    listener.says("outbox")
    listener.stop()
    waker.close()
    linked.close()


@pytest.mark.parametrize("trap", ["open to all", "a link"])
def test_a_folder_that_others_can_reach_is_not_used(
    deep: tuple[str, Path], trap: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url, folder = deep
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    if trap == "a link":
        folder.symlink_to(theirs)
    else:
        folder.mkdir()
        folder.chmod(0o777)
    waker = open_waker(settled(url))
    woken: list[Topic] = []

    async def listen() -> None:
        async with waker.listening(woken.append):
            waker.notify("queue")
            await asyncio.sleep(0.05)

    with caplog.at_level(logging.INFO):
        asyncio.run(listen())
    assert woken == []
    assert list(theirs.iterdir()) == []
    [record] = caplog.records
    assert record.levelno == logging.INFO
    assert "looks by the clock" in record.getMessage()
    waker.close()


def test_a_connection_that_is_cut_heals_and_catches_up(request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres").migrated()
    waker, listener = open_waker(settled(url)), Listener(url)
    listener.says(*TOPICS, "ready")
    waker.notify("outbox")
    listener.says("outbox")
    cut(url)
    listener.says(*TOPICS)
    # What this process sends on was cut as well.
    waker.notify("queue")
    listener.says("queue")
    waker.close()
    listener.stop()


def cut(url: str) -> None:
    """Cut every connection that carries notices."""
    engine = create_engine(settled(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        ended = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'minstrel wake' AND datname = current_database()"
        )
        assert len(connection.execute(ended).all()) == 2
    engine.dispose()


def test_a_server_that_is_away_neither_raises_nor_stops_the_start(tmp_path: Path) -> None:
    waker = open_waker(settled(f"postgresql:///nowhere?host={tmp_path}"))
    woken: list[Topic] = []

    async def start() -> None:
        async with waker.listening(woken.append):
            waker.notify("queue")

    asyncio.run(start())
    assert woken == []
    waker.close()
