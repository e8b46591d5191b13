"""Our own links to what lies here: signed, and good for a while. As a source they are read, never fetched.

Links to sound (`link`) are for our own use alone; whoever has a link to a file (`file_link`) may download it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from workflows.refusal import Refusal

Kind = Literal["recording", "track", "text"]
KINDS: tuple[Kind, ...] = ("recording", "track", "text")

# A name that no name server will ever know (RFC 6761): links of a house without an address lead nowhere else.
NOWHERE = "https://minstrel.invalid"
PLACE = "/sound/"
FILES = "/files/"
GOOD_FOR_S = 24 * 3600
# The end of the year 9999: good for as long as the file is there.
ALWAYS_S = 253_402_300_799

# A house may be reached below a path of its own.
_FILE = re.compile(
    r"/files/([1-9][0-9]{0,11})\.([0-9a-f]{64})/([0-9a-f-]{36})/([a-z]{1,12})(?:-([a-z0-9_]{1,40}))?\.([a-z0-9]{1,12})\Z"
)


@dataclass(frozen=True)
class Sound:
    """What a link names: a recording, or a track made here, by its id; or a text that somebody sent, by its blob."""

    kind: Kind
    id: str


@dataclass(frozen=True)
class Piece:
    """A file of a track by what it is: its `kind` ("audio", "stem", "lrc", "midi", "image"), its `name` there (that of
    a stem; of sound its bit rate in kbit/s, where it isn't the usual one) and its `format`, which is its ending."""

    track: str
    kind: str
    format: str
    name: str = ""


def file_link(key: bytes, base: str, piece: Piece, *, until_s: int) -> str:
    """A link to download `piece` by that is good until then; it needs no other leave, and ends in the format.

    `base` is where this house is reached by whoever gets it.
    """
    name = f"-{piece.name}" if piece.name else ""
    what = f"{piece.track}/{piece.kind}{name}.{piece.format}"
    return f"{base.rstrip('/')}{FILES}{until_s}.{_seal(key, FILES + what, until_s)}/{what}"


def file_of(key: bytes, url: str, *, field: str, now_s: int) -> Piece | None:
    """What a link of `file_link` leads to, wherever it says that this house is; None for one that is none of ours.

    Raises `Refusal` (`link_expired`) that names `field`.
    """
    found = _shaped(url)
    if found is None:
        return None
    until, seal, track, kind, name, format_ = found.groups()
    what = f"{track}/{kind}{f'-{name}' if name else ''}.{format_}"
    if not hmac.compare_digest(seal, _seal(key, FILES + what, int(until))):
        return None
    if int(until) < now_s:
        raise Refusal("link_expired", field=field)
    return Piece(track, kind, format_, name or "")


def may_be_file(url: str) -> bool:
    """Whether `url` has the form of a `file_link`: only its seal tells whether it is one."""
    return _shaped(url) is not None


def link(key: bytes, house: str | None, sound: Sound, *, until_s: int) -> str:
    """A link to `sound` that is good until then (seconds since the epoch). `house` is where this house is reached."""
    path = f"{PLACE}{sound.kind}/{sound.id}"
    return f"{(house or NOWHERE).rstrip('/')}{path}?until={until_s}&seal={_seal(key, path, until_s)}"


def is_ours(url: str, house: str | None) -> bool:
    """Whether `url` is one that `link` makes, be it good or not."""
    return _is_below(PLACE, url, house)


def is_file(url: str, house: str | None) -> bool:
    """Whether `url` is one that `file_link` makes for people who reach us as `house`, be it good or not."""
    return _is_below(FILES, url, house)


def read(key: bytes, url: str, *, field: str, now_s: int) -> Sound:
    """What one of our links names. Raises `Refusal` (`link_expired`, `link_forged`) that names `field`."""
    parts = urlsplit(url)
    path = parts.path[parts.path.index(PLACE) :]
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    until, seal = given.get("until", ""), given.get("seal", "")
    kind, _, name = path.removeprefix(PLACE).partition("/")
    known = next((each for each in KINDS if each == kind), None)
    digits = until.isascii() and until.isdigit() and len(until) <= 12
    if known is None or not digits or not hmac.compare_digest(seal.encode(), _seal(key, path, int(until)).encode()):
        raise Refusal("link_forged", field=field)
    if int(until) < now_s:
        raise Refusal("link_expired", field=field)
    return Sound(known, name)


def _shaped(url: str) -> re.Match[str] | None:
    try:
        return _FILE.search(urlsplit(url).path)
    except ValueError:
        # What stands for the host is none.
        return None


def _is_below(place: str, url: str, house: str | None) -> bool:
    return any(url.startswith(f"{base.rstrip('/')}{place}") for base in (NOWHERE, house) if base)


def _seal(key: bytes, path: str, until_s: int) -> str:
    return hmac.new(key, f"{path}?{until_s}".encode(), hashlib.sha256).hexdigest()
