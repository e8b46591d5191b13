"""What the message of a job says at any moment, for every chat alike; a chat only renders it in its own format.

Texts are plain: whoever renders them escapes what its chat would take for formatting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot import analysis
from bot.actions import Action, offered
from bot.ending import why_no_music
from bot.facts import facts
from bot.names import asked_for, name_of, slug, words
from bot.notices import notices
from bot.origin import origin
from bot.replies import cleaned, reply
from bot.waiting import stage, waiting_parts
from engine.spec import Capabilities
from workflows.people import now_ms
from workflows.view import FileView, JobView, TrackView

State = Literal["waiting", "working", "done", "failed", "cancelled", "deleted"]

BAR = 8
LYRIC_LINES = 2
SHOWN_CAPTION = 200


@dataclass(frozen=True)
class CardFile:
    """A file of the message under the name people see. `digest` names its blob."""

    kind: str
    name: str
    digest: str
    size: int


@dataclass(frozen=True)
class Card:
    """`line` says how things stand; `facts` stand below it, `notices` in small print, `lyrics` is their beginning.

    `heard` is what was heard in a piece of audio, a line each.
    `owner` is what the surface calls who asked.
    """

    job: int
    round: int
    state: State
    title: str
    asked: str
    line: str
    facts: tuple[str, ...]
    owner: str | None
    lyrics: str
    notices: tuple[str, ...]
    cover: CardFile | None
    files: tuple[CardFile, ...]
    buttons: tuple[Action, ...]
    heard: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether this is how the message stays."""
        return self.state not in ("waiting", "working")


def card(job: JobView, capabilities: Capabilities, *, file_limit: int, most_files: int, locale: str = "en") -> Card:
    """The message of `job` now. Files are at most `file_limit` bytes each and, with the cover, `most_files`."""
    state = _state(job)
    cover, files, left_out = _files(job, file_limit, most_files) if state == "done" else (None, (), 0)
    return Card(
        job=job.id,
        round=job.round,
        state=state,
        title=f"#{job.id}" if job.withheld else cleaned(name_of(job), 100),
        asked="" if job.withheld else cleaned(asked_for(job), SHOWN_CAPTION),
        line=_line(job, state, locale),
        facts=_facts(job, state, locale),
        owner=job.owner,
        lyrics=_lyrics(job) if state == "done" else "",
        notices=_notices(job, state, left_out, locale),
        cover=cover,
        files=files,
        buttons=offered(job, capabilities),
        heard=analysis.lines(analysis.of(job.analysis), locale) if state == "done" and job.analysis else (),
    )


def _state(job: JobView) -> State:
    if job.deleted:
        return "deleted"
    states: dict[str, State] = {"PENDING": "waiting", "PROCESSING": "working", "COMPLETED": "done", "FAILED": "failed"}
    return states.get(job.status, "cancelled")


def _line(job: JobView, state: State, locale: str) -> str:
    match state:
        case "waiting":
            return " · ".join((*waiting_parts(job, locale), _price(job, locale)))
        case "working":
            left = _seconds_left(job)
            about = None if left is None else reply("line_about", locale, eta_s=left)
            return " · ".join(filter(None, (f"{stage(job, locale)}{_bar(job)}", about)))
        case "done" if job.analysis is not None:
            return " · ".join(analysis.main_facts(analysis.of(job.analysis), locale))
        case "done":
            return " / ".join(_track_line(job, track, locale) for track in job.tracks)
        case _:
            return why_no_music(job, locale) or reply(state, locale)


def _price(job: JobView, locale: str) -> str:
    return reply("line_credits" if job.price else "line_free", locale, credits=job.price)


def _bar(job: JobView) -> str:
    if job.progress is None:
        return ""
    full = round(job.progress * BAR)
    return f" {'▰' * full}{'▱' * (BAR - full)} {job.progress:.0%}"


def _seconds_left(job: JobView) -> float | None:
    """How long the attempt still takes if it goes on like this; nothing before that can be told."""
    if job.progress is None or job.started_at is None or job.progress < 0.1:
        return None
    return (now_ms() - job.started_at) / 1000 * (1 - job.progress) / job.progress


def _track_line(job: JobView, track: TrackView, locale: str) -> str:
    length, *more = facts(job, track, locale)
    genre = (job.plan or {}).get("genre_preset")
    # A genre of nobody's but the caption's, which stands below.
    genre = None if genre == "Custom" else genre
    return length if track.take > 1 else " · ".join(filter(None, (length, *more, genre)))


def _facts(job: JobView, state: State, locale: str) -> tuple[str, ...]:
    told = []
    if state == "done":
        told.append(_price(job, locale))
    if state == "done" and job.tracks:
        told.append(reply("line_seed", locale, seed=", ".join(str(track.seed) for track in job.tracks)))
    return (*told, *filter(None, [origin(job, locale)]), f"#{job.id}")


def _lyrics(job: JobView) -> str:
    known = job.analysis or job.plan or {}
    sung = [line.strip() for line in str(known.get("lyrics") or "").splitlines() if words(line)]
    return "\n".join(cleaned(line, 120) for line in sung[:LYRIC_LINES])


def _notices(job: JobView, state: State, left_out: int, locale: str) -> tuple[str, ...]:
    told = [reply(job.moved, locale)] if job.moved else []
    if state == "done":
        told += notices(job, locale)
        if left_out:
            stems = True if job.task == "stems" else None
            told.append(reply("files_left_out", locale, count=left_out, stems=stems))
    return tuple(told)


def _files(job: JobView, limit: int, most: int) -> tuple[CardFile | None, tuple[CardFile, ...], int]:
    """The cover, the files that fit, and how many that people would expect do not."""
    wanted = [found for track in job.tracks for found in _wanted(job, track)]
    wanted.sort(key=lambda file: file.kind == "lrc")
    fitting = [file for file in wanted if file.size <= limit]
    shown = tuple(fitting[:most])
    image = next((file for track in job.tracks for file in track.files if file.kind == "image"), None)
    cover = _card_file(job.tracks[0], image) if image and image.size <= limit and len(shown) < most else None
    missing = sum(file.kind != "lrc" for file in wanted) - sum(file.kind != "lrc" for file in shown)
    return cover, shown, missing


def _wanted(job: JobView, track: TrackView) -> list[CardFile]:
    """What of a take people want in a chat."""
    return [_card_file(track, file) for file in for_chat(track.files, job.task, str(job.spec.get("format") or "flac"))]


def for_chat(files: Iterable[FileView], task: str, asked: str) -> list[FileView]:
    """What people want of the files of a take: the song (else its stems and notes), another format, timed lyrics.

    FLAC is what everybody gets unless they say otherwise, so it is not what somebody `asked` for. But a sample is there
    to be used, and the silence that MP3 adds would break a loop.
    """
    files = tuple(files)
    kinds = {file.kind for file in files}
    listen, beside = ("audio", ("lrc",)) if "audio" in kinds else ("stem", ("midi", "lrc"))
    as_mp3 = listen == "stem" or (asked == "flac" and task != "text2samples")
    formats = ("mp3",) if as_mp3 else dict.fromkeys(("mp3", asked))
    heard = [file for form in formats for file in files if (file.kind, file.format) == (listen, form)]
    return [*heard, *(file for file in files if file.kind in beside)]


def _card_file(track: TrackView, file: FileView) -> CardFile:
    take = "" if track.take == 1 else f"-{track.take}"
    stem = f"-{file.name}" if file.kind == "stem" else ""
    return CardFile(file.kind, f"{slug(track.title)}{take}{stem}.{file.format}", file.digest, file.size)
