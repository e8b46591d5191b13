"""From noise to latents: flow matching in a few steps, each of which can be the last."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from engine.acestep.conditions import Conditions
from engine.acestep.guidance import adg, apg
from engine.acestep.model import Model, caught_up
from engine.acestep.wish import Sampling, Start

# The cosine of a right angle is a little more than 0.
NO_SHARE = 1e-9


@dataclass(frozen=True)
class Phase:
    """From step `first` on the network hears `conditions`."""

    first: int
    conditions: Conditions


class Noise:
    """The noise of one take, as float32 on the CPU: the same numbers on every device."""

    def __init__(self, start: Start) -> None:
        self._parts = [
            (share, torch.Generator().manual_seed(seed)) for seed, share in _shares(start).items() if share > NO_SHARE
        ]

    def draw(self, *shape: int) -> Tensor:
        """More of it, (shape)."""
        (share, generator), *others = self._parts
        mixed = share * torch.randn(shape, generator=generator)
        for share, generator in others:
            mixed += share * torch.randn(shape, generator=generator)
        return mixed


def _shares(start: Start) -> dict[int, float]:
    """How much of each seed's noise is in that of `start`; so much of each that the whole has the variance of noise."""
    if start.of is None:
        return {start.seed: 1.0}
    before = _shares(start.of if isinstance(start.of, Start) else Start(start.of))
    angle = start.variance * math.pi / 2
    shares = {start.seed: math.sin(angle)}
    for seed, share in before.items():
        shares[seed] = shares.get(seed, 0.0) + math.cos(angle) * share
    # A quarter of a circle keeps it for seeds of their own; one that comes twice counts more.
    length = math.hypot(*shares.values())
    return {seed: share / length for seed, share in shares.items()}


def schedule(steps: int, shift: float) -> list[float]:
    """The times of `steps` steps from 1 (noise) to 0 (music), with that 0; a greater shift is longer in the noise."""
    even = torch.linspace(1.0, 0.0, steps + 1, dtype=torch.float32)
    shifted: list[float] = (shift * even / (1 + (shift - 1) * even)).tolist()
    return shifted


@torch.no_grad()
def denoise(
    model: Model,
    phases: Sequence[Phase],
    starts: Sequence[Start],
    sampling: Sampling,
    on_step: Callable[[int], None],
) -> Tensor:
    """Latents (takes, latents, channels), float32, on the model's device: a take for each of `starts`.

    `phases` lie in the order of their steps, the first at 0. `on_step` hears how many steps are done, after each and
    more than once within; what it raises ends the work. Steps are summed in float32 whatever the network's weights are.
    """
    network, device = model.pipe.transformer, model.device
    noises = [Noise(start) for start in starts]
    shape = (phases[0].conditions.context.shape[1], network.config.audio_acoustic_hidden_dim)

    def drawn() -> Tensor:
        return torch.stack([noise.draw(*shape) for noise in noises]).to(device)

    times = schedule(sampling.steps, sampling.shift)
    guidance = (adg if sampling.adg else apg)(sampling.guidance) if sampling.guidance > 1 else None
    first, last = (round(share * sampling.steps) for share in sampling.interval)
    latents = drawn()
    for step in range(sampling.steps):
        heard = next(phase for phase in reversed(phases) if phase.first <= step).conditions
        time, after = times[step], times[step + 1]
        with _after_layers(network, partial(on_step, step)):
            if guidance is not None and first <= step < last:
                both = _velocity(model, latents, time, heard, (heard.states, heard.nothing))
                velocity = guidance(latents, time, *both.chunk(2))
            else:
                velocity = _velocity(model, latents, time, heard, (heard.states,))
        if sampling.method == "sde" and after > 0:
            # All noise is taken off, and as much new noise put on as belongs to the next time.
            latents = after * drawn() + (1 - after) * (latents - time * velocity)
        else:
            latents = latents + (after - time) * velocity
        caught_up(model)
        on_step(step + 1)
    return latents


@contextmanager
def _after_layers(network: Any, on_layer: Callable[[], None]) -> Iterator[None]:
    """Inside, `on_layer` is called after each layer: on a CPU one step may take minutes."""
    hooks = [layer.register_forward_hook(lambda *_: on_layer()) for layer in network.layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _velocity(model: Model, latents: Tensor, time: float, heard: Conditions, states: Sequence[Tensor]) -> Tensor:
    """What the network makes of `latents` for each of `states`, one below the other, float32."""
    takes, times = latents.shape[0], len(states)
    at = torch.full((times * takes,), time, device=model.device, dtype=model.dtype)
    made: Tensor = model.pipe.transformer(
        hidden_states=latents.to(model.dtype).repeat(times, 1, 1),
        timestep=at,
        timestep_r=at,
        encoder_hidden_states=torch.cat([each.expand(takes, -1, -1) for each in states]),
        context_latents=heard.context.expand(takes, -1, -1).repeat(times, 1, 1),
        return_dict=False,
    )[0]
    return made.float()
