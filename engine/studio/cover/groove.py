"""The beat of a source, played by the new style's kit."""

from __future__ import annotations

from engine.hearing.transcript import Groove, Transcript
from engine.spec.preset import Preset, Role
from engine.studio.compose import patterns
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Stretch
from engine.studio.compose.groove import ROLES, Hit, lanes_of
from engine.studio.cover.bars import Bars, Plot

# With less confidence than this there are no drums to go by, and strokes softer than this are none.
UNSURE, SOFTEST = 0.3, 0.08
USUAL: dict[Role, int] = {"kick": patterns.KICK, "snare": patterns.SNARE, "hats": patterns.HAT}
# Open cymbals ring: they don't keep time.
RINGING = frozenset({patterns.OPEN, patterns.CRASH})
SWUNG, MOST_SWUNG = 0.53, 0.7


def is_heard(groove: Groove, clock: Clock) -> bool:
    """Whether there is a beat that a song of this metre can keep."""
    return groove.per_bar == clock.steps and min(groove.drums, groove.confidence) >= UNSURE


def swung(preset: Preset, groove: Groove, strength: float, dice: Dice) -> Preset:
    """`preset` with the swing of `groove`, which is one for all bars."""
    if dice.at("cover", "swing").random() >= strength:
        return preset
    if preset.swing_unit == "sixteenth" and preset.swing > 0.5 and groove.swing < SWUNG:
        # sixteenths that swing are not heard as eighths that do
        return preset
    swing = round(min(MOST_SWUNG, groove.swing), 3) if groove.swing >= SWUNG else 0.5
    return preset.model_copy(update={"swing": swing, "swing_unit": "eighth"})


def strokes(
    transcript: Transcript, bars: Bars, plot: Plot, kept: frozenset[int], preset: Preset, clock: Clock
) -> dict[int, tuple[Hit, ...]]:
    """The strokes of every bar in `kept`, none where the source has a rest."""
    groove = transcript.groove
    if not is_heard(groove, clock):
        return {}
    drums: tuple[tuple[Role, tuple[tuple[float, ...], ...]], ...] = (
        ("kick", groove.kick.steps), ("snare", groove.snare.steps), ("hats", groove.hats.steps),
    )  # fmt: skip
    made: dict[int, tuple[Hit, ...]] = {}
    for stretch in plot.form.stretches:
        for number in range(stretch.bars):
            bar = stretch.start_bar + number
            heard = plot.order[bar] - bars.lead
            if bar not in kept or not 0 <= heard < len(groove.kick.steps):
                continue
            level = stretch.level(number)
            made[bar] = tuple(
                Hit(step, _drum(role, preset, stretch, level, clock), velocity)
                for role, rows in drums
                for step, velocity in enumerate(rows[heard])
                if velocity >= SOFTEST
            )
    return made


def _drum(role: Role, preset: Preset, stretch: Stretch, level: float, clock: Clock) -> int:
    """What the style's kit plays for `role` in a section."""
    own = [
        each
        for each in lanes_of(preset.groove, clock.timesignature, stretch.kind)
        if ROLES.get(each.pitch) == role and each.pitch not in RINGING
    ]
    heard = [each for each in own if each.low <= level < each.high]
    return next((each.pitch for each in (*heard, *own)), USUAL[role])
