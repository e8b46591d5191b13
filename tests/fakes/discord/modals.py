"""A modal filled in by a person: its fields checked as the client checks them, in the shape that the gateway sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.fakes.discord.world import JSON, Upload, User, parts

ROW, STRING_SELECT, TEXT_INPUT, USER_SELECT, LABEL, FILE_UPLOAD = 1, 3, 4, 5, 18, 19

Keep = Callable[[Upload], tuple[str, JSON]]
"""Takes a file in: its id, and how it is drawn."""
Draw = Callable[[User], JSON]
"""Somebody as they are drawn under each key of the resolved data."""


def submitted(modal: JSON, values: Mapping[str, Any], keep: Keep, draw: Draw) -> tuple[list[JSON], JSON]:
    """The components and the resolved data of a payload. Fields without a value keep what they were shown with.

    Raises LookupError for a field that isn't there, ValueError for what the client would not let through.
    """
    fields = {part["custom_id"]: part for part in parts(modal["components"]) if part.get("custom_id")}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise LookupError(f"the modal has no fields {unknown}, only {list(fields)}")
    resolved: JSON = {}

    def keep_all(chosen: Sequence[Upload | User]) -> list[str]:
        ids = []
        for each in chosen:
            if isinstance(each, User):
                snowflake, drawn = str(each.id), draw(each)
            else:
                snowflake, file = keep(each)
                drawn = {"attachments": file}
            ids.append(snowflake)
            for key, thing in drawn.items():
                resolved.setdefault(key, {})[snowflake] = thing
        return ids

    components = [_component(part, values, keep_all) for part in modal["components"]]
    return components, resolved


def _component(part: JSON, values: Mapping[str, Any], keep: Callable[[Sequence[Any]], list[str]]) -> JSON:
    drawn: JSON = {"type": part["type"], "id": part.get("id") or 1}
    if part["type"] == LABEL:
        return {**drawn, "component": _component(part["component"], values, keep)}
    if part["type"] == ROW:
        return {**drawn, "components": [_component(inner, values, keep) for inner in part["components"]]}
    if "custom_id" not in part:
        return drawn
    drawn["custom_id"] = part["custom_id"]
    value = values.get(part["custom_id"])
    if part["type"] == TEXT_INPUT:
        return {**drawn, "value": _text(part, part.get("value") or "" if value is None else value)}
    chosen: Sequence[Any] = value or []
    _count(part, chosen)
    if part["type"] in (FILE_UPLOAD, USER_SELECT):
        return {**drawn, "values": keep(chosen)}
    if part["type"] == STRING_SELECT:
        offered = [option["value"] for option in part["options"]]
        if not set(chosen) <= set(offered):
            raise ValueError(f"{part['custom_id']} offers only {offered}")
        return {**drawn, "values": list(chosen)}
    raise NotImplementedError(f"fields of type {part['type']} can't be filled in yet")


def _text(part: JSON, text: str) -> str:
    if not text and part.get("required", True):
        raise ValueError(f"{part['custom_id']} must be filled in")
    if text and len(text) < (part.get("min_length") or 0):
        raise ValueError(f"{part['custom_id']} is shorter than {part['min_length']}")
    if len(text) > (part.get("max_length") or 4000):
        raise ValueError(f"{part['custom_id']} is longer than {part.get('max_length') or 4000}")
    return text


def _count(part: JSON, chosen: Sequence[Any]) -> None:
    least, most = (1 if part.get(key) is None else part[key] for key in ("min_values", "max_values"))
    if not part.get("required", True) and not chosen:
        return
    if not least <= len(chosen) <= most:
        raise ValueError(f"{part['custom_id']} takes {least} to {most} values, not {len(chosen)}")
