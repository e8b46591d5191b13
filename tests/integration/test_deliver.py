"""The outbox: in order, once, again after trouble."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from bot.names import slug
from bot.on_terminal.courier import FolderCourier
from tests.integration.house import ANN, House
from workflows import deliver, outbox_state
from workflows.deliver import Deliveries, DeliveryFailed, Parcel, deliver_due
from workflows.people import ReplyTo, now_ms
from workflows.submit import submit
from workflows.view import JobView


@dataclass
class Notebook:
    """A courier that writes down what it was given, and fails as often as it is told."""

    surface: str = "terminal"
    other: str | None = None
    failures: list[DeliveryFailed] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    again: list[bool] = field(default_factory=list)

    async def deliver(self, parcel: Parcel) -> str:
        if self.failures:
            raise self.failures.pop()
        self.again.append(parcel.again)
        self.posted.append(parcel.topic)
        self.channels.append(parcel.job.channel)
        return parcel.key

    def elsewhere(self, job: JobView) -> str | None:
        return self.other


async def made(house: House) -> int:
    accepted = await house.ask()
    await house.work()
    return accepted.job_id


async def deliver_all(house: House, courier: Notebook | FolderCourier) -> None:
    while await deliver_due(house.db, {"terminal": courier}):
        pass


def test_parcels_go_out_in_order_and_once(house: House) -> None:
    async def story() -> list[str]:
        job_id = await made(house)
        courier = Notebook()
        await deliver_all(house, courier)
        await deliver_all(house, courier)
        assert await outbox_state.settled(house.db, job_id)
        return courier.posted

    assert asyncio.run(story()) == ["accepted", "completed"]


def test_a_parcel_that_fails_is_delivered_later(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "FIRST_WAIT_MS", 0)

    async def story() -> list[str]:
        await made(house)
        courier = Notebook(failures=[DeliveryFailed("busy", permanent=False)])
        await deliver_all(house, courier)
        return courier.posted

    assert asyncio.run(story()) == ["accepted", "completed"]


def test_a_channel_that_is_gone_is_not_tried_again(house: House) -> None:
    async def story() -> list[str]:
        job_id = await made(house)
        courier = Notebook(failures=[DeliveryFailed("channel deleted", permanent=True)])
        await deliver_all(house, courier)
        assert await outbox_state.settled(house.db, job_id)
        return courier.posted

    assert asyncio.run(story()) == ["completed"]


def test_what_a_channel_refuses_goes_to_its_owner_who_is_told_why(house: House) -> None:
    async def story() -> tuple[Notebook, JobView]:
        job_id = await made(house)
        refusal = DeliveryFailed("Missing Permissions", permanent=True, why="no_permission")
        courier = Notebook(other="dm:ann", failures=[refusal])
        await deliver_all(house, courier)
        return courier, await house.job(job_id)

    courier, job = asyncio.run(story())
    # It was never tried there, so there is nothing to look for.
    assert courier.again == [False, False]
    # From then on everything goes there.
    assert (courier.posted, courier.channels) == (["accepted", "completed"], ["dm:ann", "dm:ann"])
    assert (job.moved, job.channel, job.post) == ("no_permission", "dm:ann", f"job:{job.id}:1:completed")


def test_nobody_is_asked_for_ever_where_even_the_owner_cannot_be_reached(house: House) -> None:
    async def story() -> tuple[Notebook, JobView]:
        job_id = await made(house)
        gone = [DeliveryFailed("token revoked", permanent=True) for _ in range(3)]
        courier = Notebook(other="dm:ann", failures=gone)
        await deliver_all(house, courier)
        assert await outbox_state.settled(house.db, job_id)
        return courier, await house.job(job_id)

    courier, job = asyncio.run(story())
    # The accepted one tried both places, the completed one only the owner; the track is kept.
    assert (courier.posted, courier.failures, job.status, len(job.tracks)) == ([], [], "COMPLETED", 1)


def test_an_outage_of_hours_loses_nothing_and_is_looked_at_again_within_a_minute(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is turned on by hand: a minute at a time, for six hours."""
    hours = 6 * 3600

    async def story() -> tuple[list[str], int]:
        job_id = await made(house)
        begin = now_ms()
        courier = Notebook(failures=[DeliveryFailed("503", permanent=False) for _ in range(10_000)])
        tried = 0
        for second in range(0, hours, 30):
            monkeypatch.setattr(deliver, "now_ms", lambda at=begin + second * 1000: at)
            tried += await deliver_due(house.db, {"terminal": courier})
        courier.failures.clear()
        monkeypatch.setattr(deliver, "now_ms", lambda: begin + (hours + 60) * 1000)
        await deliver_all(house, courier)
        assert await outbox_state.settled(house.db, job_id)
        return courier.posted, tried

    posted, tried = asyncio.run(story())
    assert posted == ["accepted", "completed"]
    assert 300 <= tried <= 500


def test_a_house_that_was_off_for_a_week_has_not_tried_for_a_week(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> tuple[list[str], list[str]]:
        await made(house)
        later = now_ms() + 7 * 86_400_000
        monkeypatch.setattr(deliver, "now_ms", lambda: later)
        courier = Notebook(other="dm:ann", failures=[DeliveryFailed("not logged in", permanent=False)])
        await deliver_all(house, courier)
        monkeypatch.setattr(deliver, "now_ms", lambda: later + 2000)
        await deliver_all(house, courier)
        return courier.posted, courier.channels

    posted, channels = asyncio.run(story())
    assert posted == ["accepted", "completed"]
    assert "dm:ann" not in channels


def test_a_courier_that_is_waited_for_again_knows_that_it_may_have_posted(house: House) -> None:
    seen: list[bool] = []

    class Careful(Notebook):
        async def deliver(self, parcel: Parcel) -> str:
            seen.append(parcel.again)
            return await super().deliver(parcel)

    async def story() -> None:
        await made(house)
        await deliver_all(house, Careful(failures=[DeliveryFailed("answer lost", permanent=False)]))

    monkey = pytest.MonkeyPatch()
    monkey.setattr(deliver, "FIRST_WAIT_MS", 0)
    asyncio.run(story())
    monkey.undo()
    assert seen == [False, True, False]


def test_a_slow_surface_holds_nobody_else_up(house: House) -> None:
    """One chat hangs with a parcel on its way; the other's is delivered meanwhile, and the first lease stays."""
    stuck = asyncio.Event()

    class Hanging(Notebook):
        async def deliver(self, parcel: Parcel) -> str:
            await stuck.wait()
            return await super().deliver(parcel)

    async def story() -> tuple[list[str], list[str]]:
        here, there = Hanging(), Notebook(surface="chat")
        await house.ask()
        deliveries = Deliveries(house.db, {"terminal": here, "chat": there}, lease_ms=150)
        assert await deliveries.dispatch() == 1
        await submit(house.db, house.rules, ANN, ReplyTo("chat", "c"), "text2music", {"caption": "x", "duration": 30})
        await deliveries.dispatch()
        # Twice the lease: who is at work keeps it.
        await asyncio.sleep(0.3)
        assert await Deliveries(house.db, {"terminal": Notebook()}).dispatch() == 0
        held = list(there.posted)
        stuck.set()
        await deliveries.drain(5)
        return held, here.posted

    assert asyncio.run(story()) == (["accepted"], ["accepted"])


def test_a_channel_is_told_one_thing_at_a_time_and_channels_side_by_side(house: House) -> None:
    going: list[str] = []
    together: list[list[str]] = []

    class Slow(Notebook):
        async def deliver(self, parcel: Parcel) -> str:
            going.append(parcel.job.channel)
            together.append(sorted(going))
            await asyncio.sleep(0.02)
            going.remove(parcel.job.channel)
            return await super().deliver(parcel)

    async def story() -> list[str]:
        for channel in ("busy", "busy", "busy", "quiet"):
            here = ReplyTo("chat", channel)
            await submit(house.db, house.rules, ANN, here, "text2music", {"caption": "x", "duration": 30})
        courier = Slow(surface="chat")
        deliveries = Deliveries(house.db, {"chat": courier})
        ended = asyncio.Event()
        deliveries.on_end = ended.set
        while len(courier.posted) < 4:
            await deliveries.dispatch()
            await ended.wait()
            ended.clear()
        return courier.channels

    assert sorted(asyncio.run(story())) == ["busy", "busy", "busy", "quiet"]
    assert ["busy", "quiet"] in together
    assert all(len(set(channels)) == len(channels) for channels in together)


def test_the_terminal_gets_whole_files_under_names_people_know(house: House) -> None:
    async def story() -> None:
        await made(house)
        courier = FolderCourier(house.blobs.path, house.folder / "songs", house.rules)
        await deliver_all(house, courier)

    asyncio.run(story())
    assert (house.folder / "song.flac").read_bytes().startswith(b"song ")
    assert (house.folder / "stems" / "drums.flac").is_file()
    assert not list(house.folder.rglob("*.part"))


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Coffee Steam", "coffee-steam"), ("../../etc/passwd", "etc-passwd"), ("", "song"),
        ("夜に駆ける", "夜に駆ける"), ("বৃষ্টির গান", "বৃষ্টির-গান"),
    ],
)  # fmt: skip
def test_titles_become_file_names_that_stay_in_their_folder(title: str, name: str) -> None:
    assert slug(title) == name
