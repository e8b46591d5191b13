"""A song from start to end: form, harmony, voices, and every instrument's part."""

from __future__ import annotations

from collections.abc import Sequence

from engine.studio.compose.band import Band
from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.fit import lay_out
from engine.studio.compose.form import Form
from engine.studio.compose.harmony import Chords, harmonise
from engine.studio.compose.material import ALL_NEW, Material
from engine.studio.compose.vocals import sing
from engine.studio.score import LyricLine, Score


def composed(brief: Brief, lines: Sequence[LyricLine], duration: float, seed: int, title: str) -> tuple[Form, Score]:
    """Form and score of a song of exactly `duration` seconds that sings all `lines`.

    The same arguments give the same score in every process. Lines that found no room even as quick speech are named in
    `left_out`. Raises ValueError for a duration that isn't positive.
    """
    clock = clock_of(brief, duration)
    form = lay_out(brief.preset.form, brief.energy, brief.rap, lines, clock, alone=brief.alone)
    return form, realise(brief, form, lines, clock, seed, title)


def compose(brief: Brief, lines: Sequence[LyricLine], duration: float, seed: int, title: str) -> Score:
    """As `composed`, the score alone."""
    return composed(brief, lines, duration, seed, title)[1]


def clock_of(brief: Brief, duration: float) -> Clock:
    """The time of a song of `duration` seconds."""
    if duration <= 0:
        raise ValueError("a song needs a duration above 0 seconds")
    unit = 1.0 if brief.preset.swing_unit == "eighth" else 0.5
    cold = brief.preset.ending == "cold"
    return Clock(brief.bpm, brief.timesignature, duration, brief.preset.swing, unit, cold)


def realise(brief: Brief, form: Form, lines: Sequence[LyricLine], clock: Clock, seed: int, title: str) -> Score:
    """The score of a given form. Sections of the same identity sound the same in another form that also has them."""
    dice = Dice(seed)
    chords = harmonise(brief.preset.harmony, brief.tonic, brief.minor, form, clock, dice)
    return arranged(brief, form, lines, chords, clock, dice, title)


def arranged(
    brief: Brief, form: Form, lines: Sequence[LyricLine], chords: Chords, clock: Clock, dice: Dice, title: str,
    material: Material = ALL_NEW,
) -> Score:  # fmt: skip
    """The score of a form whose chords are there: tunes and words over them, and every instrument's part."""
    preset = brief.preset
    voice, backing = sing(form, lines, brief, chords, clock, dice, material)
    return Score(
        title=title, style=brief.style, seed=dice.seed, bpm=brief.bpm, tonic=brief.tonic, minor=brief.minor,
        timesignature=brief.timesignature, duration=clock.duration,
        sections=tuple(stretch.section() for stretch in form.stretches), chords=chords.all,
        parts=Band(brief, form, chords, clock, dice, voice, material).parts(), voice=voice,
        swing=0.5 if clock.compound else preset.swing, lines=tuple(lines), backing=backing, left_out=form.left_out,
    )  # fmt: skip
