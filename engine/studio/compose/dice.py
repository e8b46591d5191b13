"""Random draws that belong to a place in the song, so that changing one place leaves the others as they were."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Dice:
    """One song's chance. The same seed and key draw the same, in every process and in any order."""

    seed: int

    def at(self, *key: object) -> random.Random:
        """A generator of its own for `key`, which names a place: section, bar and part."""
        text = "\x1f".join((str(self.seed), *map(str, key)))
        return random.Random(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big"))
