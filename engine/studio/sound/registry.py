"""Every instrument a preset may name."""

from __future__ import annotations

from engine.studio.sound import bass, guitar, keys, percussion, strings, synth, winds
from engine.studio.sound.drums import KITS, kit
from engine.studio.sound.tone import Instrument

INSTRUMENTS: dict[str, Instrument] = {
    **{name: kit(name) for name in KITS},
    "upright_bass": bass.UPRIGHT_BASS,
    "electric_bass": bass.ELECTRIC_BASS,
    "synth_bass": bass.SYNTH_BASS,
    "sub_808": bass.SUB_808,
    "nylon_guitar": guitar.NYLON_GUITAR,
    "steel_guitar": guitar.STEEL_GUITAR,
    "clean_guitar": guitar.CLEAN_GUITAR,
    "distorted_guitar": guitar.DISTORTED_GUITAR,
    "piano": keys.PIANO,
    "electric_piano": keys.ELECTRIC_PIANO,
    "organ": keys.ORGAN,
    "string_ensemble": strings.STRING_ENSEMBLE,
    "solo_violin": strings.SOLO_VIOLIN,
    "brass_section": winds.BRASS_SECTION,
    "trumpet": winds.TRUMPET,
    "flute": winds.FLUTE,
    "saxophone": winds.SAXOPHONE,
    "pad": synth.PAD,
    "pluck": synth.PLUCK,
    "lead": synth.LEAD,
    "bell": synth.BELL,
    "hand_percussion": percussion.HAND_PERCUSSION,
    "riser": synth.RISER,
}
