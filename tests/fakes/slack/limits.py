"""The limits that Slack puts on messages and modals, as its reference states them.

Each function returns what is wrong, worded like Slack does, with a pointer to the place; nothing if all is well.
What these rules miss, the models of slack_sdk may know: they have the last word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from tests.fakes.slack.arguments import JSON

BLOCKS_IN_MESSAGE, BLOCKS_IN_MODAL = 50, 100
# Not in the reference: Slack answers `msg_blocks_too_long` near here, however few the blocks are.
BLOCKS_TOTAL = 13_000
TEXT = 4000
VIEW_BYTES = 250_000
# How long the text objects of an element may be, and its plain values.
TEXTS = {"text": 75, "placeholder": 150, "title": 100}
VALUES = {"action_id": 255, "url": 3000, "value": 2000}
OPTIONS = {"static_select": 100, "multi_static_select": 100, "overflow": 5, "checkboxes": 10, "radio_buttons": 10}
ELEMENTS = {"actions": 25, "context": 10}
SELECTS = ("channels_select", "conversations_select", "users_select", "external_select")
INPUTS = ("plain_text_input", "number_input", "email_text_input", "url_text_input", "file_input", "datepicker")
KNOWN_ELEMENTS = ("button", "image", "workflow_button", *OPTIONS, *SELECTS, *INPUTS)
KNOWN_BLOCKS = ("section", "header", "image", "actions", "context", "divider", "input", "rich_text", "markdown")

UsablePicture = Callable[[JSON], bool]


def of_message(text: str, blocks: list[JSON], usable: UsablePicture) -> list[str]:
    """Without a text, notifications and screen readers have nothing to say."""
    found = _Findings(usable)
    if not text.strip():
        found.add("", "text is missing")
    found.blocks(blocks, BLOCKS_IN_MESSAGE)
    return found.messages


def total_length(blocks: list[JSON]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) if blocks else 0


def of_view(view: JSON, usable: UsablePicture) -> list[str]:
    found = _Findings(usable, "/view")
    if view.get("type") != "modal":
        found.add("/type", "must be modal")
    blocks = view.get("blocks") or []
    found.text(view.get("title"), "/title", 24, plain=True)
    for name in ("submit", "close"):
        if name in view:
            found.text(view[name], f"/{name}", 24, plain=True)
    if "submit" not in view and any(block.get("type") == "input" for block in blocks):
        found.add("/submit", "missing required field")
    for name, longest in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        found.value(view.get(name), f"/{name}", longest)
    if not blocks:
        found.add("/blocks", "must have at least one block")
    found.blocks(blocks, BLOCKS_IN_MODAL)
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        found.add("", "view is too large")
    return found.messages


class _Findings:
    def __init__(self, usable: UsablePicture, root: str = "") -> None:
        self.messages: list[str] = []
        self._usable = usable
        self._root = root

    def add(self, pointer: str, words: str) -> None:
        self.messages.append(f"{words} [json-pointer:{self._root}{pointer}]")

    def value(self, value: Any, pointer: str, longest: int) -> None:
        if value is not None and len(str(value)) > longest:
            self.add(pointer, f"must be less than {longest + 1} characters")

    def text(self, node: Any, pointer: str, longest: int, *, plain: bool = False) -> None:
        if not isinstance(node, dict) or node.get("type") not in (
            ("plain_text",) if plain else ("plain_text", "mrkdwn")
        ):
            self.add(pointer, "must be a text object" + (" of plain text" if plain else ""))
        elif not node.get("text"):
            self.add(f"{pointer}/text", "must be more than 0 characters")
        else:
            self.value(node["text"], f"{pointer}/text", longest)

    def count(self, nodes: Iterable[Any], pointer: str, most: int, least: int = 1) -> None:
        if not least <= len(list(nodes)) <= most:
            self.add(pointer, f"must have {least} to {most} items")

    def blocks(self, blocks: list[JSON], most: int) -> None:
        self.count(blocks, "/blocks", most, least=0)
        ids = [block["block_id"] for block in blocks if block.get("block_id")]
        if len(ids) != len(set(ids)):
            self.add("/blocks", "block_id must be unique")
        for index, block in enumerate(blocks):
            self.block(block, f"/blocks/{index}")
        if not self.messages:
            self._models(blocks)

    def _models(self, blocks: list[JSON]) -> None:
        for index, block in enumerate(blocks):
            try:
                parsed = Block.parse(block)
                if parsed is not None:
                    parsed.to_dict()
            except (SlackObjectFormationError, TypeError, ValueError) as error:
                self.add(f"/blocks/{index}", str(error))

    def block(self, block: JSON, at: str) -> None:
        self.value(block.get("block_id"), f"{at}/block_id", 255)
        match block.get("type"):
            case "section":
                fields = block.get("fields")
                if "text" in block or not fields:
                    self.text(block.get("text"), f"{at}/text", 3000)
                if fields is not None:
                    self.count(fields, f"{at}/fields", 10)
                    for index, field in enumerate(fields):
                        self.text(field, f"{at}/fields/{index}", 2000)
                self.elements([block["accessory"]] if "accessory" in block else [], f"{at}/accessory")
            case "header":
                self.text(block.get("text"), f"{at}/text", 150, plain=True)
            case "image":
                self.image(block, at)
            case "actions" | "context" as kind:
                elements = block.get("elements") or []
                self.count(elements, f"{at}/elements", ELEMENTS[kind])
                self.elements(elements, f"{at}/elements")
            case "input":
                self.text(block.get("label"), f"{at}/label", 2000, plain=True)
                if "hint" in block:
                    self.text(block["hint"], f"{at}/hint", 2000, plain=True)
                self.elements([block.get("element") or {}], f"{at}/element")
            case "markdown":
                self.value(block.get("text"), f"{at}/text", 12_000)
            case kind if kind not in KNOWN_BLOCKS:
                self.add(f"{at}/type", f"unsupported type: {kind}")

    def image(self, node: JSON, at: str) -> None:
        if not node.get("alt_text"):
            self.add(f"{at}/alt_text", "missing required field")
        self.value(node.get("alt_text"), f"{at}/alt_text", 2000)
        if "title" in node:
            self.text(node["title"], f"{at}/title", 2000, plain=True)
        if "slack_file" in node:
            if not self._usable(node["slack_file"]):
                self.add(f"{at}/slack_file", "invalid slack file")
        elif not node.get("image_url"):
            self.add(f"{at}/image_url", "missing required field")
        self.value(node.get("image_url"), f"{at}/image_url", 3000)

    def elements(self, elements: list[JSON], at: str) -> None:
        """The parts of one block: inside it no action_id may come twice."""
        ids = [element["action_id"] for element in elements if element.get("action_id")]
        if len(ids) != len(set(ids)):
            self.add(at, "action_id must be unique in its block")
        for index, element in enumerate(elements):
            self.element(element, f"{at}/{index}")

    def element(self, element: JSON, at: str) -> None:
        kind = element.get("type")
        if kind in ("mrkdwn", "plain_text"):
            return self.text(element, at, 3000)
        if kind == "image":
            return self.image(element, at)
        if kind not in KNOWN_ELEMENTS:
            return self.add(f"{at}/type", f"unsupported type: {kind}")
        if kind == "button" or "text" in element:
            self.text(element.get("text"), f"{at}/text", TEXTS["text"], plain=True)
        if "placeholder" in element:
            self.text(element["placeholder"], f"{at}/placeholder", TEXTS["placeholder"], plain=True)
        for name, longest in VALUES.items():
            self.value(element.get(name), f"{at}/{name}", longest)
        if element.get("style") not in (None, "primary", "danger"):
            self.add(f"{at}/style", "must be primary or danger")
        self.options(element, str(kind), at)
        return None

    def options(self, element: JSON, kind: str, at: str) -> None:
        if kind not in OPTIONS:
            return
        groups = element.get("option_groups") or [{"options": element.get("options") or []}]
        for group in groups:
            self.count(group["options"], f"{at}/options", OPTIONS[kind])
            for index, option in enumerate(group["options"]):
                self.text(option.get("text"), f"{at}/options/{index}/text", 75)
                self.value(option.get("value"), f"{at}/options/{index}/value", 150)
