"""`minstrel discord` and `minstrel slack`: what an operator needs to connect a chat."""

from __future__ import annotations

import argparse
import asyncio

from bot.compose import Settings, discord_invite, discord_sync, slack_manifest
from bot.replies import reply


def run(settings: Settings, args: argparse.Namespace) -> int:
    """`discord invite`, `discord sync` or `slack manifest`."""
    if args.command == "slack":
        print(slack_manifest(args.url or settings.public_url), end="")
    elif args.action == "invite":
        print(asyncio.run(discord_invite(settings)))
    else:
        print(reply("discord_synced", count=asyncio.run(discord_sync(settings))))
    return 0
