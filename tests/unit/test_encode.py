from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.audio.encode import BIT_RATES, FORMATS, convert, decode, encode, preview
from engine.audio.tags import Tags, read
from engine.spec.errors import EngineError
from tests.fakes.tune import RATE, tune

TAGS = Tags(title="Coffee Steam", genre="lo-fi", bpm=82, key="F Major", lyrics="steam\nrises")


def snr_db(original: np.ndarray, copy: np.ndarray) -> float:
    length = min(original.shape[1], copy.shape[1])
    noise = copy[:, :length] - original[:, :length]
    return float(10 * np.log10(np.square(original).mean() / np.square(noise).mean()))


@pytest.mark.parametrize("form", ["flac", "wav"])
def test_lossless_files_hold_every_sample_to_24_bits(tmp_path: Path, form: str) -> None:
    audio = tune()
    copy, rate = decode(encode(audio, RATE, tmp_path / f"song.{form}", tag=TAGS))
    assert rate == RATE
    assert copy.shape == audio.shape
    assert np.abs(copy - audio).max() <= 2**-24


def test_flac_and_wav_hold_the_same_samples(tmp_path: Path) -> None:
    flac, _ = decode(encode(tune(), RATE, tmp_path / "song.flac"))
    wav, _ = decode(encode(tune(), RATE, tmp_path / "song.wav"))
    assert np.array_equal(flac, wav)


@pytest.mark.parametrize(("form", "least_db"), [("mp3", 20), ("ogg", 20), ("m4a", 20)])
def test_lossy_files_keep_length_and_sound(tmp_path: Path, form: str, least_db: float) -> None:
    audio = tune()
    copy, rate = decode(encode(audio, RATE, tmp_path / f"song.{form}", tag=TAGS))
    assert rate == RATE
    assert copy.shape[0] == 2
    assert abs(copy.shape[1] - audio.shape[1]) <= 0.050 * RATE
    assert snr_db(audio, copy) >= least_db


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_samples_give_the_same_bytes(tmp_path: Path, form: str) -> None:
    one, other = (encode(tune(1), RATE, tmp_path / f"{name}.{form}", tag=TAGS) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("form", FORMATS)
def test_mono_stays_mono(tmp_path: Path, form: str) -> None:
    copy, _ = decode(encode(tune(1)[:1], RATE, tmp_path / f"mono.{form}"))
    assert copy.shape[0] == 1


@pytest.mark.parametrize("form", ["mp3", "m4a"])
def test_a_higher_bit_rate_makes_a_larger_file(tmp_path: Path, form: str) -> None:
    sizes = [encode(tune(), RATE, tmp_path / f"{r}.{form}", bit_rate=r).stat().st_size for r in BIT_RATES]
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]


def test_an_mp3_has_the_bit_rate_it_was_asked_for(tmp_path: Path) -> None:
    size = encode(tune(10), RATE, tmp_path / "song.mp3", bit_rate=128).stat().st_size
    assert size * 8 / 10 / 1000 == pytest.approx(128, rel=0.03)


@pytest.mark.parametrize(
    ("form", "bit_rate", "said"),
    [
        ("mp3", 100, "128, 160, 192, 256, 320"),
        ("m4a", 64, "128, 160, 192, 256, 320"),
        ("flac", 320, "mp3 and m4a only"),
        ("ogg", 192, "mp3 and m4a only"),
        ("aiff", None, "flac, wav, mp3, m4a, ogg"),
    ],
)
def test_a_wrong_choice_is_refused_with_the_right_ones(
    tmp_path: Path, form: str, bit_rate: int | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        encode(tune(1), RATE, tmp_path / "song", format=form, bit_rate=bit_rate)
    assert list(tmp_path.iterdir()) == []


def test_louder_than_full_scale_is_clipped_not_wrapped(tmp_path: Path) -> None:
    copy, _ = decode(encode(tune(1) * 4, RATE, tmp_path / "loud.flac"))
    assert np.abs(copy - np.clip(tune(1) * 4, -1, 1)).max() <= 2**-23


@pytest.mark.parametrize("broken", [np.full((2, 100), np.nan, np.float32), np.zeros((2, 0), np.float32)])
def test_what_is_no_sound_makes_no_file(tmp_path: Path, broken: np.ndarray) -> None:
    with pytest.raises(EngineError, match="encode_failed") as caught:
        encode(broken, RATE, tmp_path / "song.flac")
    assert caught.value.permanent
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", FORMATS)
def test_conversion_keeps_sound_tags_and_length(tmp_path: Path, form: str) -> None:
    source = encode(tune(), RATE, tmp_path / "song.flac", tag=TAGS)
    target = convert(source, tmp_path / f"copy.{form}", form)
    copy, _ = decode(target)
    assert abs(copy.shape[1] - 3 * RATE) <= 0.050 * RATE
    assert snr_db(tune(), copy) >= 20
    assert read(target) == TAGS


def test_a_preview_is_short_faded_and_small(tmp_path: Path) -> None:
    source = encode(tune(20), RATE, tmp_path / "song.flac", tag=TAGS)
    target = preview(source, tmp_path / "preview.mp3", 6, start=5, fade_out=2)
    audio, rate = decode(target)
    assert audio.shape[1] / rate == pytest.approx(6, abs=0.05)
    level = [float(np.abs(audio[:, round(a * rate) : round((a + 0.5) * rate)]).max()) for a in (2, 5.5)]
    assert level[1] < 0.3 * level[0]
    assert target.stat().st_size < 6 * 128_000 / 8 * 1.1
    assert read(target).title == "Coffee Steam"
    begin = round(5.1 * rate)
    assert snr_db(tune(20)[:, begin : begin + rate], audio[:, round(0.1 * rate) : round(1.1 * rate)]) > 20


def test_a_preview_longer_than_the_song_is_the_song(tmp_path: Path) -> None:
    source = encode(tune(2), RATE, tmp_path / "song.flac")
    audio, rate = decode(preview(source, tmp_path / "preview.mp3", 30, fade_in=0, fade_out=0))
    assert audio.shape[1] / rate == pytest.approx(2, abs=0.05)
    with pytest.raises(ValueError, match="ends before"):
        preview(source, tmp_path / "none.mp3", 30, start=5)


@pytest.mark.parametrize("name", ["song.flac", "song.m4a", "song.mp3"])
def test_what_is_no_audio_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"these are only words " * 50)
    with pytest.raises(EngineError, match="decode_failed"):
        decode(tmp_path / name)


FULL = """
import resource, sys
from pathlib import Path
from engine.audio.encode import encode
from engine.spec.errors import EngineError
from tests.fakes.tune import RATE, tune

sound = tune(4)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for form in ("flac", "mp3", "ogg", "m4a"):
    try:
        encode(sound, RATE, Path(sys.argv[1]) / f"song.{form}")
    except EngineError as error:
        print(form, error.code, error.permanent)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits on file size are a Unix matter")
def test_no_room_for_a_file_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{form} disk_full False" for form in ("flac", "mp3", "ogg", "m4a")]
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_file_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tune(1), RATE, tmp_path / "song.flac")
    before = path.read_bytes()

    def half_then_full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", half_then_full)
    with pytest.raises(EngineError, match="disk_full") as caught:
        encode(tune(2), RATE, path)
    assert not caught.value.permanent
    assert [p.name for p in tmp_path.iterdir()] == ["song.flac"]
    assert path.read_bytes() == before


def test_an_encoder_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/bin/false")
    with pytest.raises(EngineError, match="encode_failed"):
        encode(tune(1), RATE, tmp_path / "song.mp3")
    assert list(tmp_path.iterdir()) == []


def test_pydub_comes_in_without_a_warning(tmp_path: Path) -> None:
    words = "from engine.audio.encode import _audio_segment; _audio_segment(); print('quiet')"
    # compiled anew, as after an installation: its old regular expressions warn only then
    fresh = [sys.executable, "-W", "error", "-X", f"pycache_prefix={tmp_path}", "-c", words]
    done = subprocess.run(fresh, capture_output=True, text=True, check=False)
    assert done.stdout == "quiet\n", done.stderr
