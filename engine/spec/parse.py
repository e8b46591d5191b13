"""From loose values (text from a chat, JSON from a client) to a frozen spec, or to problems that name the field."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import AliasChoices, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from engine.spec.base import Request
from engine.spec.errors import InvalidSpec, Problem
from engine.spec.fields import allowed
from engine.spec.tasks import MODELS, Spec

AnyRequest = TypeVar("AnyRequest", bound=Request)

# error types that have words of their own; every other is a value that can't be taken
_CODES = {"missing": "missing", "no_adapters": "no_adapters"}


def parse(task: str, values: Mapping[str, Any], known: Mapping[str, tuple[str, ...]] | None = None) -> Request:
    """Validate `values` for `task`.

    `known` maps `genre_preset`, `model_version` and `lora_name_or_path` to the names the operator's data has.
    Raises `InvalidSpec`; a given value is never changed silently, apart from spelling (case, "Am" for "A Minor").
    """
    return parse_as(MODELS[task], values, known)


def parse_as(
    model: type[AnyRequest], values: Mapping[str, Any], known: Mapping[str, tuple[str, ...]] | None = None
) -> AnyRequest:
    """`parse` for a model of whoever calls. Raises `InvalidSpec`."""
    task = model.model_fields["task"].default
    if values.get("task", task) != task:
        # Which task it is, whoever calls has decided.
        raise InvalidSpec((Problem("unknown_option", "task", values["task"], _options(model)),))
    try:
        return model.model_validate({**values, "task": task}, context=dict(known or {}))
    except ValidationError as error:
        raise InvalidSpec(tuple(_problem(model, detail) for detail in error.errors(include_url=False))) from None


def restore(stored: str) -> Request:
    """A spec from the JSON it was kept as; it was valid when accepted, so names are not looked up again."""
    return _any_spec().validate_json(stored)


@cache
def _any_spec() -> TypeAdapter[Request]:
    return TypeAdapter(Spec)


def option_names(model: type[Request]) -> dict[str, str]:
    """Every accepted spelling of every option of `model`, mapped to the field's own name."""
    names: dict[str, str] = {}
    for name, field in model.model_fields.items():
        if name == "task":
            continue
        names[name] = name
        if isinstance(field.validation_alias, AliasChoices):
            names.update({str(alias): name for alias in field.validation_alias.choices})
    return names


def _problem(model: type[Request], detail: ErrorDetails) -> Problem:
    names = option_names(model)
    given = str(detail["loc"][0]) if detail["loc"] else ""
    name = names.get(given, given)
    context = detail.get("ctx", {})
    if detail["type"] == "extra_forbidden":
        return Problem("unknown_option", given, detail["input"], _options(model))
    if detail["type"] in ("nothing_to_go_by", "sources_disagree"):
        return Problem(detail["type"], str(context["fields"]).split(", ")[0], None, str(context["fields"]))
    field = model.model_fields.get(name)
    words = context.get("allowed") or (allowed(field) if field else None)
    value = None if detail["type"] == "missing" else detail["input"]
    return Problem(_CODES.get(detail["type"], "bad_value"), name, value, words, {"kind": detail["type"]})


def _options(model: type[Request]) -> str:
    return ", ".join(name for name in model.model_fields if name != "task")
