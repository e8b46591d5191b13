"""An engine that dies, a locked database, a worker asked to stop: a sentence, no charge, and it works again."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from storage.database import Database
from storage.errors import DatabaseBusy
from tests.acceptance.studio_cli import Shell, Typist
from tests.integration.house import ANN, House
from workflows import control, credits

SHORT = '/song caption:"rock anthem" duration:5 batch_size:2 seed:1'
LONG = '/song caption:"rock anthem" duration:120 batch_size:2 seed:1'


def engines_of(process: psutil.Process) -> list[psutil.Process]:
    """Engine processes at work below `process`, without their small guards."""
    return [
        child
        for child in process.children()
        if "engine.pool.child" in " ".join(child.cmdline()) and child.memory_info().rss > 150 * 2**20
    ]


def playing(shell: Shell, *words: str) -> subprocess.Popen[str]:
    command, pipe = shell.command("play", *words), subprocess.PIPE
    return subprocess.Popen(command, env=shell.environment, stdout=pipe, stderr=pipe, text=True)


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        assert process.poll() is None
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


@pytest.mark.waits
def test_an_engine_killed_in_the_middle_is_replaced_and_the_song_is_made(tmp_path: Path) -> None:
    shell = Typist(tmp_path)
    process = playing(shell, SHORT, "--json")
    wait_for(lambda: engines_of(psutil.Process(process.pid)), process)
    for engine in engines_of(psutil.Process(process.pid)):
        engine.kill()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert [track["seed"] for track in json.loads(out)["tracks"]] == [1, 2]
    assert shell.json("credits", "balance", "local") == {"name": "local", "available": 990, "held": 0, "posted": 990}


def test_a_worker_that_is_stopped_gives_the_job_back_and_leaves_no_process(tmp_path: Path) -> None:
    shell = Typist(tmp_path)
    assert shell.run("play", LONG, "--no-wait").returncode == 0
    worker = shell.start("worker")
    wait_for(lambda: engines_of(psutil.Process(worker.pid)), worker)
    children = psutil.Process(worker.pid).children(recursive=True)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    [job] = shell.json("jobs", "list")
    assert job["status"] in ("PENDING", "COMPLETED")
    assert shell.run("credits", "check").returncode == 0


def test_ctrl_c_cancels_the_job_and_charges_nothing(tmp_path: Path) -> None:
    shell = Typist(tmp_path)
    process = playing(shell, LONG)
    wait_for(lambda: engines_of(psutil.Process(process.pid)), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Nothing was charged" in err
    assert "Traceback" not in err
    assert shell.json("credits", "balance", "local")["available"] == 1000


def test_a_locked_database_refuses_for_now_and_keeps_nothing(house: House) -> None:
    house.db.close()
    house.db = Database(f"sqlite:///{house.folder / 'minstrel.db'}", lock_wait_s=0.2)
    lock = sqlite3.connect(house.folder / "minstrel.db", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseBusy):
        asyncio.run(house.ask())
    lock.execute("ROLLBACK")
    lock.close()
    assert asyncio.run(control.recent(house.db, 5)) == []
    asyncio.run(house.ask())
    assert asyncio.run(credits.balance(house.db, house.rules.pricing, ANN)).held == 5


def test_a_database_locked_at_the_end_of_a_song_only_delays_it(house: House) -> None:
    house.db.close()
    house.db = Database(f"sqlite:///{house.folder / 'minstrel.db'}", lock_wait_s=0.1)

    async def story() -> int:
        accepted = await house.ask("wait")
        worker = await house.work(until=lambda: house.pool.running == 1)
        lock = sqlite3.connect(house.folder / "minstrel.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        house.pool.release.set()
        while worker.busy:
            await asyncio.sleep(0.02)
        lock.execute("ROLLBACK")
        lock.close()
        assert (await house.job(accepted.job_id)).status == "PROCESSING", "nobody could write how it ended"
        await asyncio.sleep(house.lease_ms / 1000)
        await worker.rescue()
        await house.work(worker)
        return accepted.job_id

    house.lease_ms = 300
    job = asyncio.run(house.job(asyncio.run(story())))
    assert job.status == "COMPLETED"
    assert asyncio.run(credits.balance(house.db, house.rules.pricing, ANN)).posted == 995
    assert asyncio.run(credits.check(house.db)) == []
