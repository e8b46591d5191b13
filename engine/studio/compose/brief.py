"""What a song should be, once a caption and a request have been understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.spec.preset import Preset


@dataclass(frozen=True)
class Brief:
    """`style` is the preset's name; `preset` is it with what the caption changed. `tonic` is 0 to 11 from C.

    `not_understood` are the caption's words that change nothing; `energy` is 0 (still) to 1 (wild); `rap` speaks the
    verses. `instrumental` says that the request or the caption wants no voice.
    """

    style: str
    preset: Preset
    bpm: float
    tonic: int
    minor: bool
    timesignature: str
    voice: Literal["female", "male"]
    energy: float
    instrumental: bool = False
    rap: bool = False
    not_understood: tuple[str, ...] = ()
