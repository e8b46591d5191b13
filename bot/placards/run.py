"""The one message of a run: its progress while it goes on, then all that came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bot.placard import Placard
from bot.run_files import bundle
from bot.run_table import NAME, table
from bot.run_words import deeds, failures, made_now, standing, title, waits
from workflows.bulletins import Notice
from workflows.runs.view import RunView

if TYPE_CHECKING:
    from workflows.rules import Rules

# Whose channel is a folder: there everything has room.
TERMINAL = "terminal"


def placard(notice: Notice, rules: Rules, locale: str = "en") -> Placard:
    """What the message of the run says now; once it has ended it has the files, and a table of every row."""
    del rules
    run = cast(RunView, notice.about)
    told = failures(run, locale) if run.ended else ()
    return Placard(
        bulletin=notice.id,
        title=f"♪ {title(run)}",
        line=standing(run, locale),
        lines=(*(made_now(run, locale) if run.kind == "recipe" or not run.ended else ()), *told),
        small=waits(run, locale),
        deeds=deeds(run, locale),
        bundle=bundle(run, locale, everything=notice.surface == TERMINAL) if run.ended else None,
        sheet=(NAME, table(run, locale)) if run.ended else None,
        owner=notice.owner,
        ended=run.ended,
    )
