"""`minstrel commands`: the catalogue, for people and for scripts."""

from __future__ import annotations

import argparse
import json

from bot.commands import as_json, catalogue
from bot.compose import Settings, read_rules
from bot.replies import reply


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Print every command; with `--json` with all options, ranges and defaults."""
    if args.json:
        print(json.dumps(as_json(), ensure_ascii=False, indent=2))
        return 0
    able = read_rules(settings)[0].capabilities.tasks
    for command in catalogue().values():
        later = "" if not command.music or command.task in able else f" ({reply('not_yet')})"
        print(f"/{command.name:<13}{command.summary}{later}")
        print(f"{'':<14}{command.example}")
    return 0
