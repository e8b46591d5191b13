"""Edits of sound whose score nobody has."""

from __future__ import annotations

from engine.spec import EngineError, Order, Plan, TrackSink
from engine.spec.tasks import Edit, Extend, Repaint
from engine.studio.session import Session


def plan(spec: Repaint | Extend | Edit, order: Order, session: Session) -> Plan:
    """Not yet."""
    raise EngineError("task_not_available", permanent=True, task=spec.task, engine=session.name)


def render(spec: Repaint | Extend | Edit, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Not yet."""
    raise EngineError("task_not_available", permanent=True, task=spec.task, engine=session.name)


def is_outside(order: Order) -> bool:
    """Whether what is to be edited has no score."""
    if order.source is None:
        return order.recording is not None
    return not any(file.kind == "score" for file in order.source.files)
