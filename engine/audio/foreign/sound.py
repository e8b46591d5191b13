"""The sound of a stranger's file as ours: 48 kHz, stereo, FLAC of 24 bit; block by block, whatever its header says."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import imageio_ffmpeg
import numpy as np
import soundfile

from engine.audio.foreign.reading import QUIET, Stream, check, ended, reading
from engine.audio.foreign.speakers import weights
from engine.audio.foreign.wrong import Wrong

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 48_000
SHORTEST_S = 0.5
# A song that was exactly as long as is allowed has grown by what encoders put at both ends. That much is cut off.
GRACE_S = 1.0
# -70 dBFS
SOFTEST = 10 ** (-70 / 20)
# Whole numbers of 32 bit that somebody wrote as floats are scaled down; what is beyond them is no sound.
LOUDEST = 2.0**32
# Less of what was promised is a download that broke off.
WHOLE = 0.9
# Longer and steeper than ffmpeg's own choice: flat to 20 kHz out of 44.1, and what would fold back is 90 dB down.
RESAMPLE = f"aresample={RATE}:filter_size=128:cutoff=0.97"
BLOCK = 2**17


@dataclass(frozen=True)
class Sound:
    """What `make_ours` found: `duration` in seconds as written, the others as the file had them. `peak`: 1 full scale,
    of both channels that are left."""

    duration: float
    sample_rate: int
    channels: int
    peak: float


def make_ours(file: Path, kind: str, to: Path, most_s: float, *, endless: bool = False) -> Sound:
    """Write the first sound in `file` to `to`, of which `most_s` seconds are allowed; works in files beside `to`.

    Not a number and infinite are no samples: one of them is `audio_broken`, since nobody knows what else is wrong.
    Samples beyond full scale are scaled down with all others; nothing else is changed, neither an offset nor clipping.
    A file that says how long it is (`endless`: it says so, but doesn't know) is refused where it is too long, before it
    is read, and where less than nine tenths of that came: `audio_unreadable`. Any shorter lack is taken as it is.
    Raises `Wrong` with these codes, `audio_too_long`, `audio_too_short`, `audio_silent`, and as `reading` does.
    """
    plain = to.with_name("samples")
    with reading(file, kind, to.with_name("reading.txt")) as stream:
        promised = None if endless else stream.promised
        if promised is not None and promised > most_s + GRACE_S:
            raise Wrong("audio_too_long", length=promised)
        with plain.open("wb") as samples, _at_our_rate(stream.rate, samples, to.with_name("resampling.txt")) as sink:
            length, peak = _mixed(stream, sink, most_s)
    if length < SHORTEST_S <= (promised or 0) or length < WHOLE * (promised or 0):
        raise Wrong("audio_unreadable", f"{length:.2f} s of {promised:.2f} s")
    if length < SHORTEST_S:
        raise Wrong("audio_too_short", f"{length:.2f} s")
    if peak < SOFTEST:
        raise Wrong("audio_silent", f"peak {peak:.6f}")
    count = _written(plain, to, round(most_s * RATE))
    return Sound(count / RATE, stream.rate, stream.channels, peak)


def _mixed(stream: Stream, sink: IO[bytes], most_s: float) -> tuple[float, float]:
    """Put `stream` to `sink` as stereo float32; returns its length in seconds and its loudest sample."""
    parts = weights(stream.channels, stream.mask)
    count, peak = 0, 0.0
    for block in stream.blocks:
        if not np.abs(block).max() <= LOUDEST:
            raise Wrong("audio_broken", f"within {count / stream.rate:.2f} s and the block after")
        stereo = block @ parts
        peak = max(peak, float(np.abs(stereo).max()))
        count += len(block)
        if count > (most_s + GRACE_S) * stream.rate:
            raise Wrong("audio_too_long")
        sink.write(stereo.astype("<f4").data)
    return count / stream.rate, peak


@contextmanager
def _at_our_rate(rate: int, to: IO[bytes], report: Path) -> Iterator[IO[bytes]]:
    """Where stereo float32 samples go so that they are in `to` at 48 kHz afterwards. Raises `Wrong`."""
    if rate == RATE:
        yield to
        return
    command = (
        imageio_ffmpeg.get_ffmpeg_exe(), *QUIET, "-loglevel", "error", "-protocol_whitelist", "pipe",
        "-f", "f32le", "-ar", str(rate), "-ac", "2", "-i", "pipe:0", "-af", RESAMPLE, "-f", "f32le", "pipe:1",
    )  # fmt: skip
    with report.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=to, stderr=said)
    try:
        assert process.stdin is not None  # noqa: S101
        try:
            yield process.stdin
            process.stdin.close()
        except BrokenPipeError as error:
            check(process, report)
            raise Wrong("decoder_failed", "resampling ended early") from error
        check(process, report)
    finally:
        ended(process)


def _written(plain: Path, to: Path, most: int) -> int:
    """The float32 samples of `plain` as FLAC, at most `most` for each channel; returns how many they are."""
    count = min(plain.stat().st_size // 8, most)
    peak = max((float(np.abs(block).max()) for block in _stereo(plain, count)), default=0.0)
    steps = np.float32(2**23 / max(peak, 1.0))
    with soundfile.SoundFile(to, "w", RATE, 2, "PCM_24", format="FLAC") as file:
        for block in _stereo(plain, count):
            whole = np.clip(np.rint(block * steps), -(2**23), 2**23 - 1)
            file.write(whole.astype(np.int32) << 8)
    return count


def _stereo(plain: Path, count: int) -> Iterator[NDArray[np.float32]]:
    with plain.open("rb") as file:
        for first in range(0, count, BLOCK):
            yield np.fromfile(file, "<f4", 2 * min(BLOCK, count - first)).reshape(-1, 2)
