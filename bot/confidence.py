"""How sure we are of what was heard, in words."""

from __future__ import annotations

from collections.abc import Mapping

from bot.replies import reply

# From this confidence on a fact is said plainly, and from that one on as probable; below it is a guess, and below
# the last one nothing was made out that is worth a number.
SURE, LIKELY, NOTHING = 0.8, 0.5, 0.2
# What is said in place of a fact that wasn't made out; any other is left out.
_UNHEARD = {"bpm": "no_tempo_heard", "keyscale": "no_key_heard"}

Confidence = Mapping[str, float]
"""0 to 1, by the names of what it is about; what isn't named is certain."""


def is_heard(sure: Confidence, name: str) -> bool:
    """Whether enough of `name` was made out to tell it at all."""
    return sure.get(name, 1.0) >= NOTHING


def told(sure: Confidence, facts: Mapping[str, str], locale: str = "en") -> tuple[str, ...]:
    """`facts` by their names, each with how sure we are of it; what wasn't made out is never a number."""
    words = []
    for name, fact in facts.items():
        if is_heard(sure, name):
            words.append(marked(sure, name, fact, locale))
        elif name in _UNHEARD:
            words.append(reply(_UNHEARD[name], locale))
    return tuple(words)


def marked(sure: Confidence, name: str, fact: str, locale: str = "en") -> str:
    """`fact` with how sure we are of `name`: "probably A Minor"."""
    how = _how(sure, name)
    return fact if how is None else reply(f"heard_{how}", locale, fact=fact)


def roughly(sure: Confidence, name: str, what: str, locale: str = "en") -> str:
    """`what`, such as chords, with how well it was made out: "chords roughly"."""
    how = _how(sure, name)
    return what if how is None else reply(f"made_out_{how}", locale, what=what)


def mark(sure: Confidence, name: str, locale: str = "en") -> str | None:
    """The words alone, "probably"; None where we are sure."""
    how = _how(sure, name)
    return None if how is None else reply(f"how_{how}", locale)


def _how(sure: Confidence, name: str) -> str | None:
    confidence = sure.get(name, 1.0)
    if confidence >= SURE:
        return None
    return "likely" if confidence >= LIKELY else "guess"
