"""`minstrel credits`: what people have, and whether the books are sound."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys
from datetime import datetime

from bot.compose import House, Settings, open_house
from bot.replies import reply
from workflows import credits
from workflows.people import Requester
from workflows.refusal import Refusal


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Balance, grant, ledger or check."""
    with open_house(settings) as house:
        if args.action == "check":
            return _check(house, as_object=args.json)
        if args.name is None:
            raise Refusal("missing", field="NAME", allowed="the name of a person")
        if args.action == "ledger":
            return _ledger(house, args.name, as_object=args.json)
        who = Requester("terminal", args.name, args.name)
        if args.action == "grant":
            if args.amount is None:
                raise Refusal("missing", field="N", allowed="how many credits to give")
            # A person who types it twice means it twice: each call is a grant of its own.
            key = f"grant:{secrets.token_hex(8)}"
            balance = asyncio.run(credits.grant(house.db, house.rules.pricing, who, args.amount, key=key))
        else:
            balance = asyncio.run(credits.balance(house.db, house.rules.pricing, who))
        values = {"name": args.name, "available": balance.available, "held": balance.held, "posted": balance.posted}
        print(json.dumps(values) if args.json else reply("balance", **{**values, "held": balance.held or None}))
        return 0


def _ledger(house: House, name: str, *, as_object: bool) -> int:
    account, transfers = asyncio.run(credits.statement(house.db, name))
    rows = [
        {
            "at": datetime.fromtimestamp(row.created_at / 1000).astimezone().isoformat(timespec="seconds"),
            "kind": row.kind,
            "credits": row.amount if row.credit_id == account else -row.amount,
            "key": row.key,
        }
        for row in transfers
    ]
    if as_object:
        print(json.dumps(rows, indent=2))
    for row in () if as_object else rows:
        print(f"{row['at']}  {row['credits']:>+7}  {row['kind']:<8} {row['key']}")
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
