"""Sound files of every kind become ours: as long, as loud, left where it was left, and at the pitch it had."""

# mutagen has types for few of its functions
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from mutagen.id3 import ID3, SYLT, TIT2, TPE1, USLT, Encoding
from mutagen.mp4 import MP4
from mutagen.oggvorbis import OggVorbis
from numpy.typing import NDArray

from engine.audio.foreign.answer import answer
from engine.pool import decoding
from engine.pool.decoding import LocalDecoder
from engine.spec import EngineError

Audio = NDArray[np.float64]

LONG_S = 1.0
LEFT_HZ, RIGHT_HZ = 1000.0, 1450.0
LEVEL = 0.4
# What a song comes in, as libsndfile writes it: format, subtype, ending.
PLAIN = (
    ("WAV", "PCM_U8"), ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"),
    ("WAV", "ULAW"), ("WAV", "ALAW"), ("WAV", "IMA_ADPCM"), ("WAV", "MS_ADPCM"), ("WAVEX", "PCM_24"),
    ("RF64", "PCM_16"), ("W64", "PCM_24"), ("AIFF", "PCM_16"), ("AIFF", "PCM_24"), ("AIFF", "FLOAT"),
    ("AIFF", "ULAW"), ("AU", "PCM_16"), ("AU", "FLOAT"), ("CAF", "PCM_24"), ("CAF", "ALAC_16"), ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"),
)  # fmt: skip
RATES = (8000, 22_050, 44_100, 48_000, 96_000, 192_000)
KIND = {"WAVEX": "wav", "RF64": "wav", "W64": "wav"}
# What only ffmpeg writes.
MONO = ("-af", "pan=mono|c0=c0")
FILMED = (
    ("aac.m4a", "mp4", 2, 44_100, ("-c:a", "aac", "-b:a", "160k")),
    ("aac8.m4a", "mp4", 1, 8000, ("-c:a", "aac", *MONO)),
    ("alac.m4a", "mp4", 2, 96_000, ("-c:a", "alac")),
    ("pcm.mov", "mp4", 2, 48_000, ("-c:a", "pcm_s16be")),
    ("film.mp4", "mp4", 2, 44_100, ("-map", "1:v", "-c:v", "mpeg4", "-c:a", "aac", "-b:a", "160k")),
    ("film.avi", "avi", 2, 48_000, ("-map", "1:v", "-c:v", "mjpeg", "-c:a", "libmp3lame")),
    ("film.mkv", "matroska", 2, 48_000, ("-map", "1:v", "-c:v", "mpeg4", "-c:a", "ac3")),
    ("opus.webm", "matroska", 2, 48_000, ("-c:a", "libopus")),
    ("opus.ogg", "ogg", 1, 48_000, ("-c:a", "libopus", *MONO)),
    ("flac.oga", "ogg", 2, 44_100, ("-c:a", "flac", "-f", "ogg")),
    ("radio.aac", "aac", 2, 22_050, ("-c:a", "aac", "-b:a", "128k", "-f", "adts")),
    ("old.mp2", "mp3", 2, 44_100, ("-c:a", "mp2", "-f", "mp2")),
    ("old.wma", "wma", 2, 44_100, ("-c:a", "wmav2", "-b:a", "128k")),
    ("long.wav", "wav", 2, 44_100, ("-c:a", "pcm_s64le",)),
)  # fmt: skip
# Made for speech: a tone comes out softer, whoever reads it.
PHONE = ("phone.amr", "amr", 1, 8000, ("-c:a", "libopencore_amrnb", *MONO))


def tone(hz: float, rate: int, seconds: float = LONG_S, level: float = LEVEL) -> Audio:
    return level * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate)


def two(rate: int, channels: int = 2) -> Audio:
    """(samples, channels): a tone on the left, another on the right."""
    return np.stack([tone(LEFT_HZ, rate), tone(RIGHT_HZ, rate)], axis=1)[:, :channels]


def level(side: Audio, hz: float) -> float:
    """How loud a tone of `hz` is in `side` (48 kHz), away from its ends."""
    middle = side[len(side) // 5 : -len(side) // 5]
    window = np.hanning(len(middle))
    turning = np.exp(-2j * np.pi * hz * np.arange(len(middle)) / 48_000)
    return float(2 * abs((middle * window * turning).sum()) / window.sum())


def pitch(side: Audio) -> float:
    """The strongest tone of `side` (48 kHz) in Hz."""
    middle = side[len(side) // 5 : -len(side) // 5]
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 2**20))
    return float(np.argmax(power)) * 48_000 / 2**20


def decibels(ratio: float) -> float:
    return float(20 * np.log10(max(ratio, 1e-9)))


def heard(file: Path, to: Path) -> tuple[dict[str, Any], Audio]:
    said = answer(file, to, 600)
    assert "wrong" not in said, said
    info = soundfile.info(to)
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_24", 48_000, 2)
    audio, _ = soundfile.read(to)
    return said, audio


def is_the_song(
    said: dict[str, Any], audio: Audio, kind: str, channels: int, rate: int, within_s: float = 0.03
) -> None:
    assert (said["kind"], said["channels"], said["sample_rate"]) == (kind, channels, rate)
    assert said["duration"] == len(audio) / 48_000 == pytest.approx(LONG_S, abs=within_s)
    left, right = audio.T
    assert pitch(left) == pytest.approx(LEFT_HZ, abs=1)
    assert abs(decibels(level(left, LEFT_HZ) / LEVEL)) < 0.5
    if channels == 1:
        assert np.array_equal(left, right)
        return
    assert pitch(right) == pytest.approx(RIGHT_HZ, abs=1)
    assert abs(decibels(level(right, RIGHT_HZ) / LEVEL)) < 0.5
    assert decibels(level(left, RIGHT_HZ) / LEVEL) < -30
    assert decibels(level(right, LEFT_HZ) / LEVEL) < -30


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One start of ffmpeg makes them all."""
    folder = tmp_path_factory.mktemp("filmed")
    soundfile.write(folder / "in.wav", two(96_000), 96_000, "PCM_24")
    outputs: list[str] = []
    for name, _, _, rate, how in (*FILMED, PHONE):
        outputs += ["-map", "0:a", *how, "-ar", str(rate), "-t", str(LONG_S), str(folder / name)]
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", folder / "in.wav",
         "-f", "lavfi", "-i", "testsrc=s=64x64:r=10", *outputs],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return folder


@pytest.mark.parametrize(("form", "subtype"), PLAIN)
def test_what_libsndfile_writes(form: str, subtype: str, tmp_path: Path) -> None:
    at = PLAIN.index((form, subtype))
    file = tmp_path / "without an ending"
    # Each format meets two rates and both numbers of channels; all together meet each rate.
    for channels, rate in ((1, RATES[at % 6]), (2, RATES[(at + 3) % 6])):
        rate = min(rate, {"MP3": 48_000}.get(form, rate))
        soundfile.write(file, two(rate, channels), rate, subtype, format=form)
        said, audio = heard(file, tmp_path / "ours.flac")
        is_the_song(said, audio, KIND.get(form, form.lower()), channels, rate)


@pytest.mark.parametrize(("name", "kind", "channels", "rate"), [case[:4] for case in FILMED])
def test_what_ffmpeg_writes(filmed: Path, name: str, kind: str, channels: int, rate: int, tmp_path: Path) -> None:
    said, audio = heard(filmed / name, tmp_path / "ours.flac")
    # What has no word for the silence that its encoder puts before and after, keeps it.
    within = 0.12 if name in {"radio.aac", "old.mp2", "old.wma", "film.avi", "film.mkv"} else 0.03
    is_the_song(said, audio, kind, channels, rate, within)


def test_a_note_from_a_telephone(filmed: Path, tmp_path: Path) -> None:
    said, audio = heard(filmed / PHONE[0], tmp_path / "ours.flac")
    assert (said["kind"], said["channels"], said["sample_rate"]) == ("amr", 1, 8000)
    assert said["duration"] == pytest.approx(LONG_S, abs=0.03)
    assert pitch(audio[:, 0]) == pytest.approx(LEFT_HZ, abs=1)


SPEAKERS = {
    6: ((1, 0), (0, 1), (0.71, 0.71), (0, 0), (0.71, 0), (0, 0.71)),
    8: ((1, 0), (0, 1), (0.71, 0.71), (0, 0), (0.71, 0), (0, 0.71), (0.71, 0), (0, 0.71)),
    # Twelve microphones: every other one on each side.
    12: ((0.41, 0), (0, 0.41)) * 6,
}
# libsndfile writes into this kind of WAV that the last two stand beside the centre.
WIDE = (*SPEAKERS[8][:6], (1, 0), (0, 1))


@pytest.mark.parametrize(("form", "channels"), [("WAV", 6), ("FLAC", 6), ("WAVEX", 8), ("FLAC", 8), ("CAF", 12)])
def test_many_speakers_become_two(form: str, channels: int, tmp_path: Path) -> None:
    """A tone of its own from each speaker, all of them as loud as can be."""
    pitches = [300.0 + 200 * channel for channel in range(channels)]
    sound = np.stack([tone(hz, 48_000, level=0.95) for hz in pitches], axis=1)
    soundfile.write(tmp_path / "in", sound, 48_000, "PCM_16", format=form)
    said, audio = heard(tmp_path / "in", tmp_path / "ours.flac")
    assert said["channels"] == channels
    assert said["peak"] > 1
    assert np.abs(audio).max() <= 1
    softer = 1 / said["peak"]
    for hz, parts in zip(pitches, WIDE if form == "WAVEX" else SPEAKERS[channels], strict=True):
        for side, part in zip(audio.T, parts, strict=True):
            assert level(side, hz) == pytest.approx(0.95 * part * softer, abs=0.006)
    # Nothing was cut off: between the tones there is nothing.
    assert all(level(side, hz + 100) < 0.001 for side in audio.T for hz in pitches)


def test_the_speakers_that_ffmpeg_knows(tmp_path: Path) -> None:
    """5.1 in an M4A stands in another order than in a WAV."""
    pitches = [300.0 + 200 * channel for channel in range(6)]
    soundfile.write(tmp_path / "in.wav", np.stack([tone(hz, 48_000) for hz in pitches], axis=1), 48_000, format="WAVEX")
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", tmp_path / "in.wav", "-c:a", "aac", "-b:a", "400k",
         "-cutoff", "18000", tmp_path / "in.m4a"], check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    said, audio = heard(tmp_path / "in.m4a", tmp_path / "ours.flac")
    assert said["channels"] == 6
    scale = min(1.0, 1 / said["peak"])
    for hz, parts in zip(pitches, SPEAKERS[6], strict=True):
        for side, part in zip(audio.T, parts, strict=True):
            assert level(side, hz) == pytest.approx(LEVEL * part * scale, abs=0.02)


def test_samples_beyond_full_scale_are_scaled_down_together(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "in.wav", two(44_100) * 80_000, 44_100, "FLOAT")
    said, audio = heard(tmp_path / "in.wav", tmp_path / "ours.flac")
    assert said["peak"] == pytest.approx(LEVEL * 80_000, rel=0.001)
    assert np.abs(audio).max() == pytest.approx(1, abs=0.001)
    assert level(audio[:, 0], LEFT_HZ) == pytest.approx(1, abs=0.01)


def test_an_offset_and_clipping_are_left_alone(tmp_path: Path) -> None:
    clipped = np.clip(two(48_000) * 5, -0.5, 0.5) + 0.25
    soundfile.write(tmp_path / "in.wav", clipped, 48_000, "PCM_24")
    _, audio = heard(tmp_path / "in.wav", tmp_path / "ours.flac")
    assert np.abs(audio - clipped).max() < 1e-6


def test_another_rate_costs_nothing_that_can_be_heard(tmp_path: Path) -> None:
    high = np.stack([tone(18_000, 44_100), tone(20_000, 44_100)], axis=1)
    soundfile.write(tmp_path / "in.wav", high, 44_100, "FLOAT")
    _, audio = heard(tmp_path / "in.wav", tmp_path / "ours.flac")
    assert abs(decibels(level(audio[:, 0], 18_000) / LEVEL)) < 0.1
    assert abs(decibels(level(audio[:, 1], 20_000) / LEVEL)) < 0.5
    # Of what lies above what 48 kHz can hold, nothing comes down.
    folded = np.stack([tone(30_000, 96_000), tone(1000, 96_000)], axis=1)
    soundfile.write(tmp_path / "in.wav", folded, 96_000, "FLOAT")
    _, audio = heard(tmp_path / "in.wav", tmp_path / "ours.flac")
    assert decibels(level(audio[:, 0], 18_000) / LEVEL) < -80
    # Nor is the tone beside it joined by others.
    assert decibels(level(audio[:, 1], 47_000 / 3) / LEVEL) < -80


def test_the_same_file_gives_the_same_bytes(filmed: Path, tmp_path: Path) -> None:
    heard(filmed / "aac.m4a", tmp_path / "one.flac")
    heard(filmed / "aac.m4a", tmp_path / "two.flac")
    assert (tmp_path / "one.flac").read_bytes() == (tmp_path / "two.flac").read_bytes()


def test_a_station_that_changes_its_channels_plays_on(filmed: Path, tmp_path: Path) -> None:
    mono = tmp_path / "mono.aac"
    soundfile.write(tmp_path / "in.wav", two(22_050, 1), 22_050)
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", tmp_path / "in.wav", "-f", "adts", mono],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    both = tmp_path / "both.aac"
    both.write_bytes(mono.read_bytes() + (filmed / "radio.aac").read_bytes())
    said, _ = heard(both, tmp_path / "ours.flac")
    assert said["duration"] == pytest.approx(2 * LONG_S, abs=0.25)


def test_as_long_as_is_allowed_is_not_too_long(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "in.wav", tone(440, 8000, 10.4), 8000)
    said = answer(tmp_path / "in.wav", tmp_path / "ours.flac", 10)
    assert said["duration"] == 10 == soundfile.info(tmp_path / "ours.flac").duration
    soundfile.write(tmp_path / "in.wav", tone(440, 8000, 11.4), 8000)
    said = answer(tmp_path / "in.wav", tmp_path / "ours.flac", 10)
    assert (said["wrong"], said["length"]) == ("audio_too_long", pytest.approx(11.4, abs=0.1))


def test_a_wav_that_came_through_a_pipe_does_not_know_its_length(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "in.wav", two(44_100), 44_100)
    whole = (tmp_path / "in.wav").read_bytes()
    for size in (0x7FFFFFFF, 0xFFFFFFFF):
        riff, data = size.to_bytes(4, "little"), (size - 36 if size < 2**31 else size).to_bytes(4, "little")
        (tmp_path / "in.wav").write_bytes(whole[:4] + riff + whole[8:40] + data + whole[44:])
        said, audio = heard(tmp_path / "in.wav", tmp_path / "ours.flac")
        is_the_song(said, audio, "wav", 2, 44_100)


# --- what a file calls itself ---

WORDS = "Erste Zeile\nZweite Zeile"


def test_title_artist_and_lyrics_of_each_kind_of_list(filmed: Path, tmp_path: Path) -> None:
    mp3, ogg, m4a = tmp_path / "in.mp3", tmp_path / "in.ogg", tmp_path / "in.m4a"
    soundfile.write(mp3, two(44_100), 44_100, format="MP3")
    soundfile.write(ogg, two(44_100), 44_100, format="OGG")
    m4a.write_bytes((filmed / "aac.m4a").read_bytes())
    frames = ID3()
    frames.add(TIT2(Encoding.UTF8, text=["Größe"]))
    frames.add(TPE1(Encoding.UTF16, text=["Ann"]))
    timed = SYLT(Encoding.UTF8, lang="deu", format=2, type=1, text=[("Erste Zeile", 0), ("Zweite Zeile", 500)])
    frames.add(timed)
    frames.save(mp3)
    tags = OggVorbis(ogg)
    tags.update(
        {"Title": "Größe", "ARTIST": "Ann", "SYNCEDLYRICS": "[ti:x]\n[00:00.00]Erste Zeile\n[00:01.50] Zweite Zeile"}
    )
    tags.save()
    atoms = MP4(m4a)
    atoms.update({"©nam": ["Größe"], "©ART": ["Ann"], "©lyr": [WORDS]})
    atoms.save()
    for file in (mp3, ogg, m4a):
        said, _ = heard(file, tmp_path / "ours.flac")
        assert (said["title"], said["artist"], said["lyrics"]) == ("Größe", "Ann", WORDS), file
    frames.add(USLT(Encoding.UTF8, lang="deu", desc="", text="Nur diese"))
    frames.save(mp3)
    assert heard(mp3, tmp_path / "ours.flac")[0]["lyrics"] == "Nur diese"


def test_what_it_calls_itself_is_cut_and_made_plain(tmp_path: Path) -> None:
    file = tmp_path / "in.mp3"
    soundfile.write(file, two(44_100), 44_100, format="MP3")
    frames = ID3()
    frames.add(TIT2(Encoding.UTF8, text=["a\u202eb\x07\tc\nd" + "x" * 500]))
    frames.add(USLT(Encoding.UTF8, lang="eng", desc="", text="la\r\n" * 20_000))
    frames.save(file)
    decoded = asyncio.run(LocalDecoder().decode(file, tmp_path / "ours.flac"))
    assert decoded.title.startswith("ab")
    assert decoded.title.isprintable()
    assert 110 <= len(decoded.title) <= 120
    assert 10_000 < len(decoded.lyrics) <= 20_000
    assert "\r" not in decoded.lyrics


def test_a_strangers_file_is_read_where_no_secret_of_the_environment_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MINSTREL_DISCORD_TOKEN", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hush")
    monkeypatch.setattr(decoding, "COMMAND", (sys.executable, "-c", "import os; raise SystemExit(str(os.environ))"))
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(EngineError) as caught:
        asyncio.run(LocalDecoder().decode(tmp_path / "file", tmp_path / "ours.flac"))
    assert "OMP_NUM_THREADS" in str(caught.value.cause)
    assert "hush" not in str(caught.value.cause)
