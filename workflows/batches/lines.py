"""A command in each line, as people type them. A line that begins with # is a note."""

from __future__ import annotations

from workflows.batches.row import Row, Sheet


def read(text: str) -> Sheet:
    """A row for every line that has something in it."""
    said = ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1))
    return Sheet(tuple(Row(number, line) for number, line in said if line and not line.startswith("#")))
