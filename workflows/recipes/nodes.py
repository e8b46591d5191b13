"""A YAML file as text with lines: every value as it is written, and where.

What a value is, its reader decides, as it does for what people type: `4/4`, `1:30`, `on` and `12` are the words that
stand there. The same name twice, or a value that is used again by a mark (`&`, `*`), is a fault: both hide something.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from workflows.recipes.fault import Faults

# More is no recipe.
MOST_CHARACTERS = 100_000
DEEPEST = 20
_NOTHING = frozenset({"", "~", "null"})


@dataclass(frozen=True)
class Node:
    """A text, a list or a table (`value`), which begins on `line`; None where nothing stands there."""

    line: int
    value: str | tuple[Node, ...] | dict[str, Node] | None


def read(text: str, faults: Faults) -> Node | None:
    """The file as a tree; None where it can't be read, and `faults` say why."""
    if len(text) > MOST_CHARACTERS:
        faults.add(1, "recipe_too_long", most=MOST_CHARACTERS)
        return None
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken | yaml.AnchorToken | yaml.TagToken):
                faults.add(token.start_mark.line + 1, "recipe_mark", value=str(token.value))
                return None
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        faults.add(mark.line + 1 if mark else 1, "recipe_unreadable", reason=error.problem or error.context or "")
        return None
    except yaml.YAMLError as error:
        # What no file may hold, such as control characters; where it stands is counted in characters.
        at = getattr(error, "position", 0)
        faults.add(text.count("\n", 0, at) + 1, "recipe_unreadable", reason=getattr(error, "reason", "no YAML"))
        return None
    except RecursionError:
        faults.add(1, "recipe_unreadable", reason="too many lists inside of lists")
        return None
    return Node(1, None) if node is None else _node(node, faults)


def _node(node: yaml.Node, faults: Faults, deep: int = 0) -> Node:
    line = node.start_mark.line + 1
    if deep > DEEPEST:
        faults.add(line, "recipe_unreadable", reason="too many lists inside of lists")
        return Node(line, None)
    if isinstance(node, yaml.SequenceNode):
        return Node(line, tuple(_node(item, faults, deep + 1) for item in node.value))
    if isinstance(node, yaml.MappingNode):
        table: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if not name:
                faults.add(key.start_mark.line + 1, "recipe_unreadable", reason="a name has to be a word")
            elif name in table:
                faults.add(key.start_mark.line + 1, "recipe_twice", key=name)
            else:
                # A long text begins behind its name: the name is where people look.
                inside = _node(value, faults, deep + 1)
                table[name] = Node(key.start_mark.line + 1, inside.value)
        return Node(line, table)
    plain = getattr(node, "style", None) is None and str(node.value).casefold() in _NOTHING
    return Node(line, None if plain else str(node.value))
