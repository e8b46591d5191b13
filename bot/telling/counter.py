"""What answering needs, and the shape of what answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.answers import Answer
from bot.commands import Command
from bot.forms import Form
from workflows.incoming import Incoming
from workflows.people import ReplyTo, Requester
from workflows.rules import Rules

if TYPE_CHECKING:
    from storage.database import Database


@dataclass(frozen=True)
class Asked:
    """Who asks, where, and the chat's own id of the request (None where it can't come twice)."""

    who: Requester
    where: ReplyTo
    request: str | None = None


@dataclass(frozen=True)
class Counter:
    """The house as those see it who answer. `nudge` wakes the queue and the outbox after something was kept.

    `incoming` is the door for sound and files from outside, where there is one.
    """

    db: Database
    rules: Rules
    commands: Mapping[str, Command]
    nudge: Callable[[], None]
    incoming: Incoming | None = None


# Does what a button says that is about no song: on which number, and a second one where it takes two (`bot.deeds`).
Doer = Callable[[Counter, Asked, int, int], Awaitable[Answer | Form]]
# Takes the ask itself as `Any`: the registry pairs each model with what answers it.
Teller = Callable[[Counter, Asked, Any], Awaitable[Answer]]
