"""A job as the terminal prints it, where it made no song."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from bot import moments
from bot.answers import Answer
from bot.commands import catalogue
from bot.deeds import DEEDS, Deed
from bot.on_terminal.deeds import typed
from bot.on_terminal.lines import answer_lines, job_lines
from bot.on_terminal.progress import words_for
from bot.on_terminal.report import answer_json, as_json
from bot.syntax import parse_command
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


def test_what_buttons_do_in_a_chat_is_a_command_here() -> None:
    """Each command is one that this terminal takes; times are told in UTC, for a terminal knows no other."""
    offered = Answer(
        f"It ends {moments.at(1_800_000_000_000)}.",
        deeds=(Deed("run_start", 12), Deed("entry_show", 5)),
        choices=(Deed("vote", 3, 2, "#2 Rain"), Deed("theme", 3, 0, "the sea"), Deed("entered", 3, 12 * 16 + 1)),
    )
    commands = [
        "minstrel runs start 12",
        "minstrel play '/challenge vote 2 challenge:3'  # #2 Rain",
        "minstrel play '/challenge vote 1 challenge:3'  # the sea",
        "minstrel play '/challenge enter 12 take:2 challenge:3'",
    ]
    assert answer_lines(offered) == ["It ends 2027-01-15 08:00 UTC.", *commands]
    assert answer_json(offered)["commands"] == commands
    for deed in (Deed(name, 3, 17) for name in DEEDS):
        told = typed(deed) or ""
        words = shlex.split(told)
        if words[:2] == ["minstrel", "play"]:
            assert parse_command(words[2], catalogue()).values.get("challenge", "3") == "3"


def test_while_it_listens_it_says_so() -> None:
    job = replace(LISTENED, status="PROCESSING", stage="planning", analysis=None)
    assert words_for(job) == "♪ #12 Night Drive: listening"
    assert job_lines(job, SONGS) == ["#12 Night Drive: listening"]
