"""A part of a song made anew; all the rest stays, sample for sample.

The model hears the whole song, not a stretch around the part: it places the words and the form by it. What it was
trained on are parts of 3 to 90 seconds; shorter and longer ones are made all the same.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.acestep import facts
from engine.acestep.change import handed_over, part_of, planned, read, starts_of, text_of, timed
from engine.acestep.lyrics import with_new
from engine.acestep.session import Session
from engine.acestep.splice import made_anew, spliced, window
from engine.acestep.start import opened, sound_of
from engine.acestep.wish import Audio, Text, Wish
from engine.spec import Order, Plan, TrackSink
from engine.spec.tasks import Repaint
from engine.studio.edits.repaint import region
from engine.studio.given import given
from engine.studio.outside.repaint import caption_of
from engine.studio.sound.noise import RATE


def plan(spec: Repaint, order: Order, session: Session, on_progress: Callable[[float], None]) -> Plan:
    """The facts of the song, and what is sung in it afterwards.

    Raises `EngineError`, permanent: `no_source`, `source_gone`, `source_unreadable`, `region_outside` (start, end,
    length), `adapter_unknown`, and as finding a checkpoint does.
    """
    chosen = session.shelf.checkpoint(spec.model_version, "repaint")
    start = opened(order, session.ears, on_progress)
    place = region(spec.repainting_start, spec.repainting_end, start.duration)
    part = part_of(spec.caption, spec.lyrics, spec.vocal_language, start, order, session.ears)
    lyrics = start.lyrics
    if part.words:
        lyrics = with_new(lyrics, part.words, place.start, place.end, start.duration, timed(start))
    made = planned(
        spec, order, start, part, chosen, session, caption=caption_of(order, spec.caption), lyrics=lyrics,
        duration=start.duration,
    )  # fmt: skip
    return read(made, chosen, (_text(spec, made), "repaint"))


def render(spec: Repaint, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    chosen = session.shelf.checkpoint(spec.model_version, "repaint")
    sink.progress(0.0)
    song = sound_of(given(order))
    place = region(spec.repainting_start, spec.repainting_end, song.shape[1] / RATE)
    part = window(place.start, place.end, song.shape[1])
    wish = Wish(
        task="repaint",
        text=_text(spec, plan),
        sampling=facts.sampling(spec, chosen.checkpoint),
        starts=starts_of(plan),
        seconds=song.shape[1] / RATE,
        source=song,
        region=made_anew(part, chosen.checkpoint),
        adapter=facts.adapter(spec, session),
    )

    def finish(_: int, audio: Audio) -> Audio:
        return spliced(song, audio[:, part.start : part.end], part)

    handed_over(wish, plan, chosen, order, sink, session, finish=finish)


def _text(spec: Repaint, plan: Plan) -> Text:
    """The caption is that of the new part alone: the old one says what is to go."""
    return text_of(plan, spec.caption)
