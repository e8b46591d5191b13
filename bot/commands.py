"""The catalogue of commands, built from the specs: names and examples are written here, everything else is derived."""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic.fields import FieldInfo

from engine.spec import MODELS, Generation, Request, option_names
from engine.spec.fields import Choice, Key, Person, Range, Text, Url, allowed
from workflows.asks import ASKS, Ask

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


@dataclass(frozen=True)
class Command:
    """What people type as `/name`. Free text goes to the option `main`; options stand with the likeliest first.

    `music`: it becomes a job; the others are answered at once. `form` names the options of its form, at most four.
    `admin`: only for those in charge of the house.
    """

    name: str
    task: str
    summary: str
    options: tuple[Option, ...]
    main: str | None
    example: str
    music: bool
    admin: bool
    form: tuple[str, ...]

    def spellings(self) -> dict[str, Option]:
        """Every option by its name and by its aliases."""
        return {name: option for option in self.options for name in (option.name, *option.aliases)}

    @property
    def sound(self) -> str | None:
        """The option for a link to the sound that it starts from, where it may start from any."""
        return next((option.name for option in self.options if option.kind == "link" and option.everyday), None)

    @property
    def song(self) -> str | None:
        """The option for the number of a song made here, where a link to sound will do instead."""
        there = self.sound is not None and any(option.name == _SONG for option in self.options)
        return _SONG if there else None

    @property
    def complete(self) -> bool:
        """Whether a song, or sound, is all that it needs."""
        return self.song is not None and not any(option.required for option in self.options)

    @property
    def upload(self) -> str | None:
        """What a chat calls a file that is given instead of that link."""
        return None if self.sound is None else self.sound.replace("_url", "_file")


_EXAMPLES = {
    "song": ("text2music", '/song caption:"slow blues" duration:60'),
    "instrumental": ("prompt2instrumental", '/instrumental caption:"lo-fi study beat" bpm:82'),
    "rap": (
        "text2rap",
        r'/rap caption:"old school boom bap" lyrics:"[verse]\nChalk dust and concrete"',
    ),
    "vocals": ("lyric2vocals", r'/vocals lyrics:"[verse]\nCarry me home" caption:"soft alto"'),
    "sample": ("text2samples", '/sample caption:"dusty drum break" sample_type:loop tempo:90'),
    "simple": ("simple", "/simple a song about rain and coffee"),
    "cover": ("cover", '/cover caption:"bossa nova" source_job_id:12'),
    "reference": ("reference", '/reference caption:"a calm duet" reference_audio_url:https://example.com/song.mp3'),
    "analyze": ("analyze", "/analyze https://example.com/song.mp3"),
    "stem": ("extract-stem", "/stem vocals source_job_id:12"),
    "stems": ("stems", "/stems 12"),
    "retake": ("retake", "/retake 12 retake_variance:0.3"),
    "repaint": ("repaint", '/repaint caption:"a quiet bridge" source_job_id:12 repainting_start:30 repainting_end:45'),
    "extend": ("extend", '/extend caption:"a long fading outro" source_job_id:12 right_extend_length:30'),
    "edit": ("edit", '/edit edit_target_prompt:"with strings" source_job_id:12'),
    "lrc": ("lrc", "/lrc 12"),
    **{task: (task, model.example) for task, model in ASKS.items() if issubclass(model, Ask)},
}

# What a form asks for; every other option can be typed in its last line.
_FORMS = {
    "song": ("caption", "lyrics", "duration"), "instrumental": ("caption", "duration"),
    "rap": ("caption", "lyrics", "duration"), "vocals": ("lyrics", "caption"),
    "sample": ("caption", "sample_type", "tempo"), "simple": ("query", "duration"),
    "cover": ("caption", "source_job_id", "src_audio_url", "lyrics"),
    "reference": ("caption", "source_job_id", "reference_audio_url", "lyrics"),
    "analyze": ("source_job_id", "audio_url"),
    "stem": ("track_name", "source_job_id", "src_audio_url"), "stems": ("source_job_id", "src_audio_url"),
    "retake": ("original_job_id", "retake_variance"),
    "repaint": ("caption", "source_job_id", "repainting_start", "repainting_end"),
    "extend": ("caption", "source_job_id", "right_extend_length", "lyrics"),
    "edit": ("edit_target_prompt", "edit_target_lyrics", "source_job_id"), "lrc": ("job_id",),
}  # fmt: skip

# Options that most people never need, or that only a sampler has.
_EXPERT = frozenset({
    "audio_codes", "calculate_quality", "cfg_interval_end", "cfg_interval_start", "guidance_scale", "infer_method",
    "inference_steps", "lm_cfg_scale", "lm_negative_prompt", "lm_temperature", "lm_top_k", "lm_top_p",
    "lora_name_or_path", "lora_weight", "model_version", "shift", "temperature", "thinking", "thumbnail_url", "use_adg",
    "use_constrained_decoding", "use_cot_caption", "use_cot_language", "use_cot_lyrics", "use_cot_metas",
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
_SONG = "source_job_id"


def catalogue(known: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, Command]:
    """Every command by its name. `known` gives names from the operator's data as choices of their option."""
    models = MODELS | ASKS
    return {
        name: Command(
            name=name,
            task=task,
            summary=_summary(models[task]),
            options=_options(models[task], known or {}),
            main=models[task].main,
            example=example,
            music=task not in ASKS,
            admin=getattr(models[task], "admin", False),
            form=_FORMS.get(name, getattr(models[task], "form", ())),
        )
        for name, (task, example) in _EXAMPLES.items()
    }


def command_name(task: str) -> str:
    """What people type for `task`: "song" for text2music. A task without a command keeps its own name."""
    return next((name for name, (own, _) in _EXAMPLES.items() if own == task), task)


def as_json(commands: Mapping[str, Command] | None = None) -> dict[str, Any]:
    """The catalogue as plain values: `{"commands": [{"name", "task", "summary", "options": [...], ...}]}`."""
    listed = (catalogue() if commands is None else commands).values()
    return {"commands": [dataclasses.asdict(command) for command in listed]}


def nearest(name: str, names: Iterable[str], *, most: int = 1) -> tuple[str, ...]:
    """Those of `names` that `name` is probably a slip of or short for, the likeliest first."""
    spelled = {known.casefold(): known for known in names}
    given = name.casefold()[:80]
    slips = difflib.get_close_matches(given, spelled, most, 0.65)
    short_for = [known for known in spelled if given in known] if len(given) > 2 else []
    return tuple(spelled[near] for near in list(dict.fromkeys([*slips, *short_for]))[:most])


def _summary(model: type[Request]) -> str:
    # The reference row at the end ("(C1)") is for developers.
    return re.sub(r"\s*\(C\d+\)", "", (model.__doc__ or "").strip().splitlines()[0]).rstrip(".")


def _options(model: type[Request], known: Mapping[str, tuple[str, ...]]) -> tuple[Option, ...]:
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
    base, several, marks = _shape(field.annotation, field.metadata)
    reach = next((mark for mark in marks if isinstance(mark, Range)), None)
    text = next((mark for mark in marks if isinstance(mark, Text)), None)
    choices = names or next((mark.options for mark in marks if isinstance(mark, Choice)), ())
    kind = _kind(base, several, marks, choices)
    required = field.is_required()
    default = None if required else field.default
    lowest = f"{reach.low:g}" if reach else ""
    plain = "" if default is None else _as_typed(default)
    given = _as_typed((field.examples or [""])[0])
    sample = given or _SAMPLES.get(name) or plain or next(iter(choices), "") or lowest
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
        sample=_SAMPLE_LINK if kind == "link" else sample,
        everyday=name not in _EXPERT,
    )


def _as_typed(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _kind(base: Any, several: bool, marks: tuple[Any, ...], choices: tuple[str, ...]) -> Kind:
    if several:
        return "wholes"
    if choices:
        return "choice"
    for mark in marks:
        if isinstance(mark, Key):
            return "key"
        if isinstance(mark, Url):
            return "link"
        if isinstance(mark, Person):
            return "person"
    return {bool: "flag", int: "whole", float: "number"}.get(base, "text")  # type: ignore[return-value]


def _shape(annotation: Any, metadata: Iterable[Any]) -> tuple[Any, bool, tuple[Any, ...]]:
    """The plain type beneath `annotation`, whether it is a list of them, and every mark on the way."""
    marks, several = tuple(metadata), False
    while arguments := typing.get_args(annotation):
        if typing.get_origin(annotation) is typing.Annotated:
            marks += tuple(arguments[1:])
        several = several or typing.get_origin(annotation) is tuple
        annotation = next(part for part in arguments if part is not type(None))
    return annotation, several, marks
