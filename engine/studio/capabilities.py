"""What the built-in engine can do, known without loading any of it."""

from __future__ import annotations

from engine.spec.fields import STEMS
from engine.spec.plan import Capabilities
from engine.studio.voice.languages import SUNG

TASKS = (
    "text2music", "prompt2instrumental", "text2rap", "lyric2vocals", "text2samples", "simple", "cover", "reference",
    "analyze", "stems", "extract-stem", "retake", "repaint", "extend", "edit",
)  # fmt: skip
FROM_OUTSIDE = ("cover", "reference", "analyze", "stems", "extract-stem", "repaint", "extend", "edit")


def capabilities() -> Capabilities:
    """The studio's tasks, limits (seconds, takes), sample rate (Hz), and the stems a song of its may have."""
    return Capabilities(
        name="studio",
        tasks=TASKS,
        max_duration=600.0,
        max_batch=8,
        sample_rate=48_000,
        stems=STEMS,
        languages=SUNG,
        from_score=("retake",),
        from_outside=FROM_OUTSIDE,
        separates=("vocals", "drums", "bass"),
        quick=("analyze",),
    )
