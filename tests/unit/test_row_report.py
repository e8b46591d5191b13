"""Which rows of the reference have no test: said only where every test was there to be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reference_rows import ROWS
from tests.row_report import complete, rows_of, unknown, untested


def test_a_row_that_does_not_exist_is_named_with_the_test(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.row("B5", "B33"))
    assert rows_of(request.node) == {"B5", "B33"}
    (wrong,) = unknown([request.node, request.node.parent])
    assert wrong.startswith(request.node.nodeid)
    assert wrong.endswith("B33")


def test_rows_without_a_test_are_named_in_the_order_of_the_reference() -> None:
    assert untested(ROWS) == []
    assert untested(ROWS.keys() - {"C10", "A3", "C9"}) == ["A3", "C9", "C10"]


def test_where_a_file_is_left_out_nothing_is_claimed(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    files = [tmp_path / "test_a.py", inner / "test_b.py"]
    for file in (*files, tmp_path / "house.py"):
        file.touch()
    assert complete(files, tmp_path)
    assert not complete(files[:1], tmp_path)
