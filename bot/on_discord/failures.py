"""What Discord says no with, and whether trying again can help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from bot.chat import BadToken
from workflows.deliver import DeliveryFailed

UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MESSAGE = 10003, 10004, 10008
TOO_LARGE, TOO_MANY_EDITS = 40005, 30046
MISSING_ACCESS, MISSING_PERMISSIONS = 50001, 50013


@contextmanager
def judged() -> Iterator[None]:
    """Turn what goes wrong on the way to Discord into `DeliveryFailed`."""
    try:
        yield
    except discord.RateLimited as limited:
        raise DeliveryFailed(str(limited), permanent=False, retry_after_s=limited.retry_after) from limited
    except discord.HTTPException as refused:
        raise _failure(refused) from refused
    except (aiohttp.ClientError, OSError) as error:
        raise DeliveryFailed(repr(error), permanent=False) from error


def bad_token(cause: object) -> BadToken:
    """Discord does not know our token."""
    return BadToken("Discord", "MINSTREL_DISCORD_TOKEN", str(cause))


def is_gone(refused: discord.HTTPException) -> bool:
    """Whether the message is not there any more; its channel is."""
    return refused.code == UNKNOWN_MESSAGE


def may_look(refused: discord.Forbidden) -> bool:
    """Whether we see the channel all the same, and so may take down what is ours."""
    return refused.code == MISSING_PERMISSIONS


def is_too_large(refused: discord.HTTPException) -> bool:
    """Whether its files were too much."""
    return refused.status == 413 or refused.code == TOO_LARGE


def token_revoked(cause: object) -> DeliveryFailed:
    """Nothing can be told here any more, to nobody; its owner finds it in /jobs."""
    return DeliveryFailed(f"Discord no longer accepts our token: {cause}", permanent=True, why=None)


def _failure(refused: discord.HTTPException) -> DeliveryFailed:
    if refused.status == 401:
        return token_revoked(refused)
    if refused.status >= 500 or refused.status in (408, 429) or refused.code == TOO_MANY_EDITS:
        return DeliveryFailed(str(refused), permanent=False, retry_after_s=_retry_after_s(refused))
    why = "post_refused"
    if refused.code in (UNKNOWN_CHANNEL, UNKNOWN_GUILD):
        why = "channel_gone"
    elif refused.code in (MISSING_ACCESS, MISSING_PERMISSIONS):
        why = "no_permission"
    return DeliveryFailed(str(refused), permanent=True, why=why)


def _retry_after_s(refused: discord.HTTPException) -> float | None:
    given = refused.response.headers.get("Retry-After")
    return float(given) if given and given.replace(".", "", 1).isdecimal() else None
