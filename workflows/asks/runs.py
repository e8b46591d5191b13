"""Many songs at once: batches from a file, and recipes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from engine.spec.base import one_source
from engine.spec.fields import Link, Range, Text
from workflows.asks.base import Ask
from workflows.asks.times import InZone, Recurring
from workflows.recipes.recipe import Recipe

Rows = Annotated[str, Text(0, 20_000)]
RunNumber = Annotated[int, Range(1, 2**53, thing="the number of a run, as its message shows it")]


class Batch(Ask):
    """Many songs from one file: a command in each row."""

    task: Literal["batch"] = "batch"
    main: ClassVar[str | None] = "rows_url"
    example: ClassVar[str] = "/batch https://example.com/songs.csv"
    form: ClassVar[tuple[str, ...]] = ("rows_url", "rows")
    changes: ClassVar[bool] = True
    posts: ClassVar[bool] = True
    rows_url: Link = Field(
        None, description="Link to the list: CSV, JSONL or YAML", examples=["https://example.com/songs.csv"]
    )
    rows: Rows = Field("", description="The rows themselves, one in a line", examples=["/song slow blues"])


class Runs(Ask):
    """Your batches and recipes, and how far they are."""

    task: Literal["runs"] = "runs"
    main: ClassVar[str | None] = "limit"
    example: ClassVar[str] = "/runs"
    limit: Annotated[int, Range(1, 20, "runs")] = Field(5, description="How many to show")


class RecipeList(Ask):
    """Recipes: several songs made by one plan."""

    task: Literal["recipe list"] = "recipe list"
    example: ClassVar[str] = "/recipe list"


class RecipeRun(Ask):
    """What the commands of all recipes have in common: `/recipe run NAME`, one model each, made from its inputs.

    `recipe` is the name it has in `config/recipes`, `made_from` is what stands there. Exactly one of the inputs
    `one_of` is given, where it names any.
    """

    changes: ClassVar[bool] = True
    posts: ClassVar[bool] = True
    recipe: ClassVar[str]
    made_from: ClassVar[Recipe]
    one_of: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.one_of:
            one_source(**{name: getattr(self, name) for name in self.one_of})
        return self


class RecipeSchedule(Ask):
    """Run a recipe again and again, at the times you say."""

    task: Literal["recipe schedule"] = "recipe schedule"
    main: ClassVar[str | None] = "name"
    example: ClassVar[str] = '/recipe schedule song-a-day when:"daily 09:00" zone:Europe/Berlin'
    form: ClassVar[tuple[str, ...]] = ("name", "when", "zone", "inputs")
    changes: ClassVar[bool] = True
    name: Annotated[str, Text(1, 40)] = Field(description="The recipe", examples=["song-a-day"])
    when: Recurring = Field(description="On which days, and when", examples=["daily 09:00"])
    zone: InZone = Field("", description="Time zone", examples=["Europe/Berlin"])
    inputs: Annotated[str, Text(0, 2000)] = Field(
        "", description="What the recipe asks for, as name:value", examples=["theme:rain"]
    )


class RecipeSchedules(Ask):
    """What runs by itself, and when next."""

    task: Literal["recipe schedules"] = "recipe schedules"
    example: ClassVar[str] = "/recipe schedules"


class RecipeUnschedule(Ask):
    """Stop what runs by itself."""

    task: Literal["recipe unschedule"] = "recipe unschedule"
    main: ClassVar[str | None] = "number"
    example: ClassVar[str] = "/recipe unschedule 3"
    changes: ClassVar[bool] = True
    number: Annotated[int, Range(1, 2**53, thing="its number in `/recipe schedules`")] = Field(
        description="Its number", examples=["3"]
    )


MODELS: tuple[type[Ask], ...] = (Batch, Runs, RecipeList, RecipeSchedule, RecipeSchedules, RecipeUnschedule)
