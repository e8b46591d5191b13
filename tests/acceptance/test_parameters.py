"""What each parameter changes, what it leaves alone, and that one which does nothing says so: over every engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from engine.spec.base import Generation
from engine.spec.tasks import MODELS
from tests.acceptance.engine_house import ENGINES, LYRICS, SONG, House, Made, opened, told

OTHER = "[verse]\nOther words here\nNothing more"
# What a change of the words would settle otherwise.
SETTLED = {"bpm": 96, "keyscale": "D Major", "timesignature": "4/4", "display_name": "Base"}
# What the parameters are set in: a task, what it starts from, and the rest of the request.
BASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "song": ("text2music", "", SONG),
    "wordless": ("text2music", "", {**SONG, "lyrics": ""}),
    "guided": ("text2music", "", {**SONG, "model_version": "audiomusic-v1.5", "inference_steps": 8}),
    "adaptive": (
        "text2music", "", {**SONG, "model_version": "audiomusic-v1.5", "inference_steps": 8, "use_adg": True},
    ),
    "styled": ("text2music", "", {**SONG, "lora_name_or_path": "warm"}),
    "loop": ("text2samples", "", {"caption": "drums", "duration": 2, **SETTLED}),
    "simple": ("simple", "", {"query": "a folk song about coffee", "duration": 5, **SETTLED}),
    "cover": ("cover", "song", {"caption": "bossa nova", "display_name": "Cover"}),
    "reference": (
        "reference", "song", {"caption": "calm piano", "lyrics": LYRICS, "duration": 5, **SETTLED},
    ),
    "retake": ("retake", "song", {"retake_variance": 1}),
    "repaint": ("repaint", "song", {"caption": "quiet piano", "repainting_start": 1, "repainting_end": 3}),
    "extend": ("extend", "song", {"caption": "bright chorus", "right_extend_length": 1}),
    "remix": ("edit", "song", {"edit_target_prompt": "ska"}),
    "reworded": (
        "edit", "song", {"edit_type": "only_lyrics", "edit_target_lyrics": OTHER, "edit_target_prompt": "ska"},
    ),
    "stem": ("extract-stem", "song", {"track_name": "drums"}),
}  # fmt: skip
# Whatever is made, the sampler makes it.
SAMPLED = ("loop", "simple", "cover", "reference", "repaint", "extend", "remix", "reworded")
# Somebody sings who did not, or the other way round; and all that is made of one sentence.
SILENCED = "sound lyrics lyrics_by instrumental vocal_language"
REWRITTEN = "sound caption lyrics genre_preset"
# What changes: `sound`, fields of the plan, `told` where a notice says that it does nothing here, and nothing where
# what it asks for isn't the engine's business: files are.
ROWS: tuple[tuple[str, str, Any, str, str], ...] = (
    # base, parameter, its value, what it changes in the studio, and what on ACE-Step
    ("song", "duration", 6, "sound duration", "sound duration"),
    ("song", "format", "mp3", "", ""),
    ("song", "calculate_quality", False, "", ""),
    ("song", "generate_lrc", True, "", "told"),
    ("song", "thumbnail_url", "https://songs.example/cover.png", "", ""),
    ("song", "display_name", "Evening", "title", "title"),
    ("song", "batch_size", 2, "seeds", "seeds"),
    ("song", "seed", 25, "sound seeds", "sound seeds"),
    ("song", "bpm", 140, "sound bpm", "sound bpm"),
    ("song", "keyscale", "A Minor", "sound keyscale", "sound keyscale"),
    ("song", "timesignature", "3/4", "sound timesignature", "sound timesignature"),
    ("song", "vocal_language", "de", "sound vocal_language", "sound vocal_language"),
    ("song", "caption", "metal", "sound caption genre_preset", "sound caption genre_preset"),
    ("song", "lyrics", OTHER, "sound lyrics", "sound lyrics"),
    ("song", "genre_preset", "Jazz", "sound genre_preset", "sound genre_preset"),
    ("song", "instrumental", True, SILENCED, SILENCED),
    # the model and its sampler; turbo learnt its guidance
    ("song", "model_version", "audiomusic-v1.5", "told", "sound"),
    ("song", "inference_steps", 12, "told", "sound"),
    ("song", "shift", 1.5, "told", "sound"),
    ("song", "infer_method", "sde", "told", "sound"),
    ("song", "guidance_scale", 9, "told", "told"),
    ("song", "use_adg", True, "told", "told"),
    ("song", "cfg_interval_start", 0.5, "told", "told"),
    ("song", "cfg_interval_end", 0.5, "told", "told"),
    ("guided", "inference_steps", 12, "told", "sound"),
    ("guided", "shift", 3, "told", "sound"),
    ("guided", "infer_method", "sde", "told", "sound"),
    ("guided", "guidance_scale", 9, "told", "sound"),
    ("guided", "use_adg", True, "told", "sound"),
    ("guided", "cfg_interval_start", 0.5, "told", "sound"),
    ("guided", "cfg_interval_end", 0.5, "told", "sound"),
    ("adaptive", "guidance_scale", 9, "told", "sound"),
    ("adaptive", "cfg_interval_end", 0.5, "told", "sound"),
    ("song", "lora_name_or_path", "warm", "told", "sound"),
    ("song", "lora_weight", 0.5, "told", "told"),
    ("styled", "lora_weight", 0.5, "told", "sound"),
    *((base, "inference_steps", 12, "told", "sound") for base in SAMPLED),
    # the planner, which is not there
    ("song", "thinking", False, "told", "told"),
    ("song", "lm_temperature", 1.2, "told", "told"),
    ("song", "lm_cfg_scale", 3, "told", "told"),
    ("song", "lm_top_k", 5, "told", "told"),
    ("song", "lm_top_p", 0.5, "told", "told"),
    ("song", "lm_negative_prompt", "noise", "told", "told"),
    ("song", "use_cot_metas", False, "told", "told"),
    ("song", "use_cot_caption", False, "told", "told"),
    ("song", "use_cot_language", False, "told", "told"),
    ("song", "use_cot_lyrics", True, "told", "told"),
    ("song", "use_constrained_decoding", True, "told", "told"),
    ("wordless", "use_cot_lyrics", True, SILENCED, SILENCED),
    # what only some tasks take
    ("loop", "sample_type", "one-shot", "sound duration", "sound duration"),
    ("loop", "tempo", 140, "sound bpm duration", "sound bpm duration"),
    ("loop", "duration", 5, "sound duration", "sound duration"),
    ("loop", "genre_preset", "Jazz", "sound genre_preset", "sound genre_preset"),
    ("loop", "caption", "piano", "sound caption genre_preset", "sound caption genre_preset"),
    ("simple", "query", "a jazz song about rain", REWRITTEN, REWRITTEN),
    ("simple", "instrumental", True, SILENCED, SILENCED),
    ("simple", "vocal_language", "de", "sound lyrics vocal_language", "sound lyrics vocal_language"),
    ("cover", "caption", "metal", "sound caption genre_preset", "sound caption genre_preset"),
    ("cover", "lyrics", OTHER, "sound lyrics", "sound lyrics"),
    ("cover", "audio_cover_strength", 0.2, "sound", "sound"),
    ("cover", "duration", 6, "sound duration", "sound duration"),
    ("reference", "caption", "metal", "sound caption genre_preset", "sound caption genre_preset"),
    ("reference", "lyrics", OTHER, "sound lyrics", "sound lyrics"),
    ("reference", "instrumental", True, SILENCED, SILENCED),
    ("retake", "retake_variance", 0, "sound", "sound"),
    ("retake", "retake_seeds", "9", "sound seeds", "sound seeds"),
    ("repaint", "repainting_start", 2, "sound", "sound"),
    ("repaint", "repainting_end", 4, "sound", "sound"),
    ("repaint", "caption", "metal", "sound", "sound"),
    ("repaint", "lyrics", OTHER, "sound lyrics", "sound lyrics"),
    ("extend", "left_extend_length", 1, "sound duration", "sound duration"),
    ("extend", "right_extend_length", 2, "sound duration", "sound duration"),
    ("extend", "caption", "metal", "sound", "sound"),
    ("extend", "lyrics", OTHER, "sound lyrics", "sound lyrics"),
    ("extend", "duration", 60, "told", "told"),
    ("remix", "duration", 60, "told", "told"),
    ("remix", "edit_target_prompt", "metal", "sound caption genre_preset", "sound caption genre_preset"),
    ("remix", "edit_target_lyrics", OTHER, "sound lyrics", "sound lyrics"),
    ("remix", "edit_n_min", 0.5, "sound caption genre_preset", "sound caption genre_preset"),
    ("remix", "edit_n_max", 0.5, "sound caption genre_preset", "sound caption genre_preset"),
    ("reworded", "edit_target_lyrics", LYRICS, "sound lyrics", "sound lyrics"),
    ("reworded", "edit_type", "remix", "sound caption genre_preset", "sound caption genre_preset"),
    ("stem", "track_name", "bass", "sound title", "sound title"),
)
# Settled before an engine is asked: they say what is started from.
SOURCES = {
    "src_audio_url", "reference_audio_url", "audio_url", "source_job_id", "original_job_id", "job_id", "source_take",
}  # fmt: skip
# Of an analysis, which has no plan, and of files that lie beside the sound.
HEARD = {"audio_codes", "temperature", "parts"}
# How a plan puts it, and what it says about all that it was told.
ASIDE = ("notices", "understood")


@pytest.fixture(scope="module", params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened(request.param, tmp_path_factory.mktemp(request.param)) as house:
        yield house


@pytest.fixture(scope="module")
def before(house: House) -> dict[str, Made]:
    """What the bases are without any parameter, made when it is asked for."""
    return {"song": house.first}


def of_base(house: House, before: dict[str, Made], base: str) -> Made:
    task, of, values = BASES[base]
    if base not in before:
        before[base] = house.made(task, of, **values)
    return before[base]


def test_every_parameter_has_a_row() -> None:
    rows: dict[str, set[str]] = {}
    for base, field, *_ in ROWS:
        rows.setdefault(BASES[base][0], set()).add(field)
    assert rows["text2music"] >= Generation.model_fields.keys() - {"task"}
    for task, model in MODELS.items():
        own = model.model_fields.keys() - Generation.model_fields.keys() - SOURCES - HEARD
        # An instrumental, a rap and a voice alone take some of what a song takes.
        assert rows.get(task, rows["text2music"]) >= own, task


@pytest.mark.parametrize(
    ("base", "field", "value", "studio", "acestep"), ROWS, ids=[f"{base}-{field}" for base, field, *_ in ROWS]
)
def test_a_parameter_changes_what_it_should_and_nothing_else(
    house: House, before: dict[str, Made], base: str, field: str, value: Any, studio: str, acestep: str
) -> None:
    expected = set((studio if house.name == "studio" else acestep).split())
    old = of_base(house, before, base)
    task, of, values = BASES[base]
    changed = {**values, field: value}
    plan = house.planned(task, of, **changed)
    differs = {name for name in type(plan).model_fields if getattr(plan, name) != getattr(old.plan, name)} - {*ASIDE}
    if field in told(plan):
        differs.add("told")
    if expected - {"told"}:
        take = house.made(task, of, **changed).takes[0]
        if not np.array_equal(take.audio, old.takes[0].audio):
            differs.add("sound")
    assert differs == expected


@pytest.mark.parametrize("base", ["song", "guided"])
def test_what_is_said_to_do_nothing_does_nothing(house: House, before: dict[str, Made], base: str) -> None:
    column = 3 if house.name == "studio" else 4
    idle = {row[1]: row[2] for row in ROWS if row[0] == base and row[column] in ("", "told")}
    task, of, values = BASES[base]
    together = house.made(task, of, **{**values, **idle})
    old = of_base(house, before, base)
    assert np.array_equal(together.takes[0].audio, old.takes[0].audio)
    assert together.takes[0].score == old.takes[0].score
