"""A request that is not taken: a code with parameters. Nothing was kept, held or charged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine.spec import InvalidSpec


class Refusal(Exception):
    """Why a request is refused. `retry_after` in seconds, where waiting helps; words are the surfaces' business."""

    def __init__(
        self,
        code: str,
        *,
        field: str | None = None,
        value: Any = None,
        allowed: str | None = None,
        retry_after: int | None = None,
        **params: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.value = value
        self.allowed = allowed
        self.retry_after = retry_after
        self.params = params

    @property
    def told(self) -> dict[str, Any]:
        """All that its sentence is made of besides the code, as it can be kept: JSON."""
        named = {"field": self.field, "value": self.value, "allowed": self.allowed, "retry_after": self.retry_after}
        given = {name: value for name, value in {**self.params, **named}.items() if value is not None}
        told: dict[str, Any] = json.loads(json.dumps(given, default=str))
        return told

    @classmethod
    def of(cls, invalid: InvalidSpec, task: str | None = None) -> Refusal:
        """The first problem of a request that could not be read; people mend one thing at a time.

        `task` says which option is meant where several have one of that name.
        """
        first = invalid.problems[0]
        return cls(
            first.code, field=first.field, value=first.value, allowed=first.allowed, **{"task": task, **first.params}
        )


@contextmanager
def in_words_of(names: Mapping[str, str]) -> Iterator[None]:
    """What is refused names the option as they gave it: `names` are theirs for what ours is called."""
    try:
        yield
    except Refusal as refusal:
        refusal.field = names.get(refusal.field or "", refusal.field)
        raise
