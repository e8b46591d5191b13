"""A score as a Standard MIDI file, to be opened in any sequencer or notation program."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import mido

from engine.audio.mark import STATEMENT
from engine.studio.compose.theory import MAJOR_NAMES, MINOR_NAMES
from engine.studio.score import LyricLine, Note, Part, Score, SungLine

TICKS = 480
DRUM_CHANNEL = 9
CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
VOICE_PROGRAM, BACKING_PROGRAM = 53, 52
VOICE_VELOCITY, BACKING_VELOCITY = 96, 70
# General MIDI programs, counted from 0
PROGRAMS = {
    "upright_bass": 32, "electric_bass": 33, "synth_bass": 38, "sub_808": 39, "nylon_guitar": 24, "steel_guitar": 25,
    "clean_guitar": 27, "distorted_guitar": 30, "piano": 0, "electric_piano": 4, "organ": 16, "string_ensemble": 48,
    "solo_violin": 40, "brass_section": 61, "trumpet": 56, "flute": 73, "saxophone": 65, "pad": 89, "pluck": 45,
    "lead": 81,
    "bell": 14, "riser": 119,
}  # fmt: skip
PERCUSSIVE = frozenset({"drums", "percussion"})

Event = tuple[int, int, mido.Message | mido.MetaMessage]


def to_midi(score: Score) -> bytes:
    """The file's bytes: tempo, metre, key and sections first, then the voices with their words, then one track a part.

    The same score gives the same bytes. Ticks count quarter notes, so a beat of 6/8 has one and a half quarters. The
    file begins where the recording does, so a song whose first bar is not whole begins inside a bar.
    """
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS, charset="utf-8")
    score = score.moved(-score.origin) if score.origin else score
    beat = TICKS * 3 // 2 if score.timesignature == "6/8" else TICKS
    end = round(score.duration / score.beat_s * beat)
    file.tracks.append(_conductor(score, beat, end))
    channels = iter(CHANNELS * 8)
    if score.voice:
        notes = _sung(score.voice, beat, next(channels), VOICE_PROGRAM, VOICE_VELOCITY, score.lines)
        file.tracks.append(_track("Vocals", notes, end))
    if score.backing:
        notes = _sung(score.backing, beat, next(channels), BACKING_PROGRAM, BACKING_VELOCITY, ())
        file.tracks.append(_track("Backing vocals", notes, end))
    for part in score.parts:
        drums = part.stem in PERCUSSIVE
        file.tracks.append(
            _track(_name(part), _part(part, beat, DRUM_CHANNEL if drums else next(channels), drums), end)
        )
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _conductor(score: Score, beat: int, end: int) -> mido.MidiTrack:
    above, below = (int(number) for number in score.timesignature.split("/"))
    quarter_bpm = score.bpm * beat / TICKS
    key = (MINOR_NAMES if score.minor else MAJOR_NAMES)[score.tonic] + ("m" if score.minor else "")
    bar = beat * (above if below == 4 else 2)
    events: list[Event] = [
        (0, 0, mido.MetaMessage("set_tempo", tempo=round(mido.bpm2tempo(quarter_bpm)))),
        (0, 1, mido.MetaMessage("time_signature", numerator=above, denominator=below)),
        (0, 2, mido.MetaMessage("key_signature", key=key)),
        (0, 2, mido.MetaMessage("text", text=STATEMENT)),
    ]
    events += [
        (max(0, round(section.start_bar * bar - score.origin * beat)), 3, mido.MetaMessage("marker", text=section.kind))
        for section in score.sections
    ]
    return _track(score.title, events, end)


def _name(part: Part) -> str:
    return part.instrument.replace("_", " ").capitalize()


def _part(part: Part, beat: int, channel: int, drums: bool) -> Iterable[Event]:
    if not drums:
        yield 0, 0, mido.Message("program_change", channel=channel, program=PROGRAMS[part.instrument])
    yield 0, 1, mido.Message("control_change", channel=channel, control=10, value=round(64 + 63 * part.pan))
    yield from _keys(part.notes, beat, channel)


def _keys(notes: Sequence[Note], beat: int, channel: int) -> Iterable[Event]:
    """Note on and off. A key that is struck again while it sounds is let go first."""
    struck: dict[int, dict[int, Note]] = {}
    for note in notes:
        struck.setdefault(note.pitch, {}).setdefault(max(0, round(note.start * beat)), note)
    for pitch, by_start in sorted(struck.items()):
        starts = sorted(by_start)
        for start, following in zip(starts, [*starts[1:], None], strict=True):
            note = by_start[start]
            stop = max(start + 1, round((note.start + note.length) * beat))
            stop = stop if following is None else min(stop, following)
            velocity = min(127, max(1, round(note.velocity * 127)))
            yield start, 5, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)
            yield stop, 4, mido.Message("note_off", channel=channel, note=pitch, velocity=0)


def _sung(
    voice: Sequence[SungLine], beat: int, channel: int, program: int, velocity: int, lines: Sequence[LyricLine]
) -> Iterable[Event]:
    yield 0, 0, mido.Message("program_change", channel=channel, program=program)
    notes = []
    for sung in voice:
        notes += [Note(note.start, note.length, note.pitch, velocity / 127) for note in sung.notes]
        if not lines:
            continue
        line = lines[sung.line]
        seen: set[int] = set()
        words: set[int] = set()
        for note in sung.notes:
            if note.syllable in seen:
                continue
            seen.add(note.syllable)
            word = line.syllables[note.syllable].word
            text = "-" if word in words else f"{line.words[word]} "
            words.add(word)
            yield round(note.start * beat), 3, mido.MetaMessage("lyrics", text=text)
    yield from _keys(notes, beat, channel)


def _track(name: str, events: Iterable[Event], end: int) -> mido.MidiTrack:
    """Events in the order of time, as differences; equal times keep the order of their kind."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    now = 0
    for at, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=max(0, at - now)))
        now = max(now, at)
    track.append(mido.MetaMessage("end_of_track", time=max(0, end - now)))
    return track
