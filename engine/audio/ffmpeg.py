"""The ffmpeg that comes with `imageio-ffmpeg`: one call a file, the same bytes for the same samples."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import imageio_ffmpeg
import numpy as np

from engine.audio.files import scratch
from engine.spec.errors import EngineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error", "-threads", "1")
# neither dates nor versions nor random stream numbers; tags are ours
PLAIN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
OUTPUTS = {
    "mp3": ("-c:a", "libmp3lame", "-f", "mp3", "-id3v2_version", "0", "-write_id3v1", "0"),
    "m4a": ("-c:a", "aac", "-f", "ipod", "-movflags", "+faststart"),
    "ogg": ("-c:a", "libvorbis", "-q:a", "6", "-f", "ogg"),
}


def lossy(audio: NDArray[np.float32], rate: int, form: str, bit_rate: int | None, path: Path) -> bytes:
    """`audio` (channels, samples) as an MP3, M4A (AAC) or Ogg Vorbis file.

    It works in a scratch file beside `path`. Raises `EngineError` (`disk_full`, `encode_failed`).
    """
    source = ("-f", "f32le", "-ar", str(rate), "-ac", str(audio.shape[0]), "-i", "pipe:0")
    speed = () if bit_rate is None else ("-b:a", f"{bit_rate}k")
    samples = np.ascontiguousarray(audio.T, dtype="<f4")
    # MP3 and M4A headers are filled in at the end, so the output can't be a pipe
    with scratch(path) as temp:
        _run(
            *source,
            *OUTPUTS[form],
            *speed,
            *PLAIN,
            f"file:{temp}",
            stdin=samples.data.cast("B"),
            failure="encode_failed",
        )
        return temp.read_bytes()


def decode_au(path: Path) -> bytes:
    """The first audio stream of a file as AU with 32 bit floats, at its own rate. Raises `EngineError`."""
    output = ("-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1")
    return _run("-i", f"file:{path}", *output, stdin=b"", failure="decode_failed")


def _run(*arguments: str, stdin: bytes | memoryview, failure: str) -> bytes:
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), *QUIET, "-y", *arguments], input=stdin, capture_output=True, check=False
    )
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip()[-500:]
    if "No space left" in said or "quota exceeded" in said or done.returncode == -signal.SIGXFSZ:
        raise EngineError("disk_full", permanent=False, cause=said or "file size limit")
    raise EngineError(failure, permanent=done.returncode > 0, cause=f"ffmpeg ended with {done.returncode}: {said}")
