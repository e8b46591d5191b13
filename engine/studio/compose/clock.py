"""The time of a song: bars, beats and steps, and where the last chord falls so that the length comes out exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.studio.score import BEATS_PER_BAR

# A final chord rings for two to four seconds, which is what plucked strings last; very short songs have less room.
SHORTEST_RING_S, LONGEST_RING_S = 1.8, 4.2
# A cold ending is a stroke and its echo.
SHORTEST_STROKE_S, LONGEST_STROKE_S = 0.8, 1.6
FADE_S = 0.8
# Held notes end this long before the song, whose own fade is under way by then.
DECAY_S = 0.4
QUICKEST_CHORD_S, SLOWEST_CHORD_S = 1.35, 4.6


@dataclass(frozen=True)
class Clock:
    """Times are in beats from the first downbeat; `swing` is where the off-beat falls in its beat (0.5 is straight).

    A `cold` ending is cut short instead of ringing out.
    """

    bpm: float
    timesignature: str
    duration: float
    swing: float = 0.5
    swing_unit: float = 1.0
    cold: bool = False

    @property
    def beats(self) -> int:
        """Beats a bar."""
        return BEATS_PER_BAR[self.timesignature]

    @property
    def compound(self) -> bool:
        """True where a beat has three parts."""
        return self.timesignature == "6/8"

    @property
    def beat_s(self) -> float:
        return 60.0 / self.bpm

    @property
    def bar_s(self) -> float:
        return self.beat_s * self.beats

    @property
    def steps(self) -> int:
        """Steps of a bar: sixteenths."""
        return self.beats * (6 if self.compound else 4)

    @property
    def step(self) -> float:
        """Length of a step in beats."""
        return self.beats / self.steps

    @property
    def stretch(self) -> int:
        """Bars that one bar of a pattern lasts: 2 where the beat is too quick to divide, so the feel is half time."""
        quickest = {"6/8": 140, "3/4": 260}.get(self.timesignature, 184)
        return 2 if self.bpm > quickest else 1

    @property
    def end(self) -> float:
        """The song's length in beats."""
        return self.duration / self.beat_s

    @property
    def bars(self) -> int:
        """Bars that cover the whole song, the last one perhaps in part."""
        return max(1, math.ceil(self.end / self.beats - 1e-9))

    @property
    def last(self) -> float:
        """Where the final chord begins: a downbeat, or a beat inside the bar where bars are very long."""
        ring = min(SHORTEST_STROKE_S if self.cold else SHORTEST_RING_S, 0.3 * self.duration)
        longest = LONGEST_STROKE_S if self.cold else LONGEST_RING_S
        beat = math.floor((self.duration - ring) / self.beat_s + 1e-9)
        for grid in (self.beats, 2 if self.beats == 4 else 1, 1):
            start = beat - beat % grid
            if self.duration - start * self.beat_s <= longest and (start or not beat):
                return float(start)
        return float(beat)

    @property
    def body(self) -> int:
        """Whole bars before the bar of the final chord."""
        return int(self.last // self.beats)

    @property
    def release(self) -> float:
        """Where held notes of the final chord end, in beats; the rest of the song is their decay."""
        if self.cold:
            return self.last + 0.5 * (self.end - self.last)
        return max(self.end - DECAY_S / self.beat_s, self.last + 0.25 * (self.end - self.last))

    @property
    def unit(self) -> float:
        """Beats from chord to chord: a bar, or more or less of it where bars are very short or long."""
        if self.bar_s < QUICKEST_CHORD_S / 2:
            return self.beats * 4.0
        if self.bar_s < QUICKEST_CHORD_S:
            return self.beats * 2.0
        if self.bar_s > SLOWEST_CHORD_S and self.beats % 2 == 0:
            return self.beats / 2
        return float(self.beats)

    def swung(self, beat: float) -> float:
        """Where `beat` of the straight grid sounds."""
        if self.swing == 0.5 or self.compound:
            return beat
        whole, part = divmod(beat / self.swing_unit, 1.0)
        late = part * 2 * self.swing if part < 0.5 else self.swing + (part - 0.5) * 2 * (1 - self.swing)
        return (whole + late) * self.swing_unit

    def straight(self, beat: float) -> float:
        """The place on the straight grid of what sounds at `beat`: the inverse of `swung`."""
        if self.swing == 0.5 or self.compound:
            return beat
        whole, part = divmod(beat / self.swing_unit, 1.0)
        early = part / (2 * self.swing) if part < self.swing else 0.5 + (part - self.swing) / (2 * (1 - self.swing))
        return (whole + early) * self.swing_unit

    def late(self, ms: float) -> float:
        """`ms` in beats, at most a quarter of a step, so that quick music stays together."""
        most = self.step / 4
        return min(most, max(-most, ms / 1000 / self.beat_s))

    def weight(self, beat: float) -> float:
        """How strong the metre is at `beat`: 3 on the downbeat, 0 between the eighths."""
        place = beat % self.beats
        near = round(place)
        if abs(place - near) < 1e-6:
            if near % self.beats == 0:
                return 3.0
            return 2.2 if self.beats == 4 and near == 2 else (1.8 if self.beats == 2 else 1.3)
        part = place % 1.0
        eighths = (1 / 3, 2 / 3) if self.compound else (0.5,)
        return 0.5 if any(abs(part - eighth) < 1e-6 for eighth in eighths) else 0.0
