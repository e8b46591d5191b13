"""What a piece of audio sounds like, in facts: tempo, key, chords, sections, and words for the rest."""

from __future__ import annotations

from engine.spec import Analysis, EngineError, Order, TrackSink
from engine.studio.session import Session


def analyze(order: Order, sink: TrackSink, session: Session) -> Analysis:
    """Not yet."""
    raise EngineError("task_not_available", permanent=True, task="analyze", engine=session.name)
