"""Somebody takes along everything that is kept about them, and is then forgotten: proven by looking everywhere."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Text
from sqlmodel import select

from bot import mydata
from bot.on_terminal.courier import FolderCourier
from bot.on_terminal.handed import hand_over
from storage import bans, ledger, personal, users
from storage.blobs import FolderBlobs
from storage.database import Database
from storage.personal import IMPERSONAL, PERSONAL
from storage.tables import Account, Entry, Hold, Job, Outbox, Report, Transfer, Vote
from storage.tables import Table as Base
from tests.acceptance.somebody import (
    DISCORD,
    MARK,
    SLACK,
    TABLES,
    TRACE,
    blobs_of,
    dumped,
    free_texts,
    live_in,
    rows_of,
    traces,
)  # fmt: skip
from tests.integration.house import rules
from workflows import credits, housekeeping
from workflows.bulletins import Notice
from workflows.deliver import Parcel, deliver_due
from workflows.people import Requester
from workflows.privacy import export, forget
from workflows.refusal import Refusal

OWN = ("song", "stem", "brought", "picture")
ANN = Requester("discord", DISCORD, f"{MARK}-name")


class Chat:
    """A chat that does what it is told, and remembers what."""

    def __init__(self, surface: str) -> None:
        self.surface = surface
        self.removed: list[str | None] = []

    async def deliver(self, parcel: Parcel) -> str | None:
        if parcel.job.vanished:
            self.removed.append(parcel.job.post)
            return None
        return "post"

    async def put_up(self, notice: Notice) -> str | None:
        if notice.withdrawn:
            self.removed.append(notice.post)
        return None if notice.withdrawn else notice.post or "post"

    def elsewhere(self, told: object) -> str | None:
        return None


class Place:
    """A house that somebody lived in, with everything on the disk in `home`."""

    def __init__(self, database: Database, home: Path) -> None:
        self.db, self.home = database, home
        self.blobs = FolderBlobs(home / "blobs")
        self.number = live_in(database, self.blobs, home)
        self.songs = home / "songs"
        self.chats = {name: Chat(name) for name in ("discord", "slack")}
        self.couriers: dict[str, Any] = {**self.chats, "terminal": FolderCourier(self.blobs.path, self.songs, rules())}

    def deliver(self) -> None:
        async def until_done() -> None:
            while await deliver_due(self.db, self.couriers, self.couriers):
                pass

        asyncio.run(until_done())

    def forget(self) -> forget.Forgotten:
        return asyncio.run(forget.me(self.db, ANN, request="discord:999"))

    def sweep(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(housekeeping, "ORPHAN_S", -60.0)
        asyncio.run(housekeeping.forget(self.db))
        asyncio.run(housekeeping.sweep(self.db, self.blobs, self.home / "incoming"))


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    return Place(database, tmp_path)


def test_every_table_says_whose_its_rows_are() -> None:
    assert PERSONAL.keys() | IMPERSONAL.keys() == Base.metadata.tables.keys()
    assert not PERSONAL.keys() & IMPERSONAL.keys()


def test_whoever_is_tested_here_left_a_trace_in_every_table_and_column(place: Place) -> None:
    there = rows_of(place.db, place.number)
    for name, about in PERSONAL.items():
        assert there[about.called], name
        said = {column for row in there[about.called] for column, value in row.items() if value not in (None, "")}
        missing = {column.name for column in free_texts(TABLES[name]) if column.name not in about.untold} - said
        assert not missing, (name, missing)


def test_an_export_has_everything(place: Place, tmp_path: Path) -> None:
    found = asyncio.run(export.mine(place.db, rules(), ANN))
    archive = zipfile.ZipFile(hand_over(mydata.bundle(found), place.blobs.path, tmp_path / "out"))
    data = archive.read("data.json").decode()
    there = rows_of(place.db, place.number)
    written = json.dumps(there, default=str, ensure_ascii=False)
    assert {trace.lower() for trace in TRACE.findall(written)} <= {trace.lower() for trace in TRACE.findall(data)}
    assert sum(map(len, json.loads(data).values())) == sum(map(len, there.values()))
    files = {archive.read(name).decode() for name in archive.namelist() if name.endswith(".flac")}
    assert files == {f"the sound of {name}" for name in (*(f"{MARK}-{own}" for own in OWN), "shared")}
    assert f"{MARK}-name" in archive.read("README.txt").decode()
    # What is about others is theirs.
    assert '"mo"' not in data
    assert f"{MARK}-complaint" not in data
    # What opens doors stays here: whoever finds the file shall not find those.
    assert f"{MARK}-digest" not in data
    assert f"{MARK}-secret" not in data


# What nobody is told: about others, or no more than our own machinery.
UNTOLD = {
    "link_code.code", "ban.by", "job.token", "job.worker", "job.lease_until", "track.peaks", "outbox.lease_until",
    "review.by", "audit.by", "bulletin.lease_until", "api_key.digest", "webhook_endpoint.secret",
}  # fmt: skip


def test_an_export_leaves_out_no_row_and_no_column(place: Place) -> None:
    """By the number in each row, whatever our own list of tables says."""
    found = asyncio.run(export.mine(place.db, rules(), ANN))
    user = TABLES["user"].c
    numbers = select(user.id).where((user.id == place.number) | (user.joined == place.number))
    for name, table in TABLES.items():
        if "user_id" not in table.c:
            continue
        theirs = select(*table.columns).where(table.c.user_id.in_(numbers))
        there = place.db.read(lambda s, theirs=theirs: [r._asdict() for r in s.connection().execute(theirs)])  # type: ignore[misc]
        told = found.data[PERSONAL[name].called]
        assert there
        assert len(told) >= len(there), name
        columns = {column for row in there for column, value in row.items() if value is not None}
        assert {f"{name}.{column}" for column in columns.difference(*told)} <= UNTOLD


def test_whoever_is_forgotten_is_found_nowhere(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.deliver()
    assert TRACE.search(" ".join(str(path) for path in place.songs.rglob("*")))
    assert len(blobs_of(place.db)) == 6
    gone = place.forget()
    assert (gone.songs, gone.credits) == (4, 502)
    place.deliver()
    place.sweep(monkeypatch)
    assert traces(place.db) == {}
    assert len(blobs_of(place.db)) == 2
    place.db.close()
    left = {path for path in place.home.rglob("*") if path.is_file()}
    assert [path for path in left if TRACE.search(path.read_bytes().decode("latin-1"))] == []
    assert [path for path in place.home.rglob("*") if TRACE.search(path.name)] == []


def test_messages_of_whoever_is_forgotten_are_taken_down_and_only_then_is_their_place_forgotten(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.deliver()
    place.forget()
    place.sweep(monkeypatch)
    # No courier came by yet: what they have to know is there, and no more than that.
    assert traces(place.db).keys() <= {"job", "bulletin", "outbox"}
    place.deliver()
    assert set(place.chats["discord"].removed) >= {"1234567", f"{MARK}-post-run", f"{MARK}-post-schedule"}
    assert place.chats["slack"].removed == ["1234.5678"]
    place.sweep(monkeypatch)
    assert traces(place.db) == {}
    assert place.db.read(lambda session: session.exec(select(Outbox).join(Job).where(Job.user_id != 1)).all()) == []


def test_what_is_not_only_theirs_stays(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: len(text.splitlines()) for name, text in dumped(place.db).items()}
    sums = place.db.read(lambda session: ledger.balance(session, "user:1"))
    place.forget()
    place.deliver()
    place.sweep(monkeypatch)
    after = {name: len(text.splitlines()) for name, text in dumped(place.db).items()}
    assert place.db.read(ledger.check) == []
    for name in ("audit", "hold", "account", "user", "job", "challenge", "entry", "challenge_place", "gate"):
        assert after[name] == before[name], name
    assert after["transfer"] == before["transfer"] + 1
    assert place.db.read(lambda session: ledger.balance(session, "user:1")) == sums
    assert place.db.read(lambda session: session.get(Account, f"user:{place.number}")).posted == 0  # type: ignore[union-attr]
    assert place.db.read(lambda session: {hold.state for hold in session.exec(select(Hold))}) == {"voided"}
    amounts = place.db.read(lambda s: [(row.kind, row.amount, row.note) for row in s.exec(select(Transfer))])
    assert {("gift", 5, None), ("gift", 7, None), ("erased", 502, None)} <= set(amounts)
    # Bob's complaint about his own song stays open; the words were hers.
    assert place.db.read(lambda s: [(r.why, r.closed_at) for r in s.exec(select(Report))]) == [("", None)]
    # The first challenge is over: her place in it stays. She is out of the other one, and so is the vote for her.
    entries = place.db.read(
        lambda s: [(e.challenge_id, e.state, e.place) for e in s.exec(select(Entry)) if e.user_id != 1]
    )
    assert entries == [(1, "shown", 1), (2, "withdrawn", None)]
    assert place.db.read(lambda s: [(v.challenge_id, v.user_id) for v in s.exec(select(Vote))]) == [(1, 1)]


def test_coming_back_pays_nothing_and_opens_no_shut_door(place: Place) -> None:
    place.forget()
    for who in (ANN, Requester("slack", SLACK, "ann")):
        had = asyncio.run(credits.balance(place.db, rules().pricing, who))
        assert had.available == 0
        user = place.db.read(lambda s, who=who: users.known(s, who.surface, who.external_id))  # type: ignore[misc]
        assert user is not None
        assert user.id > place.number
        assert place.db.read(lambda s, user=user: bans.of(s, user.id, 10)) == ("", None)  # type: ignore[misc]
        with pytest.raises(Refusal, match="banned"):
            asyncio.run(credits.daily(place.db, rules(roles={"everyone": {"daily": 50}}), who))


def test_a_second_press_finds_nobody(place: Place) -> None:
    place.forget()
    with pytest.raises(Refusal, match="nothing_known"):
        asyncio.run(forget.me(place.db, ANN, request="discord:1000"))
    with pytest.raises(Refusal, match="user_not_found"):
        asyncio.run(forget.named(place.db, f"deleted-{place.number}"))
    assert place.db.read(lambda session: personal.person(session, 1)).names == ("bob",)
    assert isinstance(TABLES["user"].c.name.type, Text)
