"""A new song with the sound of a given one: the model hears its timbre, and nothing of its tune or its words."""

from __future__ import annotations

from collections.abc import Callable

from engine.acestep import songs
from engine.acestep.session import Session
from engine.acestep.start import sound_of
from engine.spec import Order, Plan, TrackSink
from engine.spec.tasks import Reference
from engine.studio.given import given
from engine.studio.reference import song_of


def plan(
    spec: Reference, order: Order, session: Session, on_progress: Callable[[float], None] = lambda _: None
) -> Plan:
    """A new song's plan. Raises `EngineError` as a song does, and `no_source`, `source_gone`, `source_unreadable`."""
    sound_of(given(order))
    on_progress(1.0)
    return songs.plan(song_of(spec, order.seed, session.ears), order, session)


def render(spec: Reference, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    song = song_of(spec, order.seed, session.ears)
    songs.render(song, plan, sink, session, reference=sound_of(given(order)))
