"""Which rows of the reference the collected tests are for: `@pytest.mark.row("B5", "C1")`.

A row that doesn't exist is an error of the file that names it. Where all tests were collected, the end of the run
names the rows that none is for; with tests left out nobody can say, so nothing is said.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.reference_rows import ROWS


def rows_of(item: pytest.Item) -> frozenset[str]:
    """The rows that `item` is for, whether they exist or not."""
    return frozenset(str(row) for mark in item.iter_markers("row") for row in mark.args)


def unknown(items: Iterable[Any]) -> list[str]:
    """What is wrong with the marks of those of `items` that are tests."""
    tests = ((item, rows_of(item) - ROWS.keys()) for item in items if isinstance(item, pytest.Item))
    return [f"{item.nodeid}: no such row of the reference: {', '.join(sorted(rows))}" for item, rows in tests if rows]


def untested(rows: Iterable[str]) -> list[str]:
    """The rows that aren't among `rows`, in the order of the reference."""
    there = set(rows)
    return [row for row in ROWS if row not in there]


def complete(files: Iterable[Path], folder: Path) -> bool:
    """Whether every file of tests in `folder` is among `files`."""
    return set(folder.rglob("test_*.py")) <= set(files)


class RowReport:
    """What one process collected; with xdist each worker tells whoever started it."""

    def __init__(self, tests: Path) -> None:
        self._tests = tests
        self._rows: set[str] = set()
        self._left_out = False
        self._all = False

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if wrong := unknown(report.result or ()):
            report.outcome, report.longrepr, report.result = "failed", "\n".join(wrong), []
        return report

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._left_out |= bool(items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self._rows |= rows_of(item)
        self._all = not self._left_out and complete((item.path for item in session.items), self._tests)
        told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if told is not None:
            told["rows"] = (sorted(self._rows), self._all)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        rows, everything = getattr(node, "workeroutput", {}).get("rows", ((), False))
        self._rows.update(rows)
        self._all |= everything

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._all:
            rows = ", ".join(untested(self._rows))
            terminalreporter.write_line(f"rows of the reference without a test: {rows or 'none'}")
