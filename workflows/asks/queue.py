"""What people ask of the queue, and those in charge of it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.spec.fields import Choice, Text
from workflows.asks.base import Ask

DOINGS = ("show", "pause", "drain", "resume")


class Queue(Ask):
    """How long the queue is; those in charge pause, drain and resume it."""

    task: Literal["queue"] = "queue"
    main: ClassVar[str | None] = "do"
    example: ClassVar[str] = "/queue"
    changes: ClassVar[bool] = True
    do: Annotated[str, Choice(DOINGS)] = Field(
        "show", description="pause: requests wait; drain: none is taken either; resume: as always"
    )
    why: Annotated[str, Text(0, 200)] = Field(
        "", description="What people are told about it", examples=["new disk, back at eight"]
    )


class Dead(Ask):
    """Songs that failed though another try might help, and those that could be posted nowhere."""

    task: Literal["dead"] = "dead"
    example: ClassVar[str] = "/dead"
    admin: ClassVar[bool] = True


class Requeue(Ask):
    """Try a failed song again, or all that failed in the same way."""

    task: Literal["requeue"] = "requeue"
    main: ClassVar[str | None] = "what"
    example: ClassVar[str] = "/requeue 12"
    form: ClassVar[tuple[str, ...]] = ("what",)
    changes: ClassVar[bool] = True
    admin: ClassVar[bool] = True
    what: Annotated[str, Text(1, 60)] = Field(
        description="The number of a song, or an error of `/dead` for all that have it", examples=["12"]
    )


MODELS: tuple[type[Ask], ...] = (Queue, Dead, Requeue)
