"""A recipe as the catalogue sees it: a request of its own, made from what it asks for."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.spec.fields import Choice, JobId, Range, Text
from workflows.asks.runs import RecipeRun


class Serenade(RecipeRun):
    """A song sung again, for an evening outdoors."""

    task: Literal["recipe run serenade"] = "recipe run serenade"
    recipe: ClassVar[str] = "serenade"
    main: ClassVar[str | None] = "song"
    example: ClassVar[str] = "/recipe run serenade 12 mood:gentle"
    form: ClassVar[tuple[str, ...]] = ("song", "mood")
    song: JobId = Field(description="The song, by its number", examples=["12"])
    mood: Annotated[str, Choice(("gentle", "bold"))] = Field("gentle", description="How it is sung")
    verses: Annotated[int, Range(1, 4, "verses")] = Field(2, description="How many verses")
    to: Annotated[str, Text(0, 80)] = Field("", description="Whom it is for", examples=["Ann Lee"])
    steps: Annotated[str, Text(0, 300)] = Field("", description="What to dance", examples=["one, two\none, two, three"])
