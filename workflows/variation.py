"""Another version of a song: the same request with everything settled that the first one left open, and new seeds."""

from __future__ import annotations

import json
from typing import Any

from engine.spec import Request, restore
from workflows.view import JobView

TAKES = 2
# What a plan decides; a variation keeps it, so that it is recognisably the same song.
DECIDED = ("bpm", "keyscale", "timesignature", "genre_preset")


def asked(job: JobView) -> dict[str, Any]:
    """The options that the request of `job` named, as values."""
    return spec_of(job).model_dump(mode="json", exclude_defaults=True, exclude={"task"})


def varied(job: JobView, most_takes: int) -> dict[str, Any]:
    """The options of a variation of `job`: as many takes as make a choice, at most `most_takes`."""
    spec = spec_of(job)
    fields = type(spec).model_fields
    plan = job.plan or {}
    decided = {name: _plain(plan[name]) for name in DECIDED if name in fields and plan.get(name) is not None}
    values = {**asked(job), **decided, "duration": job.duration, "batch_size": min(TAKES, most_takes)}
    values.pop("seed", None)
    return {name: value for name, value in values.items() if name in fields}


def spec_of(job: JobView) -> Request:
    """The spec of `job`."""
    return restore(json.dumps(job.spec))


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
