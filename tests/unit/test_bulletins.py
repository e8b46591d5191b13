"""Bulletins: shown until up to date, one edit for many changes, and nothing by whoever lost its turn."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sqlmodel import select

from storage import bulletins
from storage.bulletins import EDIT_MS
from storage.database import Database
from storage.tables import Bulletin

LEASE_MS = 100


def put_up(database: Database, key: str = "run:1", *, now: int = 10, channel: str = "c", subject: int = 1) -> bool:
    return database.write(
        lambda s: bulletins.put_up(
            s, key=key, kind="run", subject=subject, topic="progress", surface="chat", channel=channel, now=now
        )
    )


def claim(database: Database, now: int, limit: int = 10, busy: tuple[str, ...] = ()) -> tuple[Bulletin, ...]:
    return database.write(
        lambda s: bulletins.claim_due(s, surfaces=["chat"], now=now, lease_ms=LEASE_MS, limit=limit, busy=busy)
    )


def due(database: Database, now: int) -> bool:
    return database.read(lambda s: bulletins.is_due(s, surfaces=["chat"], now=now))


def bump(database: Database, now: int, *, at_once: bool = False, subject: int = 1) -> int:
    return database.write(lambda s: bulletins.bump(s, "run", subject, now, at_once=at_once))


def shown(database: Database, row: Bulletin, post: str | None = "m1") -> bool:
    return database.write(lambda s: bulletins.shown(s, row, post))


def refused(database: Database, row: Bulletin, until: int) -> bool:
    return database.write(lambda s: bulletins.retry_later(s, row, until, "503"))


def the_row(database: Database) -> Bulletin:
    return database.read(lambda s: s.exec(select(Bulletin)).one())


def test_it_is_put_up_once_and_shown_once(database: Database) -> None:
    assert put_up(database)
    assert not put_up(database)
    (row,) = claim(database, 10)
    assert not due(database, 10)
    assert shown(database, row)
    assert not due(database, 10**9)
    assert the_row(database).post == "m1"
    assert database.read(lambda s: bulletins.settled(s, "run", 1))


def test_many_changes_are_one_edit_and_an_end_does_not_wait(database: Database) -> None:
    put_up(database)
    (row,) = claim(database, 10)
    shown(database, row)
    for moment in range(20, 40):
        bump(database, moment)
    assert not due(database, 10 + EDIT_MS - 1)
    assert bump(database, 50, at_once=True) == 1
    (row,) = claim(database, 50)
    assert shown(database, row)
    assert not due(database, 10**9)


def test_what_changed_while_it_was_shown_is_shown_next_and_in_its_turn(database: Database) -> None:
    put_up(database)
    (row,) = claim(database, 10)
    bump(database, 11)
    shown(database, row)
    assert not due(database, 10 + EDIT_MS - 1)
    (row,) = claim(database, 10 + EDIT_MS)
    bump(database, 10 + EDIT_MS, at_once=True)
    shown(database, row)
    assert claim(database, 10 + EDIT_MS)


def test_an_end_waits_as_long_as_the_chat_said(database: Database) -> None:
    put_up(database)
    (row,) = claim(database, 10)
    refused(database, row, 5000)
    bump(database, 20, at_once=True)
    assert not due(database, 4999)
    (again,) = claim(database, 5000)
    assert (again.attempts, again.error) == (2, "503")


def test_one_who_lost_its_turn_changes_nothing(database: Database) -> None:
    put_up(database)
    (late,) = claim(database, 10)
    (row,) = claim(database, 10 + EDIT_MS + LEASE_MS)
    assert not database.write(lambda s: bulletins.extend(s, late, 10**9))
    assert not shown(database, late, "of the late one")
    assert not refused(database, late, 10**9)
    assert not database.write(lambda s: bulletins.dead(s, late, 20, "late"))
    assert shown(database, row, "m2")
    assert not shown(database, late, "of the late one")
    assert the_row(database).post == "m2"
    # Nor does one whose first try looks like the first try of what came after.
    bump(database, 10**6)
    (after,) = claim(database, 10**6)
    assert after.attempts == late.attempts
    assert not refused(database, late, 10**9)
    assert shown(database, after, "m2")


def test_one_a_channel_and_none_where_something_is_under_way(database: Database) -> None:
    for number, channel in enumerate(("busy", "busy", "quiet")):
        put_up(database, f"k{number}", channel=channel, subject=number)
    assert [row.key for row in claim(database, 10)] == ["k0", "k2"]
    assert claim(database, 10, busy=("busy",)) == ()
    assert [row.key for row in claim(database, 10)] == ["k1"]


def test_it_goes_to_its_owner_where_the_channel_is_shut(database: Database) -> None:
    put_up(database)
    (row,) = claim(database, 10)
    assert database.write(lambda s: bulletins.readdressed(s, row, "dm:ann", "channel_gone", 20, "gone"))
    (row,) = claim(database, 20)
    assert (row.channel, row.moved, row.post, row.server, row.created_at) == ("dm:ann", "channel_gone", None, None, 20)


def test_what_is_withdrawn_is_taken_down_and_stays_down(database: Database) -> None:
    put_up(database)
    (row,) = claim(database, 10)
    shown(database, row)
    assert database.write(lambda s: bulletins.withdraw(s, "run", 1, 20)) == 1
    (row,) = claim(database, 20)
    assert (row.withdrawn, row.post) == (True, "m1")
    shown(database, row, None)
    assert bump(database, 30, at_once=True) == 0
    assert not due(database, 10**9)


def test_a_topic_is_changed_by_itself_and_the_dead_are_left_alone(database: Database) -> None:
    put_up(database)
    assert database.write(lambda s: bulletins.bump(s, "run", 1, 11, topic="podium")) == 0
    assert database.write(lambda s: bulletins.bump(s, "challenge", 1, 11)) == 0
    (row,) = claim(database, 11)
    database.write(lambda s: bulletins.dead(s, row, 12, "no such channel"))
    assert bump(database, 13) == 0
    assert not due(database, 10**9)
    assert database.read(lambda s: bulletins.settled(s, "run", 1))


def test_several_processes_share_them_out(database_url: str) -> None:
    """Each is claimed by one of them alone, however many look at once."""
    processes = [Database(database_url) for _ in range(3)]
    for number in range(24):
        put_up(processes[0], f"k{number}", channel=f"c{number}", subject=number)

    def take(database: Database) -> list[str]:
        taken: list[str] = []
        while due(database, 10):
            taken += [row.key for row in claim(database, 10, limit=3)]
        return taken

    with ThreadPoolExecutor() as pool:
        taken = [key for keys in pool.map(take, processes) for key in keys]
    for database in processes:
        database.close()
    assert sorted(taken) == sorted(f"k{number}" for number in range(24))


@dataclass
class Wall:
    """What a channel shows: the message of each bulletin, and what it says."""

    messages: list[tuple[int, int]] = field(default_factory=list)

    def show(self, row: Bulletin, truth: int) -> str:
        """As a courier does it: it knows its message, or looks for it where it tried before."""
        index = int(row.post) if row.post is not None else None
        if index is None and row.attempts > 1:
            index = next((i for i, (number, _) in enumerate(self.messages) if number == row.id), None)
        if index is None:
            self.messages.append((row.id, truth))
            return str(len(self.messages) - 1)
        self.messages[index] = (row.id, truth)
        return str(index)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_in_between_there_is_one_message_and_it_says_what_is_true(
    database: Database, seed: int
) -> None:
    """Changes, crashes before and after the post, refusals and stalls, in any order."""
    dice, wall, truth, now = random.Random(seed), Wall(), [0, 0], 10
    for number in (0, 1):
        put_up(database, f"run:{number}", now=now, channel=f"c{number % 2}", subject=number)
    stalled: list[tuple[Bulletin, str]] = []
    for _ in range(60):
        now += dice.choice((1, 50, LEASE_MS, EDIT_MS))
        subject = dice.randrange(2)
        if dice.random() < 0.5:
            truth[subject] += 1
            bump(database, now, at_once=dice.random() < 0.3, subject=subject)
        for row in claim(database, now):
            match dice.choice(("shown", "shown", "crash before", "crash after", "refused", "stalls")):
                case "shown":
                    assert shown(database, row, wall.show(row, truth[row.subject]))
                case "crash after":
                    wall.show(row, truth[row.subject])
                case "refused":
                    refused(database, row, now + 70)
                case "stalls":
                    stalled.append((row, wall.show(row, truth[row.subject])))
        if stalled and dice.random() < 0.3:
            shown(database, *stalled.pop())
    for _ in range(4):
        now += EDIT_MS + LEASE_MS
        for row in claim(database, now):
            assert shown(database, row, wall.show(row, truth[row.subject]))
    assert not due(database, 10**12)
    assert sorted(wall.messages) == [(1, truth[0]), (2, truth[1])]
