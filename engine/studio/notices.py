"""What people should know about a plan before they hear it: never pretend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.spec import Generation, Notice, Request
from engine.spec.tasks import Edit, Extend, Repaint, Retake
from engine.studio.compose.brief import Brief

# Only a diffusion model, its planner or its adapters know what to do with these.
WITHOUT_EFFECT = (
    "inference_steps", "guidance_scale", "shift", "infer_method", "use_adg", "cfg_interval_start", "cfg_interval_end",
    "thinking", "lm_temperature", "lm_cfg_scale", "lm_top_k", "lm_top_p", "lm_negative_prompt", "use_cot_metas",
    "use_cot_caption", "use_cot_language", "use_cot_lyrics", "use_constrained_decoding", "lora_name_or_path",
    "lora_weight", "model_version",
)  # fmt: skip

# What can be chosen about stems; all else was settled when their song was made.
OF_STEMS = frozenset({"task", "format", "display_name", "thumbnail_url", "calculate_quality"})

# A song that is there has them, and its edits keep them.
SETTLED = ("duration", "bpm", "keyscale", "timesignature")


def of_request(spec: Request, brief: Brief) -> list[Notice]:
    """Parameters that somebody set and that change nothing here, and words of the caption that were not understood."""
    return [*idle(spec, WITHOUT_EFFECT), *_unheard(brief)]


def of_stems(spec: Generation) -> list[Notice]:
    """Parameters that somebody set and that can't change stems of a song that is there."""
    return idle(spec, (name for name in Generation.model_fields if name not in OF_STEMS))


def of_edit(spec: Edit | Extend | Repaint, brief: Brief | None, vain: Sequence[str]) -> list[Notice]:
    """Parameters and words of a caption that change nothing about a song that is there; `vain` ones would elsewhere.

    Words that are sung already keep their language.
    """
    words = spec.edit_target_lyrics if isinstance(spec, Edit) else spec.lyrics
    fixed = SETTLED if words else (*SETTLED, "vocal_language")
    kept = [Notice(code="kept_of_parent", params={"words": list(vain)})] if vain else []
    return [*idle(spec, WITHOUT_EFFECT), *settled(spec, fixed), *kept, *_unheard(brief)]


def of_retake(spec: Retake) -> list[Notice]:
    """Parameters that change nothing about a retake, whose words stay too; nor does a seed where nothing changes."""
    unused = ("seed", "retake_seeds") if spec.retake_variance == 0 else ()
    return [*idle(spec, (*WITHOUT_EFFECT, *unused)), *settled(spec, (*SETTLED, "vocal_language"))]


def _unheard(brief: Brief | None) -> list[Notice]:
    words = list(brief.not_understood) if brief else []
    return [Notice(code="not_understood", params={"words": words})] if words else []


def settled(spec: Generation, names: Iterable[str]) -> list[Notice]:
    """What somebody set of `names` that a song which is there keeps, but for the length that an extension adds to."""
    added = ("duration",) if isinstance(spec, Extend) else ()
    fixed = _set(spec, (name for name in names if name not in added))
    return [
        *([Notice(code="length_added")] if _set(spec, added) else []),
        *([Notice(code="settled", params={"fields": fixed})] if fixed else []),
    ]


def idle(spec: Request, names: Iterable[str]) -> list[Notice]:
    """What somebody set of `names`, which change nothing."""
    fields = _set(spec, names)
    return [Notice(code="no_effect", params={"fields": fields})] if fields else []


def _set(spec: Request, names: Iterable[str]) -> list[str]:
    """Those of the parameters `names` that somebody set."""
    model = type(spec).model_fields
    return [name for name in names if name in model and getattr(spec, name) != model[name].default]
