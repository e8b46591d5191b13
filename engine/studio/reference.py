"""A new song that sounds as a given one does."""

from __future__ import annotations

from engine.spec import EngineError, Order, Plan, TrackSink
from engine.spec.tasks import Reference
from engine.studio.session import Session


def plan(spec: Reference, order: Order, session: Session) -> Plan:
    """Not yet."""
    raise EngineError("task_not_available", permanent=True, task=spec.task, engine=session.name)


def render(spec: Reference, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Not yet."""
    raise EngineError("task_not_available", permanent=True, task=spec.task, engine=session.name)
