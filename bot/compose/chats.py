"""The chats: connected as surfaces, and set up from a command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.chat import BadToken, ChatAway
from bot.compose.house import House, Trouble, read_rules
from config.settings import Settings

if TYPE_CHECKING:
    from bot.chat import Chat

# Which commands Discord has been told of.
SYNCED = "discord-commands.json"


def open_chats(house: House, nudge: Callable[[], None]) -> Iterator[Chat]:
    """The chats that have tokens, not yet connected."""
    settings = house.settings
    if not (settings.discord_token or settings.slack_bot_token):
        return
    from bot.desk import Desk

    desk = Desk(house.db, house.rules, nudge, house.incoming)
    if settings.discord_token:
        from bot.on_discord.surface import DiscordSurface

        yield DiscordSurface(
            token=settings.discord_token,
            api_url=settings.discord_api_url,
            desk=desk,
            blob=house.blobs.path,
            synced=settings.home / SYNCED,
        )
    if settings.slack_bot_token:
        from bot.on_slack.surface import SlackSurface

        if not (settings.slack_app_token or settings.slack_signing_secret):
            raise Trouble("slack_half_set_up")
        yield SlackSurface(
            bot_token=settings.slack_bot_token,
            app_token=settings.slack_app_token,
            signing_secret=settings.slack_signing_secret,
            api_url=settings.slack_api_url,
            desk=desk,
            blob=house.blobs.path,
        )


async def discord_invite(settings: Settings) -> str:
    """The link that adds the bot to a server. Raises `Trouble`."""
    from bot.on_discord.invite import invite_url
    from bot.on_discord.setup import application_id

    with accepted_tokens():
        return invite_url(await application_id(_discord_token(settings), settings.discord_api_url))


async def discord_sync(settings: Settings) -> int:
    """Tell Discord of all commands now; returns how many. Raises `Trouble`."""
    from bot.on_discord.setup import synchronise

    token, rules = _discord_token(settings), read_rules(settings)[0]
    with accepted_tokens():
        return await synchronise(token, settings.discord_api_url, rules, settings.home / SYNCED)


def slack_manifest(url: str | None) -> str:
    """What Slack sets the app up from: for Socket Mode, or for a house that is reached at `url`."""
    from bot.commands import catalogue
    from bot.on_slack.manifest import as_text, manifest

    return as_text(manifest(catalogue(), url=url))


def _discord_token(settings: Settings) -> str:
    if not settings.discord_token:
        raise Trouble("no_discord_token")
    return settings.discord_token


@contextmanager
def accepted_tokens() -> Iterator[None]:
    """Turn a token that a chat does not accept, and a chat that does not answer, into `Trouble`."""
    try:
        yield
    except BadToken as bad:
        raise Trouble("bad_token", chat=bad.chat, setting=bad.setting, reason=str(bad)) from bad
    except ChatAway as away:
        raise Trouble("chat_away", chat=away.chat, reason=str(away)) from away
