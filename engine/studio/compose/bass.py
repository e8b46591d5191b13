"""The bass: roots where the harmony turns, in step with the kick, in the manner of the genre."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.studio.compose.clock import Clock
from engine.studio.compose.harmony import Chords
from engine.studio.score import Chord

RANGES = {"upright_bass": (28, 50), "electric_bass": (28, 50), "synth_bass": (28, 48), "sub_808": (26, 44)}

WALKS_FROM = 0.53


@dataclass(frozen=True)
class Step:
    """A bass note before it is swung and played: `start` in beats of the song's straight grid."""

    start: float
    length: float
    pitch: int
    velocity: float


@dataclass(frozen=True)
class Ground:
    """What a bar of bass is made from. `tones` are the scale's pitch classes; `energy` is the section's."""

    start: float
    clock: Clock
    chords: Chords
    kicks: Sequence[float]
    scale: frozenset[int]
    energy: float
    low: int
    high: int
    draw: random.Random

    @property
    def end(self) -> float:
        return min(self.start + self.clock.beats, self.clock.last)

    def pitch(self, pitch_class: int, near: int | None = None) -> int:
        """The place of `pitch_class` in the instrument's low octave, or nearest to a pitch."""
        lowest = self.low + (pitch_class - self.low) % 12
        if near is None:
            return lowest
        places = [place for place in (lowest, lowest + 12, lowest + 24) if place <= self.high]
        return min(places or [lowest], key=lambda place: abs(place - near))

    def root(self, beat: float) -> int:
        return self.pitch(self.chords.at(beat).root)

    def fifth(self, beat: float) -> int:
        chord = self.chords.at(beat)
        tone = chord.tones[2] if len(chord.tones) > 2 else (chord.root + 7) % 12
        return self.pitch(tone, self.root(beat) + 5)

    def approach(self, target: int) -> int:
        """A scale note, or a half step, just below or above `target`."""
        near = [target + step for step in (-2, -1, 1, 2) if (target + step) % 12 in self.scale]
        return self.draw.choice([place for place in near if self.low <= place <= self.high] or [target])


def held(ground: Ground, places: Sequence[tuple[float, int, float]], share: float = 0.92) -> list[Step]:
    """Notes that last until the next one, `share` of the way."""
    places = sorted(place for place in places if place[0] < ground.end - 1e-6)
    ends = [*(start for start, _, _ in places[1:]), *([ground.end] if places else ())]
    return [
        Step(start, max(0.1, (end - start) * share), pitch, velocity)
        for (start, pitch, velocity), end in zip(places, ends, strict=True)
    ]


def _kick(ground: Ground) -> list[Step]:
    starts = {ground.start + beat for beat in ground.kicks}
    starts |= {chord.start for chord in ground.chords.between(ground.start, ground.end) if chord.start >= ground.start}
    starts |= {ground.start}
    places = []
    for start in sorted(starts):
        pitch = ground.root(start)
        if ground.energy > 0.6 and start % 1 and ground.draw.random() < 0.25:
            pitch = ground.draw.choice((ground.fifth(start), ground.pitch(ground.chords.at(start).root, pitch + 12)))
        places.append((start, pitch, 0.86 if start % ground.clock.beats == 0 else 0.74))
    if ground.draw.random() < 0.45 and ground.energy > 0.4:
        following = ground.root(ground.end)
        if following != ground.root(ground.end - 0.5):
            places.append((ground.end - 0.5, ground.approach(following), 0.66))
    return held(ground, places, 0.9)


def _even(ground: Ground, step: float, share: float, accents: float = 1.0) -> list[Step]:
    places = []
    count = round((ground.end - ground.start) / step)
    for at in range(count):
        start = ground.start + at * step
        pitch = ground.root(start)
        late = at == count - 1 and ground.root(ground.end) != pitch
        if late and ground.draw.random() < 0.5:
            pitch = ground.approach(ground.root(ground.end))
        strong = abs(start / accents - round(start / accents)) < 1e-6
        places.append((start, pitch, 0.84 if strong else 0.7))
    return held(ground, places, share)


def _eighths(ground: Ground) -> list[Step]:
    quick = 0.5 if not ground.clock.compound else 1 / 3
    if ground.clock.stretch > 1 or ground.energy < 0.42:
        quick *= 2
    return _even(ground, quick, 0.88)


def _walk(ground: Ground) -> list[Step]:
    """Quarter notes that step through the chord toward the next root; in quiet sections two to the bar."""
    if ground.energy < WALKS_FROM and not ground.clock.compound:
        return _two(ground)
    places: list[tuple[float, int, float]] = []
    beat = 1.0 if not ground.clock.compound else 1 / 3 if ground.clock.bpm < 60 else 2 / 3
    if not ground.clock.compound and ground.clock.bpm > 230:
        beat = 2.0
    count = max(1, round((ground.end - ground.start) / beat))
    pitch = ground.root(ground.start)
    up = ground.draw.random() < 0.5
    for at in range(count):
        start = ground.start + at * beat
        chord = ground.chords.at(start)
        if at == 0 or abs(chord.start - start) < 1e-6:
            pitch = ground.pitch(chord.root, pitch)
        elif at == count - 1:
            target = ground.pitch(ground.chords.at(ground.end).root, pitch)
            pitch = target + ground.draw.choice((-1, 1) if pitch != target else (-1, 1, 5))
        else:
            tones = {tone % 12 for tone in chord.tones} | {(chord.root + 2) % 12}
            steps = [pitch + move for move in ((1, 2, 3, 4, 5) if up else (-1, -2, -3, -4, -5))]
            options = [place for place in steps if place % 12 in tones and ground.low <= place <= ground.high - 2]
            if not options:
                up = not up
                options = [place for place in range(ground.low, ground.high) if place % 12 in tones]
                options.sort(key=lambda place: abs(place - pitch))
                options = [place for place in options if place != pitch][:2]
            pitch = ground.draw.choice(options[:2])
        pitch = min(max(pitch, ground.low), ground.high)
        places.append((start, pitch, 0.8 if at % 2 == 0 else 0.72))
    result = held(ground, places, 0.94)
    if ground.draw.random() < 0.2 and len(result) > 2 and not ground.clock.compound:
        skip = result[-1]
        result[-1] = Step(skip.start, skip.length * 0.6, skip.pitch, skip.velocity)
        result.append(Step(skip.start + beat * 0.66, beat * 0.25, skip.pitch, 0.5))
    return result


def _two(ground: Ground) -> list[Step]:
    """Root on the first beat, fifth in the middle; a run into the next chord now and then."""
    middle = {2: 1.0, 3: 2.0, 4: 2.0}[ground.clock.beats]
    places = [(ground.start, ground.root(ground.start), 0.84)]
    if ground.start + middle < ground.end:
        beat = ground.start + middle
        same = ground.chords.at(beat).start <= ground.start
        places.append((beat, ground.fifth(beat) if same else ground.root(beat), 0.74))
    if ground.clock.beats == 4 and ground.draw.random() < 0.3 and ground.root(ground.end) != ground.root(ground.start):
        places.append((ground.end - 1, ground.approach(ground.root(ground.end)), 0.68))
    return held(ground, places, 0.8)


def _onedrop(ground: Ground) -> list[Step]:
    """Melodic reggae lines that leave room: rests on some strong beats, thirds and fifths around the root."""
    if ground.clock.beats != 4:
        return _two(ground)
    shapes = (
        ((0, "r"), (0.75, "r"), (1.5, "f"), (2, "r"), (3, "t")),
        ((0, "r"), (1, "t"), (1.5, "f"), (2.5, "r"), (3, "r")),
        ((0.5, "r"), (1, "r"), (1.5, "t"), (2, "f"), (3, "r")),
        ((0, "r"), (0.5, "r"), (2, "f"), (2.5, "t"), (3, "r")),
    )
    shape = ground.draw.choice(shapes)
    places = []
    for beat, which in shape:
        start = ground.start + beat
        chord = ground.chords.at(start)
        third = ground.pitch(chord.tones[1], ground.root(start) + 4)
        pitch = {"r": ground.root(start), "f": ground.fifth(start), "t": third}[which]
        places.append((start, pitch, 0.86))
    return held(ground, places, 0.85)


def _tumbao(ground: Ground) -> list[Step]:
    """The fifth after the second beat, and the next chord's root before its bar."""
    if ground.clock.beats != 4:
        return _two(ground)
    first = ground.chords.at(ground.start)
    places = [
        (ground.start + 1.5, ground.fifth(ground.start + 1.5), 0.78),
        (ground.start + 3, ground.root(ground.end), 0.84),
    ]
    if ground.start == 0 or ground.draw.random() < 0.3:
        places.append((ground.start, ground.pitch(first.root), 0.8))
    return held(ground, places, 0.95)


def _offbeat(ground: Ground) -> list[Step]:
    """Between the kicks, as house music pumps; running sixteenths where it is loud."""
    places = []
    for beat in range(round(ground.end - ground.start)):
        start = ground.start + beat
        root = ground.root(start)
        if ground.clock.compound:
            places += [(start, root, 0.8), (start + 2 / 3, root, 0.7)]
            continue
        places.append((start + 0.5, root, 0.84))
        if ground.energy > 0.6:
            places += [
                (start + 0.25, root, 0.6),
                (start + 0.75, root + (12 if ground.draw.random() < 0.35 else 0), 0.7),
            ]
    first = ground.start
    if ground.energy <= 0.4:
        return held(ground, [(first, ground.root(first), 0.8)], 0.95)
    return held(ground, places, 0.85)


def _sub(ground: Ground) -> list[Step]:
    """Long 808 notes on the kick; overlapping notes are slides."""
    starts = sorted({ground.start, *(ground.start + beat for beat in ground.kicks)})
    wide = [start for at, start in enumerate(starts) if at == 0 or start - starts[at - 1] >= 0.5]
    places = [(start, ground.root(start), 0.86) for start in wide]
    if ground.energy > 0.45 and ground.draw.random() < 0.4:
        start = ground.end - 0.5
        slide = ground.draw.choice(
            (ground.pitch(ground.chords.at(start).root, ground.root(start) + 12), ground.fifth(start))
        )
        places = [place for place in places if place[0] < start - 0.2] + [(start, slide, 0.78)]
    return held(ground, places, 1.04)


def _gallop(ground: Ground) -> list[Step]:
    if ground.energy < 0.55 or ground.clock.compound or ground.clock.stretch > 1:
        return _eighths(ground)
    places = []
    for beat in range(round(ground.end - ground.start)):
        start = ground.start + beat
        places += [(start, ground.root(start), 0.88), (start + 0.5, ground.root(start), 0.7)]
        places.append((start + 0.75, ground.root(start), 0.74))
    return held(ground, places, 0.9)


def _pedal(ground: Ground) -> list[Step]:
    """One long note a chord."""
    starts = {ground.start}
    starts |= {chord.start for chord in ground.chords.between(ground.start, ground.end) if chord.start > ground.start}
    return held(ground, [(start, ground.root(start), 0.72) for start in starts], 0.97)


def _shuffle(ground: Ground) -> list[Step]:
    """The boogie line: root, third, fifth, sixth and back, in quarters with a skip."""
    if ground.clock.beats != 4:
        return _walk(ground)
    chord = ground.chords.at(ground.start)
    root = ground.root(ground.start)
    third = (chord.tones[1] - chord.root) % 12 if len(chord.tones) > 1 else 4
    shape = ground.draw.choice(((0, third, 7, 9), (0, 0, 7, 9), (0, third, 7, third), (0, 7, 9, 7)))
    places = []
    for beat, move in enumerate(shape):
        start = ground.start + beat
        here = ground.chords.at(start)
        pitch = root + move if here.root == chord.root else ground.root(start) + (move if move == 7 else 0)
        places.append((start, min(pitch, ground.high), 0.84))
        if ground.draw.random() < 0.3:
            places.append((start + 0.5, min(pitch, ground.high), 0.58))
    return held(ground, places, 0.85)


def _bossa(ground: Ground) -> list[Step]:
    """Root and fifth in dotted quarters."""
    if ground.clock.beats != 4:
        return _two(ground)
    places = []
    for beat, fifth in ((0.0, False), (1.5, True), (2.0, True), (3.5, False)):
        start = ground.start + beat
        ahead = beat == 3.5
        pitch = ground.root(ground.end) if ahead else ground.fifth(start) if fifth else ground.root(start)
        places.append((start, pitch, 0.82 if beat in (0.0, 2.0) else 0.66))
    return held(ground, places, 0.9)


STYLES: dict[str, Callable[[Ground], list[Step]]] = {
    "kick": _kick, "eighths": _eighths, "walk": _walk, "two": _two, "onedrop": _onedrop, "tumbao": _tumbao,
    "offbeat": _offbeat, "sub": _sub, "gallop": _gallop, "pedal": _pedal, "shuffle": _shuffle, "bossa": _bossa,
}  # fmt: skip


def bass_bar(style: str, ground: Ground) -> list[Step]:
    """A bar of bass in `style`; nothing where the bar lies behind the final chord's beginning."""
    if ground.start >= ground.clock.last:
        return []
    return [
        Step(step.start, min(step.length, max(0.1, ground.end - step.start) * 1.05), step.pitch, step.velocity)
        for step in STYLES[style](ground)
        if step.start < ground.end - 1e-6
    ]


def final(chord: Chord, ground: Ground) -> Step:
    """The root under the final chord."""
    return Step(ground.clock.last, ground.clock.release - ground.clock.last, ground.pitch(chord.root), 0.8)
