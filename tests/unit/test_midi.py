"""Scores as MIDI files, read back as a sequencer would."""

from __future__ import annotations

import io

import mido
import pytest

from engine.studio.compose import compose
from engine.studio.midi import PROGRAMS, to_midi
from engine.studio.score import Score
from tests.unit import studio


def song(genre: str, metre: str = "4/4", bpm: int = 100, sung: bool = True) -> Score:
    brief = studio.brief(genre, seed=2, bpm=bpm, timesignature=metre, keyscale="F# Minor")
    return compose(brief, studio.lines() if sung else (), 60.0, 2, "Stay With Me")


def opened(score: Score) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(to_midi(score)), charset="utf-8")


@pytest.mark.row("G15")
@pytest.mark.parametrize(("metre", "quarters"), [("2/4", 100.0), ("3/4", 100.0), ("4/4", 100.0), ("6/8", 150.0)])
def test_tempo_metre_key_and_length_are_written(metre: str, quarters: float) -> None:
    file = opened(song("Folk", metre))
    first = {message.type: message for message in file.tracks[0]}
    assert mido.tempo2bpm(first["set_tempo"].tempo) == pytest.approx(quarters, abs=0.01)
    assert f"{first['time_signature'].numerator}/{first['time_signature'].denominator}" == metre
    assert first["key_signature"].key == "F#m"
    assert first["track_name"].name == "Stay With Me"
    assert file.length == pytest.approx(60.0, abs=0.01)


def test_there_is_a_track_for_each_part_with_its_sound() -> None:
    for genre in studio.presets():
        score = song(genre, sung=False)
        file = opened(score)
        tracks = file.tracks[1:]
        assert len(tracks) == len(score.parts)
        for track, part in zip(tracks, score.parts, strict=True):
            programs = [message.program for message in track if message.type == "program_change"]
            channels = {message.channel for message in track if message.type == "note_on"}
            if part.stem in ("drums", "percussion"):
                assert channels == {9}
                assert not programs
            else:
                assert programs == [PROGRAMS[part.instrument]]
                assert 9 not in channels


def test_every_note_ends() -> None:
    for track in opened(song("Latin")).tracks:
        sounding: set[int] = set()
        for message in track:
            if message.type == "note_on":
                assert message.note not in sounding
                sounding.add(message.note)
            elif message.type == "note_off":
                sounding.remove(message.note)
        assert not sounding


def test_the_melody_carries_its_words() -> None:
    score = song("Modern Pop")
    vocals = opened(score).tracks[1]
    text = "".join(message.text for message in vocals if message.type == "lyrics")
    assert text.replace("-", "").split()[:8] == list(score.lines[0].words)
    notes = [message.note for message in vocals if message.type == "note_on"]
    assert notes == [note.pitch for line in score.voice for note in line.notes]


def test_the_same_score_is_the_same_file() -> None:
    assert to_midi(song("Jazz")) == to_midi(song("Jazz"))


def test_notes_say_that_a_machine_wrote_them() -> None:
    texts = [message.text for message in opened(song("Folk")).tracks[0] if message.type == "text"]
    assert texts == ["AI-generated with Minstrel"]
