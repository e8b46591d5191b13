"""What a song should be, once a caption and a request have been understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.spec.preset import Preset

# when a second voice sings: where songs usually have one, in every line, or nowhere
Backing = Literal["usual", "always", "never"]


@dataclass(frozen=True)
class Brief:
    """`style` is the preset's name; `preset` is it with what the caption changed. `tonic` is 0 to 11 from C.

    `not_understood` are the caption's words that change nothing; `energy` is 0 (still) to 1 (wild); `rap` speaks the
    verses. `instrumental` says that the request or the caption wants no voice. In a `duet` the second voice is of the
    other sex. `understood` are the caption's words by what they are about.
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
    backing: Backing = "usual"
    duet: bool = False
    not_understood: tuple[str, ...] = ()
    understood: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def second_voice(self) -> Literal["female", "male"]:
        """Who sings along."""
        if not self.duet:
            return self.voice
        return "male" if self.voice == "female" else "female"
