"""JSON: an object or a text in each line (JSONL), or one list of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from workflows.batches.row import Row, Sheet, kept, named, sheet, short
from workflows.runs.plan import Problem

_BETWEEN = re.compile(r"[\s,]*")
# What begins anew on each line may be read twice over for nothing; a file that is made to waste time is not.
MOST_WASTED = 2


class _Pairs(list[tuple[str, Any]]):
    """An object as it stands there, a name that is given twice included."""


# Numbers stay as they were written: each option reads its own.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str
)  # fmt: skip


class _Broken(Exception):
    """Where the next row begins is anybody's guess."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def read(text: str) -> Sheet:
    """A row for every value. What is no JSON costs its line, and the next one begins anew."""
    try:
        return sheet(_rows(text))
    except _Broken as broken:
        return Sheet(problems=(broken.problem,))


def _rows(text: str) -> Iterator[Row | Problem]:
    opening = re.match(r"\s*\[", text)
    end, counted, line, wasted = len(text), 0, 1, 0
    at = opening.end() if opening else 0
    while True:
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
        line, counted = line + text.count("\n", counted, at), at
        if at >= end or (opening and text[at] == "]"):
            return
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            where = min(getattr(error, "pos", at), end)
            stop = text.find("\n", at)
            line_of_error = line + text.count("\n", at, where)
            said = {"why": getattr(error, "msg", "too deep"), "column": where - text.rfind("\n", 0, where)}
            problem = Problem(
                line, short(text[at : at + 800].partition("\n")[0]), "row_json", {**said, "at": line_of_error}
            )
            wasted += where - at
            # Where one list is broken off, who knows what was to come.
            if opening or isinstance(error, RecursionError) or wasted > MOST_WASTED * end:
                raise _Broken(problem) from None
            yield problem
            if stop < 0:
                return
            at = stop
            continue
        yield _row(line, value)


def _row(line: int, value: Any) -> Row | Problem:
    if isinstance(value, str) and value.strip():
        return Row(line, kept(value).strip())
    if not isinstance(value, _Pairs):
        return Problem(line, short(json.dumps(value)), "row_no_object")
    pairs = []
    for name, given in value:
        text = _text(given)
        if text is None:
            return Problem(line, short(name), "row_nested", {"field": short(kept(name))})
        pairs.append((name, text))
    return named(line, pairs)


def _text(value: Any) -> str | None:
    """A value as it is typed in a chat; None for what can't be."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    if isinstance(value, list) and not isinstance(value, _Pairs):
        parts = [_text(part) for part in value if not isinstance(part, list)]
        return None if None in parts or len(parts) < len(value) else ",".join(map(str, parts))
    return value if isinstance(value, str) else None
