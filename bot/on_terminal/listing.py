"""`minstrel commands`: the catalogue, for people and for scripts."""

from __future__ import annotations

import argparse
import json

from bot.commands import as_json, catalogue
from bot.compose import Settings


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Print every command; with `--json` with all options, ranges and defaults."""
    del settings
    if args.json:
        print(json.dumps(as_json(), ensure_ascii=False, indent=2))
        return 0
    for command in catalogue().values():
        print(f"/{command.name:<13}{command.summary}")
        print(f"{'':<14}{command.example}")
    return 0
