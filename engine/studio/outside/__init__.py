"""Edits of sound whose score nobody has: new music on its own bars, and all the rest as it was."""

from __future__ import annotations

from engine.spec import Order, Plan, TrackSink
from engine.spec.tasks import Edit, Extend, Repaint
from engine.studio.outside import edit, extend, repaint
from engine.studio.session import Session


def plan(spec: Repaint | Extend | Edit, order: Order, session: Session) -> Plan:
    """Decide what the song will be. Raises `EngineError`, permanent: see each task."""
    match spec:
        case Repaint():
            return repaint.plan(spec, order, session)
        case Extend():
            return extend.plan(spec, order, session)
        case Edit():
            return edit.plan(spec, order, session)


def render(spec: Repaint | Extend | Edit, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take of `plan`."""
    match spec:
        case Repaint():
            repaint.render(spec, plan, order, sink, session)
        case Extend():
            extend.render(spec, plan, order, sink, session)
        case Edit():
            edit.render(spec, plan, order, sink, session)
