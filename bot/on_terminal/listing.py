"""`minstrel commands`: the catalogue, for people and for scripts."""

from __future__ import annotations

import argparse
import json

from bot.commands import as_json, catalogue
from bot.compose import Settings, read_rules
from bot.replies import reply


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Print every command; with `--json` with all options, ranges and defaults."""
    rules = read_rules(settings)[0]
    commands = catalogue(recipes=rules.recipes.values())
    if args.json:
        print(json.dumps(as_json(commands), ensure_ascii=False, indent=2))
        return 0
    width = max(map(len, commands)) + 2
    for command in commands.values():
        later = "" if not command.music or command.task in rules.capabilities.tasks else f" ({reply('not_yet')})"
        print(f"/{command.name:<{width}}{command.summary}{later}")
        print(f"{'':<{width + 1}}{command.example}")
    return 0
