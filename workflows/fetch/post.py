"""Sends what people want to be told to the addresses that they gave, guarded like every fetch, and learns no more of
the answer than its status."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Collection, Mapping

import httpcore
import httpx

from workflows.fetch import link as links
from workflows.fetch.names import Resolve
from workflows.fetch.network import Outside
from workflows.refusal import Refusal

# Nobody reads what an answer says, but whoever says it in a few words should not find that we hung up.
HEARD_BYTES, HEARD_S = 4096, 1.0


class Poster:
    """Sends `at_once` things at a time; `private_hosts` may be sent to although they lie inside.

    `resolve` looks names up and `network` makes connections to the addresses that were judged.
    """

    def __init__(
        self,
        *,
        at_once: int,
        private_hosts: Collection[str] = (),
        resolve: Resolve | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._outside = Outside(private_hosts, at_once, resolve, network)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, within_s: float) -> int:
        """POST `body`; returns the status that is answered within so many seconds. Redirects are not followed.

        Raises `Refusal` (`link_not_public`, `link_unknown_host`, `link_unreachable`, `link_too_slow` and those of
        `link.judged`), which names neither what was asked nor what was said.
        """
        timeout = httpx.Timeout(within_s).as_dict()
        request = httpx.Request(
            "POST",
            links.judged(url),
            headers={**headers, "Accept-Encoding": "identity", "Connection": "close"},
            content=body,
            extensions={"timeout": timeout},
        )
        try:
            async with self._outside.transport() as transport:
                async with asyncio.timeout(within_s):
                    answer = await transport.handle_async_request(request)
                try:
                    await _hear_out(answer)
                finally:
                    await answer.aclose()
                return answer.status_code
        except (TimeoutError, httpcore.TimeoutException) as late:
            raise Refusal("link_too_slow", most_s=within_s) from late
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as failed:
            untrusted = isinstance(failed.__context__, ssl.SSLCertVerificationError)
            raise Refusal("link_unreachable", certificate=untrusted or None) from failed

    def close(self) -> None:
        """Send nothing any more."""
        self._outside.close()


async def _hear_out(answer: httpx.Response) -> None:
    """Hear the beginning of what it says besides, for a moment; the status is the answer, whatever becomes of that."""
    heard = 0
    with contextlib.suppress(Exception):
        async with asyncio.timeout(HEARD_S):
            async for piece in answer.aiter_raw():
                heard += len(piece)
                if heard >= HEARD_BYTES:
                    return
