"""One option of a command, as its field in the spec describes it: what it takes, in words and as people type it."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic.fields import FieldInfo

from engine.spec import Generation, Request, option_names
from engine.spec.fields import SONG, Choice, Key, Person, Range, Text, Url, Worded, allowed

Kind = Literal["text", "whole", "number", "flag", "choice", "link", "key", "person", "wholes"]


@dataclass(frozen=True)
class Option:
    """One option. `allowed` says in words what it takes; `sample` is a value that it takes, as people type it.

    `everyday`: people meet it by itself; the others are for those who look for them.
    """

    name: str
    kind: Kind
    help: str
    default: Any
    required: bool
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    max_length: int | None
    allowed: str | None
    aliases: tuple[str, ...]
    sample: str
    everyday: bool

    @property
    def long(self) -> bool:
        """Whether it takes a text of several lines."""
        return self.name in _LONG or "\n" in self.sample

    @property
    def song(self) -> bool:
        """Whether it takes the number of a song."""
        return self.allowed == SONG.words()


# What is a text of several lines whatever its sample is.
_LONG = frozenset({"lyrics", "edit_target_lyrics", "rows"})

# Options that most people never need, or that only a sampler has.
_EXPERT = frozenset({
    "audio_codes", "calculate_quality", "cfg_interval_end", "cfg_interval_start", "guidance_scale", "infer_method",
    "inference_steps", "lm_cfg_scale", "lm_negative_prompt", "lm_temperature", "lm_top_k", "lm_top_p",
    "lora_name_or_path", "lora_weight", "model_version", "remind", "shift", "temperature", "theme_vote", "thinking",
    "thumbnail_url", "tie", "use_adg", "use_constrained_decoding", "use_cot_caption", "use_cot_language",
    "use_cot_lyrics", "use_cot_metas",
})  # fmt: skip

# Values that make a good suggestion; every other option suggests its default, its first choice or its lowest value.
_SAMPLES = {
    "audio_codes": "12 805 91", "bpm": "120", "caption": "slow blues",
    "display_name": "Coffee Steam", "duration": "60", "edit_type": "only_lyrics", "left_extend_length": "10",
    "edit_target_lyrics": "Carry me home", "edit_target_prompt": "with strings",
    "genre_preset": "Blues", "guidance_scale": "7", "inference_steps": "32", "job_id": "12", "keyscale": "A Minor",
    "lora_name_or_path": "my-style", "lyrics": "Carry me home", "original_job_id": "12",
    "query": "a song about rain and coffee", "repainting_end": "45", "repainting_start": "30", "retake_seeds": "1,2",
    "seed": "7", "shift": "3", "source_job_id": "12", "source_take": "2",
    "tempo": "90", "timesignature": "4/4", "vocal_language": "en",
}  # fmt: skip
_SAMPLE_LINK = "https://example.com/song.mp3"


def options(model: type[Request], known: Mapping[str, tuple[str, ...]]) -> tuple[Option, ...]:
    """Every option of `model`, the likeliest first. `known` gives names as choices of their option."""
    spellings = option_names(model)
    names = [name for name in model.model_fields if name != "task"]

    def likeliest_first(name: str) -> tuple[bool, bool, bool]:
        return (name != model.main, not model.model_fields[name].is_required(), name in Generation.model_fields)

    return tuple(
        _option(
            name,
            model.model_fields[name],
            aliases=tuple(alias for alias, field in spellings.items() if field == name != alias),
            names=known.get(name),
        )
        for name in sorted(names, key=likeliest_first)
    )


def _option(name: str, field: FieldInfo, *, aliases: tuple[str, ...], names: tuple[str, ...] | None) -> Option:
    base, several, marks = shape(field.annotation, field.metadata)
    reach = next((mark for mark in marks if isinstance(mark, Range)), None)
    text = next((mark for mark in marks if isinstance(mark, Text)), None)
    choices = names or next((mark.options for mark in marks if isinstance(mark, Choice)), ())
    kind = _kind(base, several, marks, choices)
    required = field.is_required()
    default = None if required else field.default
    lowest = f"{reach.low:g}" if reach else ""
    plain = "" if default is None else as_typed(default)
    given = as_typed((field.examples or [""])[0])
    good = _SAMPLES.get(name) if not names or _SAMPLES.get(name) in names else None
    sample = given or good or plain or next(iter(choices), "") or lowest
    return Option(
        name=name,
        kind=kind,
        help=field.description or "",
        default=default,
        required=required,
        minimum=reach.low if reach else None,
        maximum=reach.high if reach else None,
        choices=choices,
        max_length=text.high if text else None,
        allowed="one of " + ", ".join(names) if names else allowed(field, marks) or allowed(field),
        aliases=aliases,
        sample=given or _SAMPLE_LINK if kind == "link" else sample,
        everyday=name not in _EXPERT,
    )


def as_typed(value: Any) -> str:
    """The value of an option as people type it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _kind(base: Any, several: bool, marks: tuple[Any, ...], choices: tuple[str, ...]) -> Kind:
    if choices:
        return "choice"
    for mark in marks:
        if isinstance(mark, Key):
            return "key"
        if isinstance(mark, Url):
            return "link"
        if isinstance(mark, Person):
            return "person"
        if isinstance(mark, Worded) and not isinstance(mark, Range | Text):
            # What it reads, and what becomes of it, is its own business.
            return "text"
    if several:
        return "wholes"
    return {bool: "flag", int: "whole", float: "number"}.get(base, "text")  # type: ignore[return-value]


def shape(annotation: Any, metadata: Iterable[Any]) -> tuple[Any, bool, tuple[Any, ...]]:
    """The plain type beneath `annotation`, whether it is a list of them, and every mark on the way."""
    marks, several = tuple(metadata), False
    while arguments := typing.get_args(annotation):
        if typing.get_origin(annotation) is typing.Annotated:
            marks += tuple(arguments[1:])
        several = several or typing.get_origin(annotation) is tuple
        annotation = next(part for part in arguments if part is not type(None))
    return annotation, several, marks
