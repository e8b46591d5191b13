"""The process that tries a checkpoint: `python -m engine.acestep.measure`, started by `engine.acestep.checkup` and of
no use by hand.

Its arguments are the folder, the checkpoint's name, the device and how many seconds. Its stdin is the cord that it
hangs on: it dies when the other end is closed. It says lines of JSON on stdout: `stage` (loading or playing) with
`share` as it goes on, and at last `measured` or `wrong` (an error's code) with `params`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.pool.guard import guard

if TYPE_CHECKING:
    from engine.acestep.wish import Audio

# A song in which every part of the sound has something to do, and whose tempo can be heard.
CAPTION = "upbeat electronic pop, punchy drums on every beat, deep bass, bright synthesizers, clean modern mix"
BPM, KEY, METRE, SEED = 120.0, "C Major", "4/4", 7
TELL_EVERY_S = 0.2
# The kernel counts in these: kilobytes, and bytes on a Mac.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    folder, name, device, seconds = sys.argv[1:]
    guard(os.dup(0))
    answers = os.dup(1)
    # A library that prints is not heard where answers are.
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def say(**words: Any) -> None:
        os.write(answers, json.dumps(words).encode() + b"\n")

    from engine.spec import EngineError

    try:
        say(measured=measured(Path(folder), name, device, float(seconds), say))
    except EngineError as error:
        say(wrong=error.code, params={name: _plain(value) for name, value in error.params.items()})


def measured(
    folder: Path, name: str, device: str, seconds: float, say: Callable[..., None] = lambda **_: None
) -> dict[str, Any]:
    """What came of one song by the checkpoint in `folder`. Raises `EngineError` as loading and playing do."""
    import torch

    from engine.acestep.checkpoint import inspect
    from engine.acestep.model import Models
    from engine.acestep.player import Player
    from engine.acestep.wish import Sampling, Start, Text, Wish

    checkpoint = inspect(folder, name)
    models = Models(device)
    told: dict[str, float] = {}

    def tell(stage: str, share: float) -> None:
        # What begins is told at once.
        if stage not in told or time.monotonic() - told[stage] > TELL_EVERY_S:
            told[stage] = time.monotonic()
            say(stage=stage, share=share)

    begun = time.perf_counter()
    models.of(checkpoint, lambda share: tell("loading", share))
    loaded = time.perf_counter()
    defaults = checkpoint.defaults
    wish = Wish(
        task="text2music",
        text=Text(CAPTION, "[Instrumental]", bpm=BPM, keyscale=KEY, timesignature=METRE, seconds=seconds),
        sampling=Sampling(defaults.steps, defaults.shift, defaults.guidance),
        starts=(Start(SEED),),
        seconds=seconds,
    )
    ((_, audio),) = Player(models, {}).play(checkpoint, wish, lambda share: tell("playing", share))
    played = time.perf_counter()
    on_card = models.device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(models.device) if on_card else "",
        "load_s": loaded - begun,
        "render_s": played - loaded,
        "steps": defaults.steps,
        "length": audio.shape[1] / 48_000,
        "host_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT,
        "card_bytes": torch.cuda.max_memory_reserved(models.device) if on_card else 0,
        "card_total": torch.cuda.get_device_properties(models.device).total_memory if on_card else 0,
        **of_sound(audio),
    }


def of_sound(audio: Audio) -> dict[str, Any]:
    """`audio` (2, samples) in numbers: `peak`, and more where that is not 0.

    `silent` is the share that can't be heard, `whole` how whole the tops of the waves are (1, or less where they are
    flat); `heard_bpm` the tempo that was made out, and `sure` how surely.
    """
    import numpy as np

    from engine.acestep.player import levelled
    from engine.audio.quality import headroom
    from engine.hearing.chroma import pitches
    from engine.hearing.frames import frames
    from engine.hearing.onsets import onsets
    from engine.hearing.pulse import pulse

    peak = float(np.abs(audio).max(initial=0.0))
    if peak == 0.0:
        return {"peak": peak}
    loud = levelled(audio)
    spectra = frames(loud)
    beat = pulse(spectra, onsets(spectra), pitches(spectra))
    return {
        "peak": peak,
        "silent": _silent(loud),
        "whole": headroom(loud),
        "asked_bpm": BPM,
        "heard_bpm": beat.bpm,
        "sure": float(beat.confidence),
    }


def _silent(audio: Audio) -> float:
    """The share of hundredths of a second whose level is below -60 dBFS."""
    import numpy as np

    width = 480
    frames = audio.shape[1] // width
    power = np.square(audio[:, : frames * width]).reshape(2, frames, width).mean(axis=(0, 2))
    return float((power < 1e-6).mean()) if frames else 1.0


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


if __name__ == "__main__":
    main()
