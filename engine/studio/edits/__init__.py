"""Edits of songs made here: everything outside what was asked for stays as it was, sample for sample."""

from __future__ import annotations

from engine.spec import Order, Plan, TrackSink
from engine.spec.tasks import Edit, Extend, Repaint, Retake
from engine.studio.edits import edit, extend, repaint, retake
from engine.studio.session import Session

Change = Retake | Repaint | Extend | Edit


def plan(spec: Change, order: Order, session: Session) -> Plan:
    """Decide what the song will be. Raises `EngineError`, permanent: see each task."""
    match spec:
        case Retake():
            return retake.plan(spec, order, session)
        case Repaint():
            return repaint.plan(spec, order, session)
        case Extend():
            return extend.plan(spec, order, session)
        case Edit():
            return edit.plan(spec, order, session)


def render(spec: Change, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take of `plan`."""
    match spec:
        case Retake():
            retake.render(spec, plan, order, sink, session)
        case Repaint():
            repaint.render(spec, plan, order, sink, session)
        case Extend():
            extend.render(spec, plan, order, sink, session)
        case Edit():
            edit.render(spec, plan, order, sink, session)
