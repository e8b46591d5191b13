"""New music as sound, as loud and as bright as what it stands beside, put into a recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from engine.hearing.texture import texture
from engine.spec.protocol import LineTime
from engine.studio.cover.version import Version
from engine.studio.edits import level
from engine.studio.edits.splice import Span, cross, later
from engine.studio.score import Score
from engine.studio.session import SUNG_AT, Session
from engine.studio.sound import curve
from engine.studio.sound.likeness import Aim
from engine.studio.sound.mix import mix
from engine.studio.sound.noise import RATE
from engine.studio.sound.reel import Reel, blank

Audio = NDArray[np.float32]

# What stands beside a new part: so many seconds on each side of it, and at least so many together.
BESIDE_S, FEWEST_S = 15.0, 2.0
# Another style may sound otherwise: its balance goes so far towards what is beside it.
SHARE = 0.6
# What rings into the end of a part is rendered.
RINGING_S = 1.5


@dataclass(frozen=True)
class Piece:
    """Sound (2, samples) from `start` seconds of the recording on, and when its words are sung there."""

    start: float
    audio: Audio
    lines: tuple[LineTime, ...]


def played(
    made: Version, language: str, begins: float, span: Span, song: Audio, session: Session,
    on_progress: Callable[[float], None], *, ends: bool = False,
) -> Piece:  # fmt: skip
    """`made`, whose first bar lies at `begins`, as it sounds in `span` of `song` (2, samples), in the song's seconds.

    It is brought to the song's level, balance and width beside the span. Where it `ends` there, so does its sound. The
    span may begin a little before the bar.
    """
    stop = span.end if ends else min(span.end + RINGING_S, begins + made.score.duration)
    score = replace(made.score, duration=stop - begins)
    score = _heard(score, span.start - begins)
    voices = session.sing(score, made.brief, language, lead=score.voice, backing=score.backing)
    begun = SUNG_AT if voices.audio else 0.0
    on_progress(begun)
    aim = Aim(texture(beside(song, span)), share=SHARE, moves=False)
    mixed = mix(
        score,
        made.brief.preset,
        voices.audio,
        lambda share: on_progress(begun + (1 - begun) * share),
        tones=session.tones,
        like=aim,
    )
    first, last = (round((at - begins) * RATE) for at in (span.start, span.end))
    part = np.pad(mixed.audio[:, max(0, first) : last], ((0, 0), (max(0, -first), 0)))
    del mixed
    lines = tuple(later(line, begins) for line in voices.lines)
    return Piece(span.start, levelled(part, song, span.start), lines)


def levelled(part: Audio, song: Audio, start: float) -> Audio:
    """`part`, which sounds from `start` seconds of `song` on, as loud as fits there. It is changed in place."""
    db = level.fitting(song, [part], start)
    sound = torch.from_numpy(part)
    curve.apply(sound, level.ramp(db, curve.points(part.shape[1]), None))
    level.limit({"new": part}, 0.0, part.shape[1] / RATE, ("new",))
    return part


def beside(song: Audio, span: Span) -> Audio:
    """What of `song` lies before and behind `span`; all of it where that is hardly anything."""
    first, last = round(span.start * RATE), round(span.end * RATE)
    reach = round(BESIDE_S * RATE)
    around = np.concatenate((song[:, max(0, first - reach) : max(0, first)], song[:, last : last + reach]), axis=1)
    return around if around.shape[1] >= FEWEST_S * RATE else song


def laid_out(song: Audio, before: float, after: float) -> Reel:
    """`song` (2, samples) with so many seconds of silence before and after it."""
    first = round(before * RATE)
    reel = blank(2, first + song.shape[1] + round(after * RATE))
    reel.audio[:, first : first + song.shape[1]] = torch.from_numpy(song)
    return reel


def put(reel: Reel, piece: Piece, span: Span, shift: float = 0.0) -> None:
    """`piece` in its place in `reel`, in which the recording begins at `shift` seconds."""
    cross(
        reel.audio,
        piece.audio,
        round((piece.start + shift) * RATE),
        replace(span, start=span.start + shift, end=span.end + shift),
    )


def _heard(score: Score, start: float) -> Score:
    """`score` without lines that are over before `start` seconds."""

    def sounds(end: float) -> bool:
        return score.seconds(end) > start

    return replace(
        score,
        voice=tuple(
            line for line in score.voice if line.notes and sounds(line.notes[-1].start + line.notes[-1].length)
        ),
        backing=tuple(
            line for line in score.backing if line.notes and sounds(line.notes[-1].start + line.notes[-1].length)
        ),
    )
