"""The four parts that separation knows, of a song whose stems are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.separating.mixtures import PARTS
from engine.spec import Take

# Who belongs where, as data sets of separation have it; all others are "other".
MEMBERS = {"vocals": "vocals", "backing_vocals": "vocals", "drums": "drums", "percussion": "drums", "bass": "bass"}


def parts_of(take: Take) -> dict[str, NDArray[np.float32]]:
    """What of the song (2, samples) each part is; silence where there is none."""
    parts = {name: np.zeros_like(take.audio) for name in PARTS}
    for name, stem in take.stems.items():
        parts[MEMBERS.get(name, "other")] += stem
    return parts
