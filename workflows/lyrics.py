"""The words of a finished song with the times at which they are sung: no job, no price."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from sqlmodel import Session

from engine.spec.tasks import Lrc
from storage.database import Database
from workflows import limits, reach, source
from workflows.credits import account_of, welcome
from workflows.people import ReplyTo, Requester, now_ms
from workflows.pricing import STEM_TASKS
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.source import Song

# When a word is sung: for players, not for people.
WORD_TIME = re.compile(r"<\d+:\d{2}(?:\.\d+)?>")
# The line of an LRC file that has the song's title.
TITLE = re.compile(r"^\[ti:.*\]\n?", re.MULTILINE)


@dataclass(frozen=True)
class Lyrics:
    """`lrc` is the text of an LRC file."""

    job: int
    title: str
    lrc: str

    @property
    def read(self) -> str:
        """`lrc` without the times of words."""
        return WORD_TIME.sub("", self.lrc)


async def synchronised(db: Database, rules: Rules, ask: Lrc, who: Requester, where: ReplyTo) -> Lyrics:
    """The lyrics of the take that `ask` names, for somebody who may see it. Raises `Refusal`.

    What is refused counts for nothing; what can be answered counts towards the limit of a minute.
    """

    def read(session: Session) -> Lyrics:
        reach.seen(session, ask.job_id, who, where, field="job_id")
        song = source.resolve(session, ask)
        if song is None or not song.track.lrc:
            raise _missing(song, ask.job_id)
        lrc = song.track.lrc
        if ask.display_name:
            lrc = f"[ti:{' '.join(ask.display_name.split())}]\n{TITLE.sub('', lrc)}"
        return Lyrics(song.job.id, ask.display_name or song.track.title, lrc)

    def count(session: Session) -> None:
        now = now_ms()
        user = welcome(session, rules.pricing, who, now)
        limits.note(session, rules.limits, user_id=user.id, account=account_of(user), task=ask.task, now=now)

    lyrics = await db.aread(read)
    if ask.task in rules.limits.per_minute:
        await db.awrite(count)
    return lyrics


def _missing(song: Song | None, job_id: int) -> Refusal:
    """Why there is nothing to read: nobody sings, a voice does but only as one of the stems of another song, or nobody
    knows when it does.
    """
    plan = json.loads(song.job.plan or "{}") if song is not None else {}
    of = source.named(json.loads(song.job.spec)) if song is not None and song.job.task in STEM_TASKS else None
    if of is not None and not plan.get("instrumental", True):
        return Refusal("no_timed_lyrics", field="job_id", value=job_id, source=of.job)
    if plan.get("lyrics") and not plan.get("instrumental", True):
        return Refusal("lyrics_untimed", field="job_id", value=job_id)
    return Refusal("no_lyrics", field="job_id", value=job_id)
