"""Bodies against Discord's own OpenAPI description of its API."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS31Validator, oas31_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.fakes.discord.refusals import Flaw

ADDRESS = "urn:discord"
# An id in the text of a body.
ID = re.compile(r'"\d{17,20}"')
MESSAGES = {
    "maxLength": ("BASE_TYPE_MAX_LENGTH", "Must be {} or fewer in length."),
    "minLength": ("BASE_TYPE_MIN_LENGTH", "Must be {} or more in length."),
    "maxItems": ("BASE_TYPE_MAX_LENGTH", "Must be {} or fewer in length."),
    "minItems": ("BASE_TYPE_MIN_LENGTH", "Must be {} or more in length."),
    "maximum": ("NUMBER_TYPE_MAX", "Must be at most {}."),
    "minimum": ("NUMBER_TYPE_MIN", "Must be at least {}."),
    "required": ("BASE_TYPE_REQUIRED", ""),
    "type": ("BASE_TYPE_BAD_TYPE", ""),
    "enum": ("BASE_TYPE_CHOICES", ""),
}


class Schema:
    """Discord's description, from a file. Requests and answers are looked up by method and the shape of their path."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._document = _read(file)
        self._paths = {shape(path): path for path in self._document["paths"]}
        self._sound = _sound(file)

    def request(self, method: str, template: str, body: Any) -> list[Flaw]:
        """What is wrong with the body of a request to a path such as `/channels/{channel}/messages`."""
        operation = self._operation(method, template)
        if operation is None or "requestBody" not in operation[1]:
            return []
        return self._flaws(f"{operation[0]}/requestBody/content/application~1json/schema", body)

    def answer(self, method: str, template: str, status: int, body: Any) -> list[Flaw]:
        """What is wrong with an answer: for the stand-in to watch its own mouth."""
        operation = self._operation(method, template)
        if operation is None or "content" not in operation[1]["responses"].get(str(status), {}):
            return []
        return self._flaws(f"{operation[0]}/responses/{status}/content/application~1json/schema", body)

    def _operation(self, method: str, template: str) -> tuple[str, Any] | None:
        path = self._paths.get(shape(template))
        operation = self._document["paths"].get(path, {}).get(method.lower())
        if path is None or operation is None:
            return None
        return f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method.lower()}", operation

    def _flaws(self, pointer: str, body: Any) -> list[Flaw]:
        looks = _digest(pointer, body)
        if looks in self._sound:
            return []
        flaws = [_flaw(error) for error in _validator(self._file, pointer).iter_errors(body)]
        if not flaws:
            self._sound.add(looks)
        return flaws


def shape(path: str) -> str:
    """The path without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@cache
def _read(file: Path) -> Any:
    document = json.loads(file.read_text())
    # The description wants ids as text. Discord takes numbers too, and its own guide numbers files 0, 1, …
    document["components"]["schemas"]["SnowflakeType"]["type"] = ["string", "integer"]
    return document


@cache
def _registry(file: Path) -> Any:
    resource = Resource.from_contents(_read(file), default_specification=DRAFT202012)
    return Registry().with_resource(ADDRESS, resource).crawl()


@cache
def _validator(file: Path, pointer: str) -> Any:
    # Compiled validators keep what they have resolved: the second body of a route is far cheaper than the first.
    quoted = pointer.replace("{", "%7B").replace("}", "%7D")
    return OAS31Validator(
        {"$ref": f"{ADDRESS}#{quoted}"}, registry=_registry(file), format_checker=oas31_format_checker
    )


@cache
def _sound(file: Path) -> set[bytes]:
    """Digests of the bodies in which nothing was wrong: all commands are sent at every start, and looking takes a
    second."""
    return set()


def _digest(pointer: str, body: Any) -> bytes:
    """The same for bodies that differ only in which ids they name."""
    numbers: defaultdict[str, str] = defaultdict(lambda: f"#{len(numbers)}")
    text = ID.sub(lambda found: numbers[found[0]], json.dumps(body, sort_keys=True))
    return hashlib.blake2b(f"{pointer} {text}".encode(), digest_size=16).digest()


def _flaw(error: Any) -> Flaw:
    deepest = _deepest(error)
    where = ".".join(str(step) for step in deepest.absolute_path)
    code, words = MESSAGES.get(deepest.validator, ("INVALID", ""))
    return Flaw(where, code, words.format(deepest.validator_value) if words else str(deepest.message)[:300])


def _deepest(error: Any) -> Any:
    """Of a choice that nothing matched, the flaw within the branch that came furthest: that is the one meant."""
    while error.context:
        # A branch for something else fails at its `type`; the branch that was meant fails elsewhere.
        others = {each.schema_path[0] for each in error.context if list(each.path) == ["type"]}
        meant = [each for each in error.context if each.schema_path[0] not in others] or error.context
        error = max(meant, key=lambda each: (len(each.absolute_path), each.validator != "type"))
    return error
