"""Values that a recipe leaves open: `${style}`, `${item}, slow`, `${song.bpm}`, `${themes[run.day]}`, `${a|b}`.

    ${name}          an input; in a step that is made for each of several things, `item` and `index` (from 1)
    ${name.value}    what came of a step, or is known of a song that was given
    ${run.date}      the day, as 2026-12-04, and `${run.weekday}`
    ${name[2]}       one line of an input, or one song of a step that makes several; also `[index]` and `[run.day]`,
                     the number of the day. Behind the last comes the first again
    ${a|b}           the first of them that is there
    $${              what stands for itself

Nothing else is understood, and nothing is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What can stand there, in words.
ALLOWED = "${name}, ${step.value}, ${lines[2]}, ${lines[run.day]} or ${one|other}"

_PIECE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_REFERENCE = re.compile(
    r"(?P<name>[a-z][a-z0-9_-]*)(?:\[\s*(?P<place>[1-9]\d{0,5}|index|run\.day)\s*\])?(?:\.(?P<value>[a-z]+))?"
)


class Unreadable(ValueError):
    """A reference that says nothing; its text is the argument."""


@dataclass(frozen=True)
class Reference:
    """`name[place].value`; `text` is how it is written."""

    text: str
    name: str
    place: int | str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Template:
    """A value of a recipe: texts, and between them what is put in, each of it the first of several that is there."""

    pieces: tuple[str | tuple[Reference, ...], ...]

    @property
    def alone(self) -> bool:
        """Whether it is nothing but one reference, and so keeps the type of what it stands for."""
        return len(self.pieces) == 1 and not isinstance(self.pieces[0], str)

    def references(self) -> Iterator[Reference]:
        """Everything that it may stand for."""
        for piece in self.pieces:
            if not isinstance(piece, str):
                yield from piece


def template(text: str) -> Template:
    """`text` taken apart. Raises `Unreadable`."""
    pieces: list[str | tuple[Reference, ...]] = []
    at = 0
    for found in _PIECE.finditer(text):
        if found.start() > at:
            pieces.append(text[at : found.start()])
        pieces.append("${" if found[1] is None else tuple(_choices(found[0])))
        at = found.end()
    if at < len(text) or not pieces:
        pieces.append(text[at:])
    return Template(tuple(pieces))


def _choices(text: str) -> Iterator[Reference]:
    if not text.endswith("}"):
        raise Unreadable(text)
    for choice in text[2:-1].split("|"):
        found = _REFERENCE.fullmatch(choice.strip())
        if found is None:
            raise Unreadable(text)
        place = found["place"]
        yield Reference(
            choice.strip(), found["name"], int(place) if place and place.isdigit() else place, found["value"]
        )
