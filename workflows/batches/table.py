"""CSV as people and spreadsheets write it: with a header that names the columns, or a command alone in each row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from workflows.batches import lines
from workflows.batches.row import COMMAND, Row, Sheet, named, sheet, short
from workflows.runs.plan import Problem

DELIMITERS = ",;\t"
_QUOTED = re.compile(r'"(?:[^"]|"")*"?')
# How a spreadsheet is told what stands between cells; it is no row.
_SAID = re.compile(r"\s*sep=([,;:|\t])\n")


def has_header(line: str) -> bool:
    """Whether `line` is the header of a table of commands."""
    cells = line.split(_delimiter(line))
    return len(cells) > 1 and any(cell.strip().strip('"').casefold() in COMMAND for cell in cells)


def read(text: str) -> Sheet:
    """The rows below the header; without one, the commands in the first column."""
    said = _SAID.match(text)
    start = said.end() if said else 0
    header = next((line for line in text[start:].split("\n") if line.strip()), "")
    records = _records(text[start:], said[1] if said else _delimiter(header), 1 if said else 0)
    line, names, broken = next(records, (1, [], None))
    if broken is not None:
        return Sheet(problems=(broken,))
    if names and names[0].lstrip().startswith("/"):
        found = [_alone(line, names), *(each[2] or _alone(*each[:2]) for each in records)]
        return _whole(sheet(found))
    if [name.strip().casefold() for name in names] in ([name] for name in COMMAND):
        rest = text[start:].split("\n")
        if '"' not in {row.lstrip()[:1] for row in rest}:
            # Commands as they are typed, with all their commas and quotes.
            rows = lines.read("\n".join(["", *rest[line - (1 if said else 0) :]])).rows
            return Sheet(tuple(Row(row.line - 1 + line, row.command) for row in rows))
    if (wrong := _header(line, names)) is not None:
        return Sheet(problems=(wrong,))
    return _whole(sheet(each[2] or _named(*each[:2], names) for each in records))


def _records(text: str, delimiter: str, before: int) -> Iterator[tuple[int, list[str], Problem | None]]:
    """Each row that is not empty with the line it begins on; a problem where the file can't be read any further."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        line = before + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            first = text.split("\n")[line - before - 1] if text else ""
            yield line, [], Problem(line, short(first), "row_quotes", {"why": str(error)})
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells, None


def _delimiter(header: str) -> str:
    """What stands between cells, the likeliest by the header: what is in quotes does not count."""
    bare = _QUOTED.sub("", header)
    return max(DELIMITERS, key=bare.count)


def _whole(found: Sheet) -> Sheet:
    """Nothing of a file that could not be read to its end."""
    broken = [problem for problem in found.problems if problem.code == "row_quotes"]
    return Sheet(problems=(broken[0],)) if broken else found


def _header(line: int, names: list[str]) -> Problem | None:
    known: set[str] = set()
    for name in (name.strip().casefold() for name in names):
        if name and not name.startswith("#") and name in known:
            return Problem(line, short(", ".join(names)), "rows_same_column", {"field": short(name)})
        known.add(name)
    if not known & {*COMMAND}:
        return Problem(line, short(", ".join(names)), "rows_without_command", {"columns": [*map(short, names[:12])]})
    return None


def _alone(line: int, cells: list[str]) -> Row | Problem:
    """A row of a table without a header: a command, and nothing beside it."""
    more = [cell for cell in cells[1:] if cell.strip()]
    text = cells[0].strip()
    return Problem(line, short(text), "row_cells", {"value": short(more[0])}) if more else Row(line, text)


def _named(line: int, cells: list[str], names: list[str]) -> Row | Problem:
    stray = [cell for cell in cells[len(names) :] if cell.strip()]
    stray += [cell for name, cell in zip(names, cells, strict=False) if not name.strip() and cell.strip()]
    if stray:
        return Problem(line, short(", ".join(cells)), "row_cells", {"value": short(stray[0]), "columns": len(names)})
    # A column that begins with # is somebody's notes.
    return named(line, [pair for pair in zip(names, cells, strict=False) if not pair[0].strip().startswith("#")])
