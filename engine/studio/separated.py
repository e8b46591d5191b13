"""Stems of sound whose parts nobody has: by the house's model where it has one, else by estimate, and said so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.separation import approximate, demucs
from engine.separation.names import separates
from engine.spec import EngineError, Notice, Order, Plan, Take, TrackSink
from engine.spec.fields import BACKING
from engine.spec.parts import PARTS, REST, parted
from engine.spec.tasks import ExtractStem, Stems
from engine.studio import notices
from engine.studio.given import Given, given
from engine.studio.heard import heard_facts, transcript_of
from engine.studio.session import Session
from engine.studio.sound.noise import RATE
from engine.studio.stems import inside

Audio = NDArray[np.float32]

ALL = " (stems)"
VOCALS = "vocals"
# How sure an estimate is: read off so many stretches of the song, each so long (seconds).
STRETCHES, STRETCH_S = 3, 10.0
# Decibels that an estimate expects to be right, where it is a guess and where it is as good as they get.
GUESS_DB, GOOD_DB = 1.0, 13.0
# Share of the work that is done when a song is separated; the rest is in the files.
SEPARATED = 0.6


def is_whole(order: Order) -> bool:
    """Whether the parts of what is to be taken apart are not there."""
    if order.source is None:
        return order.recording is not None
    return not any(file.kind == "stem" for file in order.source.files)


def plan(spec: Stems | ExtractStem, order: Order, session: Session) -> Plan:
    """What comes out, by whom, and how good it will be; tempo and key are heard where nobody knows them.

    Raises `EngineError`, permanent: `no_source`, `source_gone`, `no_such_stem` (stem, has), `separation_model`.
    """
    wanted = tuple(_wanted(spec, session.separation))
    source, start = order.source, given(order)
    label = _label(spec, start, wanted, session.separation)
    heard = None if source is not None else heard_facts(transcript_of(start, session, closely=False), start.title)
    if heard is not None:
        sure = {**heard.confidence, **label.params.get("confidence", {})}
        heard = heard.model_copy(update={"confidence": sure})
    facts = source or heard
    if facts is None:
        raise EngineError("no_source", permanent=True)
    part = f" ({spec.track_name.replace('_', ' ')})" if isinstance(spec, ExtractStem) else ALL
    return Plan(
        title=spec.display_name or start.title.removesuffix(ALL) + part,
        caption=source.caption if source is not None else "",
        instrumental=VOCALS not in wanted,
        duration=start.duration,
        bpm=facts.bpm,
        keyscale=facts.keyscale,
        timesignature=facts.timesignature,
        genre_preset=source.genre_preset if source is not None else None,
        seeds=(source.seed if source is not None else order.seed,),
        engine=session.name,
        heard=heard,
        notices=(*notices.of_stems(spec), label),
    )


def render(spec: Stems | ExtractStem, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Separate, and hand over every part, or the one that was asked for as a song of its own.

    Raises as `plan` does.
    """
    wanted = _wanted(spec, session.separation)
    audio = given(order).sound()
    parts = _separate(audio, session.separation, lambda share: sink.progress(SEPARATED * share))
    alone = isinstance(spec, ExtractStem)
    sink.take(
        Take(
            index=1,
            seed=plan.seeds[0],
            audio=inside(_together(parts, *wanted.values())) if alone else audio,
            sample_rate=RATE,
            bpm=plan.bpm,
            keyscale=plan.keyscale,
            timesignature=plan.timesignature,
            stems={} if alone else {name: _together(parts, made_of) for name, made_of in wanted.items()},
        )
    )


def _wanted(spec: Stems | ExtractStem, checkpoint: Path | None) -> dict[str, tuple[str, ...]]:
    """What is asked for by its name, and the parts of the separation that it is made of."""
    has = separates(checkpoint)
    if isinstance(spec, Stems):
        for name in PARTS[spec.parts]:
            _require(name, has)
        return parted(spec.parts, (*has, REST))
    if spec.track_name == BACKING and VOCALS in has:
        return {BACKING: (*(name for name in has if name != VOCALS), REST)}
    _require(spec.track_name, has)
    return {spec.track_name: (spec.track_name,)}


def _require(stem: str, has: tuple[str, ...]) -> None:
    if stem not in has:
        raise EngineError("no_such_stem", permanent=True, stem=stem, has=list(has))


def _together(parts: dict[str, Audio], made_of: tuple[str, ...]) -> Audio:
    """What several parts sound like together; the first one's own buffer is used up."""
    first, *others = made_of
    for name in others:
        parts[first] += parts[name]
    return inside(parts[first]) if others else parts[first]


def _separate(audio: Audio, checkpoint: Path | None, on_progress: Callable[[float], None]) -> dict[str, Audio]:
    if checkpoint is None:
        return approximate.estimate(audio, on_progress)
    return demucs.estimate(audio, checkpoint, on_progress)


def _label(spec: Stems | ExtractStem, start: Given, wanted: tuple[str, ...], checkpoint: Path | None) -> Notice:
    """Who separates: `stems_by_model` (model, stems), or `stems_approximate` (stems, confidence of each, 0 to 1)."""
    names = list(wanted) if isinstance(spec, Stems) else [spec.track_name]
    if checkpoint is not None:
        demucs.check(checkpoint)
        return Notice(code="stems_by_model", params={"model": checkpoint.stem, "stems": names})
    sure = confidence(start.sound())
    # A backing track is as good as the voice that is taken out of it.
    sure[BACKING] = sure[VOCALS]
    return Notice(
        code="stems_approximate",
        params={"stems": names, "confidence": {name: sure[name] for name in names}},
    )


def confidence(audio: Audio) -> dict[str, float]:
    """How good an estimate of each part of `audio` will be, 0 to 1, as told by stretches of it."""
    length = min(audio.shape[1], round(STRETCH_S * RATE))
    starts = np.linspace(0, audio.shape[1] - length, STRETCHES + 2)[1:-1] if length < audio.shape[1] else [0]
    found = [approximate.expected(audio[:, int(start) : int(start) + length]) for start in starts]
    return {
        name: round(float(np.clip((max(each[name] for each in found) - GUESS_DB) / (GOOD_DB - GUESS_DB), 0, 1)), 2)
        for name in found[0]
    }
