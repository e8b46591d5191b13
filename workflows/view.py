"""A job as surfaces show it: one frozen value with its tracks and the blobs that hold their files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from storage import challenges, jobs, marks, outbox, recordings, tracks, users
from storage.tables import Blob, Job, JobMark, Track, TrackFile
from storage.users import TERMINAL
from workflows import eta
from workflows.people import Requester, now_ms
from workflows.queue import Pause, pause
from workflows.refusal import Refusal


@dataclass(frozen=True)
class FileView:
    """A file of a track; `digest` names its blob: the SHA-256 of its bytes, and its format."""

    kind: str
    name: str
    format: str
    digest: str
    size: int


@dataclass(frozen=True)
class TrackView:
    """A finished take."""

    id: str
    take: int
    title: str
    seed: int
    duration: float
    sample_rate: int
    channels: int
    bpm: float
    keyscale: str
    timesignature: str
    quality_score: float | None
    lrc: str | None
    files: tuple[FileView, ...]


@dataclass(frozen=True)
class RecordingView:
    """Sound from outside that a job started from; `title` and `artist` are what it calls itself, "" where nothing."""

    title: str
    artist: str
    duration: float


@dataclass(frozen=True)
class JobView:
    """A job. `position`, `eta_s` and `pause` only while it waits; times in milliseconds since the epoch.

    `user` is the name of who asked and `owner` what the job's surface calls them. `post` is the status message;
    `moved` is the code of why it went to the owner's own messages; `unposted`: it could be posted nowhere.
    `deleted`: its tracks were thrown away, by its owner or, where `taken_down` says why, by somebody in charge.
    `parked`: somebody in charge is to look at it first, and has not let it pass. `analysis` is an `Analysis` as JSON.
    `challenge` is the one of its channel that songs can be entered in, where it is looked up by itself.
    `liked`, `hidden` and `thumbnail_url` are what its owner did to it in their collection.
    """

    id: int
    parent_id: int | None
    user_id: int
    user: str
    owner: str | None
    surface: str
    channel: str
    message: str | None
    post: str | None
    moved: str | None
    unposted: bool
    task: str
    title: str | None
    status: str
    stage: str | None
    progress: float | None
    price: int
    round: int
    attempt: int
    duration: float
    takes: int
    spec: dict[str, Any]
    plan: dict[str, Any] | None
    error_code: str | None
    error_params: dict[str, Any]
    error_permanent: bool
    created_at: int
    started_at: int | None
    finished_at: int | None
    deleted: bool
    position: int | None
    eta_s: float | None
    tracks: tuple[TrackView, ...]
    pause: Pause | None = None
    parked: bool = False
    taken_down: str | None = None
    recording: RecordingView | None = None
    analysis: dict[str, Any] | None = None
    challenge: int | None = None
    liked: bool = False
    hidden: bool = False
    thumbnail_url: str | None = None

    @property
    def ended(self) -> bool:
        """Whether it will change no more by itself."""
        return self.status in ("COMPLETED", "FAILED", "CANCELLED")

    @property
    def folder(self) -> str | None:
        """The folder that somebody named for its files on the terminal."""
        return self.channel if self.surface == TERMINAL and self.channel else None

    @property
    def review(self) -> bool:
        """Whether somebody in charge looks at it before it gets a place in the queue."""
        return awaits_look(self)

    @property
    def vanished(self) -> bool:
        """Whether it is deleted without a word: its message goes, too. Any other one says why there is no music."""
        return self.deleted and self.taken_down is None and not self.expired

    @property
    def gone(self) -> bool:
        """Whether its owner threw it away: for them there is no such job any more."""
        return self.hidden or self.vanished

    @property
    def expired(self) -> bool:
        """Whether the house kept its music for as long as it keeps any."""
        return self.deleted and self.status == "COMPLETED" and self.error_code is not None

    @property
    def withheld(self) -> bool:
        """Whether its words are not for everybody: nobody let them pass, or they may be what was wrong with it."""
        return self.parked or self.taken_down is not None


def awaits_look(job: Job | JobView) -> bool:
    """Whether somebody in charge looks at it before it gets a place in the queue."""
    return job.parked and job.status == "PENDING"


def look(session: Session, job_id: int) -> JobView:
    """The job `job_id`. Raises `Refusal` where there is none."""
    job = jobs.get(session, job_id)
    if job is None:
        raise Refusal("job_not_found", field="job", value=job_id)
    return of(session, job)


def of(session: Session, job: Job) -> JobView:
    """This job."""
    return replace(of_several(session, [job])[0], challenge=_challenge(session, job))


def recent(session: Session, limit: int, who: Requester | None = None) -> list[JobView]:
    """The latest jobs of one person or, without `who`, of everybody; newest first."""
    if who is None:
        return list(of_several(session, jobs.recent(session, None, limit)))
    user = users.known(session, who.surface, who.external_id)
    return [] if user is None else list(of_several(session, jobs.recent(session, user.id, limit)))


def of_several(session: Session, rows: Sequence[Job]) -> tuple[JobView, ...]:
    """These jobs, in their order."""
    numbers = [job.id for job in rows]
    taken, marked = tracks.of_jobs(session, numbers), marks.of_jobs(session, numbers)
    unposted = outbox.given_up_of(session, numbers)
    owners = {
        (user_id, surface): (users.person(session, user_id).name, users.external_id(session, user_id, surface))
        for user_id, surface in {(job.user_id, job.surface) for job in rows}
    }
    return tuple(
        _view(
            session,
            job,
            owners[job.user_id, job.surface],
            marked.get(job.id) or JobMark(job_id=job.id),
            tuple(_track(track, files) for track, files in taken.get(job.id, ())),
            unposted=job.id in unposted,
        )
        for job in rows
    )


def _challenge(session: Session, job: Job) -> int | None:
    if job.status != "COMPLETED" or job.deleted_at is not None:
        return None
    return challenges.taking_songs(session, job.surface, job.channel, now_ms())


def _recording(session: Session, job: Job) -> RecordingView | None:
    row = None if job.recording_id is None else recordings.get(session, job.recording_id)
    return None if row is None else RecordingView(row.title, row.artist, row.duration)


def _view(
    session: Session, job: Job, owner: tuple[str, str | None], mark: JobMark, takes: tuple[TrackView, ...], *,
    unposted: bool,
) -> JobView:  # fmt: skip
    waits = job.status == "PENDING" and not job.parked
    stopped = pause(session) if waits else None
    return JobView(
        id=job.id,
        parent_id=job.parent_id,
        user_id=job.user_id,
        user=owner[0],
        owner=owner[1],
        surface=job.surface,
        channel=job.channel,
        message=job.message,
        post=job.post,
        moved=job.moved,
        unposted=unposted,
        task=job.task,
        title=job.title,
        status=job.status,
        stage=job.stage,
        progress=job.progress,
        price=job.price,
        round=job.round,
        attempt=job.attempt,
        duration=job.duration,
        takes=job.takes,
        spec=json.loads(job.spec),
        plan=json.loads(job.plan) if job.plan else None,
        error_code=job.error_code,
        error_params=job.error_params or {},
        error_permanent=bool(job.error_permanent),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        deleted=job.deleted_at is not None,
        position=jobs.position(session, job.id) if waits else None,
        eta_s=eta.seconds(session, job) if waits and not stopped else None,
        pause=stopped,
        parked=job.parked,
        taken_down=job.taken_down,
        recording=_recording(session, job),
        analysis=json.loads(job.analysis) if job.analysis and job.deleted_at is None else None,
        liked=mark.liked_at is not None,
        hidden=mark.hidden_at is not None,
        thumbnail_url=mark.thumbnail_url,
        tracks=takes,
    )


def _track(track: Track, files: Iterable[tuple[TrackFile, Blob]]) -> TrackView:
    return TrackView(
        id=track.id,
        take=track.take,
        title=track.title,
        seed=track.seed,
        duration=track.duration,
        sample_rate=track.sample_rate,
        channels=track.channels,
        bpm=track.bpm,
        keyscale=track.keyscale,
        timesignature=track.timesignature,
        quality_score=track.quality_score,
        lrc=track.lrc,
        files=tuple(FileView(file.kind, file.name, file.format, file.digest, blob.size) for file, blob in files),
    )
