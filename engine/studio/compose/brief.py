"""What a song should be, once a caption and a request have been understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.spec.preset import Preset

# when a second voice sings: where songs usually have one, in every line, or nowhere
Backing = Literal["usual", "always", "never"]
Singer = Literal["female", "male", "choir"]


@dataclass(frozen=True)
class Brief:
    """`style` is the preset's name; `preset` is it with what the caption changed. `tonic` is 0 to 11 from C.

    `not_understood` are the caption's words that change nothing; `energy` is 0 (still) to 1 (wild); `rap` speaks the
    verses. `instrumental` says that the request or the caption wants no voice. In a `duet` the second voice is of the
    other sex, and both take turns; where a `choir` sings along, it is the second voice. `alone`: nobody plays, the
    voice is all there is. `understood` are the caption's words by what they are about.
    """

    style: str
    preset: Preset
    bpm: float
    tonic: int
    minor: bool
    timesignature: str
    voice: Singer
    energy: float
    instrumental: bool = False
    rap: bool = False
    backing: Backing = "usual"
    duet: bool = False
    not_understood: tuple[str, ...] = ()
    understood: dict[str, tuple[str, ...]] = field(default_factory=dict)
    choir: bool = False
    alone: bool = False

    @property
    def second_voice(self) -> Singer:
        """Who sings along."""
        if self.choir:
            return "choir"
        return other_sex(self.voice) if self.duet else self.voice


def other_sex(singer: Singer) -> Singer:
    """The partner of `singer` in a duet."""
    return "male" if singer == "female" else "female"
