"""A song at a glance: its spectrogram with the sections marked, and which stems play when."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import pairwise

import librosa
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bench.ears.notes import Section
from bench.ears.wave import RATE, Floats, at_rate

WIDTH, LEFT, HEAD = 900, 120, 18
COLUMNS, BANDS, SCALE = (WIDTH - LEFT) // 2, 110, 2
ROW = 13
HOP, BINS = 512, 8192
# What lies this far below the loudest is black.
RANGE_DB = 60.0
SHADES = 40
# From dark to bright; lightness rises all the way.
RAMP = np.array(
    [(8, 8, 20), (42, 20, 86), (108, 30, 118), (178, 48, 102), (232, 92, 72), (250, 160, 80), (252, 236, 170)]
)
INK, GROUND, MARK = (225, 225, 235), (8, 8, 20), (255, 255, 255)
MARKED_HZ = (100, 1000, 10_000)


def portrait(audio: Floats, stems: Mapping[str, Floats], rate: int, sections: Sequence[tuple[str, float]]) -> bytes:
    """PNG, 900 pixels wide: log frequency from 30 Hz up, one row a stem below. `sections`: kind, start in seconds."""
    mono = at_rate(audio, rate)
    seconds = len(mono) / RATE
    height = HEAD + BANDS * SCALE + 4 + ROW * len(stems)
    image = Image.new("RGB", (WIDTH, height), GROUND)
    _paste(image, _spectrum(mono), HEAD, BANDS * SCALE)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(11)
    for hertz in MARKED_HZ:
        y = HEAD + (BANDS - int(np.searchsorted(_edges(), hertz))) * SCALE
        pen.text((LEFT - 6, y), f"{hertz} Hz", INK, font, anchor="rm")
    for number, (name, stem) in enumerate(stems.items()):
        top = HEAD + BANDS * SCALE + 4 + number * ROW
        pen.text((LEFT - 6, top + ROW // 2), name.replace("_", " "), INK, font, anchor="rm")
        _paste(image, _strip(stem), top, ROW - 2)
    for kind, start in sections:
        x = LEFT + round(start / seconds * COLUMNS * SCALE)
        pen.line((x, 0, x, height), MARK)
        pen.text((x + 4, 2), kind, INK, font)
    buffer = io.BytesIO()
    image.quantize(SHADES + 16, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def starts(sections: Sequence[Section], quarter_s: float) -> list[tuple[str, float]]:
    """Kind and start in seconds."""
    return [(section.kind, section.start * quarter_s) for section in sections]


def _spectrum(mono: Floats) -> NDArray[np.float64]:
    """Bands (low at the bottom) by columns, 0 to 1 of the range, evened out by 3 dB an octave as ears do."""
    power = np.abs(librosa.stft(mono, n_fft=BINS, hop_length=HOP)) ** 2
    edges = _edges() * BINS / RATE
    bands = []
    for low, high in pairwise(edges):
        first = int(low)
        # a band narrower than a bin shares it
        bands.append(power[first : max(first + 1, int(high))].mean(axis=0) * (high + low))
    columns = np.stack([part.mean(axis=1) for part in np.array_split(np.stack(bands), COLUMNS, axis=1)], axis=1)
    level = 10 * np.log10(columns + 1e-9)
    return np.flipud(np.clip(1 + (level - np.quantile(level, 0.999)) / RANGE_DB, 0, 1))


def _edges() -> NDArray[np.float64]:
    return np.asarray(np.geomspace(30, 11_500, BANDS + 1))


def _strip(stem: Floats) -> NDArray[np.float64]:
    """(1, columns): how loud a stem is, 0 to 1, against its own loudest."""
    power = (np.asarray(stem, np.float64) ** 2).mean(axis=0)
    columns = np.asarray([part.mean() for part in np.array_split(power, COLUMNS)])
    return np.asarray(np.clip(1 + 10 * np.log10(columns / max(columns.max(), 1e-12) + 1e-9) / 40.0, 0, 1))[None]


def _paste(image: Image.Image, shares: NDArray[np.float64], top: int, height: int) -> None:
    """Cells of 0 to 1 as colours, drawn `height` pixels high."""
    steps = np.round(shares * (SHADES - 1)) / (SHADES - 1) * (len(RAMP) - 1)
    colours = np.stack([np.interp(steps, np.arange(len(RAMP)), RAMP[:, part]) for part in range(3)], axis=-1)
    cells = Image.fromarray(np.round(colours).astype(np.uint8))
    image.paste(cells.resize((COLUMNS * SCALE, height), Image.Resampling.NEAREST), (LEFT, top))
