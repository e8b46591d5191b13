"""Sound to latents and back, by the checkpoint's autoencoder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torchaudio
from torch import Tensor

from engine.acestep.model import Model
from engine.acestep.wish import Audio

RATE = 48_000
# What is encoded at once, and what of the neighbours is heard with it.
TILE_S, OVERLAP_S = 10, 1


def at_rate(model: Model, audio: Audio) -> Tensor:
    """`audio`, float32 (2, samples) at 48 kHz, at the rate of the checkpoint; on the CPU."""
    sound = torch.from_numpy(np.ascontiguousarray(audio))
    if model.checkpoint.rate != RATE:
        sound = torchaudio.functional.resample(sound, RATE, model.checkpoint.rate)
    return sound


@torch.no_grad()
def encoded(model: Model, sound: Tensor) -> Tensor:
    """Latents (1, latents, channels) of `sound` (2, samples) at the checkpoint's rate; the last one may hear silence.

    The library draws latents at random around what was encoded, from nobody's seed. Here they are its very middle.
    """
    vae, rate, hop = model.pipe.vae, model.checkpoint.rate, model.checkpoint.hop
    # Whole latents, or the tiles would not meet.
    vae.tile_sample_min_length, vae.tile_sample_overlap = ((s * rate // hop) * hop for s in (TILE_S, OVERLAP_S))
    missing = -sound.shape[1] % hop
    padded = torch.nn.functional.pad(sound, (0, missing)).unsqueeze(0)
    made: Tensor = vae.encode(padded.to(device=model.device, dtype=vae.dtype)).latent_dist.mode()
    return made.transpose(1, 2).to(model.dtype)


@torch.no_grad()
def decoded(model: Model, latent: Tensor, samples: int, tile: int, on_tile: Callable[[], None]) -> Audio:
    """The sound of `latent` (1, latents, channels): float32 (2, samples) at 48 kHz, at the level it has.

    So many latents as `tile` are decoded at once; `on_tile` is called after each, and may raise to end it.
    """
    vae = model.pipe.vae
    vae.tile_latent_min_length, vae.tile_latent_overlap = tile, tile // 8
    hook = vae.decoder.register_forward_hook(lambda *_: on_tile())
    try:
        sound: Tensor = vae.decode(latent.transpose(1, 2).to(vae.dtype)).sample[0].float().cpu()
    finally:
        hook.remove()
    if model.checkpoint.rate != RATE:
        sound = torchaudio.functional.resample(sound, model.checkpoint.rate, RATE)
    missing = max(0, samples - sound.shape[1])
    audio: Audio = torch.nn.functional.pad(sound, (0, missing))[:, :samples].contiguous().numpy()
    return audio
