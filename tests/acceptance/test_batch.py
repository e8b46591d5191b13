"""A batch of 200 rows, seven of them bad, through a kill in the middle and a cancel of the rest (acceptance 2)."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, func, select

from bot.answers import Answer
from bot.compose import House, load_settings, open_house
from bot.desk import Desk
from storage import ledger, soundness
from storage.tables import Bulletin, Job, Track, Transfer
from tests.acceptance.batch_house import FILE_LIMIT
from tests.acceptance.studio_cli import Shell
from tests.fakes.incoming import ScriptedDecoder, ScriptedFetcher
from workflows.incoming import Incoming
from workflows.people import ReplyTo, Requester
from workflows.runs.view import RunView, look

LINK = "https://lists.example/album.csv"
ANN, ROOM = Requester("chat", "U1", "ann"), ReplyTo("chat", "room")
ROWS, PRICE = 200, 5
REFUSED = {30: "song,slow blues,5,900", 75: "sogn,slow blues,5,", 130: "stems,,,", 180: "credits,,,"}
BROKEN = (6, 24, 40)
KILLED_AT, CANCELLED_AT = 18, 50
# The line of a song that is under way, for sure, when the kill comes.
STALLED = 20
# And this one in the second: nothing is done with all before somebody calls it off.
LAST = 190


def the_list() -> bytes:
    lines = ["command,caption,duration,bpm"]
    for line in range(2, ROWS + 2):
        caption = f"broken {line}" if line in BROKEN else f"song {line}"
        lines.append(REFUSED.get(line, f'song,"{caption}",5,'))
    return "\r\n".join(lines).encode("utf-16")


@pytest.fixture
def opened(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("MINSTREL_HOME", str(tmp_path))
    monkeypatch.setenv("MINSTREL_DATABASE_URL", database_url)
    with open_house(load_settings()) as house:
        yield house


@contextmanager
def a_process(house: House, stalled: str = "") -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "MINSTREL_DATABASE_URL": house.db.url.render_as_string(hide_password=False),
        "MINSTREL_LEASE_S": "1.5",
        "MINSTREL_LOG_LEVEL": "ERROR",
    }
    shell = Shell(house.settings.home, settings)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.batch_house", stalled], env=shell.environment, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def desk_of(house: House) -> Desk:
    door = Incoming(
        db=house.db, blobs=house.blobs, rules=house.rules, fetcher=lambda: ScriptedFetcher({LINK: the_list()}),
        decoder=ScriptedDecoder(), folder=house.coming_in,
    )  # fmt: skip
    return Desk(house.db, house.rules, lambda: None, door)


def until(house: House, run: int, enough: Callable[[RunView], bool]) -> RunView:
    for _ in range(300):
        shown: RunView = house.db.read(lambda session: look(session, run))
        if enough(shown):
            return shown
        time.sleep(0.2)
    raise AssertionError(f"it did not come so far: {shown.status}, {shown.count('DONE')} done, {shown.held_up}")


@pytest.mark.timeout(120)
def test_two_hundred_rows_a_kill_and_a_cancel(opened: House) -> None:
    desk = desk_of(opened)

    def ask(command: str) -> Answer:
        answer = asyncio.run(desk.typed(ANN, ROOM, command, command))
        assert isinstance(answer, Answer)
        return answer

    def press(name: str, run: int) -> Answer:
        answer = asyncio.run(desk.did(ANN, ROOM, name, run, 0, name))
        assert isinstance(answer, Answer)
        return answer

    offered = ask(f"/batch {LINK}")
    assert f"196 songs, {196 * PRICE} credits" in offered.text
    for line, words in ((30, "`bpm` is 900, must be 30 to 300 BPM"), (75, "`/sogn`"), (130, "`source_job_id`")):
        assert f"line {line}: " in offered.text
        assert words in offered.text
    start, drop = offered.deeds
    assert (start.name, start.label, drop.name) == ("run_start", "Start the other 196", "run_drop")
    run = start.on
    assert opened.db.read(lambda session: session.exec(select(func.count()).select_from(Job)).one()) == 0

    with a_process(opened, stalled=f"song {STALLED}") as first:
        press("run_start", run)
        until(opened, run, lambda shown: shown.count("DONE") >= KILLED_AT and under_way(shown, STALLED))
        first.send_signal(signal.SIGKILL)
        first.wait()
    killed = until(opened, run, lambda _: True)
    assert killed.status == "RUNNING"
    with a_process(opened, stalled=f"song {LAST}"):
        until(opened, run, lambda shown: shown.count("DONE") >= CANCELLED_AT and state(shown, STALLED) == "DONE")
        press("run_cancel", run)
        ended = until(opened, run, lambda shown: shown.ended)
        message = the_message(opened)

    assert ended.status == "CANCELLED"
    made, failed = ended.count("DONE"), ended.count("FAILED")
    assert CANCELLED_AT <= made < 196
    assert {step.line for step in ended.steps if step.state == "FAILED"} == {*BROKEN}
    assert made + failed + ended.count("CANCELLED") == 196
    opened.db.read(lambda session: the_books_are_right(session, ended))
    the_message_says_all(message, ended)
    the_table_has_every_row(message["sheet"][1], ended)
    the_files_are_those_of_their_rows(message, ended)


def under_way(run: RunView, line: int) -> bool:
    return any(step.line == line and step.progress for step in run.steps)


def state(run: RunView, line: int) -> str:
    return next(step.state for step in run.steps if step.line == line)


def the_message(house: House) -> dict[str, Any]:
    """The one message of the run, once it says how it ended."""
    for _ in range(400):
        files = [*(house.settings.home / "chat").glob("*")]
        found = [json.loads(file.read_text()) for file in files if file.suffix == ".json"]
        if found and found[0]["ended"]:
            assert len(found) == 1
            assert not [file for file in files if file.name.startswith("job-")], (
                "a song of a run has no message of its own"
            )
            return dict(found[0])
        time.sleep(0.05)
    raise AssertionError("the message never said how it ended")


def the_books_are_right(session: Session, run: RunView) -> None:
    """Charged once for each song that is there, and nothing is held."""
    made = run.count("DONE")
    charges = session.exec(select(Transfer).where(Transfer.kind == "capture")).all()
    assert sum(charge.amount for charge in charges) == made * PRICE == run.paid
    assert len({charge.hold_key for charge in charges}) == len(charges)
    balance = ledger.balance(session, f"user:{run.user_id}")
    assert (balance.posted, balance.held) == (1000 - made * PRICE, 0)
    assert ledger.check(session) == []
    assert soundness.check(session) == []
    jobs = session.exec(select(Job)).all()
    assert len({job.step_id for job in jobs}) == len(jobs)
    assert max(job.attempt for job in jobs) > 1
    assert len(session.exec(select(Track.id)).all()) == made
    assert session.exec(select(func.count()).select_from(Bulletin)).one() == 1


def the_message_says_all(message: dict[str, Any], run: RunView) -> None:
    left = run.count("CANCELLED")
    made = run.count("DONE")
    assert message["posts"] == 1
    assert message["edits"] >= 2
    assert message["line"] == (
        f"cancelled: {made} songs made, {made * PRICE} credits · 3 failed · {left} called off, not charged"
    )
    told = "\n".join(message["lines"])
    assert all(f"line {line}: " in told for line in (*REFUSED, *BROKEN))
    assert message["deeds"] == ["run_show"]


def the_table_has_every_row(sheet: str, run: RunView) -> None:
    rows = {int(row["row"]): row for row in csv.DictReader(io.StringIO(sheet))}
    assert sorted(rows) == [*range(2, ROWS + 2)]
    assert {line for line, row in rows.items() if row["status"] == "refused"} == {*REFUSED}
    assert {line for line, row in rows.items() if row["status"] == "failed"} == {*BROKEN}
    done = {line for line, row in rows.items() if row["status"] == "done"}
    assert done == {step.line for step in run.steps if step.state == "DONE"}
    assert sum(int(row["credits"]) for row in rows.values()) == len(done) * PRICE
    assert all(row["error"] for line, row in rows.items() if line in (*REFUSED, *BROKEN))
    assert rows[3]["command"] == '/song duration:5 caption:"song 3"'


def the_files_are_those_of_their_rows(message: dict[str, Any], run: RunView) -> None:
    there: dict[str, str] = {}
    for path in map(Path, message["zips"]):
        assert path.stat().st_size <= FILE_LIMIT
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            there |= {name: archive.read(name).decode() for name in archive.namelist()}
    assert there.pop("table.csv") == message["sheet"][1]
    made = {f"{step.number:03}-a-title.mp3": f"song {step.line}" for step in run.steps if step.state == "DONE"}
    assert there.items() <= made.items()
    assert len(there) + message["left_out"] == len(made)
