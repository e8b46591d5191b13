"""What the model is asked for: frozen values between the tasks people know and the passes of the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.acestep.checkpoint import ModelTask

Audio = NDArray[np.float32]


@dataclass(frozen=True)
class Text:
    """What the text encoder reads. What nobody knows is None or ""; `seconds` is the length that it is told.

    `timesignature` as requests have it ("3/4"), `keyscale` as everywhere ("A Minor").
    """

    caption: str
    lyrics: str = ""
    language: str = "unknown"
    bpm: float | None = None
    keyscale: str = ""
    timesignature: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Sampling:
    """How noise becomes music: rows B6 to B12 of the reference. Guidance of 1 is none.

    `interval`: guidance is given from this part of the steps up to that (0 to 1).
    """

    steps: int
    shift: float
    guidance: float
    method: Literal["ode", "sde"] = "ode"
    adg: bool = False
    interval: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True)
class Start:
    """The noise that one take begins with: that of `seed`; or `variance` (0 to 1) of it, and the rest that of `of`.

    At 0 it is the noise of `of`, a seed or another take's start. It is mixed on a quarter of a circle, so that it
    stays noise.
    """

    seed: int
    of: Start | int | None = None
    variance: float = 1.0


@dataclass(frozen=True)
class Adapter:
    """A style adapter (LoRA) by its name, and how strongly it is to be heard."""

    name: str
    weight: float


@dataclass(frozen=True)
class Wish:
    """One call of the model, for takes that differ in nothing but their noise.

    `source` and `reference` are float32 (2, samples) at 48 kHz. `strength` is how much of a cover follows its source,
    0 to 1; `region` is what of the source a repaint makes anew, in seconds; `track` is what `extract` takes out.
    The sound is `seconds` long, and as long as `source` where there is one.
    """

    task: ModelTask
    text: Text
    sampling: Sampling
    starts: tuple[Start, ...]
    seconds: float
    source: Audio | None = field(default=None, repr=False)
    reference: Audio | None = field(default=None, repr=False)
    strength: float = 1.0
    region: tuple[float, float] | None = None
    track: str = ""
    adapter: Adapter | None = None
