"""Batches and recipes at a terminal: begun, followed to their end and printed; and `minstrel runs` for all of them."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from bot import compose
from bot.on_terminal.asking import means_it
from bot.on_terminal.cli import DONE, FAILED, REFUSED
from bot.on_terminal.following import follow, require_worked
from bot.on_terminal.lines import spoken
from bot.on_terminal.progress import of_run
from bot.on_terminal.run_report import listed, run_json, run_lines
from bot.on_terminal.session import require_writable
from bot.replies import reply
from bot.telling.runs import offer_lines, problem_lines
from workflows import outbox_state
from workflows.people import OPERATOR, ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.runs import life, view
from workflows.runs.plan import Proposal
from workflows.runs.view import RunView


def run(settings: compose.Settings, args: argparse.Namespace) -> int:
    """List runs, show one, or do what its buttons do."""
    with compose.open_house(settings) as house:
        return asyncio.run(_runs(house, args))


async def carried_out(
    house: compose.House, args: argparse.Namespace, who: Requester, where: ReplyTo, proposal: Proposal
) -> int:
    """Say what `proposal` would make, ask, begin it, and follow it to its end; returns the exit code.

    Of `args` it takes `out`, `yes`, `no_wait` and `json`. Raises `Refusal`.
    """
    if proposal.problems:
        print(*problem_lines(proposal.problems, most=len(proposal.problems)), sep="\n", file=sys.stderr)
    if not proposal.steps:
        raise Refusal("batch_all_bad")
    if args.out is not None:
        require_writable(args.out)
    if not args.no_wait:
        # Said before anything is kept.
        require_worked(house)
    if not args.yes and not _wanted(proposal):
        return REFUSED
    begun = await life.propose_and_start(house.db, house.rules, who, where, proposal)
    if args.no_wait:
        _print_kept(house, begun, as_object=args.json)
        return DONE
    return await _followed(house, begun.id, as_object=args.json)


def _wanted(proposal: Proposal) -> bool:
    """Whether it is meant: asked at a terminal. A script need not say so where all rows are in order."""
    count, bad = len(proposal.steps), len(proposal.problems)
    if sys.stdin.isatty():
        whole = Proposal(proposal.kind, proposal.name, proposal.steps, proposal.inputs)
        print(*map(spoken, offer_lines(whole)), sep="\n", file=sys.stderr)
        return means_it(reply("batch_confirm", count=count, credits=proposal.price, bad=bad or None))
    if bad:
        raise Refusal("batch_needs_yes", bad=bad)
    return True


async def _runs(house: compose.House, args: argparse.Namespace) -> int:
    if args.action == "list":
        if args.limit < 1:
            raise Refusal("bad_value", field="--limit", value=args.limit, allowed="1 or more")
        return _list(house, await view.recent(house.db, None, args.limit), as_object=args.json)
    if args.id is None:
        raise Refusal("missing", field="ID", allowed="the number of a run, as `minstrel runs list` shows it")
    if args.wait:
        # Said before anything is begun.
        require_worked(house)
    here = ReplyTo(OPERATOR.surface)
    match args.action:
        case "start":
            await life.start(house.db, house.rules, args.id, OPERATOR, here)
        case "drop":
            await life.drop(house.db, args.id, OPERATOR, here)
            print(reply("run_dropped"))
            return DONE
        case "cancel":
            if not args.yes and not means_it(reply("confirm_deed_run_cancel")):
                return REFUSED
            await life.cancel(house.db, args.id, OPERATOR, here)
            await compose.deliver(house)
        case "retry":
            await life.retry(house.db, house.rules, args.id, OPERATOR, here)
    if args.wait:
        return await _followed(house, args.id, as_object=args.json)
    shown = await view.show(house.db, args.id, OPERATOR, here)
    _print(house, shown, as_object=args.json)
    if shown.status == "RUNNING" and not compose.is_worked(house):
        print(reply("nobody_works"), file=sys.stderr)
    return DONE


async def _followed(house: compose.House, run_id: int, *, as_object: bool) -> int:
    here = ReplyTo(OPERATOR.surface)
    try:
        ended = await follow(
            house,
            lambda: view.show(house.db, run_id, OPERATOR, here),
            of_run,
            settled=lambda: outbox_state.run_settled(house.db, run_id),
            call_off=lambda: life.cancel(house.db, run_id, OPERATOR, here),
        )
    finally:
        await house.incoming.close()
    _print(house, ended, as_object=as_object)
    return DONE if ended.count("DONE") == len(ended.steps) else FAILED


def _print(house: compose.House, run: RunView, *, as_object: bool) -> None:
    if as_object:
        print(json.dumps(run_json(run, house.songs), ensure_ascii=False, indent=2))
        return
    print(*map(spoken, run_lines(run, house.songs)), sep="\n")


def _print_kept(house: compose.House, run: RunView, *, as_object: bool) -> None:
    if as_object:
        print(json.dumps(run_json(run, house.songs), ensure_ascii=False, indent=2))
    else:
        print(reply("run_kept", run=run.id, count=len(run.steps), credits=run.price))
        print(reply("run_follow", run=run.id))
    if not compose.is_worked(house):
        print(reply("nobody_works"), file=sys.stderr)


def _list(house: compose.House, found: tuple[RunView, ...], *, as_object: bool) -> int:
    if as_object:
        print(json.dumps([run_json(run, house.songs) for run in found], ensure_ascii=False, indent=2))
    else:
        print(*listed(found), sep="\n")
    return DONE
