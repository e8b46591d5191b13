"""Which links are followed: address by address, spelling by spelling, and what may be shown of a link."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any
from unittest import mock

import httpcore
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.fetch import Fetcher
from workflows.fetch.addresses import is_public, is_this_machine
from workflows.fetch.answer import NAME_CHARACTERS, SOUND, check, cleaned, name
from workflows.fetch.link import judged, led_on, shown
from workflows.fetch.names import is_inside
from workflows.limits import Fetching
from workflows.refusal import Refusal

NOT_PUBLIC = """
    0.0.0.0 0.1.2.3 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255
    127.0.0.0 127.0.0.1 127.1.2.3 127.255.255.255 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255
    168.63.129.16 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255
    198.51.100.7 203.0.113.9 224.0.0.1 232.1.2.3 239.255.255.255 240.0.0.1 255.255.255.254 255.255.255.255
    :: ::1 ::2 ::7f00:1 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
    ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::8.8.8.8 64:ff9b:1::10.0.0.1 100::1 2001::1
    2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1
    2002:808:808::1 3ffe::1 3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fdff::1 fe80::1
    fe80::1%1 fe80::1%lo 2606:4700::1%2 fec0::1 feff::1 ff00::1 ff02::1 ff02::fb ff0e::1
"""
PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.255.255
    172.15.255.255 172.32.0.1 192.0.1.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255
    2001:200::1 2001:4860:4860::8888 2003::1 2606:4700:4700::1111 2a00:1450:4001::1
"""


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_what_is_not_on_the_public_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_what_is_on_the_public_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "8.8.8.8.", "8.8.8.8/32", "2130706433", "８.８.８.８ ", "[::1]"]
)
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


def _card(family: int, address: str) -> Any:
    return mock.Mock(family=family, address=address)


CARDS = {
    "eth0": [_card(socket.AF_INET, "8.8.4.4"), _card(socket.AF_INET6, "2001:4860:4860::8844%eth0")],
    "eth1": [_card(socket.AF_PACKET, "00:16:3e:00:00:00")],
}


def test_our_own_addresses_are_known_whatever_their_numbers() -> None:
    with mock.patch("psutil.net_if_addrs", return_value=CARDS):
        assert is_this_machine("8.8.4.4")
        assert is_this_machine("2001:4860:4860:0::8844")
        assert not is_this_machine("8.8.8.8")
    assert is_this_machine("127.0.0.1")
    assert not is_this_machine("8.8.8.8")
    assert not is_this_machine("2001:4860:4860::8888")


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("localhost", True), ("LOCALHOST.", True), ("postgres", True), ("nas.lan", True), ("db.corp", True),
        ("router.home.arpa", True), ("metadata.google.internal", True), ("printer.local.", True), ("a.localhost", True),
        ("example.com", False), ("lan.example.com", False), ("notlocal.net", False), ("127.0.0.1", False),
        ("2130706433", False), ("0x7f000001", False), ("::1", False),
    ],
)  # fmt: skip
def test_names_that_can_only_be_inside(host: str, inside: bool) -> None:
    assert is_inside(host) is inside


# --- links, before anything is looked up ---

REFUSED = {
    "link_not_http": [
        "", "song.mp3", "/etc/passwd", "//example.com/a.mp3", "file:///etc/passwd", "file://localhost/etc/passwd",
        "ftp://example.com/a.mp3", "gopher://127.0.0.1:6379/_INFO", "data:audio/wav;base64,AAAA", "javascript:alert(1)",
        "dict://127.0.0.1:11211/", "http:///a.mp3", "http:a.mp3", "http://[::1/", "http://[1:2:3]/",
        "http://ex\nample.com",
        "http://example.com:22/", "http://example.com:25/", "http://example.com:0/", "http://example.com:445/",
        "https://example.com:1023/", "http://example.com:65536/", "http://example.com:99999999/",
        "http://example.com:x/",
        "http://" + "a" * 9000, "http://256.1.1.1/", "http://0177.0.0.1/", "http://0。0。0。00/", "http://\uff11\uff12\uff17.0.0.1/",
    ],
    "link_with_password": [
        "http://ann:pw@example.com/", "https://ann@example.com/", "http://:pw@example.com/",
        "http://example.com\\@127.0.0.1/", "http://example.com%23@127.0.0.1/", "http://a@b@127.0.0.1/",
    ],
    "link_unknown_host": [
        "http://%31%32%37.0.0.1/", "http://%6cocalhost/", "http://a b.com/", "http://exa%00mple.com/", "http://a..com/",
        "http://.example.com/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://a,b/", "http://a'b/",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("code", "url"), [(code, url) for code, urls in REFUSED.items() for url in urls])
def test_what_is_no_link_for_us(code: str, url: str) -> None:
    with pytest.raises(Refusal) as caught:
        judged(url)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://example.com/a.mp3#t=30", "http://example.com/a.mp3"),
        (" HTTPS://EXAMPLE.com:443/a b.mp3?key=1 ", "https://example.com/a%20b.mp3?key=1"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("https://bücher.example/ä.mp3", "https://xn--bcher-kva.example/%C3%A4.mp3"),
        ("http://[2606:4700::1]:9000/a", "http://[2606:4700::1]:9000/a"),
        ("https://@example.com/@ann/a.mp3", "https://example.com/@ann/a.mp3"),
    ],
)
def test_a_link_as_it_is_asked_for(url: str, asked: str) -> None:
    assert str(judged(url)).replace("bücher", "xn--bcher-kva") == asked


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://cdn.example.com/a/b/song.mp3?sig=t0psecret#t0psecret", "https://cdn.example.com/…/song.mp3"),
        ("https://example.com/song.mp3", "https://example.com/song.mp3"),
        ("https://example.com:8443/t0psecret/song.mp3", "https://example.com:8443/…/song.mp3"),
        ("http://ann:t0psecret@example.com/x.mp3", "http://example.com/x.mp3"),
        ("http://ann:t0p/secret@example.com/x.mp3", ""),
        ("http://ann/t0psecret@example.com", "http://ann/…/"),
        ("http://ann:t0p?secret@example.com/", ""),
        ("not a link t0psecret", ""),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://example.com/" + "x" * 500, "https://example.com/" + "x" * 38 + "…"),
    ],
)
def test_what_is_shown_of_a_link(url: str, words: str) -> None:
    assert shown(url) == words


@pytest.mark.parametrize(
    ("link", "location", "code"),
    [
        ("https://example.com/a", "http://example.com/a", "link_not_http"),
        ("https://example.com/a", "file:///etc/passwd", "link_not_http"),
        ("https://example.com/a", "ftp://example.com/", "link_not_http"),
        ("http://example.com/a", "gopher://127.0.0.1:6379/", "link_not_http"),
        ("http://example.com/a", "http://[::1", "link_not_http"),
        ("http://example.com/a", "//example.com:22/", "link_not_http"),
        ("http://example.com/a", "http://ann:pw@example.com/", "link_with_password"),
        ("http://example.com/a", "//ann@127.0.0.1/", "link_with_password"),
    ],
)
def test_where_a_link_may_not_lead_on_to(link: str, location: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        led_on(httpx.URL(link), location)
    assert caught.value.code == code


def test_a_link_may_lead_on_from_where_it_is() -> None:
    link = httpx.URL("http://example.com/folder/a")
    assert str(led_on(link, "b.mp3")) == "http://example.com/folder/b.mp3"
    assert str(led_on(link, "/b.mp3#x")) == "http://example.com/b.mp3"
    assert str(led_on(link, "//cdn.example.com/b")) == "http://cdn.example.com/b"
    assert str(led_on(link, "https://example.com/b")) == "https://example.com/b"


# --- spellings of addresses, as the system reads them ---


class Nowhere(httpcore.AsyncNetworkBackend):
    """Writes down every connection that is asked for, and makes none."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.asked.append((host, port))
        raise httpcore.ConnectError


async def system(host: str, port: int) -> list[str]:
    """The system's own reading of numbers; no name server is asked."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(entry[4][0]) for entry in found]


NOWHERE = Nowhere()
FETCHER = Fetcher(Fetching(), resolve=system, network=NOWHERE)


def refused(url: str, to: Path = Path("never-written")) -> str:
    """The code with which `url` is refused."""
    NOWHERE.asked.clear()
    with pytest.raises(Refusal) as caught:
        asyncio.run(FETCHER.fetch(url, to, field="src_audio_url"))
    assert not to.exists()
    return caught.value.code


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("8.8.8.8", "8.8.8.8"), ("134744072", "8.8.8.8"), ("0x8080808", "8.8.8.8"), ("0x8.0x8.2056", "8.8.8.8"),
        ("8.526344", "8.8.8.8"), ("8。8。8。8", "8.8.8.8"), ("[2606:4700::1]", "2606:4700::1"),
    ],
)  # fmt: skip
def test_a_public_address_is_reached_however_it_is_spelled(host: str, address: str) -> None:
    assert refused(f"http://{host}/a.mp3") == "link_unreachable"
    assert NOWHERE.asked == [(address, 80)]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "2130706433", "0x7f000001", "0x7F000001", "017700000001", "127.1", "127.0.1", "0x7f.1",
        "0x7f.0.0.1", "127.0.0.0x1", "127.0x1", "0177.1", "0", "0.0", "00", "0x0", "0x", "127。0。0。1", "127．0．0．1",
        "127｡1", "１２７.1",
        "127.0.0.1.", "%31%32%37.0.0.1", "127.0.0.1%00.example.com", "127.0.0.1%2eexample", "①②⑦.0.0.1", "ⓛocalhost",
        "10.1", "167772161", "0xa9fea9fe", "2852039166", "169.254.43518", "0xa9.254.0xa9fe", "3232235777", "4294967295",
        "localhost", "localhost.", "LocalHost", "loc\u00adalhost", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:a9fe:a9fe]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
        "[fe80::1]", "[fe80::1%25lo]", "[fd00:ec2::254]", "[ff02::1]", "[fec0::1]", "[2001::1]", "[::1%251]",
    ],
)  # fmt: skip
def test_an_address_inside_is_never_connected_to_however_it_is_spelled(host: str) -> None:
    for url in (f"http://{host}/a.mp3", f"https://{host}:8443/a.mp3"):
        assert refused(url) in ("link_not_public", "link_unknown_host", "link_not_http")
        assert not NOWHERE.asked


PRIVATE = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "198.18.0.0/15", "224.0.0.0/3",
    )
]  # fmt: skip
BASES = st.sampled_from(["{}", "{:#x}", "{:#X}", "0{:o}", "000{:o}", "0x000{:x}"])
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A private IPv4 address in one of the ways in which it can be written in a link."""
    network = draw(st.sampled_from(PRIVATE))
    address = network[draw(st.integers(0, network.num_addresses - 1))]
    number, parts = int(address), draw(st.integers(1, 4))
    pieces = [number >> 8 * (3 - index) & 0xFF for index in range(parts - 1)]
    pieces.append(number & (1 << 8 * (5 - parts)) - 1)
    plain = draw(st.sampled_from([".", "。", "．", "｡"])).join(draw(BASES).format(piece) for piece in pieces)
    way = draw(st.integers(0, 6))
    if way == 0:
        plain = plain.translate(FULL_WIDTH)
    if way == 1:
        plain = "".join(f"%{ord(sign):02x}" if sign.isascii() else sign for sign in plain)
    if way == 2:
        plain += "."
    if way == 3:
        plain = f"[{draw(st.sampled_from(['::ffff:', '::', '64:ff9b::', '::ffff:0:']))}{IPv4Address(number)}]"
    if way == 4:
        plain = f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]"
    return plain


@settings(deadline=None, max_examples=150)
@given(spellings(), st.sampled_from(["http://{}/", "https://{}/a.mp3", "http://{}:8080/a", "//{}/"]))
def test_no_spelling_of_a_private_address_gets_through(host: str, url: str) -> None:
    assert refused(url.format(host)) in ("link_not_public", "link_unknown_host", "link_not_http")
    assert not NOWHERE.asked


# --- what a server says of its file ---


@pytest.mark.parametrize(
    ("header", "path", "called"),
    [
        ('attachment; filename="My Song.mp3"', "/x", "My Song"),
        ("attachment; filename*=UTF-8''na%C3%AFve%20song.flac", "/x", "naïve song"),
        ('attachment; filename="../../etc/passwd"', "/x", "passwd"),
        ('attachment; filename="C:\\\\music\\\\song.wav"', "/x", "song"),
        ("inline", "/a/b/Morning%20Light.mp3", "Morning Light"),
        ("", "/a/100%25.mp3", "100%"),
        ("", "/a/", ""),
        ("", "/", ""),
        ('attachment; filename=".mp3"', "/x.mp3", "mp3"),
        ('attachment; filename="a\u202egpj.mp3"', "/x", "a gpj"),
        ('attachment; filename="Vol. 2"', "/x", "Vol. 2"),
        ("attachment; filename*=nonsense''%ff%fe", "/x.ogg", "ÿþ"),
    ],
)
def test_what_a_file_is_called(header: str, path: str, called: str) -> None:
    answer = httpx.Response(200, headers=[(b"content-disposition", header.encode("utf-8"))])
    assert name(answer, httpx.URL(f"https://example.com{path}?name=no")) == called


@settings(deadline=None)
@given(st.text(max_size=400))
def test_no_name_breaks_anything(text: str) -> None:
    for header in (f'attachment; filename="{text}"', f"attachment; filename*=utf-8''{text}", text):
        answer = httpx.Response(200, headers=[(b"content-disposition", header.encode("utf-8", "replace"))])
        called = name(answer, httpx.URL("https://example.com/x.mp3"))
        assert len(called) <= NAME_CHARACTERS
        assert not set("/\\\n\r\x00") & set(called)
    assert cleaned("x" * 500 + ".mp3") == "x" * NAME_CHARACTERS


@pytest.mark.parametrize(
    "kind",
    [
        "audio/mpeg", "AUDIO/X-WAV; charset=binary", "video/mp4", "application/octet-stream", "application/ogg",
        "binary/octet-stream", "",
    ],
)  # fmt: skip
def test_what_may_be_sound(kind: str) -> None:
    check(httpx.Response(200, headers={"content-type": kind} if kind else {}), SOUND, 100)


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("text/html", "page"), ("text/html; charset=utf-8", "page"), ("text/plain", "page"), ("application/json",
        "page"),
        ("application/xhtml+xml", "page"), ("application/rss+xml", "page"), ("audio/x-mpegurl", "playlist"),
        ("application/vnd.apple.mpegurl", "playlist"), ("application/dash+xml", "playlist"), ("audio/x-scpls",
        "playlist"),
        ("image/png", "type"), ("image/svg+xml", "type"), ("application/zip", "type"), ("application/pdf", "type"),
        ("audio/mpeg, text/html", "type"), ("audio/", "type"), ("nonsense", "type"), ("multipart/mixed", "type"),
    ],
)  # fmt: skip
def test_what_is_not_sound(kind: str, what: str) -> None:
    with pytest.raises(Refusal) as caught:
        check(httpx.Response(200, headers={"content-type": kind}), SOUND, 100)
    assert caught.value.code == "link_not_sound"
    assert [name for name, told in caught.value.params.items() if told is not None] == [what]
