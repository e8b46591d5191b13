"""Where the faders stand: how loud each line is against the voice, and how much of the song is bass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.studio.sound.strip import Meter

# loudness while it plays, in LU against the lead voice; of what is struck, the peak of a hard hit against full scale
LEVELS = {
    "vocals": 0.0, "backing_vocals": -7.0, "drums": -8.5, "kick": -9.0, "bass": -8.0, "guitar": -8.5, "keyboard": -8.5,
    "percussion": -17.0, "strings": -9.5, "synth": -9.5, "fx": -13.0, "brass": -8.5, "woodwinds": -7.5,
}  # fmt: skip
STRUCK = ("drums", "kick", "percussion")
VOICE_LUFS = -18.0
MAX_SHIFT = 4.0
# how far inside the preset's band the share of lows should lie, as a part of the band's width
MARGIN = 0.2
# what mastering adds to the share at most: it holds down hits, which are the bright part
MASTERED = 0.07


@dataclass(frozen=True)
class Line:
    """One fader: `stem` is where it goes, `kind` the row of `LEVELS`, `trim_db` what the score and the preset add.

    `share` is the mean of what ducking and pumping leave of its power.
    """

    name: str
    stem: str
    kind: str
    meter: Meter
    trim_db: float = 0.0
    crowd: int = 1
    share: float = 1.0


def fader(line: Line) -> float:
    """The linear gain that brings a line to its level; 1 for silence."""
    if line.kind in STRUCK:
        hits = line.meter.hits
        return float(10 ** ((LEVELS[line.kind] + line.trim_db) / 20) / hits / line.crowd**0.5) if hits > 0 else 1.0
    if line.meter.active <= 0:
        return 1.0
    wanted = VOICE_LUFS + 0.691 + LEVELS[line.kind] + line.trim_db
    return float((10 ** (wanted / 10) / line.meter.active / line.crowd) ** 0.5)


def balance(lines: Sequence[Line], bass_band: tuple[float, float]) -> dict[str, float]:
    """A gain for each line by name, such that the share of energy below 150 Hz should lie inside `bass_band`."""
    faders = {line.name: fader(line) for line in lines}
    energy = sum(faders[x.name] ** 2 * x.meter.energy * x.share for x in lines)
    low = sum(faders[x.name] ** 2 * x.meter.low * x.share for x in lines)
    return refitted(lines, faders, energy, low, bass_band)


def refitted(
    lines: Sequence[Line], faders: dict[str, float], energy: float, low: float, bass_band: tuple[float, float]
) -> dict[str, float]:
    """`faders`, moved so that a mix of this `energy`, `low` of it below 150 Hz, gets its share of lows into the band.

    Only kick and bass are moved, together and by at most 12 dB; the rest of the balance stays.
    """
    floor, top = bass_band
    margin = MARGIN * (top - floor)
    share = low / energy if energy > 0 else 0.0
    aim = max(floor + margin, min(top - max(margin, MASTERED), share))
    deep = {line.name for line in lines if line.kind in ("kick", "bass")}
    # nobody else can give a band its highs
    if aim == share or not deep or len(deep) == len(lines):
        return faders
    power = {x.name: faders[x.name] ** 2 * x.share for x in lines}
    rest_low = min(low, sum(power[x.name] * x.meter.low for x in lines if x.name not in deep))
    deep_low = low - rest_low
    deep_all = min(
        energy, deep_low + sum(power[x.name] * (x.meter.energy - x.meter.low) for x in lines if x.name in deep)
    )
    # (rest_low + square * deep_low) / (rest_all + square * deep_all) = aim
    below, above = deep_low - aim * deep_all, aim * (energy - deep_all) - rest_low
    square = above / below if below > 0 and above > 0 else (0.0 if share > aim else MAX_SHIFT**2)
    factor = min(MAX_SHIFT, max(1 / MAX_SHIFT, float(square) ** 0.5))
    return {name: gain * (factor if name in deep else 1.0) for name, gain in faders.items()}
