"""Another version of a song: the same request with everything settled that the first one left open, and new seeds."""

from __future__ import annotations

import json
from typing import Any

from engine.spec import Request, restore
from engine.spec.tasks import Text2Samples
from workflows import source
from workflows.view import JobView

TAKES = 2
# What a plan decides; a variation keeps it, so that it is recognisably the same song. An edit's song decides it anyway.
DECIDED = ("bpm", "keyscale", "timesignature", "genre_preset")
# What would make the same takes again.
SEEDS = ("seed", "retake_seeds")


def asked(job: JobView) -> dict[str, Any]:
    """The options that the request of `job` named, as values."""
    return spec_of(job).model_dump(mode="json", exclude_defaults=True, exclude={"task"})


def varied(job: JobView, most_takes: int) -> dict[str, Any]:
    """The options of a variation of `job`: as many takes as make a choice, at most `most_takes`."""
    spec = spec_of(job)
    given = asked(job)
    decided = {} if source.named(given) else _decided(job, spec)
    values = {**given, **decided, "batch_size": min(TAKES, most_takes)}
    fields = type(spec).model_fields
    return {name: value for name, value in values.items() if name in fields and name not in SEEDS}


def _decided(job: JobView, spec: Request) -> dict[str, Any]:
    plan = job.plan or {}
    # What a sample has of it, it has for its length or its sound: that need not be a tempo people can ask for.
    names = ("keyscale",) if isinstance(spec, Text2Samples) else DECIDED
    values = {name: _plain(plan[name]) for name in names if plan.get(name) is not None}
    return {**values, "duration": job.duration}


def spec_of(job: JobView) -> Request:
    """The spec of `job`."""
    return restore(json.dumps(job.spec))


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
