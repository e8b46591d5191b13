"""The same song once more: from noise that is partly the old one's and partly new, and all else as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from engine.acestep import facts
from engine.acestep.checkpoint import ModelTask
from engine.acestep.cover import as_long
from engine.acestep.kept import Kept, kept_of
from engine.acestep.latents import RATE
from engine.acestep.samples import finished
from engine.acestep.session import Session
from engine.acestep.shelf import Chosen
from engine.acestep.start import sound_of
from engine.acestep.takes import handed_over
from engine.acestep.wish import Adapter, Sampling, Start, Text, Wish
from engine.spec import EngineError, Notice, Order, Plan, Source, Take, TrackSink
from engine.spec.tasks import Retake
from engine.studio import notices, stems
from engine.studio.edits.draft import seeds_of
from engine.studio.given import given, score_of

# Nothing is made where nothing is to be different.
OF_MAKING = (*facts.SAMPLER, *facts.INTERVAL, *facts.ADAPTER, "model_version", "seed", "retake_seeds")

_DEFAULT = Retake.model_fields["model_version"].default


@dataclass(frozen=True)
class _Parent:
    """What is made again: `source`, how it was made where this engine made it, and by which checkpoint it will be."""

    source: Source
    kept: Kept | None
    chosen: Chosen

    @property
    def anew(self) -> bool:
        """Whether it can be made from noise as it was; else it is what the retake goes by."""
        return self.kept is not None and self.kept.anew


def plan(spec: Retake, order: Order, session: Session, on_progress: Callable[[float], None] = lambda _: None) -> Plan:
    """The parent's facts, and a seed for each take.

    Raises `EngineError`, permanent: `no_source`, `source_gone`, `adapter_unknown`, and as finding a checkpoint does.
    """
    source = _source(order)
    sound_of(given(order))
    on_progress(1.0)
    return Plan(
        title=spec.display_name or source.title,
        caption=source.caption,
        lyrics=source.lyrics,
        lyrics_by=source.lyrics_by,
        lyrics_model=source.lyrics_model,
        instrumental=not facts.worded(source.lyrics),
        duration=order.duration,
        bpm=source.bpm,
        keyscale=source.keyscale,
        timesignature=source.timesignature,
        vocal_language=source.vocal_language,
        genre_preset=source.genre_preset,
        seeds=seeds_of(order, spec.retake_seeds),
        engine=session.name,
        notices=(*_told(spec, source, session), *notices.settled(spec, (*notices.SETTLED, "vocal_language"))),
    )


def render(spec: Retake, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    source = _source(order)
    if spec.retake_variance == 0:
        for take in _same(plan, source, order):
            sink.progress(take.index / len(plan.seeds))
            sink.take(take)
        return
    parent = _parent(spec, source, session)
    cut = parent.kept.cut if parent.kept is not None and parent.anew else None
    wish = _wish(spec, plan, order, parent, session)
    handed_over(wish, plan, parent.chosen, sink, session, finish=partial(finished, cut), cut=cut)


def _wish(spec: Retake, plan: Plan, order: Order, parent: _Parent, session: Session) -> Wish:
    kept = parent.kept
    text, _ = facts.fitted(_text(plan, parent), "text2music" if parent.anew else "cover", parent.chosen)
    wish = Wish(
        task="cover",
        text=text,
        sampling=_sampling(spec, parent),
        starts=tuple(Start(seed) for seed in plan.seeds),
        seconds=plan.duration,
        strength=1 - spec.retake_variance,
        adapter=facts.adapter(spec, session, _adapter(parent, session)),
    )
    if kept is None or not kept.anew:
        return replace(wish, source=as_long(sound_of(given(order)), plan.duration))
    return replace(
        wish,
        task="text2music",
        starts=tuple(Start(seed, kept.start, spec.retake_variance) for seed in plan.seeds),
        seconds=kept.seconds,
        # It has the sound of what it took after, as far as anybody still knows that.
        reference=sound_of(given(order)) if kept.alike else None,
    )


def _sampling(spec: Retake, parent: _Parent) -> Sampling:
    """As the parent was made, where its checkpoint makes it again."""
    kept, checkpoint = parent.kept, parent.chosen.checkpoint
    before = kept.sampling if kept is not None and kept.checkpoint == checkpoint.name else None
    return facts.sampling(spec, checkpoint, before)


def _text(plan: Plan, parent: _Parent) -> Text:
    if parent.kept is not None:
        return parent.kept.text if parent.anew else replace(parent.kept.text, seconds=plan.duration)
    return facts.text_of(plan, plan.caption or (plan.genre_preset or "").lower())


def _parent(spec: Retake, source: Source, session: Session) -> _Parent:
    """`source` with the checkpoint that `spec` names, else the one that made it."""
    kept = kept_of(source)
    asked = spec.model_version
    if kept is not None and asked == _DEFAULT:
        asked = kept.version
    task: ModelTask = "text2music" if kept is not None and kept.anew else "cover"
    return _Parent(source, kept, session.shelf.checkpoint(asked, task))


def _adapter(parent: _Parent, session: Session) -> Adapter | None:
    """The style adapter that the parent was made with, where that is still here."""
    made = parent.kept.adapter if parent.kept is not None else None
    known = {name.casefold() for name in session.shelf.adapters}
    return made if made is not None and made.name.casefold() in known else None


def _told(spec: Retake, source: Source, session: Session) -> Iterator[Notice]:
    if spec.retake_variance == 0:
        yield from notices.idle(spec, (*facts.UNUSED, *OF_MAKING))
        return
    parent = _parent(spec, source, session)
    kept, checkpoint = parent.kept, parent.chosen.checkpoint
    facts.adapter(spec, session, _adapter(parent, session))
    if spec.model_version != _DEFAULT or kept is None:
        yield from facts.instead(spec, parent.chosen)
    yield from facts.idle(spec, checkpoint, _sampling(spec, parent))
    if not parent.anew:
        yield Notice(code="retake_by_ear")
    if spec.lora_name_or_path is None and kept is not None and kept.adapter and _adapter(parent, session) is None:
        yield Notice(code="adapter_gone", params={"name": kept.adapter.name})
    if kept is not None and kept.checkpoint != checkpoint.name:
        yield Notice(code="retake_elsewhere", params={"was": kept.checkpoint, "used": checkpoint.name})


def _same(plan: Plan, source: Source, order: Order) -> Iterator[Take]:
    """The parent itself for each seed, sample for sample."""
    for number, seed in enumerate(plan.seeds):
        yield Take(
            index=number + 1,
            seed=seed,
            audio=sound_of(given(order)),
            sample_rate=RATE,
            bpm=plan.bpm,
            keyscale=plan.keyscale,
            timesignature=plan.timesignature,
            lines=stems.timed_words(source),
            score=score_of(source),
            picture=stems.picture_of(source),
        )


def _source(order: Order) -> Source:
    if order.source is None:
        raise EngineError("no_source", permanent=True)
    return order.source
