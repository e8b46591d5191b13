"""The parameters that every generating task takes (rows B1 to B32 of the reference)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from engine.spec.fields import (
    Bpm,
    Choice,
    Format,
    KeyScale,
    Language,
    Link,
    Range,
    Seconds,
    Text,
    TimeSignature,
    Unit,
)


class Request(BaseModel):
    """What to make. Frozen; unknown fields are refused.

    `main` names the field that free text belongs to (`/simple a song about coffee`).
    Names that live in the operator's data (presets, model versions, style adapters) are checked against the validation
    context, each kind that is in it.
    """

    # Built at their first use: commands that ask for nothing should not wait for sixteen models.
    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=True, defer_build=True
    )
    main: ClassVar[str | None] = None
    task: str

    @field_validator("genre_preset", "model_version", "lora_name_or_path", check_fields=False)
    @classmethod
    def _known_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        known: dict[str, tuple[str, ...]] = info.context or {}
        if value is None or info.field_name not in known:
            return value
        for name in known[info.field_name]:
            if name.casefold() == value.casefold():
                return name
        if not known[info.field_name]:
            raise PydanticCustomError("no_adapters", "must be left out")
        raise PydanticCustomError(
            "unknown_choice", "must be {allowed}", {"allowed": "one of " + ", ".join(known[info.field_name])}
        )


class Generation(Request):
    """Base parameters of everything that makes audio. Unset sampler values mean the checkpoint's own defaults."""

    duration: Seconds = Field(
        -1, validation_alias=AliasChoices("duration", "audio_duration"), description="Length of the song"
    )
    format: Format = Field("flac", description="File format of the result")
    model_version: str = Field("audiomusic-v2", description="Which model makes it")
    batch_size: Annotated[int, Range(1, 8, "takes")] = Field(1, description="How many takes")
    seed: Annotated[int, Range(0, 2**53, "", auto=-1)] = Field(-1, description="Same seed, same song")
    inference_steps: Annotated[int | None, Range(8, 100, "steps")] = Field(None, description="Sampler steps")
    guidance_scale: Annotated[float | None, Range(1, 15)] = Field(None, description="How closely to follow the caption")
    shift: Annotated[float | None, Range(1, 5)] = Field(None, description="Time shift of the sampler")
    infer_method: Annotated[str, Choice(("ode", "sde"))] = Field("ode", description="Sampler: ode (Euler) or sde")
    use_adg: bool = Field(False, description="Adaptive dual guidance")
    cfg_interval_start: Unit = Field(0.0, description="Guidance from this part of the steps")
    cfg_interval_end: Unit = Field(1.0, description="Guidance up to this part of the steps")
    thinking: bool = Field(True, description="Let a language model plan first")
    lm_temperature: Annotated[float, Range(0, 2)] = Field(0.85, description="Planner temperature")
    lm_cfg_scale: Annotated[float, Range(0, 10)] = Field(2.0, description="Planner guidance")
    lm_top_k: Annotated[int, Range(0, 100)] = Field(0, description="Planner top-k, 0 is off")
    lm_top_p: Unit = Field(0.9, description="Planner top-p")
    lm_negative_prompt: Annotated[str, Text(0, 2048)] = Field("NO USER INPUT", description="What the planner avoids")
    use_cot_metas: bool = Field(True, description="Planner chooses tempo, key and metre")
    use_cot_caption: bool = Field(True, description="Planner rewrites the caption")
    use_cot_language: bool = Field(True, description="Planner chooses the language")
    use_cot_lyrics: bool = Field(False, description="Planner writes the lyrics")
    use_constrained_decoding: bool = Field(False, description="Structured output of the planner")
    bpm: Bpm = Field(None, description="Tempo; dotted quarters in 6/8")
    keyscale: KeyScale = Field(None, description="Key, such as C Major or Am")
    timesignature: TimeSignature = Field(None, description="Metre")
    vocal_language: Language = Field("unknown", description="Language of the lyrics, by name or code")
    generate_lrc: bool = Field(False, description="Synchronised lyrics")
    calculate_quality: bool = Field(True, description="Score the result from 0 to 1")
    thumbnail_url: Link = Field(None, description="Your own picture for the track")
    lora_name_or_path: Annotated[str | None, Text(1, 200)] = Field(None, description="Style adapter")
    lora_weight: Annotated[float, Range(-3, 3)] = Field(1.0, description="Weight of the style adapter")
    display_name: Annotated[str | None, Text(0, 120)] = Field(None, description="Title of the song")

    @field_validator("bpm", "batch_size", "seed", mode="before", check_fields=False)
    @classmethod
    def _no_bool(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise PydanticCustomError("not_a_number", "must be {allowed}", {"allowed": "a whole number"})
        return value

    @field_validator("cfg_interval_end")
    @classmethod
    def _ends_after_it_begins(cls, value: float, info: ValidationInfo) -> float:
        start = info.data.get("cfg_interval_start", 0.0)
        if value < start:
            allowed = f"{start:g} to 1, for it can't end before cfg_interval_start"
            raise PydanticCustomError("out_of_range", "must be {allowed}", {"allowed": allowed})
        return value


def nothing_to_go_by(**fields: object) -> None:
    """Raise unless one of `fields` says what to make (decision "empty caption")."""
    if not any(fields.values()):
        raise PydanticCustomError("nothing_to_go_by", "give one of {fields}", {"fields": ", ".join(fields)})


def one_source(**fields: object) -> None:
    """Raise unless exactly one of `fields` says what to start from."""
    nothing_to_go_by(**fields)
    given = [name for name, value in fields.items() if value]
    if len(given) > 1:
        raise PydanticCustomError("sources_disagree", "give only one of {fields}", {"fields": ", ".join(given)})
