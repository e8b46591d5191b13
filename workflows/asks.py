"""Requests that make no music: what people want to know of the house and its songs. One model each, like the specs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.spec import Request
from engine.spec.fields import Range, Text
from engine.spec.tasks import Lrc


class Jobs(Request):
    """Your latest songs, and how far they are."""

    task: Literal["jobs"] = "jobs"
    main: ClassVar[str | None] = "limit"
    limit: Annotated[int, Range(1, 20, "songs")] = Field(8, description="How many to show")


class Credits(Request):
    """What you have left, and where it went."""

    task: Literal["credits"] = "credits"


class Help(Request):
    """What you can type here."""

    task: Literal["help"] = "help"
    main: ClassVar[str | None] = "command"
    command: Annotated[str, Text(0, 40)] = Field("", description="A command you want to know more about")


ASKS: dict[str, type[Request]] = {model.model_fields["task"].default: model for model in (Lrc, Jobs, Credits, Help)}
