"""A file of commands, read: CSV, JSONL, YAML or plain text, told apart by what stands in it, then by its name.

Every row has the line that it begins on, and so has everything that is wrong with one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from workflows.batches import items, lines, table
from workflows.batches.row import Sheet
from workflows.refusal import Refusal

MOST_BYTES = 1_000_000

# Of two that begin alike the longer comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_YAML = re.compile(r"-(?:\s|$)|---|%YAML")


def read(data: bytes, name: str = "") -> Sheet:
    """The rows of the file `name`. Raises `Refusal` for what is no text, too big, or empty."""
    if len(data) > MOST_BYTES:
        raise Refusal("rows_too_big", size_mb=-(-len(data) // 100_000) / 10, most=MOST_BYTES / 1e6)
    text = re.sub(r"\r\n?", "\n", _text(data))
    first = next((line for line in map(str.strip, text.split("\n")) if line and not line.startswith("#")), "")
    if not first:
        raise Refusal("rows_empty")
    sheet = _reader(first, name.rpartition(".")[2].casefold())(text)
    if not sheet.rows and not sheet.problems:
        raise Refusal("rows_empty")
    return sheet


def _reader(first: str, ending: str) -> Callable[[str], Sheet]:
    """Who reads a file that begins with the line `first` and whose name has that `ending`."""
    if first.startswith("/"):
        return lines.read
    if first.startswith(("{", "[")) or ending in ("json", "jsonl", "ndjson"):
        return items.read
    if _YAML.match(first) or ending in ("yaml", "yml"):
        # Takes a moment to load.
        from workflows.batches import listed

        return listed.read
    return table.read if ending in ("csv", "tsv") or first.startswith('"/') or table.has_header(first) else lines.read


def _text(data: bytes) -> str:
    mark, encoding = next((each for each in _MARKS if data.startswith(each[0])), (b"", "utf-8"))
    data = data[len(mark) :]
    if not mark and data[:2].count(0) == 1:
        # A sign of the alphabet is a byte and a zero where a text is in two bytes each.
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "replace")
        raise Refusal("rows_not_text", line=re.sub(r"\r\n?", "\n", before).count("\n") + 1) from None
    if "\0" in text:
        raise Refusal("rows_not_text", line=text[: text.index("\0")].count("\n") + 1)
    return text
