"""Titles on pictures, in the one font that comes with Pillow (Aileron, plain Latin letters only).

It has no accented letters, so accents are drawn onto the letters they belong to.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

SPACING = 1.14
# strokes of each accent in ems: x from the middle of the letter, y up from its top (below the line: from its foot)
ABOVE: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "\u0300": (((-0.09, 0.16), (0.03, 0.06)),),
    "\u0301": (((0.09, 0.16), (-0.03, 0.06)),),
    "\u0302": (((-0.11, 0.06), (0.0, 0.16), (0.11, 0.06)),),
    "\u0303": (((-0.13, 0.08), (-0.08, 0.13), (-0.03, 0.12), (0.03, 0.09), (0.08, 0.08), (0.13, 0.13)),),
    "\u0304": (((-0.11, 0.1), (0.11, 0.1)),),
    "\u0306": (((-0.1, 0.16), (-0.06, 0.09), (0.0, 0.07), (0.06, 0.09), (0.1, 0.16)),),
    "\u0307": (((0.0, 0.11), (0.0, 0.11)),),
    "\u0308": (((-0.085, 0.11), (-0.085, 0.11)), ((0.085, 0.11), (0.085, 0.11))),
    "\u030a": (
        (
            (0.0, 0.2),
            (0.052, 0.18),
            (0.072, 0.13),
            (0.052, 0.08),
            (0.0, 0.06),
            (-0.052, 0.08),
            (-0.072, 0.13),
            (-0.052, 0.18),
            (0.0, 0.2),
        ),
    ),
    "\u030b": (((0.0, 0.16), (-0.07, 0.06)), ((0.13, 0.16), (0.06, 0.06))),
    "\u030c": (((-0.11, 0.16), (0.0, 0.06), (0.11, 0.16)),),
}
BELOW: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "\u0323": (((0.0, -0.11), (0.0, -0.11)),),
    "\u0327": (((0.0, 0.0), (0.0, -0.06), (0.05, -0.1), (0.02, -0.16), (-0.05, -0.16)),),
    "\u0328": (((0.07, 0.0), (0.02, -0.09), (0.06, -0.14), (0.12, -0.13)),),
}


@dataclass(frozen=True)
class Lettering:
    """A title in lines, decomposed (letter, then its accents), with the font size that fits."""

    lines: tuple[str, ...]
    points: int

    @property
    def height(self) -> float:
        """Of all lines, in pixels."""
        return len(self.lines) * self.points * SPACING


def set_title(title: str, size: int, width: float) -> Lettering | None:
    """`title` as large as it fits into lines of `width` pixels on a picture of `size`; None where it can't be written.

    It can't where the font lacks a letter: a title is whole or left away.
    """
    words = unicodedata.normalize("NFD", title).split()
    if not words or _lacks("".join(words)):
        return None
    for share, most in ((9, 2), (11, 2), (13, 2), (16, 3), (20, 3)):
        points = size // share
        lines = _wrap(words, points, width)
        if len(lines) <= most and all(_length(line, points) <= width for line in lines):
            return Lettering(tuple(lines), points)
    shortened = [*lines[:2], f"{lines[2]}…"] if len(lines) > 3 else lines
    return Lettering(tuple(_cut(line, points, width) for line in shortened), points)


def title_mask(lettering: Lettering, size: int, left: float, top: float) -> Image.Image:
    """The title as coverage ("L") on a square of `size` pixels; `left`, `top` are the upper left of its first line."""
    scale = 2
    font = _font(lettering.points * scale)
    mask = Image.new("L", (size * scale, size * scale))
    pen = ImageDraw.Draw(mask)
    for number, line in enumerate(lettering.lines):
        x, y = left * scale, (top + number * lettering.points * SPACING) * scale
        plain = _letters(line)
        pen.text((x, y), plain, font=font, fill=255)
        at = -1
        for character in line:
            if not unicodedata.combining(character):
                at += 1
                raised = 0.0
                continue
            start = x + font.getlength(plain[: at + 1]) - font.getlength(plain[at])
            raised += _draw_accent(pen, font, character, plain[at], (start, y), raised)
    return mask.reduce(scale)


def _draw_accent(
    pen: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont,
    accent: str,
    letter: str,
    origin: tuple[float, float],
    raised: float,
) -> float:
    """Draw one accent; returns by how much the next one above the same letter must stand higher."""
    left, top, right, bottom = font.getbbox(letter)
    em, weight = font.size, font.size * 0.062
    middle = origin[0] + (left + right) / 2
    if accent in BELOW:
        strokes, edge = BELOW[accent], origin[1] + bottom
    else:
        strokes, edge = ABOVE[accent], origin[1] + top - raised
        if letter in "ij":
            # the accent takes the place of the dot
            stem = origin[1] + font.getbbox("x")[1]
            pen.rectangle((origin[0] + left, origin[1] + top - 1, origin[0] + right, stem - em * 0.02), fill=0)
            edge = stem - raised
    for stroke in strokes:
        points = [(middle + a * em, edge - b * em) for a, b in stroke]
        if points[0] == points[-1] and len(points) == 2:
            dot = weight * 0.75
            pen.ellipse((points[0][0] - dot, points[0][1] - dot, points[0][0] + dot, points[0][1] + dot), fill=255)
        else:
            pen.line(points, fill=255, width=round(weight), joint="curve")
    return 0.0 if accent in BELOW else em * 0.14


def _font(points: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(points)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, which the titles on covers need")
    return font


def _lacks(text: str) -> bool:
    """Whether a character would come out as the font's empty box (what an unassigned character gives)."""
    font = _font(20)
    box = bytes(font.getmask("\U000effff"))
    known = ABOVE.keys() | BELOW.keys()
    if unicodedata.combining(text[0]):
        return True
    return any(bytes(font.getmask(c)) == box for c in set(text) - known)


def _letters(line: str) -> str:
    return "".join(c for c in line if not unicodedata.combining(c))


def _length(line: str, points: int) -> float:
    return float(_font(points).getlength(_letters(line)))


def _wrap(words: Sequence[str], points: int, width: float) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        if _length(f"{lines[-1]} {word}", points) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def _cut(line: str, points: int, width: float) -> str:
    if _length(line, points) <= width:
        return line
    line = line.removesuffix("…")
    while _length(f"{line}…", points) > width:
        line = line[:-1]
    return f"{line}…"
