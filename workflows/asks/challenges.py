"""Song challenges: held by those in charge, entered and voted for by everybody."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.spec.fields import AutoWord, Choice, JobId, Range, Text
from workflows.asks.base import Ask
from workflows.asks.times import InZone, PointInTime, Recurring, Reminder, Window

TIES = ("share", "earliest", "nobody")
THEMES = ("fixed", "list", "vote")
ChallengeNumber = Annotated[int | None, Range(1, 2**53, thing="the number of a challenge"), AutoWord()]
EntryNumber = Annotated[
    int | None, Range(1, 10_000, thing="the number of an entry, as the challenge shows it"), AutoWord()
]
SongNumber = Annotated[int | None, Range(1, 2**53, thing="the number of a song"), AutoWord()]
Why = Annotated[str, Text(0, 300)]

_WHICH = "Which challenge; without it, the one of this channel"


class _OfChallenge(Ask):
    """Something about one challenge."""

    challenge: ChallengeNumber = Field(None, description=_WHICH, examples=["3"])


class ChallengeCreate(Ask):
    """Hold a song challenge, once or again and again."""

    task: Literal["challenge create"] = "challenge create"
    main: ClassVar[str | None] = "theme"
    example: ClassVar[str] = '/challenge create theme:"rain" submit:3d vote:2d prize:500'
    form: ClassVar[tuple[str, ...]] = ("theme", "submit", "vote", "prize")
    changes: ClassVar[bool] = True
    posts: ClassVar[bool] = True
    admin: ClassVar[bool] = True
    theme: Annotated[str, Text(1, 2000)] = Field(
        description="The theme; several with ; between them", examples=["rain; the sea; a train at night"]
    )
    submit: Window = Field("3d", description="How long songs can be entered", examples=["3d"])
    vote: Window = Field("2d", description="How long people can vote", examples=["2d"])
    prize: Annotated[str, Text(0, 100)] = Field(
        "0", description="Credits for the winner, or for each place", examples=["500, 200, 100"]
    )
    themes: Annotated[str, Choice(THEMES)] = Field(
        "fixed", description="fixed: the first; list: the next each time; vote: people choose"
    )
    theme_vote: Window = Field("1d", description="How long people can vote for the theme", examples=["1d"])
    each: Annotated[int, Range(1, 10, "songs")] = Field(1, description="Songs that one person may enter")
    anonymous: bool = Field(True, description="Nobody sees whose song is whose until the end")
    review: bool = Field(False, description="Somebody in charge looks at each entry first")
    tie: Annotated[str, Choice(TIES)] = Field("share", description="Who wins where two have as many votes")
    remind: Reminder = Field("6h", description="How long before the end people are reminded; 0: never", examples=["6h"])
    starts: PointInTime = Field("", description="When it begins; without it, now", examples=["friday 18:00"])
    every: Recurring = Field(
        "", description="When one begins, again and again; without it, it is held once", examples=["friday 18:00"]
    )
    zone: InZone = Field("", description="Time zone", examples=["Europe/Berlin"])
    season: Annotated[str, Text(0, 60)] = Field(
        "", description="Whose table it counts for; without it, the year's", examples=["Winter 2026"]
    )


class ChallengeHere(_OfChallenge):
    """Hold a challenge in this channel, too."""

    task: Literal["challenge here"] = "challenge here"
    main: ClassVar[str | None] = "challenge"
    example: ClassVar[str] = "/challenge here 3"
    changes: ClassVar[bool] = True
    posts: ClassVar[bool] = True
    admin: ClassVar[bool] = True


class ChallengeEnter(_OfChallenge):
    """Enter one of your songs."""

    task: Literal["challenge enter"] = "challenge enter"
    main: ClassVar[str | None] = "song_job_id"
    example: ClassVar[str] = "/challenge enter 12"
    changes: ClassVar[bool] = True
    song_job_id: SongNumber = Field(
        None, description="Your song, by its number; without it, you are asked which", examples=["12"]
    )
    take: Annotated[int, Range(1, 16)] = Field(1, description="Which take of it")


class ChallengeWithdraw(_OfChallenge):
    """Take your song out again."""

    task: Literal["challenge withdraw"] = "challenge withdraw"
    main: ClassVar[str | None] = "song_job_id"
    example: ClassVar[str] = "/challenge withdraw 12"
    changes: ClassVar[bool] = True
    song_job_id: SongNumber = Field(
        None, description="Which song; without it, the only one you entered", examples=["12"]
    )


class ChallengeVote(_OfChallenge):
    """Vote for a song, or change your vote."""

    task: Literal["challenge vote"] = "challenge vote"
    main: ClassVar[str | None] = "entry"
    example: ClassVar[str] = "/challenge vote 4"
    changes: ClassVar[bool] = True
    entry: EntryNumber = Field(
        None, description="The number of the entry, or of the theme; without it, you are asked", examples=["4"]
    )


class ChallengeStatus(_OfChallenge):
    """How a challenge stands, and what you can do in it."""

    task: Literal["challenge status"] = "challenge status"
    main: ClassVar[str | None] = "challenge"
    example: ClassVar[str] = "/challenge status"


class ChallengeResults(_OfChallenge):
    """Who won, and the table of the season."""

    task: Literal["challenge results"] = "challenge results"
    main: ClassVar[str | None] = "challenge"
    example: ClassVar[str] = "/challenge results"


class ChallengeReview(_OfChallenge):
    """Entries that wait for a look; with a song, let it be shown."""

    task: Literal["challenge review"] = "challenge review"
    main: ClassVar[str | None] = "song_job_id"
    example: ClassVar[str] = "/challenge review 12"
    changes: ClassVar[bool] = True
    admin: ClassVar[bool] = True
    song_job_id: SongNumber = Field(
        None, description="The song that may be shown; without it, those that wait", examples=["12"]
    )


class ChallengeReject(_OfChallenge):
    """Take somebody's entry out, whether it was shown or not."""

    task: Literal["challenge reject"] = "challenge reject"
    main: ClassVar[str | None] = "song_job_id"
    example: ClassVar[str] = '/challenge reject 12 why:"not about rain"'
    form: ClassVar[tuple[str, ...]] = ("song_job_id", "why")
    changes: ClassVar[bool] = True
    admin: ClassVar[bool] = True
    song_job_id: JobId = Field(description="The song that was entered", examples=["12"])
    why: Why = Field("", description="What whoever entered it is told", examples=["not about rain"])


class ChallengeCancel(_OfChallenge):
    """Call a challenge off, and those that would follow it."""

    task: Literal["challenge cancel"] = "challenge cancel"
    main: ClassVar[str | None] = "challenge"
    example: ClassVar[str] = "/challenge cancel 3"
    changes: ClassVar[bool] = True
    admin: ClassVar[bool] = True
    why: Why = Field("", description="What people are told", examples=["we are moving"])
    following: bool = Field(True, description="And none of those that would follow")


MODELS: tuple[type[Ask], ...] = (
    ChallengeCreate, ChallengeEnter, ChallengeWithdraw, ChallengeVote, ChallengeStatus, ChallengeResults,
    ChallengeHere, ChallengeReview, ChallengeReject, ChallengeCancel,
)  # fmt: skip
