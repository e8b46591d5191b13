"""What a stranger's file calls itself: title, artist and lyrics. Nobody's word for it, and never worth an error."""

# mutagen has types for few of its functions
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import re
import signal
from pathlib import Path
from types import FrameType
from typing import Any

from mutagen import MutagenError
from mutagen.aiff import AIFF
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.mp4 import MP4
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

Words = dict[str, str]
Names = dict[str, tuple[str, ...]]

MOST = {"title": 120, "artist": 120, "lyrics": 20_000}
# A list made to be read for ever is not read.
WITHIN_S = 5
VORBIS: Names = {"title": ("title",), "artist": ("artist",), "lyrics": ("lyrics", "unsyncedlyrics", "syncedlyrics")}
MP4_NAMES: Names = {"title": ("©nam",), "artist": ("©ART",), "lyrics": ("©lyr",)}
ASF_NAMES: Names = {"title": ("Title",), "artist": ("Author",), "lyrics": ("WM/Lyrics",)}
# `[01:23.45]` and `<01:23.45>` before a line or a word; `[ar:Somebody]` on a line of its own
TIMES = re.compile(r"[\[<]\d{1,3}:\d{2}(?:[.:]\d{1,3})?[\]>] ?|^\[[a-z#]+:[^\]\n]*\]\n?", re.MULTILINE)


class _Late(Exception):
    """It took too long."""


def labels(file: Path, kind: str) -> Words:
    """`title`, `artist` and `lyrics` of `file`, "" where there are none or they can't be read; cut to `MOST`."""
    former = signal.signal(signal.SIGALRM, _late)
    signal.alarm(WITHIN_S)
    try:
        found = {name: words[: MOST[name]] for name, words in _read(file, kind).items()}
    except (
        _Late,
        MutagenError,
        MemoryError,
        RecursionError,
        OSError,
        LookupError,
        ValueError,
        TypeError,
        ArithmeticError,
    ):
        found = {}
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)
    return dict.fromkeys(MOST, "") | found


def _late(_number: int, _frame: FrameType | None) -> None:
    raise _Late


def _read(file: Path, kind: str) -> Words:
    match kind:
        case "mp3" | "aac":
            return _id3(ID3(file))
        case "wav":
            return _id3(WAVE(file).tags)
        case "aiff":
            return _id3(AIFF(file).tags)
        case "flac":
            return _named(FLAC(file), VORBIS)
        case "ogg":
            return _named(_ogg(file), VORBIS)
        case "mp4":
            return _named(MP4(file), MP4_NAMES)
        case "wma":
            return _named(ASF(file), ASF_NAMES)
    return {}


def _ogg(file: Path) -> Any:
    with file.open("rb") as start:
        head = start.read(512)
    if b"\x01vorbis" in head:
        return OggVorbis(file)
    if b"OpusHead" in head:
        return OggOpus(file)
    return OggFLAC(file) if b"\x7fFLAC" in head else None


def _named(tags: Any, names: Names) -> Words:
    found = {}
    for name, keys in names.items():
        words = next((str(tags[key][0]) for key in keys if tags and tags.get(key)), "")
        found[name] = TIMES.sub("", words) if name == "lyrics" else words
    return found


def _id3(frames: Any) -> Words:
    if frames is None:
        return {}

    def first(name: str) -> str:
        return next((str(frame.text[0]) for frame in frames.getall(name) if frame.text), "")

    sung = next((str(frame.text) for frame in frames.getall("USLT") if frame.text), "")
    if not sung:
        # type 1: lyrics. A syllable a time, each line begun by a line break, or a line a time.
        parts = [text for frame in frames.getall("SYLT")[:1] if frame.type == 1 for text, _ in frame.text]
        sung = ("" if any("\n" in part for part in parts) else "\n").join(parts)
    return {"title": first("TIT2"), "artist": first("TPE1"), "lyrics": TIMES.sub("", sung)}
