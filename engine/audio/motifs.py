"""The motifs of cover pictures. Each draws a whole square picture (size, size, 3), 0 to 1, from a palette, the energy
curve of the song and a random source; the curve is always part of what one sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from engine.audio.palette import Palette, blend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

Motif = Callable[[int, Palette, "Floats", np.random.Generator], "Floats"]


def ridges(size: int, colours: Palette, energy: Floats, rng: np.random.Generator) -> Floats:
    """A landscape: ranges of hills behind each other under a sun; the range in the middle is the song."""
    x, y = _grid(size)
    near, far = (colours.ramp[0], colours.ramp[3]) if colours.dark else (colours.ramp[4], colours.ramp[1])
    sky = [colours.ramp[1], colours.ramp[2], colours.second] if colours.dark else [colours.ramp[1], colours.ramp[0]]
    picture = np.repeat(blend(sky, (y / 0.72).clip(0, 1)), size, axis=1)
    centre, height, radius = (float(rng.uniform(*span)) for span in ((0.28, 0.72), (0.27, 0.36), (0.13, 0.21)))
    distance = np.hypot(x - centre, y - height)
    _paint(picture, 0.45 * np.exp(-((distance / (radius * 1.9)) ** 2)), colours.second)
    sun = _edge(radius - distance, size)
    if rng.random() < 0.4:
        # blinds across its lower part, wider towards the bottom
        low = (y - height) / radius
        slits = np.abs((low * 4.5) % 1 - 0.5) - 0.08 - 0.2 * (low + 0.3).clip(0, 1)
        sun = sun * np.where(low > -0.3, _edge(slits * radius / 4.5, size), 1)
    _paint(picture, sun, blend([colours.accent, colours.second], ((y - height) / radius).clip(0, 1)))
    layers = 6
    song = _curve(energy, size, smooth=size // 40)
    for i in range(layers):
        depth = i / (layers - 1)
        base = 0.52 + 0.4 * depth
        swing = 0.16 * (1 - 0.45 * depth)
        profile = song if i == 2 else _hills(rng, size, octaves=5)
        edge = (base - swing * profile)[None, :]
        shade = far + (near - far) * np.float32(0.12 + 0.88 * depth)
        hill = _edge(y - edge, size)
        _paint(picture, hill, shade)
        # mist in the valley behind the next range
        mist = hill * ((y - edge) / (swing + 0.1)).clip(0, 1) * (0.38 * (1 - depth))
        _paint(picture, mist, far)
    return picture


def ring(size: int, colours: Palette, energy: Floats, rng: np.random.Generator) -> Floats:
    """The song once around a disc, as rays, clockwise from the top."""
    x, y = _grid(size)
    picture = _ground(size, colours, rng)
    centre = np.float32(0.5), np.float32(0.44)
    dx, dy = x - centre[0], y - centre[1]
    distance = np.hypot(dx, dy)
    turn = (np.arctan2(dx, -dy) / (2 * np.pi)) % 1
    rays = int(rng.choice([72, 96, 120]))
    index = np.minimum((turn * rays).astype(np.int32), rays - 1)
    lengths = 0.012 + 0.15 * _curve(energy, rays, smooth=1) ** 1.3
    inner = rng.uniform(0.2, 0.24)
    across = np.abs(turn * rays - index - 0.5) * (2 * np.pi * distance / rays)
    width = 2 * np.pi * inner / rays * rng.uniform(0.24, 0.34)
    length = lengths[index].astype(np.float32)
    along = np.minimum(distance - inner, inner + length - distance)
    _paint(picture, 0.35 * np.exp(-(((distance - inner) / 0.13) ** 2)), colours.accent)
    around = np.abs(turn * 2 - 1).astype(np.float32)
    _paint(picture, _edge(along, size) * _edge(width - across, size), blend([colours.accent, colours.second], around))
    # the disc: shaded like a planet, with grooves of a record
    disc = _edge(inner * 0.88 - distance, size)
    tilt = rng.uniform(0, 2 * np.pi)
    shade = ((dx * np.cos(tilt) + dy * np.sin(tilt)) / inner * 0.5 + 0.5).clip(0, 1).astype(np.float32)
    _paint(picture, disc, blend([colours.accent, colours.ramp[3], colours.ramp[1]], shade))
    if rng.random() < 0.6:
        groove = 0.5 + 0.5 * np.cos(distance / inner * 2 * np.pi * 16)
        _paint(picture, disc * groove * 0.16, colours.light)
        _paint(picture, _edge(inner * 0.09 - distance, size), colours.ramp[0])
    return picture


def ribbons(size: int, colours: Palette, energy: Floats, rng: np.random.Generator) -> Floats:
    """A sheaf of fine lines that swells where the song does."""
    picture = _ground(size, colours, rng)
    scale = 2
    big = size * scale
    steps = np.linspace(-0.02, 1.02, 260)
    swell = 0.07 + 0.2 * np.interp(steps, np.linspace(0, 1, 64), _curve(energy, 64, smooth=7))
    waves, drift = rng.uniform(0.6, 1.5, 2), rng.uniform(0, 2 * np.pi, 2)
    lean = rng.uniform(-0.16, 0.16)
    lines = int(rng.choice([34, 46, 58]))
    turn = rng.uniform(1.6, 3.2)
    for group, (tint, strength) in enumerate([(colours.ramp[3], 0.55), (colours.accent, 0.8), (colours.second, 0.95)]):
        mask = Image.new("L", (big, big))
        pen = ImageDraw.Draw(mask)
        for i in range(group, lines, 3):
            phase = i / lines * turn
            wave = np.sin(2 * np.pi * waves[0] * steps + drift[0] + phase) + 0.55 * np.sin(
                2 * np.pi * waves[1] * 1.7 * steps + drift[1] - 1.4 * phase
            )
            height = 0.42 + lean * (steps - 0.5) + swell * wave + (i / lines - 0.5) * 0.14
            points = np.column_stack([steps, height]) * big
            pen.line([(float(a), float(b)) for a, b in points], fill=255, width=5 if group else 4, joint="curve")
        _paint(picture, np.asarray(mask.reduce(scale), dtype=np.float32) / 255 * strength, tint)
    return picture


def mosaic(size: int, colours: Palette, energy: Floats, rng: np.random.Generator) -> Floats:
    """A board of plain shapes over a quiet field; one tile in each row shows a part of the song as bars."""
    columns = int(rng.choice([4, 5]))
    rows = columns - 1
    tile = size // columns
    picture = np.empty((size, size, 3), dtype=np.float32)
    picture[:] = colours.ramp[0]
    u, v = _grid(tile)
    shades = [*colours.ramp[1:], colours.accent, colours.second]
    song_at = rng.integers(0, columns, rows)
    for row in range(rows):
        for column in range(columns):
            ground, figure = rng.permutation(len(shades))[:2]
            patch = picture[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile]
            patch[:] = colours.ramp[0] if rng.random() < 0.3 else shades[ground]
            if column == song_at[row]:
                part = np.array_split(energy, rows)[row]
                mask = _bars(u, v, _curve(part, 8, smooth=1), tile)
            else:
                mask = _figure(int(rng.integers(0, 7)), u, v, tile)
                mask = np.rot90(mask, int(rng.integers(0, 4)))
            _paint(patch, mask, shades[figure])
    # what division left over at the right edge
    picture[: rows * tile, columns * tile :] = picture[: rows * tile, columns * tile - 1 : columns * tile]
    return picture


def contours(size: int, colours: Palette, energy: Floats, rng: np.random.Generator) -> Floats:
    """A map: lines of equal height over soft hills; the hills grow towards the louder parts of the song."""
    x, y = _grid(size)
    height = _clouds(rng, size, cells=4) + 0.35 * _clouds(rng, size, cells=9)
    # twice: a corner in the curve would draw a straight cliff
    swell = _curve(_curve(energy, size, smooth=size // 8), size, smooth=size // 8)
    height = height * (0.5 + 0.9 * swell[None, :])
    height += 0.6 * np.exp(-(((x - rng.uniform(0.3, 0.7)) ** 2 + (y - rng.uniform(0.3, 0.5)) ** 2) / 0.05))
    height = (height - height.min()) / (height.max() - height.min())
    bands = int(rng.choice([9, 12, 15]))
    # half a band less, so that no line falls on the summit itself
    levels = height * (bands - 0.5)
    steps = np.floor(levels) / bands
    stops = [*colours.ramp[:4], colours.accent] if colours.dark else [*colours.ramp[:3], colours.accent, colours.second]
    picture = blend(stops, (0.3 * height + 0.7 * steps).astype(np.float32))
    slope = np.hypot(*np.gradient(levels)) + 1e-6
    away = np.abs(levels - np.rint(levels)) / slope
    _paint(
        picture,
        (size / 640 - away).clip(0, 1).astype(np.float32) * 0.75,
        colours.ramp[4] if colours.dark else colours.deep,
    )
    return picture


MOTIFS: tuple[Motif, ...] = (ridges, ring, ribbons, mosaic, contours)


def _grid(size: int) -> tuple[Floats, Floats]:
    """The x (1, size) and y (size, 1) of each pixel's middle, 0 to 1 from the upper left."""
    line = ((np.arange(size) + 0.5) / size).astype(np.float32)
    return line[None, :], line[:, None]


def _edge(inside: Floats, size: int) -> Floats:
    """How much of a pixel lies inside a shape, from the distance to its edge (in widths of the picture)."""
    return np.asarray((inside * size + 0.5).clip(0, 1))


def _paint(picture: Floats, mask: Floats, colour: Floats) -> None:
    share = mask.astype(np.float32)
    # One colour channel after the other: arrays whose last axis is three long are slow.
    for channel in range(picture.shape[-1]):
        plane = picture[..., channel]
        plane += share * (colour[..., channel] - plane)


def _curve(values: Floats | Sequence[float], count: int, *, smooth: int) -> Floats:
    """`values` at `count` even places, a running mean of `smooth` wide, stretched to reach from 0 to 1."""
    spread = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(values)), values)
    width = max(1, smooth)
    padded = np.pad(spread, (width // 2, width - 1 - width // 2), mode="edge")
    curve = np.convolve(padded, np.ones(width) / width, mode="valid")
    low, high = curve.min(), curve.max()
    return ((curve - low) / (high - low) if high > low else np.full(count, 0.5)).astype(np.float32)


def _hills(rng: np.random.Generator, count: int, octaves: int) -> Floats:
    line = np.zeros(count)
    for octave in range(octaves):
        knots = rng.uniform(0, 1, 4 * 2**octave + 1)
        at = np.linspace(0, len(knots) - 1.001, count)
        left, part = at.astype(int), at % 1
        eased = part * part * (3 - 2 * part)
        line += (knots[left] * (1 - eased) + knots[left + 1] * eased) * 0.5**octave
    return np.asarray((line - line.min()) / (line.max() - line.min()), dtype=np.float32)


def _clouds(rng: np.random.Generator, size: int, cells: int) -> Floats:
    """Soft noise (size, size), 0 to 1, about `cells` bumps wide."""
    small = Image.fromarray(rng.uniform(0, 1, (cells, cells)).astype(np.float32))
    big = np.asarray(small.resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)
    return np.asarray((big - big.min()) / (big.max() - big.min()))


def _ground(size: int, colours: Palette, rng: np.random.Generator) -> Floats:
    """A quiet field: two or three soft lights of related colours on the ground colour."""
    x, y = _grid(128)
    small = blend([colours.ramp[0], colours.ramp[1]], np.repeat((y + 0.15 * x).clip(0, 1), 1, axis=1))
    for tint in (colours.ramp[2], colours.ramp[1], colours.ramp[2]):
        reach = rng.uniform(0.05, 0.16)
        light = np.exp(-((x - rng.uniform(0, 1)) ** 2 + (y - rng.uniform(0, 0.9)) ** 2) / reach)
        _paint(small, (0.75 * light).astype(np.float32), tint)
    layers = [Image.fromarray(np.ascontiguousarray(small[..., i])) for i in range(3)]
    big = [layer.resize((size, size), Image.Resampling.BICUBIC) for layer in layers]
    return np.stack([np.asarray(layer, dtype=np.float32) for layer in big], axis=-1)


def _bars(u: Floats, v: Floats, heights: Floats, tile: int) -> Floats:
    count = len(heights)
    index = np.minimum((u * count).astype(int), count - 1)
    beside = 0.32 / count - np.abs(u - (index + 0.5) / count)
    return _edge(beside, tile) * _edge(0.06 + 0.36 * heights[index] - np.abs(v - 0.5), tile)


def _figure(kind: int, u: Floats, v: Floats, tile: int) -> Floats:
    """One of seven plain shapes in a square, as a mask."""
    corner, middle = np.hypot(u, v), np.hypot(u - 0.5, v - 0.5)
    match kind:
        case 0:
            return _edge(1 - corner, tile)
        case 1:
            return _edge(0.4 - middle, tile)
        case 2:
            return _edge(np.minimum(0.5 - np.hypot(u - 0.5, v), v + 0 * u), tile)
        case 3:
            return _edge(0.13 - np.abs(corner - 0.5), tile) + _edge(0.1 - np.abs(corner - 0.87), tile)
        case 4:
            return _edge((u - v) / np.float32(np.sqrt(2)), tile)
        case 5:
            return _edge(0.06 - np.abs((v * 4) % 1 - 0.5) / 4 + 0 * u, tile)
        case _:
            dots = np.hypot((u * 4) % 1 - 0.5, (v * 4) % 1 - 0.5)
            return _edge((0.28 - dots) / 4, tile)
