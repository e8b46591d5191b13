"""The description of the API, for programs and for the page at /docs: what the routes say of themselves, completed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from bot.on_web.api import bodies
from bot.on_web.errors import MEANS, SECOND_API, Problem, SecondProblem, example

if TYPE_CHECKING:
    from workflows.pricing import Pricing

TITLE, PLACE = "Minstrel", "/openapi.json"
ABOUT = """
Make music over HTTP: the same queue, engine and credits as in the chats.

Every request needs a key, sent as `X-API-Key: ap_…` or as `Authorization: Bearer ap_…`. Whoever runs this house makes
one with `minstrel keys create --user NAME`. What you ask for becomes a job: ask for its status until it is COMPLETED,
or have a webhook tell you. A request with an `Idempotency-Key` can be sent again without making anything twice.

What is refused is answered with `detail`, one sentence, and `code`, for programs; nothing was kept or charged then.
Where waiting helps, `Retry-After` says for how many seconds.
"""
# In the order of the page.
TAGS = {
    "music": "Ask for music, and for what can be done with it.",
    "jobs": "What was asked for: how far it is, what came of it.",
    "files": "Bring sound, and fetch it in every format.",
    "text-to-music": "The second API: prompt, tags and lyrics in; tracks out.",
    "stems": "Take songs apart.",
    "credits": "What things cost, and where the credits went.",
    "wallet": "The same in money.",
    "webhooks": "Be told instead of asking.",
    "keys": "Who you are, and tokens for those who must not have your key.",
    "house": "Whether this house is up. No key is needed.",
}
PAGE = {
    "docExpansion": "list",
    "defaultModelsExpandDepth": 0,
    "displayRequestDuration": True,
    "validatorUrl": None,
}
AFTER = {
    "description": "Seconds until it is worth another try",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}
HOW = {"description": "How to say who you are", "required": True, "schema": {"type": "string"}}
HEADERS = {"401": {"WWW-Authenticate": HOW}, "429": {"Retry-After": AFTER}, "503": {"Retry-After": AFTER}}


def name_of(route: APIRoute) -> str:
    """How programs call an operation: its method and its path."""
    words = re.findall(r"[a-z0-9]+", route.path_format.removeprefix("/api/v1"))
    return "_".join([min(route.methods or ()).lower(), *words])


def described(app: FastAPI) -> dict[str, Any]:
    """The whole description."""
    found = get_openapi(title=TITLE, version=version("minstrel-bot"), description=ABOUT, routes=app.routes)
    rules, schemas = app.state.web.rules, found["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas[Problem.__name__] = _schema(Problem)
    schemas[SecondProblem.__name__] = _schema(SecondProblem)
    for path, operation in _operations(found):
        _complete(path, operation, rules.pricing)
        bodies.narrowed(operation, rules.known)
    used = {tag for _, operation in _operations(found) for tag in operation.get("tags", ())}
    told = {name: about for name, about in TAGS.items() if name in used}
    found["tags"] = [{"name": name, "description": about} for name, about in told.items()]
    return found


def _operations(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in found["paths"].items():
        for operation in operations.values():
            yield path, operation


def _complete(path: str, operation: dict[str, Any], pricing: Pricing) -> None:
    """Say what may be answered to every operation of its kind, and how refusals look."""
    answers = operation["responses"]
    # What the library thinks it answers to what can't be read.
    answers.pop("422", None)
    for status in _always(operation):
        answers.setdefault(status, {"description": MEANS[int(status)]})
    problem = SecondProblem if path.startswith(SECOND_API) else Problem
    for status, answer in answers.items():
        if status in HEADERS and int(status) in MEANS:
            answer.setdefault("headers", {}).update(HEADERS[status])
        if int(status) in MEANS and _is_problem(answer):
            form = {"$ref": f"#/components/schemas/{problem.__name__}"}
            answer["content"] = {"application/json": {"schema": form, "example": example(int(status), pricing, path)}}
    operation["responses"] = dict(sorted(answers.items()))
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
        if parameter["in"] == "path":
            parameter.setdefault("description", "Its id")
    for kind, form in operation.get("requestBody", {}).get("content", {}).items():
        if kind != "application/json":
            fields = form["schema"].get("properties", {})
            fields.update({name: _without_null(schema) for name, schema in fields.items()})


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What can be said in a path, a query, a header or a form: it may be left out, and then nothing stands for it."""
    ways = [way for way in schema.get("anyOf", ()) if way != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return schema if not ways else {**ways[0], **rest} if len(ways) == 1 else {**rest, "anyOf": ways}


def _always(operation: dict[str, Any]) -> Iterator[str]:
    """What any operation may answer that is for people with a key, or takes something."""
    if "security" in operation:
        yield from ("400", "401", "403", "503")
    if "requestBody" in operation:
        yield from ("413", "415")


def _is_problem(answer: dict[str, Any]) -> bool:
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    return schema is None or schema.get("$ref", "").endswith(f"/{Problem.__name__}")


def _schema(model: type[Problem]) -> dict[str, Any]:
    return model.model_json_schema(ref_template="#/components/schemas/{model}")
