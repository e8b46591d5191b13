"""What people may not write here, what is written otherwise, and what somebody looks at first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.spec import EngineError, Plan, Request
from workflows.refusal import Refusal
from workflows.wordlist import WordList

# What people write themselves; everything else of a request is numbers and choices.
TEXTS = ("caption", "query", "lyrics", "display_name", "edit_target_prompt", "edit_target_lyrics")

Words = tuple[Annotated[str, Field(max_length=200)], ...]


class Moderation(BaseModel):
    """`moderation.toml`. Its words are made ready once, when the file is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    blocked: Words = ()
    replace: dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict
    )
    review: Literal["nobody", "everybody", "newcomers"] = "nobody"
    review_first: Annotated[int, Field(ge=1, le=1000)] = 3
    review_words: Words = ()

    @cached_property
    def _blocked(self) -> WordList:
        return WordList(self.blocked)

    @cached_property
    def _replaced(self) -> WordList:
        return WordList(self.replace)

    @cached_property
    def _reviewed(self) -> WordList:
        return WordList(self.review_words)

    @model_validator(mode="after")
    def _make_ready(self) -> Self:
        for name, words in (("blocked", "_blocked"), ("replace", "_replaced"), ("review_words", "_reviewed")):
            try:
                getattr(self, words)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        return self


def reworded(moderation: Moderation, spec: Request) -> dict[str, str]:
    """The texts of `spec` that had words of the replace list, as they are kept; people see them in their song."""
    exchanged = {
        name: moderation._replaced.exchanged(text, moderation.replace.__getitem__) for name, text in _texts(spec)
    }
    return {name: text for name, text in exchanged.items() if text != getattr(spec, name)}


def check(moderation: Moderation, spec: Request) -> None:
    """Raise a `Refusal` naming the field where one of the blocked words stands as a word of its own."""
    for name, text in _texts(spec):
        check_text(moderation, name, text)


def check_text(moderation: Moderation, field: str, text: str) -> None:
    """The same for one text that somebody else will read."""
    if (word := moderation._blocked.first(text)) is not None:
        raise Refusal("blocked_words", field=field, value=word)


def is_blocked(moderation: Moderation, text: str) -> bool:
    """Whether one of the blocked words stands in `text`, which nobody here wrote."""
    return moderation._blocked.first(text) is not None


def check_plan(moderation: Moderation, plan: Plan) -> None:
    """Raise `EngineError` (`blocked_lyrics`), permanent, where a language model wrote one of the blocked words.

    What people wrote was judged when they asked, and the built-in writer's words are ours.
    """
    if plan.lyrics_by == "model" and moderation._blocked.first(f"{plan.title}\n{plan.lyrics}") is not None:
        raise EngineError("blocked_lyrics", permanent=True, model=plan.lyrics_model)


def is_said(spec: Request) -> bool:
    """Whether somebody wrote anything of it in their own words."""
    return any(True for _ in _texts(spec))


def has_review_words(moderation: Moderation, spec: Request) -> bool:
    """Whether it has a word for which somebody looks at it first."""
    return any(moderation._reviewed.first(text) is not None for _, text in _texts(spec))


def _texts(spec: Request) -> Iterator[tuple[str, str]]:
    return ((name, text) for name in TEXTS if (text := getattr(spec, name, None)))
