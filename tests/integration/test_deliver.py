"""The outbox: in order, once, again after trouble."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from bot.on_terminal.courier import FolderCourier, slug
from tests.integration.house import House
from workflows import deliver, outbox_state
from workflows.deliver import DeliveryFailed, Parcel, deliver_due


@dataclass
class Notebook:
    """A courier that writes down what it was given, and fails as often as it is told."""

    surface: str = "terminal"
    failures: list[DeliveryFailed] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)

    async def deliver(self, parcel: Parcel) -> str:
        if self.failures:
            raise self.failures.pop()
        self.posted.append(parcel.topic)
        return parcel.key


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


def test_the_terminal_gets_whole_files_under_names_people_know(house: House) -> None:
    async def story() -> None:
        await made(house)
        courier = FolderCourier(house.blobs.path, house.folder / "songs")
        await deliver_all(house, courier)

    asyncio.run(story())
    assert (house.folder / "song.flac").read_bytes().startswith(b"song ")
    assert (house.folder / "stems" / "drums.flac").is_file()
    assert not list(house.folder.rglob("*.part"))


@pytest.mark.parametrize(
    ("title", "name"),
    [("Coffee Steam", "coffee-steam"), ("../../etc/passwd", "etc-passwd"), ("", "song"), ("夜に駆ける", "夜に駆ける")],
)
def test_titles_become_file_names_that_stay_in_their_folder(title: str, name: str) -> None:
    assert slug(title) == name
