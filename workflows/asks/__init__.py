"""Requests that make no music: one model each, like the specs, by the name they are typed with."""

from __future__ import annotations

from collections.abc import Iterable

from engine.spec import Request
from engine.spec.tasks import Lrc
from workflows.asks import challenges, credits, moderation, people, privacy, queue, runs, songs
from workflows.asks.base import Ask

__all__ = ["ASKS", "Ask", "asks"]

_OURS: tuple[type[Ask], ...] = (
    *songs.MODELS,
    *runs.MODELS,
    *challenges.MODELS,
    *credits.MODELS,
    *people.MODELS,
    *privacy.MODELS,
    *queue.MODELS,
    *moderation.MODELS,
)
# The lyrics of a song are an endpoint of the reference, so their model is one of the specs.
_ALL: tuple[type[Request], ...] = (Lrc, *_OURS)


def asks(models: Iterable[type[Request]]) -> dict[str, type[Request]]:
    """`models` by their tasks."""
    return {model.model_fields["task"].default: model for model in models}


ASKS: dict[str, type[Request]] = asks(_ALL)
