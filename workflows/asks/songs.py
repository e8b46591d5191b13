"""What people want to know of the house and of its songs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.spec.fields import Range, Text
from workflows.asks.base import Ask


class Jobs(Ask):
    """Your latest songs, and how far they are."""

    task: Literal["jobs"] = "jobs"
    main: ClassVar[str | None] = "limit"
    example: ClassVar[str] = "/jobs"
    limit: Annotated[int, Range(1, 20, "songs")] = Field(8, description="How many to show")


class Help(Ask):
    """What you can type here."""

    task: Literal["help"] = "help"
    main: ClassVar[str | None] = "command"
    example: ClassVar[str] = "/help song"
    command: Annotated[str, Text(0, 40)] = Field(
        "", description="A command you want to know more about", examples=["song"]
    )


MODELS = (Jobs, Help)
