"""`minstrel db upgrade`: bring the database to this version's schema."""

from __future__ import annotations

import argparse

from bot.compose import Settings, upgrade_database
from bot.replies import reply


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Every command upgrades by itself; this one is for an operator who wants to do it first."""
    del args
    print(reply("database_ready", version=upgrade_database(settings)))
    return 0
