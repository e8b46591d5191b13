"""`minstrel keys`: keys by which programs act for people, made, listed and revoked."""

from __future__ import annotations

import argparse
import asyncio
import json

from bot.compose import House, Settings, open_house
from bot.keys import as_json, new_as_json
from bot.on_terminal.lines import spoken
from bot.replies import cleaned, reply
from workflows import keys
from workflows.keys import SCOPES, NewKey
from workflows.people import now_ms
from workflows.refusal import Refusal

# What each of them takes.
TAKES = {"create": ("user", "label", "scopes", "days"), "list": ("user",), "revoke": ("id",)}
NAMES = {"id": "ID", "user": "--user", "label": "--label", "scopes": "--scopes", "days": "--days"}


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Create, list or revoke."""
    for name, shown in NAMES.items():
        if getattr(args, name) is not None and name not in TAKES[args.action]:
            raise Refusal("not_needed", field=shown, value=getattr(args, name))
    if args.user is not None:
        args.user = args.user.removeprefix("@")
    with open_house(settings) as house:
        act = {"create": _create, "list": _list, "revoke": _revoke}[args.action]
        asyncio.run(act(house, args))
    return 0


async def _create(house: House, args: argparse.Namespace) -> None:
    if args.user is None:
        raise Refusal("missing", field="--user", allowed="the name of a person")
    scopes = SCOPES if args.scopes is None else tuple(each.strip() for each in args.scopes.split(","))
    new = await keys.create(house.db, house.rules, args.user, label=args.label or "", scopes=scopes, days=args.days)
    if args.json:
        print(json.dumps(new_as_json(new), ensure_ascii=False))
        return
    if new.begins is not None:
        # Whoever misspelled a name learns of it here.
        print(reply("key_of_new", name=new.user, credits=new.begins), end="\n\n")
    _show(house, new)


def _show(house: House, new: NewKey) -> None:
    # A server of its own is more than what makes a key needs.
    from bot.on_terminal.serve import PORT

    at = (house.settings.public_url or f"http://127.0.0.1:{PORT}").rstrip("/")
    print(spoken(reply("key_made", name=new.user, scopes=new.scopes, expires_at=new.expires_at)))
    print(f"\n    {new.key}\n")
    print(reply("key_once"))
    print(f'\n    curl -H "X-API-Key: {new.key}" {at}/api/v1/auth/me\n')
    print(reply("key_next", id=new.id, fetch=f"{at}/docs"))


async def _list(house: House, args: argparse.Namespace) -> None:
    found = await keys.listed(house.db, args.user)
    if args.json:
        print(json.dumps([as_json(key) for key in found], ensure_ascii=False, indent=2))
        return
    if not found:
        print(reply("keys_none"))
        return
    for key in found:
        print(f"{key.id}  {key.hint}…  {cleaned(key.user)}{'  ' if key.label else ''}{cleaned(key.label)}")
        over = key.expires_at is not None and key.expires_at <= now_ms()
        told = reply(
            "key_line",
            scopes=key.scopes,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
            expires_at=None if over else key.expires_at,
            ended_at=key.expires_at if over else None,
            revoked_at=key.revoked_at,
        )
        print(f"    {spoken(told)}")


async def _revoke(house: House, args: argparse.Namespace) -> None:
    if args.id is None:
        raise Refusal("missing", field="ID", allowed="the id of a key, as `minstrel keys list` shows it")
    gone = await keys.revoke(house.db, args.id)
    words = reply("key_revoked", hint=gone.hint, name=gone.user, label=gone.label or None)
    print(json.dumps(as_json(gone), ensure_ascii=False) if args.json else words)
