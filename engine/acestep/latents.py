"""Sound to latents and back, by the checkpoint's autoencoder."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torchaudio
from torch import Tensor

from engine.acestep.model import Model, caught_up
from engine.acestep.wish import Audio

RATE = 48_000
# What is encoded at once, and what of the neighbours is heard with it.
TILE_S, OVERLAP_S = 10, 1
# Latents of the neighbours that are decoded with a tile: a sample of the published decoder hears ten.
OVERLAP = 16


def at_rate(model: Model, audio: Audio) -> Tensor:
    """`audio`, float32 (2, samples) at 48 kHz, at the rate of the checkpoint; on the CPU."""
    sound = torch.from_numpy(np.ascontiguousarray(audio))
    if model.checkpoint.rate != RATE:
        sound = torchaudio.functional.resample(sound, RATE, model.checkpoint.rate)
    return sound


@torch.no_grad()
def encoded(model: Model, sound: Tensor, on_share: Callable[[float], None] = lambda _: None) -> Tensor:
    """Latents (1, latents, channels) of `sound` (2, samples) at the checkpoint's rate; the last one may hear silence.

    `on_share` hears how much of it is done after each of its tiles, and may raise to end it. The library draws latents
    at random around what was encoded, from nobody's seed. Here they are its very middle.
    """
    vae, rate, hop = model.pipe.vae, model.checkpoint.rate, model.checkpoint.hop
    # Whole latents, or the tiles would not meet.
    vae.tile_sample_min_length, vae.tile_sample_overlap = ((s * rate // hop) * hop for s in (TILE_S, OVERLAP_S))
    missing = -sound.shape[1] % hop
    padded = torch.nn.functional.pad(sound, (0, missing)).unsqueeze(0)
    tiles = _tiles(padded.shape[-1], vae.tile_sample_min_length, vae.tile_sample_overlap)
    with _heard(model, vae.encoder, tiles, on_share):
        made: Tensor = vae.encode(padded.to(device=model.device, dtype=vae.dtype)).latent_dist.mode()
    return made.transpose(1, 2).to(model.dtype)


@torch.no_grad()
def decoded(model: Model, latent: Tensor, samples: int, tile: int, on_share: Callable[[float], None]) -> Audio:
    """The sound of `latent` (1, latents, channels): float32 (2, samples) at 48 kHz, at the level it has.

    So many latents as `tile` are decoded at once; `on_share` hears how much of it is done after each, and may raise to
    end it.
    """
    vae = model.pipe.vae
    vae.tile_latent_min_length, vae.tile_latent_overlap = tile, OVERLAP
    with _heard(model, vae.decoder, _tiles(latent.shape[1], tile, OVERLAP), on_share):
        sound: Tensor = vae.decode(latent.transpose(1, 2).to(vae.dtype)).sample[0].float().cpu()
    if model.checkpoint.rate != RATE:
        sound = torchaudio.functional.resample(sound, model.checkpoint.rate, RATE)
    missing = max(0, samples - sound.shape[1])
    audio: Audio = torch.nn.functional.pad(sound, (0, missing))[:, :samples].contiguous().numpy()
    return audio


def _tiles(length: int, tile: int, overlap: int) -> int:
    """How many the library makes of so much."""
    return math.ceil(length / (tile - 2 * overlap)) if length > tile else 1


@contextmanager
def _heard(model: Model, half: Any, tiles: int, on_share: Callable[[float], None]) -> Iterator[None]:
    """Inside, `on_share` hears how many of `tiles` went through `half` of the autoencoder."""
    done = 0

    def on_tile(*_: object) -> None:
        nonlocal done
        done += 1
        caught_up(model)
        on_share(done / tiles)

    hook = half.register_forward_hook(on_tile)
    try:
        yield
    finally:
        hook.remove()
