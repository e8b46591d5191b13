"""What buttons about runs and challenges do, as it is typed at a terminal."""

from __future__ import annotations

from shlex import quote

from bot.deeds import Deed
from bot.replies import cleaned

# What begins with a slash is typed as in a chat. An entry is named by its song, as what stands beside its buttons says.
_TYPED = {
    "run_start": "minstrel runs start {on}", "run_drop": "minstrel runs drop {on}",
    "run_cancel": "minstrel runs cancel {on}", "run_retry": "minstrel runs retry {on}",
    "run_show": "minstrel runs show {on}", "schedules": "/recipe schedules", "forget_me": "minstrel mydata delete NAME",
    "enter": "/challenge enter challenge:{on}", "entered": "/challenge enter {job} take:{take} challenge:{on}",
    "status": "/challenge status {on}", "results": "/challenge results {on}",
    "ballot": "/challenge vote challenge:{on}", "vote": "/challenge vote {which} challenge:{on}",
    "theme": "/challenge vote {next} challenge:{on}",
}  # fmt: skip


def typed(deed: Deed) -> str | None:
    """The command that does it, and what it is about where there are several; None where the text says it all."""
    known = _TYPED.get(deed.name)
    if known is None:
        return None
    job, take = divmod(deed.which, 16)
    command = known.format(on=deed.on, which=deed.which, next=deed.which + 1, job=job, take=take + 1)
    shown = f"minstrel play {quote(command)}" if command.startswith("/") else command
    return f"{shown}  # {cleaned(deed.label)}" if deed.label else shown
