"""What the body of a request may hold, as its model says it: a JSON schema.

Everything here is read off the models of `engine.spec`; ranges stand nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.commands import catalogue
from bot.on_web.api.kinds import ALWAYS_SENT, IDLE, INSTRUMENTAL, SETTLED, options_of
from bot.on_web.reading import FILE
from bot.options import Option, shape
from bot.syntax import parse_command
from engine.spec import MODELS, Generation, Request, parse
from engine.spec.fields import AUTO_WORDS, KEY, AutoWord, Choice, Range, Text, Url
from engine.spec.tasks import Captioned, Edit, Extend, Sung
from workflows.recording import LINKS
from workflows.source import NUMBERS

# A sign that can be seen: neither a space, nor one for control or formatting, nor one that nobody else knows.
SEEN = (
    r"[^\s\x00-\x20\x7f-\xa0\xad\u0600-\u0605\u200b-\u200f\u2028-\u202f\u205f-\u206f"
    r"\ue000-\uf8ff\ufeff\ufff0-\ufffb]"
)
# Something to read in it.
_SAID = {"type": "string", "pattern": SEEN}
_THERE: dict[str, Any] = {"not": {"type": "null"}}
_CLOSED: dict[str, Any] = {"type": "object", "additionalProperties": False}

Schema = dict[str, Any]

# What else is judged of a request before anything is kept (`workflows.edits`).
_BESIDE: Mapping[type[Request], tuple[Schema, ...]] = {
    Edit: (
        {
            "anyOf": [
                {"required": [name], "properties": {name: _SAID}}
                for name in ("edit_target_lyrics", "edit_target_prompt")
            ]
        },
        {
            "if": {"required": ["edit_type"], "properties": {"edit_type": {"const": "only_lyrics"}}},
            "then": {"required": ["edit_target_lyrics"], "properties": {"edit_target_lyrics": _SAID}},
        },
        {"properties": {"edit_n_max": {"not": {"const": 0}}, "edit_n_min": {"not": {"const": 1}}}},
    ),
    Extend: (
        {
            "not": {
                "required": ["right_extend_length"],
                "properties": {"right_extend_length": {"const": 0}, "left_extend_length": {"enum": [0, None]}},
            }
        },
    ),
}


def body(task: str) -> Schema:
    """How the body of a request for `task` is described (`openapi_extra`)."""
    model, sound = MODELS[task], sound_of(task)
    content: Schema = {"application/json": {"schema": _object(model), "example": example(task)}}
    if sound is not None:
        form = _object(model, file=True)
        form["properties"][FILE] = {
            "type": "string", "format": "binary", "description": f"The sound itself, in place of {sound}",
        }  # fmt: skip
        content["multipart/form-data"] = {"schema": form}
    return {"requestBody": {"required": True, "content": content}}


def plain(model: type[Request], example: Schema, *needs: Schema, **instead: Schema) -> Schema:
    """The same for another request: `needs` are more conditions, `instead` what single options take."""
    schema = _object(model, *needs)
    for name, taken in instead.items():
        about = {key: value for key, value in schema["properties"][name].items() if key in ("description", "default")}
        schema["properties"][name] = {**about, **taken}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}


def optional(described: Schema, *elsewhere: str) -> Schema:
    """The same where there need not be a body; the options `elsewhere` stand in the path."""
    content = described["requestBody"]["content"]
    schema = content["application/json"]["schema"]
    left = {name: taken for name, taken in schema["properties"].items() if name not in elsewhere}
    content["application/json"]["schema"] = {**_CLOSED, "properties": left}
    return {"requestBody": {"required": False, "content": content}}


def sound_of(task: str) -> str | None:
    """The option of `task` that is a link to sound, if it has one."""
    return next((name for name in LINKS if name in MODELS[task].model_fields), None)


def example(task: str) -> Schema:
    """A body that works, apart from the numbers and links in it."""
    command = next(command for command in catalogue().values() if command.task == task)
    typed = parse_command(command.example, catalogue())
    spec = parse(task, typed.values).model_dump(mode="json", exclude_unset=True, exclude={"task"})
    names = {"caption": "prompt"} if task in ("prompt2instrumental", "extend") else {}
    return {names.get(name, name): value for name, value in spec.items()}


def _object(model: type[Request], *needs: Schema, file: bool = False) -> Schema:
    """The whole body, with what has to be in it; in a form, there may be a `file` to start from."""
    conditions = [*_needs(model, file=file), *_once(model), *_BESIDE.get(model, ()), *needs]
    return {**_CLOSED, "properties": _properties(model), **({"allOf": conditions} if conditions else {})}


def _properties(model: type[Request]) -> Schema:
    """Every option under each of its names. A null says nothing, but where something has to be said."""
    found: Schema = {}
    for name, option in options_of(model).items():
        field = model.model_fields[name]
        base, several, marks = shape(field.annotation, field.metadata)
        schema = _value(option, base, marks)
        if several:
            schema = {"type": "array", "items": schema}
        if not option.required:
            schema = {"anyOf": [schema, {"type": "null"}], "default": field.default}
            if schema["default"] is None or schema["default"] == ():
                del schema["default"]
        schema["description"] = _about(option, marks)
        found[name] = schema
        found |= {other: {**schema, "description": f"The same as {name}"} for other in option.aliases}
    idle = IDLE if issubclass(model, Generation) else {}
    found |= {name: {"deprecated": True, "description": about} for name, about in idle.items()}
    settled = SETTLED.get(model.model_fields["task"].default)
    if settled is not None:
        found[INSTRUMENTAL] = {"enum": [settled, None], "description": "Settled: nothing else can be asked for here"}
    return found


def _about(option: Option, marks: tuple[Any, ...]) -> str:
    """What it is; of what counts something, and of what can be left to us, also in which unit and how."""
    reach = next((mark for mark in marks if isinstance(mark, Range) and not mark.thing), None)
    if reach is None or option.kind == "wholes" or not (reach.unit or reach.auto is not None):
        return option.help
    # The help of some says what their own word for "you choose" does.
    return option.help if f"{reach.auto}" in option.help else f"{option.help} ({option.allowed})"


def _value(option: Option, base: Any, marks: tuple[Any, ...]) -> Schema:
    """What one option takes or, where it takes several, what each of them is."""
    of = {type(mark): mark for mark in marks}
    if option.kind == "wholes":
        return _text(of.get(Text)) if base is str else _number("integer", of.get(Range))
    if Choice in of:
        choice: Choice = of[Choice]
        # People may also say a language by its name; there are too many of those to list.
        others = [word for word, meant in choice.synonyms if len(choice.synonyms) < 10 or meant == option.default]
        words = [*choice.options, *others, *(sorted(AUTO_WORDS) if AutoWord in of else ())]
        return {"type": "string", "enum": list(dict.fromkeys(words))}
    match option.kind:
        case "flag":
            return {"type": "boolean"}
        case "whole" | "number":
            return _number("integer" if option.kind == "whole" else "number", of.get(Range))
        case "key":
            return {"type": "string", "pattern": f"^({KEY.pattern}|{'|'.join(sorted(AUTO_WORDS))})$"}
        case "link":
            return {"type": "string", "pattern": f"^{Url.pattern}$", "maxLength": Url.longest}
    return _text(of.get(Text))


def _text(text: Text | None) -> Schema:
    if text is None:
        return {"type": "string"}
    return {"type": "string", "maxLength": text.high, **({"minLength": 1, "pattern": SEEN} if text.low else {})}


def _number(kind: str, reach: Range | None) -> Schema:
    if reach is None:
        return {"type": kind}
    within: Schema = {"type": kind, "minimum": reach.low, "maximum": reach.high}
    return within if reach.auto is None else {"anyOf": [within, {"type": kind, "enum": [reach.auto]}]}


def _needs(model: type[Request], *, file: bool) -> list[Schema]:
    """What has to be said: each by one of its names, and one of those of which one is enough."""
    there = options_of(model)
    needs: list[Schema] = [
        {"anyOf": [{"required": [name]} for name in (option.name, *option.aliases)]}
        for option in there.values()
        if option.required
    ]
    if issubclass(model, Captioned) and not there[str(model.main)].required:
        words = ("lyrics",) if issubclass(model, Sung) else ()
        ways = ("caption", *there["caption"].aliases, *words, "genre_preset")
        needs.append({"anyOf": [{"required": [way], "properties": {way: _SAID}} for way in ways]})
    sources = [name for name in (*LINKS, *NUMBERS, "audio_codes") if name in there and not there[name].required]
    if sources:
        there_is = {name: _SAID if name == "audio_codes" else _THERE for name in (*sources, *([FILE] if file else ()))}
        needs.append({"oneOf": [{"required": [name], "properties": {name: is_}} for name, is_ in there_is.items()]})
    return needs


def _once(model: type[Request]) -> list[Schema]:
    """Options that have several names are given by one of them."""
    pairs = [
        (option.name, other)
        for option in options_of(model).values()
        for other in option.aliases
        if other != ALWAYS_SENT
    ]
    return [{"not": {"required": [*pair], "properties": dict.fromkeys(pair, _THERE)}} for pair in pairs]


def narrowed(operation: Schema, known: Mapping[str, tuple[str, ...]]) -> None:
    """Say in the description of an operation which names this house has for what bears one."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        fields = media.get("schema", {}).get("properties", {})
        for name, names in known.items():
            if name in fields:
                there: list[Schema] = [{"type": "string", "enum": list(names)}] if names else []
                fields[name]["anyOf"] = [*there, {"type": "null"}]
