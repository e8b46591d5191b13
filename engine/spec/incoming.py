"""Sound that comes in from outside: what is known of it, and who makes a file of ours out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from engine.spec.plan import Value


class Decoded(Value):
    """What a foreign file held. `duration` in seconds; `sample_rate` (Hz) and `channels` are those it came with.

    `kind` says what the file is ("mp3", "flac", "mp4"); `title`, `artist` and `lyrics` are its own, "" where it has
    none. `peak` is the loudest sample, 1 full scale.
    """

    kind: str
    duration: float
    sample_rate: int
    channels: int
    peak: float
    title: str = ""
    artist: str = ""
    lyrics: str = ""


class Decoder(Protocol):
    """Decodes foreign files where they can do no harm."""

    async def decode(self, file: Path, to: Path) -> Decoded:
        """Write the sound of `file` to `to`: FLAC, 48 kHz, stereo, 24 bit.

        Raises `EngineError`: permanent for what is wrong with the file, passing where the decoder was in trouble.
        """

    async def picture(self, file: Path, to: Path) -> None:
        """Write the picture in `file` to `to`: a square PNG. Raises like `decode`."""

    async def close(self) -> None:
        """End what is under way, and leave no process behind."""
