"""Who plays: the preset's instruments as players, each with the sections it is heard in."""

from __future__ import annotations

from engine.spec.preset import Preset
from engine.studio.compose.comping import LEAD_RANGES, RANGES, Player
from engine.studio.compose.dice import Dice

# instrument -> its stem, where a lead or a caption names only the instrument
STEM_OF = {
    "acoustic_kit": "drums", "rock_kit": "drums", "brush_kit": "drums", "electronic_kit": "drums",
    "hiphop_kit": "drums",
    "latin_kit": "drums", "orchestral_kit": "drums", "upright_bass": "bass", "electric_bass": "bass",
    "synth_bass": "bass",
    "sub_808": "bass", "nylon_guitar": "guitar", "steel_guitar": "guitar", "clean_guitar": "guitar",
    "distorted_guitar": "guitar", "piano": "keyboard", "electric_piano": "keyboard", "organ": "keyboard",
    "string_ensemble": "strings", "solo_violin": "strings", "brass_section": "brass", "trumpet": "brass",
    "flute": "woodwinds", "saxophone": "woodwinds", "pad": "synth", "pluck": "synth", "lead": "synth", "bell": "synth",
    "hand_percussion": "percussion", "riser": "fx",
}  # fmt: skip
USUAL_FIGURES = {
    "nylon_guitar": "travis", "steel_guitar": "strum", "clean_guitar": "muted", "distorted_guitar": "power",
    "piano": "pulse",
    "electric_piano": "pulse", "organ": "hold", "string_ensemble": "hold", "solo_violin": "counter",
    "brass_section": "accents",
    "trumpet": "answer", "flute": "answer", "saxophone": "answer", "pad": "hold", "pluck": "arpeggio", "lead": "answer",
    "bell": "arpeggio",
}  # fmt: skip
# energy from which an instrument or a stem joins, unless it carries the harmony
JOINS = {
    "distorted_guitar": 0.5,
    "keyboard": 0.24,
    "guitar": 0.26,
    "synth": 0.3,
    "strings": 0.44,
    "woodwinds": 0.46,
    "brass": 0.6,
}
PAN = {
    "keyboard": -0.22, "guitar": 0.28, "synth": 0.34, "strings": -0.3, "woodwinds": 0.24, "brass": -0.26,
    "percussion": 0.3,
}  # fmt: skip
WANDER = 0.1


def chord_players(preset: Preset, dice: Dice) -> list[Player]:
    """The players of chords and lines. The first one carries the harmony and plays in every section."""
    players = []
    for stem, instrument in preset.instruments.items():
        if instrument not in RANGES:
            continue
        figure = preset.figures.get(stem) or USUAL_FIGURES[instrument]
        low = JOINS.get(instrument, JOINS.get(stem, 0.3)) + dice.at("joins", stem).uniform(-WANDER, WANDER)
        players.append(Player(stem, instrument, figure, round(low, 3)))
    players += [
        Player(layer.stem, layer.instrument, layer.figure, layer.energy[0], layer.energy[1] + 0.01)
        for layer in preset.layers
        if layer.instrument in RANGES
    ]
    chordal = [player for player in players if player.figure not in ("answer", "accents", "counter")]
    if chordal:
        anchor = next((player for player in chordal if player.low == 0.0), chordal[0])
        at = players.index(anchor)
        players.insert(0, players.pop(at))
        players[0] = Player(anchor.stem, anchor.instrument, anchor.figure)
    return players


def lead_player(preset: Preset) -> Player | None:
    """Who carries the tune where nobody sings: the preset's lead, or whatever else can."""
    named = preset.lead
    able = [instrument for instrument in preset.instruments.values() if instrument in LEAD_RANGES]
    if named not in LEAD_RANGES:
        return None
    if STEM_OF[named] not in preset.instruments and able and named not in {layer.instrument for layer in preset.layers}:
        # a caption took the stem away ("no synths"): another instrument takes the tune
        named = able[0]
    elif not able:
        return None
    return Player(STEM_OF[named], named, "lead")
