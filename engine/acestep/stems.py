"""Stems: exact where a song keeps them, by the model where it can take them out, else by the house's separation.

The model makes a stem anew by what it hears of it, which never adds up to the song. So all stems of a song, and all of
it but the voices, come from a separation, whose parts do.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.acestep import facts
from engine.acestep.change import handed_over, read, starts_of, text_of
from engine.acestep.session import Session
from engine.acestep.start import opened, readable, sound_of
from engine.acestep.wish import Text, Wish
from engine.separation.names import separates
from engine.spec import Generation, Notice, Order, Plan, TrackSink
from engine.spec.fields import BACKING, VOICES
from engine.spec.tasks import ExtractStem, Stems
from engine.studio import notices, separated, stems
from engine.studio.edits.draft import seeds_of
from engine.studio.given import given
from engine.studio.sound.noise import RATE

# What can be chosen about a stem that the model makes, besides what can be about any.
CHOSEN = notices.OF_STEMS | {
    "model_version", "seed", "inference_steps", "guidance_scale", "shift", "infer_method", "use_adg",
    "cfg_interval_start", "cfg_interval_end",
}  # fmt: skip


def plan(spec: Stems | ExtractStem, order: Order, session: Session, on_progress: Callable[[float], None]) -> Plan:
    """What comes out, and by whom; tempo and key are heard where nobody knows them.

    Raises `EngineError`, permanent: `no_stems`, `no_such_stem` (stem, has), `separation_model`, `no_source`,
    `source_gone`, `source_unreadable`, and as finding a checkpoint does.
    """
    if not separated.is_whole(order):
        return stems.plan(spec, order, session.name)
    track = _by_model(spec, session)
    if track is None:
        # What takes long of it is remembered.
        opened(order, session.ears, on_progress)
        with readable(given(order)):
            return separated.plan(spec, order, session.ears)
    chosen = session.shelf.checkpoint(spec.model_version, "extract")
    start = opened(order, session.ears, on_progress)
    source, sung = start.source, track in VOICES
    others = tuple(name for name in Generation.model_fields if name not in CHOSEN)
    made = Plan(
        title=spec.display_name or f"{start.title.removesuffix(stems.ALL)} ({track.replace('_', ' ')})",
        caption=start.caption,
        instrumental=not sung,
        duration=start.duration,
        bpm=start.bpm,
        keyscale=start.keyscale,
        timesignature=start.timesignature,
        vocal_language=start.language if sung else "unknown",
        genre_preset=source.genre_preset if source is not None else None,
        seeds=seeds_of(order),
        engine=session.name,
        heard=start.heard,
        notices=(
            *facts.instead(spec, chosen),
            *facts.idle(spec, chosen.checkpoint, facts.sampling(spec, chosen.checkpoint), others),
            Notice(code="stems_by_model", params={"model": chosen.checkpoint.name, "stems": [track]}),
        ),
    )
    return read(made, chosen, (_text(made, order), "extract"))


def render(spec: Stems | ExtractStem, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Take the song apart, or hand on what it keeps of itself. Raises as `plan` does."""
    if not separated.is_whole(order):
        stems.render(spec, order, sink)
        return
    track = _by_model(spec, session)
    if track is None:
        with readable(given(order)):
            separated.render(spec, plan, order, sink, session.ears)
        return
    chosen = session.shelf.checkpoint(spec.model_version, "extract")
    sink.progress(0.0)
    song = sound_of(given(order))
    wish = Wish(
        task="extract",
        text=_text(plan, order),
        sampling=facts.sampling(spec, chosen.checkpoint),
        starts=starts_of(plan),
        seconds=song.shape[1] / RATE,
        source=song,
        track=track,
    )
    handed_over(wish, plan, chosen, order, sink, session, finish=lambda _, audio: stems.inside(audio))


def _by_model(spec: Stems | ExtractStem, session: Session) -> str | None:
    """The stem that the model is to take out; None where the song is to be separated.

    Nothing but a base checkpoint finds what the house's separation doesn't, so then its absence is what is wrong.
    """
    if isinstance(spec, Stems) or spec.track_name == BACKING:
        return None
    if session.shelf.has("extract") or spec.track_name not in separates(session.ears.separation):
        return spec.track_name
    return None


def _text(plan: Plan, order: Order) -> Text:
    return text_of(plan, plan.caption, lyrics="" if plan.instrumental else given(order).lyrics)
