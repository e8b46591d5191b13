"""A window of a recording in another style, or with other words where somebody sings.

`edit_n_min` and `edit_n_max` are shares of its length, as for songs whose score is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from engine.audio.loudness import SILENCE_LUFS, integrated_lufs
from engine.separation.approximate import estimate
from engine.spec import EngineError, Generation, Notice, Order, Plan, TrackSink
from engine.spec.protocol import LineTime
from engine.spec.tasks import Cover, Edit
from engine.studio import cover, notices
from engine.studio.compose.brief import Brief
from engine.studio.cover.version import Version
from engine.studio.edits import level
from engine.studio.edits.draft import seeds_of, understood, words_in
from engine.studio.edits.repaint import region
from engine.studio.edits.splice import Span, cross, later
from engine.studio.outside import seams
from engine.studio.outside.ground import Ground, ground_of
from engine.studio.outside.piece import Audio, laid_out
from engine.studio.outside.repaint import anew, bars_of, caption_of, language_of, placed
from engine.studio.outside.told import handed_over, planned
from engine.studio.score import LyricLine
from engine.studio.session import Session
from engine.studio.sound import curve
from engine.studio.sound.mix import mix
from engine.studio.sound.noise import RATE

REMIX_USES = ("bpm", "timesignature", "keyscale", "chords", "melody")
WORDS_USE = ("bpm", "melody")
# How much of the window a remix keeps.
STRENGTH = 0.8
# A voice lies so far under the music at most, and stands out of it by so much at most.
SOFTEST_LU, LOUDEST_LU = 9.0, 1.0
# What an estimate hears beside the window to tell the voice from the rest, and how its edges are faded.
CONTEXT_S, FADE_S = 4.0, 0.15
SEPARATED = 0.4


def plan(spec: Edit, order: Order, session: Session) -> Plan:
    """What was made out, and the words that are sung in the window.

    Raises `EngineError`, permanent: `no_source`, `source_gone`, `nothing_to_edit`, `region_outside` (start, end,
    length), `lyrics_unreadable`, `nothing_to_sing`.
    """
    seeds = seeds_of(order)
    prompt = prompt_of(spec)
    ground = ground_of(order, session, seeds[0], tune=True)
    span = _window(spec, ground)
    if prompt and _whole(span, ground):
        return _of_edit(cover.plan(as_cover(spec), order, session), spec, ground)
    part, idle = _part(spec, ground, session, seeds[0])
    told = notices.of_edit(spec, part if prompt else None, idle)
    words = _words(spec, part, session, told)
    made = _made(spec, ground, span, part, words, seeds[0])
    if not prompt:
        told.append(Notice(code="voice_estimated"))
    return planned(
        spec, order, ground, session, caption=caption_of(order, prompt), duration=ground.length, pieces=(made,),
        language=language_of(words), part=part, seeds=seeds, told=told,
        uses=REMIX_USES if prompt else WORDS_USE,
    )  # fmt: skip


def render(spec: Edit, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    ground = ground_of(order, session, plan.seeds[0], tune=True)
    span = _window(spec, ground)
    if prompt_of(spec) and _whole(span, ground):
        cover.render(as_cover(spec), plan, order, sink, session)
        return
    song = ground.given.sound()
    words = _words(spec, _part(spec, ground, session, plan.seeds[0])[0], session, [])

    def make(seed: int, progress: Callable[[float], None]) -> tuple[Audio, tuple[LineTime, ...]]:
        made = _made(spec, ground, span, _part(spec, ground, session, seed)[0], words, seed)
        if prompt_of(spec):
            return placed(ground, song, _seam(spec, ground, span), made, plan.vocal_language, session, progress)
        return _reworded(ground, song, span, made, plan.vocal_language, session, progress)

    handed_over(plan, order, sink, make)


def prompt_of(spec: Edit) -> str:
    """The new style, where one is asked for. Raises `EngineError` (`nothing_to_edit`), permanent."""
    prompt = spec.edit_target_prompt if spec.edit_type == "remix" else ""
    if not prompt and not spec.edit_target_lyrics:
        raise EngineError("nothing_to_edit", permanent=True)
    return prompt


def _window(spec: Edit, ground: Ground) -> Span:
    return region(spec.edit_n_min * ground.length, spec.edit_n_max * ground.length, ground.length)


def _seam(spec: Edit, ground: Ground, span: Span) -> Span:
    """Where the music changes; a voice may come and go where nothing else does."""
    return seams.inside(ground, span) if prompt_of(spec) else span


def _whole(span: Span, ground: Ground) -> bool:
    return span.start == 0 and span.end >= ground.length


def as_cover(spec: Edit) -> Cover:
    """The whole song in another style is a cover of it, which has stems and a score of its own."""
    shared = {name: getattr(spec, name) for name in Generation.model_fields if name != "task"}
    return Cover(
        caption=spec.edit_target_prompt,
        lyrics=spec.edit_target_lyrics,
        audio_cover_strength=STRENGTH,
        src_audio_url=spec.src_audio_url,
        source_job_id=spec.source_job_id,
        source_take=spec.source_take,
        **shared,
    )


def _of_edit(made: Plan, spec: Edit, ground: Ground) -> Plan:
    """An edit keeps the song's title."""
    return made.model_copy(update={"title": spec.display_name or ground.given.title or made.title})


def _part(spec: Edit, ground: Ground, session: Session, seed: int) -> tuple[Brief, tuple[str, ...]]:
    prompt = prompt_of(spec)
    return understood(prompt, ground.brief, session, seed) if prompt else (ground.brief, ())


def _words(spec: Edit, part: Brief, session: Session, told: list[Notice]) -> tuple[LyricLine, ...]:
    if not prompt_of(spec) and (silent := session.silent_because()) is not None:
        raise EngineError("lyrics_unreadable", permanent=True, cause=silent, reason=silent)
    return words_in(spec.edit_target_lyrics, spec.vocal_language, "unknown", part, session, told)


def _made(spec: Edit, ground: Ground, span: Span, part: Brief, words: Sequence[LyricLine], seed: int) -> Version:
    strength = STRENGTH if prompt_of(spec) else 1.0
    return anew(ground, _seam(spec, ground, span), part, words, seed, tune=True, beat=True, strength=strength)


def _reworded(
    ground: Ground, song: Audio, span: Span, made: Version, language: str, session: Session,
    progress: Callable[[float], None],
) -> tuple[Audio, tuple[LineTime, ...]]:  # fmt: skip
    """`song` with the estimate of its voice in `span` taken out, and `made` sung there instead."""
    first, last = round(span.start * RATE), min(song.shape[1], round(span.end * RATE))
    begin, end = max(0, first - round(CONTEXT_S * RATE)), min(song.shape[1], last + round(CONTEXT_S * RATE))
    stretch = np.ascontiguousarray(song[:, begin:end])
    voice = estimate(stretch, lambda share: progress(SEPARATED * share))["vocals"]
    reel = laid_out(song, 0.0, 0.0)
    edges = Span(span.start, span.end, fade_in=FADE_S, fade_out=FADE_S)
    cross(reel.audio, stretch - voice, begin, edges)
    begins = ground.seconds(bars_of(ground, span)[0])
    sung = session.sing(made.score, made.brief, language, lead=made.score.voice, backing=made.score.backing)
    if not sung.audio:
        return reel.array, ()
    alone = replace(made.score, parts=())
    mixed = mix(
        alone, made.brief.preset, sung.audio,
        lambda share: progress(SEPARATED + (1 - SEPARATED) * share), tones=session.tones,
    )  # fmt: skip
    offset = round(begins * RATE)
    new = np.pad(mixed.audio[:, max(0, first - offset) : last - offset], ((0, 0), (max(0, offset - first), 0)))
    music = reel.audio[:, first : first + new.shape[1]]
    db = _voice_level(voice[:, first - begin : last - begin], music.numpy()) - integrated_lufs(new, RATE)
    curve.apply(torch.from_numpy(new), level.ramp(db, curve.points(new.shape[1]), None))
    both = {"voice": np.ascontiguousarray(new), "music": np.ascontiguousarray(music.numpy())}
    level.limit(both, 0.0, new.shape[1] / RATE, ("voice",))
    music.copy_(torch.from_numpy(both["music"] + both["voice"]))
    return reel.array, tuple(later(line, begins) for line in sung.lines)


def _voice_level(voice: Audio, music: Audio) -> float:
    """LUFS of a new voice: as loud as the old one, within what can be heard over the music."""
    old, around = integrated_lufs(voice, RATE), integrated_lufs(music, RATE)
    if around <= SILENCE_LUFS:
        return old
    return min(around + LOUDEST_LU, max(around - SOFTEST_LU, old))
