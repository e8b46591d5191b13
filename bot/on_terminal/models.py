"""`minstrel models`: the checkpoints of the GPU engine: which there are, fetching them, and trying them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.compose import Settings, Trouble
from bot.compose import models as house
from bot.compose.models import Finding, Offer, Shown, Stock
from bot.on_terminal.asking import means_it
from bot.on_terminal.cli import DONE, FAILED, INTERRUPTED, REFUSED
from bot.on_terminal.progress import Glance, display
from bot.on_terminal.transfer import sized, transfer
from bot.replies import reply
from engine.spec import EngineError
from workflows.refusal import Refusal

# Columns of what is read by no terminal.
PIPED = 200
MARKS = {True: "✓", False: "✗", None: "·"}
# Parameters that are bytes.
SIZES = frozenset({"size", "need", "free", "host", "card", "card_total"})


def run(settings: Settings, args: argparse.Namespace) -> int:
    """List, fetch or check."""
    match args.action:
        case "fetch":
            return _fetch(settings, args)
        case "check":
            try:
                return _check(settings, args)
            except KeyboardInterrupt:
                print(f"\n{reply('models_check_stopped')}", file=sys.stderr)
                return INTERRUPTED
        case _:
            return _list(settings, args)


def _list(settings: Settings, args: argparse.Namespace) -> int:
    if args.what:
        raise Refusal("models_list_all", field="WHAT", value=args.what[0])
    stock = house.stock(settings)
    if args.json:
        print(json.dumps(_stock_json(stock), ensure_ascii=False, indent=2))
        return DONE
    _print_table(
        ("version", "checkpoint, and what it is for", "state", "size"),
        (
            (each.version, f"{_place(each)}\n{', '.join(each.tasks)}", _state(each), _size(each))
            for each in stock.checkpoints
        ),
    )
    if stock.adapters:
        print()
        _print_table(
            ("adapter", "file", "state", "size"),
            ((each.name, _short(each.folder), _state(each), _size(each)) for each in stock.adapters),
        )
    print()
    # What is not here, or not yet, the table says well enough.
    told = [each for each in (*stock.checkpoints, *stock.adapters) if each.state not in ("missing", "partial")]
    for problem in dict.fromkeys(filter(None, map(_problem, told))):
        print(problem)
    if any(each.fetch for each in stock.checkpoints):
        print(reply("models_folder", folder=_short(stock.folder)))
    waits = stock.choice.engine == "acestep" and not stock.ready
    print(reply(f"models_engine_{'not_ready' if waits else stock.choice.why}", engine=stock.choice.engine))
    return DONE


def _fetch(settings: Settings, args: argparse.Namespace) -> int:
    places = house.to_fetch(settings, args.what, everything=args.all)
    offers = []
    for place in places:
        print(reply("models_fetch_asking", fetch=place.fetch), file=sys.stderr, flush=True)
        with _troubles():
            offers.append(house.offer(place))
        print(_offered(offers[-1]), file=sys.stderr)
    lacking = sum(offer.lacking.size for offer in offers)
    asked = lacking and not args.yes and sys.stdin.isatty()
    if asked and not means_it(reply("models_fetch_confirm", size=sized(lacking))):
        return REFUSED
    fetched = []
    for offer in offers:
        try:
            with _troubles(), transfer(offer.listing.size) as shown:
                found = house.fetch(offer, shown.show)
        except KeyboardInterrupt:
            print(f"\n{reply('models_fetch_stopped', fetch=offer.place.fetch)}", file=sys.stderr)
            return INTERRUPTED
        fetched.append({
            "name": offer.place.fetch, "revision": offer.listing.revision, "folder": str(offer.place.folder),
            "variant": found.variant, "size": offer.listing.size, "fetched": offer.lacking.size,
        })  # fmt: skip
        if not args.json:
            print(reply("models_fetched", fetch=offer.place.fetch, size=sized(offer.listing.size)))
            if not house.is_used(settings, offer.place):
                print(reply("models_fetched_unused", fetch=offer.place.fetch))
    if args.json:
        print(json.dumps({"fetched": fetched}, ensure_ascii=False, indent=2))
    return DONE


def _offered(offer: Offer) -> str:
    """What a fetch brings, and what of it is here."""
    fetch, folder = offer.place.fetch, _short(offer.place.folder)
    if not offer.lacking.files:
        return reply("models_fetch_nothing", fetch=fetch, size=sized(offer.listing.size), folder=folder)
    here = offer.listing.size - offer.lacking.size
    return reply(
        "models_fetch_offer",
        fetch=fetch, folder=folder, size=sized(offer.lacking.size), count=len(offer.lacking.files),
        here=sized(here) if here else None,
    )  # fmt: skip


def _check(settings: Settings, args: argparse.Namespace) -> int:
    told, well = [], True
    for place in house.to_check(settings, args.what):
        found = []
        if not args.json:
            print(f"{place.name}  {_short(place.folder)}")
        with display() as shown:

            def on_progress(stage: str, share: float, name: str = place.name) -> None:
                words = reply(f"models_check_at_{stage}", name=name)
                shown.show(Glance(words, share, words, ended=False))

            for finding in house.tried(place, on_progress):
                found.append(finding)
                if not args.json:
                    print(f"{MARKS[finding.ok]} {finding.name:<10}{_words(finding)}", flush=True)
        ok = all(finding.ok is not False for finding in found)
        well = well and ok
        told.append({"name": place.name, "folder": str(place.folder), "ok": ok, "findings": list(map(_json, found))})
    if args.json:
        print(json.dumps({"ok": well, "checkpoints": told}, ensure_ascii=False, indent=2))
    return DONE if well else FAILED


@contextmanager
def _troubles() -> Iterator[None]:
    """What goes wrong with the hub is a trouble of the house, in words."""
    try:
        yield
    except EngineError as error:
        raise Trouble(error.code, reply(error.code, **_shown(error.params))) from error


def _words(finding: Finding) -> str:
    return reply(finding.code, **_shown(finding.params))


def _shown(params: dict[str, Any]) -> dict[str, Any]:
    return {name: sized(value) if name in SIZES else value for name, value in params.items()}


def _problem(shown: Shown) -> str:
    error = shown.error
    if error is None:
        return ""
    return reply(error.code, **{"fetch": shown.fetch or None, **error.params})


def _state(shown: Shown) -> str:
    return reply(f"models_state_{shown.state}")


def _size(shown: Shown) -> str:
    return sized(shown.size) if shown.size else ""


def _place(shown: Shown) -> str:
    """By what name people know a checkpoint: one of their own is where it lies."""
    return shown.fetch or _short(shown.folder)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _print_table(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in columns:
        # A name that is cut can't be copied.
        table.add_column(column, overflow="fold")
    for row in rows:
        # As text: what a folder is called is no markup.
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else PIPED).print(table)


def _json(finding: Finding) -> dict[str, Any]:
    return {**finding.params, "name": finding.name, "ok": finding.ok, "message": _words(finding)}


def _stock_json(stock: Stock) -> dict[str, Any]:
    def told(each: Shown) -> dict[str, Any]:
        return {
            "name": each.name, "state": each.state, "size": each.size, "folder": str(each.folder),
            "message": _problem(each) or None,
        }  # fmt: skip

    return {
        "engine": {"name": stock.choice.engine, "why": stock.choice.why},
        "checkpoints": [
            {
                "version": each.version, "tasks": list(each.tasks), "variant": each.variant or None,
                "fetch": each.fetch or None, **told(each),
            }
            for each in stock.checkpoints
        ],
        "adapters": [told(each) for each in stock.adapters],
    }  # fmt: skip
