"""Buttons about what is no song: runs, challenges, entries. What they do is in their ids, so they work after a restart.

The label of a deed is the reply `deed_<name>`; what is asked before one that has `confirm` is `confirm_deed_<name>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.actions import Style

Effect = Literal["changes", "shows", "opens"]


@dataclass(frozen=True)
class Kind:
    """A kind of deed: it `changes` something, `shows` something privately, or `opens` a form."""

    name: str
    effect: Effect
    style: Style = "plain"
    confirm: bool = False


DEEDS = {
    kind.name: kind
    for kind in (
        # Runs, by their number.
        Kind("run_start", "changes", "main"),
        Kind("run_drop", "changes"),
        Kind("run_cancel", "changes", "danger", confirm=True),
        Kind("run_retry", "changes", "main"),
        Kind("run_show", "shows"),
        # Challenges, by their number; `which` is an entry's number on the ballot, a theme, or a song to enter.
        Kind("enter", "shows", "main"),
        Kind("status", "shows"),
        Kind("results", "shows"),
        Kind("ballot", "shows", "main"),
        Kind("vote", "changes", "main"),
        Kind("theme", "changes", "main"),
        Kind("entered", "changes", "main"),
        # Entries, by theirs in the database: only told to whom they concern, for they tell who came first.
        Kind("withdraw", "changes", "danger"),
        Kind("entry_show", "changes", "main"),
        Kind("entry_reject", "opens", "danger"),
        # What runs by itself, by 0.
        Kind("schedules", "shows"),
        # Everything about somebody, by 0.
        Kind("forget_me", "changes", "danger", confirm=True),
    )
}


@dataclass(frozen=True)
class Deed:
    """One button. `on` is the number it acts on; `which` a second one where it takes two (`theme`: a choice; `entered`:
    a take of a job). `label` stands in place of the words of its kind."""

    name: str
    on: int
    which: int = 0
    label: str | None = None

    @property
    def kind(self) -> Kind:
        """What it does."""
        return DEEDS[self.name]
