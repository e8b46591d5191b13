"""Plays a wish: from words and sound to the audio of every take, within the memory there is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from engine.acestep.adapters import fitted
from engine.acestep.checkpoint import Checkpoint
from engine.acestep.conditions import conditions, timbre
from engine.acestep.latents import RATE, at_rate, decoded, encoded
from engine.acestep.memory import Budget, budget_for, free, is_out_of_memory, out_of_memory, placed, smaller
from engine.acestep.model import Model, Models
from engine.acestep.sampler import Phase, denoise
from engine.acestep.wish import Audio, Wish
from engine.spec import EngineError

log = logging.getLogger(__name__)

# The share of a wish that is reading its words and its source, and that of a take that is making latents; the rest of
# each is making takes, and decoding.
READ, MADE = 0.04, 0.85
# Of reading: the source and the reference encoded; the rest is words.
SOURCE, REFERENCE = 0.6, 0.9
# New songs peak here, as the library's own do.
PEAK = 10 ** (-1 / 20)
SILENT = 1e-6

OnProgress = Callable[[float], None]


class Player:
    """`adapters` are the style adapters that may be asked for, by name."""

    def __init__(self, models: Models, adapters: Mapping[str, Path]) -> None:
        self._models, self._adapters = models, adapters

    def play(self, checkpoint: Checkpoint, wish: Wish, on_progress: OnProgress) -> Iterator[tuple[int, Audio]]:
        """The takes of `wish` as they get done: the number of its start, and float32 (2, samples) at 48 kHz.

        They have the level that the model gave them. `on_progress` hears 0 to 1 over all of them, at every step; what
        it raises goes through. Where memory runs out it is tried once more with less at once. Raises `EngineError`:
        `gpu_out_of_memory`; `sound_broken` (name), permanent, for what is no sound; and as loading a checkpoint or an
        adapter does.
        """
        model = self._models.of(checkpoint, lambda _: on_progress(0.0))
        total, begun, done, furthest = len(wish.starts), 0, 0, 0.0
        budget = budget_for(model, wish.seconds, total, guided=wish.sampling.guidance > 1)

        def tell(share: float) -> None:
            # What is done once more is no step back.
            nonlocal furthest
            furthest = max(furthest, min(1.0, share))
            on_progress(furthest)

        def so_far(share: float, takes: int) -> None:
            tell(READ + (1 - READ) * (begun + share * takes) / total)

        heard: list[Phase] = []
        while done < total:
            begun, group = done, wish.starts[done : done + budget.at_once]
            try:
                with placed(model, budget):
                    # The same for all takes.
                    heard = heard or _phases(model, wish, lambda share: tell(READ * share))
                for number, audio in self._together(model, replace(wish, starts=group), heard, budget, so_far):
                    yield begun + number, audio
                    done = begun + number + 1
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                free(error)
                less = smaller(budget)
                if less is None:
                    raise out_of_memory(model, wish) from error
                log.warning("out of memory at %s: once more at %s", budget, less)
                budget = less

    def _together(
        self, model: Model, wish: Wish, heard: list[Phase], budget: Budget, so_far: Callable[[float, int], None]
    ) -> Iterator[tuple[int, Audio]]:
        """All takes of `wish` in one go. `so_far` hears which share of so many takes is done."""
        takes, steps, samples = len(wish.starts), wish.sampling.steps, round(wish.seconds * RATE)

        def on_step(done: int) -> None:
            so_far(MADE * done / steps, takes)

        def decoding(before: int, share: float) -> None:
            so_far(MADE + (1 - MADE) * (before + share) / takes, takes)

        with placed(model, budget), self._fitted(model, wish):
            latents = denoise(model, heard, wish.starts, wish.sampling, on_step)
        with placed(model, budget):
            for number in range(takes):
                latent = latents[number : number + 1]
                audio = decoded(model, latent, samples, budget.tile, partial(decoding, number))
                if not np.isfinite(audio).all():
                    # Weights that don't belong together, or an adapter far too strong.
                    raise EngineError("sound_broken", permanent=True, name=model.checkpoint.name)
                yield number, audio

    def _fitted(self, model: Model, wish: Wish) -> AbstractContextManager[None]:
        if wish.adapter is None:
            return nullcontext()
        return fitted(model, self._adapters[wish.adapter.name], wish.adapter)


def _phases(model: Model, wish: Wish, on_share: Callable[[float], None]) -> list[Phase]:
    """What the network hears, and from which step on. `on_share` hears how much of it is read.

    A cover follows its source for its strength's share of the steps, and goes on as any song; the library mixes both
    at every step instead, and never lets go of the source.
    """

    def reference_read(share: float) -> None:
        on_share(SOURCE + (REFERENCE - SOURCE) * share)

    source = None
    if wish.source is not None:
        source = encoded(model, at_rate(model, wish.source), lambda share: on_share(SOURCE * share))
    reference = timbre(model, wish.reference, reference_read)
    followed = int(wish.sampling.steps * wish.strength + 1e-9) if wish.task == "cover" else wish.sampling.steps
    phases: list[Phase] = []
    if followed:
        phases.append(Phase(0, conditions(model, wish, wish.task, source, reference)))
        on_share(REFERENCE)
    if followed < wish.sampling.steps:
        phases.append(Phase(followed, conditions(model, wish, "text2music", source, reference)))
    on_share(1.0)
    return phases


def levelled(audio: Audio) -> Audio:
    """`audio` with its peak at -1 dBFS; silence stays silent."""
    peak = float(np.abs(audio).max(initial=0.0))
    return audio * np.float32(PEAK / peak) if peak > SILENT else audio
