"""Fetches the file behind a link: judged at every step, streamed to disk, and never longer or more than agreed."""

from __future__ import annotations

import asyncio
import errno
import ssl
import weakref
from dataclasses import dataclass
from dataclasses import field as attribute
from pathlib import Path

import httpcore
import httpx

from workflows.fetch import answer as answers
from workflows.fetch import link as links
from workflows.fetch.answer import PICTURE, SOUND, TEXT, Wanted
from workflows.fetch.names import Resolve
from workflows.fetch.network import Outside, Wire
from workflows.limits import Fetching
from workflows.refusal import Refusal

MB = 1_000_000
# No cookies, no referrer, nothing that tells who asked; and nothing packed, for that may be any size unpacked.
HEADERS = {
    "User-Agent": "Minstrel (fetches a file that somebody linked to)",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched to `path`: `size` bytes, from `url` in the end, which may hold secrets.

    `name` is what it is called, without folder and ending, "" where it has no name.
    """

    path: Path
    url: str = attribute(repr=False)
    name: str
    size: int


class Fetcher:
    """The one client for links that people give; `private_hosts` may be fetched from although they lie inside.

    `resolve` looks names up and `network` makes connections to the addresses that were judged.
    """

    def __init__(
        self,
        rules: Fetching,
        *,
        private_hosts: frozenset[str] = frozenset(),
        resolve: Resolve | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._rules = rules
        self._outside = Outside(private_hosts, rules.at_once, resolve, network)
        # A semaphore serves one event loop only.
        self._places: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )
        self._under_way: dict[asyncio.Timeout, asyncio.Future[None]] = {}
        self._closed = False

    async def fetch(
        self, url: str, to: Path, *, field: str, text_of: int | None = None, picture_of: int | None = None
    ) -> Fetched:
        """Write the file behind `url` to `to`; a file that is there is replaced. On any failure there is none.

        It may be sound or, where `text_of` or `picture_of` says so, text or a picture of at most so many bytes. Raises
        `Refusal` that names `field`. Waits while as many as may are fetched at once.
        """
        wanted = TEXT if text_of is not None else PICTURE if picture_of is not None else SOUND
        most = text_of or picture_of or int(self._rules.most_mb * MB)
        try:
            async with self._place():
                return await self._in_time(url, to, wanted, most)
        except Refusal as refusal:
            # Only these know what was asked; what a server said about itself on the way is nobody's.
            refusal.field, refusal.value = field, links.shown(url) or None
            raise

    async def close(self) -> None:
        """End what is under way, and fetch nothing any more."""
        self._closed = True
        now = asyncio.get_running_loop().time()
        for clock in self._under_way:
            if not clock.expired():
                clock.reschedule(now)
        await asyncio.gather(*self._under_way.values())
        self._outside.close()

    def _place(self) -> asyncio.Semaphore:
        return self._places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._rules.at_once))

    async def _in_time(self, url: str, to: Path, wanted: Wanted, most: int) -> Fetched:
        """`_followed` within the time for all of it, however little comes at a time."""
        if self._closed:
            raise Refusal("house_closing")
        ended = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._rules.most_s) as clock:
                self._under_way[clock] = ended
                try:
                    return await self._followed(links.judged(url), to, wanted, most)
                finally:
                    del self._under_way[clock]
        except (TimeoutError, httpcore.ReadTimeout, httpcore.WriteTimeout) as late:
            if self._closed:
                raise Refusal("house_closing") from None
            raise Refusal("link_too_slow", most_s=self._rules.most_s) from late
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, ssl.SSLError) as failed:
            untrusted = isinstance(failed.__context__, ssl.SSLCertVerificationError)
            raise Refusal("link_unreachable", certificate=untrusted or None) from failed
        finally:
            ended.set_result(None)

    async def _followed(self, link: httpx.URL, to: Path, wanted: Wanted, most: int) -> Fetched:
        """Each step gets a connection of its own, and with it the judgement of its address."""
        for _ in range(self._rules.redirects + 1):
            async with self._outside.transport() as transport:
                answer = await transport.handle_async_request(self._request(link, wanted))
                try:
                    location = answers.leads_on(answer)
                    if location is None:
                        answers.check(answer, wanted, most)
                        size = await self._saved(answer, to, most)
                        return Fetched(to, str(link), answers.name(answer, link), size)
                finally:
                    await answer.aclose()
            link = links.led_on(link, location)
        raise Refusal("link_too_many_redirects", most=self._rules.redirects)

    def _request(self, link: httpx.URL, wanted: Wanted) -> httpx.Request:
        timeout = httpx.Timeout(self._rules.silent_s).as_dict()
        return httpx.Request("GET", link, headers={**HEADERS, "Accept": wanted.accept}, extensions={"timeout": timeout})

    async def _saved(self, answer: httpx.Response, to: Path, most: int) -> int:
        """Write the body to `to`; returns its size in bytes."""
        wire: Wire = answer.extensions["network_stream"]
        size = 0
        try:
            with to.open("wb") as file:
                async for chunk in answer.aiter_raw():
                    size += len(chunk)
                    if size > most:
                        raise Refusal("link_too_big", most=most / MB)
                    file.write(chunk)
                    wire.allow(size)
        except BaseException as failed:
            to.unlink(missing_ok=True)
            if isinstance(failed, OSError) and failed.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Refusal("disk_full") from failed
            raise
        return size
