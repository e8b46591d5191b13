"""A song, or a window of it, in another style, or with other words.

Another style is a cover, in the window alone where it is not all of the song. Other words are sung in a window that the
model makes anew between what stays, which shows it the singer and the band. Where hardly anything stays, such a window
would be a new song: then the model follows all of the music closely, and takes its sound from it too.

`edit_n_min` and `edit_n_max` are shares of the song's length, as for the built-in engine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.acestep import cover, facts
from engine.acestep.change import handed_over, part_of, planned, read, starts_of, text_of, timed
from engine.acestep.checkpoint import ModelTask
from engine.acestep.lyrics import with_new
from engine.acestep.player import levelled
from engine.acestep.session import Session
from engine.acestep.splice import made_anew, spliced, window
from engine.acestep.start import opened, sound_of
from engine.acestep.wish import Audio, Text, Wish
from engine.spec import Notice, Order, Plan, TrackSink
from engine.spec.tasks import Edit
from engine.studio import notices
from engine.studio.edits.repaint import region
from engine.studio.edits.splice import Span
from engine.studio.given import given
from engine.studio.outside import piece
from engine.studio.outside.edit import STRENGTH, as_cover, prompt_of
from engine.studio.outside.repaint import caption_of
from engine.studio.sound.noise import RATE

# What a part of a song may last that the model makes anew as it was trained to.
LONGEST_S = 90.0


def plan(spec: Edit, order: Order, session: Session, on_progress: Callable[[float], None]) -> Plan:
    """The facts of the song, or those of its new style, and what is sung in it then.

    Raises `EngineError`, permanent: `no_source`, `source_gone`, `source_unreadable`, `nothing_to_edit`,
    `region_outside` (start, end, length), `adapter_unknown`, and as finding a checkpoint does.
    """
    prompt, length = prompt_of(spec), given(order).duration
    span = _window(spec, length)
    if prompt and _whole(span, length):
        made = cover.plan(as_cover(spec), order, session, on_progress)
        # An edit keeps the song's title and its length.
        told = (*made.notices, *notices.settled(spec, ("duration",)))
        return made.model_copy(update={"title": spec.display_name or given(order).title or made.title, "notices": told})
    task = _task(spec, span, length)
    chosen = session.shelf.checkpoint(spec.model_version, task)
    start = opened(order, session.ears, on_progress)
    part = part_of(prompt, spec.edit_target_lyrics, spec.vocal_language, start, order, session.ears)
    lyrics = part.words if part.words and _whole(span, length) else start.lyrics
    if part.words and lyrics is start.lyrics:
        lyrics = with_new(lyrics, part.words, span.start, span.end, length, timed(start))
    made = planned(
        spec, order, start, part, chosen, session, caption=caption_of(order, prompt or start.caption), lyrics=lyrics,
        duration=length, idle=() if prompt else ("edit_target_prompt",),
    )  # fmt: skip
    if not prompt:
        made = made.model_copy(update={"notices": (*made.notices, Notice(code="played_along"))})
    return read(made, chosen, (_text(spec, made), task))


def render(spec: Edit, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    prompt, length = prompt_of(spec), given(order).duration
    span = _window(spec, length)
    if prompt and _whole(span, length):
        cover.render(as_cover(spec), plan, order, sink, session)
        return
    task = _task(spec, span, length)
    chosen = session.shelf.checkpoint(spec.model_version, task)
    sink.progress(0.0)
    song = sound_of(given(order))
    part = window(span.start, span.end if span.end < length else song.shape[1] / RATE, song.shape[1])
    follows = task == "cover"
    wish = Wish(
        task=task,
        text=_text(spec, plan),
        sampling=facts.sampling(spec, chosen.checkpoint),
        starts=starts_of(plan),
        seconds=song.shape[1] / RATE,
        source=song,
        reference=song if follows and not prompt else None,
        strength=STRENGTH if prompt else 1.0,
        region=None if follows else made_anew(part, chosen.checkpoint),
        adapter=facts.adapter(spec, session),
    )

    def finish(_: int, audio: Audio) -> Audio:
        if not follows:
            return spliced(song, audio[:, part.start : part.end], part)
        # Nothing tells a cover how loud its source is: it gets the level of a song, and then that of its place.
        new = np.ascontiguousarray(levelled(audio)[:, part.start : part.end])
        if not part.whole:
            piece.levelled(new, song, part.start / RATE)
        return spliced(song, new, part, alike=False)

    handed_over(wish, plan, chosen, order, sink, session, finish=finish)


def _window(spec: Edit, length: float) -> Span:
    return region(spec.edit_n_min * length, spec.edit_n_max * length, length)


def _whole(span: Span, length: float) -> bool:
    return span.start == 0 and span.end >= length


def _task(spec: Edit, span: Span, length: float) -> ModelTask:
    if prompt_of(spec) or _whole(span, length) or span.end - span.start > LONGEST_S:
        return "cover"
    return "repaint"


def _text(spec: Edit, plan: Plan) -> Text:
    """New words are sung to the song's own caption."""
    return text_of(plan, prompt_of(spec) or plan.caption)
