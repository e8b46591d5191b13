"""Requests that may be sent again: an `Idempotency-Key` makes the second one find what the first one made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Header

from workflows.refusal import Refusal

LONGEST = 200


async def _key(
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            json_schema_extra={"minLength": 1, "maxLength": LONGEST},
            description="Any text of up to 200 characters. The same request with the same key finds the first job.",
        ),
    ] = None,
) -> str | None:
    if key is not None and not 1 <= len(key) <= LONGEST:
        raise Refusal("bad_value", field="Idempotency-Key", value=key, allowed=f"1 to {LONGEST} characters")
    return key


Once = Annotated[str | None, Depends(_key)]


def fingerprint(task: str, values: Mapping[str, Any]) -> str:
    """The same for requests that ask for the same."""
    return hashlib.sha256(json.dumps([task, values], sort_keys=True, separators=(",", ":")).encode()).hexdigest()
