"""The triggers that change so that somebody can be forgotten: words go, what was paid and done stays."""

from __future__ import annotations


def statements(dialect: str) -> tuple[str, ...]:
    """The triggers in the words of a dialect, `sqlite` or `postgresql`."""
    del dialect
    return ()
