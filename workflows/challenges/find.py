"""Which challenge is meant, and who looks after it.

A challenge is of the house: whoever knows its number may enter and vote from any chat. Without a number it is the one
of the channel, or the only one of the server; in a direct message, the only one there is.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session

from storage import challenges, users
from storage.locks import one_at_a_time
from storage.tables import Challenge
from storage.users import TERMINAL
from workflows.challenges.state import OPEN, Phase, phase
from workflows.people import ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.rules import Rules


def meant(
    session: Session, number: int | None, who: Requester, where: ReplyTo, phases: Collection[Phase], now: int
) -> Challenge:
    """The challenge `number`; without one that of this channel which is in one of `phases`.

    One of this channel that is at something else is better than none: whoever asks is told what it is at. Raises
    `Refusal`, `challenge_which` where several may be meant.
    """
    if number is not None:
        found = challenges.get(session, number)
        if found is None:
            raise Refusal("challenge_not_found", field="challenge", value=number)
        return found
    here = challenges.held_in(session, where.surface, where.channel)
    fitting = [one for one in here if phase(one, now) in phases]
    if not fitting and not any(phase(one, now) in OPEN for one in here):
        fitting = [one for one in _around(session, who) if phase(one, now) in phases]
    if len(fitting) > 1:
        raise Refusal("challenge_which", field="challenge", numbers=[_called(one) for one in fitting])
    fitting = fitting or [one for one in here if phase(one, now) in (*OPEN, "planned")]
    if not fitting:
        raise Refusal("no_challenge", field="challenge")
    return fitting[0]


def locked(
    session: Session, number: int | None, who: Requester, where: ReplyTo, phases: Collection[Phase]
) -> tuple[Challenge, int]:
    """The same for whoever changes something about it, and what time it is: nobody else does so meanwhile.

    To be called before anything is changed. What is accepted before a time is over counts, whatever it waited for.
    """
    found = meant(session, number, who, where, phases, now_ms())
    alone(session, found.id)
    fresh = challenges.get(session, found.id)
    if fresh is None:
        raise Refusal("challenge_not_found", field="challenge", value=found.id)
    return fresh, now_ms()


def alone(session: Session, challenge_id: int) -> None:
    """Until this transaction ends nobody else enters, votes, or counts in this challenge."""
    one_at_a_time(session, f"challenge:{challenge_id}")


def require(challenge: Challenge, now: int, *phases: Phase) -> Phase:
    """What the challenge is at, if that is one of `phases`. Raises a `Refusal` that says what it is at instead."""
    at = phase(challenge, now)
    if at in phases:
        return at
    number, field = challenge.id, "challenge"
    if at == "cancelled":
        raise Refusal("challenge_cancelled", field=field, value=number, why=challenge.cancelled_why)
    if at == "over":
        raise Refusal("challenge_over", field=field, value=number)
    if at == "planned":
        raise Refusal("challenge_planned", field=field, value=number, opens=challenge.opens_at)
    if at == "theme":
        raise Refusal("challenge_theme_first", field=field, value=number, until=challenge.theme_until)
    if at == "enter":
        raise Refusal("challenge_enter_first", field=field, value=number, until=challenge.submit_until)
    raise Refusal("challenge_votes_now", field=field, value=number, until=challenge.vote_until)


def require_charge(session: Session, rules: Rules, challenge: Challenge, who: Requester, name: str) -> None:
    """Raise the `Refusal` of the command `name` for whoever does not look after this challenge.

    Those do who are in charge of a server that it is held on; whoever made it, if they are in charge; and the terminal.
    """
    rules.roles.require_in_charge(who, name)
    held_on = challenges.servers(session, [challenge.id]).get(challenge.id, set())
    user = users.known(session, who.surface, who.external_id)
    made_it = user is not None and users.person(session, challenge.user_id).id == user.id
    if not (who.surface == TERMINAL or made_it or (who.server is not None and who.server in held_on)):
        raise Refusal("challenge_not_found", field="challenge", value=challenge.id)


def latest_tallied(session: Session, who: Requester, where: ReplyTo) -> Challenge | None:
    """The last one of this channel that was counted, else of this server; in a direct message, of the house."""
    here = challenges.held_in(session, where.surface, where.channel)
    found = next((one for one in here if one.tallied_at is not None), None)
    return found or challenges.latest_tallied(session, who.server)


def _called(challenge: Challenge) -> str:
    return str(challenge.id) if challenge.theme is None else f"{challenge.id} ({challenge.theme})"


def _around(session: Session, who: Requester) -> tuple[Challenge, ...]:
    """Those under way that somebody may mean who is in none of their channels."""
    going = challenges.under_way(session)
    if who.server is None:
        return going
    held_on = challenges.servers(session, [one.id for one in going])
    return tuple(one for one in going if who.server in held_on.get(one.id, ()))
