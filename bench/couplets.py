"""What the benchmark of the voices sings: `voices.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from engine.spec.languages import LANGUAGES


@dataclass(frozen=True)
class Couplet:
    """Two lines in a language's own script, and the first one's sounds in broad IPA."""

    language: str
    lines: tuple[str, ...]
    sounds: str

    @property
    def name(self) -> str:
        """The language in English."""
        return LANGUAGES[self.language]


def couplets() -> dict[str, Couplet]:
    """By language code: one for each that lyrics may be asked for in."""
    read = tomllib.loads((Path(__file__).parent / "voices.toml").read_text("utf-8"))
    return {code: Couplet(code, tuple(entry["lines"]), entry["sounds"]) for code, entry in read.items()}
