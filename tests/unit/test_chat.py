"""The MP3 of a song always fits where it is to be posted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import chat
from engine.audio.encode import encode
from engine.audio.package import package
from engine.audio.tags import Tags, id3_size, read
from engine.spec.plan import Plan
from engine.spec.protocol import Take
from engine.spec.tasks import Text2Music

DISCORD_TAKES = 10 * 2**20
RATE = 48_000
# the largest of 360 covers, drawn from as many seeds, has 279,417 bytes inside a file
COVER = np.random.default_rng(1).bytes(290_000)
PLAN = Plan(
    title="A Minute",
    caption="noise",
    lyrics="ü" * 20_000,
    duration=60,
    bpm=120,
    keyscale="C Major",
    timesignature="4/4",
    seeds=(1,),
    engine="studio",
)


def noise(seconds: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """What no encoder makes smaller (2, samples)."""
    sound = np.random.default_rng(2).standard_normal((2, round(seconds * RATE)), dtype=np.float32)
    return sound * np.float32(0.2)


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that is gone at once: pytest keeps its own for three runs, and noise is large."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_minute_of_noise_comes_whole_and_small(room: Path) -> None:
    """Ten minutes fit, too: `test_every_length_fits_at_the_worst`, and a real one in `test_odd`."""
    take = Take(1, 1, noise(60), RATE, 120, "C Major", "4/4")
    spec = Text2Music(caption="noise", calculate_quality=False)
    files = {file.format: Path(file.path) for file in package(take, plan=PLAN, spec=spec, workdir=room).files}
    assert files["mp3"].stat().st_size < chat.LARGEST < DISCORD_TAKES
    assert soundfile.info(files["mp3"]).duration == pytest.approx(60, abs=0.1)
    tag = read(files["mp3"])
    assert (tag.title, tag.lyrics, tag.generated) == ("A Minute", PLAN.lyrics, True)
    assert tag.cover is not None
    # the master is what it was: lossless, whatever its size
    assert files["flac"].stat().st_size > 1.5 * DISCORD_TAKES


@pytest.mark.parametrize(("seconds", "bit_rate"), [(60, 192), (400, 192), (480, 160), (600, 128)])
def test_the_shorter_the_song_the_better_it_sounds(seconds: float, bit_rate: int) -> None:
    assert chat.bit_rate(seconds, Tags(title="x", cover=COVER)) == bit_rate


def test_a_larger_picture_takes_its_room_from_the_sound() -> None:
    length = next(s for s in range(600) if chat.bit_rate(s, Tags(title="x", cover=COVER)) < 192) - 1
    assert chat.bit_rate(length, Tags(title="x", cover=COVER * 2)) == 160
    assert chat.bit_rate(length + 10, Tags(title="x")) == 192


def test_every_length_fits_at_the_worst() -> None:
    tag = Tags(title="x" * 120, lyrics="歌" * 20_000, comment="歌" * 2048, cover=COVER)
    for seconds in range(5, 601):
        assert chat.bit_rate(seconds, tag) * 125 * seconds + id3_size(tag) + chat.SPARE <= chat.LARGEST


def test_files_are_as_large_as_it_reckons(tmp_path: Path) -> None:
    """MP3 and tags take what `bit_rate` counts on, and what it keeps spare covers the rest."""
    tag = Tags(title="x", cover=COVER, lyrics="la " * 500)
    for bit_rate in chat.BIT_RATES:
        path = encode(noise(20), RATE, tmp_path / "x.mp3", bit_rate=bit_rate, tag=tag)
        reckoned = bit_rate * 125 * 20 + id3_size(tag)
        assert reckoned <= path.stat().st_size <= reckoned + chat.SPARE
        # a second more takes what it is reckoned to take: in ten minutes nothing adds up
        short = encode(noise(2), RATE, tmp_path / "y.mp3", bit_rate=bit_rate, tag=tag)
        assert path.stat().st_size - short.stat().st_size == pytest.approx(bit_rate * 125 * 18, abs=chat.SPARE / 34)
    bare = encode(noise(20), RATE, tmp_path / "y.mp3", bit_rate=128, tag=replace(tag, cover=None))
    assert path.stat().st_size - bare.stat().st_size == pytest.approx(len(COVER), abs=2000)
