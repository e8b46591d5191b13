"""The words of a finished song with the times at which they are sung: no job, no price."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from engine.spec.tasks import Lrc
from storage.database import Database
from workflows import reach, source
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal


@dataclass(frozen=True)
class Lyrics:
    """`lrc` is the text of an LRC file."""

    job: int
    title: str
    lrc: str


async def synchronised(db: Database, ask: Lrc, who: Requester, where: ReplyTo) -> Lyrics:
    """The lyrics of the take that `ask` names, for somebody who may see it. Raises `Refusal`."""

    def work(session: Session) -> Lyrics:
        reach.seen(session, ask.job_id, who, where)
        song = source.resolve(session, ask)
        if song is None or not song.track.lrc:
            raise Refusal("no_lyrics", field="job_id", value=ask.job_id)
        return Lyrics(song.job.id, ask.display_name or song.track.title, song.track.lrc)

    return await db.aread(work)
