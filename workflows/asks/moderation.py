"""What keeps a community decent: reports, reviews, bans, and the record of it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.spec.fields import AutoWord, JobId, Range, Text
from workflows.asks.base import Ask, Somebody

Reason = Annotated[str, Text(1, 300)]


class _AboutSong(Ask):
    """Something about a song by its number."""

    main: ClassVar[str | None] = "job_id"
    changes: ClassVar[bool] = True
    job_id: JobId = Field(description="The song, by its number")


class _WithReason(_AboutSong):
    """Typed as `/report 12 copies a known song`, or with the names of the options."""

    form: ClassVar[tuple[str, ...]] = ("job_id", "why")
    why: Reason = Field(description="Why", examples=["not for children"])


class Report(_WithReason):
    """Tell those in charge about a song that does not belong here."""

    task: Literal["report"] = "report"
    example: ClassVar[str] = '/report 12 why:"copies a known song"'


class Reports(Ask):
    """Songs that people complained about."""

    task: Literal["reports"] = "reports"
    example: ClassVar[str] = "/reports"
    admin: ClassVar[bool] = True


class Takedown(_WithReason):
    """Take a song down: its files go, its post says why."""

    task: Literal["takedown"] = "takedown"
    example: ClassVar[str] = '/takedown 12 why:"copies a known song"'
    admin: ClassVar[bool] = True


class Dismiss(_AboutSong):
    """Close the reports about a song that may stay."""

    task: Literal["dismiss"] = "dismiss"
    example: ClassVar[str] = "/dismiss 12"
    admin: ClassVar[bool] = True


class Review(Ask):
    """Requests that wait until somebody has looked at them."""

    task: Literal["review"] = "review"
    example: ClassVar[str] = "/review"
    admin: ClassVar[bool] = True


class Approve(_AboutSong):
    """Let a request be made that waits for a look."""

    task: Literal["approve"] = "approve"
    example: ClassVar[str] = "/approve 12"
    admin: ClassVar[bool] = True


class Reject(_WithReason):
    """Don't let a request be made that waits for a look."""

    task: Literal["reject"] = "reject"
    example: ClassVar[str] = '/reject 12 why:"not for children"'
    admin: ClassVar[bool] = True


class Ban(Ask):
    """Keep somebody from asking for anything."""

    task: Literal["ban"] = "ban"
    main: ClassVar[str | None] = "who"
    example: ClassVar[str] = '/ban who:@ann hours:24 why:"spam"'
    form: ClassVar[tuple[str, ...]] = ("who", "hours", "why")
    changes: ClassVar[bool] = True
    admin: ClassVar[bool] = True
    who: Somebody = Field(description="Who it is", examples=["@ann"])
    hours: Annotated[int | None, Range(1, 87_600, "hours"), AutoWord()] = Field(
        None, description="For how long; without it, for good", examples=["24"]
    )
    why: Annotated[str, Text(0, 300)] = Field("", description="What they are told", examples=["spam"])


class Unban(Ask):
    """Let somebody in again."""

    task: Literal["unban"] = "unban"
    main: ClassVar[str | None] = "who"
    example: ClassVar[str] = "/unban @ann"
    form: ClassVar[tuple[str, ...]] = ("who",)
    changes: ClassVar[bool] = True
    admin: ClassVar[bool] = True
    who: Somebody = Field(description="Who it is", examples=["@ann"])


class Bans(Ask):
    """Who is kept out, until when and why."""

    task: Literal["bans"] = "bans"
    example: ClassVar[str] = "/bans"
    admin: ClassVar[bool] = True


class Audit(Ask):
    """What those in charge did."""

    task: Literal["audit"] = "audit"
    main: ClassVar[str | None] = "limit"
    example: ClassVar[str] = "/audit"
    admin: ClassVar[bool] = True
    limit: Annotated[int, Range(1, 50, "entries")] = Field(10, description="How many to show")


MODELS: tuple[type[Ask], ...] = (
    Report, Reports, Takedown, Dismiss, Review, Approve, Reject, Ban, Unban, Bans, Audit,
)  # fmt: skip
