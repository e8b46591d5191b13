"""`minstrel db upgrade`: bring the database to this version's schema."""

from __future__ import annotations

import argparse

from storage.migrate import HEAD, upgrade

from bot.replies import reply
from config.settings import Settings


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Every command upgrades by itself; this one is for an operator who wants to do it first."""
    del args
    upgrade(settings.database_url)
    print(reply("database_ready", version=HEAD))
    return 0
