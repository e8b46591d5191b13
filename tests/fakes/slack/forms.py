"""What a person can do with the blocks in front of them: press something, fill in a form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fakes.slack.arguments import JSON
from tests.fakes.slack.messages import File

ONE_OF = ("static_select", "radio_buttons")
SOME_OF = ("multi_static_select", "checkboxes")
TYPED = ("plain_text_input", "number_input", "email_text_input", "url_text_input")
SELECTED = {
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "users_select": "selected_user",
    "datepicker": "selected_date",
}


def elements(blocks: list[JSON]) -> Iterator[tuple[JSON, JSON]]:
    """Each block with each thing in it that has an action_id."""
    for block in blocks:
        for element in (*block.get("elements", ()), block.get("accessory"), block.get("element")):
            if isinstance(element, dict) and element.get("action_id"):
                yield block, element


def action(blocks: list[JSON], action_id: str, value: str | None, at: str) -> JSON:
    """The action of pressing a button, or of choosing `value` from a menu. LookupError if there is no such thing."""
    here = [(block, element) for block, element in elements(blocks) if element["action_id"] == action_id]
    if len(here) != 1:
        known = [element["action_id"] for _, element in elements(blocks)]
        raise LookupError(f"{len(here)} things to press are called {action_id}; there are {known}")
    (block, element) = here[0]
    done = {"type": element["type"], "action_id": action_id, "block_id": block["block_id"], "action_ts": at}
    if element["type"] == "button":
        return done | {name: element[name] for name in ("text", "value", "url", "style") if name in element}
    if element["type"] == "overflow":
        return done | {"selected_option": _option(element, value)}
    return done | _state(element, value)


def filled(blocks: list[JSON], values: dict[str, Any]) -> JSON:
    """The state of a view with these values, by block_id or action_id; the rest is as the form came.

    ValueError where Slack's own client would not let the person submit.
    """
    unknown = values.keys() - {name for block, element in elements(blocks) for name in _names(block, element)}
    if unknown:
        raise LookupError(f"the form has no {sorted(unknown)}")
    state: JSON = {}
    for block, element in elements(blocks):
        if element["type"] in ("button", "overflow"):
            continue
        given = [values[name] for name in _names(block, element) if name in values]
        entry = _state(element, given[0] if given else _initial(element))
        if block["type"] == "input":
            _refuse(block, element, entry)
        state.setdefault(block["block_id"], {})[element["action_id"]] = entry
    return state


def _names(block: JSON, element: JSON) -> tuple[str, str]:
    return block["block_id"], element["action_id"]


def _initial(element: JSON) -> Any:
    match element["type"]:
        case kind if kind in ONE_OF:
            return (element.get("initial_option") or {}).get("value")
        case kind if kind in SOME_OF:
            return [option["value"] for option in element.get("initial_options", ())]
        case kind if kind in SELECTED:
            return element.get(SELECTED[kind].replace("selected", "initial"))
        case _:
            return element.get("initial_value")


def _state(element: JSON, value: Any) -> JSON:
    kind = element["type"]
    if kind in TYPED:
        return {"type": kind, "value": None if value in (None, "") else str(value)}
    if kind in ONE_OF:
        return {"type": kind, "selected_option": None if value is None else _option(element, value)}
    if kind in SOME_OF:
        return {"type": kind, "selected_options": [_option(element, each) for each in value or ()]}
    if kind in SELECTED:
        return {"type": kind, SELECTED[kind]: value}
    if kind == "file_input":
        given: list[File] = value or []
        return {"type": kind, "files": [file.json() for file in given]}
    raise LookupError(f"the stand-in can't fill in a {kind}")


def _option(element: JSON, value: str | None) -> JSON:
    groups = element.get("option_groups") or [element]
    for option in (option for group in groups for option in group.get("options", ())):
        if option.get("value") == value:
            return dict(option)
    raise LookupError(f"{element['action_id']} has no option {value}")


def _refuse(block: JSON, element: JSON, entry: JSON) -> None:
    label = block["label"]["text"]
    content = next(value for name, value in entry.items() if name != "type")
    if not content:
        if not block.get("optional"):
            raise ValueError(f"{label}: please complete this required field")
        return
    match element["type"]:
        case "plain_text_input":
            measure, low, high = float(len(content)), element.get("min_length", 0), element.get("max_length", 3000)
        case "number_input":
            measure, low, high = float(content), element.get("min_value", "-inf"), element.get("max_value", "inf")
        case _:
            return
    if not float(low) <= measure <= float(high):
        raise ValueError(f"{label}: {measure:g} is not within {low} and {high}")
