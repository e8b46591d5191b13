"""What a server answers, before any of it is read: whether it can be what is wanted, and what the file is called."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from email.message import Message

import httpx

from workflows.refusal import Refusal

NAME_CHARACTERS = 120

_LED_ON = frozenset({301, 302, 303, 307, 308})
# Text that only names files elsewhere: following it would go past every check.
_PLAYLIST = re.compile(r"(?:audio|video|application)/(?:[\w.-]*(?:mpegurl|scpls|smil|xspf|asx)[\w.+-]*|dash\+xml)")
_PAGE = re.compile(r"text/.*|application/(?:json|xml|xhtml\+xml|[\w.-]+\+(?:json|xml))")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}")


@dataclass(frozen=True)
class Wanted:
    """What a file has to be by the word of its server; `code` refuses what is none."""

    accept: str
    kinds: re.Pattern[str]
    code: str


SOUND = Wanted(
    "audio/*, video/*, */*;q=0.5",
    re.compile(r"(?:audio|video)/[\w.+-]+|application/(?:octet-stream|ogg)|binary/octet-stream"),
    "link_not_sound",
)
TEXT = Wanted(
    "text/*, application/json, */*;q=0.5",
    re.compile(
        r"text/(?!html)[\w.+-]+|application/(?:octet-stream|(?:x-)?(?:json|jsonl|ndjson|yaml)|json-lines|vnd\.ms-excel)"
        r"|binary/octet-stream"
    ),
    "link_not_rows",
)

PICTURE = Wanted(
    "image/png, image/jpeg, image/webp, image/gif, */*;q=0.5",
    re.compile(r"image/(?!svg)[\w.+-]+|application/octet-stream|binary/octet-stream"),
    "link_not_picture",
)


def leads_on(answer: httpx.Response) -> str | None:
    """Where this answer sends us, None if it does not."""
    return answer.headers.get("location") if answer.status_code in _LED_ON else None


def check(answer: httpx.Response, wanted: Wanted, most: int) -> None:
    """Raises `Refusal` unless `answer` may be what is wanted, and by its own word at most `most` bytes of it."""
    if answer.status_code != 200:
        raise _status(answer.status_code)
    # We asked for none: packed, a file could be any size.
    if answer.headers.get("content-encoding", "").strip().casefold() not in ("", "identity"):
        raise Refusal(wanted.code, packed=True)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if wanted is SOUND and _PLAYLIST.fullmatch(kind):
        raise Refusal(wanted.code, playlist=True)
    if kind and not wanted.kinds.fullmatch(kind):
        page = True if _PAGE.fullmatch(kind) else None
        raise Refusal(wanted.code, page=page, type=None if page else kind)
    length = answer.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise Refusal("link_too_big", size_mb=round(int(length) / 1e6), most=most / 1e6)


def name(answer: httpx.Response, url: httpx.URL) -> str:
    """What the file is called, without folder and ending, "" where it has no name."""
    header = Message()
    header["Content-Disposition"] = answer.headers.get("content-disposition", "")[:2000]
    try:
        given = header.get_filename("")
    except (ValueError, LookupError):
        given = ""
    return cleaned(given) or cleaned(url.path)


def cleaned(path: str) -> str:
    """The name of a file in one line of at most `NAME_CHARACTERS`, without folders, ending and invisible signs."""
    file = re.split(r"[/\\]", path)[-1]
    stem, dot, ending = file.rpartition(".")
    if stem and _ENDING.fullmatch(dot + ending):
        file = stem
    visible = "".join(sign if not unicodedata.category(sign).startswith(("C", "Z")) else " " for sign in file)
    return " ".join(unicodedata.normalize("NFC", visible).split())[:NAME_CHARACTERS].strip(" .")


def _status(status: int) -> Refusal:
    match status:
        case 404 | 410:
            return Refusal("link_status", status=status, missing=True)
        case 401 | 402 | 403 | 407:
            return Refusal("link_status", status=status, closed=True)
        case 408 | 429 | 500 | 502 | 503 | 504:
            return Refusal("link_status", status=status, later=True)
        case _:
            return Refusal("link_status", status=status)
