"""Our own links to what lies here: signed, and good for a while. As a source they are read, never fetched."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from workflows.refusal import Refusal

Kind = Literal["recording", "track", "text"]
KINDS: tuple[Kind, ...] = ("recording", "track", "text")

# A name that no name server will ever know (RFC 6761): links of a house without an address lead nowhere else.
NOWHERE = "https://minstrel.invalid"
PLACE = "/sound/"
GOOD_FOR_S = 24 * 3600


@dataclass(frozen=True)
class Sound:
    """What a link names: a recording, or a track made here, by its id; or a text that somebody sent, by its blob."""

    kind: Kind
    id: str


def link(key: bytes, house: str | None, sound: Sound, *, until_s: int) -> str:
    """A link to `sound` that is good until then (seconds since the epoch). `house` is where this house is reached."""
    path = f"{PLACE}{sound.kind}/{sound.id}"
    return f"{(house or NOWHERE).rstrip('/')}{path}?until={until_s}&seal={_seal(key, path, until_s)}"


def is_ours(url: str, house: str | None) -> bool:
    """Whether `url` is one that `link` makes, be it good or not."""
    return any(url.startswith(f"{base.rstrip('/')}{PLACE}") for base in (NOWHERE, house) if base)


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


def _seal(key: bytes, path: str, until_s: int) -> str:
    return hmac.new(key, f"{path}?{until_s}".encode(), hashlib.sha256).hexdigest()
