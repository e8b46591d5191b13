"""Files over HTTP: links that open one file for a while, every format on demand, pieces, and our links as sources."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from dataclasses import field as kept
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import Session, col, select

from engine.pool import converting
from engine.pool.converting import LocalConverter
from engine.spec import EngineError, Event, Order, TrackFile, TrackResult
from storage import jobs, tracks
from storage.errors import StorageFull
from storage.tables import Job, JobMark
from storage.tables import TrackFile as FileRow
from tests.integration.web_house import MUSIC, MakingPool, WebHouse, web_house
from tests.rows import somebody_waits
from workflows import control, downloads
from workflows.downloads import find
from workflows.people import now_ms
from workflows.signed_links import Piece, file_link

SECONDS = 2.0
SOME_TRACK = "0b6d1a2c-0000-4000-8000-00000000abcd"


@cache
def sound() -> bytes:
    """The master of a song: a tune of two seconds with its title, as FLAC."""
    import tempfile

    from engine.audio.encode import encode
    from engine.audio.tags import Tags
    from tests.fakes.tune import RATE, tune

    with tempfile.TemporaryDirectory() as folder:
        return encode(tune(SECONDS), RATE, Path(folder) / "song.flac", tag=Tags(title="Coffee Steam")).read_bytes()


class SoundingPool(MakingPool):
    """Makes songs that can be heard, called as people would: each with a stem that the scripted decoder can read.

    `small` is their copy for chats, where they have one.
    """

    def __init__(self, small: bytes = b"") -> None:
        super().__init__()
        self.small = small

    async def run(
        self, order: Order, *, on_event: Callable[[Event], Awaitable[None]], cancelled: asyncio.Event
    ) -> tuple[TrackResult, ...]:
        takes = await super().run(order, on_event=on_event, cancelled=cancelled)
        return tuple(self._sounding(order, take) for take in takes)

    def _sounding(self, order: Order, take: TrackResult) -> TrackResult:
        alone = order.spec["task"] == "extract-stem"
        contents = {("stem", "vocals", "flac"): b"12 Vocals" if not alone else sound()}
        if not alone:
            contents |= {("audio", "", "flac"): sound(), ("lrc", "", "lrc"): b"[00:01.00]Steam\n"}
        if self.small:
            contents[("audio", "", "mp3")] = self.small
        files = []
        for (kind, name, form), data in contents.items():
            path = Path(order.workdir) / f"{take.take}-{kind}.{form}"
            path.write_bytes(data)
            files.append(TrackFile(kind=kind, name=name, format=form, path=str(path)))
        return take.model_copy(update={"files": tuple(files), "title": "Café Steam"})


@dataclass
class ScriptedConverter:
    """Writes what it was asked for, once it is `released`; or fails in the way of `trouble`."""

    trouble: EngineError | None = None
    asked: list[tuple[str, int | None]] = kept(default_factory=list)
    begun: asyncio.Event = kept(default_factory=asyncio.Event)
    released: asyncio.Event = kept(default_factory=asyncio.Event)

    async def convert(self, source: Path, target: Path, form: str, bit_rate: int | None) -> None:
        self.asked.append((form, bit_rate))
        self.begun.set()
        await self.released.wait()
        if self.trouble is not None:
            raise self.trouble
        target.write_bytes(f"{form} {bit_rate} of {source.stat().st_size}".encode())

    async def close(self) -> None:
        return None


def scripted(web: WebHouse, trouble: EngineError | None = None) -> ScriptedConverter:
    """From here on this makes the formats of a house."""
    converter = ScriptedConverter(trouble)
    web.downloads._converter = converter
    return converter


async def made(web: WebHouse, client: httpx.AsyncClient, task: str = "text2music", **more: Any) -> dict[str, Any]:
    """A finished job, as it is told over HTTP."""
    values = {"prompt": "blues", "duration": 30, **more} if task == "text2music" else more
    told = await client.post(f"{MUSIC}/{task}", json=values)
    assert told.status_code == 200, told.text
    await web.work()
    job: dict[str, Any] = (await client.get(f"{MUSIC}/jobs/{told.json()['id']}/status")).json()
    assert job["status"] == "COMPLETED", job
    return job


def house(tmp_path: Path, **more: Any) -> WebHouse:
    return web_house(tmp_path, pool=SoundingPool(), **more)


def link(web: WebHouse, job: dict[str, Any], kind: str, form: str, name: str = "", *, until_s: int = 0) -> str:
    """A link as answers give it."""
    piece = Piece(job["outputs"][0]["id"], kind, form, name)
    until_s = until_s or now_ms() // 1000 + 60
    return file_link(web._app.state.web.seal, "http://minstrel.test", piece, until_s=until_s)


def copies(web: WebHouse) -> list[tuple[str, str]]:
    rows = web.house.db.read(lambda session: session.exec(select(FileRow).where(col(FileRow.kind) == "copy")).all())
    return sorted((row.name, row.format) for row in rows)


def heard(data: bytes, form: str, folder: Path) -> tuple[float, int, float, str]:
    """How long a file sounds (s), in how many channels, how loud its mean is (dB), and what it is called."""
    import numpy as np

    from engine.audio.encode import decode
    from engine.audio.tags import read

    path = folder / f"heard.{form}"
    path.write_bytes(data)
    audio, rate = decode(path)
    return audio.shape[1] / rate, audio.shape[0], float(10 * np.log10(np.square(audio).mean())), read(path).title


@pytest.mark.row("B2", "C18", "H4")
def test_every_format_is_there_at_the_first_download_and_kept(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client() as anybody:
            job = await made(web, ann)
            wanted = {
                "flac": (job["output_urls"]["flac"], "audio/flac", "caf%C3%A9-steam.flac"),
                "wav": (job["output_urls"]["wav"], "audio/wav", "caf%C3%A9-steam.wav"),
                "ogg": (job["output_urls"]["ogg"], "audio/ogg", "caf%C3%A9-steam.ogg"),
                "m4a": (job["output_urls"]["m4a"], "audio/mp4", "caf%C3%A9-steam.m4a"),
                "mp3": (link(web, job, "audio", "mp3", "320"), "audio/mpeg", "caf%C3%A9-steam.mp3"),
            }
            duration, _, level, _ = heard(sound(), "flac", tmp_path)
            first: dict[str, bytes] = {}
            for form, (url, kind, name) in wanted.items():
                got = await anybody.get(url)
                assert (got.status_code, got.headers["content-type"]) == (200, kind)
                assert name in got.headers["content-disposition"]
                assert got.headers["access-control-allow-origin"] == "*"
                length, channels, loudness, title = heard(got.content, form, tmp_path)
                # MP3 has a little silence at both ends.
                assert (abs(length - duration) < 0.06, channels, title) == (True, 2, "Coffee Steam"), form
                assert abs(loudness - level) < 0.5, form
                first[form] = got.content
            assert len(first["mp3"]) > SECONDS * 320_000 / 8
            assert first["flac"] == sound()
            assert (await anybody.get(job["output_urls"]["mp3"])).content == b"small"
            assert copies(web) == [("audio", "m4a"), ("audio", "ogg"), ("audio", "wav"), ("audio-320", "mp3")]
            # Nobody else need know of them.
            told = (await ann.get(f"{MUSIC}/jobs/{job['id']}/status")).json()
            assert [take.keys() for take in told["outputs"]] == [take.keys() for take in job["outputs"]]
            files = (await web.house.job(job["id"])).tracks[0].files
            assert sorted((file.kind, file.format) for file in files) == [
                ("audio", "flac"), ("audio", "mp3"), ("lrc", "lrc"), ("stem", "flac"),
            ]  # fmt: skip
            # The second time each is a plain file.
            unused = scripted(web)
            for form, (url, _, _) in wanted.items():
                assert (await anybody.get(url)).content == first[form]
            assert unused.asked == []

    web_house(tmp_path, pool=SoundingPool(b"small")).run(story)


def test_words_stems_and_a_song_that_is_one_stem_are_files_too(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client() as anybody:
            job = await made(web, ann)
            alone = await made(web, ann, "extract-stem", source_job_id=job["id"], track_name="vocals")
            words = await anybody.get(link(web, job, "lrc", "lrc"))
            assert (words.text, words.headers["content-type"]) == ("[00:01.00]Steam\n", "text/plain; charset=utf-8")
            converter = scripted(web)
            converter.released.set()
            stem = await anybody.get(link(web, job, "stem", "mp3", "vocals"))
            assert "caf%C3%A9-steam-vocals.mp3" in stem.headers["content-disposition"]
            # What is one stem and nothing else has that as its sound.
            assert (await anybody.get(link(web, alone, "audio", "flac"))).content == sound()
            assert (await anybody.get(link(web, alone, "audio", "wav"))).status_code == 200
            assert converter.asked == [("mp3", None), ("wav", None)]
            nowhere = (
                ("audio", "aiff", ""), ("audio", "wav", "192"), ("audio", "mp3", "193"), ("stem", "wav", "tuba"),
                ("score", "score", ""), ("image", "png", ""),
            )  # fmt: skip
            for kind, form, name in nowhere:
                gone = await anybody.get(link(web, job, kind, form, name))
                assert (gone.status_code, gone.json()["code"]) == (404, "file_gone"), (kind, form, name)

    house(tmp_path).run(story)


def test_a_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client() as player:
            url = (await made(web, ann))["output_url"]
            whole, size = sound(), len(sound())

            async def get(**headers: str) -> httpx.Response:
                return await player.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})

            step = size // 7 + 1
            pieces = [await get(range=f"bytes={at}-{at + step - 1}") for at in range(0, size, step)]
            assert {piece.status_code for piece in pieces} == {206}
            assert b"".join(piece.content for piece in pieces) == whole
            assert pieces[1].headers["content-range"] == f"bytes {step}-{2 * step - 1}/{size}"
            seal = pieces[0].headers["etag"]
            assert (await get(range=f"bytes={step}-", if_range=seal)).content == whole[step:]
            assert (await get(range="bytes=-10")).content == whole[-10:]
            # What changed since is sent as a whole, and so is what no range asks for.
            assert (await get(range="bytes=5-", if_range='"other"')).content == whole
            for odd in ("bytes=9-5", "bytes=x", "seconds=1-2", "bytes=", f"bytes={'9' * 5000}-", "bytes=-"):
                assert ((got := await get(range=odd)).status_code, got.content) == (200, whole), odd[:20]
            beyond = await get(range=f"bytes={size}-")
            assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
            two = await get(range=f"bytes=0-9, {size - 5}-")
            assert (two.status_code, whole[:10] in two.content, whole[-5:] in two.content) == (206, True, True)
            same = await get(if_none_match=f'"other", {seal}')
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", seal)
            head = await player.head(url)
            assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))

    house(tmp_path).run(story)


def test_a_piece_of_what_is_not_there_yet_is_made_like_the_whole(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            job = await made(web, ann)
            scripted(web).released.set()
            piece = await ann.get(job["output_urls"]["mp3"], headers={"range": "bytes=4-7"})
            assert (piece.status_code, piece.content) == (206, b"None"), "of 'mp3 None of …'"

    house(tmp_path).run(story)


def test_a_hundred_who_ask_at_once_wait_for_one_conversion_that_none_of_them_can_lose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Piece] = []

    def look(session: Any, piece: Piece) -> Any:
        looked.append(piece)
        return find(session, piece)

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client() as anybody:
            job = await made(web, ann)
            monkeypatch.setattr(downloads, "find", look)
            converter, url = scripted(web), job["output_urls"]["ogg"]
            first = asyncio.create_task(anybody.get(url))
            await converter.begun.wait()
            others = [asyncio.create_task(anybody.get(url)) for _ in range(99)]
            while len(looked) < 100:
                await asyncio.sleep(0.01)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            converter.released.set()
            answers = await asyncio.gather(*others)
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.content for answer in answers}) == 1
            assert converter.asked == [("ogg", None)]
            assert copies(web) == [("audio", "ogg")]
            assert web.downloads._making == {}
            assert list((tmp_path / "incoming").glob("*")) == []

    house(tmp_path).run(story)


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (EngineError("disk_full", permanent=False), 503, "disk_full"),
        (EngineError("encode_failed", permanent=True), 503, "converter_failed"),
        (EngineError("converter_failed", permanent=False), 503, "converter_failed"),
    ],
)
def test_what_could_not_be_made_is_said_and_tried_anew(
    tmp_path: Path, trouble: EngineError, status: int, code: str
) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            job = await made(web, ann)
            converter = scripted(web, trouble)
            converter.released.set()
            refused = await ann.get(job["output_urls"]["mp3"])
            assert (refused.status_code, refused.json()["code"]) == (status, code)
            assert int(refused.headers["retry-after"]) > 0
            assert (copies(web), list((tmp_path / "incoming").glob("*"))) == ([], [])
            converter.trouble = None
            assert (await ann.get(job["output_urls"]["mp3"])).status_code == 200

    house(tmp_path).run(story)


def test_a_full_disk_keeps_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, ext: str) -> None:
        raise StorageFull(f"{path} as {ext}")

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            job = await made(web, ann)
            scripted(web).released.set()
            monkeypatch.setattr(web.house.blobs, "put", full)
            refused = await ann.get(job["output_urls"]["mp3"])
            assert (refused.status_code, refused.json()["code"], copies(web)) == (503, "disk_full", [])

    house(tmp_path).run(story)


def test_of_a_song_that_is_thrown_away_nothing_is_left_nor_kept(tmp_path: Path, database_url: str) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            job, hidden, down = [await made(web, ann) for _ in range(3)]
            converter, urls = scripted(web), job["output_urls"]
            converter.released.set()
            await ann.get(urls["wav"])
            converter.begun.clear()
            converter.released.clear()
            late = asyncio.create_task(ann.get(urls["mp3"]))
            await converter.begun.wait()
            assert (await ann.delete(f"{MUSIC}/jobs/{job['id']}")).status_code == 200
            converter.released.set()
            gone = [await late, *[await ann.get(urls[form]) for form in ("flac", "wav", "mp3")]]

            def mark(session: Any) -> None:
                session.add(JobMark(job_id=hidden["id"], hidden_at=1))
                session.get(Job, down["id"]).taken_down = "because"

            await web.house.db.awrite(mark)
            gone += [await ann.get(each["output_url"]) for each in (hidden, down)]
            assert [(each.status_code, each.json()["code"]) for each in gone] == [(404, "file_gone")] * 6
            assert copies(web) == []

    house(tmp_path, url=database_url).run(story)


@pytest.mark.parametrize("first", ["kept", "thrown away"])
def test_of_a_copy_that_is_ready_while_its_song_is_thrown_away_nothing_is_left(
    tmp_path: Path, database_url: str, first: str
) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            job = await made(web, ann)
        db, track, done = web.house.db, job["outputs"][0]["id"], threading.Event()
        made_file = tmp_path / "made.mp3"
        made_file.write_bytes(b"mp3")
        blob = web.house.blobs.put(made_file, "mp3")

        def throw(session: Session) -> bool:
            row = jobs.get(session, job["id"])
            return row is not None and control.remove_music(session, row, "deleted", 1)

        def keep(session: Session) -> bool:
            return tracks.add_copy(session, track, name="audio", format_="mp3", blob=blob, now=1)

        def ahead(session: Session) -> bool:
            found = (keep if first == "kept" else throw)(session)
            done.set()
            # On SQLite the other one waits for the whole of this.
            while database_url.startswith("postgresql") and not db.read(somebody_waits):
                done.wait(0.01)
            return found

        one = asyncio.create_task(db.awrite(ahead))
        await asyncio.to_thread(done.wait, 10)
        other = await db.awrite(throw if first == "kept" else keep)
        assert (await one, other) == (True, first == "kept")
        assert copies(web) == []

    house(tmp_path, url=database_url).run(story)


@pytest.mark.row("C7", "G23")
@pytest.mark.parametrize("public_url", [None, "https://music.example/studio"])
def test_our_own_links_are_sources_that_nobody_fetches(tmp_path: Path, public_url: str | None) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client(await web.key("ben")) as ben:
            job = await made(web, ann)

            async def cover(url: str, **headers: str) -> httpx.Response:
                values = {"src_audio_url": url, "caption": "swing", "duration": 30}
                return await ben.post(f"{MUSIC}/cover", json=values, headers=headers)

            # Whoever has the link may use it, whatever host it carries, in whatever format; sent again, it is the same.
            url = link(web, job, "audio", "mp3")
            told = await cover(url, **{"Idempotency-Key": "one"})
            assert told.status_code == 200, told.text
            spec = (await web.house.job(told.json()["id"])).spec
            assert (spec["source_job_id"], spec["source_take"], spec["src_audio_url"]) == (job["id"], 1, None)
            again = await cover(url, **{"Idempotency-Key": "one"})
            assert again.json()["id"] == told.json()["id"]
            elsewhere = await cover(url.replace("http://minstrel.test", "https://10.0.0.1:8443/behind"))
            assert elsewhere.status_code == 200, elsewhere.text
            # A stem is a recording like any other.
            stem = await cover(link(web, job, "stem", "wav", "vocals"))
            made_of = await web.house.job(stem.json()["id"])
            assert made_of.recording is not None
            assert (made_of.recording.title, made_of.recording.duration) == ("Vocals", 12)
            for bad, code in (
                (link(web, job, "audio", "flac", until_s=1), "link_expired"),
                (link(web, job, "lrc", "lrc"), "audio_unknown"),
                (link(web, job, "stem", "flac", "tuba"), "recording_gone"),
                (job["output_url"].replace("audio.", "audio-1."), "link_forged" if public_url else "link_unknown_host"),
            ):
                refused = await cover(bad)
                assert (refused.json()["code"], refused.json()["field"]) == (code, "src_audio_url")

    house(tmp_path, public_url=public_url).run(story)


BUSY = "import sys, time; sys.stdout.write('{}'); time.sleep(60)"


@pytest.mark.parametrize(
    ("script", "time_s", "says"),
    [
        ("print('not an answer')", 60, "not an answer"),
        ("raise SystemExit(3)", 60, "it ended with 3"),
        (BUSY, 0.3, "it took too long"),
    ],
)
def test_a_converter_that_fails_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, time_s: float, says: str
) -> None:
    monkeypatch.setattr(converting, "COMMAND", (sys.executable, "-S", "-c", script))
    with pytest.raises(EngineError, match=says):
        asyncio.run(LocalConverter(time_s=time_s).convert(tmp_path / "a.flac", tmp_path / "a.mp3", "mp3"))


def test_closing_the_house_ends_what_is_being_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converting, "COMMAND", (sys.executable, "-S", "-c", BUSY))

    async def closed() -> None:
        converter = LocalConverter(at_once=2)
        several = [
            asyncio.create_task(converter.convert(tmp_path / "a.flac", tmp_path / f"{number}.mp3", "mp3"))
            for number in range(3)
        ]
        while len(converter._running) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        assert len(converter._running) == 2, "and never more at once"
        await converter.close()
        failed = await asyncio.gather(*several, return_exceptions=True)
        assert [error.code for error in failed if isinstance(error, EngineError)] == ["converter_failed"] * 3

    asyncio.run(closed())
