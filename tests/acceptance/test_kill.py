"""SIGKILL to the whole process tree, twenty times, while jobs are submitted and worked (acceptance 4)."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.acceptance.studio_cli import Shell, Typist
from tests.acceptance.warm import Warm, warmed

KILLS = 20
ENDED = {"COMPLETED", "FAILED", "CANCELLED"}


def kill_tree(process_id: int) -> None:
    try:
        root = psutil.Process(process_id)
    except psutil.NoSuchProcess:
        return
    for process in [root, *root.children(recursive=True)]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


@contextmanager
def running(warm: Warm, shell: Shell, *words: str) -> Iterator[None]:
    process = warm.start(shell.environment, *words)
    try:
        yield
    finally:
        kill_tree(process.pid)
        process.wait()


@pytest.mark.waits
@pytest.mark.timeout(600)
def test_twenty_kills_lose_nothing_and_charge_nothing_twice(tmp_path: Path) -> None:
    settings = {"MINSTREL_LEASE_S": "3", "MINSTREL_LOG_LEVEL": "ERROR", "MINSTREL_ENGINES": "1"}
    shell = Typist(tmp_path / "home", settings)
    shell.run("db", "upgrade")
    songs = tmp_path / "songs"
    with warmed() as warm:
        killed_all_along(warm, shell, songs)
        jobs = worked_to_the_end(warm, shell)

    assert {job["status"] for job in jobs} <= {"COMPLETED", "FAILED"}
    assert len(jobs) >= KILLS // 2, "what was accepted is still there"
    assert sum(job["status"] == "COMPLETED" for job in jobs) >= len(jobs) // 2
    check = shell.run("credits", "check")
    assert check.returncode == 0, check.stderr
    names = [f"user{number}" for number in range(3)]
    charged = sum(1000 - shell.json("credits", "balance", name)["posted"] for name in names)
    assert charged == sum(job["credits"] for job in jobs if job["status"] == "COMPLETED")
    assert all(shell.json("credits", "balance", name)["held"] == 0 for name in names)
    for job in jobs:
        for track in job["tracks"]:
            assert Path(track["path"]).is_file(), "a finished song was never delivered"
    assert_nothing_half_written(shell.home, songs)


def killed_all_along(warm: Warm, shell: Shell, songs: Path) -> None:
    dice = random.Random(20261121)
    for kill in range(KILLS):
        asked = (
            "play", f'/song caption:"slow blues {kill}" duration:5 seed:{kill}', "--no-wait",
            "--as", f"user{kill % 3}", "--out", str(songs / str(kill)),
        )  # fmt: skip
        with running(warm, shell, "worker"):
            # Every other song is surely accepted before it is killed, however busy the machine is.
            if kill % 2:
                shell.run(*asked)
                time.sleep(dice.uniform(0.2, 5.5))
                continue
            with running(warm, shell, *asked):
                time.sleep(dice.uniform(0.2, 7.0))


def worked_to_the_end(warm: Warm, shell: Shell) -> list[dict[str, Any]]:
    assert shell.run("play", '/song caption:"the last one" duration:5', "--as", "user0").returncode == 0
    deadline = time.monotonic() + 200
    with running(warm, shell, "worker"):
        jobs = all_jobs(shell)
        while any(job["status"] not in ENDED for job in jobs):
            assert time.monotonic() < deadline, jobs
            time.sleep(1)
            jobs = all_jobs(shell)
        time.sleep(2.5)  # the last parcels
    return jobs


def all_jobs(shell: Shell) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = shell.json("jobs", "list", "--limit", "100")
    return jobs


def assert_nothing_half_written(home: Path, songs: Path) -> None:
    # What a kill left of a copy has no blob's name; `sweep` takes it away once it is old.
    blobs = [path for path in (home / "blobs").rglob("*") if path.is_file() and path.parent.name != "incoming"]
    assert blobs
    for blob in blobs:
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name.partition(".")[0], blob
    assert not list((home / "work").iterdir())
    assert not [path for path in songs.rglob("*") if path.name.endswith(".part")]
