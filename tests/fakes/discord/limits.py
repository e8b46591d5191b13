"""Rules for messages and commands that Discord's description lacks, or has wrong (2000 characters, not 4000)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tests.fakes.discord.refusals import Flaw
from tests.fakes.discord.world import BUTTON, COMPONENTS_V2, JSON, LINK_STYLE, SELECTS, parts

CONTENT = 2000
FILES = 10
EMBEDS, EMBED_CHARACTERS, EMBED_FIELDS = 10, 6000, 25
ROWS, ROW_BUTTONS = 5, 5
V2_COMPONENTS, V2_CHARACTERS = 40, 4000
COMMANDS, COMMAND_CHARACTERS = 100, 8000
ROW, TEXT_DISPLAY, PREMIUM_STYLE = 1, 10, 6


def of_message(content: str, embeds: list[JSON], components: list[JSON], flags: int, files: int) -> list[Flaw]:
    """What is wrong with a message as it would be."""
    flaws = [*_too_long("content", content, CONTENT), *_too_many("attachments", files, FILES), *_embeds(embeds)]
    if flags & COMPONENTS_V2:
        flaws += _layout(content, embeds, components)
    else:
        flaws += _rows(components)
    return [*flaws, *_controls(components)]


def of_commands(commands: list[JSON]) -> list[Flaw]:
    """What is wrong with a whole set of commands of one kind of place."""
    flaws = [*_too_many("", len(commands), COMMANDS)]
    for name, count in Counter((command.get("type", 1), command["name"]) for command in commands).items():
        if count > 1:
            flaws.append(Flaw("", "APPLICATION_COMMANDS_DUPLICATE_NAME", f"{name[1]} is there {count} times"))
    for index, command in enumerate(commands):
        flaws += _command(str(index), command)
    return flaws


def _embeds(embeds: list[JSON]) -> Iterator[Flaw]:
    yield from _too_many("embeds", len(embeds), EMBEDS)
    characters = 0
    for index, embed in enumerate(embeds):
        where = f"embeds.{index}"
        fields = embed.get("fields") or []
        yield from _too_many(f"{where}.fields", len(fields), EMBED_FIELDS)
        texts = [
            (f"{where}.title", embed.get("title"), 256),
            (f"{where}.description", embed.get("description"), 4096),
            (f"{where}.footer.text", (embed.get("footer") or {}).get("text"), 2048),
            (f"{where}.author.name", (embed.get("author") or {}).get("name"), 256),
        ]
        for number, each in enumerate(fields):
            texts.append((f"{where}.fields.{number}.name", each.get("name"), 256))
            texts.append((f"{where}.fields.{number}.value", each.get("value"), 1024))
            if not each.get("name") or not each.get("value"):
                yield Flaw(f"{where}.fields.{number}", "BASE_TYPE_REQUIRED", "This field is required")
        for place, text, limit in texts:
            yield from _too_long(place, text or "", limit)
            characters += len((text or "").strip())
    if characters > EMBED_CHARACTERS:
        yield Flaw("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_CHARACTERS}")


def _layout(content: str, embeds: list[JSON], components: list[JSON]) -> Iterator[Flaw]:
    if content or embeds:
        message = "The 'content' and 'embeds' fields cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        yield Flaw("content" if content else "embeds", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)
    everything = list(parts(components))
    yield from _too_many("components", len(everything), V2_COMPONENTS)
    characters = sum(len(part["content"]) for part in everything if part["type"] == TEXT_DISPLAY)
    if characters > V2_CHARACTERS:
        message = f"The total text of components must be {V2_CHARACTERS} or fewer in length."
        yield Flaw("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)


def _rows(components: list[JSON]) -> Iterator[Flaw]:
    yield from _too_many("components", len(components), ROWS)
    for index, row in enumerate(components):
        if row["type"] != ROW:
            yield Flaw(f"components.{index}.type", "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
            continue
        yield from _too_many(f"components.{index}.components", len(row["components"]), ROW_BUTTONS)
        if len(row["components"]) > 1 and any(part["type"] in SELECTS for part in row["components"]):
            yield Flaw(
                f"components.{index}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select needs a row alone"
            )


def _controls(components: list[JSON]) -> Iterator[Flaw]:
    seen: set[str] = set()
    for part in parts(components):
        if part["type"] == BUTTON:
            yield from _button(part)
        if part["type"] not in (BUTTON, *SELECTS):
            continue
        custom_id = part.get("custom_id")
        if custom_id is None:
            continue
        if not 1 <= len(custom_id) <= 100:
            yield Flaw("components", "BASE_TYPE_BAD_LENGTH", f"custom_id {custom_id!r} must be 1 to 100 long")
        if custom_id in seen:
            yield Flaw("components", "COMPONENT_CUSTOM_ID_DUPLICATED", f"custom_id {custom_id!r} is there twice")
        seen.add(custom_id)


def _button(button: JSON) -> Iterator[Flaw]:
    yield from _too_long("components", button.get("label") or "", 80)
    if button["style"] == PREMIUM_STYLE:
        return
    if not button.get("label") and not button.get("emoji"):
        yield Flaw("components", "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji")
    if button["style"] == LINK_STYLE:
        if not button.get("url") or button.get("custom_id"):
            yield Flaw("components", "BUTTON_COMPONENT_INVALID_URL", "A link button has a url and no custom_id")
    elif button.get("custom_id") is None:
        yield Flaw("components", "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required")


def _command(where: str, command: JSON) -> Iterator[Flaw]:
    if command.get("type", 1) == 1:
        if not re.fullmatch(r"[-_'\w]{1,32}", command["name"]) or command["name"] != command["name"].lower():
            yield Flaw(
                f"{where}.name", "APPLICATION_COMMAND_INVALID_NAME", f"Command name {command['name']!r} is invalid"
            )
        if not command.get("description"):
            yield Flaw(f"{where}.description", "BASE_TYPE_REQUIRED", "This field is required")
    options = command.get("options") or []
    yield from _options(where, options)
    characters = _characters(command)
    if characters > COMMAND_CHARACTERS:
        message = f"Command exceeds maximum size ({characters} of {COMMAND_CHARACTERS})"
        yield Flaw(where, "APPLICATION_COMMAND_TOO_LARGE", message)


def _options(where: str, options: list[JSON]) -> Iterator[Flaw]:
    seen: set[str] = set()
    optional = False
    for index, option in enumerate(options):
        here = f"{where}.options.{index}"
        if not re.fullmatch(r"[-_'\w]{1,32}", option["name"]) or option["name"] != option["name"].lower():
            yield Flaw(f"{here}.name", "APPLICATION_COMMAND_INVALID_NAME", f"Option name {option['name']!r} is invalid")
        if option["name"] in seen:
            yield Flaw(here, "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", f"{option['name']!r} is there twice")
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            yield Flaw(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        if option.get("autocomplete") and option.get("choices"):
            yield Flaw(here, "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES", "Either autocomplete or choices, not both")
        seen.add(option["name"])
        optional = optional or not option.get("required")
        yield from _options(here, option.get("options") or [])


def _characters(command: JSON) -> int:
    """Names, descriptions and values, each in its longest translation, as Discord counts them."""
    total = 0
    for key in ("name", "description"):
        texts = [command.get(key) or "", *(command.get(f"{key}_localizations") or {}).values()]
        total += max(len(text) for text in texts)
    total += len(command["value"]) if isinstance(command.get("value"), str) else 0
    return total + sum(_characters(part) for key in ("options", "choices") for part in command.get(key) or [])


def _too_long(where: str, text: str, limit: int) -> Iterator[Flaw]:
    if len(text) > limit:
        yield Flaw(where, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def _too_many(where: str, count: int, limit: int) -> Iterator[Flaw]:
    if count > limit:
        yield Flaw(where, "BASE_TYPE_BAD_LENGTH", f"Must be {limit} or fewer in length.")
