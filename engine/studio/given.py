"""What an order starts from, wherever it came from: a song made here, or a recording from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torchaudio.functional import resample

from engine.audio.encode import LOSSLESS
from engine.audio.files import borrowed
from engine.spec import EngineError, Order, Source
from engine.studio.kept import Kept, Unreadable, from_bytes
from engine.studio.sound.noise import RATE
from engine.studio.stems import heard, stems_of

Audio = NDArray[np.float32]


@dataclass(frozen=True)
class Given:
    """`sound` gives float32 (2, samples) at 48 kHz when it is asked. `key` is the same for the same sound.

    `kept` is there for a song whose score is known; `source` for any song made here. `lyrics` are its own, if known.
    """

    key: str
    title: str
    duration: float
    sound: Callable[[], Audio]
    kept: Kept | None = None
    source: Source | None = None
    lyrics: str = ""


def given(order: Order) -> Given:
    """What `order` starts from. Raises `EngineError`, permanent: `no_source`, `source_gone`."""
    if order.recording is not None:
        own = order.recording
        return Given(own.path, own.title, own.duration, partial(_sound, (Path(own.path),)), lyrics=own.lyrics)
    if order.source is None:
        raise EngineError("no_source", permanent=True)
    source = order.source
    songs = [Path(file.path) for file in source.files if file.kind == "audio" and file.format in LOSSLESS]
    # What was taken apart sounds as before when all of it plays together.
    files = tuple(songs[:1] or stems_of(source, LOSSLESS).values())
    if not files:
        raise EngineError("no_source", permanent=True)
    return Given(
        str(files[0]), source.title, source.duration, partial(_sound, files), kept_of(source), source, source.lyrics
    )


def is_outside(order: Order) -> bool:
    """Whether nobody has the score of what `order` starts from."""
    if order.source is None:
        return order.recording is not None
    # Another engine leaves something else than a score.
    return kept_of(order.source) is None


def kept_of(source: Source) -> Kept | None:
    """The score of a song made here, with how it was mixed; None where it has none that can be read."""
    data = score_of(source)
    try:
        return None if data is None else from_bytes(data)
    except Unreadable:
        return None


def score_of(source: Source) -> bytes | None:
    """What its engine left to make another version of `source` from. Raises `EngineError` (`source_gone`)."""
    file = next((Path(file.path) for file in source.files if file.kind == "score"), None)
    if file is None:
        return None
    with borrowed(file):
        return file.read_bytes()


def _sound(files: tuple[Path, ...]) -> Audio:
    whole: Audio | None = None
    for file in files:
        audio, rate = heard(file)
        if rate != RATE:
            audio = resample(torch.from_numpy(audio), rate, RATE).numpy()
        audio = np.repeat(audio, 2, axis=0) if audio.shape[0] == 1 else audio[:2]
        whole = audio if whole is None else _together(whole, audio)
    if whole is None:
        raise EngineError("no_source", permanent=True)
    return whole


def _together(one: Audio, other: Audio) -> Audio:
    length = max(one.shape[1], other.shape[1])
    return np.pad(one, ((0, 0), (0, length - one.shape[1]))) + np.pad(other, ((0, 0), (0, length - other.shape[1])))
