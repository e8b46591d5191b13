"""What a file is, by its first bytes: neither its name nor its address is asked, both may lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Literal

# What ffmpeg is told to read each kind as. It never guesses: of what it can read, some is a list of addresses.
READERS = {
    "mp3": "mp3",
    "wav": "wav",
    "w64": "w64",
    "flac": "flac",
    "ogg": "ogg",
    "mp4": "mov",
    "aiff": "aiff",
    "matroska": "matroska",
    "avi": "avi",
    "aac": "aac",
    "caf": "caf",
    "au": "au",
    "wma": "asf",
    "amr": "amr",
}
W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
BEGINNINGS = (
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"caff\x00\x01", "caf"),
    (b".snd", "au"),
    (W64, "w64"),
    (ASF, "wma"),
    (b"#!AMR\n", "amr"),
    (b"#!AMR-WB\n", "amr"),
)
# The first box of a film or an M4A; those of old films come in any order.
BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
IN_RIFF = {b"WAVE": "wav", b"AVI ": "avi", b"AVIX": "avi"}
# Lists of pictures go before many a song; who has more of them than this has no song.
MOST_LISTS = 8
# A recording of a station begins in the middle of a frame, and some programs put zeros before the first one.
SEARCHED = 2**16
# What programs write as a size that they don't know yet is this or more.
UNKNOWN_SIZE = 0x7FFFF000
# By chance a frame begins often, a chain of frames never.
CHAIN = 3
KBPS = {
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
MPEG_RATES = (44_100, 48_000, 32_000)


def kind_of(file: BinaryIO) -> str | None:
    """What `file` is, a name of `READERS`, or None for what we don't read. Reads its beginning only."""
    start = _after_lists(file)
    file.seek(start)
    head = file.read(16)
    for beginning, kind in BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64"):
        return IN_RIFF.get(head[8:12])
    if head[:4] == b"FORM":
        return "aiff" if head[8:12] in (b"AIFF", b"AIFC") else None
    if head[4:8] in BOXES:
        return "mp4"
    file.seek(start)
    return _frames(file.read(SEARCHED))


def told_size(file: BinaryIO) -> int | None:
    """How many bytes `file` says it has; None for kinds that don't begin with that.

    0 where it doesn't know, as a WAV that went through a pipe: its header was never filled in.
    """
    file.seek(0)
    head = file.read(24)
    if head.startswith(W64):
        return int.from_bytes(head[16:], "little")
    order: Literal["big", "little"] = "little" if head[:4] == b"RIFF" else "big"
    if head[:4] not in (b"RIFF", b"RIFX", b"FORM"):
        return None
    size = int.from_bytes(head[4:8], order)
    return size + 8 if 0 < size < UNKNOWN_SIZE else 0


def _after_lists(file: BinaryIO) -> int:
    """Where the sound begins: behind the lists (ID3v2) that name title and picture."""
    start = 0
    for _ in range(MOST_LISTS):
        file.seek(start)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            break
        size = 0
        for byte in head[6:]:
            size = size << 7 | byte & 0x7F
        # a footer repeats the header
        start += 10 + size + (10 if head[5] & 0x10 else 0)
    return start


def _frames(data: bytes) -> str | None:
    """ "mp3" or "aac" where frames of either follow each other in `data`."""
    at = data.find(b"\xff")
    while at >= 0:
        for kind, length in (("mp3", _mpeg_frame), ("aac", _adts_frame)):
            if _chained(data, at, length):
                return kind
        at = data.find(b"\xff", at + 1)
    return None


def _chained(data: bytes, at: int, length: Callable[[bytes], int]) -> bool:
    for _ in range(CHAIN):
        step = length(data[at : at + 6])
        if not step:
            return False
        at += step
        if at >= len(data):
            # A sound of a frame or two: there is no more that could speak against it.
            return at == len(data)
    return True


def _mpeg_frame(head: bytes) -> int:
    """Bytes of the MPEG audio frame (ISO 11172-3, 13818-3) with this head, 0 where it isn't one."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    speed, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 0 or speed in (0, 15) or rate == 3:
        return 0
    kbps = KBPS[max(version, 2), layer][speed - 1]
    hz = MPEG_RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    padding = head[2] >> 1 & 1
    if layer == 3:
        return (12_000 * kbps // hz + padding) * 4
    samples = 72_000 if layer == 1 and version != 3 else 144_000
    return samples * kbps // hz + padding


def _adts_frame(head: bytes) -> int:
    """Bytes of the AAC frame (ISO 13818-7) with this head, 0 where it isn't one."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return 0
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return size if size > 7 else 0
