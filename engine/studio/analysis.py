"""What a piece of audio sounds like, in facts: tempo, key, chords, sections, and words for the rest."""

from __future__ import annotations

from itertools import pairwise

from engine.hearing.describe import caption, caption_confidence, confidences
from engine.hearing.transcript import Transcript
from engine.spec import Analysis, Order, TrackSink
from engine.spec.analysis import ChordAt, SectionAt
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.compose.theory import keyscale
from engine.studio.given import Given, given
from engine.studio.heard import transcript_of
from engine.studio.session import Session

# Below this a section's kind is a guess that isn't told.
KIND = 0.4
# A song doesn't begin or end for longer than this share of it.
EDGE = 0.4
EDGES = ("intro", "outro")
# Lyrics tell their language nearly always.
LANGUAGE = 0.9


def analyze(order: Order, sink: TrackSink, session: Session) -> Analysis:
    """Facts of what `order` starts from: exact for a song whose score is kept, heard with confidence for others.

    No model here makes audio codes. Raises `EngineError`, permanent: `no_source`, `source_gone`.
    """
    sink.progress(0.0)
    start = given(order)
    transcript = transcript_of(start, session, sink.progress, closely=False)
    sure = confidences(transcript)
    language, told = _language(start, session)
    if told is not None:
        sure["language"] = told
    # An edit of sound without a score has a caption of the edit alone, which says nothing of the whole.
    described = start.kept is not None and start.source is not None and bool(start.source.caption)
    sung = any(text for _, text in parse_lyrics(start.lyrics))
    words = start.source.caption if described and start.source else caption(transcript, sung=sung)
    sure["caption"] = 1.0 if described else caption_confidence(transcript, sung=sung)
    return Analysis(
        title=start.title,
        caption=words,
        lyrics=start.lyrics,
        bpm=transcript.pulse.bpm,
        keyscale=keyscale(transcript.tonality.tonic, transcript.tonality.minor),
        timesignature=transcript.pulse.timesignature,
        duration=round(transcript.duration, 3),
        language=language,
        chords=_chords(transcript),
        sections=_sections(transcript, sure["sections"]),
        loudness=transcript.texture.loudness,
        exact=transcript.exact,
        confidence=sure,
    )


def _language(start: Given, session: Session) -> tuple[str, float | None]:
    """The language that is sung, and how sure that is; nothing where nobody knows."""
    if start.kept is not None or start.source is not None:
        known = start.kept.language if start.kept is not None else start.source.vocal_language if start.source else ""
        return (known, 1.0) if known != "unknown" else ("unknown", None)
    if not any(text for _, text in parse_lyrics(start.lyrics)):
        return "unknown", None
    return session.language_of(start.lyrics, "unknown"), LANGUAGE


def _chords(transcript: Transcript) -> tuple[ChordAt, ...]:
    """Chords as they change: one that goes on over a bar line is told once."""
    made: list[ChordAt] = []
    for chord in transcript.chords:
        start, end = round(chord.start, 3), round(chord.end, 3)
        if made and made[-1].name == chord.name:
            made[-1] = ChordAt(start=made[-1].start, end=end, name=chord.name)
        else:
            made.append(ChordAt(start=start, end=end, name=chord.name))
    return tuple(made)


def _sections(transcript: Transcript, sure: float) -> tuple[SectionAt, ...]:
    """Sections in seconds; an upbeat belongs to the first, and what rings on to the last."""
    bars = transcript.pulse.bars
    found = [each for each in transcript.sections if each.bar < len(bars)]
    edges = [0.0, *(bars[each.bar] for each in found[1:]), transcript.duration]
    return tuple(
        SectionAt(
            start=round(start, 3),
            end=round(end, 3),
            kind=each.kind if sure >= KIND and not _too_long(each.kind, end - start, transcript) else "",
            letter=each.letter,
        )
        for each, (start, end) in zip(found, pairwise(edges), strict=False)
    )


def _too_long(kind: str, length: float, transcript: Transcript) -> bool:
    """Whether what was heard as an intro or outro is too much of the song to be one."""
    return not transcript.exact and kind in EDGES and length > EDGE * transcript.duration
