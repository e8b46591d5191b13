"""Words that change how a genre sounds: its time, its production, its moods."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from engine.spec.preset import Instrument, Preset
from engine.spec.words import Manner
from engine.studio.compose.arrangement import STEM_OF

_SHARES = ("reverb", "sidechain", "syncopation", "melisma")
MOST, LEAST = 2.0, -2.0
# A mix can't be fitted into less than this share.
NARROWEST = 0.06
LOUDEST, QUIETEST = 12.0, -24.0


def in_manner(preset: Preset, manners: Iterable[tuple[Manner, float]], kept: Collection[str] = ()) -> Preset:
    """`preset` as the manners have it, each as strongly as its number says; stems of `kept` keep their instruments.

    A number below 0 (a "no") turns the changes of level around and swaps nobody.
    """
    for manner, strength in manners:
        strength = min(MOST, max(LEAST, strength))
        update: dict[str, Any] = {
            name: _share(getattr(preset, name) + strength * getattr(manner, name)) for name in _SHARES
        }
        update["bass_band"] = _narrowed(preset.bass_band, strength * manner.lows)
        if manner.swing is not None and strength > 0:
            update["swing"] = max(preset.swing, manner.swing)
        gains = dict(preset.gains_db)
        for stem, gain in manner.gains_db.items():
            gains[stem] = round(min(LOUDEST, max(QUIETEST, gains.get(stem, 0.0) + strength * gain)), 2)
        update["gains_db"] = gains
        if strength > 0:
            update |= _players(preset, manner, kept)
        preset = preset.model_copy(update=update)
    return preset


def fitting(figure: str | None, before: Instrument | None, now: Instrument) -> bool:
    """Whether `figure` can stay where another instrument plays it."""
    return figure is not None and (before == "distorted_guitar") == (now == "distorted_guitar")


def _narrowed(band: tuple[float, float], lows: float) -> tuple[float, float]:
    """More lows (above 0) or less, inside what sounds right for the genre."""
    low, high = band
    room = max(0.0, high - low - NARROWEST)
    return round(low + min(room, max(0.0, lows)), 4), round(high - min(room, max(0.0, -lows)), 4)


def _players(preset: Preset, manner: Manner, kept: Collection[str]) -> dict[str, Any]:
    swaps = {one: other for one, other in manner.players.items() if STEM_OF[one] not in kept}
    instruments = {stem: swaps.get(player, player) for stem, player in preset.instruments.items()}
    for stem, player in manner.adds.items():
        instruments.setdefault(stem, player)
    figures = {
        stem: figure
        for stem, figure in preset.figures.items()
        if stem not in preset.instruments or fitting(figure, preset.instruments[stem], instruments[stem])
    }
    layers = tuple(
        layer
        if layer.instrument not in swaps or not fitting(layer.figure, layer.instrument, swaps[layer.instrument])
        else layer.model_copy(update={"instrument": swaps[layer.instrument]})
        for layer in preset.layers
    )
    lead = swaps.get(preset.lead, preset.lead)
    return {"instruments": instruments, "figures": figures, "layers": layers, "lead": lead}


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)
