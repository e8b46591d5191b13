"""`minstrel queue`: how the queue stands, pausing and opening it, and what failed in it."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from typing import Any

from bot.compose import House, Settings, is_worked, open_house
from bot.on_terminal.lines import spoken
from bot.queue_words import dead_words, queue_words, requeued_words, turned_words
from bot.replies import reply
from workflows import dead_letters, queue
from workflows.dead_letters import DeadLetter
from workflows.people import OPERATOR
from workflows.refusal import Refusal

MOST_LETTERS = 100


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Status, pause, drain, resume, dead or requeue."""
    with open_house(settings) as house:
        words, as_object = asyncio.run(_do(house, args))
        print(json.dumps(as_object, ensure_ascii=False, indent=2) if args.json else spoken(words))
        return 0


async def _do(house: House, args: argparse.Namespace) -> tuple[str, Any]:
    """What came of it, in words and as plain values. Raises `Refusal`."""
    if args.what is not None and args.action != "requeue":
        raise Refusal("not_needed", field="ID", value=args.what, why=True if args.action in queue.TURNS else None)
    if args.action in queue.TURNS:
        changed, state = await queue.turn(house.db, args.action, OPERATOR, args.why or None)
        return turned_words(changed, state), {"changed": changed, "state": state.state, "why": state.why}
    if args.action == "dead":
        dead = await dead_letters.listed(house.db, MOST_LETTERS)
        return dead_words(dead), [_as_json(letter) for letter in dead.letters]
    if args.action == "requeue":
        if not (args.what or "").strip():
            raise Refusal("missing", field="ID", allowed="a job's number, or an error that `minstrel queue dead` shows")
        done = await dead_letters.requeue_what(house.db, args.what, OPERATOR)
        return requeued_words(done), asdict(done)
    state, worked = await queue.status(house.db), is_worked(house)
    somebody = reply("queue_worked" if worked else "queue_not_worked")
    return f"{queue_words(state, in_charge=True)}\n{somebody}", {**asdict(state), "worked": worked}


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    job = letter.job
    return {
        "job": job.id,
        "task": job.task,
        "title": job.title,
        "owner": job.user,
        "error": letter.error,
        "cause": letter.cause,
        "tries": job.attempt,
        "round": job.round,
        "finished_at": job.finished_at,
    }
