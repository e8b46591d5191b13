"""From the key of a source to that of its cover: step by step of the scale where one is major and the other minor."""

from __future__ import annotations

from dataclasses import dataclass

from engine.studio.compose.theory import scale_of

OCTAVE = 12
DOMINANT, LEADING = 7, 11


@dataclass(frozen=True)
class Move:
    """Keys as (tonic 0 to 11, minor)."""

    before: tuple[int, bool]
    after: tuple[int, bool]

    def degree(self, pitch_class: int) -> int:
        """Half steps above the new tonic for a pitch class of the source."""
        above = (pitch_class - self.before[0]) % OCTAVE
        old, new = scale_of(self.before[1]), scale_of(self.after[1])
        return new[old.index(above)] if above in old else above

    def pitch(self, pitch: int) -> int:
        """A note of the source in the new key, as near as it can be."""
        above = (pitch - self.before[0]) % OCTAVE
        bent = self.degree(pitch) - above
        return pitch + bent + (self.after[0] - self.before[0] + 5) % OCTAVE - 5

    def chord(self, root: int, tones: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        """(half steps of the root above the new tonic, of the tones above the root). A dominant stays one."""
        degree = self.degree(root)
        above = (root - self.before[0]) % OCTAVE
        if self.before[1] == self.after[1] or above == DOMINANT:
            return degree, tuple((tone - root) % OCTAVE for tone in tones)
        return degree, tuple((self.degree(tone) - degree) % OCTAVE for tone in tones)
