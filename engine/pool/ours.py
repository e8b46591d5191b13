"""What a decoder's process says that it wrote, believed as far as the file bears it out."""

from __future__ import annotations

import os
import stat
from pathlib import Path

# Samples of FLAC are never much larger than plain ones.
BYTES_A_SECOND, HEADS = 48_000 * 2 * 3, 2**20
# FLAC's own mark, and that the first block is the one that tells the format: it has 34 bytes.
BEGINNING = b"fLaC\x00\x00\x00\x22"
RATE, CHANNELS, BITS = 48_000, 2, 24
# A PNG begins so; then come the sides of its picture. Ours have at most so many pixels a side, and so many bytes.
PNG_BEGINNING = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
PICTURE_SIDE, PICTURE_BYTES = 1024, 6 * 2**20


def duration_of(ours: Path) -> float:
    """Seconds of sound in the FLAC file that a child wrote. Raises `ValueError` where it isn't one as we write them."""
    found, head = _looked_at(ours, 26)
    if not head.startswith(BEGINNING):
        raise ValueError("no FLAC")
    # 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of samples
    word = int.from_bytes(head[18:26], "big")
    if (word >> 44, (word >> 41 & 7) + 1, (word >> 36 & 31) + 1) != (RATE, CHANNELS, BITS):
        raise ValueError(f"another format: {word:x}")
    duration = (word & (1 << 36) - 1) / RATE
    if found.st_size > duration * BYTES_A_SECOND * 1.1 + HEADS:
        raise ValueError(f"{found.st_size} bytes for {duration} s")
    return duration


def require_png(ours: Path) -> None:
    """Raises `ValueError` where the file that a child wrote is no picture as we write them."""
    found, head = _looked_at(ours, 24)
    sides = [int.from_bytes(head[at : at + 4], "big") for at in (16, 20)]
    if not head.startswith(PNG_BEGINNING) or found.st_size > PICTURE_BYTES or not 0 < sides[0] <= PICTURE_SIDE:
        raise ValueError(f"{found.st_size} bytes, {sides}")
    if sides[0] != sides[1]:
        raise ValueError(f"not square: {sides}")


def _looked_at(ours: Path, count: int) -> tuple[os.stat_result, bytes]:
    """The file that a child wrote, and its first `count` bytes. Raises `ValueError` where it is no plain file."""
    # A link or a pipe of that name would be a trap.
    file = os.open(ours, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found, head = os.fstat(file), os.read(file, count)
    finally:
        os.close(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or len(head) < count:
        raise ValueError("no plain file")
    return found, head
