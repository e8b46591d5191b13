"""Into how many parts a song is taken apart: every stem for itself, or a few parts that add up to the same song."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.spec.fields import BACKING, VOICES

ALL = "all"
# What no part is for is together in one more.
REST = "other"
# By how many parts there are: what each is made of, beside the stem of its own name.
PARTS: Mapping[str, tuple[str, ...]] = {
    ALL: (),
    "two": ("vocals",),
    "four": ("vocals", "drums", "bass"),
    "six": ("vocals", "drums", "bass", "guitar", "keyboard"),
}
_WITH: Mapping[str, frozenset[str]] = {"vocals": VOICES, "drums": frozenset({"drums", "percussion"})}


def parted(parts: str, stems: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The parts of a song that has `stems`, each with those that it is made of; a part without any is left out."""
    if parts == ALL:
        return {stem: (stem,) for stem in stems}
    found = {part: tuple(stem for stem in stems if stem in _WITH.get(part, {part})) for part in PARTS[parts]}
    taken = {stem for made_of in found.values() for stem in made_of}
    # All but the voices has a name already.
    rest = BACKING if parts == "two" else REST
    found[rest] = tuple(stem for stem in stems if stem not in taken)
    return {part: made_of for part, made_of in found.items() if made_of}


def separable(stems: Collection[str]) -> tuple[str, ...]:
    """Those of `PARTS` that mixed sound can be taken apart into, where `stems` can be told from the rest of it."""
    return tuple(parts for parts, named in PARTS.items() if set(named) <= set(stems))
