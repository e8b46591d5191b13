"""A stranger's file as samples: ffmpeg reads it, told what it is, and may open nothing else."""

from __future__ import annotations

import contextlib
import errno
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import imageio_ffmpeg
import numpy as np

from engine.audio.foreign.kinds import READERS
from engine.audio.foreign.wrong import Wrong

if TYPE_CHECKING:
    from numpy.typing import NDArray

# One thread, for the same bytes every time and one core at most.
QUIET = ("-hide_banner", "-nostdin", "-nostats", "-threads", "1", "-filter_threads", "1")
# Which speakers are meant where a file doesn't say is for us to guess, the same with every ffmpeg.
OUR_GUESS = ("-guess_layout_max", "2")
# Most that ffmpeg takes at once, in bytes: tables in a file may claim any size.
ONE_PIECE = 2**28
# Of all that ffmpeg can decode, what songs come in. Each decoder is one more door.
DECODERS = (
    "aac", "aac_latm", "ac3", "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "alac", "amrnb", "amrwb", "dca", "eac3",
    "flac", "gsm", "gsm_ms", "libopus", "libvorbis", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "opus",
    "pcm_alaw", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le", "pcm_mulaw", "pcm_s16be", "pcm_s16le",
    "pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le", "pcm_s64be", "pcm_s64le", "pcm_s8", "pcm_u8", "vorbis",
    "wmalossless", "wmapro", "wmav1", "wmav2",
)  # fmt: skip
BLOCK = 2**18
RATES = range(2000, 768_001)
MOST_CHANNELS = 512
# ffmpeg's report begins with what the file says of itself, titles and lyrics included; then come its complaints.
REPORT = 2**20
LENGTH = re.compile(rb"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
PICTURES = re.compile(rb"^  Stream #0:\d+\S*: Video: (?!.*\(attached pic\))", re.MULTILINE)
GUESSED = b"Estimating duration from bitrate"
NOT_OURS = b"not on whitelist"
NO_SOUND = b"matches no streams"
NO_ROOM = (b"No space left", b"Disk quota exceeded")
# Threads need memory too: without it there are none, for now as the system puts it.
NO_MEMORY = (b"Cannot allocate memory", b"Resource temporarily unavailable")
ENDS_FOR_MEMORY = (256 - errno.ENOMEM, 256 - errno.EAGAIN)
TOO_MUCH = (-signal.SIGXCPU, -signal.SIGXFSZ, -signal.SIGKILL)


@dataclass(frozen=True)
class Stream:
    """Sound as it is in the file: `rate` in Hz, `mask` says which speakers (0: unknown), `blocks` are float32
    (samples, channels). `promised` is how long the file says it is, in seconds; None where it doesn't say, or where
    its pictures may be longer than its sound."""

    rate: int
    channels: int
    mask: int
    promised: float | None
    blocks: Iterator[NDArray[np.float32]]


@contextmanager
def reading(file: Path, kind: str, report: Path) -> Iterator[Stream]:
    """The first sound in `file`, of a `kind` that `kind_of` found; ffmpeg's words go to `report`.

    Raises `Wrong`, here or when the blocks end: `audio_unknown`, `audio_none`, `audio_unreadable`, `audio_too_hard`.
    """
    command = (
        imageio_ffmpeg.get_ffmpeg_exe(), *QUIET, "-loglevel", "info", "-max_alloc", str(ONE_PIECE),
        "-protocol_whitelist", "file", "-codec_whitelist", ",".join(DECODERS), "-vn", "-sn", "-dn",
        *OUR_GUESS, "-f", READERS[kind], "-i", f"file:{file}",
        "-map", "0:a:0", "-map_metadata", "-1", "-c:a", "pcm_f32le", "-bitexact", "-f", "wav", "pipe:1",
    )  # fmt: skip
    with report.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
    try:
        assert process.stdout is not None  # noqa: S101
        yield _stream(process, process.stdout, report)
    finally:
        ended(process)


def ended(process: subprocess.Popen[bytes]) -> None:
    """Nothing is left of `process`, nor of our ends of its pipes."""
    process.kill()
    for pipe in (process.stdin, process.stdout):
        # What it can't take any more is lost on nobody.
        with contextlib.suppress(BrokenPipeError):
            if pipe is not None:
                pipe.close()
    process.wait()


def check(process: subprocess.Popen[bytes], report: Path) -> None:
    """Wait for ffmpeg's end. Raises `Wrong` where it was not a good one."""
    code = process.wait()
    if code == 0:
        return
    with report.open("rb") as file:
        words = file.read(REPORT)
        file.seek(max(report.stat().st_size - REPORT, 0))
        words += file.read(REPORT)
    cause = f"ffmpeg ended with {code}: {words[-300:].decode(errors='replace')}"
    if any(sign in words for sign in NO_ROOM):
        raise Wrong("disk_full", cause)
    if code in (*TOO_MUCH, *ENDS_FOR_MEMORY) or any(sign in words for sign in NO_MEMORY):
        raise Wrong("audio_too_hard", cause)
    if NO_SOUND in words:
        raise Wrong("audio_none", cause)
    if NOT_OURS in words and not PICTURES.search(words):
        raise Wrong("audio_unknown", cause)
    raise Wrong("audio_unreadable", cause)


def _stream(process: subprocess.Popen[bytes], sound: IO[bytes], report: Path) -> Stream:
    form = _format(sound)
    if form is None:
        check(process, report)
        raise Wrong("audio_unreadable", "no sound came")
    channels, rate = int.from_bytes(form[2:4], "little"), int.from_bytes(form[4:8], "little")
    mask = int.from_bytes(form[20:24], "little") if len(form) >= 24 else 0
    if rate not in RATES or not 1 <= channels <= MOST_CHANNELS:
        raise Wrong("audio_unreadable", f"{channels} channels, {rate} Hz")
    return Stream(rate, channels, mask, _promised(report), _blocks(process, sound, channels, report))


def _format(sound: IO[bytes]) -> bytes | None:
    """What the header says of the format of the samples that follow; None where nothing comes."""
    if len(sound.read(12)) < 12:
        return None
    form = b""
    while len(head := sound.read(8)) == 8 and head[:4] != b"data":
        size = int.from_bytes(head[4:], "little")
        chunk = sound.read(size + size % 2)
        form = chunk if head[:4] == b"fmt " else form
    return form if len(form) >= 16 and len(head) == 8 else None


def _blocks(
    process: subprocess.Popen[bytes], sound: IO[bytes], channels: int, report: Path
) -> Iterator[NDArray[np.float32]]:
    frame = 4 * channels
    size = max(BLOCK // frame, 1) * frame
    while len(data := sound.read(size)) >= frame:
        yield np.frombuffer(data, "<f4", len(data) // frame * channels).reshape(-1, channels)
    check(process, report)


def _promised(report: Path) -> float | None:
    with report.open("rb") as file:
        words = file.read(REPORT)
    found = LENGTH.search(words)
    if found is None or GUESSED in words or PICTURES.search(words):
        return None
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
