"""What a person types into a command's options, as the client checks it and the gateway sends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.discord.world import JSON, Channel, Upload, User

STRING, INTEGER, BOOLEAN, USER, CHANNEL, NUMBER, ATTACHMENT = 3, 4, 5, 6, 7, 10, 11
TYPES: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    USER: (User,),
    CHANNEL: (Channel,),
    NUMBER: (int, float),
    ATTACHMENT: (Upload,),
}

Resolve = Callable[[int, Any], tuple[str, JSON]]
"""Of an option's type and a thing: its id, and how it is drawn under each key of the resolved data."""


def filled(command: JSON, values: Mapping[str, Any], resolve: Resolve) -> tuple[list[JSON], JSON]:
    """The options and the resolved data of a payload. Raises ValueError for what the client would not let through."""
    known = {option["name"]: option for option in command.get("options") or []}
    unknown = sorted(set(values) - set(known))
    missing = [name for name, option in known.items() if option.get("required") and name not in values]
    if unknown or missing:
        raise ValueError(f"/{command['name']}: unknown options {unknown}, missing {missing}; it has {list(known)}")
    options: list[JSON] = []
    resolved: JSON = {}
    for name, value in values.items():
        option = known[name]
        _check(option, value)
        if option["type"] in (USER, CHANNEL, ATTACHMENT):
            value, drawn = resolve(option["type"], value)
            for key, thing in drawn.items():
                resolved.setdefault(key, {})[value] = thing
        options.append({"name": name, "type": option["type"], "value": value})
    return options, resolved


def typed(command: JSON, focused: str, text: str, values: Mapping[str, Any]) -> list[JSON]:
    """The options of a payload while `focused` is being typed: that one as text, however little of it makes sense."""
    known = {option["name"]: option for option in command.get("options") or []}
    if not known.get(focused, {}).get("autocomplete"):
        raise LookupError(f"/{command['name']} completes no option {focused}")
    others: list[JSON] = [
        {"name": name, "type": known[name]["type"], "value": value} for name, value in values.items() if name != focused
    ]
    return [*others, {"name": focused, "type": known[focused]["type"], "value": text, "focused": True}]


def _check(option: JSON, value: Any) -> None:
    name, kind = option["name"], option["type"]
    if not isinstance(value, TYPES[kind]) or (kind != BOOLEAN and isinstance(value, bool)):
        raise ValueError(f"{name} can't be {value!r}")
    if option.get("choices") and value not in [choice["value"] for choice in option["choices"]]:
        raise ValueError(f"{name} has no choice {value!r}, only {[choice['value'] for choice in option['choices']]}")
    size: Any = len(str(value)) if kind == STRING else value
    least, most = ("min_length", "max_length") if kind == STRING else ("min_value", "max_value")
    if option.get(least) is not None and size < option[least]:
        raise ValueError(f"{name} is below {option[least]}: {value!r}")
    if option.get(most) is not None and size > option[most]:
        raise ValueError(f"{name} is above {option[most]}: {value!r}")
