"""Pictures of a song as PNG: its cover and its waveform, marked as made by a machine. The same song, the same bytes."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from engine.audio.lettering import Lettering, set_title, title_mask
from engine.audio.mark import STATEMENT, XMP
from engine.audio.motifs import MOTIFS
from engine.audio.palette import Palette, oklch, palette

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

MARGIN = 0.065
# Where a PNG keeps its XMP.
XMP_KEY = "XML:com.adobe.xmp"


def cover(
    title: str,
    *,
    seed: int,
    genre: str = "",
    minor: bool = False,
    energy: Sequence[float] = (),
    size: int = 1024,
) -> bytes:
    """A square cover of `size` pixels: artwork from the seed, the genre, the mode and the energy curve (0 to 1) of the
    song, with its title, where the font has letters for it."""
    rng = np.random.default_rng([seed, zlib.crc32(title.encode()), zlib.crc32(genre.encode())])
    colours = palette(rng, genre, minor)
    motif = MOTIFS[int(rng.integers(len(MOTIFS)))]
    curve = np.asarray(energy if len(energy) > 1 else [0.4, 0.7, 0.5, 1.0, 0.6], dtype=np.float32)
    picture = motif(size, colours, curve, rng)
    lettering = set_title(title, size, size * (1 - 2 * MARGIN))
    if lettering:
        _write_title(picture, lettering, colours)
    return _png(Image.fromarray(np.rint(picture.clip(0, 1) * 255).astype(np.uint8)))


def smaller(png: bytes, size: int) -> bytes:
    """The same picture at `size` pixels a side, for the inside of audio files."""
    picture = Image.open(io.BytesIO(png))
    # Somebody's own picture is no machine's.
    return _png(picture.resize((size, size), Image.Resampling.LANCZOS), generated=XMP_KEY in picture.info)


def waveform_png(peaks: Sequence[int], *, width: int = 800, height: int = 160) -> bytes:
    """The outline of a song (`peaks`, 0 to 100) as bars on a clear ground."""
    scale = 2
    image = Image.new("RGBA", (width * scale, height * scale))
    pen = ImageDraw.Draw(image)
    step = width * scale / max(1, len(peaks))
    low, high = oklch(0.6, 0.13, 285), oklch(0.75, 0.14, 345)
    for i, peak in enumerate(peaks):
        part = i / max(1, len(peaks) - 1)
        colour = tuple(int(c) for c in np.rint((low + (high - low) * np.float32(part)) * 255))
        half = max(1.0, peak / 100 * (height * scale / 2 - 2))
        box = (
            i * step + step * 0.15,
            height * scale / 2 - half,
            (i + 1) * step - step * 0.15,
            height * scale / 2 + half,
        )
        pen.rounded_rectangle(box, radius=step * 0.35, fill=colour)
    return _png(image.reduce(scale))


def _quieten(picture: Floats, ground: Floats, height: float) -> None:
    """Let the ground rise to `height` (of the picture) from below, so that the title can be read on anything."""
    size = len(picture)
    y = (np.arange(size, dtype=np.float32) + 0.5) / size
    veil = ((y - (1 - 1.5 * height)) / height).clip(0, 1)
    veil = 0.84 * veil * veil * (3 - 2 * veil)
    picture += veil[:, None, None] * (ground - picture)


def _write_title(picture: Floats, lettering: Lettering, colours: Palette) -> None:
    size = len(picture)
    top = size * (1 - MARGIN) - lettering.height
    foot = picture[int(top) :]
    night = float(foot.mean()) < 0.5
    deep = colours.ramp[0] if colours.dark else colours.deep
    _quieten(picture, deep if night else colours.ramp[0], lettering.height / size + 2 * MARGIN)
    ink = colours.light if night else colours.deep
    mask = np.asarray(title_mask(lettering, size, size * MARGIN, top), dtype=np.float32) / 255
    picture += mask[..., None] * (ink - picture)
    bar = (
        slice(int(top - size * 0.03), int(top - size * 0.024)),
        slice(int(size * MARGIN), int(size * (MARGIN + 0.075))),
    )
    picture[bar] = colours.accent


def _png(image: Image.Image, *, generated: bool = True) -> bytes:
    buffer, info = io.BytesIO(), PngInfo()
    if generated:
        info.add_text("Comment", STATEMENT)
        info.add_itxt(XMP_KEY, XMP)
    image.save(buffer, format="PNG", compress_level=6, pnginfo=info)
    return buffer.getvalue()
