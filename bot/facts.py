"""The facts of a finished take in a line, and times as people read them."""

from __future__ import annotations

from bot.confidence import told
from engine.spec.sampled import is_one_shot
from engine.spec.tasks import Text2Samples
from workflows.variation import spec_of
from workflows.view import JobView, TrackView

# What a song has of its own, whatever was heard in the sound that it goes by.
NEW = ("cover", "reference")


def facts(job: JobView, track: TrackView, locale: str = "en") -> tuple[str, ...]:
    """Its length, tempo, key and metre; a single hit has no tempo and no metre.

    What was only heard, in sound from outside, is marked with how sure that is.
    """
    heard = None if job.task in NEW else (job.plan or {}).get("heard")
    sure = {} if heard is None else heard["confidence"]
    music = {
        "bpm": f"{round(track.bpm, 1):g} BPM",
        "keyscale": track.keyscale,
        "timesignature": track.timesignature,
    }
    if job.task != "text2samples":
        return (clock(track.duration), *told(sure, music, locale))
    sample = spec_of(job)
    single = isinstance(sample, Text2Samples) and is_one_shot(sample)
    return (f"{track.duration:.3g} s", *((track.keyscale,) if single else music.values()))


def clock(seconds: float) -> str:
    """A place in a song, or its length, as players show it: 1:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
