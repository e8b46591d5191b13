"""The rows every benchmark prints."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class Row:
    """One measure. `ratio`: against a peer or limit of the same run, what counts; `absolute`: for information."""

    name: str
    value: float
    unit: str
    target: float | None
    kind: Literal["ratio", "absolute"]
    ok: bool


def parser(description: str) -> argparse.ArgumentParser:
    """`--quick` (within 60 s) and `--json`, for a benchmark to add its own."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--quick", action="store_true", help="end within 60 s")
    options.add_argument("--json", action="store_true", help="last line of stdout is one JSON object")
    return options


def arguments(description: str) -> argparse.Namespace:
    """`--quick` and `--json`, as given."""
    return parser(description).parse_args()


def show(rows: Sequence[Row], *, as_object: bool, beside: Sequence[Row] = ()) -> None:
    """Print the table, and the object where it is asked for; `beside` are rows that only the object holds."""
    for row in rows:
        target = "" if row.target is None else f"  target {row.target:g}"
        print(f"{'ok  ' if row.ok else 'MISS'} {row.name:<44}{row.value:>10.3f} {row.unit}{target}  ({row.kind})")
    if as_object:
        print(json.dumps({"rows": [asdict(row) for row in (*rows, *beside)]}))
