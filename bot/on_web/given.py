"""What came from outside, as values that every part beneath can take and keep; all other judging is the specs'."""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Any

from fastapi import Path

from workflows.refusal import Refusal

# What a column of either database holds.
LARGEST_NUMBER = 2**63 - 1
# What every program that reads JSON can count to.
LARGEST_ID = 2**53
# No request nests more than a list or an object in an object.
DEEPEST = 16
# Nor has one so many parameters, or values in one: each that is wrong takes its time to be refused.
MOST = 1000
_UNFIT = re.compile("[\x00\ud800-\udfff]")

# The number of a job, or of anything else that is numbered, in a path.
Number = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Its number")]


def read(data: bytes) -> dict[str, Any]:
    """The object that is written in `data` as JSON. Raises `Refusal`."""
    try:
        found = json.loads(data, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise Refusal("not_json") from None
    if not isinstance(found, dict):
        raise Refusal("not_an_object", value=type(found).__name__)
    return checked(found)


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """`values` as they are. Raises `Refusal` where one of them, or what is in it, could not be kept."""
    for name, value in values.items():
        _check(name, name, 0)
        _check(name, value, 0)
    return values


def is_text(text: str) -> bool:
    """Whether a database and an answer can hold it: no NUL, no half of a sign."""
    return _UNFIT.search(text) is None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST:
        raise Refusal("too_many_options", most=MOST)
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise Refusal("duplicate_option", field=_shown(next(name for name in names if names.count(name) > 1)))
    return found


def _check(name: str, value: Any, depth: int) -> None:
    if isinstance(value, str) and not is_text(value):
        raise Refusal("not_text", field=_shown(name))
    if isinstance(value, float) and not math.isfinite(value):
        raise Refusal("bad_value", field=name, value=str(value), allowed="a number")
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        raise Refusal("bad_value", field=name, value=f"{str(value)[:20]}…", allowed=f"at most {LARGEST_NUMBER}")
    if isinstance(value, dict | list):
        if depth == DEEPEST:
            raise Refusal("bad_value", field=name, value="nested too deeply", allowed="a plain value or a list")
        if len(value) > MOST:
            raise Refusal("bad_value", field=name, value=f"{len(value)} values", allowed=f"at most {MOST}")
        for each in (*value, *value.values()) if isinstance(value, dict) else value:
            _check(name, each, depth + 1)


def _shown(name: str) -> str:
    """A name as an answer can hold it."""
    return name.encode("utf-8", "replace").decode().replace("\x00", "?")
