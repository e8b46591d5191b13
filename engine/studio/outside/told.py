"""What people are told of an edit of sound without a score, and how it is handed over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.spec import Notice, Order, Plan, Take, TrackSink
from engine.spec.protocol import LineTime
from engine.spec.tasks import Edit, Extend, Repaint
from engine.studio.compose.brief import Brief
from engine.studio.compose.theory import keyscale
from engine.studio.cover.version import Version
from engine.studio.edits.weave import words_of
from engine.studio.heard import heard_facts
from engine.studio.outside.ground import Ground
from engine.studio.outside.piece import Audio
from engine.studio.session import Session
from engine.studio.sound.noise import RATE
from engine.studio.stems import picture_of

# What is made out with less confidence is said to be rough.
ROUGH = 0.5
ABOUT = {"bpm": "tempo", "timesignature": "metre", "keyscale": "key", "chords": "chords", "melody": "melody"}


def planned(
    spec: Repaint | Extend | Edit, order: Order, ground: Ground, session: Session, *, caption: str, duration: float,
    pieces: Sequence[Version], language: str, part: Brief | None, seeds: Sequence[int], told: Sequence[Notice],
    uses: Sequence[str],
) -> Plan:  # fmt: skip
    """The facts of the song that comes out, and what was made out in the one that was given.

    `pieces` are the new parts in the order of time, `uses` what of the recording they go by (keys of `ABOUT`).
    """
    pulse, tonality = ground.made_out.pulse, ground.made_out.tonality
    sung = [words_of(piece.score, piece.form) for piece in pieces if piece.score.voice]
    facts = heard_facts(ground.made_out, ground.given.title)
    missing = sum(piece.missing for piece in pieces)
    rough = [ABOUT[what] for what in uses if facts.confidence.get(what, 0.0) < ROUGH]
    notices = [
        *told,
        *([Notice(code="lines_left_out", params={"count": missing})] if missing else []),
        *([Notice(code="heard_roughly", params={"parts": rough})] if rough else []),
    ]
    return Plan(
        title=spec.display_name or ground.given.title,
        caption=caption,
        lyrics="\n".join(sung),
        lyrics_by="user" if sung else None,
        instrumental=not sung and ground.made_out.texture.voice < ROUGH,
        duration=round(duration, 6),
        bpm=round(pulse.bpm, 2),
        keyscale=keyscale(tonality.tonic, tonality.minor),
        timesignature=pulse.timesignature,
        vocal_language=language if sung else "unknown",
        genre_preset=order.source.genre_preset if order.source is not None else None,
        seeds=tuple(seeds),
        engine=session.name,
        understood=part.understood if part is not None else {},
        heard=facts,
        notices=tuple(notices),
    )


def handed_over(
    plan: Plan, order: Order, sink: TrackSink,
    make: Callable[[int, Callable[[float], None]], tuple[Audio, tuple[LineTime, ...]]],
) -> None:  # fmt: skip
    """Every take of `plan`: `make` gets a seed and whom to tell how far it has come."""
    picture = picture_of(order.source) if order.source is not None else None
    for number, seed in enumerate(plan.seeds):

        def progress(share: float, done: int = number) -> None:
            sink.progress((done + share) / len(plan.seeds))

        progress(0.0)
        audio, lines = make(seed, progress)
        progress(1.0)
        sink.take(
            Take(
                index=number + 1,
                seed=seed,
                audio=audio,
                sample_rate=RATE,
                bpm=plan.bpm,
                keyscale=plan.keyscale,
                timesignature=plan.timesignature,
                lines=lines,
                picture=picture,
            )
        )
