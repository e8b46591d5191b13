"""A genre as data: what an operator may change in `presets.toml`, which says what each field means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Instrument = Literal[
    "acoustic_kit", "rock_kit", "brush_kit", "electronic_kit", "hiphop_kit", "latin_kit", "orchestral_kit",
    "upright_bass", "electric_bass", "synth_bass", "sub_808",
    "nylon_guitar", "steel_guitar", "clean_guitar", "distorted_guitar",
    "piano", "electric_piano", "organ",
    "string_ensemble", "solo_violin", "brass_section", "trumpet", "flute", "saxophone",
    "pad", "pluck", "lead", "bell", "hand_percussion", "riser",
]  # fmt: skip


class Preset(BaseModel):
    """One genre of `presets.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    words: tuple[str, ...] = ()
    bpm: tuple[Annotated[int, Field(ge=30, le=300)], Annotated[int, Field(ge=30, le=300)]]
    timesignature: Literal["2/4", "3/4", "4/4", "6/8"] = "4/4"
    minor: Annotated[float, Field(ge=0, le=1)] = 0.4
    groove: str = "straight"
    swing: Annotated[float, Field(ge=0.5, le=0.75)] = 0.5
    harmony: str = "pop"
    # stem name -> instrument that plays it
    instruments: dict[str, Instrument] = Field(default_factory=dict)
    gains_db: dict[str, Annotated[float, Field(ge=-24, le=12)]] = Field(default_factory=dict)
    reverb: Annotated[float, Field(ge=0, le=1)] = 0.25
    sidechain: Annotated[float, Field(ge=0, le=1)] = 0.0
    bass_band: tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]] = (0.05, 0.6)
