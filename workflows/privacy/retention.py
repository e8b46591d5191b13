"""How long songs are kept: those that are too old go, and the oldest where there is no room for all.

Their messages stay, and say so. What is entered in a challenge, or needed by what is still to be made, stays.
"""

from __future__ import annotations

from functools import partial

from sqlmodel import Session

from storage import jobs, keeping
from storage.database import Database
from storage.keeping import Aged
from workflows import record, source
from workflows.control import remove_music
from workflows.limits import Retention
from workflows.people import Requester, now_ms

__all__ = ["Aged", "due", "tidy"]

DAY_MS, GB = 86_400_000, 10**9
# What the message of such a song says.
EXPIRED = "song_expired"


async def due(db: Database, kept: Retention) -> tuple[Aged, ...]:
    """What goes now by these rules, the oldest first; reads only."""
    if kept.songs_days is None and kept.most_gb is None:
        return ()
    return await db.aread(lambda session: _due(session, kept, now_ms()))


async def tidy(db: Database, kept: Retention, by: Requester | None = None) -> tuple[Aged, ...]:
    """Let go what is due; returns what went. The files go with the next sweep. `by`: who wants that now."""

    def work(session: Session, number: int) -> bool:
        job = jobs.get(session, number) if keeping.is_free(session, number) else None
        if job is None or not remove_music(session, job, "expired", now_ms()):
            return False
        jobs.expired(session, number, EXPIRED)
        if by is not None:
            record.note(session, by, "tidy", f"job:{number}", now_ms())
        return True

    # Each by itself: nobody waits for all of them.
    return tuple([song for song in await due(db, kept) if await db.awrite(partial(work, number=song.job))])


def _due(session: Session, kept: Retention, now: int) -> tuple[Aged, ...]:
    needed = {given.job for spec in keeping.wanted_later(session) if (given := _named(spec)) is not None}
    # Which input is a song stands in the file of the recipe: any number may be one, and rather too much stays.
    needed |= {given for values in keeping.scheduled(session) for given in values.values() if type(given) is int}
    songs = [song for song in keeping.may_go(session) if song.job not in needed]
    before = None if kept.songs_days is None else now - kept.songs_days * DAY_MS
    over = 0 if kept.most_gb is None else keeping.total(session) - round(kept.most_gb * GB)
    going: list[Aged] = []
    for song in songs:
        if over <= 0 and (before is None or song.finished_at >= before):
            break
        going.append(song)
        over -= song.size
    return tuple(going)


def _named(spec: dict[str, object]) -> source.Named | None:
    """The song of before that a step names; one that the run itself makes is none."""
    plain = {name: value for name, value in spec.items() if not isinstance(value, dict)}
    return source.named(plain)
