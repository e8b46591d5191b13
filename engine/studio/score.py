"""The score: everything a song is before it sounds. Times in beats from its first bar line, pitches as MIDI numbers.

A beat is a quarter note in x/4 metres and a dotted quarter in 6/8 (so an eighth there is a third of a beat).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.spec.fields import BEATS_PER_BAR as BEATS_PER_BAR


@dataclass(frozen=True)
class Note:
    """`pitch`: MIDI number; for drum kits the General MIDI percussion number (36 kick, 38 snare, 42 hat ...)."""

    start: float
    length: float
    pitch: int
    velocity: float


@dataclass(frozen=True)
class Part:
    """One instrument's line. `stem`: one of the twelve stem names; `instrument`: see `engine.spec.preset`.

    `tune` is True for the one that carries the melody where nobody sings.
    """

    stem: str
    instrument: str
    notes: tuple[Note, ...]
    gain_db: float = 0.0
    pan: float = 0.0
    tune: bool = False


@dataclass(frozen=True)
class Section:
    """`kind`: intro, verse, prechorus, chorus, bridge, solo, break, outro. `energy` 0 to 1 shapes density and level."""

    kind: str
    start_bar: int
    bars: int
    energy: float


@dataclass(frozen=True)
class Chord:
    """`root` 0-11; `tones` are pitch classes, root first; `name` as people write it ("Am7")."""

    start: float
    length: float
    root: int
    tones: tuple[int, ...]
    name: str


@dataclass(frozen=True)
class SungNote:
    """One note of the melody. `syllable` indexes the line's syllables; several notes on one syllable are a melisma."""

    start: float
    length: float
    pitch: int
    syllable: int


@dataclass(frozen=True)
class SungLine:
    """A lyric line set to notes; `line` indexes the lyric lines that were read. `spoken`: rhythmic speech (rap).

    `singer` is female, male or choir; empty where it is whoever sings the part.
    """

    line: int
    notes: tuple[SungNote, ...]
    spoken: bool = False
    singer: str = ""


@dataclass(frozen=True)
class Syllable:
    """A syllable as it will be sung: which word it belongs to, and whether the language stresses it (0, 1, 2)."""

    word: int
    stress: int


@dataclass(frozen=True)
class LyricLine:
    """A line of the lyrics, read by the voice: its words and syllables; `section` as its tag said ("verse").

    `language` is empty where it is the song's. `singer` (female, male, choir, both) and `delivery` (spoken, sung) are
    what a tag asked for, empty where it is as usual. An `echo` is the second voice's answer to the line before it.
    """

    text: str
    section: str
    words: tuple[str, ...]
    syllables: tuple[Syllable, ...]
    language: str = ""
    singer: str = ""
    delivery: str = ""
    echo: bool = False


@dataclass(frozen=True)
class Score:
    """A composed song. `duration` in seconds is exact; music that rings past it is faded inside it.

    `backing` is the second voice, on the words of the lines it accompanies; `left_out` are lines that found no room.
    `origin` is the beat at which the recording begins: above 0 where its first bar is not whole. Of a loop, `loop` is
    the beats after which every note comes again just as it was.
    """

    title: str
    style: str
    seed: int
    bpm: float
    tonic: int
    minor: bool
    timesignature: str
    duration: float
    sections: tuple[Section, ...]
    chords: tuple[Chord, ...]
    parts: tuple[Part, ...]
    voice: tuple[SungLine, ...] = ()
    swing: float = 0.5
    lines: tuple[LyricLine, ...] = field(default=())
    backing: tuple[SungLine, ...] = ()
    left_out: tuple[int, ...] = ()
    origin: float = 0.0
    loop: float | None = None

    @property
    def beat_s(self) -> float:
        """Seconds a beat."""
        return 60.0 / self.bpm

    def seconds(self, beat: float) -> float:
        """Where `beat` sounds in the recording; below 0 it is cut off."""
        return (beat - self.origin) * self.beat_s

    def moved(self, beats: float) -> Score:
        """All notes, chords and sung lines so many beats later; the sections, which count bars, stay."""

        def voice(lines: tuple[SungLine, ...]) -> tuple[SungLine, ...]:
            return tuple(
                replace(line, notes=tuple(replace(note, start=note.start + beats) for note in line.notes))
                for line in lines
            )

        return replace(
            self,
            chords=tuple(replace(chord, start=chord.start + beats) for chord in self.chords),
            parts=tuple(
                replace(part, notes=tuple(replace(note, start=note.start + beats) for note in part.notes))
                for part in self.parts
            ),
            voice=voice(self.voice),
            backing=voice(self.backing),
        )
