"""Who plays: the instruments a caption names, leaves out, or wants alone, louder or softer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.spec.preset import Figure, Instrument, Preset, StemName, Style
from engine.spec.words import Player
from engine.studio.compose.arrangement import STEM_OF, USUAL_FIGURES
from engine.studio.compose.comping import LEAD_RANGES
from engine.studio.understanding.manner import fitting
from engine.studio.understanding.reading import Found, Reading

# decibels that twice the weight is worth, and the most that words can move a stem
DOUBLE_DB = 6.0
MOST_DB = 6.0
# figures that need others to play along
NOT_ALONE = ("answer", "counter", "accents")


@dataclass(frozen=True)
class Wish:
    """An instrument of the caption, how much it counts (below 0: not wanted), and whether it should be alone."""

    player: Player
    weight: float
    alone: bool
    found: Found

    @property
    def stem(self) -> StemName:
        return self.player.stem or STEM_OF[self.player.plays]


def wishes(reading: Reading) -> list[Wish]:
    """The instruments of a caption in its order. What isn't wanted is hidden, so that it is not heard as wanted."""
    result: list[Wish] = []
    for found in reading.find(reading.vocabulary.instruments):
        player = reading.vocabulary.instruments[found.phrase]
        result.append(Wish(player, reading.weight(found), _alone(reading, found), found))
    for wish in result:
        if wish.weight <= 0:
            reading.hear("instruments", *reading.whole(wish.found))
            reading.hide(wish.found.start, wish.found.end)
    # "cello and harp only" leaves two
    pairs = [(at, at + 1) for at in range(len(result) - 1) if reading.joined(result[at].found, result[at + 1].found)]
    for one, other in (*pairs, *((right, left) for left, right in reversed(pairs))):
        if result[one].alone:
            result[other] = replace(result[other], alone=True)
    return result


def asked(wishes: list[Wish]) -> dict[str, Wish]:
    """The stems that a caption fills with an instrument of its own choice, each with the first wish for it."""
    first: dict[str, Wish] = {}
    for wish in wishes:
        if wish.weight > 0 and not wish.player.colour:
            first.setdefault(wish.stem, wish)
    return first


def with_band(reading: Reading, preset: Preset, style: Style | None, wishes: list[Wish]) -> Preset:
    """The preset with the instruments that are wanted; the first one that can has the tune."""
    band = _Band(dict(preset.instruments), dict(preset.figures), dict(preset.gains_db))
    named: list[Instrument] = []
    for wish in wishes:
        if wish.weight > 0 and not (wish.player.colour and band.has_colour(wish.stem)):
            named += [] if wish.player.colour else [_wanted(wish.player, band.instruments)]
            band.give(wish, style)
            if not wish.player.stand_in:
                reading.hear("instruments", *reading.whole(wish.found))
        reading.hear("", wish.found.start, wish.found.end)
    layers = preset.layers
    alone = [wish for wish in wishes if wish.alone and wish.weight > 0]
    if alone:
        band.leave(alone)
        layers = ()
    without = {wish.stem for wish in wishes if wish.weight <= 0}
    if "drums" in without and not any(wish.stem == "percussion" and wish.weight > 0 for wish in wishes):
        without.add("percussion")
    instruments = {stem: player for stem, player in band.instruments.items() if stem not in without}
    leads = [player for player in named if player in LEAD_RANGES and player != "pad"]
    return preset.model_copy(
        update={
            "instruments": instruments,
            "figures": {stem: figure for stem, figure in band.figures.items() if stem in instruments},
            "layers": tuple(layer for layer in layers if layer.stem not in without),
            "gains_db": band.gains,
            "lead": leads[0] if leads else preset.lead,
        }
    )


@dataclass
class _Band:
    instruments: dict[StemName, Instrument]
    figures: dict[StemName, Figure]
    gains: dict[StemName, float]

    def has_colour(self, stem: StemName) -> bool:
        """Whether somebody plays there already who is not all distortion."""
        return self.instruments.get(stem, "distorted_guitar") != "distorted_guitar"

    def give(self, wish: Wish, style: Style | None) -> None:
        """Put the wanted instrument on its stem, as loud as the caption stresses it."""
        stem, wanted, before = wish.stem, _wanted(wish.player, self.instruments), self.instruments.get(wish.stem)
        figure = self.figures.get(stem)
        if before != wanted and not (style and stem in style.figures and fitting(figure, before, wanted)):
            self.figures.pop(stem, None)
        self.instruments[stem] = wanted
        if wish.weight != 1:
            self.gains[stem] = round(self.gains.get(stem, 0.0) + _gain_db(wish.weight), 2)

    def leave(self, alone: list[Wish]) -> None:
        """Send everybody home but those who are wanted alone; the first of them now has to play the chords too."""
        self.instruments = {wish.stem: _wanted(wish.player, self.instruments) for wish in alone}
        stem = alone[0].stem
        if self.instruments[stem] in USUAL_FIGURES and self.figures.get(stem) in (None, *NOT_ALONE):
            self.figures[stem] = "arpeggio" if stem in ("keyboard", "guitar") else "hold"


def _wanted(player: Player, instruments: Mapping[str, Instrument]) -> Instrument:
    if player.stem is not None:
        return instruments.get(player.stem) or player.plays
    if player.plays == "clean_guitar" and instruments.get("guitar") == "distorted_guitar":
        return "distorted_guitar"
    return player.plays


def _alone(reading: Reading, found: Found) -> bool:
    """Whether it is a "solo piano" or "guitar only"."""
    grammar = reading.vocabulary.grammar
    return reading.follows(found, grammar["alone_before"]) or reading.precedes(found, grammar["alone_after"])


def _gain_db(weight: float) -> float:
    return max(-MOST_DB, min(MOST_DB, round(DOUBLE_DB * math.log2(max(weight, 0.1)), 2)))
