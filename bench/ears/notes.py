"""What a MIDI file says: its notes in beats and seconds, its sections, its metre."""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import dataclass

import librosa
import mido

DRUM_CHANNEL = 9


@dataclass(frozen=True)
class Note:
    """Times in quarter notes from the start of the song. `track` is the track's name, with its place among all."""

    track: str
    start: float
    length: float
    pitch: int
    velocity: int
    drum: bool


@dataclass(frozen=True)
class Section:
    """From quarter note `start` until `end`."""

    kind: str
    start: float
    end: float


@dataclass(frozen=True)
class Notes:
    """A whole file. `bar`: quarter notes in a bar; `quarter_s`: seconds of one; `tonic` 0 to 11."""

    notes: tuple[Note, ...]
    sections: tuple[Section, ...]
    bar: float
    quarter_s: float
    tonic: int

    def of(self, name: str) -> tuple[Note, ...]:
        """The notes of the tracks called `name`, in the order of time."""
        return tuple(note for note in self.notes if note.track == name)


def read(midi: bytes) -> Notes:
    """A file of one tempo and one metre."""
    file = mido.MidiFile(file=io.BytesIO(midi))
    notes: list[Note] = []
    marks: list[tuple[float, str]] = []
    tempo, bar, tonic, end = 500_000, 4.0, 0, 0.0
    seen: dict[str, int] = defaultdict(int)
    for track in file.tracks:
        seen[track.name] += 1
        name = track.name if seen[track.name] == 1 else f"{track.name} {seen[track.name]}"
        now = 0.0
        struck: dict[tuple[int, int], tuple[float, int]] = {}
        for message in track:
            now += message.time / file.ticks_per_beat
            if message.type == "set_tempo":
                tempo = message.tempo
            elif message.type == "time_signature":
                bar = 4 * message.numerator / message.denominator
            elif message.type == "key_signature":
                tonic = int(librosa.note_to_midi(f"{message.key.removesuffix('m')}4")) % 12
            elif message.type == "marker":
                marks.append((now, message.text))
            elif message.type == "note_on" and message.velocity:
                struck[message.channel, message.note] = (now, message.velocity)
            elif message.type in ("note_off", "note_on") and (message.channel, message.note) in struck:
                start, velocity = struck.pop((message.channel, message.note))
                drum = message.channel == DRUM_CHANNEL
                notes.append(Note(name, start, now - start, message.note, velocity, drum))
        end = max(end, now)
    ends = [*(start for start, _ in marks[1:]), end]
    sections = tuple(Section(kind, start, stop) for (start, kind), stop in zip(marks, ends, strict=True))
    return Notes(tuple(sorted(notes, key=lambda note: (note.start, note.pitch))), sections, bar, tempo / 1e6, tonic)
