"""Another version of a song: the same request with everything settled that the first one left open, and new seeds."""

from __future__ import annotations

import json
from typing import Any

from sqlmodel import Session

from engine.spec import MODELS, Plan, Request, restore
from engine.spec.tasks import Simple, Sung, Text2Samples
from storage import jobs
from workflows import source
from workflows.recording import link_field
from workflows.view import JobView

TAKES = 2
# What a plan decides; a variation keeps it, so that it is recognisably the same song. An edit's song decides it anyway.
DECIDED = ("bpm", "keyscale", "timesignature", "genre_preset")
# What would make the same takes again.
SEEDS = ("seed", "retake_seeds")
# What asked for words; a variation has them.
ASKED_FOR_WORDS = ("query", "instrumental", "use_cot_lyrics")


def asked(job: JobView) -> dict[str, Any]:
    """The options that the request of `job` named, as values."""
    return spec_of(job).model_dump(mode="json", exclude_defaults=True, exclude={"task"})


def varied(job: JobView, most_takes: int) -> tuple[str, dict[str, Any]]:
    """(task, options) of a variation of `job`: as many takes as make a choice, at most `most_takes`."""
    spec = spec_of(job)
    task, given = _with_its_words(job, spec)
    # What starts from other sound goes by that, be it a song made here or not.
    decided = {} if source.named(given) or link_field(spec) else _decided(job, spec)
    values = {**given, **decided, "batch_size": min(TAKES, most_takes)}
    fields = MODELS[task].model_fields
    return task, {name: value for name, value in values.items() if name in fields and name not in SEEDS}


def credited(session: Session, job_id: int, plan: Plan) -> Plan:
    """`plan` of `job_id`, saying who wrote its words where they are those of the song that it is a variation of."""
    if plan.lyrics_by != "user":
        return plan
    job = jobs.get(session, job_id)
    parent = None if job is None or job.parent_id is None else jobs.get(session, job.parent_id)
    theirs = json.loads(parent.plan or "{}") if parent is not None else {}
    if theirs.get("lyrics") != plan.lyrics:
        return plan
    return plan.model_copy(update={name: theirs[name] for name in ("lyrics_by", "lyrics_model") if name in theirs})


def _with_its_words(job: JobView, spec: Request) -> tuple[str, dict[str, Any]]:
    """(task, options) of the request of `job`; words that were written for it are part of it now."""
    given, plan = asked(job), job.plan or {}
    if isinstance(spec, Sung) and plan.get("lyrics_by") in (None, "user"):
        return job.task, given
    if not isinstance(spec, Simple | Sung) or not plan.get("lyrics"):
        return job.task, given
    kept = {name: value for name, value in given.items() if name not in ASKED_FOR_WORDS}
    if isinstance(spec, Simple):
        kept |= {"caption": plan["caption"]}
    if plan.get("lyrics_by") != "user":
        kept |= {"vocal_language": plan["vocal_language"]}
    kept |= {"lyrics": plan["lyrics"], "display_name": plan["title"]}
    return ("text2music" if isinstance(spec, Simple) else job.task), kept


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
