"""How the network attends: as the library's own, in a way that no card has to write down a whole matrix for."""

from __future__ import annotations

from typing import Any

from diffusers.models.embeddings import apply_rotary_emb
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


def attend_sparingly(network: Any) -> None:
    """Give every layer of the `network` a way to attend that takes memory for its tokens, not for their square.

    Two heads or more share their keys and values, and half of the layers have a mask. The kernels that need little
    memory take no shared keys beside a mask, or none at all in float32, and torch then falls back to one that writes
    down a number for each pair of tokens and each head: 3 GB a take for a song of ten minutes.
    """
    network.set_attn_processor(Sparing())


class Sparing:
    """Every head gets keys and values of its own, which is little beside the matrix."""

    # The library asks: where the house's environment names another kernel it would leave the masks out.
    _attention_backend = "native"

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """(takes, tokens, width) in and out; across, where `encoder_hidden_states` are what is attended to."""
        across = attn.is_cross_attention and encoder_hidden_states is not None
        heard = encoder_hidden_states if across else hidden_states
        query = attn.norm_q(attn.to_q(hidden_states).unflatten(-1, (attn.heads, attn.head_dim)))
        key = attn.norm_k(attn.to_k(heard).unflatten(-1, (attn.kv_heads, attn.head_dim)))
        value = attn.to_v(heard).unflatten(-1, (attn.kv_heads, attn.head_dim))
        turned: Any = apply_rotary_emb
        if not across and image_rotary_emb is not None:
            query, key = (
                turned(each, image_rotary_emb, use_real=True, use_real_unbind_dim=-2, sequence_dim=1)
                for each in (query, key)
            )
        shared = attn.heads // attn.kv_heads
        made = scaled_dot_product_attention(
            query.transpose(1, 2),
            key.transpose(1, 2).repeat_interleave(shared, dim=1),
            value.transpose(1, 2).repeat_interleave(shared, dim=1),
            attn_mask=attention_mask,
            scale=attn.scaling,
        )
        out: Tensor = attn.to_out[0](made.transpose(1, 2).flatten(2).to(query.dtype))
        return out
