"""What Discord says no with: the HTTP status, its own error code, and its words.

Codes are those of https://discord.com/developers/docs/topics/opcodes-and-status-codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Flaw:
    """One thing wrong with a body: where (`embeds.0.title`), Discord's name for it, and its sentence."""

    where: str
    code: str
    message: str


class Refused(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, status: int, code: int, message: str, flaws: Sequence[Flaw] = ()) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.flaws = status, code, message, tuple(flaws)

    @property
    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.flaws:
            answer["errors"] = _nested(self.flaws)
        return answer


def _nested(flaws: Sequence[Flaw]) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    for flaw in flaws:
        here = errors
        for step in filter(None, flaw.where.split(".")):
            here = here.setdefault(step, {})
        here.setdefault("_errors", []).append({"code": flaw.code, "message": flaw.message})
    return errors


def unauthorized() -> Refused:
    return Refused(401, 0, "401: Unauthorized")


def not_found() -> Refused:
    return Refused(404, 0, "404: Not Found")


def unknown_channel() -> Refused:
    return Refused(404, 10003, "Unknown Channel")


def unknown_message() -> Refused:
    return Refused(404, 10008, "Unknown Message")


def unknown_user() -> Refused:
    return Refused(404, 10013, "Unknown User")


def unknown_webhook() -> Refused:
    return Refused(404, 10015, "Unknown Webhook")


def unknown_interaction() -> Refused:
    return Refused(404, 10062, "Unknown interaction")


def unknown_command() -> Refused:
    return Refused(404, 10063, "Unknown application command")


def too_large() -> Refused:
    return Refused(413, 40005, "Request entity too large")


def acknowledged() -> Refused:
    return Refused(400, 40060, "Interaction has already been acknowledged.")


def missing_access() -> Refused:
    return Refused(403, 50001, "Missing Access")


def not_yours() -> Refused:
    return Refused(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> Refused:
    return Refused(400, 50006, "Cannot send an empty message")


def missing_permissions() -> Refused:
    return Refused(403, 50013, "Missing Permissions")


def expired_token() -> Refused:
    return Refused(401, 50027, "Invalid Webhook Token")


def invalid_form(flaws: Sequence[Flaw]) -> Refused:
    return Refused(400, 50035, "Invalid Form Body", flaws)


def bad_json() -> Refused:
    return Refused(400, 50109, "The request body contains invalid JSON.")
