"""What a song takes over from another one: strokes of its kit, its tune, and how its lines are sung."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.studio.compose.brief import Singer
from engine.studio.compose.form import Slot
from engine.studio.compose.groove import Hit
from engine.studio.score import Note, SungLine


@dataclass(frozen=True)
class Material:
    """`strokes` of the kit and `tune` of the leading instrument by bar, in place of what would be played there.

    A bar that is named and empty is silent. The tune lies on the straight grid, in any octave. `sung` gives a line that
    was composed for a slot and a singer as it is sung.
    """

    strokes: Mapping[int, tuple[Hit, ...]] = field(default_factory=dict)
    tune: Mapping[int, tuple[Note, ...]] = field(default_factory=dict)
    sung: Callable[[Slot, SungLine, Singer], SungLine] | None = None


ALL_NEW = Material()
