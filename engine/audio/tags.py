"""What a file says about itself: title, lyrics, tempo, key, picture, and that a machine made it."""

# mutagen has types for few of its functions
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mutagen import MutagenError
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, COMM, ID3, SYLT, TALB, TBPM, TCON, TIT2, TKEY, TPE1, TXXX, USLT, Encoding, PictureType
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4, AtomDataType, MP4Cover, MP4FreeForm
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from engine.audio.lrc import format_lrc, parse_lrc
from engine.audio.mark import SOURCE_TYPE, in_wav, stated, unstated
from engine.spec.errors import EngineError
from engine.spec.protocol import LineTime

# Without a standard of their own for it, audio files get both: a plain flag, and the term that pictures use.
MARKER, SOURCE = "AI_GENERATED", "DIGITALSOURCETYPE"
FREEFORM = "----:com.apple.iTunes:"
UNKNOWN_LANGUAGE = "XXX"


@dataclass(frozen=True)
class Tags:
    """`key` as "A Minor"; `lines` are for synchronised lyrics (all but M4A); `cover` is a PNG.

    `generated`: the file is marked as made by a machine, and its comment begins with saying so.
    """

    title: str
    artist: str = "Minstrel"
    album: str = ""
    genre: str = ""
    bpm: float | None = None
    key: str = ""
    lyrics: str = ""
    lines: tuple[LineTime, ...] = ()
    comment: str = ""
    cover: bytes | None = None
    generated: bool = True


def embed(data: bytes, form: str, tags: Tags) -> bytes:
    """The file `data` of format `form` ("flac", "wav", "mp3", "ogg", "m4a") with `tags` in it.

    Raises `EngineError` (`encode_failed`) where `data` isn't such a file.
    """
    kind, fill, _ = CONTAINERS[form]
    buffer = io.BytesIO(data)
    try:
        file = kind(buffer)
        fill(file, tags)
        buffer.seek(0)
        file.save(buffer)
    except MutagenError as error:
        raise EngineError("encode_failed", permanent=True, cause=f"tags: {error}") from error
    return in_wav(buffer.getvalue()) if form == "wav" and tags.generated else buffer.getvalue()


def read(path: Path) -> Tags:
    """The tags of a file made here; lines come back with starts only. Raises `EngineError` (`decode_failed`)."""
    try:
        kind, _, look = CONTAINERS[path.suffix.removeprefix(".").lower()]
        return look(kind(path))
    except (KeyError, MutagenError, binascii.Error) as error:
        raise EngineError("decode_failed", permanent=True, cause=f"tags: {error}") from error


def id3_size(tags: Tags) -> int:
    """The bytes that `tags` take in an MP3 or WAV, its picture included."""
    frames, buffer = ID3(), io.BytesIO()
    _fill_id3(SimpleNamespace(tags=frames), tags)
    frames.save(buffer)
    return len(buffer.getvalue())


def _fill_id3(file: Any, tags: Tags) -> None:
    if file.tags is None:
        file.add_tags()
    frames: ID3 = file.tags
    utf8 = {"encoding": Encoding.UTF8}
    frames.add(TIT2(text=[tags.title], **utf8))
    frames.add(TPE1(text=[tags.artist], **utf8))
    if tags.album:
        frames.add(TALB(text=[tags.album], **utf8))
    if tags.genre:
        frames.add(TCON(text=[tags.genre], **utf8))
    if tags.bpm:
        frames.add(TBPM(text=[str(round(tags.bpm))], **utf8))
    if tags.key:
        frames.add(TKEY(text=[_short_key(tags.key)], **utf8))
    if tags.lyrics:
        frames.add(USLT(lang=UNKNOWN_LANGUAGE, desc="", text=tags.lyrics, **utf8))
    if tags.lines:
        # format 2: milliseconds; type 1: lyrics
        words = [(line.text, round(line.start * 1000)) for line in tags.lines]
        frames.add(SYLT(lang=UNKNOWN_LANGUAGE, desc="", format=2, type=1, text=words, **utf8))
    if comment := _comment(tags):
        frames.add(COMM(lang=UNKNOWN_LANGUAGE, desc="", text=[comment], **utf8))
    for name, value in _marks(tags).items():
        frames.add(TXXX(desc=name, text=[value], **utf8))
    if tags.cover:
        frames.add(APIC(mime="image/png", type=PictureType.COVER_FRONT, desc="", data=tags.cover, **utf8))


def _read_id3(file: Any) -> Tags:
    frames = file.tags or ID3()

    def first(name: str) -> str:
        found = frames.getall(name)
        return str(found[0]) if found else ""

    timed = frames.getall("SYLT")
    starts = [(text, ms / 1000) for text, ms in timed[0].text] if timed else []
    pictures = frames.getall("APIC")
    return Tags(
        title=first("TIT2"),
        artist=first("TPE1"),
        album=first("TALB"),
        genre=first("TCON"),
        bpm=float(first("TBPM") or 0) or None,
        key=_long_key(first("TKEY")),
        lyrics=first("USLT"),
        lines=_lines(starts, file.info.length),
        comment=unstated(first("COMM")),
        cover=pictures[0].data if pictures else None,
        generated=first(f"TXXX:{MARKER}") == "true",
    )


def _lines(starts: list[tuple[str, float]], duration: float) -> tuple[LineTime, ...]:
    begins = [*(start for _, start in starts), duration]
    return tuple(LineTime(text, start, end) for (text, _), (start, end) in zip(starts, pairwise(begins), strict=True))


def _fill_vorbis(file: Any, tags: Tags) -> None:
    if file.tags is None:
        file.add_tags()
    comments = {
        "TITLE": tags.title,
        "ARTIST": tags.artist,
        "ALBUM": tags.album,
        "GENRE": tags.genre,
        "BPM": f"{tags.bpm:g}" if tags.bpm else "",
        "INITIALKEY": _short_key(tags.key),
        "LYRICS": tags.lyrics,
        "SYNCEDLYRICS": format_lrc(tags.lines, title=tags.title, duration=file.info.length) if tags.lines else "",
        "COMMENT": _comment(tags),
        **_marks(tags),
    }
    for name, value in comments.items():
        if value:
            file.tags[name] = value
    if tags.cover:
        picture = Picture()
        picture.type = PictureType.COVER_FRONT
        picture.mime = "image/png"
        picture.width, picture.height = _png_size(tags.cover)
        picture.depth = 24
        picture.data = tags.cover
        if isinstance(file, FLAC):
            file.add_picture(picture)
        else:
            file.tags["METADATA_BLOCK_PICTURE"] = base64.b64encode(picture.write()).decode()


def _read_vorbis(file: Any) -> Tags:
    comments: dict[str, list[str]] = file.tags or {}

    def first(name: str) -> str:
        return comments.get(name, [""])[0]

    if isinstance(file, FLAC):
        pictures = file.pictures
    else:
        pictures = [Picture(base64.b64decode(text)) for text in comments.get("METADATA_BLOCK_PICTURE", [])]
    return Tags(
        title=first("TITLE"),
        artist=first("ARTIST"),
        album=first("ALBUM"),
        genre=first("GENRE"),
        bpm=float(first("BPM") or 0) or None,
        key=_long_key(first("INITIALKEY")),
        lyrics=first("LYRICS"),
        lines=parse_lrc(first("SYNCEDLYRICS")),
        comment=unstated(first("COMMENT")),
        cover=pictures[0].data if pictures else None,
        generated=first(MARKER) == "true",
    )


def _fill_mp4(file: Any, tags: Tags) -> None:
    if file.tags is None:
        file.add_tags()
    atoms = {"©nam": tags.title, "©ART": tags.artist, "©alb": tags.album, "©gen": tags.genre}
    atoms |= {"©lyr": tags.lyrics, "©cmt": _comment(tags)}
    for name, value in atoms.items():
        if value:
            file.tags[name] = [value]
    if tags.bpm:
        file.tags["tmpo"] = [round(tags.bpm)]
    for name, value in {"initialkey": _short_key(tags.key), **_marks(tags)}.items():
        if value:
            file.tags[FREEFORM + name] = [MP4FreeForm(value.encode(), AtomDataType.UTF8)]
    if tags.cover:
        file.tags["covr"] = [MP4Cover(tags.cover, MP4Cover.FORMAT_PNG)]


def _read_mp4(file: Any) -> Tags:
    atoms: dict[str, list[Any]] = file.tags or {}

    def first(name: str) -> str:
        value = atoms.get(name, [""])[0]
        return bytes(value).decode() if isinstance(value, MP4FreeForm) else str(value)

    pictures = atoms.get("covr")
    return Tags(
        title=first("©nam"),
        artist=first("©ART"),
        album=first("©alb"),
        genre=first("©gen"),
        bpm=float(first("tmpo") or 0) or None,
        key=_long_key(first(f"{FREEFORM}initialkey")),
        lyrics=first("©lyr"),
        comment=unstated(first("©cmt")),
        cover=bytes(pictures[0]) if pictures else None,
        generated=first(FREEFORM + MARKER) == "true",
    )


def _comment(tags: Tags) -> str:
    return stated(tags.comment) if tags.generated else tags.comment


def _marks(tags: Tags) -> dict[str, str]:
    """What programs find it by that a machine made the file."""
    return {MARKER: "true", SOURCE: SOURCE_TYPE} if tags.generated else {}


def _short_key(key: str) -> str:
    """ "A Minor" as the three characters that tags have room for: "Am"."""
    return key.removesuffix(" Major").replace(" Minor", "m")


def _long_key(key: str) -> str:
    if not re.fullmatch("[A-G][#b]?m?", key):
        return key
    return f"{key[:-1]} Minor" if key.endswith("m") else f"{key} Major"


def _png_size(png: bytes) -> tuple[int, int]:
    """Width and height stand at bytes 16 to 24 of every PNG (its IHDR chunk comes first)."""
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


CONTAINERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Tags], None], Callable[[Any], Tags]]] = {
    "flac": (FLAC, _fill_vorbis, _read_vorbis),
    "ogg": (OggVorbis, _fill_vorbis, _read_vorbis),
    "mp3": (MP3, _fill_id3, _read_id3),
    "wav": (WAVE, _fill_id3, _read_id3),
    "m4a": (MP4, _fill_mp4, _read_mp4),
}
