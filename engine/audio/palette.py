"""Colours that belong together, chosen in OKLCH: lightness 0 to 1, colourfulness, hue in degrees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    # red, green, blue; 0 to 1, as screens take them
    Colour = NDArray[np.float32]

# where a genre's covers tend to live on the colour wheel, and how colourful they are (1 is usual)
GENRES: dict[str, tuple[float, float]] = {
    "lo-fi": (60, 0.8), "lofi": (60, 0.8), "jazz": (255, 0.9), "blues": (262, 1.0), "rock": (28, 1.1),
    "metal": (18, 0.6), "punk": (12, 1.2), "house": (330, 1.2), "techno": (210, 1.1), "trance": (285, 1.2),
    "synth": (320, 1.3), "electro": (300, 1.2), "edm": (330, 1.2), "ambient": (195, 0.7), "folk": (120, 0.8),
    "country": (75, 0.9), "classical": (85, 0.6), "orchestr": (270, 0.8), "cinematic": (245, 0.7),
    "reggae": (145, 1.1), "latin": (42, 1.2), "bossa": (160, 0.9), "hip": (50, 1.0), "trap": (305, 1.0),
    "rap": (45, 1.0), "pop": (0, 1.2), "r&b": (310, 0.9), "soul": (55, 1.0), "funk": (48, 1.3), "gospel": (90, 0.9),
}  # fmt: skip


@dataclass(frozen=True)
class Palette:
    """`ramp` goes from the ground to the lightest (dark covers) or darkest (light covers) of five related colours;
    `accent` and `second` stand out from it; `light` and `deep` are for titles on dark and on light grounds."""

    dark: bool
    ramp: tuple[Colour, ...]
    accent: Colour
    second: Colour
    light: Colour
    deep: Colour


def palette(rng: np.random.Generator, genre: str, minor: bool) -> Palette:
    """A palette for a song: hue from its genre (any, where unknown), dark more often where it is in a minor key."""
    known = next((value for name, value in GENRES.items() if name in genre.casefold()), None)
    anywhere, vivid = float(rng.uniform(0, 360)), 1.0
    hue = anywhere
    if known:
        hue, vivid = known[0] + (anywhere / 360 - 0.5) * 70, known[1]
    spread = float(rng.choice([-70, -45, 45, 70]))
    # of two ways to stand out, the warmer: it reads as light
    contrast = max(hue + rng.choice([125, 150, 180, 210, 235], 2, replace=False), key=_warmth)
    dark = bool(rng.random() < (0.85 if minor else 0.5))
    lightness = (0.17, 0.28, 0.42, 0.58, 0.74) if dark else (0.95, 0.86, 0.74, 0.58, 0.36)
    colourful = (0.045, 0.075, 0.105, 0.12, 0.105) if dark else (0.022, 0.055, 0.095, 0.12, 0.09)
    ramp = tuple(
        oklch(light, c * vivid, hue + spread * i / 4)
        for i, (light, c) in enumerate(zip(lightness, colourful, strict=True))
    )
    return Palette(
        dark=dark,
        ramp=ramp,
        accent=oklch(0.79 if dark else 0.66, 0.15 * vivid, contrast),
        second=oklch(0.88 if dark else 0.5, 0.09 * vivid, contrast + 35),
        light=oklch(0.965, 0.015, hue),
        deep=oklch(0.2, 0.03, hue + spread),
    )


def _warmth(hue: float) -> float:
    return math.cos(math.radians(hue - 55))


def oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """A colour by lightness, colourfulness and hue (degrees), made paler until a screen can show it.

    Matrices: Björn Ottosson, "A perceptual color space for image processing" (2020).
    """
    angle = math.radians(hue)
    while True:
        a, b = chroma * math.cos(angle), chroma * math.sin(angle)
        cones = np.array(
            [
                lightness + 0.3963377774 * a + 0.2158037573 * b,
                lightness - 0.1055613458 * a - 0.0638541728 * b,
                lightness - 0.0894841775 * a - 1.2914855480 * b,
            ]
        )
        light = (
            np.array(
                [
                    [4.0767416621, -3.3077115913, 0.2309699292],
                    [-1.2684380046, 2.6097574011, -0.3413193965],
                    [-0.0041960863, -0.7034186147, 1.7076147010],
                ]
            )
            @ cones**3
        )
        if chroma < 0.004 or (light.min() >= 0 and light.max() <= 1):
            light = np.clip(light, 0, 1)
            shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
            return np.asarray(shown, dtype=np.float32)
        chroma *= 0.94


def blend(stops: Sequence[Colour], where: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Colours (..., 3) along `stops` for each value of `where` (0 is the first stop, 1 the last)."""
    places = np.linspace(0, 1, len(stops))
    channels = np.array(stops)
    return np.stack([np.interp(where, places, channels[:, i]).astype(np.float32) for i in range(3)], axis=-1)
