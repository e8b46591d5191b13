"""The same song in another style: tempo, key and form stay, and of chords, tune and groove as much as is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from engine.hearing.transcript import Transcript
from engine.spec import EngineError, Notice, Order, Plan, TrackSink
from engine.spec.estimate import sung_lines
from engine.spec.plan import Writer
from engine.spec.tasks import Cover
from engine.studio import notices
from engine.studio.caption import understand
from engine.studio.compose import theory
from engine.studio.compose.brief import Brief
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.compose.title import title_of
from engine.studio.cover.version import Original, version
from engine.studio.edits.draft import in_frame, seeds_of
from engine.studio.edits.weave import words_of
from engine.studio.given import Given, given
from engine.studio.heard import heard_facts, transcript_of
from engine.studio.kept import Kept
from engine.studio.score import LyricLine
from engine.studio.session import SUNG_AT, Session
from engine.studio.sound.mix import mix
from engine.studio.takes import take_of

# What is made out with less confidence is said to be rough, and with hardly any it is nothing to go by.
ROUGH, NOTHING = 0.5, 0.1
# Of a take's work, listening is this much, and composing the next.
LISTENED, BEGUN = 0.1, 0.02
SLOWEST, FASTEST = 30.0, 300.0
# A tempo this near to a whole number is one: it was played to a click.
TO_CLICK = 0.0015
LONGEST_TITLE = 120
COVER = re.compile(r"\s*\((?:[^()]{1,40} )?cover\)\s*$")


@dataclass(frozen=True)
class Words:
    """The lines to sing, None for the source's own; `lyrics` as they were given, in `language`, and who wrote them."""

    lines: tuple[LyricLine, ...] | None = ()
    lyrics: str = ""
    language: str = "unknown"
    by: Writer | None = None
    model: str = ""
    told: tuple[Notice, ...] = ()


def plan(spec: Cover, order: Order, session: Session) -> Plan:
    """The source's tempo, key and metre, the new style, and what is sung.

    Raises `EngineError`, permanent: `no_source`, `source_gone`, `lyrics_unreadable`, `nothing_to_sing`.
    """
    source = given(order)
    original = Original(transcript_of(source, session), source.kept)
    seeds = seeds_of(order)
    brief, idle = brief_of(spec, original, seeds[0], session)
    words = words_for(spec, source, brief, session)
    title = spec.display_name or title_for(spec, source.title, brief, words.lyrics, words.language, seeds[0])
    made = version(original, brief, words.lines, spec.audio_cover_strength, order.duration, seeds[0], title)
    told = [*notices.of_request(spec, brief), *words.told, *_roughly(spec, original)]
    if order.recording is not None and not spec.lyrics and not brief.instrumental:
        told.append(Notice(code="words_not_known"))
    if idle:
        told.append(Notice(code="kept_of_source", params={"words": list(idle)}))
    if made.missing:
        told.append(Notice(code="lines_left_out", params={"count": made.missing}))
    sung = bool(made.score.voice)
    return Plan(
        title=title,
        caption=spec.caption,
        lyrics=(words.lyrics or words_of(made.score, made.form)) if sung else "",
        lyrics_by=words.by if sung else None,
        lyrics_model=words.model if sung else "",
        instrumental=not sung,
        duration=order.duration,
        bpm=brief.bpm,
        keyscale=theory.keyscale(brief.tonic, brief.minor),
        timesignature=brief.timesignature,
        vocal_language=words.language if sung else "unknown",
        genre_preset=brief.style,
        seeds=seeds,
        engine=session.name,
        understood=brief.understood,
        heard=None if original.kept is not None else heard_facts(original.transcript, source.title),
        notices=tuple(told),
    )


def render(spec: Cover, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    source = given(order)
    transcript = transcript_of(source, session, lambda share: sink.progress(LISTENED * share))
    original = Original(transcript, source.kept)
    for number, seed in enumerate(plan.seeds):

        def progress(share: float, done: int = number) -> None:
            sink.progress(LISTENED + (1 - LISTENED) * (done + share) / len(plan.seeds))

        brief, _ = brief_of(spec, original, seed, session)
        words = words_for(spec, source, brief, session)
        made = version(original, brief, words.lines, spec.audio_cover_strength, plan.duration, seed, plan.title)
        brief, score, language = made.brief, made.score, plan.vocal_language
        progress(BEGUN)
        voices = session.sing(score, brief, language, lead=score.voice, backing=score.backing)
        begun = SUNG_AT if voices.audio else BEGUN
        progress(begun)
        mixed = mix(score, brief.preset, voices.audio, _rest(progress, begun), tones=session.tones)
        lines = voices.lines
        del voices
        sink.take(take_of(number + 1, seed, Kept(brief, made.form, score, language, mixed.desk), mixed, lines))


def _rest(progress: Callable[[float], None], begun: float) -> Callable[[float], None]:
    return lambda share: progress(begun + (1 - begun) * share)


def brief_of(spec: Cover, original: Original, seed: int, session: Session) -> tuple[Brief, tuple[str, ...]]:
    """What the cover is to be, and words of its caption that change nothing: tempo, key and metre are the source's.

    Those that the request itself names win. A caption without a genre changes the style of a song made here.
    """
    parent = original.kept.brief if original.kept is not None else None
    brief = understand(
        spec.caption, vocabulary=session.vocabulary, genre_preset=None, bpm=spec.bpm, keyscale=spec.keyscale,
        timesignature=spec.timesignature, instrumental=False, seed=seed,
        parent=replace(parent, instrumental=False, alone=False) if parent is not None else None,
    )  # fmt: skip
    pulse, tonality = original.transcript.pulse, original.transcript.tonality
    frame = replace(
        parent or brief,
        bpm=float(spec.bpm) if spec.bpm is not None else _tempo(original.transcript, brief),
        tonic=brief.tonic if spec.keyscale is not None else tonality.tonic,
        minor=brief.minor if spec.keyscale is not None else tonality.minor,
        timesignature=spec.timesignature or pulse.timesignature,
    )
    brief = replace(brief, rap=brief.rap and _raps(brief, original, session))
    return in_frame(brief, frame)


def _raps(brief: Brief, original: Original, session: Session) -> bool:
    """Whether a genre's rapping suits: a tune that is there is sung, unless the caption itself says otherwise."""
    said = session.vocabulary.singing
    if any(said.get(word.casefold()) == "rapped" for word in brief.understood.get("voice", ())):
        return True
    if original.kept is not None and original.kept.score.voice:
        return any(line.spoken for line in original.kept.score.voice)
    return not original.transcript.melody


def _tempo(transcript: Transcript, brief: Brief) -> float:
    """The source's tempo; the style's own where the source has none."""
    if transcript.pulse.confidence < NOTHING:
        return brief.bpm
    bpm = min(FASTEST, max(SLOWEST, transcript.pulse.bpm))
    whole = float(round(bpm))
    return whole if abs(whole / bpm - 1) <= TO_CLICK else round(bpm, 3)


def words_for(spec: Cover, source: Given, brief: Brief, session: Session) -> Words:
    """What the cover sings: new words, or those that a song made here has; tags alone ask for none.

    Raises `EngineError`, permanent: `nothing_to_sing`, `lyrics_unreadable`.
    """
    own = source.source
    asked = any(text for _, text in parse_lyrics(spec.lyrics))
    if spec.lyrics and not asked:
        if sung_lines(spec.lyrics):
            raise EngineError("nothing_to_sing", permanent=True)
        return Words()
    scored = source.kept is not None and bool(source.kept.score.voice)
    lyrics = spec.lyrics or ("" if source.kept is not None or own is None else own.lyrics)
    if not lyrics and not scored:
        return Words()
    if brief.instrumental:
        return Words(told=(Notice(code="lyrics_ignored"),) if asked else ())
    if (reason := session.silent_because()) is not None:
        return Words(told=(Notice(code="no_voice", params={"reason": reason}),))
    by: tuple[Writer, str] = ("user", "") if asked or own is None else (own.lyrics_by or "user", own.lyrics_model)
    if not lyrics and source.kept is not None:
        return Words(None, "", source.kept.language, *by)
    language = session.language_of(lyrics, spec.vocal_language if asked or own is None else own.vocal_language)
    lines = session.read(lyrics, language, mixed=spec.vocal_language == "unknown")
    if asked and not any(line.syllables for line in lines):
        raise EngineError("nothing_to_sing", permanent=True)
    return Words(lines, lyrics, language, *by)


def title_for(spec: Cover, title: str, brief: Brief, lyrics: str, language: str, seed: int) -> str:
    """The `title` of the source, and what it is a cover in."""
    base = COVER.sub("", title).strip()
    if not base:
        return title_of(spec.caption, lyrics, seed, language)
    named = brief.understood.get("genre", ())
    together = " ".join(named[:2])
    genre = together if together.casefold() in spec.caption.casefold() else named[0]
    kind = f" ({genre} cover)" if genre else " (cover)"
    return base[: LONGEST_TITLE - len(kind)].rstrip() + kind


def _roughly(spec: Cover, original: Original) -> list[Notice]:
    """What the cover keeps of its source that was hardly made out."""
    transcript = original.transcript
    if transcript.exact:
        return []
    pulse = transcript.pulse
    sure = {
        "tempo": 1.0 if spec.bpm is not None else pulse.confidence,
        "key": 1.0 if spec.keyscale is not None else transcript.tonality.confidence,
        "metre": 1.0 if spec.timesignature is not None else pulse.bar_confidence,
    }
    if spec.audio_cover_strength > 0:
        sure["chords"] = _mean((chord.confidence, chord.end - chord.start) for chord in transcript.chords)
        sure["melody"] = _mean((note.confidence, note.end - note.start) for note in transcript.melody)
        # music without drums has no groove to miss
        sure["groove"] = 1.0 if transcript.groove.drums < NOTHING else transcript.groove.confidence
    told = []
    if sure["tempo"] < NOTHING:
        del sure["tempo"]
        told.append(Notice(code="tempo_not_heard"))
    parts = [part for part, confidence in sure.items() if confidence < ROUGH]
    return [*told, Notice(code="heard_roughly", params={"parts": parts})] if parts else told


def _mean(weighed: Iterable[tuple[float, float]]) -> float:
    """Of (value, weight); 0 of nothing."""
    pairs = list(weighed)
    whole = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / whole if whole > 0 else 0.0
