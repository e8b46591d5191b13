"""Names that people read: of files and of jobs."""

from __future__ import annotations

import re
import unicodedata

from bot.commands import command_name
from bot.replies import reply
from workflows.view import JobView

LONGEST_NAME = 80
# `storage.erasure` calls them so.
_NOBODY = re.compile(r"deleted-\d+(-\d+)?")


def slug(title: str | None) -> str:
    """A title as a file name: "Coffee Steam" becomes coffee-steam. Letters of any script stay, vowel signs too."""
    plain = unicodedata.normalize("NFKC", title or "").casefold()
    kept = (sign if sign.isalnum() or unicodedata.category(sign).startswith("M") else " " for sign in plain)
    return "-".join("".join(kept).split())[:60].rstrip("-") or "song"


def name_of(job: JobView) -> str:
    """The title of a job or, before it has one, what was asked for: one short line."""
    name = job.title or own_title(job) or asked_for(job) or f"/{command_name(job.task)}"
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"


def person(name: str | None, locale: str) -> str | None:
    """What somebody is called; whoever had themselves forgotten has a number for a name."""
    return reply("somebody_who_left", locale) if name is not None and _NOBODY.fullmatch(name) else name


def own_title(job: JobView) -> str:
    """What the sound that was listened to calls itself, "" where none was."""
    if job.task != "analyze":
        return ""
    heard = str((job.analysis or {}).get("title") or "")
    return heard or (job.recording.title if job.recording is not None else "")


def asked_for(job: JobView) -> str:
    """What the request said in its own words: one line of it."""
    for field in ("caption", "query", "edit_target_prompt", "genre_preset", "lyrics"):
        lines = [line for line in str(job.spec.get(field) or "").splitlines() if words(line)]
        if lines:
            return " ".join(lines[0].split())
    return ""


def words(line: str) -> bool:
    """Whether a line of lyrics is sung: neither blank nor a tag such as [chorus]."""
    return bool(line.strip()) and not re.fullmatch(r"\s*\[[^\]]*\]\s*", line)
