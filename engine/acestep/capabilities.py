"""What the GPU engine can do, known without loading any of it."""

from __future__ import annotations

from pathlib import Path

from engine.acestep.shelf import Shelf
from engine.separation.names import separates
from engine.spec.fields import STEMS
from engine.spec.plan import Capabilities
from engine.studio.capabilities import FROM_OUTSIDE, TASKS

# What the model was trained to sing.
SUNG = (
    "ar", "az", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hr", "ht", "hu",
    "id", "is", "it", "ja", "ko", "la", "lt", "ms", "ne", "nl", "no", "pa", "pl", "pt", "ro", "ru", "sa", "sk", "sr",
    "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi", "yue", "zh",
)  # fmt: skip


def capabilities(shelf: Shelf, separation: Path | None = None) -> Capabilities:
    """The tasks and limits (seconds, takes) of the model; `separation` is what separates where no base checkpoint does.

    Raises `EngineError` as `engine.separation.names.separates` does.
    """
    return Capabilities(
        name="acestep",
        tasks=TASKS,
        max_duration=600.0,
        max_batch=8,
        sample_rate=48_000,
        stems=STEMS,
        languages=SUNG,
        from_outside=FROM_OUTSIDE,
        separates=STEMS if shelf.has("extract") else separates(separation),
        quick=("analyze",),
    )
