"""New sound in the middle of a song that is there: only the new part is rendered, and all the rest stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.mapped import rest
from engine.spec.protocol import LineTime, WordTime
from engine.studio.compose.brief import Brief
from engine.studio.edits import level
from engine.studio.edits.parent import Parent
from engine.studio.score import Note, Score, SungLine
from engine.studio.session import SUNG_AT, Session
from engine.studio.sound import curve
from engine.studio.sound.mix import Desk, Mixed, mix
from engine.studio.sound.noise import RATE
from engine.studio.sound.reel import Reel, blank

Audio = NDArray[np.float32]

VOICES = ("vocals", "backing_vocals")
FADE_S = 0.03
# Notes that began this long before the new part still sound in it, and what follows it begins a little after its end.
RINGING_S, AFTER_S = 3.0, 1.5
# The end of a song is faded as a whole song's is, for which the mix wants to see this much of it.
ENDING_S = 20.0
BREATH_S = 0.6
# The gain glides from where the old music left it to the song's usual one.
SETTLING_S = 2.0


@dataclass(frozen=True)
class Span:
    """Seconds of the new song, from `start` to `end`; `fade_in` and `fade_out` lie inside."""

    start: float
    end: float
    fade_in: float = FADE_S
    fade_out: float = FADE_S


@dataclass(frozen=True)
class Cut:
    """What becomes of the old sound: its first sample lies at `shift` seconds, and `music` of it is made anew.

    `voices` is the part of the voices' stems that is made anew: None where they stay. No `music`: it stays.
    """

    music: Span | None
    voices: Span | None
    shift: float = 0.0


@dataclass(frozen=True)
class _Rendered:
    """Sound from sample `first` of the song on, and the gain curve it was mastered with."""

    first: int
    stems: Mapping[str, Audio]
    desk: Desk
    lines: tuple[LineTime, ...]


def spliced(
    parent: Parent, score: Score, brief: Brief, language: str, cut: Cut, session: Session,
    on_progress: Callable[[float], None],
) -> tuple[Mixed, tuple[LineTime, ...]]:  # fmt: skip
    """`parent`'s sound with the parts that `cut` names played anew from `score`, and when its words are sung.

    Everything else is the parent's samples. `brief` is that of the new part.
    """
    length = round(score.duration * RATE)
    shift = round(cut.shift * RATE)
    spans = [span for span in (cut.music, cut.voices) if span is not None]
    whole = Span(min(span.start for span in spans), max(span.end for span in spans))
    gain = _gain(parent, length, shift, whole)
    made = _rendered(score, brief, language, whole, cut, replace(parent.kept.desk, gain=gain), session, on_progress)
    if cut.music is not None:
        made = _levelled(parent, made, cut.music, cut.shift, length)
    stems: dict[str, Audio] = {}
    for name in dict.fromkeys((*parent.stems, *made.stems)):
        span = cut.voices if name in VOICES else cut.music
        reel = _placed(parent.stems[name]() if name in parent.stems else None, length, shift)
        if span is not None:
            cross(reel.audio, made.stems.get(name), made.first, span)
        if bool(reel.audio.any()):
            stems[name] = reel.array
        reel.rest()
    level.limit(stems, whole.start, whole.end, tuple(name for name in stems if cut.music is not None or name in VOICES))
    song = _placed(parent.song(), length, shift)
    first, last = round(whole.start * RATE), min(length, round(whole.end * RATE))
    song.audio[:, first:last] = 0
    for stem in stems.values():
        song.audio[:, first:last] += torch.from_numpy(stem[:, first:last])
    song.rest()
    inside = slice(first // curve.STEP, curve.points(last))
    gain[inside] = _reached(made, len(gain))[inside]
    faders = {
        **parent.kept.desk.faders,
        **{n: g for n, g in made.desk.faders.items() if n not in parent.kept.desk.faders},
    }
    mixed = Mixed(song.array, stems, replace(parent.kept.desk, faders=faders, gain=gain))
    return mixed, _lines(parent.kept.lines, made.lines, cut)


def _levelled(parent: Parent, made: _Rendered, music: Span, shift: float, length: int) -> _Rendered:
    """`made`, as loud in `music` as fits the parent. Its stems are changed in place."""
    first, last = round(music.start * RATE), min(length, round(music.end * RATE))
    part = [stem[:, first - made.first : last - made.first] for stem in made.stems.values()]
    db = level.fitting(parent.song(), part, music.start - shift) if part else 0.0
    if db == 0:
        return made
    ramp = level.ramp(db, len(made.desk.gain), (first - made.first) // curve.STEP if first else None)
    for stem in made.stems.values():
        curve.apply(torch.from_numpy(stem), ramp)
        rest(stem)
    return replace(made, desk=replace(made.desk, gain=made.desk.gain * ramp.numpy()))


def _reached(made: _Rendered, count: int) -> NDArray[np.float32]:
    """The curve that the new part was mastered with, in its place among `count` points."""
    gain = np.zeros(count, np.float32)
    begin = made.first // curve.STEP
    part = made.desk.gain[: count - begin]
    gain[begin : begin + len(part)] = part
    return gain


def _gain(parent: Parent, length: int, shift: int, whole: Span) -> NDArray[np.float32]:
    """The parent's mastering curve on the new song's time; where it has none, the song's usual gain, softly reached."""
    old = parent.kept.desk.gain
    count, first = curve.points(length), round(shift / curve.STEP)
    usual = float(np.median(old))
    gain = np.full(count, usual, np.float32)
    until = min(len(old), count - first)
    gain[first : first + until] = old[:until]
    begin, end = round(whole.start * RATE / curve.STEP), round(whole.end * RATE / curve.STEP)
    if end > first + len(old):
        gain[begin:] = _glide(float(old[begin - first]), usual, count - begin)
    elif shift > 0:
        gain[:first] = _glide(float(old[0]), usual, first)[::-1]
    return gain


def _glide(start: float, end: float, count: int) -> NDArray[np.float32]:
    steps = np.arange(count, dtype=np.float32) * (curve.STEP / RATE / SETTLING_S)
    return np.asarray(start + (end - start) * np.minimum(steps, 1), np.float32)


def _placed(audio: Audio | None, length: int, shift: int) -> Reel:
    """A reel (2, length) with `audio` from sample `shift` on."""
    reel = blank(2, length)
    if audio is not None:
        until = min(audio.shape[1], length - shift)
        reel.audio[:, shift : shift + until] = torch.from_numpy(audio[:, :until])
    return reel


def cross(audio: Tensor, new: Audio | None, first: int, span: Span) -> None:
    """Puts `new`, which begins at sample `first`, in the place of `audio` in `span`; None is silence."""
    length = audio.shape[1]
    begin, end = max(0, round(span.start * RATE)), min(length, round(span.end * RATE))
    share = torch.ones(end - begin)
    rise, fall = (min(round(fade * RATE), end - begin) for fade in (span.fade_in, span.fade_out))
    if begin > 0 and rise:
        share[:rise] *= 0.5 - 0.5 * torch.cos(torch.arange(rise) * (torch.pi / rise))
    if end < length and fall:
        share[len(share) - fall :] *= 0.5 + 0.5 * torch.cos(torch.arange(1, fall + 1) * (torch.pi / fall))
    audio[:, begin:end] *= 1 - share
    if new is not None:
        audio[:, begin:end] += torch.from_numpy(new[:, begin - first : end - first]) * share


def _rendered(
    score: Score, brief: Brief, language: str, whole: Span, cut: Cut, desk: Desk, session: Session,
    on_progress: Callable[[float], None],
) -> _Rendered:  # fmt: skip
    """What sounds in `whole`, and a little around it."""
    # old lines too where only the music is new, for the voice makes room for itself
    sings = cut.voices is not None or session.silent_because() is None
    lead, backing = (_overlapping(score, lines, whole) if sings else () for lines in (score.voice, score.backing))
    begins = [score.seconds(line.notes[0].start) - BREATH_S for line in (*lead, *backing)]
    ends = [score.seconds(line.notes[-1].start + line.notes[-1].length) + BREATH_S for line in (*lead, *backing)]
    stop = min(score.duration, max([whole.end, *ends]) + AFTER_S)
    latest = score.duration - ENDING_S if stop == score.duration else stop
    start = max(0.0, min([whole.start - RINGING_S, latest, *begins]))
    first = int(start * RATE) // curve.STEP * curve.STEP
    last = round(stop * RATE)
    heard = _heard(score, whole, bool(cut.music))
    piece = replace(heard, duration=(last - first) / RATE, origin=score.origin + first / RATE / score.beat_s)
    voices = session.sing(piece, brief, language, lead=lead, backing=backing)
    begun = SUNG_AT if voices.audio else 0.0
    on_progress(begun)
    gain = desk.gain[first // curve.STEP :][: curve.points(last - first)]
    mixed = mix(
        piece,
        brief.preset,
        voices.audio,
        lambda share: on_progress(begun + (1 - begun) * share),
        parent=replace(desk, gain=gain),
        tones=session.tones,
    )
    return _Rendered(first, mixed.stems, mixed.desk, tuple(later(line, first / RATE) for line in voices.lines))


def _heard(score: Score, whole: Span, music: bool) -> Score:
    """`score` with only the notes that can be heard in `whole`."""

    def can_be(note: Note) -> bool:
        ends = score.seconds(note.start + note.length)
        return music and ends > whole.start - RINGING_S and score.seconds(note.start) < whole.end + AFTER_S

    parts = tuple(replace(part, notes=tuple(note for note in part.notes if can_be(note))) for part in score.parts)
    return replace(score, parts=parts)


def _overlapping(score: Score, lines: Sequence[SungLine], whole: Span) -> tuple[SungLine, ...]:
    return tuple(
        line
        for line in lines
        if score.seconds(line.notes[-1].start + line.notes[-1].length) > whole.start
        and score.seconds(line.notes[0].start) < whole.end
    )


def _lines(old: Sequence[LineTime], new: Sequence[LineTime], cut: Cut) -> tuple[LineTime, ...]:
    """When the words sound: the old ones where the voices stay, the new ones where they are new."""

    def made_anew(line: LineTime) -> bool:
        return cut.voices is not None and cut.voices.start <= (line.start + line.end) / 2 < cut.voices.end

    moved = (later(line, cut.shift) for line in old)
    stay = [line for line in moved if not made_anew(line)]
    return tuple(sorted((*stay, *filter(made_anew, new)), key=lambda line: line.start))


def later(line: LineTime, seconds: float) -> LineTime:
    """`line`, so much later."""
    words = tuple(WordTime(word.text, word.start + seconds, word.end + seconds) for word in line.words)
    return LineTime(line.text, line.start + seconds, line.end + seconds, words)
