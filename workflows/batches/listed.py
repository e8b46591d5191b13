"""YAML: a list of commands, each a text or options by their names.

Read event by event: nothing is built from tags, and nothing stands for something else, so a small file stays small.
Every value is the text that stands there: `no` is a caption as good as any.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from workflows.batches.row import Row, Sheet, kept, named, sheet, short
from workflows.runs.plan import Problem

# No command has anything in it that has anything in it; what opens more and more only keeps others waiting.
DEEPEST = 50
_NOTHING = ("", "~", "null", "Null", "NULL")
_OPEN = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
_CLOSE = (yaml.SequenceEndEvent, yaml.MappingEndEvent)


class TooDeep(Exception):
    """Something on `line` has more in it than any command has."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def read(text: str) -> Sheet:
    """A row for each item of the list; none where the file as a whole is no YAML."""
    try:
        return sheet(_rows(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))))
    except TooDeep as deep:
        return _broken(text, deep.line, "too deep")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _broken(text, 1 if mark is None else mark.line + 1, str(error.problem))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return Sheet(problems=(Problem(line, short(kept(_line(text, line))), "row_yaml", {"why": error.reason}),))


def _broken(text: str, line: int, why: str) -> Sheet:
    return Sheet(problems=(Problem(line, _line(text, line), "row_yaml", {"why": short(why)}),))


def _line(text: str, line: int) -> str:
    rows = text.split("\n")
    return short(rows[line - 1]) if line <= len(rows) else ""


def _rows(events: Iterator[yaml.Event]) -> Iterator[Row | Problem]:
    for event in events:
        if isinstance(event, yaml.SequenceStartEvent):
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                found = _item(item, events)
                if found is not None:
                    yield found
        elif isinstance(event, yaml.NodeEvent):
            _skip(event, events)
            yield Problem(_at(event), "", "rows_no_list")


def _item(event: yaml.Event, events: Iterator[yaml.Event]) -> Row | Problem | None:
    line = _at(event)
    if isinstance(event, yaml.ScalarEvent):
        return None if _is_nothing(event) else Row(line, kept(event.value).strip())
    if isinstance(event, yaml.AliasEvent):
        return _alias(line, event)
    if isinstance(event, yaml.SequenceStartEvent):
        _skip(event, events)
        return Problem(line, "", "row_no_object")
    pairs: list[tuple[str, str]] = []
    wrong: Problem | None = None
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        name = _scalar(key, events)
        value_event = next(events)
        value = _scalar(value_event, events)
        if wrong is None and isinstance(value_event, yaml.AliasEvent):
            wrong = _alias(line, value_event)
        elif wrong is None and (name is None or value is None):
            wrong = Problem(line, short(name or ""), "row_nested", {"field": short(name or "?")})
        pairs.append((name or "", value or ""))
    return wrong or named(line, pairs)


def _scalar(event: yaml.Event, events: Iterator[yaml.Event]) -> str | None:
    """The text of a value, several with commas between them; None for what is none. Moves behind it."""
    if isinstance(event, yaml.ScalarEvent):
        return "" if _is_nothing(event) else kept(event.value)
    if not isinstance(event, yaml.SequenceStartEvent):
        _skip(event, events)
        return None
    parts: list[str | None] = []
    while not isinstance(part := next(events), yaml.SequenceEndEvent):
        if isinstance(part, yaml.ScalarEvent):
            parts.append(kept(part.value))
        else:
            _skip(part, events)
            parts.append(None)
    return None if None in parts else ",".join(map(str, parts))


def _skip(event: yaml.Event, events: Iterator[yaml.Event]) -> None:
    """Move behind what `event` begins."""
    depth = int(isinstance(event, _OPEN))
    while depth:
        event = next(events)
        depth += isinstance(event, _OPEN) - isinstance(event, _CLOSE)
        if depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem="too deep", problem_mark=event.start_mark)  # type: ignore[arg-type]


def _alias(line: int, event: yaml.AliasEvent) -> Problem:
    name = short(str(event.anchor))
    return Problem(line, f"*{name}", "row_alias", {"value": name})


def _at(event: yaml.Event) -> int:
    """The line on which it begins."""
    return 1 if event.start_mark is None else event.start_mark.line + 1


def _is_nothing(event: yaml.ScalarEvent) -> bool:
    return bool(event.implicit[0]) and event.style in (None, "") and event.value in _NOTHING
