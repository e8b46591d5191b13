"""What webhooks are sent: the same job object that is answered to whoever asks, and what happened to it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.moments import iso
from bot.on_web.api.job_object import job_object
from bot.on_web.links import Links

if TYPE_CHECKING:
    from workflows.webhooks.line import Happened


def body(seal: bytes, happened: Happened, base: str) -> str:
    """`happened` as JSON. Links are signed with `seal` and lead to `base`; there are none where that is ""."""
    return json.dumps(
        {
            "id": happened.id,
            "event": happened.event,
            "created_at": iso(happened.at),
            "data": _data(seal, happened, base),
        }
    )


def _data(seal: bytes, happened: Happened, base: str) -> dict[str, Any]:
    job = happened.job
    if job is None:
        return {"endpoint_id": happened.endpoint}
    return {"job": job_object(job if base else replace(job, tracks=()), Links(seal, base))}
