"""A stranger's picture made ours: a square PNG of nothing but its pixels."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image, ImageOps

from engine.audio.foreign.wrong import Wrong

# Covers have so many pixels a side; smaller pictures are not blown up.
SIDE = 1024
MOST_PIXELS = 40_000_000
# By their first bytes, and as what they are read: neither name nor address is asked.
BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF87a": "GIF", b"GIF89a": "GIF"}
WHITE = (255, 255, 255, 255)


def make_ours(file: Path, to: Path) -> None:
    """Write the middle of the picture in `file` to `to`; of a moving one its first moment. Raises `Wrong`."""
    kind = kind_of(file)
    if kind is None:
        raise Wrong("picture_unknown")
    with warnings.catch_warnings():
        # It warns of what is refused here, and of broken notes about the camera, which nobody keeps.
        warnings.simplefilter("ignore")
        with Image.open(file, formats=[kind]) as found:
            if found.width * found.height > MOST_PIXELS:
                raise Wrong("picture_too_large", f"{found.width} x {found.height}")
            found.draft("RGB", (2 * SIDE, 2 * SIDE))
            upright = ImageOps.exif_transpose(found).convert("RGBA")
    side = min(SIDE, *upright.size)
    square = ImageOps.fit(upright, (side, side), Image.Resampling.LANCZOS)
    ground = Image.new("RGBA", square.size, WHITE)
    Image.alpha_composite(ground, square).convert("RGB").save(to, "PNG", optimize=True)


def kind_of(file: Path) -> str | None:
    """What the picture in `file` is, as Pillow calls it; None for what is no picture that we read."""
    with file.open("rb") as begun:
        head = begun.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "WEBP"
    return next((kind for beginning, kind in BEGINNINGS.items() if head.startswith(beginning)), None)
