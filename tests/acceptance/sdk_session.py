"""Somebody with the reference's own client, unchanged, at a house of their own: everything is asked for at once."""

from __future__ import annotations

import asyncio
import io
import math
import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.acceptance.web_process import Outside, Served, outside, served

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MUSIC, STEMS = "/api/v1/music", "/api/v1/stem-extraction"
SECONDS = 5.0
# More than everything here costs, less than the dearest request there is.
WELCOME = 300
CAPTION = "warm indie pop, hopeful, acoustic guitar"
LYRICS = "[verse]\nMorning light on the kitchen floor\nCoffee and rain at the open door"
# Where nobody can say how long it shall be, the words do.
SHORT = "[verse]\nMorning light"
# Nobody can sing that: its job fails.
UNSUNG = "[verse]\n♪ ♪ ♪"
ENDED = ("COMPLETED", "FAILED")
# Pages that show how the client is pointed at a house.
PAGES = ("README.md", "docs/api.md")
# Until the last of what was asked for is made, on a machine with every core busy.
MADE_S = 240
# Each look costs the house as much as it costs us.
LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class Sound:
    """A file as it was downloaded. `audio` is (channels, samples)."""

    kind: str
    data: bytes
    audio: NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        return float(self.audio.shape[1] / self.rate)

    @property
    def level(self) -> float:
        """Root of the mean square, 1 is full scale."""
        return math.sqrt((self.audio.astype("float64") ** 2).mean())


@dataclass
class Visit:
    """`asked` is what each request was answered, `waited` what the client came back with when it waited itself."""

    house: Served
    world: Outside
    folder: Path
    key: str
    client: Any
    http: httpx.Client
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    waited: dict[str, Future[Any]] = field(default_factory=dict)

    def sdk(self, key: str | None = None, **more: Any) -> Any:
        """Another client; one that waits has to be alone in its thread."""
        from audiopod import Client

        return Client(api_key=key or self.key, base_url=self.house.url, **more)

    def number(self, name: str) -> int:
        return int(self.asked[name]["id"])

    def job(self, name: str) -> dict[str, Any]:
        """The job that `name` was answered with, once it has ended."""
        return self.ended(self.number(name))

    def ended(self, number: int) -> dict[str, Any]:
        deadline = time.monotonic() + MADE_S
        while (job := self.client.music.get_job(number))["status"] not in ENDED:
            assert time.monotonic() < deadline, job
            time.sleep(LOOK_EVERY_S)
        return dict(job)

    def post(self, path: str, **values: Any) -> dict[str, Any]:
        """What the client has no method for."""
        return dict(self.client.request("POST", path, json_data=values))

    def sound(self, url: str) -> Sound:
        """What `url` leads to: without credentials, as a player opens it."""
        import soundfile

        from engine.audio.encode import decode

        answer = httpx.get(url, timeout=60)
        assert answer.status_code == 200, answer.text
        kind, data = answer.headers.get("content-type", ""), answer.content
        if not url.endswith(".m4a"):
            samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
            return Sound(kind, data, samples.T, rate)
        file = self.folder / "downloaded.m4a"
        file.write_bytes(data)
        return Sound(kind, data, *decode(file))


def shown(page: str) -> str:
    """The lines of Python on a page."""
    text = (Path(__file__).parents[2] / page).read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))


@contextmanager
def visit(folder: Path) -> Iterator[Visit]:
    """A house with everything asked for, the song that others start from made."""
    home = folder / "home"
    home.mkdir()
    (home / "pricing.toml").write_text(f"welcome = {WELCOME}\n")
    with (
        outside() as world,
        served(home, MINSTREL_FETCH_PRIVATE_HOSTS="127.0.0.1", MINSTREL_ENGINES="1") as house,
        ThreadPoolExecutor() as threads,
    ):
        key = house.key("ann")
        headers = {"X-API-Key": key}
        with httpx.Client(base_url=house.url, headers=headers, timeout=60) as http:
            there = Visit(house, world, folder, key, None, http)
            there.client = there.sdk()
            with there.client:
                _brings(there)
                _asks_for_songs(there)
                _waits(there, threads)
                assert there.job("song")["status"] == "COMPLETED"
                _asks_for_changes(there)
                yield there
                for future in there.waited.values():
                    future.result()


def _brings(there: Visit) -> None:
    """A file of somebody's own, on their disk and on a server of theirs; the same server is told of what is made."""
    from engine.audio.encode import encode
    from tests.fakes.tune import RATE, tune

    file = encode(tune(SECONDS), RATE, there.folder / "tune.flac")
    there.world.files["tune.flac"] = file.read_bytes()
    there.world.files["red.png"] = _picture()
    there.asked["hook"] = there.post(
        "/api/v1/webhooks/endpoints", url=there.world.link("hook"), events=["job.completed"], description="a test"
    )


def _picture() -> bytes:
    from PIL import Image

    kept = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(kept, "png")
    return kept.getvalue()


def _asks_for_songs(there: Visit) -> None:
    music, asked = there.client.music, there.asked
    more = {"duration": SECONDS, "seed": 7}
    again = {"generate_lrc": True, "display_name": "Kitchen", "inference_steps": 32, **more}
    asked["song"] = music.song(CAPTION, LYRICS, **again)
    asked["failing"] = music.generate("soft", task="lyric2vocals", lyrics=UNSUNG, **more)
    asked["again"] = music.song(CAPTION, LYRICS, **again)
    asked["instrumental"] = music.instrumental(
        "slow jazz", bpm=90, keyscale="Am", genre_preset="Jazz", thumbnail_url=there.world.link("red.png"), **more
    )
    asked["vocals"] = music.generate("soft", task="lyric2vocals", lyrics=LYRICS, **more)
    asked["sample"] = music.generate("deep kick", task="text2samples", duration=1, batch_size=2, seed=7)
    asked["simple"] = music.simple("a happy song about rain", duration=SECONDS, format="mp3")
    asked["second"] = there.http.post(
        "/api/v1/text-to-music",
        headers={"Authorization": f"Bearer {there.key}"},
        json={"tags": ["warm", "pop"], "lyrics": SHORT, "output_format": "m4a", "output_bit_rate": "192", "seed": 7},
    ).json()


def _waits(there: Visit, threads: ThreadPoolExecutor) -> None:
    """The client's own ways to wait, side by side: each sleeps for seconds between two looks."""

    def rap() -> Any:
        with there.sdk() as client:
            return client.music.rap("rap, dark", LYRICS, duration=SECONDS, wait_for_completion=True)

    def separate() -> Any:
        with there.sdk() as client:
            return client.stem_extraction.separate(file=str(there.folder / "tune.flac"), mode="four")

    def as_written(lines: str) -> list[str]:
        said: list[str] = []
        lines = lines.replace("ap_…", there.key).replace("http://127.0.0.1:8080", there.house.url)
        exec(lines.replace("wait_for", f"duration={SECONDS}, wait_for"), {"print": said.append})  # noqa: S102
        return said

    for page in PAGES:
        there.waited[page] = threads.submit(as_written, shown(page))
    there.waited["rap"] = threads.submit(rap)
    there.waited["separate"] = threads.submit(separate)
    there.waited["async"] = threads.submit(lambda: asyncio.run(_asynchronously(there)))


async def _asynchronously(there: Visit) -> dict[str, Any]:
    from audiopod import AsyncClient

    async with AsyncClient(api_key=there.key, base_url=there.house.url) as client:
        return {
            "song": await client.music.instrumental("piano", duration=SECONDS, seed=7, wait_for_completion=True),
            "jobs": await client.music.list_jobs(limit=1),
            "presets": await client.music.get_presets(),
            "user": await client.get_user_info(),
            "balance": await client.wallet.get_balance(),
            "credits": await client.credits.get_balance(),
            "stems": await client.stem_extraction.separate(url=there.world.link("tune.flac"), mode="two"),
        }


def _asks_for_changes(there: Visit) -> None:
    music, asked = there.client.music, there.asked
    song, foreign = there.number("song"), there.world.link("tune.flac")
    ours = there.job("song")["output_url"]
    asked["cover"] = music.cover(ours, "slow rock, electric guitar", audio_cover_strength=0.8, duration=SECONDS)
    asked["reference"] = music.reference(foreign, "folk", instrumental=True, duration=SECONDS)
    asked["stem"] = music.extract_stem(ours, "vocals", display_name="The voice")
    asked["foreign stem"] = music.extract_stem(foreign, "bass")
    asked["retake"] = there.post(f"{MUSIC}/retake", original_job_id=song, retake_seeds=[11])
    asked["repaint"] = there.post(
        f"{MUSIC}/repaint", source_job_id=song, repainting_start=2, repainting_end=4, caption="solo piano"
    )
    asked["extend"] = there.post(f"{MUSIC}/extend", source_job_id=song, right_extend_length=3, prompt="quiet ending")
    asked["edit"] = there.post(
        f"{MUSIC}/edit", source_job_id=song, edit_type="only_lyrics", edit_target_lyrics="Evening falls on the door"
    )
    asked["stems"] = there.client.stem_extraction.extract(url=ours, mode="six")
    asked["advanced"] = there.client.stem_extraction.extract_advanced(
        url=ours, single_stem="drums", wait_for_completion=False
    )
    asked["legacy"] = there.client.stem_extraction.extract_stems(url=ours, two_stems_mode="vocals")
    asked["single"] = there.client.stem_extraction.extract(url=ours, mode="single", stem="vocals")
