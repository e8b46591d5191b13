"""Audio that lies in a file of its own, as the stems of a long song do."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def rest(audio: NDArray[np.float32]) -> None:
    """Nobody needs it for now: give back the memory of audio that lies in a file, which keeps what it holds.

    Audio that lies in memory stays as it is.
    """
    owner: Any = audio
    # a view knows the array it shows, an array the buffer it was made from
    while (below := getattr(owner, "base", getattr(owner, "obj", None))) is not None:
        owner = below
    if isinstance(owner, mmap.mmap):
        owner.madvise(mmap.MADV_DONTNEED)
