"""Links that people give: which may be followed, and what may be shown of them."""

from __future__ import annotations

import re
from ipaddress import ip_address

import httpx

from workflows.refusal import Refusal

SCHEMES = ("http", "https")
MOST_CHARACTERS = 8192
# Below 1024 other services listen (mail, shells, shared folders), and some can be made to act on what we would send.
# From there on anybody may serve files, and many a small server does.
WEB_PORTS = (80, 443)
FIRST_FREE_PORT = 1024
LAST_PORT = 65_535
SHOWN = 40

_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?", re.IGNORECASE)


def judged(url: str) -> httpx.URL:
    """`url` as it will be asked for, without its fragment.

    Raises `Refusal` (`link_not_http`, `link_with_password`, `link_unknown_host`). Says nothing of where it leads to:
    that is known when the connection is made.
    """
    read = _read(url.strip().partition("#")[0])
    if read is not None:
        # Some spellings of a host are only seen for what they are once they are put in plain letters.
        read = _read(str(read))
    if read is None or read.scheme not in SCHEMES or not read.host:
        raise Refusal("link_not_http")
    if read.userinfo:
        raise Refusal("link_with_password")
    if read.port is not None and read.port not in WEB_PORTS and not FIRST_FREE_PORT <= read.port <= LAST_PORT:
        raise Refusal("link_not_http")
    if not _is_host(read.raw_host.decode("ascii")):
        raise Refusal("link_unknown_host")
    return read


def led_on(link: httpx.URL, location: str) -> httpx.URL:
    """Where `link` leads on to. Raises `Refusal` as `judged` does, and where encryption would be given up."""
    try:
        there = str(link.join(location))
    except (httpx.InvalidURL, ValueError):
        raise Refusal("link_not_http") from None
    target = judged(there)
    if link.scheme == "https" and target.scheme != "https":
        raise Refusal("link_not_http", downgrade=True)
    return target


def shown(url: str) -> str:
    """`url` for people's eyes: where it leads and the name of the file.

    Never its query, its credentials, or the folders between: they may hold secrets.
    """
    read = _read(url.strip())
    if read is None or not read.host:
        return ""
    host = f"[{read.host}]" if ":" in read.host else read.host
    port = "" if read.port is None else f":{read.port}"
    folder, _, file = read.path.rpartition("/")
    # Somebody's password may have ended up there.
    if "@" in file:
        folder, file = "…", ""
    path = f"/…/{file}" if folder else f"/{file}"
    return f"{read.scheme}://{_cut(host)}{port}{_cut(path)}"


def _read(url: str) -> httpx.URL | None:
    if len(url) > MOST_CHARACTERS:
        return None
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return None


def _is_host(host: str) -> bool:
    """Whether `host` is a name, or an address without a zone."""
    if ":" not in host:
        return _NAME.fullmatch(host) is not None
    try:
        return "%" not in str(ip_address(host))
    except ValueError:
        return False


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
