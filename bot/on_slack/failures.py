"""What Slack says no with, and whether trying again can help."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from workflows.deliver import DeliveryFailed

log = logging.getLogger(__name__)

# What a call to Slack fails with; everything else is a mistake of our own.
TROUBLE = (SlackApiError, aiohttp.ClientError, TimeoutError)

_PASSING = frozenset({
    "", "accesslimited", "fatal_error", "file_not_found", "internal_error", "rate_limited", "ratelimited",
    "request_timeout", "service_unavailable", "team_added_to_org",
})  # fmt: skip
_SHUT = frozenset({
    "cannot_reply_to_message", "not_in_channel", "restricted_action", "restricted_action_non_threadable_channel",
    "restricted_action_read_only_channel", "restricted_action_thread_locked", "restricted_action_thread_only_channel",
    "user_is_restricted",
})  # fmt: skip
# Our token is no good any more: no other channel helps.
_REVOKED = frozenset({"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"})


def code_of(error: BaseException) -> str:
    """Slack's own word for it; "" where it said none, as on the way to it."""
    return str(_answer(error).get("error") or "")


def failure(error: Exception, *, posted: bool) -> DeliveryFailed:
    """What it means for a delivery. `posted`: something was posted in that channel before."""
    answer, code = _answer(error), code_of(error)
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if code in _PASSING or status >= 500:
        return DeliveryFailed(code or repr(error), permanent=False, retry_after_s=_retry_after_s(error))
    cause = f"{code}, needs {answer['needed']}" if answer.get("needed") else code
    if code in _REVOKED:
        return DeliveryFailed(cause, permanent=True, why=None)
    # A channel that we can't see reads the same as one that is gone.
    if code in _SHUT or (code == "channel_not_found" and not posted):
        return DeliveryFailed(cause, permanent=True, why="no_permission")
    why = "channel_gone" if code in ("channel_not_found", "is_archived") else "post_refused"
    return DeliveryFailed(cause, permanent=True, why=why)


@contextmanager
def judged(key: str, *, posted: bool) -> Iterator[None]:
    """Turn what Slack says no to into what it means for the delivery `key`."""
    try:
        yield
    except TROUBLE as trouble:
        failed = failure(trouble, posted=posted)
        if failed.permanent:
            log.error("%s can't be posted to Slack: %s", key, failed)
        raise failed from trouble


def unsettled(error: BaseException) -> bool:
    """Whether a file is not ready yet: Slack looks at what was uploaded in its own time."""
    return code_of(error) == "file_not_found" or "invalid slack file" in str(_answer(error).get("errors") or "")


def _answer(error: BaseException) -> dict[str, Any]:
    data = getattr(getattr(error, "response", None), "data", None)
    return data if isinstance(data, dict) else {}


def _retry_after_s(error: BaseException) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    given = str(headers.get("Retry-After") or "")
    return float(given) if given.isdecimal() else None
