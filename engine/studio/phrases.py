"""From a score's sung lines, in beats, to phrases for the singer, in seconds."""

from __future__ import annotations

from collections.abc import Sequence

from engine.studio.score import Score, SungLine
from engine.studio.voice.sing import PhraseNote, PhrasePlan


def phrases(score: Score, lines: Sequence[SungLine]) -> tuple[PhrasePlan, ...]:
    """`lines` are the score's lead or its backing; the phrases come in the order they are sung."""
    at = score.seconds
    in_order = sorted((line for line in lines if line.notes), key=lambda line: line.notes[0].start)
    return tuple(
        PhrasePlan(
            score.lines[line.line],
            tuple(
                PhraseNote(note.pitch, at(note.start), at(note.start + note.length), note.syllable)
                for note in line.notes
            ),
            spoken=line.spoken,
        )
        for line in in_order
    )
