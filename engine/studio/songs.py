"""A new song from a caption and, if there are any, lyrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from engine.spec import EngineError, Notice, Order, Plan, Preset, TrackSink
from engine.spec.estimate import sung_lines
from engine.spec.tasks import Captioned, Lyric2Vocals, Sung, Text2Rap
from engine.studio import notices
from engine.studio.caption import understand
from engine.studio.compose import adlibs
from engine.studio.compose.brief import Brief
from engine.studio.compose.dice import Dice
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.compose.song import composed
from engine.studio.compose.theory import keyscale
from engine.studio.compose.title import title_of
from engine.studio.kept import Kept
from engine.studio.score import LyricLine, Score
from engine.studio.session import SUNG_AT, Session, tagged
from engine.studio.sound.mix import Audio, Mixed, mix
from engine.studio.sound.parts import Tones
from engine.studio.takes import take_of

BEGUN = 0.02

# Score, preset, voices, whom to tell how far it is, tones: a finished mix.
Mixing = Callable[[Score, Preset, Mapping[str, Audio], Callable[[float], None], Tones], Mixed]


def _usual(brief: Brief) -> Brief:
    return brief


def _mixed(
    score: Score, preset: Preset, voices: Mapping[str, Audio], on_progress: Callable[[float], None], tones: Tones
) -> Mixed:
    return mix(score, preset, voices, on_progress, tones=tones)


@dataclass(frozen=True)
class Manner:
    """How a song takes after something that its caption doesn't say: in what it is to be, and in how it is mixed."""

    briefed: Callable[[Brief], Brief] = _usual
    mixed: Mixing = _mixed


USUAL = Manner()


def plan(spec: Captioned, order: Order, session: Session, manner: Manner = USUAL) -> Plan:
    """Understand the caption, read the lyrics, and settle tempo, key and metre.

    Raises `EngineError`, permanent, for lyrics that can't be sung: `lyrics_unreadable`, `nothing_to_sing`,
    `no_room_to_sing`.
    """
    brief = manner.briefed(brief_of(spec, order.seed, session))
    made = settled(spec, order, brief, session)
    told = [*notices.of_request(spec, brief), *made.notices]
    if not made.instrumental and (reason := session.silent_because()) is not None:
        if brief.alone:
            raise EngineError("lyrics_unreadable", permanent=True, cause=reason, reason=reason)
        told.append(Notice(code="no_voice", params={"reason": reason}))
        made = settled(spec, order, brief, session, voice=False)
    if not made.instrumental:
        told += _unsung(spec, made, session, manner)
    return made.model_copy(update={"notices": tuple(told)})


def settled(spec: Captioned, order: Order, brief: Brief, session: Session, *, voice: bool = True) -> Plan:
    """What every engine decides of a song that is to be like `brief`; without a `voice` nobody sings.

    Raises `EngineError`, permanent: `nothing_to_sing`.
    """
    lyrics = words_for(spec)
    # Lyrics may hold nothing but tags: they shape the form, and nobody sings.
    worded = any(text for _, text in parse_lyrics(lyrics))
    instrumental = brief.instrumental or not worded or not voice
    if not worded and not brief.instrumental and (brief.alone or sung_lines(lyrics)):
        raise EngineError("nothing_to_sing", permanent=True)
    told = []
    if worded and brief.instrumental:
        told.append(Notice(code="lyrics_ignored"))
    if isinstance(spec, Text2Rap) and not worded and not brief.instrumental:
        told.append(Notice(code="nothing_to_rap"))
    language = session.language_of(lyrics, spec.vocal_language) if worded else "unknown"
    return Plan(
        title=spec.display_name or title_of(spec.caption, lyrics, order.seed, language),
        caption=spec.caption,
        lyrics="" if instrumental and worded else lyrics,
        lyrics_by=None if instrumental else "user",
        instrumental=instrumental,
        duration=order.duration,
        bpm=brief.bpm,
        keyscale=keyscale(brief.tonic, brief.minor),
        timesignature=brief.timesignature,
        vocal_language="unknown" if instrumental else language,
        genre_preset=brief.style,
        seeds=tuple(order.seed + number for number in range(order.takes)),
        engine=session.name,
        understood=brief.understood,
        notices=tuple(told),
    )


def render(spec: Captioned, plan: Plan, sink: TrackSink, session: Session, manner: Manner = USUAL) -> None:
    """Render one take for each seed of `plan`, which says everything there is to know of the order."""
    for number, seed in enumerate(plan.seeds):
        brief = manner.briefed(brief_of(spec, seed, session))
        form, score = composed(brief, _lines(spec, plan, brief, seed, session), plan.duration, seed, plan.title)

        def progress(share: float, done: int = number) -> None:
            sink.progress((done + share) / len(plan.seeds))

        progress(BEGUN)
        voices = session.sing(score, brief, plan.vocal_language, lead=score.voice, backing=score.backing)
        begun = SUNG_AT if voices.audio else BEGUN
        progress(begun)
        mixed = manner.mixed(score, brief.preset, voices.audio, partial(_rest_of, begun, progress), session.tones)
        # Of a song of ten minutes a quarter of a gigabyte, and all of it is in the mix.
        lines = voices.lines
        del voices
        kept = Kept(brief, form, score, plan.vocal_language, mixed.desk)
        sink.take(take_of(number + 1, seed, kept, mixed, lines))


def _rest_of(begun: float, progress: Callable[[float], None], share: float) -> None:
    progress(begun + (1 - begun) * share)


def brief_of(spec: Captioned, seed: int, session: Session) -> Brief:
    return understand(
        spec.caption,
        genre_preset=spec.genre_preset,
        vocabulary=session.vocabulary,
        bpm=spec.bpm,
        keyscale=spec.keyscale,
        timesignature=spec.timesignature,
        instrumental=spec.task == "prompt2instrumental" or (isinstance(spec, Sung) and spec.instrumental),
        seed=seed,
        rap=isinstance(spec, Text2Rap),
        alone=isinstance(spec, Lyric2Vocals),
    )


def words_for(spec: Captioned) -> str:
    """The words of a new song, as they were asked for; none for music without singing."""
    return spec.lyrics if isinstance(spec, Sung | Lyric2Vocals) else ""


def _unsung(spec: Captioned, plan: Plan, session: Session, manner: Manner) -> list[Notice]:
    """A notice of lines that can't be spoken or found no room.

    Raises `EngineError` where no line is left: `nothing_to_sing`, `no_room_to_sing`.
    """
    asked = sum(1 for _, text in parse_lyrics(plan.lyrics) if text)
    seed = plan.seeds[0]
    brief = manner.briefed(brief_of(spec, seed, session))
    lines = _lines(spec, plan, brief, seed, session)
    sung = sum(1 for line in lines if line.syllables and not line.echo)
    if sung == 0:
        raise EngineError("nothing_to_sing", permanent=True)
    _, score = composed(brief, lines, plan.duration, seed, plan.title)
    if not score.voice:
        raise EngineError("no_room_to_sing", permanent=True)
    missing = asked - sung + len(score.left_out)
    return [Notice(code="lines_left_out", params={"count": missing})] if missing else []


def _lines(spec: Captioned, plan: Plan, brief: Brief, seed: int, session: Session) -> tuple[LyricLine, ...]:
    """The lines of a take, with what the second voice throws in where there is one."""
    if plan.instrumental:
        return tagged(plan.lyrics)
    answers = brief.backing != "never"
    # A song may go from one language to another where nobody asked for one.
    mixed = spec.vocal_language == "unknown"
    lines = session.read(plan.lyrics, plan.vocal_language, echoes=answers, mixed=mixed)
    thrown = adlibs.wanted(lines, brief.rap, plan.vocal_language, Dice(seed)) if answers and brief.rap else {}
    return session.with_answers(lines, thrown, plan.vocal_language)
