"""`minstrel discord` and `minstrel slack`: what an operator needs to connect a chat."""

from __future__ import annotations

import argparse
import asyncio

from bot.chat import BadToken
from bot.commands import catalogue
from bot.compose import Settings, Trouble, read_rules
from bot.replies import reply


def run(settings: Settings, args: argparse.Namespace) -> int:
    """`discord invite`, `discord sync` or `slack manifest`."""
    if args.command == "slack":
        from bot.on_slack.manifest import as_text, manifest

        print(as_text(manifest(catalogue(), url=args.url or settings.public_url)), end="")
        return 0
    if not settings.discord_token:
        raise Trouble("no_discord_token")
    try:
        print(asyncio.run(_discord(settings, args.action)))
    except BadToken as bad:
        raise Trouble("bad_token", chat=bad.chat, setting=bad.setting, reason=str(bad)) from bad
    return 0


async def _discord(settings: Settings, action: str) -> str:
    from bot.on_discord.invite import invite_url
    from bot.on_discord.setup import application_id, synchronise

    token, api_url = str(settings.discord_token), settings.discord_api_url
    if action == "invite":
        return invite_url(await application_id(token, api_url))
    rules, _ = read_rules(settings)
    count = await synchronise(token, api_url, rules, settings.home / "discord-commands.json")
    return reply("discord_synced", count=count)
