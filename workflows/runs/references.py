"""What a step takes from those that it needs, put in when it is asked for: by then they are done."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import Session

from storage import runs, tracks
from storage.tables import Job, Step
from workflows.runs.plan import VALUES

# A song is as its first take is.
TAKE = 1
OF_TAKE = ("title", "seed", "bpm", "keyscale", "timesignature", "duration")


def settled(session: Session, steps: Mapping[int, Step], step: Step) -> dict[str, Any]:
    """The options of `step`, one of `steps` by their numbers, with what it takes from others filled in.

    What another one does not have is left out.
    """
    made: dict[int, dict[str, Any]] = {}

    def value(given: Mapping[str, Any]) -> Any:
        number = int(given["step"])
        if number not in made:
            job = runs.job_of(session, steps[number].id)
            made[number] = {} if job is None else values_of(session, job)
        return made[number].get(str(given["value"]))

    filled = {name: _filled(given, value) for name, given in step.spec.items()}
    return {name: given for name, given in filled.items() if given is not None}


def _filled(given: Any, value: Callable[[Mapping[str, Any]], Any]) -> Any:
    if not isinstance(given, dict):
        return given
    if "join" not in given:
        return value(given)
    parts = (value(part) if isinstance(part, dict) else part for part in given["join"])
    return "".join(str(part) for part in parts if part is not None)


def values_of(session: Session, job: Job) -> dict[str, Any]:
    """Everything that may be taken from a song that is done (`workflows.runs.plan.VALUES`)."""
    track = next((track for track in tracks.of_job(session, job.id) if track.take == TAKE), None)
    found: dict[str, Any] = {**json.loads(job.analysis or "{}"), **json.loads(job.plan or "{}"), "seed": job.seed}
    if track is not None:
        found |= {name: getattr(track, name) for name in OF_TAKE}
    if found.get("bpm") is not None:
        # A tempo to ask for is a whole number; one that was heard, or follows from a length, need not be.
        found["bpm"] = round(found["bpm"])
    return {name: found.get(name) for name in VALUES} | {"job": job.id, "take": TAKE}
