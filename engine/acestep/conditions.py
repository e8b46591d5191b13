"""What the network hears beside the noise: the words, the sound it shall be like, and what it starts from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.acestep import latents
from engine.acestep.checkpoint import ModelTask
from engine.acestep.model import Model
from engine.acestep.wish import Audio, Text, Wish
from engine.acestep.words import fit, instruction, metadata

# The timbre of a reference is taken from its beginning, from a third on, and from its end.
PIECES, PIECE_S = 3, 10


@dataclass(frozen=True)
class Conditions:
    """For one take: `states` and `nothing` (what it hears for no words at all) are (1, tokens, width), `context` is
    (1, latents, 2 x channels): the latents it starts from, and 1 where it makes new ones.
    """

    states: Tensor
    nothing: Tensor
    context: Tensor


@torch.no_grad()
def conditions(model: Model, wish: Wish, task: ModelTask, source: Tensor | None, reference: Tensor) -> Conditions:
    """What the network hears for `wish` when it does `task`.

    `source` are the latents (1, latents, channels) that it starts from, `reference` those of what it shall sound like.
    """
    length = frames(model, wish.seconds) if source is None else source.shape[1]
    states = _states(model, wish.text, task, wish.track, reference)
    empty = silence(model, length)
    mask = torch.ones_like(empty)
    match task:
        case "text2music":
            start = empty
        case "cover":
            start = _outline(model, _given(source))
        case "repaint":
            mask = _region(model, wish, empty)
            start = torch.where(mask > 0, empty, _given(source))
        case _:
            start = _given(source)
    nothing = model.pipe.condition_encoder.null_condition_emb.to(states).expand_as(states)
    return Conditions(states, nothing, torch.cat([start, mask], dim=-1))


def frames(model: Model, seconds: float) -> int:
    """How many latents `seconds` of sound take."""
    rate, hop = model.checkpoint.rate, model.checkpoint.hop
    # A microsecond less than a whole latent more is none more.
    return math.ceil(seconds * rate / hop - 1e-6)


def silence(model: Model, length: int) -> Tensor:
    """So many latents (1, length, channels) of silence, as the network knows it: zeros are something else to it."""
    known = model.pipe.condition_encoder.silence_latent.to(device=model.device, dtype=model.dtype)
    silent: Tensor = known.repeat(1, -(-length // known.shape[1]), 1)[:, :length]
    return silent


@torch.no_grad()
def timbre(model: Model, reference: Audio | None, on_share: Callable[[float], None] = lambda _: None) -> Tensor:
    """The latents of half a minute of `reference` (2, samples), or of silence where there is none.

    `on_share` hears how much of it is done, and may raise to end it.
    """
    if reference is None:
        return silence(model, math.ceil(PIECES * PIECE_S * model.checkpoint.rate / model.checkpoint.hop))
    sound = latents.at_rate(model, reference)
    piece = PIECE_S * model.checkpoint.rate
    sound = sound.repeat(1, -(-PIECES * piece // sound.shape[1]))
    end = sound.shape[1]
    parts = [sound[:, begin : begin + piece] for begin in (0, end // PIECES, end - piece)]
    return latents.encoded(model, torch.cat(parts, dim=1), on_share)


def _states(model: Model, text: Text, task: ModelTask, track: str, reference: Tensor) -> Tensor:
    pipe, text = model.pipe, fit(model.pipe.tokenizer, text, task, track).text
    words, words_mask, lyrics, lyrics_mask = pipe.encode_prompt(
        prompt=[text.caption],
        lyrics=[text.lyrics],
        device=model.device,
        vocal_language=[text.language],
        audio_duration=text.seconds,
        instruction=instruction(task, track),
        **metadata(text),
    )
    states: Tensor = pipe.condition_encoder(
        text_hidden_states=words,
        text_attention_mask=words_mask,
        lyric_hidden_states=lyrics,
        lyric_attention_mask=lyrics_mask,
        refer_audio_acoustic_hidden_states_packed=reference,
        refer_audio_order_mask=torch.zeros(1, device=model.device, dtype=torch.long),
    )[0]
    return states


def _outline(model: Model, source: Tensor) -> Tensor:
    """What of `source` a cover goes by: its music at five tokens a second, without its sound."""
    pipe = model.pipe
    # Silence fills the last token, which may be longer than all of the source.
    quantized, _ = pipe.audio_tokenizer.tokenize(source, silence(model, pipe.audio_tokenizer.pool_window_size))
    outline: Tensor = pipe.audio_token_detokenizer(quantized.to(model.dtype))
    return outline[:, : source.shape[1]]


def _region(model: Model, wish: Wish, like: Tensor) -> Tensor:
    """1 for latents that are made anew, 0 for those that stay."""
    if wish.region is None:
        raise ValueError("a repaint has a region")
    length, each = like.shape[1], model.checkpoint.hop / model.checkpoint.rate
    start = max(0, min(int(wish.region[0] / each + 1e-6), length - 1))
    end = max(start + 1, min(math.ceil(wish.region[1] / each - 1e-6), length))
    mask = torch.zeros_like(like)
    mask[:, start:end] = 1.0
    return mask


def _given(source: Tensor | None) -> Tensor:
    if source is None:
        raise ValueError("this starts from a source")
    return source
