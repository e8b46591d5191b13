"""What is refused over HTTP: a status, a sentence as `detail`, and what a program needs to mend it (rows A7, A8, E15).

`detail` is the reference's own message where it has one; `help` is what people are told in chats, with the way on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from bot.answers import refusal_words
from bot.replies import reply
from workflows.refusal import Refusal

if TYPE_CHECKING:
    from workflows.pricing import Pricing

SECOND_API = "/api/v1/text-to-music"
TOO_OFTEN = ("rate_limited", "too_many_jobs", "songs_of_day", "songs_of_server", "server_full")
STATUS: Mapping[str, int] = {
    "insufficient_credits": 402,
    **dict.fromkeys(("banned", "no_songs_for_role", "not_yours", "no_permission", "no_scope", "no_payments"), 403),
    "token_of_token": 403,
    **dict.fromkeys(("job_not_found", "source_deleted", "source_gone", "recording_gone", "user_not_found"), 404),
    **dict.fromkeys(("link_forged", "file_gone", "webhook_not_found", "key_not_found"), 404),
    **dict.fromkeys(("not_failed", "cannot_cancel", "nothing_to_delete", "webhook_disabled", "too_many_webhooks"), 409),
    **dict.fromkeys(("body_too_large", "audio_too_big", "link_too_big"), 413),
    **dict.fromkeys(TOO_OFTEN, 429),
    "unauthorized": 401,
    "file_link_expired": 410,
    "wrong_content": 415,
    "converter_busy": 503,
    **dict.fromkeys(("house_closing", "disk_full", "database_busy", "decoder_failed", "converter_failed"), 503),
}
# What the references say, word for word.
DETAIL: Mapping[str, str] = {
    "insufficient_credits": "Insufficient credits",
    "source_not_ready": "Job must be completed",
    "source_without_song": "Job must be completed",
    **dict.fromkeys(("job_not_found", "source_deleted"), "Original music job not found"),
    **dict.fromkeys(TOO_OFTEN, "Rate limit exceeded"),
    "unauthorized": "Authentication required",
}
SECOND_DETAIL: Mapping[str, str] = {
    "unauthorized": "Invalid or missing API token",
    "insufficient_credits": "Insufficient balance",
}
# What is called otherwise in a request over HTTP than in chats.
FIELDS: Mapping[str, str] = {"job": "job_id", "key": "Idempotency-Key"}
# Where nobody knows better: somebody's jobs end by themselves.
LATER_S = 30
# So much of what was given is given back: whoever sent it has the rest.
SHOWN = 200


class Problem(BaseModel):
    """Why a request was not taken. Nothing was kept or charged."""

    detail: str = Field(description="One sentence")
    help: str | None = Field(None, description="What people are told, with what to do next")
    code: str = Field(description="What it is, for programs")
    field: str | None = Field(None, description="The parameter that is meant")
    value: Any = Field(None, description="What was given for it")
    allowed: str | None = Field(None, description="What it takes")
    retry_after: int | None = Field(None, description="Seconds until it is worth another try")
    required_cents: int | None = Field(None, description="What it costs, in cents")
    available_cents: int | None = Field(None, description="What there is, in cents")
    required_credits: int | None = None
    available_credits: int | None = None


class SecondProblem(Problem):
    """The same, as the second API says it."""

    success: bool = Field(False, json_schema_extra={"const": False})
    error: str = Field(description="One sentence")


MEANS: Mapping[int, str] = {
    400: "Invalid parameters",
    401: "No key, or none that is good",
    402: "Insufficient credits",
    403: "The key is not for this, or its owner may not do it",
    404: "There is none, or it is somebody else's",
    409: "It is in no state for that",
    410: "The link is no longer good: ask for a new one",
    413: "Too large",
    415: "Neither JSON nor a form",
    429: "Rate limit exceeded; Retry-After says for how long",
    503: "The house is closing, full or too busy; nothing was kept. Retry-After says for how long",
}
_SUCH_AS: Mapping[int, Refusal] = {
    400: Refusal("bad_value", field="bpm", value=500, allowed="30 to 300 BPM"),
    401: Refusal("unauthorized"),
    402: Refusal("insufficient_credits", required=10, available=3),
    403: Refusal("no_scope", scope="create", has="read"),
    404: Refusal("job_not_found", field="source_job_id", value=12),
    409: Refusal("not_failed", field="job", value=12),
    410: Refusal("file_link_expired"),
    413: Refusal("body_too_large", most_mb="1.05"),
    415: Refusal("wrong_content", value="text/plain", allowed="application/json"),
    429: Refusal("rate_limited", task="retake", most=10, retry_after=42),
    503: Refusal("database_busy", retry_after=LATER_S),
}


class NotFound(Refusal):
    """There is no such thing as the path names by `value`; `what` is how people call it."""

    def __init__(self, what: str, value: int | str) -> None:
        super().__init__("not_here", field=f"{what}_id", value=value, what=what)


def install(app: FastAPI, passing: Mapping[type[Exception], str]) -> None:
    """Answer everything that goes wrong in one form. `passing`: what soon is better, and its code."""
    # The library types handlers for any exception; each of ours is only given its own.
    app.add_exception_handler(Refusal, refused)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _plain)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _broken)
    for kind, code in passing.items():
        app.add_exception_handler(kind, _passing(code))


def status_of(refusal: Refusal) -> int:
    """The HTTP status that a refusal is answered with."""
    return 404 if isinstance(refusal, NotFound) else STATUS.get(refusal.code, 400)


def told(refusal: Refusal, pricing: Pricing, path: str) -> dict[str, Any]:
    """The body that a refusal of a request to `path` is answered with."""
    status, words = status_of(refusal), _plainly(refusal_words(refusal, program=True))
    body: dict[str, Any] = {"detail": DETAIL.get(refusal.code, words), "help": words, "code": refusal.code}
    body |= {name: _short(value) for name, value in refusal.told.items() if name in ("field", "value", "allowed")}
    if "field" in body:
        body["field"] = FIELDS.get(body["field"], body["field"])
    if status in (429, 503):
        body["retry_after"] = math.ceil(refusal.retry_after or LATER_S)
    if status == 402:
        body |= _missing(refusal, pricing)
    return _shaped(body, path)


def example(status: int, pricing: Pricing, path: str) -> dict[str, Any]:
    """Such a body, for the description."""
    return told(_SUCH_AS[status], pricing, path)


async def refused(request: Request, error: Refusal) -> JSONResponse:
    """The answer to a request that is refused."""
    status = status_of(error)
    body = told(error, request.app.state.web.rules.pricing, request.scope["path"])
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if "retry_after" in body:
        headers["Retry-After"] = str(body["retry_after"])
    return JSONResponse(body, status, headers)


def _short(value: Any) -> Any:
    """A value that was given, or the beginning of one that is long."""
    text = value if isinstance(value, str) else json.dumps(value)
    return value if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _missing(refusal: Refusal, pricing: Pricing) -> dict[str, int]:
    """What is missing, in credits and in cents: the SDK reads those."""
    credits = {name: int(refusal.params.get(name) or 0) for name in ("required", "available")}
    return {
        **{f"{name}_credits": count for name, count in credits.items()},
        **{f"{name}_cents": pricing.cents(count) for name, count in credits.items()},
    }


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """What a path or a query has wrong, the first of it; bodies are read by the specs themselves."""
    first = error.errors()[0]
    field = str(first["loc"][-1])
    allowed = _reach(first.get("ctx") or {}) or _KINDS.get(str(first["type"]).split("_")[0])
    code = "missing" if first["type"] == "missing" else "bad_value"
    value = None if code == "missing" else first.get("input")
    return await refused(request, Refusal(code, field=field, value=value, allowed=allowed, in_address=True))


_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "string": "a text"}


def _reach(context: Mapping[str, Any]) -> str | None:
    """What a value may be, as the library tells it."""
    if "expected" in context:
        return f"one of {context['expected']}".replace("'", "")
    words = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}
    words |= {"min_length": "at least {} characters", "max_length": "at most {} characters"}
    return next((text.format(context[name]) for name, text in words.items() if name in context), None)


async def _plain(request: Request, error: HTTPException) -> JSONResponse:
    """What the framework refuses by itself: paths and methods that don't exist."""
    path, status, headers = request.scope["path"], error.status_code, dict(error.headers or {})
    code = _FRAMEWORK.get(status, "http_error")
    if status == 405:
        headers["Allow"] = ", ".join(sorted(methods(request.app, path)))
    slash = (path.endswith("/") and bool(methods(request.app, path.rstrip("/")))) or None
    words = _plainly(reply(code, allowed=headers.get("Allow"), reason=str(error.detail), slash=slash))
    return JSONResponse(_shaped({"detail": words, "help": words, "code": code}, path), status, headers)


_FRAMEWORK = {404: "no_such_path", 405: "wrong_method"}


def methods(app: FastAPI, path: str) -> set[str]:
    """What can be done with `path`. Whatever can be read has a head, too."""
    found: set[str] = set()
    for route in iter_route_contexts(app.routes):
        if route.methods is not None and route.path_regex.match(path):
            found |= route.methods
    return found | {"HEAD"} if "GET" in found else found


async def _broken(request: Request, error: Exception) -> JSONResponse:
    """A fault of ours; the server logs it. Nothing of it reaches people."""
    del error
    words = _plainly(reply("internal"))
    return JSONResponse(_shaped({"detail": words, "help": words, "code": "internal"}, request.scope["path"]), 500)


def _passing(code: str) -> Any:
    async def answer(request: Request, error: Exception) -> JSONResponse:
        del error
        return await refused(request, Refusal(code))

    return answer


def _shaped(body: dict[str, Any], path: str) -> dict[str, Any]:
    """A body as the API of `path` wants it."""
    if not path.startswith(SECOND_API):
        return body
    return {"success": False, "error": SECOND_DETAIL.get(body["code"], body["detail"]), **body}


def _plainly(words: str) -> str:
    """Words for programs: names are no longer marked."""
    return words.replace("`", "")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the description says of these refusals, for a route that may answer so."""
    return {status: {"model": Problem, "description": MEANS[status]} for status in (400, 401, 403, *statuses)}
