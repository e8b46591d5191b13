"""The catalogue of buttons: what can be done with a job from its message, on every surface alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.spec import Capabilities
from workflows.view import JobView

Effect = Literal["makes", "opens", "shows", "changes"]
Style = Literal["plain", "main", "danger"]


@dataclass(frozen=True)
class Action:
    """One button; its label is the reply `button_<name>`.

    It `makes` a job, `opens` a form, `shows` something privately, or `changes` the job. `task` is what the engine must
    be able to do. `owner`: only for the person whose job it is. `confirm`: asked first whether they mean it.
    """

    name: str
    effect: Effect
    style: Style = "plain"
    task: str | None = None
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
        Action("stems", "makes", task="stems"),
        Action("lrc", "shows"),
        Action("delete", "changes", "danger", owner=True, confirm=True),
        # Not on a message: it is for songs that have none.
        Action("post", "changes", "main", owner=True),
    )
}


def offered(job: JobView, capabilities: Capabilities) -> tuple[Action, ...]:
    """The buttons of a job's message as it stands now."""
    return tuple(action for action in _fitting(job) if action.task is None or action.task in capabilities.tasks)


def _fitting(job: JobView) -> Iterator[Action]:
    if job.deleted:
        return
    if not job.ended:
        yield ACTIONS["cancel"]
        return
    if job.status == "FAILED" and not job.error_permanent:
        yield ACTIONS["retry"]
    if job.status != "COMPLETED":
        yield ACTIONS["redo"]
        return
    is_song = any(file.kind == "audio" for track in job.tracks for file in track.files)
    if is_song:
        yield ACTIONS["variations"]
    yield ACTIONS["redo"]
    if is_song:
        yield ACTIONS["extend"]
        if any(file.kind == "stem" for track in job.tracks for file in track.files):
            yield ACTIONS["stems"]
    if any(track.lrc for track in job.tracks):
        yield ACTIONS["lrc"]
    yield ACTIONS["delete"]
