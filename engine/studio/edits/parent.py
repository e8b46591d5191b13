"""The song that an edit starts from: its score, and its sound as files of another job or as audio in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.encode import LOSSLESS
from engine.audio.files import borrowed
from engine.spec import EngineError, Order, Source
from engine.studio.compose.clock import Clock
from engine.studio.compose.song import clock_of
from engine.studio.kept import Kept, Unreadable, from_bytes
from engine.studio.score import Score
from engine.studio.sound.noise import RATE
from engine.studio.stems import heard, stems_of

Audio = NDArray[np.float32]


@dataclass(frozen=True)
class Parent:
    """`song` and each of `stems` give float32 (2, samples) when they are asked, all of one length."""

    source: Source
    kept: Kept
    song: Callable[[], Audio]
    stems: Mapping[str, Callable[[], Audio]]

    @property
    def score(self) -> Score:
        return self.kept.score

    @property
    def clock(self) -> Clock:
        return clock_over(self.kept, self.score.duration)

    @property
    def length(self) -> float:
        """Seconds."""
        return self.score.duration


def parent_of(order: Order) -> Parent:
    """What `order` starts from. Raises `EngineError`, permanent: `no_score`, `no_stems`, `source_gone`."""
    source = order.source
    score = next((Path(file.path) for file in source.files if file.kind == "score"), None) if source else None
    if source is None or score is None:
        raise EngineError("no_score", permanent=True)
    with borrowed(score):
        data = score.read_bytes()
    try:
        kept = from_bytes(data)
    except Unreadable as unreadable:
        raise EngineError("no_score", permanent=True, cause=str(unreadable)) from unreadable
    songs = [Path(file.path) for file in source.files if file.kind == "audio" and file.format in LOSSLESS]
    stems = stems_of(source, LOSSLESS)
    if not songs or not stems:
        raise EngineError("no_stems", permanent=True)
    return Parent(
        source, kept, partial(_sound, songs[0]), {name: partial(_sound, file) for name, file in stems.items()}
    )


def clock_over(kept: Kept, duration: float) -> Clock:
    """The time of a song like `kept`, were it `duration` seconds long."""
    return clock_of(kept.brief, duration + kept.score.origin * kept.score.beat_s)


def _sound(file: Path) -> Audio:
    audio, rate = heard(file)
    if rate != RATE:
        raise EngineError("no_stems", permanent=True, cause=f"{file} has {rate} samples a second")
    return audio
