"""Who is who on several chats."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.spec.fields import Text
from workflows.asks.base import Ask


class Link(Ask):
    """One account for you on several chats: songs, credits and all."""

    task: Literal["link"] = "link"
    main: ClassVar[str | None] = "code"
    example: ClassVar[str] = "/link"
    changes: ClassVar[bool] = True
    code: Annotated[str, Text(0, 20)] = Field(
        "", description="The code you were given on the other side; leave it out to get one", examples=["K7RM4XQH"]
    )


MODELS: tuple[type[Ask], ...] = (Link,)
