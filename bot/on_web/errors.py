"""What is refused over HTTP: a status, a sentence as `detail`, and what a program needs to mend it (rows A7, A8, E15).

`detail` is the reference's own message where it has one; `help` is what people are told in chats, with the way on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from bot.answers import refusal_words
from bot.replies import reply
from workflows.refusal import Refusal

SECOND_API = "/api/v1/text-to-music"
STATUS: Mapping[str, int] = {
    "insufficient_credits": 402,
    **dict.fromkeys(("banned", "no_songs_for_role", "not_yours", "no_permission", "no_scope", "no_payments"), 403),
    **dict.fromkeys(("job_not_found", "source_deleted", "source_gone", "recording_gone", "user_not_found"), 404),
    **dict.fromkeys(("link_forged", "file_gone", "webhook_not_found", "key_not_found"), 404),
    **dict.fromkeys(("not_failed", "cannot_cancel", "nothing_to_delete"), 409),
    **dict.fromkeys(("body_too_large", "audio_too_big", "link_too_big"), 413),
    **dict.fromkeys(("rate_limited", "too_many_jobs", "songs_of_day", "songs_of_server", "server_full"), 429),
    "unauthorized": 401,
    "wrong_content": 415,
    **dict.fromkeys(("house_closing", "disk_full", "database_busy", "decoder_failed"), 503),
}
# What the references say, word for word.
DETAIL: Mapping[str, str] = {
    "insufficient_credits": "Insufficient credits",
    "source_not_ready": "Job must be completed",
    "source_without_song": "Job must be completed",
    **dict.fromkeys(("job_not_found", "source_deleted"), "Original music job not found"),
    **dict.fromkeys(("rate_limited", "songs_of_day", "songs_of_server", "server_full"), "Rate limit exceeded"),
    "unauthorized": "Authentication required",
}
SECOND_DETAIL: Mapping[str, str] = {
    "unauthorized": "Invalid or missing API token",
    "insufficient_credits": "Insufficient balance",
}
# Where nobody knows better: somebody's jobs end by themselves.
LATER_S = 30


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


_MEANS: Mapping[int, str] = {
    400: "Invalid parameters",
    401: "No key, or none that is good",
    402: "Insufficient credits",
    403: "The key is not for this, or its owner may not do it",
    404: "There is none, or it is somebody else's",
    409: "It is in no state for that",
    413: "Too large",
    415: "Neither JSON nor a form",
    429: "Rate limit exceeded; Retry-After says for how long",
    503: "The house is closing, full or too busy; nothing was kept. Retry-After says for how long",
}


class NotFound(Refusal):
    """There is no such thing as the path names; `what` is how people call it."""

    def __init__(self, what: str) -> None:
        super().__init__("not_here", what=what)


def install(app: FastAPI, passing: Mapping[type[Exception], str]) -> None:
    """Answer everything that goes wrong in one form. `passing`: what soon is better, and its code."""
    # The library types handlers for any exception; each of ours is only given its own.
    app.add_exception_handler(Refusal, _refused)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _plain)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _broken)
    for kind, code in passing.items():
        app.add_exception_handler(kind, _passing(code))


def status_of(refusal: Refusal) -> int:
    """The HTTP status that a refusal is answered with."""
    return 404 if isinstance(refusal, NotFound) else STATUS.get(refusal.code, 400)


def told(refusal: Refusal) -> dict[str, Any]:
    """The body that a refusal is answered with."""
    words = _plainly(refusal_words(refusal))
    named = {name: value for name, value in refusal.told.items() if name in ("field", "value", "allowed")}
    return {"detail": DETAIL.get(refusal.code, words), "help": words, "code": refusal.code, **named}


async def _refused(request: Request, error: Refusal) -> JSONResponse:
    status, body = status_of(error), told(error)
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        wait_s = math.ceil(error.retry_after or LATER_S)
        headers["Retry-After"] = str(wait_s)
        body["retry_after"] = wait_s
    if status == 402:
        body |= _short(request, error)
    return _answer(request, status, body, headers)


def _short(request: Request, error: Refusal) -> dict[str, int]:
    """What is missing, in credits and in cents: the SDK reads those."""
    pricing = request.app.state.web.rules.pricing
    credits = {name: int(error.params.get(name) or 0) for name in ("required", "available")}
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
    return await _refused(request, Refusal(code, field=field, value=value, allowed=allowed))


_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "string": "a text"}


def _reach(context: Mapping[str, Any]) -> str | None:
    """What a value may be, as the library tells it."""
    if "expected" in context:
        return f"one of {context['expected']}".replace("'", "")
    words = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}
    return next((text.format(context[name]) for name, text in words.items() if name in context), None)


async def _plain(request: Request, error: HTTPException) -> JSONResponse:
    """What the framework refuses by itself: paths and methods that don't exist."""
    code = {404: "no_such_path", 405: "wrong_method"}.get(error.status_code, "http_error")
    body = {"detail": str(error.detail), "code": code}
    return _answer(request, error.status_code, body, dict(error.headers or {}))


async def _broken(request: Request, error: Exception) -> JSONResponse:
    """A fault of ours; the server logs it. Nothing of it reaches people."""
    del error
    return _answer(request, 500, {"detail": _plainly(reply("internal")), "code": "internal"}, {})


def _passing(code: str) -> Any:
    async def answer(request: Request, error: Exception) -> JSONResponse:
        del error
        return await _refused(request, Refusal(code))

    return answer


def _answer(request: Request, status: int, body: dict[str, Any], headers: Mapping[str, str]) -> JSONResponse:
    if request.url.path.startswith(SECOND_API):
        message = SECOND_DETAIL.get(body["code"], body["detail"])
        body = {"success": False, "error": message, **body}
    return JSONResponse(body, status, headers)


def _plainly(words: str) -> str:
    """Words for programs: names are no longer marked."""
    return words.replace("`", "")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the description says of these refusals, for a route that may answer so."""
    return {status: {"model": Problem, "description": _MEANS[status]} for status in (400, 401, 403, *statuses)}
