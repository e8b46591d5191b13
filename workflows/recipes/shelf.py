"""The recipes of a house, read when somebody first asks for one: commands that need none don't wait for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workflows.asks.runs import RecipeRun

if TYPE_CHECKING:
    from workflows.recipes.fault import BadRecipe
    from workflows.rules import Rules


@dataclass(frozen=True)
class File:
    """A recipe's file: its name, where it lies as people know it, and what stands in it, or why nobody can read it."""

    name: str
    path: str
    text: str
    unreadable: str | None = None


def bad_among(recipes: Mapping[str, type[RecipeRun]]) -> tuple[BadRecipe, ...]:
    """The files beside these recipes that are none, and why."""
    return recipes.bad if isinstance(recipes, Shelf) else ()


class Shelf(Mapping[str, type[RecipeRun]]):
    """The request of every recipe by its name. A file that is none is left out, and stands in `bad`.

    `files` gives them, `commands` those that make music (name to task); `rules` judge their steps.
    """

    def __init__(
        self, files: Callable[[], Iterable[File]], commands: Callable[[], Mapping[str, str]], rules: Rules
    ) -> None:
        self._files, self._commands, self._rules = files, commands, rules

    def __getitem__(self, name: str) -> type[RecipeRun]:
        return self._read[0][name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read[0])

    def __len__(self) -> int:
        return len(self._read[0])

    @property
    def bad(self) -> tuple[BadRecipe, ...]:
        """The files that are no recipes, and why."""
        return self._read[1]

    def checked(self, file: File) -> type[RecipeRun]:
        """The request of one recipe, whether it stands here or not. Raises `BadRecipe`."""
        from workflows.recipes.check import check
        from workflows.recipes.fault import BadRecipe, Fault, Faults
        from workflows.recipes.models import model_of
        from workflows.recipes.read import recipe_of

        if file.unreadable is not None:
            raise BadRecipe(file.path, [Fault(1, "recipe_unreadable", {"reason": file.unreadable})])
        recipe = recipe_of(file.name, file.text, file.path, self._commands())
        model, faults = model_of(recipe), Faults()
        check(recipe, model, self._rules, faults)
        if faults:
            raise BadRecipe(file.path, faults)
        return model

    @cached_property
    def _read(self) -> tuple[dict[str, type[RecipeRun]], tuple[BadRecipe, ...]]:
        from workflows.recipes.fault import BadRecipe

        good: dict[str, type[RecipeRun]] = {}
        bad: list[BadRecipe] = []
        for file in self._files():
            try:
                good[file.name] = self.checked(file)
            except BadRecipe as error:
                bad.append(error)
        return good, tuple(bad)
