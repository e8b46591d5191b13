"""Pictures of people's own: from a link to the cover of the song, and what is refused on the way."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import Session

from engine.pool.decoding import LocalDecoder
from engine.spec import EngineError
from storage import marks
from tests.integration.house import ANN
from tests.integration.web_house import WebHouse, web_house
from workflows import control
from workflows.people import ReplyTo
from workflows.refusal import Refusal
from workflows.submit import submit

COVER, SONG = "https://songs.example/cover.png", "https://songs.example/song.mp3"
HERE = ReplyTo("terminal")


def drawn(kind: str, size: tuple[int, int], mode: str = "RGB", **more: object) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    picture = Image.new(mode, size, "red")
    picture.paste(Image.new(mode, (size[0] // 2, size[1]), "blue"), (size[0] - size[0] // 2, 0))
    data = io.BytesIO()
    picture.save(data, kind, **more)
    return data.getvalue()


def ours(folder: Path, data: bytes) -> Image.Image:
    """What becomes of `data`."""
    (folder / "in").write_bytes(data)
    asyncio.run(LocalDecoder().picture(folder / "in", folder / "out.png"))
    with Image.open(folder / "out.png", formats=["PNG"]) as made:
        made.load()
        return made


@pytest.mark.row("B28")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_kind_becomes_the_square_in_its_middle(tmp_path: Path, kind: str) -> None:
    made = ours(tmp_path, drawn(kind, (300, 200)))
    assert made.size == (200, 200)
    left, right = made.getpixel((20, 100)), made.getpixel((180, 100))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 200 > 80 > left[2]
    assert right[2] > 200 > 80 > right[0]


def test_large_ones_are_made_smaller_and_nothing_but_pixels_is_kept(tmp_path: Path) -> None:
    exif = Image.Exif()
    # Turned by a quarter, and taken by somebody.
    exif[0x0112], exif[0x013B] = 6, "Ann Lee"
    made = ours(tmp_path, drawn("JPEG", (3000, 2000), exif=exif))
    assert made.size == (1024, 1024)
    assert b"Ann Lee" not in (tmp_path / "out.png").read_bytes()
    top = made.getpixel((512, 100))
    assert isinstance(top, tuple)
    assert top[0] > 200


@pytest.mark.parametrize(
    ("draw", "code"),
    [
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture_unknown"),
        (bytes, "picture_unknown"),
        (lambda: drawn("PNG", (300, 200))[:200], "picture_unreadable"),
        (lambda: drawn("GIF", (8000, 6000), "L"), "picture_too_large"),
    ],
    ids=["svg", "empty", "cut", "bomb"],
)
def test_what_is_no_picture_is_said_to_be_none(tmp_path: Path, draw: Callable[[], bytes], code: str) -> None:
    with pytest.raises(EngineError) as caught:
        ours(tmp_path, draw())
    assert (caught.value.code, caught.value.permanent) == (code, True)
    assert [file.name for file in tmp_path.iterdir()] == ["in"]


def test_a_song_keeps_the_picture_it_was_given_and_its_redo_fetches_nothing(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async def ask(parent_id: int | None = None, link: str = COVER) -> int:
            values = {"caption": "blues", "duration": 30, "thumbnail_url": link}
            house = web.house
            accepted = await submit(
                house.db, house.rules, ANN, HERE, "text2music", values, parent_id=parent_id, incoming=web.incoming
            )
            return accepted.job_id

        first = await ask()
        await web.work()
        web.world.clear()
        again = await ask(parent_id=first)
        await web.work()
        for order in web.house.pool.orders:
            assert Path(str(order.picture)).read_bytes() == b"ours: picture of a dog"
        with pytest.raises(Refusal) as caught:
            await ask(link=SONG)
        assert (caught.value.code, caught.value.field) == ("link_unknown_host", "thumbnail_url")
        assert len(await control.recent(web.house.db, 10)) == 2

        def kept(session: Session) -> list[str | None]:
            return [mark.picture for job in (first, again) if (mark := marks.of(session, job))]

        assert len(set(await web.house.db.aread(kept))) == 1
        await control.throw_away(web.house.db, first)
        assert await web.house.db.aread(kept) == [None, (await web.house.db.aread(kept))[1]]

    web_house(tmp_path, world={COVER: b"picture of a dog"}).run(story)


def test_what_is_no_picture_costs_nothing_and_names_the_field(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        values = {"caption": "blues", "duration": 30, "thumbnail_url": SONG}
        with pytest.raises(Refusal) as caught:
            await submit(web.house.db, web.house.rules, ANN, HERE, "text2music", values, incoming=web.incoming)
        assert (caught.value.code, caught.value.field) == ("picture_unknown", "thumbnail_url")
        assert await control.recent(web.house.db, 10) == []

    web_house(tmp_path, world={SONG: b"20 Rain"}).run(story)
