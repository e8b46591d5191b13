"""The same song in another style: tempo, form and key stay."""

from __future__ import annotations

from engine.spec import EngineError, Order, Plan, TrackSink
from engine.spec.tasks import Cover
from engine.studio.session import Session


def plan(spec: Cover, order: Order, session: Session) -> Plan:
    """Not yet."""
    raise EngineError("task_not_available", permanent=True, task=spec.task, engine=session.name)


def render(spec: Cover, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Not yet."""
    raise EngineError("task_not_available", permanent=True, task=spec.task, engine=session.name)
