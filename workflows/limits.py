"""How much one person may ask for, counted in SQL so that it holds across processes."""

from __future__ import annotations

from typing import Annotated, TypedDict

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from storage import asked
from storage.claims import UNLIMITED
from storage.locks import one_at_a_time
from storage.standing import Standing, Window, look
from workflows.people import Requester
from workflows.pricing import STEM_TASKS
from workflows.refusal import Refusal
from workflows.roles import Roles

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
# As what sound from outside is counted.
SOUND = "sound"
# And so are tests of webhooks, of which nobody needs more than so many a minute.
TEST, TESTS = "webhook test", 20
# Jobs that read or take apart a song that is there.
NO_SONGS = (*STEM_TASKS, "analyze", "lrc")

Most = Annotated[int | None, Field(ge=1, le=1_000_000)]

Waits = Annotated[tuple[Annotated[float, Field(ge=0, le=86_400)], ...], Field(min_length=1)]


class AtOnce(TypedDict):
    """How many jobs may run."""

    per_user: int
    per_server: int


class PerServer(BaseModel):
    """What all people of one Discord server or Slack workspace may have together."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    live_jobs: Most = None
    songs_per_day: Most = None


class Fetching(BaseModel):
    """What may be fetched from the links that people give. `mb` are megabytes, `s` seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    # One file; a link that leads to a bigger one is refused before any of it is read.
    most_mb: Annotated[float, Field(gt=0, le=2000)] = 200
    # All of it, redirects included, however the server drags it out.
    most_s: Annotated[float, Field(gt=0, le=3600)] = 60
    # To connect, and between two pieces.
    silent_s: Annotated[float, Field(gt=0, le=600)] = 10
    redirects: Annotated[int, Field(ge=0, le=20)] = 5
    at_once: Annotated[int, Field(ge=1, le=64)] = 4
    # By one person, links and uploads alike: what no job came of lies on the disk for an hour all the same.
    per_hour: Annotated[int, Field(ge=1, le=10_000)] = 60


class RunLimits(BaseModel):
    """How much of batches and recipes there may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    # Songs of one batch or one run of a recipe.
    rows: Annotated[int, Field(ge=1, le=10_000)] = 200
    # Jobs of one run that wait or are made at the same time; the next one is asked for when one of them has ended.
    at_once: Annotated[int, Field(ge=1, le=1000)] = 6
    # Of one person that nobody has started yet; the oldest makes room for a new one.
    proposed: Annotated[int, Field(ge=1, le=1000)] = 20
    # Recipes that one person may have run by themselves.
    schedules: Annotated[int, Field(ge=0, le=1000)] = 5


class Retention(BaseModel):
    """How long songs are kept. Without a number there is no end to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    songs_days: Annotated[int | None, Field(ge=1, le=36_500)] = None
    # Of all files that anything needs; the oldest songs go first.
    most_gb: Annotated[float | None, Field(gt=0, le=1_000_000)] = None
    # Until then a server that removed the bot may think better of it.
    after_removal_days: Annotated[int, Field(ge=0, le=3650)] = 7


class Limits(BaseModel):
    """`limits.toml`. Only accepted requests count."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    per_minute: dict[str, Annotated[int, Field(ge=1, le=10_000)]] = Field(default_factory=dict)
    live_jobs: Annotated[int, Field(ge=1, le=100_000)]
    running_per_user: Annotated[int | None, Field(ge=1, le=10_000)] = None
    running_per_server: Annotated[int | None, Field(ge=1, le=10_000)] = None
    per_server: PerServer = PerServer()
    fetch: Fetching = Fetching()
    runs: RunLimits = RunLimits()
    retention: Retention = Retention()
    attempts: Annotated[int, Field(ge=1, le=20)]
    rescues: Annotated[int, Field(ge=1, le=100)]
    back_off_s: Waits
    back_off: dict[str, Waits] = Field(default_factory=dict)

    @property
    def at_once(self) -> AtOnce:
        """How many jobs of one person, and of one server, may run: as `storage.jobs.claim` takes it."""
        return {
            "per_user": self.running_per_user or UNLIMITED,
            "per_server": self.running_per_server or UNLIMITED,
        }


def check(
    session: Session, limits: Limits, roles: Roles, *, user_id: int, account: str, who: Requester, task: str, now: int
) -> Standing:
    """How somebody stands who asks for `task`, or a `Refusal` that says when to come back: it is one too many.

    To be called before anything of the request is written. Two requests at one moment can't both have the last place.
    """
    minute, day = now - MINUTE_MS, now - DAY_MS
    is_song = task not in NO_SONGS
    most_of_task = limits.per_minute.get(task)
    most_of_day = roles.songs_per_day(who) if is_song else None
    server = limits.per_server if who.server is not None else PerServer()
    most_of_server = server.songs_per_day if is_song else None
    if most_of_day == 0:
        raise Refusal("no_songs_for_role", task=task)
    places = [account]
    if who.server is not None and (server.live_jobs is not None or most_of_server is not None):
        places.append(who.server)
    one_at_a_time(session, *places)
    standing = look(
        session,
        account=account,
        user_id=user_id,
        task=task,
        server=who.server,
        of_task=_window(most_of_task, minute),
        of_person=_window(most_of_day, day),
        of_server=_window(most_of_server, day),
        server_live=server.live_jobs,
        no_songs=NO_SONGS,
    )
    if standing.live >= limits.live_jobs:
        raise Refusal("too_many_jobs", live=standing.live, most=limits.live_jobs)
    if standing.server_full:
        raise Refusal("server_full", most=server.live_jobs)
    if standing.of_task is not None:
        raise Refusal("rate_limited", retry_after=_wait(standing.of_task, MINUTE_MS, now), task=task, most=most_of_task)
    if standing.of_person is not None:
        raise Refusal("songs_of_day", retry_after=_wait(standing.of_person, DAY_MS, now), most=most_of_day)
    if standing.of_server is not None:
        raise Refusal("songs_of_server", retry_after=_wait(standing.of_server, DAY_MS, now), most=most_of_server)
    return standing


def note(session: Session, limits: Limits, *, user_id: int, account: str, task: str, now: int) -> None:
    """Count a request for `task`, which has a limit but becomes no job; or a `Refusal` that says when to come back."""
    most = limits.per_minute[task]
    one_at_a_time(session, account)
    last = asked.last(session, user_id, task, since=now - MINUTE_MS, most=most)
    if last is not None:
        raise Refusal("rate_limited", retry_after=_wait(last, MINUTE_MS, now), task=task, most=most)
    asked.note(session, user_id, task, now)


def note_sound(session: Session, limits: Limits, *, user_id: int, account: str, now: int) -> None:
    """Count sound that somebody brings, whatever becomes of it; or a `Refusal` that says when to come back."""
    one_at_a_time(session, account)
    last = asked.last(session, user_id, SOUND, since=now - HOUR_MS, most=limits.fetch.per_hour)
    if last is not None:
        raise Refusal("rate_limited", retry_after=_wait(last, HOUR_MS, now))
    asked.note(session, user_id, SOUND, now)


def note_test(session: Session, *, user_id: int, account: str, now: int) -> None:
    """Count a test of a webhook: each is a request to a place that may be anybody's. Or a `Refusal` as above."""
    one_at_a_time(session, account)
    last = asked.last(session, user_id, TEST, since=now - MINUTE_MS, most=TESTS)
    if last is not None:
        raise Refusal("rate_limited", retry_after=_wait(last, MINUTE_MS, now))
    asked.note(session, user_id, TEST, now)


def _window(most: int | None, since: int) -> Window | None:
    return None if most is None else Window(since, most)


def _wait(taken: int, window_ms: int, now: int) -> int:
    """Seconds until what was taken at `taken` has left its window."""
    # What was taken while this one waited for its turn seems to be of later than now.
    return min(max(-(-(taken + window_ms - now) // 1000), 1), window_ms // 1000)
