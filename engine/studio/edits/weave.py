"""Two scores on one grid of bars made into one: at each place, and for each part, one of them plays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from engine.studio.compose.clock import Clock
from engine.studio.compose.form import Form, Slot
from engine.studio.compose.harmony import Chords
from engine.studio.compose.sounding import UNPITCHED, without_holes
from engine.studio.score import Chord, Note, Part, Score, SungLine

# From where to where another score plays, in beats; in order, and none overlaps the next.
Spans = tuple[tuple[float, float], ...]

# People play a little ahead of the place that a note belongs to.
AHEAD_S = 0.03
SHORTEST = 0.03
# What a note needs to have left, in beats, to be worth beginning.
HELD = 0.5


def woven(
    base: Score, other: Score, parts: Callable[[str], Spans], clock: Clock, *, chords: Spans = (), voices: Spans = ()
) -> Score:
    """`base`, in which `other` plays each stem in the spans of `parts`; chords and voices have spans of their own.

    A note belongs to the place it starts in and ends at the border. `other`'s lyric lines MUST begin with `base`'s.
    """
    ahead = AHEAD_S / base.beat_s
    seen: dict[tuple[str, str, bool], list[Part]] = {}
    for part in other.parts:
        seen.setdefault((part.stem, part.instrument, part.tune), []).append(part)
    made = []
    # the base's parts come first, so that their faders keep their names
    for part in base.parts:
        fellows = seen.get((part.stem, part.instrument, part.tune))
        fellow = fellows.pop(0).notes if fellows else ()
        made.append(_together(part, fellow, parts(part.stem), ahead))
    alone = [part for fellows in seen.values() for part in fellows]
    made += [_together(replace(part, notes=()), part.notes, parts(part.stem), ahead) for part in alone]
    harmony = _chords(base.chords, other.chords, chords)
    return replace(
        base,
        duration=other.duration,
        chords=harmony,
        parts=without_holes([part for part in made if part.notes], Chords(harmony), clock),
        voice=_lines(base.voice, other.voice, voices),
        backing=_lines(base.backing, other.backing, voices),
        lines=other.lines,
        left_out=other.left_out,
    )


def tidy(score: Score, form: Form) -> tuple[Score, Form]:
    """`score` and `form` without lyric lines that nobody sings any more; those that are left are counted anew."""
    used = sorted({sung.line for sung in (*score.voice, *score.backing)})
    number = {old: new for new, old in enumerate(used)}

    def counted(sung: Iterable[SungLine]) -> tuple[SungLine, ...]:
        return tuple(replace(line, line=number[line.line]) for line in sung)

    def slots(all_of: Sequence[Slot]) -> tuple[Slot, ...]:
        return tuple(replace(slot, line=number[slot.line]) for slot in all_of if slot.line in number)

    stretches = tuple(replace(stretch, slots=slots(stretch.slots)) for stretch in form.stretches)
    return replace(
        score,
        sections=tuple(stretch.section() for stretch in stretches),
        lines=tuple(score.lines[line] for line in used),
        voice=counted(score.voice),
        backing=counted(score.backing),
        left_out=(),
    ), Form(stretches)


def begun(score: Score) -> Score:
    """`score` from where its recording begins: what is held there begins there, what was struck before is not heard."""
    origin = score.origin

    def kept(part: Part, note: Note) -> Note | None:
        if note.start >= origin - AHEAD_S / score.beat_s:
            return replace(note, start=max(note.start, origin))
        rest = note.start + note.length - origin
        return replace(note, start=origin, length=rest) if part.stem not in UNPITCHED and rest > HELD else None

    return replace(
        score,
        parts=tuple(
            replace(part, notes=tuple(new for note in part.notes if (new := kept(part, note)) is not None))
            for part in score.parts
        ),
        chords=tuple(
            replace(chord, start=max(chord.start, origin), length=chord.start + chord.length - max(chord.start, origin))
            for chord in score.chords
            if chord.start + chord.length > origin
        ),
    )


def words_of(score: Score, form: Form) -> str:
    """What is sung, in the order of time, under the names of its sections."""
    starts = [(stretch.start_bar, stretch.kind) for stretch in form.stretches]
    beats = Clock(score.bpm, score.timesignature, score.duration).beats
    text: list[str] = []
    before = None
    for line in score.voice:
        bar = (line.notes[0].start + AHEAD_S / score.beat_s) / beats
        place = max((start for start in starts if start[0] <= bar), default=starts[0])
        if place != before:
            text += [""] * bool(text) + [f"[{place[1]}]"]
        before = place
        text.append(_with_answer(line, score))
    return "\n".join(text)


def _with_answer(line: SungLine, score: Score) -> str:
    """A line as people wrote it, with what the second voice answers in brackets."""
    number = line.line + 1
    answers = any(other.line == number for other in score.backing)
    if answers and score.lines[number].echo and score.lines[number].text.startswith("("):
        return f"{score.lines[line.line].text} {score.lines[number].text}"
    return score.lines[line.line].text


def inside(beat: float, spans: Spans) -> bool:
    """Whether `beat` lies in one of `spans`."""
    return any(start <= beat < end for start, end in spans)


def _together(base: Part, other: Sequence[Note], spans: Spans, ahead: float) -> Part:
    """`base`, with the notes of `other` in `spans`; what `other` holds when a span begins, begins with it."""
    made = []
    for note in base.notes:
        place = note.start + ahead
        if not inside(place, spans):
            border = min((start for start, _ in spans if start > place), default=None)
            made.append(_until(note, border))
    for note in other:
        for start, end in spans:
            if start <= note.start + ahead < end:
                made.append(_until(note, end))
            elif note.start < start <= note.start + note.length - HELD and base.stem not in UNPITCHED:
                made.append(_until(replace(note, start=start, length=note.start + note.length - start), end))
    return replace(base, notes=tuple(sorted(made, key=lambda note: (note.start, note.pitch))))


def _until(note: Note, border: float | None) -> Note:
    if border is None or note.start + note.length <= border:
        return note
    return replace(note, length=max(SHORTEST, border - note.start))


def _lines(base: Sequence[SungLine], other: Sequence[SungLine], spans: Spans) -> tuple[SungLine, ...]:
    stay = [line for line in base if line.notes and not inside(line.notes[0].start, spans)]
    come = [line for line in other if line.notes and inside(line.notes[0].start, spans)]
    return tuple(sorted((*stay, *come), key=lambda line: line.notes[0].start))


def _chords(base: Sequence[Chord], other: Sequence[Chord], spans: Spans) -> tuple[Chord, ...]:
    """Both scores' chords, each cut at the borders of its own ground."""
    grounds: list[tuple[Sequence[Chord], float, float]] = []
    reached = float("-inf")
    for start, end in spans:
        grounds += [(base, reached, start), (other, start, end)]
        reached = end
    grounds.append((base, reached, float("inf")))
    made = []
    for chords, start, end in grounds:
        for chord in chords:
            left, right = max(chord.start, start), min(chord.start + chord.length, end)
            if right - left > 1e-6:
                made.append(replace(chord, start=left, length=right - left))
    return tuple(made)
