"""What the built-in engine can do, known without loading any of it."""

from __future__ import annotations

from engine.spec.fields import STEMS
from engine.spec.plan import Capabilities

TASKS = (
    "text2music", "prompt2instrumental", "text2rap", "text2samples", "stems", "extract-stem", "retake", "repaint",
    "extend", "edit",
)  # fmt: skip


def capabilities() -> Capabilities:
    """The studio's tasks, limits (seconds, takes), sample rate (Hz), and the stems a song of its may have."""
    return Capabilities(
        name="studio",
        tasks=TASKS,
        max_duration=600.0,
        max_batch=8,
        sample_rate=48_000,
        stems=STEMS,
        languages=("en",),
        from_score=("retake", "repaint", "extend", "edit"),
    )
