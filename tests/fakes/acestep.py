"""Checkpoints of a few hundred thousand random weights: everything but the music is real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AceStepPipeline,
    AceStepTransformer1DModel,
    AutoencoderOobleck,
    FlowMatchEulerDiscreteScheduler,
)
from diffusers.pipelines.ace_step.modeling_ace_step import (
    AceStepAudioTokenDetokenizer,
    AceStepAudioTokenizer,
    AceStepConditionEncoder,
)
from tokenizers.pre_tokenizers import ByteLevel
from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3Model

TEXT_WIDTH = 32
# Channels of a latent, each of which costs all convolutions of the autoencoder.
LATENT = 2


def save_tiny(folder: Path, variant: str = "turbo", **shape: Any) -> Path:
    """What `pipeline` makes of the same in `folder`, as `save_pretrained` writes it: the same bytes every time."""
    pipeline(variant, **shape).save_pretrained(folder, safe_serialization=True)
    return folder


def pipeline(
    variant: str = "turbo",
    *,
    width: int = 32,
    latent: int = LATENT,
    ratios: tuple[int, ...] = (40, 48),
    rate: int = 48_000,
    cover: bool = True,
    seed: int = 0,
) -> AceStepPipeline:
    """A pipeline of random weights.

    `variant` is turbo, base or sft; `latent` the channels of a latent, `ratios` how many samples make one (their
    product); without `cover` it has no audio tokenizer, as some published ones.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return _pipeline(variant, width, latent, ratios, rate, cover)


def _pipeline(
    variant: str, width: int, latent: int, ratios: tuple[int, ...], rate: int, cover: bool
) -> AceStepPipeline:
    shape: dict[str, Any] = {
        "hidden_size": width, "intermediate_size": 2 * width, "num_attention_heads": 4, "num_key_value_heads": 2,
        "head_dim": 8, "sliding_window": 16,
    }  # fmt: skip
    transformer = AceStepTransformer1DModel(
        **shape, num_hidden_layers=2, in_channels=3 * latent, audio_acoustic_hidden_dim=latent, patch_size=2,
        encoder_hidden_size=width, is_turbo=variant == "turbo", model_version=variant,
    )  # fmt: skip
    condition_encoder = AceStepConditionEncoder(
        **shape, text_hidden_dim=TEXT_WIDTH, timbre_hidden_dim=latent, num_lyric_encoder_hidden_layers=1,
        num_timbre_encoder_hidden_layers=1,
    )  # fmt: skip
    condition_encoder.silence_latent = torch.randn(1, 15_000, latent) * 0.1
    vae = AutoencoderOobleck(
        encoder_hidden_size=2 * latent, downsampling_ratios=list(ratios), channel_multiples=[1] * len(ratios),
        decoder_channels=2, decoder_input_channels=latent, audio_channels=2, sampling_rate=rate,
    )  # fmt: skip
    # Latents of music are about as large as noise is.
    with torch.no_grad():
        vae.encoder.conv2.weight_g *= 30
    # Without biases silence is silent, and different latents sound different.
    for name, parameter in vae.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.zeros_(parameter)
    tokens = {letter: at for at, letter in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = Qwen2Tokenizer(vocab=tokens | {"<|endoftext|>": len(tokens)}, merges=[])
    reading = Qwen3Config(
        vocab_size=len(tokens) + 1, hidden_size=TEXT_WIDTH, intermediate_size=2 * TEXT_WIDTH, num_hidden_layers=1,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=4096,
    )  # fmt: skip
    pooling: dict[str, Any] = {
        **shape, "audio_acoustic_hidden_dim": latent, "pool_window_size": 5, "num_attention_pooler_hidden_layers": 1,
    }  # fmt: skip
    audio = (
        {
            "audio_tokenizer": AceStepAudioTokenizer(
                **pooling, fsq_dim=width, fsq_input_levels=[8, 8, 8], fsq_input_num_quantizers=1
            ),
            "audio_token_detokenizer": AceStepAudioTokenDetokenizer(**pooling),
        }
        if cover
        else {"audio_tokenizer": None, "audio_token_detokenizer": None}
    )
    # Untrained layers leave out most of what they hear; here every input must be heard in the output.
    for part in (transformer, condition_encoder, *audio.values()):
        for parameter in part.parameters() if part is not None else ():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.2)
    return AceStepPipeline(
        vae=vae, text_encoder=Qwen3Model(reading), tokenizer=tokenizer, transformer=transformer,
        condition_encoder=condition_encoder, **audio,
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
    )  # fmt: skip
