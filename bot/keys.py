"""Keys as programs are told of them: never the key itself."""

from __future__ import annotations

from typing import Any

from bot.moments import iso
from workflows.keys import KeyView, NewKey


def as_json(key: KeyView) -> dict[str, Any]:
    """A key that is there; `hint` is its beginning."""
    return {
        "id": key.id,
        "user": key.user,
        "hint": key.hint,
        "label": key.label,
        "scopes": list(key.scopes),
        "created_at": iso(key.created_at),
        "last_used_at": iso(key.last_used_at),
        "expires_at": iso(key.expires_at),
        "revoked_at": iso(key.revoked_at),
    }


def new_as_json(new: NewKey) -> dict[str, Any]:
    """A key that was made this moment, with the only look there is at it."""
    return {
        "id": new.id,
        "key": new.key,
        "user": new.user,
        "label": new.label,
        "scopes": list(new.scopes),
        "expires_at": iso(new.expires_at),
    }
