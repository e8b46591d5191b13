"""How the velocity for a caption and the one for no caption become one: all float32 (takes, latents, channels)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from diffusers.guiders.adaptive_projected_guidance import MomentumBuffer, normalized_guidance
from torch import Tensor

# APG as the base and sft checkpoints were tuned with it (Sadat et al. 2024, "Eliminating oversaturation …").
MOMENTUM, THRESHOLD = -0.75, 2.5
# ADG turns what the caption makes of the music by no more than this (radians).
WIDEST = math.pi / 6
# Angles and weights below this count as none.
LEAST = 1e-3

# (latents, time, velocity for the caption, velocity for nothing) to the velocity to follow.
Guidance = Callable[[Tensor, float, Tensor, Tensor], Tensor]


def apg(scale: float) -> Guidance:
    """Adaptive projected guidance. It remembers earlier steps: one for each run."""
    memory = MomentumBuffer(momentum=MOMENTUM)

    def guided(_latents: Tensor, _time: float, wanted: Tensor, plain: Tensor) -> Tensor:
        # Over time alone: a channel's loudness is no matter of another's.
        made: Tensor = normalized_guidance(
            pred_cond=wanted, pred_uncond=plain, guidance_scale=scale - 1.0, momentum_buffer=memory, eta=0.0,
            norm_threshold=THRESHOLD, use_original_formulation=True, norm_dim=(1,),
        )  # fmt: skip
        return made

    return guided


def adg(scale: float) -> Guidance:
    """Angle-based dynamic guidance: turns each latent of the clean music from the plain towards the wanted one.

    The angle between both is made `scale` - 1 times as wide, at most 30 degrees, in the plane that both lie in.
    """
    weight = max(scale - 1.0, 0.0) + LEAST

    def guided(latents: Tensor, time: float, wanted: Tensor, plain: Tensor) -> Tensor:
        here = latents.double()
        clean, dull = here - time * wanted.double(), here - time * plain.double()
        cosine = torch.cosine_similarity(clean, dull, dim=-1).clamp(-1 + 1e-6, 1 - 1e-6).unsqueeze(-1)
        angle = torch.acos(cosine)
        wider = (weight * angle).clamp(-WIDEST, WIDEST)
        away = clean - dull
        along = (away * dull).sum(-1, keepdim=True) / (dull.square().sum(-1, keepdim=True) + 1e-8) * dull
        sine = torch.sin(angle)
        # Where both are nearly one the sine says nothing, and its quotient is the weight itself.
        share = torch.where(sine > LEAST, torch.sin(wider) / sine.clamp_min(LEAST), torch.full_like(sine, weight))
        turned = torch.cos(wider) * clean + share * (away - along)
        return ((here - turned) / time).to(wanted.dtype)

    return guided
