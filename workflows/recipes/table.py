"""A table of a recipe's file, read name by name; what doesn't fit becomes a fault, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from workflows.recipes.fault import Faults
from workflows.recipes.nodes import Node

_WHOLE = re.compile(r"[+-]?\d{1,15}")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,9})?")
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}


class Table:
    """The names of one table; `where` it stands, in words. Asking for one takes it; `end` tells what is left."""

    def __init__(self, node: Node, where: str, faults: Faults) -> None:
        self.line, self.where = node.line, where
        self._faults = faults
        self._left: dict[str, Node] = {}
        self._known: list[str] = []
        if isinstance(node.value, dict):
            self._left = dict(node.value)
        elif node.value is not None:
            faults.add(node.line, "recipe_no_table", where=where)
        # What is missing in it is told only of what can have anything in it.
        self._is_table = node.value is None or isinstance(node.value, dict)

    def unfit(self, line: int, key: str, allowed: str) -> None:
        """What stands there is of another kind than it has to be."""
        self._faults.add(line, "recipe_unfit", key=key, allowed=allowed)

    def node(self, key: str, *, required: bool = False) -> Node | None:
        """What stands under `key`; None where nothing does."""
        self._known.append(key)
        node = self._left.pop(key, None)
        if node is not None and node.value is None:
            node = None
        if node is None and required and self._is_table:
            self._faults.add(self.line, "recipe_missing", key=key, where=self.where)
        return node

    def text(self, key: str, most: int, *, required: bool = False) -> str | None:
        """A text of at most `most` characters."""
        node = self.node(key, required=required)
        if node is None:
            return None
        if isinstance(node.value, str) and len(node.value.strip()) <= most:
            return node.value.strip()
        self.unfit(node.line, key, f"a text of at most {most} characters")
        return None

    def number(self, key: str, *, whole: bool) -> float | None:
        """A number."""
        node = self.node(key)
        if node is None:
            return None
        if isinstance(node.value, str) and (_WHOLE if whole else _NUMBER).fullmatch(node.value):
            return float(node.value)
        self.unfit(node.line, key, "a whole number" if whole else "a number")
        return None

    def flag(self, key: str) -> bool:
        """True or false; false where nothing stands there."""
        node = self.node(key)
        if node is None:
            return False
        if isinstance(node.value, str) and node.value.casefold() in _FLAGS:
            return _FLAGS[node.value.casefold()]
        self.unfit(node.line, key, "true or false")
        return False

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts; one text is a list of one. None where nothing stands there."""
        node = self.node(key)
        if node is None:
            return None
        given: Sequence[Node] = node.value if isinstance(node.value, tuple) else (node,)
        found = tuple(item.value for item in given if isinstance(item.value, str))
        if not found or len(found) < len(given):
            self.unfit(node.line, key, "a list of texts")
        return found

    def names(self, key: str, *, required: bool = False) -> Mapping[str, Node]:
        """A table under this one, its names being the file's own."""
        node = self.node(key, required=required)
        if node is None:
            return {}
        if isinstance(node.value, dict):
            return node.value
        self.unfit(node.line, key, "a table: names, each with a colon and its value")
        return {}

    def end(self) -> None:
        """Everything that is known was asked for: whatever is left is a fault."""
        for key, node in self._left.items():
            self._faults.add(node.line, "recipe_unknown", key=key, where=self.where, allowed=", ".join(self._known))
