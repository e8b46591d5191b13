"""What a request brings, by the names and of the kinds that its model has for it; what values say the model judges."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from bot.options import Option, options, shape
from engine.spec import MODELS, Request, option_names
from workflows.refusal import Refusal

# What the reference's own client still sends, though nothing depends on it any more.
IDLE = {"quality": "Deprecated: there is one quality, the best"}
# What it sends to every task that makes music from words, though some settle it themselves.
INSTRUMENTAL = "instrumental"
SETTLED = {"prompt2instrumental": True, "text2samples": True, "lyric2vocals": False}
# The one name that this client can't leave out, so it may come beside the one that it is another name of.
ALWAYS_SENT = "prompt"

# Kinds of values, as people call them: those that come in JSON, and those that options take.
_GIVEN = {bool: "true or false", str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
_TAKEN = {"flag": "true or false", "whole": "a whole number", "number": "a number"}


def named(task: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` by the names that the task has for them; a null says nothing.

    Raises `Refusal` where two names of one option disagree, or what the task settles is asked for otherwise.
    """
    names = option_names(MODELS[task])
    found: dict[str, Any] = {}
    for given, value in values.items():
        name = names.get(given, given)
        idle = (given in IDLE and given not in names) or (given == ALWAYS_SENT != name and values.get(name) is not None)
        if idle or (value is None and given in names):
            continue
        if given == INSTRUMENTAL and given not in names and task in SETTLED:
            if value not in (SETTLED[task], None):
                raise Refusal("bad_value", field=given, value=value, allowed=str(SETTLED[task]).lower(), task=task)
            continue
        if name in found and found[name] != value:
            raise Refusal("names_disagree", field=name, value=value, given=given)
        found[name] = value
    return found


def as_given(task: str, values: Mapping[str, Any]) -> dict[str, str]:
    """The other names that `values` have for options of the task, by the names of those."""
    names = option_names(MODELS[task])
    return {names[given]: given for given in values if given in names and values.get(names[given]) is None}


def require(model: type[Request], values: Mapping[str, Any]) -> None:
    """Raise a `Refusal` where a value in JSON is of another kind than its option takes: "5" is not 5."""
    for name, value in values.items():
        option = options_of(model).get(name)
        if option is not None and value is not None and not _is_kind(model, option, value):
            given = next(words for kind, words in _GIVEN.items() if isinstance(value, kind))
            kind = "a list" if is_list(model, name) else _TAKEN.get(option.kind, "a text")
            allowed = kind if option.kind == "flag" else f"{kind}: {option.allowed}"
            raise Refusal("wrong_kind", field=name, value=value, allowed=allowed, given=given)


def is_list(model: type[Request], name: str) -> bool:
    """Whether the option `name` takes several values."""
    field = model.model_fields[name]
    return shape(field.annotation, field.metadata)[1]


def _is_kind(model: type[Request], option: Option, value: Any) -> bool:
    if is_list(model, option.name):
        return isinstance(value, list)
    match option.kind:
        case "flag":
            return isinstance(value, bool)
        case "whole":
            return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)


@cache
def options_of(model: type[Request]) -> dict[str, Option]:
    """The options of `model` by their names."""
    return {option.name: option for option in options(model, {})}
