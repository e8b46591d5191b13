"""Audio to files and back: FLAC and WAV (24 bit), MP3, Ogg Vorbis and M4A (AAC).

The same samples and tags give the same bytes, and a file is whole or not there.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from engine.audio import ffmpeg, tags
from engine.audio.files import write_whole
from engine.spec.errors import EngineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Audio = NDArray[np.float32]

LOSSLESS = ("flac", "wav")
# formats with a bit rate, in kbit/s, and the one they have unless told
BIT_RATES = (128, 160, 192, 256, 320)
DEFAULT_BIT_RATES: dict[str, int | None] = {"mp3": 192, "m4a": 256, "ogg": None}
# of 1: the library's own 0.625 takes a fifth more time and makes files half a percent smaller
FLAC_EFFORT = 0.5
# samples written at once, so that a long song needs little more memory than its file
BLOCK = 2**18
FORMATS = (*LOSSLESS, *DEFAULT_BIT_RATES)


def encode(
    audio: Audio,
    rate: int,
    path: Path,
    *,
    format: str | None = None,  # noqa: A002
    bit_rate: int | None = None,
    tag: tags.Tags | None = None,
) -> Path:
    """Write `audio` (channels, samples; -1 to 1, louder is clipped) to `path`, tags included; returns `path`.

    `format` is one of `FORMATS`, by default the ending of `path`; `bit_rate` in kbit/s, for MP3 and M4A.
    Raises `ValueError` for a format or bit rate that isn't there, `EngineError` (`disk_full`, `encode_failed`).
    """
    form = format or path.suffix.removeprefix(".").lower()
    speed = checked_bit_rate(form, bit_rate)
    if audio.ndim != 2 or audio.shape[1] == 0 or not np.isfinite(audio).all():
        raise EngineError(
            "encode_failed", permanent=True, cause=f"no sound to write: shape {audio.shape}, or not finite"
        )
    data = _lossless(audio, rate, form) if form in LOSSLESS else ffmpeg.lossy(audio, rate, form, speed, path)
    return write_whole(path, tags.embed(data, form, tag) if tag else data)


def checked_bit_rate(form: str, bit_rate: int | None) -> int | None:
    """The bit rate that format `form` gets. Raises `ValueError` that names what is allowed."""
    if form not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {form!r}")
    default = DEFAULT_BIT_RATES.get(form)
    if bit_rate is None:
        return default
    if default is None:
        raise ValueError(f"a bit rate is for mp3 and m4a only, not {form}")
    if bit_rate not in BIT_RATES:
        raise ValueError(f"bit rate must be one of {', '.join(map(str, BIT_RATES))}, not {bit_rate}")
    return bit_rate


def decode(path: Path) -> tuple[Audio, int]:
    """The samples (channels, samples) and rate of a file made here. Raises `EngineError` (`decode_failed`)."""
    try:
        if path.suffix.lower() == ".m4a":
            samples, rate = soundfile.read(io.BytesIO(ffmpeg.decode_au(path)), dtype="float32", always_2d=True)
        else:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise EngineError("decode_failed", permanent=True, cause=str(error)) from error
    return np.ascontiguousarray(samples.T), rate


def convert(source: Path, target: Path, format: str, bit_rate: int | None = None) -> Path:  # noqa: A002
    """Write `source` (a file made here) as `format` to `target`, with its tags and picture. Raises as `encode` does."""
    checked_bit_rate(format, bit_rate)
    audio, rate = decode(source)
    return encode(audio, rate, target, format=format, bit_rate=bit_rate, tag=tags.read(source))


def preview(
    source: Path,
    target: Path,
    seconds: float,
    *,
    start: float = 0.0,
    fade_in: float = 0.05,
    fade_out: float = 2.0,
    bit_rate: int = 128,
) -> Path:
    """An MP3 of at most `seconds` of `source`, from `start`, faded at both ends: chats want small files.

    Raises as `encode` does; `ValueError` where nothing is left to hear.
    """
    audio, rate = decode(source)
    segment_type = _audio_segment()
    whole = segment_type(_pcm16(audio), sample_width=2, frame_rate=rate, channels=audio.shape[0])
    part = whole[round(start * 1000) : round((start + seconds) * 1000)]
    if len(part) == 0:
        raise ValueError(f"the song ends before {start:g} s")
    # pydub can't fade over nothing
    if rise := min(len(part), round(fade_in * 1000)):
        part = part.fade_in(rise)
    if fall := min(len(part), round(fade_out * 1000)):
        part = part.fade_out(fall)
    pcm = np.array(part.get_array_of_samples()).reshape(-1, audio.shape[0]).T.astype(np.float32) / np.float32(32768)
    return encode(pcm, rate, target, format="mp3", bit_rate=bit_rate, tag=replace(tags.read(source), lines=()))


def _lossless(audio: Audio, rate: int, form: str) -> bytes:
    # in memory: libsndfile says little about a full disk, Python says which error it was
    buffer = io.BytesIO()
    effort: dict[str, Any] = {"compression_level": FLAC_EFFORT} if form == "flac" else {}
    try:
        with soundfile.SoundFile(buffer, "w", rate, audio.shape[0], "PCM_24", format=form.upper(), **effort) as file:
            for first in range(0, audio.shape[1], BLOCK):
                # rounded here: libsndfile rounds for FLAC and cuts off for WAV, and both must hold the same samples
                steps = np.rint(audio[:, first : first + BLOCK].T * np.float32(2**23))
                file.write(np.clip(steps, -(2**23), 2**23 - 1).astype(np.int32) << 8)
    except soundfile.SoundFileError as error:
        raise EngineError("encode_failed", permanent=True, cause=str(error)) from error
    return buffer.getvalue()


def _pcm16(audio: Audio) -> bytes:
    return np.rint(np.clip(audio.T, -1, 1) * 32767).astype("<i2").tobytes()


def _audio_segment() -> Any:
    """pydub's `AudioSegment`. It grumbles when first imported: about `audioop` (its replacement is among our
    dependencies from Python 3.13 on), its own old regular expressions, and an ffmpeg on the PATH, which it doesn't need
    for what we ask of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'audioop' is deprecated", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="invalid escape sequence", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message=r"(?s).*invalid escape sequence", category=SyntaxWarning)
        warnings.filterwarnings("ignore", message="Couldn't find ffmpeg", category=RuntimeWarning)
        from pydub import AudioSegment
    return AudioSegment
