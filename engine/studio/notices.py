"""What people should know about a plan before they hear it: never pretend."""

from __future__ import annotations

from engine.spec import Generation, Notice, Request
from engine.studio.compose.brief import Brief

# Only a diffusion model, its planner or its adapters know what to do with these; thumbnails need a fetch.
WITHOUT_EFFECT = (
    "inference_steps", "guidance_scale", "shift", "infer_method", "use_adg", "cfg_interval_start", "cfg_interval_end",
    "thinking", "lm_temperature", "lm_cfg_scale", "lm_top_k", "lm_top_p", "lm_negative_prompt", "use_cot_metas",
    "use_cot_caption", "use_cot_language", "use_cot_lyrics", "use_constrained_decoding", "lora_name_or_path",
    "lora_weight", "thumbnail_url",
)  # fmt: skip


def of_request(spec: Request, brief: Brief) -> list[Notice]:
    """Parameters that somebody set and that change nothing here, and words of the caption that were not understood."""
    notices = []
    model = type(spec).model_fields
    idle = [name for name in WITHOUT_EFFECT if name in model and getattr(spec, name) != model[name].default]
    if idle and isinstance(spec, Generation):
        notices.append(Notice(code="no_effect", params={"fields": idle}))
    if brief.not_understood:
        notices.append(Notice(code="not_understood", params={"words": list(brief.not_understood)}))
    return notices
