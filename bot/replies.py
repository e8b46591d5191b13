"""Words for every outcome and error, once. A code and its parameters become a sentence of `messages/<locale>.toml`."""

from __future__ import annotations

import logging
import math
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from bot import moments
from bot.advice import beyond
from bot.commands import command_name

log = logging.getLogger(__name__)

DEFAULT_LOCALE = "en"
SHOWN = 60
# What somebody in charge, or we, say about something.
SENTENCE = 300
SHOWN_CHOICES = 20

_STRETCH = re.compile(r"\[([^\[\]]*\{[^\[\]]*)\]")
_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_LOCALE = re.compile(r"[a-z]{2,3}")
# Written by us or by the operator, never by the person who asks.
_OURS = frozenset({"try", "whole", "folder", "fetch", "home", "parts", "example", "summary", "help"})

Messages = Mapping[str, Mapping[str, Any]]


def reply(code: str, /, locale: str = DEFAULT_LOCALE, **params: Any) -> str:
    """The sentence for `code`. Parameters that are None or () count as not given; more than it needs do no harm.

    A code without words, or without the parameters its words need, is our own mistake: it is logged, and people
    are told that something went wrong on our side.
    """
    given = {name: value for name, value in params.items() if value is not None and value != ()}
    given |= {name: value for name, value in beyond(code, given).items() if name not in given}
    for language in (_language(locale), DEFAULT_LOCALE):
        text = _text(language, code, given)
        if text is None:
            continue
        words = {**_messages(DEFAULT_LOCALE)["words"], **_messages(language).get("words", {})}
        try:
            return _said(text, given, words)
        except (KeyError, IndexError, TypeError, ValueError) as unfit:
            log.error("the words of %s (%s) do not fit its parameters: %r", code, locale, unfit)
    if code == "internal":
        raise LookupError("en.toml has no words for `internal`")
    log.error("no words for %s with %s", code, sorted(given))
    return reply("internal", locale)


def cleaned(value: Any, most: int = SHOWN) -> str:
    """A foreign value made harmless and short: one line, no control signs, no formatting, nobody is called."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    text = " ".join("".join(map(_harmless, str(value)[: most * 10])).split())
    text = text.replace("`", "'").replace("](", "] (").replace("⟦", "[").replace("⟧", "]")
    text = re.sub(r"@(?=\w)|<(?=[@#!&:/A-Za-z])", "\\g<0>\u200b", text)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


@lru_cache(maxsize=32)
def _messages(language: str) -> Messages:
    """`messages/en.toml`, and the topics of `messages/en/` beside it."""
    folder = resources.files("bot") / "messages"
    files = [folder / f"{language}.toml"]
    if (topics := folder / language).is_dir():
        files += sorted((file for file in topics.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    read = (tomllib.loads(file.read_text("utf-8")) for file in files if file.is_file())
    return {code: words for topic in read for code, words in topic.items()}


@lru_cache(maxsize=32)
def _special(language: str) -> Mapping[str, Sequence[str]]:
    """By code the parameters that, where they are given, have words of their own: `code+parameter`."""
    special: dict[str, list[str]] = {}
    for name in _messages(language):
        code, plus, parameter = name.partition("+")
        if plus:
            special.setdefault(code, []).append(parameter)
    return special


def _language(locale: str) -> str:
    """`de-AT` and `de_AT` are `de`; anything that names no language is English."""
    language = re.split(r"[-_]", locale.casefold())[0]
    return language if _LOCALE.fullmatch(language) else DEFAULT_LOCALE


def _text(language: str, code: str, given: Mapping[str, Any]) -> str | None:
    messages = _messages(language)
    special = (messages[f"{code}+{name}"] for name in _special(language).get(code, ()) if name in given)
    entry = next(special, messages.get(code) if code != "words" else None)
    return None if entry is None else str(entry["text"])


def _said(text: str, given: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    """`text` with its parameters. Raises KeyError where one that it needs is not given."""

    def stretch(found: re.Match[str]) -> str:
        return found[1] if all(name in given for name, _ in _PLACE.findall(found[1])) else ""

    def place(found: re.Match[str]) -> str:
        value = given[found[1]]
        return _in_words(value, found[2], words) if found[2] else _plain(found[1], value, words)

    return _PLACE.sub(place, _STRETCH.sub(stretch, text))


def _plain(name: str, value: Any, words: Mapping[str, Any]) -> str:
    if name in _OURS:
        return str(value)
    return cleaned(value) or str(words["empty"])


def _in_words(value: Any, unit: str, words: Mapping[str, Any]) -> str:
    match unit:
        case "number":
            return f"{value:,}"
        case "sentence":
            return cleaned(value, SENTENCE)
        case "short_number":
            return f"{float(value):.4g}"
        case "at":
            return moments.at(value)
        case "until":
            return moments.until(value)
        case "wait":
            return _wait(float(value), words)
        case "place":
            places = words["places"]
            return str(places[value] if value < len(places) else words["later_place"].format(number=f"{value + 1:,}"))
        case "either":
            return _joined([f"`{cleaned(item)}`" for item in _items(value)], words["or"])
        case "both":
            return _joined([f"`{cleaned(item)}`" for item in _items(value)], words["and"])
        case "weekdays":
            return _joined([str(words["weekdays"][day]) for day in value], words["and"])
        case "listed":
            return ", ".join(cleaned(item) for item in _items(value))
        case "commands":
            return _joined([f"`/{cleaned(item)}`" for item in _items(value)], words["or"])
        case "listed_commands":
            return ", ".join(f"`/{cleaned(item)}`" for item in _items(value))
        case "command":
            return f"`/{cleaned(command_name(str(value)))}`"
        case "engine":
            return str(words["engines"].get(value, cleaned(value)))
        case "short":
            return _short(str(value), words)
        case "once":
            once, times = words["once"]
            return str(once) if value == 1 else f"{value:,} {times}"
        case _:
            return _counted(value, words[unit])


def _counted(number: Any, unit: Sequence[str]) -> str:
    return f"{number:,} {unit[0] if number == 1 else unit[1]}"


def _wait(seconds: float, words: Mapping[str, Any]) -> str:
    """A time to wait, never shorter than it is: 41.2 becomes "42 seconds", 3,700 becomes "2 hours"."""
    whole = max(math.ceil(seconds), 1)
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if whole > 1.5 * length:
            return _counted(math.ceil(whole / length), words[unit])
    return _counted(whole, words["second"])


def _items(value: Any) -> list[Any]:
    return value.split(", ") if isinstance(value, str) else list(value)


def _joined(items: list[str], last: Any) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def _short(allowed: str, words: Mapping[str, Any]) -> str:
    items = allowed.split(", ")
    if len(items) <= SHOWN_CHOICES:
        return allowed
    return ", ".join(items[:6]) + ", " + str(words["more"]).format(count=len(items))


def _harmless(character: str) -> str:
    # Joiners make emoji and some scripts what they are; every other invisible sign can only deceive.
    if character in "\u200c\u200d" or not unicodedata.category(character).startswith(("C", "Z")):
        return character
    return " " if character.isspace() else ""
