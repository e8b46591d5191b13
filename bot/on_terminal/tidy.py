"""`minstrel tidy`: songs that are kept no longer, shown or let go."""

from __future__ import annotations

import argparse
import asyncio
import json
from datetime import UTC, datetime

from pydantic import ValidationError

from bot.compose import House, Settings, deliver, open_house
from bot.on_terminal.lines import spoken
from bot.replies import reply
from workflows.limits import Retention
from workflows.people import OPERATOR, now_ms
from workflows.privacy import retention
from workflows.privacy.retention import DAY_MS, Aged
from workflows.refusal import Refusal

MB = 10**6


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Show what would go, or let it go."""
    with open_house(settings) as house:
        return asyncio.run(_tidy(house, args))


async def _tidy(house: House, args: argparse.Namespace) -> int:
    kept = _rules(house.rules.limits.retention, args)
    songs = await (retention.due(house.db, kept) if args.dry_run else retention.tidy(house.db, kept, OPERATOR))
    if songs and not args.dry_run:
        await deliver(house)
    if args.json:
        print(json.dumps({"gone": not args.dry_run, "songs": [_values(song) for song in songs]}, ensure_ascii=False))
        return 0
    if not songs:
        unset = True if (kept.songs_days, kept.most_gb) == (None, None) else None
        print(spoken(reply("tidy_nothing", unset=unset)))
        return 0
    now = now_ms()
    for song in songs:
        age = (now - song.finished_at) // DAY_MS
        print(reply("tidy_line", job=song.job, title=song.title, owner=song.owner, age=age, mb=song.size / MB))
    total = sum(song.size for song in songs) / MB
    print(reply("tidy_would" if args.dry_run else "tidy_went", count=len(songs), mb=total))
    return 0


def _rules(kept: Retention, args: argparse.Namespace) -> Retention:
    """The operator's rules, with those of the command line in their place."""
    given = {"songs_days": args.days, "most_gb": args.gb}
    try:
        return Retention.model_validate({**kept.model_dump(), **{k: v for k, v in given.items() if v is not None}})
    except ValidationError as invalid:
        first = invalid.errors()[0]
        option = {"songs_days": "--days", "most_gb": "--gb"}[str(first["loc"][0])]
        raise Refusal("bad_value", field=option, value=first["input"], allowed="1 or more") from None


def _values(song: Aged) -> dict[str, object]:
    made = datetime.fromtimestamp(song.finished_at / 1000, UTC).isoformat(timespec="seconds")
    return {**song._asdict(), "finished_at": made}
