"""A job as the terminal prints it, where it made no song."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.on_terminal.lines import job_lines
from bot.on_terminal.progress import words_for
from bot.on_terminal.report import as_json
from engine.spec import Analysis
from tests.unit.test_card import HEARD, LISTENED

SONGS = Path("/nowhere")


def test_an_analysis_is_printed_in_lines_and_as_the_fields_it_has() -> None:
    assert job_lines(LISTENED, SONGS) == [
        "♪ Night Drive",
        "  1:00 · 96 BPM · probably A Minor · a guess: 4/4",
        "  Caption: driving synth-pop with a wide lead",
        "  Chords of part C, probably: | A | F | C | G |",
        "  Sections, a guess: intro 0:00, verse 0:10, part C 0:30",
        "  Language: English",
        "  Loudness: -9.3 LUFS",
        "by The Lanterns",
        "#12 · 0 credits",
    ]
    printed = as_json(LISTENED, SONGS)
    assert printed["tracks"] == []
    assert Analysis.model_validate(printed["analysis"]) == HEARD


def test_while_it_listens_it_says_so() -> None:
    job = replace(LISTENED, status="PROCESSING", stage="planning", analysis=None)
    assert words_for(job) == "♪ #12 Night Drive: listening"
    assert job_lines(job, SONGS) == ["#12 Night Drive: listening"]
