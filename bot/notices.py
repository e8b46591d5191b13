"""What people should know about a song, in words: what its caption was heard as, and what could not be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.confidence import roughly
from bot.replies import reply
from workflows.pricing import STEM_TASKS
from workflows.source import named
from workflows.view import JobView

# What was understood of a caption, the most telling first; more of it than that is not looked at.
HEARD = ("genre", "era", "mood", "tempo", "key", "metre", "voice", "instruments", "production")
MOST_HEARD = 8


def notices(job: JobView, locale: str = "en", *, program: bool = False) -> list[str]:
    """The lines for a finished `job`, each a sentence or two; for a `program`, without commands."""
    plan = job.plan or {}
    # A song that is there has the length it has: another way on than for a new one.
    is_edit = job.task != "reference" and (job.recording is not None or named(job.spec) is not None)
    about = {"source": is_edit or None, "program": program or None}
    notes = plan.get("notices", ())
    told = [reply(note["code"], locale, **{**about, **note["params"], **_stems(job, note, locale)}) for note in notes]
    heard = _heard(plan.get("understood") or {})
    return [*([reply("heard", locale, words=heard)] if heard else []), *_written_by(plan, locale), *told]


def _stems(job: JobView, note: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """The parts that sound was taken apart into, each with how well that went where it was estimated."""
    if job.task not in STEM_TASKS:
        return {}
    sure = note["params"].get("confidence") or {}
    files = (file.name for track in job.tracks for file in track.files if file.kind == "stem")
    made = note["params"].get("stems") or dict.fromkeys(files)
    return {"stems": tuple(roughly(sure, name, name, locale) for name in made)}


def _written_by(plan: Mapping[str, Any], locale: str) -> list[str]:
    """Who wrote the words, where it was not whoever asked."""
    match plan.get("lyrics_by"):
        case "engine":
            return [reply("written_by_engine", locale)]
        case "model":
            return [reply("written_by_model", locale, model=plan.get("lyrics_model"))]
    return []


def _heard(understood: dict[str, list[str]]) -> tuple[str, ...]:
    words = {word.casefold(): word for part in HEARD for word in understood.get(part, ())}
    return tuple(words.values())[:MOST_HEARD]
