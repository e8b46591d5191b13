"""`minstrel audit`: what those in charge did."""

from __future__ import annotations

import argparse
import asyncio
import json
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.compose import Settings, open_house
from bot.replies import cleaned, reply
from workflows import record
from workflows.refusal import Refusal

MOST = 10_000


def run(settings: Settings, args: argparse.Namespace) -> int:
    """List the record, the latest first."""
    if not 1 <= args.limit <= MOST:
        raise Refusal("bad_value", field="--limit", value=args.limit, allowed=f"1 to {MOST:,}")
    with open_house(settings) as house:
        entries = asyncio.run(record.latest(house.db, args.limit))
    if args.json:
        print(json.dumps([entry.model_dump() for entry in entries], ensure_ascii=False, indent=2))
        return 0
    if not entries:
        print(reply("audit_none"))
        return 0
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("when", "who", "where", "what", "to", "details"):
        table.add_column(column)
    for entry in entries:
        when = datetime.fromtimestamp(entry.at / 1000).astimezone().strftime("%d %b %Y %H:%M")
        details = ", ".join(cleaned(detail, 200) for detail in record.in_words(entry))
        whom = cleaned(record.about(entry))
        # As text: what people are called is no markup.
        table.add_row(*map(Text, (when, cleaned(entry.by), entry.surface, entry.act, whom, details)))
    Console().print(table)
    return 0
