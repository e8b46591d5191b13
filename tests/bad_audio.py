"""Files that mean harm, or that came to harm: made here, small, and each by a recipe of its own."""

from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import soundfile
from numpy.typing import NDArray

MB = 10**6
HOUR = 3600
RATE = 44_100


def good_files(folder: Path, seconds: float = 1.2) -> dict[str, Path]:
    """A short song of each kind that can be read, by kind; the same every time."""
    audio = _song(seconds)
    files = {"wav": folder / "good.wav"}
    soundfile.write(files["wav"], audio, RATE)
    for kind, form, subtype in (
        ("flac", "FLAC", "PCM_16"), ("ogg", "OGG", "VORBIS"), ("opus", "OGG", "OPUS"), ("mp3", "MP3", None),
        ("aiff", "AIFF", "PCM_16"), ("au", "AU", "PCM_16"), ("caf", "CAF", "ALAC_16"), ("w64", "W64", "PCM_16"),
    ):  # fmt: skip
        files[kind] = folder / f"good.{kind}"
        rate = 48_000 if subtype == "OPUS" else RATE
        soundfile.write(files[kind], audio, rate, subtype, format=form)
    made = {
        "m4a": ("-c:a", "aac"), "mp4": ("-map", "1:v", "-c:v", "mpeg4", "-c:a", "aac", "-movflags", "+faststart"),
        "webm": ("-c:a", "libopus"), "mkv": ("-c:a", "flac"), "avi": ("-c:a", "pcm_s16le"), "aac": ("-c:a", "aac"),
        "wma": ("-c:a", "wmav2"), "amr": ("-c:a", "libopencore_amrnb", "-ac", "1", "-ar", "8000"),
        "silent.mp4": ("-map", "-0", "-map", "1:v", "-c:v", "mpeg4"),
    }  # fmt: skip
    outputs: list[str] = []
    for kind, how in made.items():
        files[kind] = folder / f"good.{kind}"
        outputs += ["-map", "0:a", *how, "-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
        outputs += ["-t", str(seconds), str(files[kind])]
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-threads", "1", "-i", files["wav"],
         "-f", "lavfi", "-i", "testsrc=s=32x32:r=5", *outputs],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return files


def bad_files(folder: Path) -> dict[str, Path]:
    """The nastiest, by what is wrong with each: all have to end in a refusal, quickly, and harm nobody."""
    folder.mkdir(parents=True, exist_ok=True)
    recipes: dict[str, Callable[[Path], object]] = {
        "nothing.mp3": lambda file: file.write_bytes(b""),
        "text.mp3": lambda file: file.write_text("la la la\n" * 4000),
        "picture.wav": lambda file: file.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + _noise(20_000)),
        "page.svg": lambda file: file.write_text('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'),
        "zip.flac": _zip,
        "gzip.wav": lambda file: file.write_bytes(gzip.compress(_wav())),
        "an unknown code.wav": lambda file: file.write_bytes(_with(_wav(), 20, "<H", 0x22)),
        "broken off.wav": lambda file: file.write_bytes(_wav()[:60_000]),
        "broken off.flac": lambda file: file.write_bytes(_coded("FLAC")[:20_000]),
        "three hours.mp3": three_hours_of_mp3,
        "three hours.opus": three_hours_of_opus,
        "three hours.flac": lambda file: flac_of_silence(file, 2, 44_100, 3 * HOUR),
        "bomb.flac": lambda file: flac_of_silence(file, 8, 192_000, HOUR, told=False),
        "silence.flac": lambda file: flac_of_silence(file, 2, 44_100, 4),
        "0 seconds.wav": lambda file: file.write_bytes(_wav(0.0)),
        "a click.wav": lambda file: file.write_bytes(_wav(0.3)),
        "not a number.wav": lambda file: _floats(file, float("nan")),
        "infinite.wav": lambda file: _floats(file, float("-inf")),
        "far too loud.wav": lambda file: _floats(file, 1e30),
        "65535 channels.wav": lambda file: file.write_bytes(_with(_wav(), 22, "<H", 65_535)),
        "0 channels.wav": lambda file: file.write_bytes(_with(_wav(), 22, "<H", 0)),
        "1 Hz.wav": lambda file: file.write_bytes(_with(_wav(), 24, "<I", 1)),
        "2 GHz.wav": lambda file: file.write_bytes(_with(_wav(), 24, "<I", 2**31)),
        "2^36 samples.flac": lambda file: file.write_bytes(_with(_coded("FLAC"), 22, ">I", 2**32 - 1)),
        "300 MB.wav": lambda file: _zeros(file, _wav()[:44], 300 * MB),
        "list.mp3": lambda file: file.write_text(PLAYLIST),
        "list in a list.mp3": lambda file: file.write_bytes(_id3(b"") + PLAYLIST.encode()),
        "concat.mp3": lambda file: file.write_text("ffconcat version 1.0\nfile /etc/passwd\n"),
        "dash.mp4": lambda file: file.write_text('<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>'),
        "only a picture.mp3": lambda file: file.write_bytes(_id3(b"APIC\0\0\x40\0\0\0" + _noise(8192))),
        "boxes in boxes.mp4": lambda file: file.write_bytes(_nested_boxes(20_000)),
        "a table of 4 billion.mp4": lambda file: file.write_bytes(_endless_table()),
        "a box of 2^62.mp4": lambda file: file.write_bytes(M4A + b"\0\0\0\1mdat" + struct.pack(">Q", 2**62)),
    }  # fmt: skip
    for name, make in recipes.items():
        make(folder / name)
    return {name: folder / name for name in recipes}


def flac_of_silence(file: Path, channels: int, rate: int, seconds: float, *, told: bool = True) -> None:
    """Silence in the fewest bytes: blocks of the largest size, each channel one number. `told`: it says its length."""
    block = 65_535
    frames = int(seconds * rate) // block
    known = frames * block if told else 0
    info = struct.pack(">HH", block, block) + bytes(6)
    info += (rate << 44 | channels - 1 << 41 | 15 << 36 | known).to_bytes(8, "big") + bytes(16)
    # The format of a frame: size of 16 bit at its end, rate as the file has it; channels; 16 bit.
    head = b"\xff\xf8" + bytes((0x70, (channels - 1) << 4 | 0x8))
    with file.open("wb") as to:
        to.write(b"fLaC\x80\x00\x00\x22" + info)
        for number in range(frames):
            frame = head + _as_utf8(number) + struct.pack(">H", block - 1)
            frame += bytes((_crc(frame, OF_HEADS, 8),)) + bytes(3 * channels)
            to.write(frame + struct.pack(">H", _crc(frame, OF_FRAMES, 16)))


def three_hours_of_mp3(file: Path) -> None:
    """Silence at 8 kbit/s; nothing in it says how long it is."""
    frame = b"\xff\xe3\x18\xc4" + bytes(68)
    file.write_bytes(frame * round(3 * HOUR / 0.072))


def three_hours_of_opus(file: Path) -> None:
    """Packets of one byte, 60 ms of nothing each."""
    with file.open("wb") as to:
        to.write(_page(0, 0, b"OpusHead\x01\x01\x00\x00\x80\xbb\x00\x00\x00\x00\x00", flags=2))
        to.write(_page(1, 0, b"OpusTags" + bytes(8)))
        for number in range(round(3 * HOUR / 0.06 / 255)):
            to.write(_page(2 + number, (number + 1) * 255 * 2880, *[b"\x18"] * 255))


def damaged(data: bytes, other: bytes, seed: int) -> bytes:
    """`data` with bits flipped, parts cut out, doubled, zeroed or taken from `other`: the same for the same seed."""
    chance = np.random.default_rng(seed)
    found = bytearray(data)
    for _ in range(int(chance.integers(1, 5))):
        size = len(found)
        # Half of all damage is done where headers are.
        at = int(chance.integers(0, max(min(size, 400) if chance.random() < 0.5 else size, 1)))
        length = int(2 ** chance.uniform(0, 12))
        match int(chance.integers(0, 6)):
            case 0:
                for spot in chance.integers(at, max(min(at + 400, size), at + 1), 8):
                    if spot < size:
                        found[spot] ^= 1 << int(chance.integers(0, 8))
            case 1:
                del found[at : at + length]
            case 2:
                found[at:at] = found[at : at + length]
            case 3:
                found[at : at + 4] = chance.choice([b"\xff" * 4, b"\x7f\xff\xff\xff", bytes(4), b"\x80\x00\x00\x00"])
            case 4:
                begin = int(chance.integers(0, len(other)))
                found[at : at + length] = other[begin : begin + length]
            case _:
                del found[max(at, size // 3) :]
    return bytes(found)


PLAYLIST = """#EXTM3U
#EXT-X-TARGETDURATION:10
#EXTINF:10,
http://127.0.0.1:9/inside.mp3
#EXTINF:10,
file:///etc/passwd
#EXT-X-ENDLIST
"""


def _song(seconds: float) -> NDArray[np.float64]:
    """(samples, 2)"""
    time = np.arange(round(seconds * RATE)) / RATE
    tones = np.stack([np.sin(2 * np.pi * hz * time) for hz in (440, 660)], axis=1)
    return 0.3 * tones + 0.05 * np.random.default_rng(7).standard_normal(tones.shape)


def _coded(form: str, seconds: float = 1.2) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, _song(seconds), RATE, format=form)
    return buffer.getvalue()


def _wav(seconds: float = 1.2) -> bytes:
    return _coded("WAV", seconds)


def _noise(size: int) -> bytes:
    # No byte that begins a frame.
    return np.random.default_rng(5).integers(0, 255, size, np.uint8).tobytes()


def _with(data: bytes, at: int, form: str, value: int) -> bytes:
    number = struct.pack(form, value)
    return data[:at] + number + data[at + len(number) :]


def _zip(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("song.wav", _wav())


def _floats(file: Path, sample: float) -> None:
    audio = _song(1.2)
    audio[30_000, 1] = sample
    soundfile.write(file, audio, RATE, "DOUBLE")


def _zeros(file: Path, head: bytes, size: int) -> None:
    file.write_bytes(head)
    os.truncate(file, size)


def _id3(frames: bytes, size: int | None = None) -> bytes:
    """A list (ID3v2.4) of these frames; `size` is what it says, and it says the truth unless told."""
    size = len(frames) if size is None else size
    return b"ID3\x04\x00\x00" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + frames


def large_list(song: bytes) -> Iterator[bytes]:
    """`song`, an MP3, behind a list of 50 MB."""
    yield _id3(b"", 50 * MB)
    yield bytes(50 * MB)
    yield song


def list_bomb(song: bytes) -> bytes:
    """`song`, an MP3, with lyrics of half a gigabyte that are a few hundred kB as they are packed."""
    packer = zlib.compressobj(9)
    packed = packer.compress(b"\x03eng\x00")
    packed += b"".join(packer.compress(b"la" * MB) for _ in range(250)) + packer.flush()
    length = struct.pack(">I", 500 * MB + 5)
    sizes = bytes(len(packed) + 4 >> shift & 0x7F for shift in (21, 14, 7, 0))
    # packed, and its length is told
    return _id3(b"USLT" + sizes + b"\x00\x09" + bytes(b & 0x7F for b in length) + packed) + song


def _box(kind: bytes, inside: bytes) -> bytes:
    return struct.pack(">I", 8 + len(inside)) + kind + inside


def _nested_boxes(depth: int) -> bytes:
    heads = [
        struct.pack(">I", 8 * left) + (b"moov", b"trak", b"mdia", b"udta")[left % 4] for left in range(depth, 0, -1)
    ]
    return M4A + b"".join(heads)


def _endless_table() -> bytes:
    """An M4A that says it has 2^32 - 1 pieces."""
    entry = struct.pack(">6xHIIHHHHI", 1, 0, 0, 2, 16, 0, 0, 44_100 << 16)
    tables = _box(b"stsd", struct.pack(">II", 0, 1) + _box(b"mp4a", entry))
    tables += _box(b"stts", struct.pack(">IIII", 0, 1, 2**32 - 1, 1024))
    tables += _box(b"stsz", struct.pack(">III", 0, 0, 2**32 - 1) + bytes(64))
    tables += _box(b"stsc", struct.pack(">II", 0, 2**32 - 1) + bytes(64))
    tables += _box(b"stco", struct.pack(">II", 0, 2**32 - 1) + bytes(64))
    media = _box(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, 44_100, 44_100, 0))
    media += _box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"soun") + b"\0")
    media += _box(b"minf", _box(b"smhd", bytes(8)) + _box(b"stbl", tables))
    return M4A + _box(b"moov", _box(b"trak", _box(b"mdia", media))) + _box(b"mdat", bytes(999))


def _as_utf8(number: int) -> bytes:
    """As FLAC counts frames: like UTF-8, and further."""
    if number < 0x80:
        return bytes((number,))
    more = 1
    while number >> (6 * more) >= 1 << (6 - more):
        more += 1
    first = (0xFF << (7 - more) & 0xFF) | number >> (6 * more)
    return bytes((first, *(0x80 | number >> (6 * left) & 0x3F for left in range(more - 1, -1, -1))))


def _table(polynomial: int, bits: int) -> list[int]:
    top, full, table = 1 << (bits - 1), (1 << bits) - 1, []
    for byte in range(256):
        value = byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & full
        table.append(value)
    return table


def _crc(data: bytes, table: list[int], bits: int) -> int:
    value, full = 0, (1 << bits) - 1
    for byte in data:
        value = (value << 8 & full) ^ table[value >> (bits - 8) ^ byte]
    return value


def _page(number: int, position: int, *packets: bytes, flags: int = 0) -> bytes:
    """A page of Ogg with packets of less than 255 bytes each."""
    page = b"OggS\x00" + struct.pack("<BqIII", flags, position, 1, number, 0)
    page += bytes((len(packets), *map(len, packets))) + b"".join(packets)
    return page[:22] + struct.pack("<I", _crc(page, OF_PAGES, 32)) + page[26:]


OF_PAGES, OF_HEADS, OF_FRAMES = _table(0x04C11DB7, 32), _table(0x07, 8), _table(0x8005, 16)
M4A = _box(b"ftyp", b"M4A \0\0\0\0")
