"""Who may see a run, and who may do something to it: as with songs (`workflows.reach`), but proposals are private."""

from __future__ import annotations

from sqlmodel import Session

from storage import runs, users
from storage.tables import Run
from storage.users import TERMINAL
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal


def seen(session: Session, run_id: int, who: Requester, where: ReplyTo) -> Run:
    """The run, if this person may see it from here. Raises `Refusal` as if it did not exist."""
    run = runs.get(session, run_id)
    if run is not None and (owns(session, run, who) or _shown(run, where)):
        return run
    raise Refusal("run_not_found", field="run", value=run_id)


def owned(session: Session, run_id: int, who: Requester, where: ReplyTo) -> Run:
    """The run, if it is this person's. Raises `Refusal`, which names the owner to those who see the run."""
    run = seen(session, run_id, who, where)
    if not owns(session, run, who):
        owner = users.person(session, run.user_id).name
        raise Refusal("not_your_run", field="run", value=run_id, owner=owner)
    return run


def owns(session: Session, run: Run, who: Requester) -> bool:
    """Whether it is this person's, or they are at the terminal."""
    if who.surface == TERMINAL:
        return True
    user = users.known(session, who.surface, who.external_id)
    return user is not None and user.id == users.person(session, run.user_id).id


def _shown(run: Run, where: ReplyTo) -> bool:
    return run.status != "PROPOSED" and (run.surface, run.channel) == (where.surface, where.channel)
