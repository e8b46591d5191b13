"""What is wrong with a recipe, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.refusal import Refusal


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: the `line` of the file (from 1), and a code with its parameters, all of them text."""

    line: int
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, line: int, refusal: Refusal) -> Fault:
        """A refusal of what stands on a line."""
        named = {"field": refusal.field, "value": refusal.value, "allowed": refusal.allowed}
        return cls(line, refusal.code, {**refusal.params, **named})


class BadRecipe(Exception):
    """A file that is no recipe. `path` is the file as people know it; the faults stand in the order of their lines."""

    def __init__(self, path: str, faults: Iterable[Fault]) -> None:
        self.path = path
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))
        super().__init__(f"{path}: {', '.join(f'line {fault.line}: {fault.code}' for fault in self.faults)}")


class Faults:
    """Collects what is wrong with one file, each thing once."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str, str], Fault] = {}

    def add(self, line: int, code: str, /, **params: Any) -> None:
        """One more."""
        self.note(Fault(line, code, params))

    def note(self, fault: Fault) -> None:
        """One more, unless the same was found before."""
        self._found.setdefault((fault.line, fault.code, str(fault.params.get("field", fault.params))), fault)

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._found.values())
