"""A language model behind an OpenAI-compatible address, which writes lyrics where one is set."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, ConfigDict, Field, SecretStr

if TYPE_CHECKING:
    # Takes a moment to load, which only those wait for who have a model.
    import httpx

COMPLETIONS = "/chat/completions"
CONNECT_S = 5.0
# What songs need fits into a hundredth of it.
MOST_BYTES = 512 * 1024
MOST_TOKENS = 1500
TEMPERATURE = 0.9
REACHED_S = 3.0


class Author(BaseModel):
    """Where the model is: the address ends in /v1 or the like. `patience_s` is for one answer, `budget_s` for all."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr
    model: str
    key: SecretStr | None = None
    patience_s: float = Field(60.0, gt=0)
    budget_s: float = Field(60.0, gt=0)

    def request(self, method: str, path: str, **given: Any) -> httpx.Request:
        """A request for `path` below the base; people may have given the full address of the completions.

        A name and password go where they belong: clients log the address.
        """
        import httpx

        url = httpx.URL(self.url.get_secret_value().rstrip("/").removesuffix(COMPLETIONS) + path)
        headers = {"Authorization": f"Bearer {self.key.get_secret_value()}"} if self.key else {}
        if url.userinfo and not self.key:
            headers = {"Authorization": f"Basic {base64.b64encode(unquote_to_bytes(url.userinfo)).decode()}"}
        return httpx.Request(method, url.copy_with(userinfo=b""), headers=headers, **given)


class Unwritten(Exception):
    """The model wrote nothing. `reason` is for people; `again`: it may be another moment's luck."""

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again


def ask(author: Author, messages: list[dict[str, str]], seed: int, within_s: float) -> str:
    """The model's answer to `messages`, within `within_s` seconds. Raises `Unwritten`."""
    import httpx

    body = {
        "model": author.model, "messages": messages, "temperature": TEMPERATURE, "seed": seed % 2**31,
        "max_tokens": MOST_TOKENS, "stream": False,
    }  # fmt: skip
    try:
        status, raw = _posted(author, body, within_s)
    except httpx.TimeoutException:
        raise Unwritten("it took too long") from None
    except (httpx.HTTPError, httpx.InvalidURL):
        # Their own words may hold the address, and with it a password.
        raise Unwritten("it could not be reached", again=True) from None
    if status in (401, 403):
        raise Unwritten("it did not accept our key")
    if status != 200:
        raise Unwritten(f"it answered with error {status}", again=status >= 500 or status == 429)
    try:
        content = json.loads(raw)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Unwritten("its answer could not be read", again=True) from None
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if not isinstance(content, str) or not content.strip():
        raise Unwritten("its answer was empty", again=True)
    return content


def reached(author: Author) -> bool:
    """Whether anybody answers at the address, within a few seconds."""
    import httpx

    try:
        with httpx.Client(timeout=REACHED_S) as client:
            answer = client.send(author.request("GET", "/models"), stream=True)
            answer.close()
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return answer.status_code < 500 and answer.status_code not in (401, 403)


def _posted(author: Author, body: dict[str, Any], within_s: float) -> tuple[int, bytes]:
    """(status, what it said). It is not followed elsewhere: our key is for this address alone."""
    import httpx

    end = time.monotonic() + within_s
    raw = bytearray()
    with httpx.Client(timeout=httpx.Timeout(within_s, connect=min(CONNECT_S, within_s))) as client:
        answer = client.send(author.request("POST", COMPLETIONS, json=body), stream=True)
        try:
            for chunk in answer.iter_bytes():
                raw += chunk
                if len(raw) > MOST_BYTES:
                    raise Unwritten("its answer was far too long")
                if time.monotonic() > end:
                    raise httpx.ReadTimeout("it drips")
        finally:
            answer.close()
    return answer.status_code, bytes(raw)
