"""Loops and single hits: cut out of longer music, for the model knows no pieces as short as they are."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from engine.acestep import facts, songs
from engine.acestep.kept import Cut
from engine.acestep.latents import RATE
from engine.acestep.player import levelled
from engine.acestep.session import Session
from engine.acestep.takes import handed_over
from engine.acestep.wish import Audio, Text
from engine.hearing.chroma import pitches
from engine.hearing.frames import frames
from engine.hearing.onsets import onsets
from engine.hearing.pulse import pulse as beats_of
from engine.spec import Order, Plan, TrackSink
from engine.spec.sampled import bar_s, is_one_shot
from engine.spec.tasks import Text2Samples
from engine.studio import samples
from engine.studio.compose.brief import Brief
from engine.studio.samples.loop import joined

LOOP, ONE_SHOT = "loop", "one-shot"
# Music is ten seconds long or longer where the model learned it.
SHORTEST_S = 10.0
# What is heard with less confidence is not gone by.
SURE_OF_BEATS, SURE_OF_BARS = 0.35, 0.5
# A hit is where the sound first comes this near to its loudest, and a little before it.
ATTACK, BEFORE_S, STEP_S = 0.1, 0.002, 0.001
# What is cut off at its end fades out over this.
FADE_S = 0.01


def plan(spec: Text2Samples, order: Order, session: Session) -> Plan:
    """What plays, and how many bars at which tempo fill the length that was fixed.

    Raises `EngineError`, permanent: `adapter_unknown`, and as finding a checkpoint does.
    """
    chosen = session.shelf.checkpoint(spec.model_version, "text2music")
    facts.adapter(spec, session)
    made, brief = samples.settled(spec, order, session.ears)
    _, cut = facts.fitted(_text(spec, made, brief), "text2music", chosen)
    vain = samples.idle_in(spec)
    told = [
        *facts.instead(spec, chosen),
        *facts.idle(spec, chosen.checkpoint, facts.sampling(spec, chosen.checkpoint)),
        *made.notices,
        *cut,
    ]
    return made.model_copy(update={"engine": session.name, "notices": tuple(samples.with_idle(told, vain))})


def render(spec: Text2Samples, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render one take for each seed of `plan`. All takes of a loop share tempo, metre and key, so that they stack."""
    chosen = session.shelf.checkpoint(spec.model_version, "text2music")
    _, brief = samples.settled(spec, order, session.ears)
    text, _ = facts.fitted(_text(spec, plan, brief), "text2music", chosen)
    wish = songs.wish_for(spec, plan, text, chosen, session)
    cut = _cut(spec, plan)
    handed_over(wish, plan, chosen, sink, session, finish=partial(finished, cut), cut=cut)


def finished(cut: Cut | None, audio: Audio) -> Audio:
    """What `cut` takes of `audio`, as loud as a new song; all of it where there is no cut."""
    if cut is None:
        return levelled(audio)
    size = round(cut.seconds * RATE)
    if cut.looped:
        return levelled(joined(audio, round(heard_beat(audio, cut.begin) * RATE), size))
    begin = min(first_sound(audio), audio.shape[1] - size)
    hit = audio[:, begin : begin + size].copy()
    fade = min(round(FADE_S * RATE), size)
    hit[:, size - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return levelled(hit)


def heard_beat(audio: Audio, near: float) -> float:
    """The bar line of `audio` that is heard nearest to second `near`, or the beat where bars aren't made out.

    It is `near` itself where no beat is heard, or none within half of `near`.
    """
    spectra = frames(audio)
    pulse = beats_of(spectra, onsets(spectra), pitches(spectra))
    places = pulse.bars if pulse.bar_confidence >= SURE_OF_BARS else pulse.beats
    best = min(places, key=lambda place: abs(place - near), default=near)
    return best if pulse.confidence >= SURE_OF_BEATS and abs(best - near) <= near / 2 else near


def first_sound(audio: Audio) -> int:
    """The sample at which the first sound of `audio` (2, samples) begins."""
    step = round(STEP_S * RATE)
    level = np.abs(audio[:, : audio.shape[1] // step * step]).max(axis=0).reshape(-1, step).max(axis=1)
    loud = np.flatnonzero(level > ATTACK * level.max(initial=0.0))
    return max(0, int(loud[0]) * step - round(BEFORE_S * RATE)) if loud.size else 0


def _cut(spec: Text2Samples, plan: Plan) -> Cut:
    """A loop is cut out of the second bar on: by then the music goes on as it will."""
    if is_one_shot(spec):
        return Cut(0.0, plan.duration, looped=False)
    return Cut(bar_s(plan.timesignature, plan.bpm), plan.duration, looped=True)


def _text(spec: Text2Samples, plan: Plan, brief: Brief) -> Text:
    """What is played is longer than what is cut out of it: by a bar before and a bar after, in which it may end.

    A single hit has no tempo and no metre.
    """
    single = is_one_shot(spec)
    kind = [ONE_SHOT if single else LOOP, songs.INSTRUMENTAL]
    caption = songs.joined([*kind, *songs.genre_words(spec, brief)], spec.caption)
    played = plan.duration + (1.0 if single else 2 * bar_s(plan.timesignature, plan.bpm))
    text = facts.text_of(plan, caption, seconds=max(SHORTEST_S, played))
    return replace(text, bpm=None, timesignature="") if single else text
