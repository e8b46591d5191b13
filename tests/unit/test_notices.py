"""Nobody is left to think that a parameter did something when it did nothing."""

from __future__ import annotations

from typing import Any

import pytest

from engine.spec import MODELS, Generation, parse
from engine.spec.tasks import Extend, Repaint, Retake
from engine.studio import notices
from tests.unit import studio

# a value of its own for every parameter that all songs share: name -> value that is not the default
CHANGED: dict[str, Any] = {
    "duration": 30, "format": "mp3", "model_version": "audiomusic-v1.5", "batch_size": 2, "seed": 7,
    "inference_steps": 32, "guidance_scale": 9.0, "shift": 2.0, "infer_method": "sde", "use_adg": True,
    "cfg_interval_start": 0.1, "cfg_interval_end": 0.9, "thinking": False, "lm_temperature": 1.0, "lm_cfg_scale": 3.0,
    "lm_top_k": 5, "lm_top_p": 0.5, "lm_negative_prompt": "noise", "use_cot_metas": False, "use_cot_caption": False,
    "use_cot_language": False, "use_cot_lyrics": True, "use_constrained_decoding": True, "bpm": 90,
    "keyscale": "A Minor", "timesignature": "3/4", "vocal_language": "de", "generate_lrc": True,
    "calculate_quality": False, "thumbnail_url": "https://example.com/a.png", "lora_name_or_path": "mine",
    "lora_weight": 0.5, "display_name": "Mine",
}  # fmt: skip
# The rest says how long, how many, which, in what and with what beside; every song of the studio heeds it.
HEEDED = {
    "duration", "format", "batch_size", "seed", "bpm", "keyscale", "timesignature", "vocal_language", "generate_lrc",
    "calculate_quality", "display_name", "thumbnail_url",
}  # fmt: skip


def told(task: str, **values: Any) -> list[str]:
    spec = parse(task, {"caption": "rock", **values})
    return [field for note in notices.of_request(spec, studio.brief(None, "rock")) for field in note.params["fields"]]


def test_every_parameter_is_heeded_or_told_to_do_nothing() -> None:
    assert set(CHANGED) == set(Generation.model_fields) - {"task"}
    assert HEEDED | set(notices.WITHOUT_EFFECT) == set(CHANGED)
    assert not HEEDED & set(notices.WITHOUT_EFFECT)


@pytest.mark.parametrize("task", ["text2music", "prompt2instrumental", "text2rap"])
@pytest.mark.parametrize("field", sorted(set(CHANGED) - {"duration"}))
def test_a_parameter_that_does_nothing_is_named_when_it_is_set(task: str, field: str) -> None:
    assert field in MODELS[task].model_fields
    assert told(task, **{field: CHANGED[field]}) == ([] if field in HEEDED else [field])


def test_all_of_them_are_named_in_one_notice_and_none_when_nothing_was_set() -> None:
    assert told("text2music", **CHANGED) == [*notices.WITHOUT_EFFECT]
    assert told("text2music") == []


def test_what_a_song_that_is_there_keeps_is_not_blamed_on_the_engine() -> None:
    given = {"source_job_id": 1, "caption": "rock", "duration": 30, "bpm": 90, "guidance_scale": 3.0}
    region = {"repainting_start": 1, "repainting_end": 9}
    for task, more, known in (
        ("repaint", region, [("settled", {"fields": ["duration", "bpm"]})]),
        # its length is not kept, and asked for by other names
        ("extend", {}, [("length_added", {}), ("settled", {"fields": ["bpm"]})]),
    ):
        spec = parse(task, {**given, **more})
        assert isinstance(spec, Extend | Repaint)
        assert [(note.code, note.params) for note in notices.of_edit(spec, None, ())] == [
            ("no_effect", {"fields": ["guidance_scale"]}),
            *known,
        ]
    retake = parse("retake", {"original_job_id": 1, "retake_variance": 0, "seed": 4, "vocal_language": "fr"})
    assert isinstance(retake, Retake)
    assert [(note.code, note.params) for note in notices.of_retake(retake)] == [
        ("no_effect", {"fields": ["seed"]}),
        ("settled", {"fields": ["vocal_language"]}),
    ]


def test_words_nobody_understood_are_named() -> None:
    [note] = notices.of_request(parse("text2music", {"caption": "rock"}), studio.brief(None, "rock with zorblax"))
    assert (note.code, note.params) == ("not_understood", {"words": ["zorblax"]})
