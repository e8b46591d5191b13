"""Where every connection for a link is made: to an address that was judged, and it hears only so much.

httpx and httpcore resolve names below everything that a caller could check. So this takes that place: httpcore asks it
for a connection to a name, it looks the name up once, judges all addresses, and connects to one of those very numbers.
TLS and the Host header go on with the name. There is no other way out: no proxy, no second look-up, no kept connection.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from functools import cached_property
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx

from workflows.fetch.addresses import is_public, is_this_machine
from workflows.fetch.names import Lookups, Resolve, is_inside
from workflows.refusal import Refusal

# How many addresses of one name are tried.
TRIED = 4
# Read at once; what comes in pieces of a few bytes then keeps the loop busy for milliseconds only.
READ_BYTES = 16 * 1024
# What may come before the first byte of the file: headers, and whatever else a server finds to say.
HEAD_BYTES = 256 * 1024

_Options = Iterable[Any]


class Wire(httpcore.AsyncNetworkStream):
    """A connection that hears at most `HEAD_BYTES` beyond what was `allow`ed."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._heard = 0
        self._most = HEAD_BYTES

    def allow(self, size: int) -> None:
        """So much of the file came. What wraps it up (chunks) may take a fourth of that.

        A server that sends each byte in a chunk of its own would keep us busy for minutes with little.
        """
        self._most = HEAD_BYTES + size * 5 // 4

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """At most `max_bytes`. Raises `Refusal` where it is too much."""
        data = await self._stream.read(min(max_bytes, READ_BYTES), timeout)
        self._heard += len(data)
        if self._heard > self._most:
            raise Refusal("link_unreachable")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send `buffer`."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Hang up."""
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """The same connection, encrypted."""
        return Wire(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """What the connection below knows of itself."""
        return self._stream.get_extra_info(info)


class Guard(httpcore.AsyncNetworkBackend):
    """Makes connections to public addresses only, and to `private_hosts` ("nas.lan", "10.0.0.5:8080", "[fd00::5]")."""

    def __init__(self, private_hosts: Collection[str], resolve: Resolve, network: httpcore.AsyncNetworkBackend) -> None:
        self._private = private_hosts
        self._resolve = resolve
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _Options | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to `host`. Raises `Refusal` where one of its addresses is not public, or it has none."""
        addresses = (await self._judged(host, port, timeout))[:TRIED]
        share = None if timeout is None else timeout / len(addresses)
        failed: Exception | None = None
        for address in addresses:
            try:
                stream = await self._network.connect_tcp(address, port, share, local_address, socket_options)
                return Wire(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise httpcore.ConnectError from failed

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: _Options | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never: no link leads to a file of this machine."""
        del path, timeout, socket_options
        raise Refusal("link_not_public")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def _judged(self, host: str, port: int, timeout: float | None) -> Sequence[str]:
        own = _is_listed(self._private, host, port)
        if not own and is_inside(host):
            raise Refusal("link_not_public")
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as unknown:
            raise Refusal("link_unknown_host") from unknown
        if not addresses:
            raise Refusal("link_unknown_host")
        # One that is inside among others that are not is how a name server that changes its mind begins.
        if not own and not all(is_public(address) and not is_this_machine(address) for address in addresses):
            raise Refusal("link_not_public")
        return addresses


def may_lead_outside(url: httpx.URL, private_hosts: Collection[str]) -> bool:
    """Whether nothing about `url` says by itself that it leads inside. Where a name leads only a connection finds out.

    `private_hosts` may be asked all the same.
    """
    if _is_listed(private_hosts, url.host, url.port or {"http": 80, "https": 443}[url.scheme]):
        return True
    try:
        ip_address(url.host)
    except ValueError:
        return not is_inside(url.host)
    return is_public(url.host) and not is_this_machine(url.host)


def _is_listed(private_hosts: Collection[str], host: str, port: int) -> bool:
    name = f"[{host}]" if ":" in host else host
    spelled = {host.casefold(), name.casefold(), f"{name}:{port}".casefold()}
    return any(listed.casefold() in spelled for listed in private_hosts)


class Transport(httpx.AsyncBaseTransport):
    """httpx's way to the network, by a `Guard` and nothing else. Each request gets a connection of its own."""

    def __init__(self, guard: Guard, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.AsyncConnectionPool(ssl_context=tls, max_keepalive_connections=0, network_backend=guard)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to `request`, its body not yet read. Raises httpcore's errors and `Refusal`."""
        url = request.url
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    async def aclose(self) -> None:
        """Hang up."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of an answer as it comes."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


class Outside:
    """The way out for one client that does `at_once` things at a time: look-ups, guard and certificates of its own."""

    def __init__(
        self, private_hosts: Collection[str], at_once: int, resolve: Resolve | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:  # fmt: skip
        # A lookup that was given up still takes its thread for a while.
        self._lookups = Lookups(2 * at_once)
        self._guard = Guard(private_hosts, resolve or self._lookups, network or httpcore.AnyIOBackend())

    def transport(self) -> Transport:
        """One that is to be used for one request."""
        return Transport(self._guard, self._tls)

    def close(self) -> None:
        """Look nothing up any more."""
        self._lookups.close()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Also the certificates of SSL_CERT_FILE, as everywhere.
        return httpx.create_ssl_context()
