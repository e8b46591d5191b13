"""Sound from outside on its way in: what is kept, what is refused, what is fetched only once, and who pays."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.commands import catalogue
from storage import blobs, recordings, seal
from storage.tables import Job, Recording
from tests.fakes.incoming import ScriptedDecoder, ScriptedFetcher
from tests.fakes.pool import ListeningPool, ScriptedPool
from tests.integration.house import House, rules
from workflows import (
    control,
    credits,
    housekeeping,
    incoming,
    moderators,
    recording,
    reports,
    review,
    signed_links,
    variation,
)
from workflows.incoming import Incoming
from workflows.moderation import Moderation
from workflows.people import OPERATOR, ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.repeated import Repeated
from workflows.signed_links import Sound
from workflows.submit import Accepted, submit
from workflows.view import JobView

RAIN = "https://music.example/rain.mp3"
SNOW = "https://music.example/snow.mp3"
PAGE = "https://music.example/page.mp3"
HERE = ReplyTo("chat", "room")
BEN = Requester("chat", "ben", "ben")
CAT = Requester("chat", "cat", "cat")
DAY_MS = 86_400_000


@dataclass
class Door(House):
    """A house with a door for sound."""

    pool: ScriptedPool = field(default_factory=ListeningPool)
    blocked: tuple[str, ...] = ()
    limits: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rules = rules(capabilities=ListeningPool.capabilities, blocked=self.blocked, limits=self.limits)
        self.fetcher = ScriptedFetcher({RAIN: b"20 Rain", SNOW: b"400", PAGE: b"<html>"})
        self.incoming = Incoming(
            db=self.db, blobs=self.blobs, rules=self.rules, fetcher=lambda: self.fetcher, decoder=ScriptedDecoder(),
            folder=self.folder / "incoming",
        )  # fmt: skip

    async def take(self, task: str, who: Requester = BEN, where: ReplyTo = HERE, **values: Any) -> Accepted:
        more = {name: values.pop(name) for name in ("key", "request", "parent_id") if name in values}
        return await submit(self.db, self.rules, who, where, task, values, incoming=self.incoming, **more)

    async def made(self, task: str, **values: Any) -> JobView:
        accepted = await self.take(task, **values)
        await self.work()
        return await self.job(accepted.job_id)

    def left(self) -> int:
        """Credits of Ben that he can spend."""
        return asyncio.run(credits.balance(self.db, self.rules.pricing, BEN)).available

    def rows(self) -> list[Recording]:
        return self.db.read(lambda session: list(session.exec(select(Recording))))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    opened = Door(tmp_path)
    yield opened
    opened.db.close()


def refused(door: Door, task: str, **values: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        asyncio.run(door.take(task, **values))
    return caught.value


def nothing_kept(door: Door) -> bool:
    jobs = door.db.read(lambda session: list(session.exec(select(Job))))
    inside = list((door.folder / "incoming").iterdir()) if (door.folder / "incoming").is_dir() else []
    return not jobs and not door.rows() and not inside


def test_what_a_link_leads_to_is_kept_before_it_is_accepted(door: Door) -> None:
    job = asyncio.run(door.made("cover", src_audio_url=RAIN, caption="bossa"))
    order = door.pool.orders[0]
    assert order.recording is not None
    assert Path(order.recording.path).read_bytes() == b"ours: 20 Rain"
    assert (order.recording.title, order.recording.artist, order.recording.duration) == ("Rain", "Somebody", 20.0)
    assert (job.status, job.duration, job.price) == ("COMPLETED", 20.0, 5)
    assert job.recording is not None
    assert job.recording.title == "Rain"
    assert list((door.folder / "incoming").iterdir()) == []


def test_a_longer_recording_costs_what_a_longer_song_costs(door: Door) -> None:
    assert asyncio.run(door.take("cover", src_audio_url=SNOW, caption="bossa")).price == 40
    assert asyncio.run(door.take("cover", src_audio_url=SNOW, caption="bossa", duration=10)).price == 5
    assert asyncio.run(door.take("stems", src_audio_url=SNOW)).price == 5
    assert asyncio.run(door.take("analyze", audio_url=SNOW)).price == 0


@pytest.mark.parametrize(
    ("url", "code"), [("https://nowhere.example/x.mp3", "link_unknown_host"), (PAGE, "audio_unknown")]
)
def test_a_link_that_leads_to_no_sound_keeps_and_costs_nothing(door: Door, url: str, code: str) -> None:
    refusal = refused(door, "reference", reference_audio_url=url, caption="calm")
    assert (refusal.code, refusal.field) == (code, "reference_audio_url")
    assert nothing_kept(door)


def test_who_can_not_pay_keeps_nothing_and_the_file_goes_with_the_next_sweep(door: Door) -> None:
    for _ in range(24):
        asyncio.run(door.take("text2music", caption="blues", duration=400))
    refusal = refused(door, "cover", src_audio_url=SNOW, caption="bossa", batch_size=2)
    assert refusal.code == "insufficient_credits"
    assert door.rows() == []
    assert list((door.folder / "incoming").iterdir()) == []
    assert door.db.write(lambda session: blobs.sweep(session, door.blobs, older_than_s=-1)) == 1


def test_who_would_be_refused_anyway_makes_us_fetch_nothing(tmp_path: Path) -> None:
    door = Door(tmp_path, limits={"per_minute": {"repaint": 1}})
    values: dict[str, Any] = {"src_audio_url": RAIN, "caption": "quiet", "repainting_start": 2, "repainting_end": 8}
    asyncio.run(door.take("repaint", **values))
    assert refused(door, "repaint", **values).code == "rate_limited"
    assert door.fetcher.asked == [RAIN]
    door.db.close()


def test_a_request_that_comes_again_is_not_fetched_again(door: Door) -> None:
    asyncio.run(door.take("cover", src_audio_url=RAIN, caption="bossa", request="r1"))
    with pytest.raises(Repeated):
        asyncio.run(door.take("cover", src_audio_url=RAIN, caption="bossa", request="r1"))
    one = asyncio.run(door.take("cover", src_audio_url=RAIN, caption="bossa", key="k"))
    assert asyncio.run(door.take("cover", src_audio_url=RAIN, caption="bossa", key="k")).job_id == one.job_id
    assert refused(door, "cover", src_audio_url=SNOW, caption="bossa", key="k").code == "key_reused"
    assert door.fetcher.asked == [RAIN, RAIN]


def test_another_version_needs_the_link_no_more(door: Door) -> None:
    job = asyncio.run(door.made("cover", src_audio_url=RAIN, caption="bossa"))
    door.fetcher.world.clear()
    task, values = variation.varied(job, 8)
    again = asyncio.run(door.take(task, parent_id=job.id, **values))
    assert door.db.read(lambda session: session.get_one(Job, again.job_id)).recording_id == door.rows()[0].id
    # Of a job that somebody may not see, nothing comes along.
    elsewhere = ReplyTo("chat", "another room")
    with pytest.raises(Refusal):
        asyncio.run(door.take(task, who=CAT, where=elsewhere, parent_id=job.id, **values))
    # Another link of the same job's form is another sound.
    assert refused(door, "cover", src_audio_url=SNOW, caption="x", parent_id=job.id).code == "link_unknown_host"


def test_fifty_slow_links_of_one_keep_nobody_else_waiting(door: Door) -> None:
    async def story() -> None:
        slow = [f"https://slow.example/{number}.mp3" for number in range(50)]
        door.fetcher.slow = frozenset(slow)
        door.fetcher.world |= dict.fromkeys(slow, b"20")
        tasks = [asyncio.create_task(door.take("analyze", audio_url=link)) for link in slow]
        while not door.fetcher.asked:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert len(door.fetcher.asked) == 1
        await door.take("analyze", who=CAT, audio_url=RAIN)
        door.fetcher.released.set()
        await asyncio.gather(*tasks)

    door.rules = replace(door.rules, limits=door.rules.limits.model_copy(update={"live_jobs": 100}))
    asyncio.run(story())


def test_what_a_file_calls_itself_is_not_shown_with_words_that_nobody_may_write(tmp_path: Path) -> None:
    door = Door(tmp_path, blocked=("grape",))
    door.fetcher.world = {"https://a.example/grape.mp3": b"20 Grape Song", RAIN: b"20 Sweet grape"}
    titles = [
        asyncio.run(door.made("cover", src_audio_url=link, caption="x")).recording
        for link in ("https://a.example/grape.mp3", RAIN)
    ]
    # The title gives way to the file's name, where that is fit to be read.
    assert [each and each.title for each in titles] == ["", "rain"]
    door.db.close()


def test_an_upload_becomes_a_link_of_ours_that_is_never_fetched(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "upload").write_bytes(b"30")
    link = asyncio.run(door.incoming.take_in(tmp_path / "upload", "my tune", BEN, field="src_audio_url"))
    job = asyncio.run(door.made("cover", src_audio_url=link, caption="bossa"))
    assert job.recording is not None
    assert (job.recording.title, job.recording.duration) == ("my tune", 30.0)
    # Another version of it doesn't ask whether the link is still good.
    monkeypatch.setattr(incoming, "now_ms", lambda: int(time.time() * 1000) + 2 * DAY_MS)
    asyncio.run(door.take("cover", parent_id=job.id, src_audio_url=link, caption="waltz"))
    assert refused(door, "cover", src_audio_url=link, caption="waltz").code == "link_expired"
    assert door.fetcher.asked == []
    refusal = refused(door, "cover", src_audio_url=link.replace("until=", "until=9"), caption="bossa")
    assert (refusal.code, refusal.field) == ("link_forged", "src_audio_url")


def test_a_link_to_a_song_made_here_starts_from_that_song(door: Door) -> None:
    async def story() -> JobView:
        first = await door.made("text2music", caption="blues", duration=30, where=ReplyTo("chat", "private"))
        key = door.db.read(seal.key)
        sound = Sound("track", first.tracks[0].id)
        link = signed_links.link(key, None, sound, until_s=int(time.time()) + 60)
        # The link is the leave to use it, wherever it was made.
        second = await door.made("cover", who=CAT, src_audio_url=link, caption="bossa")
        assert door.pool.orders[-1].source is not None
        assert door.pool.orders[-1].source.job == first.id
        late = signed_links.link(key, None, sound, until_s=int(time.time()) - 60)
        with pytest.raises(Refusal) as caught:
            await door.take("cover", src_audio_url=late, caption="bossa")
        assert caught.value.code == "link_expired"
        return second

    second = asyncio.run(story())
    assert (second.parent_id, second.spec["source_job_id"], second.spec["src_audio_url"]) == (1, 1, None)
    assert door.fetcher.asked == []


@pytest.mark.parametrize(
    ("task", "values", "code", "field"),
    [
        ("cover", {"src_audio_url": RAIN, "source_job_id": 1, "caption": "x"}, "sources_disagree", "src_audio_url"),
        ("extract-stem", {"src_audio_url": RAIN, "track_name": "brass"}, "stem_not_separable", "track_name"),
        ("stems", {"src_audio_url": RAIN, "parts": "six"}, "parts_not_separable", "parts"),
        ("analyze", {"audio_codes": "1 2 3"}, "no_audio_codes", "audio_codes"),
        ("text2rap", {"caption": "x"}, "task_not_available", None),
    ],
)
def test_what_can_not_be_is_told_before_anything_is_fetched(
    door: Door, task: str, values: dict[str, Any], code: str, field: str | None
) -> None:
    refusal = refused(door, task, **values)
    assert (refusal.code, refusal.field) == (code, field)
    assert door.fetcher.asked == []


def test_what_does_not_fit_the_recording_is_told_by_its_length(door: Door) -> None:
    refusal = refused(door, "repaint", src_audio_url=RAIN, caption="quiet", repainting_start=25, repainting_end=-1)
    assert refusal.field == "repainting_start"
    assert refusal.allowed is not None
    assert "the sound is 20 seconds long" in refusal.allowed
    assert nothing_kept(door)


def test_without_a_door_no_sound_comes_in(tmp_path: Path) -> None:
    door = Door(tmp_path)
    with pytest.raises(Refusal) as caught:
        asyncio.run(submit(door.db, door.rules, BEN, HERE, "cover", {"src_audio_url": RAIN, "caption": "x"}))
    assert caught.value.code == "no_foreign_audio"
    door.db.close()


def test_recordings_are_forgotten_in_time_and_jobs_that_need_them_say_so(door: Door) -> None:
    async def story() -> None:
        done = await door.made("cover", src_audio_url=RAIN, caption="bossa")
        waiting = await door.take("cover", src_audio_url=SNOW, caption="bossa")
        await housekeeping.forget(door.db)
        assert len(door.rows()) == 2
        old = {"unused_since": 2 * int(time.time() * 1000), "without_job_since": 0}
        assert door.db.write(lambda session: recordings.forget(session, **old)) == 1
        # What a job that waits needs stays, however old.
        assert [row.duration for row in door.rows()] == [400.0]
        assert (await door.job(done.id)).recording is None
        await control.cancel(door.db, waiting.job_id)
        assert door.db.write(lambda session: recordings.forget(session, **old)) == 1
        # Of both, and not of the song that was made, the files go.
        assert door.db.write(lambda session: blobs.sweep(session, door.blobs, older_than_s=-1)) == 2

    asyncio.run(story())


def test_thrown_away_songs_take_their_source_along(door: Door) -> None:
    async def story() -> None:
        job = await door.made("cover", src_audio_url=RAIN, caption="bossa")
        task, values = variation.varied(job, 8)
        again = await door.take(task, parent_id=job.id, **values)
        # Another song of it stands: until that goes, too, it stays.
        await control.throw_away(door.db, job.id)
        assert len(door.rows()) == 1
        await control.cancel(door.db, again.job_id)
        soon = {"unused_since": 0, "without_job_since": int(time.time() * 1000) + DAY_MS}
        assert door.db.write(lambda session: recordings.forget(session, **soon)) == 1

    asyncio.run(story())


def test_what_was_taken_down_is_gone_at_once_with_the_sound_that_it_came_from(door: Door, tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "upload").write_bytes(b"30")
        link = await door.incoming.take_in(tmp_path / "upload", "theirs", BEN, field="src_audio_url")
        cover = await door.made("cover", src_audio_url=link, caption="bossa")
        await reports.take_down(door.db, OPERATOR, cover.id, "not yours", request=None)
        assert door.rows() == []
        for parent in (None, cover.id):
            with pytest.raises(Refusal) as caught:
                await door.take("cover", src_audio_url=link, caption="bossa", parent_id=parent)
            assert caught.value.code == "recording_gone"
        heard = await door.made("analyze", audio_url=RAIN)
        await reports.take_down(door.db, OPERATOR, heard.id, "its words", request=None)
        assert door.rows() == []
        assert door.db.read(lambda session: session.get_one(Job, heard.id)).analysis is None

    asyncio.run(story())


def test_of_what_was_looked_at_and_not_made_nothing_stays(door: Door) -> None:
    door.rules = replace(door.rules, moderation=Moderation(review="everybody"))

    async def story() -> None:
        # Nobody wrote a word of it, but its parts would be played to everybody.
        stems = await door.take("stems", src_audio_url=RAIN)
        assert stems.review
        assert not (await door.take("analyze", audio_url=RAIN)).review
        await review.reject(door.db, OPERATOR, stems.job_id, "no", request=None)
        assert len(door.rows()) == 1
        assert (await door.job(stems.job_id)).recording is None

    asyncio.run(story())


def test_what_somebody_linked_to_is_theirs_alone(door: Door) -> None:
    secret = "https://files.example/rain.mp3?key=hush"
    door.fetcher.world[secret] = b"20 Rain"

    async def story() -> None:
        job = await door.made("cover", src_audio_url=secret, caption="bossa")
        assert (await control.show(door.db, job.id, BEN, HERE)).spec["src_audio_url"] == secret
        seen = await control.show(door.db, job.id, CAT, HERE)
        assert "hush" not in str(seen)
        # What stands for it is good for the same sound.
        task, values = variation.varied(seen, 8)
        again = await door.take(task, who=CAT, parent_id=job.id, **values)
        assert (await door.job(again.job_id)).recording == job.recording
        assert len(door.fetcher.asked) == 1
        await control.cancel(door.db, again.job_id)
        await control.throw_away(door.db, job.id)
        seen = await control.show(door.db, job.id, CAT, HERE)
        with pytest.raises(Refusal) as caught:
            await door.take("cover", who=CAT, src_audio_url=seen.spec["src_audio_url"], caption="x")
        assert caught.value.code == "recording_gone"

    asyncio.run(story())


def test_what_failed_is_not_tried_again_without_its_sound(door: Door) -> None:
    async def story() -> None:
        job = await door.made("cover", src_audio_url=RAIN, caption="broken")
        assert job.status == "FAILED"
        old = {"unused_since": 2 * int(time.time() * 1000), "without_job_since": 0}
        assert door.db.write(lambda session: recordings.forget(session, **old)) == 1
        with pytest.raises(Refusal) as caught:
            await control.retry(door.db, job.id, BEN, HERE)
        assert caught.value.code == "recording_gone"

    asyncio.run(story())
    assert door.left() == 1000


def test_what_one_brings_in_an_hour_has_an_end_whatever_becomes_of_it(tmp_path: Path) -> None:
    door = Door(tmp_path, limits={"fetch": {"per_hour": 2}})
    (tmp_path / "upload").write_bytes(b"30")

    def upload() -> str:
        return asyncio.run(door.incoming.take_in(tmp_path / "upload", "tune", BEN, field="audio_url"))

    link = upload()
    assert refused(door, "analyze", audio_url="https://nowhere.example/x.mp3").code == "link_unknown_host"
    refusal = refused(door, "analyze", audio_url=RAIN)
    assert (refusal.code, door.fetcher.asked) == ("rate_limited", ["https://nowhere.example/x.mp3"])
    with pytest.raises(Refusal, match="rate_limited"):
        upload()
    # What is here already, and what others bring, is another matter.
    asyncio.run(door.take("analyze", audio_url=link))
    asyncio.run(door.take("analyze", who=CAT, audio_url=RAIN))
    door.db.close()


def test_whoever_is_banned_has_nothing_taken_in(door: Door) -> None:
    got: list[Path] = []

    async def get(room: Path) -> Path:
        got.append(room)
        return room

    async def story() -> None:
        await door.take("text2music", caption="blues", duration=30)
        await moderators.ban(door.db, door.rules.pricing, OPERATOR, "ben", hours=1, why="", request=None)
        with pytest.raises(Refusal, match="banned"):
            await door.incoming.receive(get, "tune", BEN, field="src_audio_url")

    asyncio.run(story())
    assert got == []


def test_uploads_of_one_come_one_after_the_other(door: Door) -> None:
    at_once: list[int] = [0, 0]

    async def get(room: Path) -> Path:
        at_once[0] += 1
        at_once[1] = max(at_once)
        await asyncio.sleep(0.01)
        at_once[0] -= 1
        (room / "fetched").write_bytes(b"30")
        return room / "fetched"

    async def full(_room: Path) -> Path:
        raise OSError(errno.ENOSPC, "full")

    async def story() -> None:
        await asyncio.gather(*(door.incoming.receive(get, "tune", BEN, field="audio_url") for _ in range(4)))
        with pytest.raises(Refusal, match="disk_full"):
            await door.incoming.receive(full, "tune", BEN, field="audio_url")

    asyncio.run(story())
    assert at_once == [0, 1]
    assert list((door.folder / "incoming").iterdir()) == []


def test_a_job_whose_recording_is_gone_fails_for_good(door: Door) -> None:
    async def story() -> JobView:
        accepted = await door.take("cover", src_audio_url=RAIN, caption="bossa")
        for row in door.rows():
            door.blobs.delete(row.digest)
        await door.work()
        return await door.job(accepted.job_id)

    job = asyncio.run(story())
    assert (job.status, job.error_code, job.error_permanent) == ("FAILED", "recording_gone", True)
    assert door.left() == 1000


def test_an_analysis_is_kept_with_its_job(door: Door) -> None:
    job = asyncio.run(door.made("analyze", audio_url=RAIN))
    assert job.status == "COMPLETED"
    assert job.tracks == ()
    assert job.analysis is not None
    assert (job.analysis["title"], job.analysis["bpm"], job.analysis["duration"]) == ("Rain", 96, 20.0)


def test_who_waits_for_an_analysis_waits_for_no_song(door: Door) -> None:
    songs, quick = ScriptedPool(size=1), ListeningPool(size=1)
    songs.capabilities = ListeningPool.capabilities.model_copy(update={"tasks": ("text2music",)})
    quick.capabilities = ListeningPool.capabilities.model_copy(update={"tasks": ("analyze",)})
    limited = door.rules.limits.model_copy(update={"running_per_user": 1})
    door.rules = replace(door.rules, limits=limited)

    async def story() -> None:
        makers, listeners = door.worker(songs), door.worker(quick)
        for _ in range(5):
            await door.take("text2music", caption="wait", duration=30)
        await makers.dispatch()
        asked = await door.take("analyze", audio_url=RAIN)
        assert asked.position == 0
        song = await door.take("text2music", caption="wait", duration=30)
        # The analysis is before nobody's song, either.
        assert song.position == 4
        await door.work(listeners)
        assert (await door.job(asked.job_id)).status == "COMPLETED"
        assert makers.busy == 1
        await makers.drain(5)

    asyncio.run(story())


def test_every_option_that_is_a_link_to_sound_has_its_door() -> None:
    music = [command for command in catalogue().values() if command.music]
    links = {option.name for command in music for option in command.options if option.kind == "link"}
    assert links - {"thumbnail_url"} == set(recording.LINKS)
