"""Plays a wish: from words and sound to the audio of every take, within the memory there is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
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

log = logging.getLogger(__name__)

# Shares of the work of a take: words and sources read, latents made; the rest is decoding.
READ, MADE = 0.04, 0.85
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
        `gpu_out_of_memory`, and as loading a checkpoint or an adapter does.
        """
        model = self._models.of(checkpoint, lambda _: on_progress(0.0))
        adapter = fitted(model, self._adapters[wish.adapter.name], wish.adapter) if wish.adapter else nullcontext()
        total = len(wish.starts)
        budget = budget_for(model, wish.seconds, total, guided=wish.sampling.guidance > 1)
        with adapter:
            done = 0
            while done < total:

                def so_far(share: float, takes: int, before: int = done) -> None:
                    on_progress(min(1.0, (before + share * takes) / total))

                try:
                    for number, audio in self._group(model, wish, done, budget, so_far):
                        yield number, audio
                        done = number + 1
                except Exception as error:
                    if not is_out_of_memory(error):
                        raise
                    free(error)
                    less = smaller(budget)
                    if less is None:
                        raise out_of_memory(model, wish) from error
                    log.warning("out of memory at %s: once more at %s", budget, less)
                    budget = less

    def _group(
        self, model: Model, wish: Wish, first: int, budget: Budget, so_far: Callable[[float, int], None]
    ) -> Iterator[tuple[int, Audio]]:
        """As many takes from number `first` on as the `budget` makes at once."""
        starts = wish.starts[first : first + budget.at_once]
        takes = len(starts)
        with placed(model, budget):
            phases = _phases(model, wish)
            so_far(READ, takes)
            steps = wish.sampling.steps

            def on_step(done: int) -> None:
                so_far(READ + (MADE - READ) * done / steps, takes)

            latents = denoise(model, phases, starts, wish.sampling, on_step)
            for number in range(takes):

                def on_tile(done: int = number) -> None:
                    so_far(MADE + (1 - MADE) * done / takes, takes)

                audio = decoded(model, latents[number : number + 1], round(wish.seconds * RATE), budget.tile, on_tile)
                so_far(MADE + (1 - MADE) * (number + 1) / takes, takes)
                yield first + number, audio


def _phases(model: Model, wish: Wish) -> list[Phase]:
    """What the network hears, and from which step on.

    A cover follows its source for its strength's share of the steps, and goes on as any song; the library mixes both
    at every step instead, and never lets go of the source.
    """
    source = None if wish.source is None else encoded(model, at_rate(model, wish.source))
    reference = timbre(model, wish.reference)
    followed = int(wish.sampling.steps * wish.strength) if wish.task == "cover" else wish.sampling.steps
    phases: list[Phase] = []
    if followed:
        phases.append(Phase(0, conditions(model, wish, wish.task, source, reference)))
    if followed < wish.sampling.steps:
        phases.append(Phase(followed, conditions(model, wish, "text2music", source, reference)))
    return phases


def levelled(audio: Audio) -> Audio:
    """`audio` with its peak at -1 dBFS; silence stays silent."""
    peak = float(np.abs(audio).max(initial=0.0))
    return audio * np.float32(PEAK / peak) if peak > SILENT else audio
