"""What the house knows about somebody, for them: to take along, and to have forgotten."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from workflows.asks.base import Ask


class MydataExport(Ask):
    """Everything that is kept about you, songs and all, to take along."""

    task: Literal["mydata export"] = "mydata export"
    example: ClassVar[str] = "/mydata export"


class MydataDelete(Ask):
    """Have everything forgotten that is kept about you, for good."""

    task: Literal["mydata delete"] = "mydata delete"
    main: ClassVar[str | None] = "sure"
    example: ClassVar[str] = "/mydata delete"
    changes: ClassVar[bool] = True
    sure: bool = Field(False, description="You mean it; without it you are asked first")


MODELS: tuple[type[Ask], ...] = (MydataExport, MydataDelete)
