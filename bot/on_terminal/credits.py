"""`minstrel credits`: what people have, and whether the books are sound."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import datetime

from bot.compose import House, Settings, open_house
from bot.replies import reply
from workflows import credits, gifts
from workflows.people import OPERATOR, Requester
from workflows.refusal import Refusal

CHANGES = ("grant", "revoke")


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Balance, grant, revoke, ledger or check."""
    with open_house(settings) as house:
        if args.action == "check" and args.name is not None:
            raise Refusal("not_needed", field="NAME", value=args.name)
        if args.action not in CHANGES and args.amount is not None:
            raise Refusal("not_needed", field="N", value=args.amount)
        if args.action == "check":
            return _check(house, as_object=args.json)
        if args.name is None:
            raise Refusal("missing", field="NAME", allowed="the name of a person")
        args.name = args.name.removeprefix("@")
        if args.action == "ledger":
            return _ledger(house, args.name, as_object=args.json)
        if args.action in CHANGES:
            asyncio.run(_change(house, args))
        # Whoever misspells a name makes nobody by it.
        foreseen = asyncio.run(credits.foreseen(house.db, house.rules.pricing, args.name))
        who = Requester("terminal", args.name, args.name)
        balance = foreseen or asyncio.run(credits.balance(house.db, house.rules.pricing, who))
        values = {"name": args.name, "available": balance.available, "held": balance.held, "posted": balance.posted}
        said = {**values, "held": balance.held or None, "new": None if foreseen is None else True}
        print(json.dumps(values) if args.json else reply("balance", **said))
        return 0


async def _change(house: House, args: argparse.Namespace) -> None:
    """Grant or revoke. A person who types it twice means it twice: without a key each call stands for itself."""
    if args.amount is None:
        raise Refusal("missing", field="N", allowed="how many credits")
    if args.action == "revoke":
        if args.key is not None:
            raise Refusal("key_for_grants", field="--key", value=args.key)
        await gifts.revoke(house.db, house.rules, OPERATOR, args.name, args.amount, why=args.why)
        return
    # Whoever is given something is somebody from then on.
    to = Requester("terminal", args.name, args.name)
    await gifts.grant(house.db, house.rules, OPERATOR, to, args.amount, why=args.why, key=args.key)


def _ledger(house: House, name: str, *, as_object: bool) -> int:
    account, transfers = asyncio.run(credits.statement(house.db, name))
    rows = [
        {
            "at": datetime.fromtimestamp(row.created_at / 1000).astimezone().isoformat(timespec="seconds"),
            "kind": row.kind,
            "credits": row.amount if row.credit_id == account else -row.amount,
            "key": row.key,
            "note": row.note,
        }
        for row in transfers
    ]
    if as_object:
        print(json.dumps(rows, indent=2))
    for row in () if as_object else rows:
        note = f"  {row['note']}" if row["note"] else ""
        print(f"{row['at']}  {row['credits']:>+7}  {row['kind']:<9} {row['key']}{note}")
    return 0


def _check(house: House, *, as_object: bool) -> int:
    wrong = asyncio.run(credits.check(house.db))
    if as_object:
        print(json.dumps({"ok": not wrong, "wrong": wrong}))
    elif not wrong:
        print(reply("books_sound"))
    for sentence in () if as_object else wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0
