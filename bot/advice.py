"""What can be said about a refusal beyond its parameters: how much too long something is, and a way on that works."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bot.commands import Command, Option, catalogue, nearest
from bot.syntax import format_option
from engine.spec.languages import LANGUAGES, OWN_NAMES
from workflows.refusal import Refusal

_LINK, _SONG = re.compile(r"https?://", re.IGNORECASE), re.compile(r"#?\d+$")


def advised(refusal: Refusal, command: Command) -> Refusal:
    """`refusal` with what can be said about it where `command` is the operator's own: only the catalogue knows it."""
    if command.task not in _asks():
        told = {**refusal.params, "field": refusal.field, "value": refusal.value, "allowed": refusal.allowed}
        more = beyond(refusal.code, {name: value for name, value in told.items() if value is not None}, command)
        refusal.params = {**more, **refusal.params}
    return refusal


def beyond(code: str, given: Mapping[str, Any], command: Command | None = None) -> dict[str, Any]:
    """Further parameters of the words for `code`; they are about `command`, or the one of the `task` that is given."""
    field, value, allowed = given.get("field"), given.get("value"), str(given.get("allowed", ""))
    if code == "unknown_option":
        near = nearest(str(field), allowed.split(", ")) if field and allowed else ()
        return {"suggestion": near[0]} if near else {}
    if code not in ("bad_value", "missing", "nothing_to_go_by", "space_after_colon", "no_value"):
        return {}
    more: dict[str, Any] = {}
    option = command.spellings().get(str(field)) if command else _option(str(field), given.get("task"))
    command = command or _asks().get(str(given.get("task")))
    if code == "missing" and command is not None:
        more["whole"] = command.example
    elif option is not None and not given.get("in_address"):
        meant, good = _other_source(option, value, given.get("task")) or (option, _better(option, value, allowed))
        more["try"] = _in_json(meant, good) if given.get("program") else format_option(meant.name, good)
    if code == "bad_value":
        more["value"] = ""
        if given.get("kind") == "wrong_length":
            more |= _wrong_length(str(value or ""), allowed)
    return more


def _wrong_length(value: str, allowed: str) -> dict[str, Any]:
    length, (low, high) = len(value.replace("\r\n", "\n").strip()), _reach(allowed)
    if length > high >= low:
        return {"length": length, "most": int(high), "over": int(length - high)}
    return {"empty": True} if length < low and not length else {}


def _in_json(option: Option, value: str) -> str:
    """An option as programs send it; `value` is written as people type it."""
    written = value if option.kind in ("whole", "number", "flag") else json.dumps(value, ensure_ascii=False)
    return f"{json.dumps(option.name)}: {f'[{value}]' if option.kind == 'wholes' else written}"


def _other_source(option: Option, value: Any, task: Any) -> tuple[Option, str] | None:
    """What to give instead of a link where a song's number is asked for, or of a number where a link is."""
    command = _music().get(str(task))
    if command is None or command.song is None:
        return None
    fits = {command.song: _LINK, command.sound: _SONG}
    names = {command.song: command.sound, command.sound: command.song}
    if option.name not in fits or not fits[option.name].match(str(value or "")):
        return None
    other = command.spellings()[str(names[option.name])]
    return other, other.sample


def _better(option: Option, value: Any, allowed: str) -> str:
    """A value that `option` takes, as near as can be to the one that was given."""
    if allowed.startswith("one of "):
        names = allowed.removeprefix("one of ").split(", ")
        called = {name: code for known in (OWN_NAMES, LANGUAGES) for code, name in known.items() if code in names}
        wanted = str(value or "").strip()
        near = nearest(wanted, names) or tuple(called[name] for name in nearest(wanted, called))
        return near[0] if near else option.sample if option.sample in names else names[0]
    low, high = _reach(allowed)
    number = _number(value)
    if option.kind not in ("whole", "number") or number is None or low > high:
        return option.sample
    inside = min(max(number, low), high)
    return str(round(inside)) if option.kind == "whole" else f"{inside:.15g}"


def _reach(allowed: str) -> tuple[float, float]:
    """The lowest and the highest number of words such as "30 to 300 BPM" and "at most 600 seconds"."""
    found = re.match(r"(?:at most |(-?[\d,.]+) to )(-?[\d,.]*\d)", allowed)
    if not found:
        return math.inf, -math.inf
    return float((found[1] or "-inf").replace(",", "")), float(found[2].replace(",", ""))


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _option(name: str, task: str | None) -> Option | None:
    """The option of that name in the command of `task`; in any, where it is not said or has none."""
    return _options().get((task, name)) or _options().get((None, name))


@lru_cache(maxsize=1)
def _options() -> dict[tuple[str | None, str], Option]:
    every = [(command.task, option) for command in catalogue().values() for option in command.options]
    return {(None, option.name): option for _, option in every} | {
        (task, option.name): option for task, option in every
    }


@lru_cache(maxsize=1)
def _music() -> dict[str, Command]:
    """Commands that make music, by their task."""
    return {command.task: command for command in catalogue().values() if command.music}


@lru_cache(maxsize=1)
def _asks() -> dict[str, Command]:
    """Commands that make no music, by their task: they are short, and shown whole."""
    return {command.task: command for command in catalogue().values() if not command.music}
