"""Two channels out of any number: which part of each speaker is heard left and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALF = float(np.sqrt(0.5))
# By the bits of a WAV's speaker mask: what of each goes left and right (ITU-R BS.775: what comes from the middle or
# from behind is 3 dB softer on each side; the subwoofer only doubles what the others play).
SPEAKERS = (
    (1.0, 0.0), (0.0, 1.0), (HALF, HALF), (0.0, 0.0),  # left, right, centre, subwoofer
    (HALF, 0.0), (0.0, HALF), (1.0, 0.0), (0.0, 1.0),  # behind left and right, left and right of the centre
    (0.5, 0.5), (HALF, 0.0), (0.0, HALF),  # behind, at the left side, at the right side
    (0.5, 0.5), (HALF, 0.0), (0.5, 0.5), (0.0, HALF),  # above; above in front: left, middle, right
    (HALF, 0.0), (0.5, 0.5), (0.0, HALF),  # above and behind: left, middle, right
)  # fmt: skip
# What a file has that doesn't say: 3.0, 4.0, 5.0, 5.1, 6.1 and 7.1.
USUAL = {3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 7: 0x70F, 8: 0x63F}


def weights(channels: int, mask: int) -> NDArray[np.float32]:
    """(channels, 2): the part of each channel that goes left and right. `mask` is 0 where speakers are unknown.

    The sum may be louder than full scale: whoever mixes scales it down as a whole.
    """
    if channels == 1:
        return np.ones((1, 2), np.float32)
    if channels == 2:
        return np.eye(2, dtype=np.float32)
    if mask.bit_count() != channels or mask >> len(SPEAKERS):
        mask = USUAL.get(channels, 0)
    if mask:
        parts = [part for bit, part in enumerate(SPEAKERS) if mask >> bit & 1]
        return np.array(parts, np.float32)
    # Microphones or tracks side by side: every other one to the left, as loud together as they are apart.
    sides = np.zeros((channels, 2), np.float32)
    sides[::2, 0] = sides[1::2, 1] = np.sqrt(2 / channels)
    return sides
