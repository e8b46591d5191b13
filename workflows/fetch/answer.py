"""What a server answers, before any of it is read: whether it can be a sound file, and what the file is called."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message

import httpx

from workflows.refusal import Refusal

NAME_CHARACTERS = 120

_LED_ON = frozenset({301, 302, 303, 307, 308})
_SOUND = re.compile(r"(?:audio|video)/[\w.+-]+|application/(?:octet-stream|ogg)|binary/octet-stream")
# Text that only names files elsewhere: following it would go past every check.
_PLAYLIST = re.compile(r"(?:audio|video|application)/(?:[\w.-]*(?:mpegurl|scpls|smil|xspf|asx)[\w.+-]*|dash\+xml)")
_PAGE = re.compile(r"text/.*|application/(?:json|xml|xhtml\+xml|[\w.-]+\+(?:json|xml))")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}")


def leads_on(answer: httpx.Response) -> str | None:
    """Where this answer sends us, None if it does not."""
    return answer.headers.get("location") if answer.status_code in _LED_ON else None


def check(answer: httpx.Response, most: int) -> None:
    """Raises `Refusal` unless `answer` is a file that may be sound, of at most `most` bytes by its own word."""
    if answer.status_code != 200:
        raise _status(answer.status_code)
    # We asked for none: packed, a file could be any size.
    if answer.headers.get("content-encoding", "").strip().casefold() not in ("", "identity"):
        raise Refusal("link_not_sound", packed=True)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if _PLAYLIST.fullmatch(kind):
        raise Refusal("link_not_sound", playlist=True)
    if _PAGE.fullmatch(kind):
        raise Refusal("link_not_sound", page=True)
    if kind and not _SOUND.fullmatch(kind):
        raise Refusal("link_not_sound", type=kind)
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
