"""Who plays: the instruments a caption names, leaves out, or wants alone, louder or softer."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import get_args

from engine.spec.preset import Figure, Instrument, Preset, StemName, Style
from engine.spec.words import Player
from engine.studio.compose.arrangement import STEM_OF, USUAL_FIGURES
from engine.studio.compose.comping import LEAD_RANGES
from engine.studio.understanding.manner import LOUDEST, QUIETEST, fitting
from engine.studio.understanding.reading import Reading
from engine.studio.understanding.wishes import Wish

# decibels that twice the weight is worth, and the most that words can move a stem
DOUBLE_DB = 6.0
MOST_DB = 6.0
# of the grammar: words that say who plays alone or stands out
ALONE = ("alone_before", "alone_after", "solo")
# figures that need others to play along
NOT_ALONE = ("answer", "counter", "accents")
# Whose sound is the other's too: who wants no electric guitar wants no distorted one.
ALIKE: tuple[frozenset[str], ...] = (
    frozenset({"steel_guitar", "nylon_guitar"}),
    frozenset({"clean_guitar", "distorted_guitar"}),
    frozenset({"string_ensemble", "solo_violin"}),
    frozenset({"brass_section", "trumpet"}),
    frozenset({"electronic_kit", "hiphop_kit"}),
    frozenset({"acoustic_kit", "rock_kit", "brush_kit"}),
    frozenset({"synth_bass", "sub_808"}),
)


def with_band(reading: Reading, preset: Preset, style: Style | None, wishes: list[Wish]) -> Preset:
    """The preset with the instruments that are wanted; the first one that can has the tune, a soloist before others.

    Somebody always plays: where nobody is left, who fits best.
    """
    refused = [wish for wish in wishes if wish.weight <= 0 and not wish.solo]
    no_solo = [wish for wish in wishes if wish.weight <= 0 and wish.solo]
    band = _Band(dict(preset.instruments), dict(preset.figures), dict(preset.gains_db), refused)
    named: list[tuple[bool, Instrument]] = []
    for wish in wishes:
        if wish.weight > 0 and not (wish.player.colour and band.has_colour(wish.stem)):
            player = band.give(wish, style)
            named += [] if wish.player.colour else [(not wish.solo, player)]
            if not wish.player.stand_in:
                stands_out = wish.alone or (wish.solo and player in LEAD_RANGES)
                reading.hear("instruments", *reading.whole(wish.found, ALONE if stands_out else ()))
        reading.hear("", wish.found.start, wish.found.end)
    layers = preset.layers
    alone = [wish for wish in wishes if wish.alone and wish.weight > 0]
    if alone:
        band.leave(alone)
        layers = ()
    layers = tuple(layer for layer in layers if not band.refuses(layer.stem, layer.instrument))
    band.send_home()
    kept = None if band.instruments.keys() - {"fx"} else band.keep(preset)
    for wish in refused:
        if kept and _rejects(wish, STEM_OF[kept], kept):
            reading.miss(*reading.whole(wish.found))
        else:
            reading.tell("instruments", wish.found, wanted=False)
    for wish in no_solo:
        reading.hear("instruments", *reading.whole(wish.found, ALONE))
    named.sort(key=lambda each: each[0])
    leads = [player for _, player in named if player in LEAD_RANGES and player != "pad"]
    return preset.model_copy(
        update={
            "instruments": band.instruments,
            "figures": {stem: figure for stem, figure in band.figures.items() if stem in band.instruments},
            "layers": () if kept else layers,
            "gains_db": band.gains,
            "lead": leads[0] if leads else band.lead(preset.lead, [wish.stem for wish in no_solo]),
        }
    )


@dataclass
class _Band:
    instruments: dict[StemName, Instrument]
    figures: dict[StemName, Figure]
    gains: dict[StemName, float]
    refused: list[Wish]
    given: dict[StemName, Instrument] = field(default_factory=dict)
    moved: dict[StemName, float] = field(default_factory=dict)

    def has_colour(self, stem: StemName) -> bool:
        """Whether somebody plays there already who is not all distortion."""
        return self.instruments.get(stem, "distorted_guitar") != "distorted_guitar"

    def give(self, wish: Wish, style: Style | None) -> Instrument:
        """Put the wanted instrument on its stem, as loud as the caption stresses it."""
        stem, wanted, before = wish.stem, _wanted(wish.player, self.instruments), self.instruments.get(wish.stem)
        if any(not each.player.stem and _rejects(each, stem, wanted) for each in self.refused):
            # "guitar, no electric guitar" in rock
            wanted = wish.player.plays
        figure = self.figures.get(stem)
        if before != wanted and not (style and stem in style.figures and fitting(figure, before, wanted)):
            self.figures.pop(stem, None)
        self.instruments[stem] = self.given[stem] = wanted
        if wish.weight != 1:
            before_db = self.moved.get(stem, 0.0)
            self.moved[stem] = max(-MOST_DB, min(MOST_DB, before_db + _gain_db(wish.weight)))
            louder = self.gains.get(stem, 0.0) + self.moved[stem] - before_db
            self.gains[stem] = round(min(LOUDEST, max(QUIETEST, louder)), 2)
        return wanted

    def leave(self, alone: list[Wish]) -> None:
        """Send everybody home but those who are wanted alone; the first of them now has to play the chords too."""
        self.instruments = {wish.stem: self.given.get(wish.stem, wish.player.plays) for wish in alone}
        self._harmonise(alone[0].stem)

    def send_home(self) -> None:
        """Leave out who is not wanted; hand drums go with the drums, unless they are named."""
        gone = {stem for stem, player in self.instruments.items() if self.refuses(stem, player)}
        if any(wish.player.stem == "drums" for wish in self.refused) and "percussion" not in self.given:
            gone.add("percussion")
        self.instruments = {stem: player for stem, player in self.instruments.items() if stem not in gone}

    def keep(self, preset: Preset) -> Instrument:
        """Somebody who can play alone: who has the tune, or another of the genre, or whoever is not unwanted."""
        everybody = (preset.lead, *preset.instruments.values(), *get_args(Instrument))
        able: list[Instrument] = [each for each in everybody if each in LEAD_RANGES]
        left = [each for each in able if not any(_rejects(wish, STEM_OF[each], each) for wish in self.refused)]
        player = (left or able)[0]
        self.instruments = {STEM_OF[player]: player}
        self._harmonise(STEM_OF[player])
        return player

    def lead(self, usual: Instrument, without: Collection[StemName]) -> Instrument:
        """Who has the tune where nobody was named for it: as usual, or who took the place of one who is not wanted.

        Nobody of the stems `without`, where others can.
        """
        stem = STEM_OF[usual]
        able = [each for each in self.instruments.values() if each in LEAD_RANGES and STEM_OF[each] not in without]
        if stem in without and able:
            return able[0]
        if self.refuses(stem, usual) and stem in self.instruments:
            return self.instruments[stem]
        return usual

    def refuses(self, stem: StemName, player: Instrument) -> bool:
        """Whether `player` is not wanted there, and nobody asked for it in other words."""
        return self.given.get(stem) != player and any(_rejects(wish, stem, player) for wish in self.refused)

    def _harmonise(self, stem: StemName) -> None:
        if self.instruments[stem] in USUAL_FIGURES and self.figures.get(stem) in (None, *NOT_ALONE):
            self.figures[stem] = "arpeggio" if stem in ("keyboard", "guitar") else "hold"


def _rejects(wish: Wish, stem: StemName, player: Instrument) -> bool:
    """Whether `wish`, of an instrument that is not wanted, means `player`."""
    if wish.stem != stem:
        return False
    return wish.player.stem is not None or player == wish.player.plays or {player, wish.player.plays} <= _like(player)


def _like(player: Instrument) -> frozenset[str]:
    return next((kind for kind in ALIKE if player in kind), frozenset({player}))


def _wanted(player: Player, instruments: Mapping[StemName, Instrument]) -> Instrument:
    if player.stem is not None:
        return instruments.get(player.stem) or player.plays
    if player.plays == "clean_guitar" and instruments.get("guitar") == "distorted_guitar":
        return "distorted_guitar"
    return player.plays


def _gain_db(weight: float) -> float:
    return max(-MOST_DB, min(MOST_DB, DOUBLE_DB * math.log2(max(weight, 0.1))))
