"""Somebody's jobs as they keep them: found by what they are, counted, in the order they want them in.

What was thrown away, taken down or put away is none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    ColumnElement,
    ColumnExpressionArgument,
    SQLColumnExpression,
    case,
    cast,
    false,
    or_,
    type_coerce,
)
from sqlmodel import Session, col, func, select, update

from storage.tables import Job, JobMark, JobStatus, Track
from storage.users import everyone

SongType = Literal["rap", "song", "vocals", "instrumental", "samples"]
Order = Literal["created_at", "display_name", "audio_duration", "status"]

# Where people and engines say how something sounds, and what is sung.
SAID = ("caption", "query", "edit_target_prompt")
SUNG = ("lyrics", "edit_target_lyrics")


@dataclass(frozen=True)
class Wanted:
    """Which of them; what is None counts for nothing.

    `search` is looked for in titles, captions and lyrics, `emotion` and `occasion` in captions, `genre` there and among
    the presets; upper and lower case are the same. `language` is a code.
    """

    tasks: tuple[str, ...] | None = None
    statuses: tuple[JobStatus, ...] | None = None
    song_type: SongType | None = None
    liked: bool | None = None
    search: str | None = None
    language: str | None = None
    genre: str | None = None
    emotion: str | None = None
    occasion: str | None = None


def find(
    session: Session, user_id: int, wanted: Wanted, *, by: Order, rising: bool, skip: int, limit: int,
    no_songs: Collection[str],
) -> tuple[tuple[Job, ...], int]:  # fmt: skip
    """Those of a person, under any of their numbers, from `skip` on; and how many there are in all.

    What the tasks `no_songs` make is no song of any type.
    """
    asked = _Asked(session, no_songs)
    where = asked.where(user_id, wanted)
    order = asked.orders[by]
    found = (
        select(Job.id)
        .outerjoin(JobMark, col(JobMark.job_id) == col(Job.id))
        .where(*where)
        .order_by(*((order.asc(), col(Job.id).asc()) if rising else (order.desc(), col(Job.id).desc())))
    )
    page = session.exec(found.offset(skip).limit(limit)).all()
    rows = {job.id: job for job in session.exec(select(Job).where(col(Job.id).in_(page)))} if page else {}
    return tuple(rows[number] for number in page), session.exec(_counting(where, func.count())).one()


def tally(session: Session, user_id: int, *, no_songs: Collection[str]) -> Mapping[str, Mapping[str, int]]:
    """How many jobs of a person there are by "status" and "task", of those that are made by "song_type", "language",
    "genre" (the preset) and "emotion" (moods that were understood, as JSON lists), and how many are "liked".
    """
    asked = _Asked(session, no_songs)
    mine = asked.where(user_id, Wanted())
    songs = [*mine, col(Job.status) == "COMPLETED", col(Job.task).not_in(no_songs)]
    liked: ColumnElement[str] = case((col(JobMark.liked_at).is_not(None), "liked"), else_=None)
    by: dict[str, tuple[SQLColumnExpression[Any], list[ColumnElement[bool]]]] = {
        "status": (col(Job.status), mine),
        "task": (col(Job.task), mine),
        "liked": (liked, mine),
        "song_type": (asked.song_type, songs),
        "language": (asked.language, songs),
        "genre": (asked.genre, songs),
        "emotion": (asked.moods, songs),
    }
    return {name: _grouped(session, column, where) for name, (column, where) in by.items()}


def rename(session: Session, job_id: int, title: str) -> None:
    """Call a job and its takes something else."""
    session.exec(update(Job).where(col(Job.id) == job_id).values(title=title))
    session.exec(update(Track).where(col(Track.job_id) == job_id).values(title=title))


class _Asked:
    """The columns that are looked at, as the database of `session` reads them."""

    def __init__(self, session: Session, no_songs: Collection[str]) -> None:
        # SQLite reads text as JSON by itself, and would make a number of it if it were told to.
        as_json: Callable[[ColumnExpressionArgument[Any], JSON], ColumnElement[Any]] = (
            cast if session.get_bind().dialect.name == "postgresql" else type_coerce
        )
        self._session = session
        self._spec, self._plan = as_json(col(Job.spec), JSON()), as_json(col(Job.plan), JSON())
        # The plan knows better, once there is one.
        instrumental = or_(
            *(func.coalesce(said["instrumental"].as_boolean(), false()) for said in (self._plan, self._spec))
        )
        self.language = func.coalesce(
            func.nullif(self._plan["vocal_language"].as_string(), "unknown"), self._spec["vocal_language"].as_string()
        )
        self.genre = func.coalesce(self._plan["genre_preset"].as_string(), self._spec["genre_preset"].as_string())
        self.moods = self._plan[("understood", "mood")].as_string()
        self.song_type: ColumnElement[str] = case(
            (col(Job.task).in_(no_songs), None),
            (col(Job.task) == "text2samples", "samples"),
            (col(Job.task) == "lyric2vocals", "vocals"),
            (or_(col(Job.task) == "prompt2instrumental", instrumental), "instrumental"),
            (col(Job.task) == "text2rap", "rap"),
            else_="song",
        )
        named = (func.nullif(self._spec[name].as_string(), "") for name in ("display_name", *SAID))
        self.orders: dict[Order, SQLColumnExpression[Any]] = {
            "created_at": col(Job.created_at),
            "display_name": func.lower(func.coalesce(func.nullif(col(Job.title), ""), *named, col(Job.task))),
            "audio_duration": col(Job.duration),
            "status": col(Job.status),
        }

    def where(self, user_id: int, wanted: Wanted) -> list[ColumnElement[bool]]:
        """What is true of those that are wanted, where jobs stand beside their marks."""
        # Mostly there is one number, and then an index has its jobs in order.
        numbers = self._session.exec(everyone(user_id)).all()
        found: list[ColumnElement[bool]] = [
            col(Job.user_id).in_(numbers),
            col(Job.deleted_at).is_(None),
            col(Job.taken_down).is_(None),
            col(JobMark.hidden_at).is_(None),
        ]
        if wanted.tasks is not None:
            found.append(col(Job.task).in_(wanted.tasks))
        if wanted.statuses is not None:
            found.append(col(Job.status).in_(wanted.statuses))
        if wanted.song_type is not None:
            found.append(self.song_type == wanted.song_type)
        if wanted.liked is not None:
            found.append(col(JobMark.liked_at).is_not(None) if wanted.liked else col(JobMark.liked_at).is_(None))
        if wanted.language is not None:
            found.append(self.language == wanted.language)
        if wanted.search is not None:
            found.append(or_(_has(col(Job.title), wanted.search), self._says(wanted.search, (*SAID, *SUNG))))
        if wanted.genre is not None:
            found.append(or_(func.lower(self.genre) == wanted.genre.lower(), self._says(wanted.genre)))
        if wanted.emotion is not None:
            found.append(or_(_has(self.moods, wanted.emotion), self._says(wanted.emotion)))
        if wanted.occasion is not None:
            found.append(self._says(wanted.occasion))
        return found

    def _says(self, text: str, names: Sequence[str] = SAID) -> ColumnElement[bool]:
        """Whether what was asked for, or planned, has `text` under one of `names`."""
        asked = (_has(self._spec[name].as_string(), text) for name in ("display_name", *names))
        return or_(*asked, *(_has(self._plan[name].as_string(), text) for name in ("caption", *SUNG) if name in names))


def _has(column: SQLColumnExpression[Any], text: str) -> ColumnElement[bool]:
    return func.coalesce(func.lower(column).contains(text.lower(), autoescape=True), false())


def _counting(where: Sequence[ColumnElement[bool]], *columns: Any) -> Any:
    return select(*columns).select_from(Job).outerjoin(JobMark, col(JobMark.job_id) == col(Job.id)).where(*where)


def _grouped(
    session: Session, column: SQLColumnExpression[Any], where: Sequence[ColumnElement[bool]]
) -> Mapping[str, int]:
    named: ColumnElement[Any] = column.label("named")
    rows: Any = session.exec(_counting(where, named, func.count()).group_by(named))
    return {str(name): count for name, count in rows if name is not None}
