"""The catalogue of buttons: what can be done with a job from its message, on every surface alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.spec import Capabilities
from workflows.pricing import STEM_TASKS
from workflows.view import JobView, TrackView

Effect = Literal["makes", "opens", "shows", "changes"]
Style = Literal["plain", "main", "danger"]


@dataclass(frozen=True)
class Action:
    """One button; its label is the reply `button_<name>`.

    It `makes` a job, `opens` a form, `shows` something privately, or `changes` the job. `task` is what the engine must
    be able to do, `given` options of it that the button settles. `leads_to`: the buttons that it shows. `owner`: only
    for the person whose job it is. `confirm`: asked first whether they mean it.
    """

    name: str
    effect: Effect
    style: Style = "plain"
    task: str | None = None
    given: tuple[tuple[str, str], ...] = ()
    leads_to: tuple[str, ...] = ()
    owner: bool = False
    confirm: bool = False


ACTIONS = {
    action.name: action
    for action in (
        Action("cancel", "changes", "danger", owner=True),
        Action("retry", "changes", "main", owner=True),
        Action("variations", "makes", "main"),
        Action("redo", "opens"),
        Action("extend", "opens", task="extend"),
        Action("edit", "shows", leads_to=("retake", "repaint", "remix", "words")),
        Action("stems", "makes", task="stems"),
        Action("cover", "opens", task="cover"),
        Action("reference", "opens", task="reference"),
        Action("enter", "changes", owner=True),
        Action("details", "shows"),
        Action("lrc", "shows"),
        Action("delete", "changes", "danger", owner=True, confirm=True),
        # Not on a message: what Edit leads to, and what is for songs that have no message.
        Action("retake", "opens", task="retake"),
        Action("repaint", "opens", task="repaint"),
        Action("remix", "opens", task="edit"),
        Action("words", "opens", task="edit", given=(("edit_type", "only_lyrics"),)),
        Action("post", "changes", "main", owner=True),
    )
}


def offered(job: JobView, capabilities: Capabilities) -> tuple[Action, ...]:
    """The buttons of a job's message as it stands now."""
    return tuple(action for action in _fitting(job) if _works(action, job, capabilities))


def ways_on(action: Action, job: JobView, capabilities: Capabilities) -> tuple[Action, ...]:
    """Those of the buttons that `action` leads to that work for `job`."""
    return tuple(ACTIONS[name] for name in action.leads_to if _works(ACTIONS[name], job, capabilities))


def _works(action: Action, job: JobView, capabilities: Capabilities) -> bool:
    if action.leads_to:
        return bool(ways_on(action, job, capabilities))
    if action.task in capabilities.from_score and not any(_has(track, "score") for track in job.tracks):
        return False
    if action.task == "stems" and not capabilities.separates and not any(_has(track, "stem") for track in job.tracks):
        return False
    return action.task is None or action.task in capabilities.tasks


def _has(track: TrackView, kind: str) -> bool:
    return any(file.kind == kind for file in track.files)


def _fitting(job: JobView) -> Iterator[Action]:
    if job.deleted:
        return
    if not job.ended:
        yield ACTIONS["cancel"]
        return
    if job.status == "FAILED" and not job.error_permanent:
        yield ACTIONS["retry"]
    if job.status != "COMPLETED":
        # Its form would show what nobody let pass to whoever sees the message.
        if not job.withheld:
            yield ACTIONS["redo"]
        return
    if job.task == "analyze":
        yield from (ACTIONS[name] for name in ("details", "cover", "reference", "redo", "delete"))
        return
    is_song = job.task not in STEM_TASKS and any(_has(track, "audio") for track in job.tracks)
    if is_song:
        yield ACTIONS["variations"]
    yield ACTIONS["redo"]
    if is_song:
        yield ACTIONS["extend"]
        yield ACTIONS["edit"]
        yield ACTIONS["stems"]
        yield ACTIONS["cover"]
        yield ACTIONS["reference"]
        if job.challenge is not None:
            yield ACTIONS["enter"]
    if any(track.lrc for track in job.tracks):
        yield ACTIONS["lrc"]
    yield ACTIONS["delete"]
