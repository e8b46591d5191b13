"""A song whose words are yet to be written: by a language model or the house's own writer; then it is as any other."""

from __future__ import annotations

from engine.acestep import facts, songs
from engine.acestep.session import Session
from engine.spec import Order, Plan, TrackSink
from engine.spec.tasks import Simple, Sung
from engine.studio import simple
from engine.studio.songs import brief_of


def plan(spec: Simple | Sung, order: Order, session: Session) -> Plan:
    """A song's plan with its words; those that somebody pasted into the sentence are sung.

    Raises `EngineError` as a song does, and `no_writer` (language, known) where nobody here writes in a language.
    """
    ears = session.ears
    song = simple.song_of(spec, order.seed, ears)
    brief = brief_of(song, order.seed, ears)
    if song.lyrics or brief.instrumental:
        return simple.captioned(spec, song, songs.plan(song, order, session))
    wish = simple.wish_of(spec, song, brief, order, ears)
    words = simple.written(wish, session.author, order.seed, lambda lyrics, _: facts.worded(lyrics))
    made = songs.plan(simple.worded(song, words), order, session)
    told = (*made.notices, *words.told)
    return simple.captioned(spec, song, made.model_copy(update={**simple.by(words), "notices": told}))


def render(spec: Simple | Sung, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take of `plan`, which has the words."""
    songs.render(simple.song_of(spec, order.seed, session.ears), plan, sink, session)
