"""A band for a caption that names no genre: what it names plays, and its mood chooses the rest."""

from __future__ import annotations

from collections.abc import Sequence

from engine.spec.preset import Preset
from engine.spec.words import Palette
from engine.studio.compose.arrangement import STEM_OF
from engine.studio.compose.comping import RANGES, SINGLE
from engine.studio.compose.dice import Dice
from engine.studio.understanding.wishes import Wish, asked

# They keep time below what was named; the others would only drown it.
RHYTHM = ("drums", "bass", "percussion")


def of_caption(preset: Preset, palettes: Sequence[Palette], wishes: list[Wish], energy: float, dice: Dice) -> Preset:
    """`preset` with the band of one of `palettes`, drawn from those that suit `energy` (0 to 1).

    Where the caption names who plays chords, nobody else of the palette plays any.
    """
    suitable = [each for each in palettes if each.energy[0] <= energy <= each.energy[1]]
    if not suitable:
        return preset
    palette = dice.at("palette").choice(suitable)
    instruments, figures = dict(palette.instruments), dict(palette.figures)
    named = asked(wishes)
    if any(wish.player.plays in RANGES and wish.player.plays not in SINGLE for wish in named.values()):
        instruments = {stem: player for stem, player in instruments.items() if stem in RHYTHM or stem in named}
    lead = palette.lead
    if STEM_OF[lead] not in instruments:
        lead = next((wish.player.plays for wish in named.values() if wish.player.plays in RANGES), lead)
    return preset.model_copy(
        update={
            "instruments": instruments,
            "figures": {stem: figure for stem, figure in figures.items() if stem in instruments},
            "layers": tuple(layer for layer in preset.layers if not named),
            "groove": palette.groove,
            "bass": palette.bass,
            "lead": lead,
        }
    )
