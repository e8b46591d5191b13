"""What people should know about a plan before they hear it: never pretend."""

from __future__ import annotations

from collections.abc import Iterable

from engine.spec import Generation, Notice, Request
from engine.studio.compose.brief import Brief

# Only a diffusion model, its planner or its adapters know what to do with these; thumbnails need a fetch.
WITHOUT_EFFECT = (
    "inference_steps", "guidance_scale", "shift", "infer_method", "use_adg", "cfg_interval_start", "cfg_interval_end",
    "thinking", "lm_temperature", "lm_cfg_scale", "lm_top_k", "lm_top_p", "lm_negative_prompt", "use_cot_metas",
    "use_cot_caption", "use_cot_language", "use_cot_lyrics", "use_constrained_decoding", "lora_name_or_path",
    "lora_weight", "thumbnail_url",
)  # fmt: skip

# What can be chosen about stems; all else was settled when their song was made.
OF_STEMS = frozenset({"task", "format", "display_name", "calculate_quality"})


def of_request(spec: Request, brief: Brief) -> list[Notice]:
    """Parameters that somebody set and that change nothing here, and words of the caption that were not understood."""
    notices = _idle(spec, WITHOUT_EFFECT)
    if brief.not_understood:
        notices.append(Notice(code="not_understood", params={"words": list(brief.not_understood)}))
    return notices


def of_stems(spec: Generation) -> list[Notice]:
    """Parameters that somebody set and that can't change stems of a song that is there."""
    return _idle(spec, (name for name in Generation.model_fields if name not in OF_STEMS))


def _idle(spec: Request, names: Iterable[str]) -> list[Notice]:
    model = type(spec).model_fields
    idle = [name for name in names if name in model and getattr(spec, name) != model[name].default]
    return [Notice(code="no_effect", params={"fields": idle})] if idle else []
