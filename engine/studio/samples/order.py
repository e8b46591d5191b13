"""An order for samples: what is planned, and its takes."""

from __future__ import annotations

import re
from dataclasses import replace

from engine.spec import Notice, Order, Plan, Take, TrackSink
from engine.spec.sampled import is_one_shot, metre_of, tempo_of
from engine.spec.tasks import Text2Samples
from engine.studio import notices
from engine.studio.caption import understand
from engine.studio.compose.brief import Brief
from engine.studio.compose.theory import keyscale
from engine.studio.compose.title import shortened, title_case
from engine.studio.midi import to_midi
from engine.studio.samples import loop, shot
from engine.studio.samples.heard import Heard, falls, sounds_in, unknown, without_refused
from engine.studio.samples.measure import Measure, measure_at, measure_in
from engine.studio.score import Score
from engine.studio.session import Session
from engine.studio.sound.noise import RATE

# Metres for a loop too short for a whole bar of four at a usual tempo.
SHORT_METRES = ("2/4", "3/4")
# Nobody sings.
UNSUNG = ("vocal_language", "generate_lrc")
_KIND = re.compile(
    r"\b(?:seamless|loop(?:s|ed|ing|able)?|one[\s-]?shots?|samples?|"
    r"(?:at\s+)?\d{2,3}\s*(?:bpm|beats per min(?:ute)?)|tempo\s*[:=]?\s*\d{2,3})\b",
    re.IGNORECASE,
)


def plan(spec: Text2Samples, order: Order, session: Session) -> Plan:
    """Decide what plays, and how many bars at which tempo fill the length that was fixed."""
    heard = sounds_in(spec.caption, session.vocabulary)
    made, brief = settled(spec, order, session)
    told = notices.of_request(spec, replace(brief, not_understood=unknown(brief.not_understood, spec.caption, heard)))
    return made.model_copy(update={"notices": tuple(with_idle([*told, *made.notices], idle_in(spec)))})


def settled(spec: Text2Samples, order: Order, session: Session) -> tuple[Plan, Brief]:
    """What every engine decides of a sample, and what it is to be like."""
    heard = sounds_in(spec.caption, session.vocabulary)
    brief = _brief(spec, order.seed, session)
    single = is_one_shot(spec)
    measure = _measure(spec, brief, order.duration)
    bpm = brief.bpm if single else round(measure.bpm, 2)
    metre = brief.timesignature if single else measure.timesignature
    key = keyscale(brief.tonic, brief.minor)
    kind = f"loop, {bpm:g} BPM"
    if single:
        kind = f"one-shot, {key}" if shot.tuned(heard) else "one-shot"
    if metre != brief.timesignature:
        brief = _without_metre(brief)
    told = []
    if not single and spec.duration != -1 and abs(order.duration - spec.duration) > 1e-3:
        told.append(Notice(code="whole_bars", params={"asked": spec.duration, "given": round(order.duration, 3)}))
    made = Plan(
        title=spec.display_name or _title(spec, brief, kind),
        caption=spec.caption,
        instrumental=True,
        duration=order.duration,
        bpm=bpm,
        keyscale=key,
        timesignature=metre,
        genre_preset=brief.style,
        seeds=tuple(order.seed + number for number in range(order.takes)),
        engine=session.name,
        understood=_understood(brief, heard),
        notices=tuple(told),
    )
    return made, brief


def render(spec: Text2Samples, plan: Plan, sink: TrackSink, session: Session) -> None:
    """Render one take for each seed of `plan`. All takes of a loop share tempo, metre and key, so that they stack."""
    heard = sounds_in(spec.caption, session.vocabulary)
    first = _brief(spec, plan.seeds[0], session)
    samples = round(plan.duration * RATE)
    for number, seed in enumerate(plan.seeds):
        brief = replace(_brief(spec, seed, session), bpm=first.bpm, tonic=first.tonic, minor=first.minor)

        def progress(share: float, done: int = number) -> None:
            sink.progress((done + share) / len(plan.seeds))

        if is_one_shot(spec):
            single = shot.rendered(spec.caption, heard, brief, samples, seed, plan.title)
            progress(1.0)
            sink.take(_take(plan, number, single.score, single.audio, {single.score.parts[0].stem: single.audio}))
            continue
        brief = loop.arranged(brief, spec.caption, heard)
        score = loop.composed(brief, _measure(spec, first, plan.duration), heard, samples, seed, plan.title)
        mixed = loop.rendered(score, brief, session.tones, progress)
        if loop.is_fall(heard):
            mixed = loop.fallen(mixed)
        sink.take(_take(plan, number, score, mixed.audio, mixed.stems))


def _take(plan: Plan, number: int, score: Score, audio: loop.Audio, stems: dict[str, loop.Audio]) -> Take:
    return Take(
        index=number + 1,
        seed=plan.seeds[number],
        audio=audio,
        sample_rate=RATE,
        bpm=plan.bpm,
        keyscale=plan.keyscale,
        timesignature=plan.timesignature,
        stems=stems,
        midi=to_midi(loop.cut_off(score)),
    )


def _brief(spec: Text2Samples, seed: int, session: Session) -> Brief:
    return understand(
        without_refused(spec.caption, session.vocabulary),
        genre_preset=spec.genre_preset,
        vocabulary=session.vocabulary,
        bpm=tempo_of(spec),
        keyscale=spec.keyscale,
        timesignature=spec.timesignature,
        instrumental=True,
        seed=seed,
    )


def _measure(spec: Text2Samples, brief: Brief, duration: float) -> Measure:
    tempo = tempo_of(spec)
    if tempo is not None:
        return measure_at(tempo, duration, (brief.timesignature, metre_of(spec)))
    metres = (spec.timesignature,) if spec.timesignature else (brief.timesignature, *SHORT_METRES)
    return measure_in(duration, brief.bpm, metres)


def _without_metre(brief: Brief) -> Brief:
    """`brief` of a loop whose length has no whole bars of the metre that the caption names."""
    understood = dict(brief.understood)
    words = understood.pop("metre", ())
    return replace(brief, understood=understood, not_understood=(*brief.not_understood, *words))


def _title(spec: Text2Samples, brief: Brief, kind: str) -> str:
    name = shortened(re.sub(r"\s+", " ", _KIND.sub(" ", spec.caption)).strip(" ,")) or brief.style
    return f"{title_case(name)} ({kind})"


def _understood(brief: Brief, heard: tuple[Heard, ...]) -> dict[str, tuple[str, ...]]:
    """What the caption said, single drums included."""
    sounds = [each.words if each.wanted else f"no {each.words}" for each in heard]
    others = [words for words in brief.understood.get("instruments", ()) if not any(words in sound for sound in sounds)]
    sounds = [words for words, each in zip(sounds, heard, strict=True) if not (falls(each) and each.extra)]
    if not heard:
        return dict(brief.understood)
    return {**brief.understood, "instruments": tuple(dict.fromkeys((*sounds, *others)))}


def idle_in(spec: Text2Samples) -> list[str]:
    """What somebody set and what changes nothing here, beside what never does."""
    model = type(spec).model_fields
    idle = [name for name in UNSUNG if getattr(spec, name) != model[name].default]
    if is_one_shot(spec):
        idle += [name for name in ("tempo", "bpm", "timesignature") if getattr(spec, name) is not None]
    elif spec.tempo and spec.bpm:
        idle.append("bpm")
    return idle


def with_idle(told: list[Notice], idle: list[str]) -> list[Notice]:
    """`told`, where what has no effect includes `idle`."""
    if not idle:
        return told
    said = [name for notice in told if notice.code == "no_effect" for name in notice.params["fields"]]
    both = list(dict.fromkeys((*said, *idle)))
    return [Notice(code="no_effect", params={"fields": both}), *(each for each in told if each.code != "no_effect")]
