"""A voice alone: counted in, without long holes, and with nobody beside it who wasn't asked for."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.studio.caption import understand
from engine.studio.compose.brief import Brief
from engine.studio.compose.song import compose, composed
from engine.studio.kept import Kept, from_bytes, to_bytes
from engine.studio.score import BEATS_PER_BAR, Score
from engine.studio.sound.mix import Desk
from tests.unit import studio


def alone(caption: str = "folk", seed: int = 1, **given: Any) -> Brief:
    return replace(studio.brief(None, caption, seed, **given), alone=True)


def rests(score: Score) -> list[float]:
    """Seconds of silence before each line, and after the last one."""
    ends = [0.0, *((line.notes[-1].start + line.notes[-1].length) * score.beat_s for line in score.voice)]
    starts = [*(line.notes[0].start * score.beat_s for line in score.voice), score.duration]
    return [start - end for start, end in zip(starts, ends, strict=True)]


@settings(max_examples=60, deadline=None)
@given(
    duration=st.floats(6, 120), bpm=st.integers(50, 180), metre=st.sampled_from(("2/4", "3/4", "4/4", "6/8")),
    count=st.integers(1, 12), syllables=st.integers(2, 14), seed=st.integers(0, 20),
)  # fmt: skip
def test_it_is_counted_in_and_goes_on_without_long_rests(
    duration: float, bpm: int, metre: str, count: int, syllables: int, seed: int
) -> None:
    lines = studio.spoken(count, syllables)
    score = compose(alone("folk", seed, bpm=bpm, timesignature=metre), lines, duration, seed, "")
    bar = BEATS_PER_BAR[metre] * score.beat_s
    assert score.parts == ()
    assert {line.line for line in score.voice} == set(range(count)) - set(score.left_out)
    before, *between, after = rests(score)
    assert before >= 2 * score.beat_s - 1e-6
    # a line may take four bars and end early in them
    assert all(rest <= max(2 * bar, 7.6) + 2 * bar for rest in between)
    assert after <= max(2 * bar, 7.6) + 2 * bar + 6


def test_sections_without_words_are_left_out_unless_a_break_is_asked_for() -> None:
    text = "[Intro]\n[Verse]\nOne two three four\nFive six seven\n{}[Chorus]\nEight nine ten\n[Outro]"
    plain, broken = (
        compose(alone(bpm=100), studio.lines(text.format(tag)), 24.0, 1, "") for tag in ("", "[Instrumental]\n")
    )
    assert [section.kind for section in plain.sections][:3] == ["intro", "verse", "chorus"]
    assert plain.sections[0].bars == 1
    assert max(rests(broken)[1:-1]) > max(rests(plain)[1:-1]) + 2.0


def test_much_time_brings_the_words_back() -> None:
    score = compose(alone(), studio.lines("[Verse]\nOne two three four\n[Chorus]\nFive six seven"), 60.0, 1, "")
    sung = [score.lines[line.line].text for line in score.voice]
    assert sung.count("Five six seven") > 2
    assert max(rests(score)[1:]) < 10


@pytest.mark.parametrize(
    ("caption", "second"),
    [("soft alto", False), ("soft alto with harmonies", True), ("tenor and a choir", True), ("duet", True)],
)
def test_a_second_voice_is_there_only_where_it_was_asked_for(caption: str, *, second: bool) -> None:
    score = compose(alone(caption), studio.lines(), 60.0, 1, "")
    assert bool(score.backing) == second


def test_it_is_never_silent_and_stays_alone_in_its_edits() -> None:
    given: dict[str, Any] = {"vocabulary": studio.vocabulary(), "genre_preset": None, "bpm": None, "keyscale": None,
             "timesignature": None, "seed": 1}  # fmt: skip
    brief = understand("instrumental, no vocals", instrumental=False, alone=True, **given)
    assert brief.alone
    assert not brief.instrumental
    assert understand("heavy metal", instrumental=False, parent=brief, **given).alone


def test_songs_that_were_kept_before_there_were_choirs_can_still_be_edited() -> None:
    brief = studio.brief()
    form, score = composed(brief, studio.lines(), 60.0, 1, "")
    kept = Kept(brief, form, score, "en", Desk({}, np.ones(3, np.float32)))
    old = json.loads(gzip.decompress(to_bytes(kept)))
    for name in ("alone", "choir"):
        del old["brief"][name]
    for line in old["score"]["lines"]:
        del line["singer"], line["delivery"], line["echo"]
    for line in old["score"]["voice"] + old["score"]["backing"]:
        del line["singer"]
    assert from_bytes(gzip.compress(json.dumps(old).encode())).score == kept.score
