"""The request of a recipe: a model made from its inputs, so that every surface has typed options, forms and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from engine.spec.fields import Choice, JobId, Range, Text
from workflows.asks.runs import RecipeRun
from workflows.recipes.recipe import Input, Recipe

# How long a text may be, and a line of several, where the recipe doesn't say.
TEXT, LINE = 2000, 200
# How many lines, and how many of anything.
LINES, MOST = 20, 200
# What a form can hold.
IN_FORM = 4
SAMPLES = {"text": "slow blues", "lines": "slow blues\nfast punk", "song": "12"}


@dataclass(frozen=True)
class Lines(Text):
    """Several texts, one in a line or with `;` between them; kept with one in a line."""

    least: int = 1
    most: int = LINES
    width: int = LINE

    def check(self, value: str | None) -> str | None:
        if value is None:
            return None
        parted = value if "\n" in value.strip() else value.replace(";", "\n")
        one = Text(0, self.width)
        try:
            lines = [line for given in parted.splitlines() if (line := one.check(given))]
        except PydanticCustomError:
            raise PydanticCustomError("wrong_length", "must be {allowed}", {"allowed": self.words()}) from None
        if not self.least <= len(lines) <= self.most and (lines or self.low):
            raise PydanticCustomError("wrong_length", "must be {allowed}", {"allowed": self.words()})
        return "\n".join(lines)

    def words(self) -> str:
        return (
            f"{self.least} to {self.most} lines, or texts with ; between them, each of at most {self.width} characters"
        )


def model_of(recipe: Recipe) -> type[RecipeRun]:
    """The request for `recipe`: its task is what people type."""
    task = f"recipe run {recipe.name}"
    fields = {given.name: _field(given) for given in recipe.inputs}
    names = [given.name for given in sorted(recipe.inputs, key=lambda given: not _asked_first(recipe, given))]
    namespace: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": recipe.description,
        "__annotations__": {"task": Literal[task], **{name: kind for name, (kind, _) in fields.items()}},
        "task": task,
        **{name: info for name, (_, info) in fields.items()},
        "main": next(iter(names), None),
        "form": tuple(names[:IN_FORM]),
        "example": _example(recipe, task),
        "recipe": recipe.name,
        "made_from": recipe,
        "one_of": recipe.one_of,
    }
    metaclass: Any = type(RecipeRun)
    made: type[RecipeRun] = metaclass(f"Run{recipe.name.title().replace('-', '')}", (RecipeRun,), namespace)
    return made


def lines_of(value: object) -> tuple[str, ...]:
    """The lines of an input that has several."""
    return tuple(str(value).splitlines()) if value else ()


def sample_of(given: Input) -> str:
    """A value that people may type for an input."""
    if given.example is not None or given.default is not None:
        return given.example or given.default or ""
    if given.kind == "choice":
        return given.choices[0] if given.choices else ""
    if given.kind in ("whole", "number", "seconds"):
        low, _ = reach_of(given)
        return f"{low:g}"
    return SAMPLES.get(given.kind, "true")


def reach_of(given: Input) -> tuple[float, float]:
    """The range of a number, the length of a text, or how many lines."""
    low, high = {
        "text": (1 if given.required else 0, TEXT),
        "lines": (1, LINES),
        "seconds": (5, 600),
        "whole": (1, MOST),
    }.get(given.kind, (0, 1))
    return given.low if given.low is not None else low, given.high if given.high is not None else high


def sampled(recipe: Recipe, *, chosen: str | None = None) -> Mapping[str, str]:
    """What has to be given and nothing else; of what one has to be chosen from, `chosen` or the first."""
    needed = [given for given in recipe.inputs if given.required or given.name == (chosen or _first(recipe))]
    return {given.name: sample_of(given) for given in needed}


def _first(recipe: Recipe) -> str | None:
    return next(iter(recipe.one_of), None)


def _asked_first(recipe: Recipe, given: Input) -> bool:
    return given.required or given.name in recipe.one_of


def _field(given: Input) -> tuple[Any, FieldInfo]:
    low, high = reach_of(given)
    kind: Any
    match given.kind:
        case "text":
            kind = Annotated[str, Text(int(low), int(high))]
        case "lines":
            width = given.width or LINE
            longest = int(high) * (width + 1)
            kind = Annotated[str, Lines(1 if given.required else 0, longest, int(low), int(high), width)]
        case "whole":
            kind = Annotated[int, Range(low, high)]
        case "number":
            kind = Annotated[float, Range(low, high)]
        case "seconds":
            kind = Annotated[float, Range(low, high, "seconds")]
        case "flag":
            kind = bool
        case "choice":
            kind = Annotated[str, Choice(given.choices)]
        case "song":
            kind = JobId
    told: dict[str, Any] = {"description": given.help, "examples": [sample_of(given)]}
    if given.required:
        return kind, Field(**told)
    if given.default is not None:
        return kind, Field(_typed(given, given.default), **told)
    nothing = {"text": "", "lines": "", "flag": False}.get(given.kind)
    return (_or_none(kind) if nothing is None else kind), Field(nothing, **told)


def _or_none(kind: Any) -> Any:
    """The same, or nothing; what it allows stays at the field itself, where those look who say it in words."""
    base, *marks = get_args(kind)
    return Annotated[(base | None, *marks)]


def _typed(given: Input, default: str) -> object:
    """A default as its own type; one that is none is left as it is, and told of when the recipe is checked."""
    if given.kind == "flag":
        return default.casefold() in ("true", "yes")
    try:
        return {"whole": int, "song": int, "number": float, "seconds": float}.get(given.kind, str)(default)
    except ValueError:
        return default


def _example(recipe: Recipe, task: str) -> str:
    typed = (f"{name}:{_quoted(value)}" for name, value in sampled(recipe).items())
    return " ".join([f"/{task}", *typed])


def _quoted(value: str) -> str:
    inside = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return inside if inside.isalnum() else f'"{inside}"'
