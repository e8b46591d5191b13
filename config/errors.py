"""What an operator is told when a setting or a data file is wrong: source, key, value, allowed range, one sentence."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

SHOWN = 60
_OUT_OF_RANGE = ("greater_than", "less_than", "literal_error", "enum", "finite_number")

Schema = Mapping[str, Any]


class ConfigError(Exception):
    """The house can't be set up as it is configured. The message is for the operator, as it stands."""


def sentence(source: str, key: str, detail: ErrorDetails, schema: Schema, *, secret: bool = False) -> str:
    """One sentence about `detail`. `schema` is the JSON schema of the whole model; a `secret` value is not shown."""
    loc = detail["loc"]
    if detail["type"] == "missing":
        return f"{source}: {key} is missing"
    if detail["type"] == "extra_forbidden":
        return unknown(source, key, str(loc[-1]), _node(schema, loc[:-1]).get("properties", {}))
    cause = detail.get("ctx", {}).get("error")
    allowed = None if cause else _words(_node(schema, loc), bare=detail["type"].startswith(_OUT_OF_RANGE))
    wish = f"must be {allowed}" if allowed else str(cause or detail["msg"])
    if not loc:
        return f"{source}: {wish}"
    given = "has a value that can't be used" if secret else f"is {shown(detail['input'])}"
    return f"{source}: {key} {given}, {wish}"


def unknown(source: str, key: str, name: str, known: Mapping[str, Any]) -> str:
    """A key that nobody reads, with the one that was probably meant."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"{source}: {key} is not a known key" + (f", did you mean {near[0]}?" if near else "")


def shown(value: Any) -> str:
    """`value` as it stands in a file, cut to a readable length."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _node(schema: Schema, loc: tuple[int | str, ...]) -> Schema:
    """The part of `schema` that speaks of the value at `loc`; empty where it can't be told."""
    root, node = schema, _plain(schema, schema)
    for step in loc:
        if isinstance(step, int):
            listed = node.get("prefixItems", ())
            node = listed[step] if step < len(listed) else node.get("items", {})
        else:
            node = node.get("properties", {}).get(step) or node.get("additionalProperties") or {}
        node = _plain(root, node if isinstance(node, Mapping) else {})
    return node


def _plain(root: Schema, node: Schema) -> Schema:
    """`node` without indirection: references followed, `or nothing` dropped."""
    while True:
        if "$ref" in node:
            node = root["$defs"][node["$ref"].rpartition("/")[2]]
        elif options := [option for option in node.get("anyOf", ()) if option.get("type") != "null"]:
            node = options[0]
        else:
            return node


def _words(node: Schema, *, bare: bool) -> str | None:
    """What `node` accepts, in words; `bare` leaves out the kind of number, which was right."""
    if "enum" in node:
        return "one of " + ", ".join(map(str, node["enum"]))
    if "const" in node:
        return str(node["const"])
    kind = {
        "integer": "a whole number", "number": "a number", "boolean": "true or false",
        "string": "a text", "array": "a list", "object": "a table",
    }.get(node.get("type", ""))  # fmt: skip
    reach = _reach(node)
    if reach is None:
        return kind
    return reach if bare or kind is None else f"{kind}, {reach}"


def _reach(node: Schema) -> str | None:
    low, high = node.get("minimum"), node.get("maximum")
    above = node.get("exclusiveMinimum")
    if low is not None and high is not None:
        return f"{low:,} to {high:,}"
    start = f"at least {low:,}" if low is not None else f"above {above:,}" if above is not None else ""
    end = f"at most {high:,}" if high is not None else ""
    return " and ".join(part for part in (start, end) if part) or None
