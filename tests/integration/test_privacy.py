"""Forgetting while music is made, songs that are kept no longer, and servers that remove the bot."""

from __future__ import annotations

import asyncio
import contextlib
import io
import zipfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from simcord import InteractionResult, ResponseMessage
from sqlmodel import Session, col, select, update

from bot.card import card
from storage import departed, ledger, schedules, servers
from storage.blobs import FolderBlobs, KeptBlob
from storage.database import Database
from storage.tables import Challenge, Entry, Job, LinkCode, Outbox, Run, Step, Track, TrackFile, User
from tests.acceptance.somebody import challenge, dumped, live_in
from tests.integration.discord_room import Room, answer, room_in, song_house
from tests.integration.house import ANN, House, rules
from tests.integration.slack_house import scene, shown
from tests.rows import free_job, person
from workflows import control, housekeeping, link
from workflows.limits import Retention
from workflows.people import ReplyTo, now_ms
from workflows.privacy import departed as removals
from workflows.privacy import forget, retention
from workflows.privacy.retention import DAY_MS
from workflows.refusal import Refusal
from workflows.submit import submit

# --- while music is made ---


def test_whoever_makes_a_song_of_somebody_who_is_forgotten_has_lost_it(house: House) -> None:
    async def story() -> None:
        await house.ask("wait")
        worker = await house.work(until=lambda: house.pool.running == 1)
        gone = await forget.me(house.db, ANN)
        assert gone.credits == 1000
        # It would be finished now; nothing of it may come back.
        house.pool.release.set()
        await house.work(worker)
        await housekeeping.forget(house.db)

    asyncio.run(story())
    [job] = house.db.read(lambda session: session.exec(select(Job)).all())
    assert (job.status, job.spec, job.title, job.plan) == ("CANCELLED", "{}", None, None)
    for table in (Track, TrackFile, Outbox):
        assert house.db.read(lambda session, table=table: session.exec(select(table)).all()) == []  # type: ignore[misc]
    assert house.db.read(ledger.check) == []
    with pytest.raises(Refusal, match="job_not_found"):
        asyncio.run(control.retry(house.db, 1))


def test_who_asks_for_songs_while_they_are_forgotten_leaves_nothing_half_done(database_url: str) -> None:
    asking, forgetting = Database(database_url), Database(database_url)
    here = ReplyTo("terminal", "")

    async def ask(caption: str) -> None:
        # Whoever comes too late is somebody new, without credits.
        with contextlib.suppress(Refusal):
            await submit(asking, rules(), ANN, here, "text2music", {"caption": caption, "duration": 30})

    async def story() -> None:
        await ask("first")
        songs = [asyncio.create_task(ask(f"song {number}")) for number in range(20)]
        codes = [asyncio.create_task(link.begin(asking, rules().pricing, ANN, None)) for _ in range(20)]
        await asyncio.sleep(0.01)
        await forget.me(forgetting, ANN)
        await asyncio.gather(*songs, *codes)

    asyncio.run(story())
    jobs = asking.read(lambda session: session.exec(select(Job)).all())
    assert {(job.user_id, job.status, job.spec) for job in jobs} == {(1, "CANCELLED", "{}")}
    assert asking.read(ledger.check) == []
    assert asking.read(lambda session: ledger.balance(session, "user:1")).posted == 0
    assert 1 not in asking.read(lambda session: session.exec(select(LinkCode.user_id)).all())
    asking.close()
    forgetting.close()


def test_a_daily_gift_is_not_to_be_had_twice_by_leaving(house: House) -> None:
    from workflows import credits

    generous = rules(roles={"everyone": {"daily": 50, "monthly": 300}})

    async def has() -> int:
        return (await credits.account(house.db, generous, ANN)).balance.available

    async def story() -> None:
        await credits.daily(house.db, generous, ANN)
        assert await has() == 1350
        await forget.me(house.db, ANN)
        assert await has() == 0
        with pytest.raises(Refusal, match="daily_taken"):
            await credits.daily(house.db, generous, ANN)
        assert await has() == 0

    asyncio.run(story())


# --- songs that are kept no longer ---


class Shelf:
    """Songs of one megabyte each, made so many days ago."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.db, self._store, self._folder = database, FolderBlobs(folder / "blobs"), folder
        self.owner = database.write(lambda session: person(session).id)

    def song(self, days: int, **changes: Any) -> int:
        def work(session: Session) -> int:
            from storage import tracks

            job = free_job(session, self.owner, **changes)
            done = update(Job).where(col(Job.id) == job.id)
            made = now_ms() - days * DAY_MS
            session.exec(done.values(status="COMPLETED", started_at=made, finished_at=made, title=f"song {job.id}"))
            tracks.add(
                session, job_id=job.id, take=1, title="t", seed=1, duration=5, sample_rate=48000, channels=2, bpm=90,
                keyscale="", timesignature="", files=[("audio", "", "flac", self._kept(job.id))], now=1,
            )  # fmt: skip
            return job.id

        return self.db.write(work)

    def _kept(self, number: int) -> KeptBlob:
        file = self._folder / "song"
        file.write_bytes(bytes([number]) * 1_000_000)
        return self._store.put(file, "flac")

    def due(self, **kept: Any) -> list[int]:
        return [song.job for song in asyncio.run(retention.due(self.db, Retention(**kept)))]

    def tidy(self, **kept: Any) -> list[int]:
        return [song.job for song in asyncio.run(retention.tidy(self.db, Retention(**kept)))]


@pytest.fixture
def shelf(database: Database, tmp_path: Path) -> Shelf:
    return Shelf(database, tmp_path)


def test_songs_go_by_age_and_the_oldest_where_there_is_no_room(shelf: Shelf) -> None:
    old, older, young = shelf.song(40), shelf.song(90), shelf.song(1)
    assert shelf.due() == []
    assert shelf.due(songs_days=30) == [older, old]
    assert shelf.due(most_gb=0.0025) == [older]
    assert shelf.due(most_gb=0.0025, songs_days=30) == [older, old]
    assert shelf.due(most_gb=0.003) == []
    assert shelf.tidy(songs_days=60) == [older]
    assert shelf.due(songs_days=60) == []
    assert shelf.tidy(most_gb=0.001) == [old]
    assert shelf.db.read(lambda session: [track.job_id for track in session.exec(select(Track))]) == [young]


def test_the_message_of_a_song_that_went_says_so(shelf: Shelf) -> None:
    number = shelf.song(40)
    shelf.tidy(songs_days=30)
    [told] = shelf.db.read(lambda session: session.exec(select(Outbox)).all())
    assert (told.job_id, told.topic, len(told.payload["files"])) == (number, "expired", 1)
    job = asyncio.run(control.show(shelf.db, number))
    assert not job.vanished
    shown = card(job, rules().capabilities, file_limit=10**9, most_files=10)
    assert shown.line.startswith("Kept no longer")
    assert (shown.title, shown.files, shown.buttons) == ("song 1", (), ())


def test_songs_that_something_needs_stay(shelf: Shelf) -> None:
    entered, source, named, part, again, free = (shelf.song(90) for _ in range(6))
    over = shelf.song(90)

    def work(session: Session) -> None:
        for song, tallied in ((entered, None), (over, 9)):
            held = challenge(shelf.owner, 1, tallied)
            session.add(held)
            session.flush()
            session.add(
                Entry(challenge_id=held.id, user_id=shelf.owner, job_id=song, take=1, state="shown", created_at=1)
            )
        free_job(session, shelf.owner, parent_id=source)
        schedules.add(
            session, user_id=shelf.owner, kind="recipe", name="karaoke", cron="0 9 * * *", zone="UTC",
            values={"song": again, "both": True}, requester={}, surface="terminal", channel="", server=None, since=1,
            now=1,
        )  # fmt: skip
        run = Run(
            user_id=shelf.owner, kind="batch", name="songs.csv", surface="terminal", channel="", requester={},
            inputs={}, status="RUNNING", price=0, created_at=1, due_at=1,
        )  # fmt: skip
        session.add(run)
        session.flush()
        steps = [
            Step(
                run_id=run.id, number=1, name="s", label="s", needs=[], task="cover", price=0, duration=5, takes=1,
                spec={}, state="DONE",
            ),
            Step(
                run_id=run.id, number=2, name="s", label="s", needs=[], task="cover", price=0, duration=5, takes=1,
                spec={"source_job_id": {"step": 1, "value": "job"}},
            ),
            Step(
                run_id=run.id, number=3, name="s", label="s", needs=[], task="cover", price=0, duration=5, takes=1,
                spec={"source_job_id": named},
            ),
        ]  # fmt: skip
        session.add_all(steps)
        session.flush()
        session.exec(update(Job).where(col(Job.id) == part).values(step_id=steps[0].id))

    shelf.db.write(work)
    assert shelf.due(songs_days=30) == [free, over]


def test_an_idle_house_without_rules_keeps_everything_and_writes_nothing(shelf: Shelf) -> None:
    shelf.song(1000)
    before = dumped(shelf.db)
    asyncio.run(housekeeping.keep_within(shelf.db, Retention()))
    asyncio.run(housekeeping.forget(shelf.db))
    assert dumped(shelf.db) == before


def test_what_was_told_long_ago_is_forgotten(shelf: Shelf) -> None:
    first, second = shelf.song(1), shelf.song(1)

    def work(session: Session) -> None:
        for number, values in enumerate(
            ((first, 1, None), (first, now_ms(), None), (second, 1, None), (second, None, 5))
        ):
            job, sent, dead = values
            session.add(
                Outbox(
                    key=str(number),
                    job_id=job,
                    surface="terminal",
                    topic="completed",
                    payload={},
                    due_at=1,
                    created_at=1,
                    sent_at=sent,
                    dead_at=dead,
                )
            )

    shelf.db.write(work)
    asyncio.run(housekeeping.forget(shelf.db))
    # Of the second one it matters still what came before its dead letter.
    assert shelf.db.read(lambda session: [row.key for row in session.exec(select(Outbox))]) == ["1", "2", "3"]


# --- servers that remove the bot ---


def test_what_is_of_a_server_goes_some_days_after_it_removed_the_bot(database: Database, tmp_path: Path) -> None:
    live_in(database, FolderBlobs(tmp_path / "blobs"), tmp_path)
    here, week = "discord:555", 7
    assert here in database.read(servers.known)

    async def story() -> None:
        await removals.left(database, here)
        await removals.left(database, here)
        await removals.clear(database, week)
        assert here in database.read(servers.known)
        await removals.back(database, here)
        await removals.clear(database, 0)
        assert here in database.read(servers.known)
        await removals.left(database, here)
        await asyncio.sleep(0.002)
        await removals.clear(database, 0)

    asyncio.run(story())
    assert not any("discord:555" in text or "555/" in text for text in dumped(database).values() if text)
    assert database.read(lambda session: session.exec(select(Challenge)).all()) == []
    assert database.read(ledger.check) == []
    # Somebody's songs of elsewhere, and all of the people, are where they were.
    assert len(database.read(lambda session: session.exec(select(Track)).all())) == 4
    assert len(database.read(lambda session: session.exec(select(User)).all())) == 3


def test_servers_that_went_while_nobody_listened_are_missed(database: Database, tmp_path: Path) -> None:
    def work(session: Session) -> None:
        for server in ("discord:1", "discord:2", "slack:T1"):
            free_job(session, person(session), server=server)

    database.write(work)

    def gone() -> set[str]:
        return {s for s in ("discord:1", "discord:2", "slack:T1") if database.read(lambda d: departed.is_gone(d, s))}  # noqa: B023

    # Another bot, that is in none of our servers, says nothing of them.
    asyncio.run(removals.there(database, "discord", {"discord:77"}))
    assert gone() == set()
    asyncio.run(removals.there(database, "discord", {"discord:2", "discord:77"}))
    assert gone() == {"discord:1"}
    asyncio.run(removals.there(database, "discord", {"discord:1"}))
    assert gone() == {"discord:2"}


# --- in the chats ---

Story = Callable[[Room], Coroutine[Any, Any, None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Story], None]:
    async def run(story: Story) -> None:
        house = song_house(tmp_path)
        try:
            async with room_in(house) as room:
                await story(room)
        finally:
            house.db.close()

    return lambda story: asyncio.run(asyncio.wait_for(run(story), 60))


def _shown(result: InteractionResult) -> ResponseMessage:
    assert result.response is not None
    return result.response


def test_on_discord_everything_can_be_had_and_forgotten(play: Callable[[Story], None]) -> None:
    async def story(room: Room) -> None:
        await room.song()
        had = await room.ann.slash(room.channel, "mydata export")
        assert "everything that is kept about you" in answer(had)
        [file] = _shown(had).attachments
        archive = zipfile.ZipFile(io.BytesIO(await file.read()))
        assert "slow blues" in archive.read("data.json").decode()
        assert any(name.endswith(".flac") for name in archive.namelist())
        asked = await room.ann.slash(room.channel, "mydata delete")
        assert "for good" in answer(asked)
        sure = await room.ann.click(_shown(asked), label="Delete everything")
        assert "Nobody can bring it back" in answer(sure)
        done = await room.ann.click(_shown(sure), label="Delete everything")
        assert "You are forgotten" in answer(done)
        await room.deliver()
        assert room.posts() == []
        assert "has not" not in answer(await room.ben.slash(room.channel, "credits"))
        again = await room.ann.slash(room.channel, "mydata export")
        assert "Nothing is kept about you" in answer(again)

    play(story)


def test_on_slack_everything_can_be_had_and_forgotten(tmp_path: Path) -> None:
    async def story() -> None:
        async with scene(tmp_path, "socket") as here:
            job, _ = await here.song()
            asked = await here.people.slash(here.ann, here.channel, "/studio", "mydata export")
            await here.rest()
            assert "everything that is kept about you" in shown(asked.replies[0].blocks)
            [had] = here.slack.posts(here.slack.workspace.direct(here.ann.id))
            archive = zipfile.ZipFile(io.BytesIO(had.files[0].data or b""))
            assert "slow blues" in archive.read("data.json").decode()
            asked = await here.people.slash(here.ann, here.channel, "/studio", "mydata delete")
            assert "for good" in await here.reply(asked)
            done = await here.people.press(here.ann, await here.whisper(here.ann), "d:forget_me:0:0")
            await here.rest()
            assert any("You are forgotten" in shown(reply.blocks) for reply in done.replies)
            await here.deliver()
            assert here.posts(job.id) == []
            left = [file.name for file in here.slack.workspace.files.values() if not file.deleted]
            assert [name.partition(".")[2] for name in left] == ["zip"]
            here.clean()

    asyncio.run(story())


def test_on_discord_a_server_that_removes_the_bot_is_noticed(play: Callable[[Story], None]) -> None:
    async def story(room: Room) -> None:
        await room.song()
        guild = room.client.guilds[0]
        here = f"discord:{guild.id}"

        def gone() -> bool:
            return room.house.db.read(lambda session: departed.is_gone(session, here))

        async def until(wanted: bool) -> None:
            async with asyncio.timeout(20):
                while gone() is not wanted:
                    await asyncio.sleep(0.01)

        # Trouble at Discord is no farewell.
        room.client._connection.parse_guild_delete({"id": str(guild.id), "unavailable": True})
        await room.env.settle()
        assert not gone()
        room.client._connection.parse_guild_delete({"id": str(guild.id)})
        await until(True)
        await room.restart()
        await until(False)

    play(story)
