"""The facts of a finished take in a line, and times as people read them."""

from __future__ import annotations

from engine.spec.sampled import is_one_shot
from engine.spec.tasks import Text2Samples
from workflows.variation import spec_of
from workflows.view import JobView, TrackView


def facts(job: JobView, track: TrackView) -> tuple[str, ...]:
    """Its length, tempo, key and metre; a single hit has no tempo and no metre."""
    music = (f"{track.bpm:g} BPM", track.keyscale, track.timesignature)
    if job.task != "text2samples":
        return (clock(track.duration), *music)
    sample = spec_of(job)
    single = isinstance(sample, Text2Samples) and is_one_shot(sample)
    return (f"{track.duration:.3g} s", *((track.keyscale,) if single else music))


def clock(seconds: float) -> str:
    """A place in a song, or its length, as players show it: 1:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
