"""A new song from a caption and, if there are any, lyrics."""

from __future__ import annotations

from engine.spec import EngineError, Notice, Order, Plan, TrackSink
from engine.spec.estimate import sung_lines
from engine.spec.tasks import Captioned, Sung
from engine.studio import notices
from engine.studio.caption import understand
from engine.studio.compose.brief import Brief
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.compose.song import composed
from engine.studio.compose.theory import keyscale
from engine.studio.compose.title import title_of
from engine.studio.kept import Kept
from engine.studio.score import LyricLine
from engine.studio.session import SPOKEN_HERE, SUNG_AT, Session, tagged
from engine.studio.sound.mix import mix
from engine.studio.takes import take_of

BEGUN = 0.02


def plan(spec: Captioned, order: Order, session: Session) -> Plan:
    """Understand the caption, read the lyrics, and settle tempo, key and metre.

    Raises `EngineError`, permanent, for lyrics that can't be sung: `lyrics_unreadable`, `nothing_to_sing`.
    """
    brief = _brief(spec, order.seed, session)
    lyrics = spec.lyrics if isinstance(spec, Sung) else ""
    told = notices.of_request(spec, brief)
    # Lyrics may hold nothing but tags: they shape the form, and nobody sings.
    worded = any(text for _, text in parse_lyrics(lyrics))
    instrumental = brief.instrumental or not worded
    if not worded and not brief.instrumental and sung_lines(lyrics):
        raise EngineError("nothing_to_sing", permanent=True)
    if worded and brief.instrumental:
        told.append(Notice(code="lyrics_ignored"))
    if not instrumental and (reason := session.silent_because()) is not None:
        told.append(Notice(code="no_voice", params={"reason": reason}))
        instrumental = True
    settled = Plan(
        title=spec.display_name or title_of(spec.caption, lyrics, order.seed),
        caption=spec.caption,
        lyrics="" if instrumental and worded else lyrics,
        lyrics_by=None if instrumental else "user",
        instrumental=instrumental,
        duration=order.duration,
        bpm=brief.bpm,
        keyscale=keyscale(brief.tonic, brief.minor),
        timesignature=brief.timesignature,
        vocal_language=language_of(spec.vocal_language, instrumental),
        genre_preset=brief.style,
        seeds=tuple(order.seed + number for number in range(order.takes)),
        engine=session.name,
        understood=brief.understood,
    )
    if not instrumental:
        told += _unsung(spec, settled, session)
    return settled.model_copy(update={"notices": tuple(told)})


def render(spec: Captioned, plan: Plan, sink: TrackSink, session: Session) -> None:
    """Render one take for each seed of `plan`, which says everything there is to know of the order."""
    for number, seed in enumerate(plan.seeds):
        brief = _brief(spec, seed, session)
        form, score = composed(brief, _lines(plan, session), plan.duration, seed, plan.title)

        def progress(share: float, done: int = number) -> None:
            sink.progress((done + share) / len(plan.seeds))

        progress(BEGUN)
        voices = session.sing(score, brief, plan.vocal_language, lead=score.voice, backing=score.backing)
        begun = SUNG_AT if voices.audio else BEGUN
        progress(begun)
        mixed = mix(
            score,
            brief.preset,
            voices.audio,
            lambda share, begun=begun, progress=progress: progress(begun + (1 - begun) * share),  # type: ignore[misc]
            tones=session.tones,
        )
        # Of a song of ten minutes a quarter of a gigabyte, and all of it is in the mix.
        lines = voices.lines
        del voices
        kept = Kept(brief, form, score, plan.vocal_language, mixed.desk)
        sink.take(take_of(number + 1, seed, kept, mixed, lines))


def language_of(asked: str, instrumental: bool) -> str:
    """The language that will be sung."""
    if instrumental:
        return "unknown"
    return SPOKEN_HERE if asked == "unknown" else asked


def _brief(spec: Captioned, seed: int, session: Session) -> Brief:
    return understand(
        spec.caption,
        genre_preset=spec.genre_preset,
        vocabulary=session.vocabulary,
        bpm=spec.bpm,
        keyscale=spec.keyscale,
        timesignature=spec.timesignature,
        instrumental=spec.task == "prompt2instrumental" or (isinstance(spec, Sung) and spec.instrumental),
        seed=seed,
        rap=spec.task == "text2rap",
    )


def _unsung(spec: Captioned, plan: Plan, session: Session) -> list[Notice]:
    """A notice of lines that can't be spoken or found no room. Raises `EngineError` where no line is left."""
    asked = sum(1 for _, text in parse_lyrics(plan.lyrics) if text)
    lines = _lines(plan, session)
    sung = sum(1 for line in lines if line.syllables)
    if sung == 0:
        raise EngineError("nothing_to_sing", permanent=True)
    _, score = composed(_brief(spec, plan.seeds[0], session), lines, plan.duration, plan.seeds[0], plan.title)
    missing = asked - sung + len(score.left_out)
    return [Notice(code="lines_left_out", params={"count": missing})] if missing else []


def _lines(plan: Plan, session: Session) -> tuple[LyricLine, ...]:
    return tagged(plan.lyrics) if plan.instrumental else session.read(plan.lyrics, plan.vocal_language)
