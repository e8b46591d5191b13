"""What may be asked of a song that is there: judged before anything is kept, so that nobody waits for a refusal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from engine.spec import Capabilities, Request
from engine.spec.estimate import sung_lines
from engine.spec.fields import BACKING, VOICES
from engine.spec.parts import separable
from engine.spec.tasks import Edit, Extend, ExtractStem, Repaint, Retake, Stems
from workflows.refusal import Refusal
from workflows.source import Song

# A part that is shorter has no room for anything new.
SHORTEST_S = 1.0


@dataclass(frozen=True)
class Start:
    """What a request starts from: `field` named it, `value` is its number (None for a recording); `duration` seconds.

    `has_score` and `has_stems` are so for songs that were made here note by note; `stems` are those it has, where that
    is known already.
    """

    field: str
    value: int | None
    duration: float
    has_score: bool
    has_stems: bool
    stems: tuple[str, ...] = ()


def of_song(song: Song) -> Start:
    """A song made here."""
    stems = song.stems
    return Start(song.field, song.job.id, song.job.duration, "score" in song.kinds, bool(stems), stems)


def of_recording(field: str, duration: float) -> Start:
    """Sound from outside."""
    return Start(field, None, duration, has_score=False, has_stems=False)


def check(spec: Request, capabilities: Capabilities) -> None:
    """Raise a `Refusal` for an edit that can't be made of any song."""
    match spec:
        case Retake():
            _seeds(spec, capabilities.max_batch)
        case Repaint():
            _region(spec, capabilities.max_duration)
        case Extend(left_extend_length=0, right_extend_length=0):
            allowed = "more than 0 seconds where nothing is added at the start"
            raise Refusal("bad_value", field="right_extend_length", value=0.0, allowed=allowed)
        case Edit():
            _edit(spec)


def check_start(spec: Request, start: Start, capabilities: Capabilities) -> None:
    """Raise a `Refusal` for what can't be made of that."""
    if spec.task in capabilities.from_score and not start.has_score:
        raise Refusal("no_score", field=start.field, value=start.value)
    if not start.has_stems:
        check_stem(spec, capabilities)
    elif start.stems and isinstance(spec, ExtractStem):
        _stem_of(spec, start)
    length = start.duration
    match spec:
        case Repaint(repainting_start=begin) if begin > length - SHORTEST_S:
            allowed = f"0 to {_down(length - SHORTEST_S):g} seconds, for {_length(start)}"
            raise Refusal("bad_value", field="repainting_start", value=begin, allowed=allowed)
        case Edit(edit_n_min=begin, edit_n_max=end) if (end - begin) * length < SHORTEST_S:
            _window(begin, end, length)
        case Extend(left_extend_length=left, right_extend_length=right):
            _extension(left, right, start, capabilities.max_duration)


def check_stem(spec: Request, capabilities: Capabilities) -> None:
    """Raise a `Refusal` for stems of mixed sound that can't be told from the others."""
    able = capabilities.separates
    if isinstance(spec, Stems) and spec.parts not in separable(able):
        raise Refusal(
            "parts_not_separable", field="parts", value=spec.parts, allowed="one of " + ", ".join(separable(able))
        )
    # Where the voice can be told from the rest, the rest can be had without it.
    able = (*able, BACKING) if "vocals" in able else able
    if isinstance(spec, ExtractStem) and spec.track_name not in able:
        allowed = "one of " + ", ".join(able)
        # An engine that keeps no scores has stems of no song; another checkpoint of its makes them.
        brings: dict[str, Any] = {} if capabilities.from_score else {"fetch": "--all"}
        raise Refusal("stem_not_separable", field="track_name", value=spec.track_name, allowed=allowed, **brings)


def _stem_of(spec: ExtractStem, start: Start) -> None:
    """Refuse a part that the song does not have; the backing track is all of it but the voices."""
    there = set(start.stems) - VOICES if spec.track_name == BACKING else {spec.track_name} & {*start.stems}
    if not there:
        has = ", ".join(start.stems)
        raise Refusal("stem_not_in_song", field="track_name", value=spec.track_name, allowed=has, song=start.value)


def _seeds(spec: Retake, most: int) -> None:
    given = len(spec.retake_seeds)
    if given > most:
        raise Refusal("bad_value", field="retake_seeds", value=f"{given} seeds", allowed=f"at most {most} seeds")
    if given and "batch_size" in spec.model_fields_set and spec.batch_size != given:
        raise Refusal("seeds_disagree", field="batch_size", value=spec.batch_size, seeds=given)


def _region(spec: Repaint, most: float) -> None:
    start, end = spec.repainting_start, spec.repainting_end
    if start > most - SHORTEST_S:
        allowed = f"0 to {most - SHORTEST_S:g} seconds"
        raise Refusal("bad_value", field="repainting_start", value=start, allowed=allowed)
    if end != -1 and end < start + SHORTEST_S:
        allowed = f"{start + SHORTEST_S:g} to {most:g} seconds, or -1 for the end of the song"
        raise Refusal("bad_value", field="repainting_end", value=end, allowed=allowed)


def _edit(spec: Edit) -> None:
    words = sung_lines(spec.edit_target_lyrics) > 0
    if spec.edit_type == "only_lyrics" and not words:
        raise Refusal("missing", field="edit_target_lyrics", allowed="the words to sing instead")
    if not words and not spec.edit_target_prompt:
        fields = "edit_target_prompt, edit_target_lyrics"
        raise Refusal("nothing_to_go_by", field="edit_target_prompt", allowed=fields)
    if spec.edit_n_max == 0:
        allowed = "above 0: it is where the window ends, as a share of the song"
        raise Refusal("bad_value", field="edit_n_max", value=spec.edit_n_max, allowed=allowed)
    if spec.edit_n_min >= spec.edit_n_max:
        allowed = f"below {spec.edit_n_max:g}, where the window ends"
        raise Refusal("bad_value", field="edit_n_min", value=spec.edit_n_min, allowed=allowed)


def _window(start: float, end: float, length: float) -> None:
    """Refuse a window of the song that is too short, by the end of it that can be moved."""
    share = SHORTEST_S / length
    if start + share > 1:
        allowed = f"0 to {_down(1 - share):g}, for a new part is {SHORTEST_S:g} second or longer"
        raise Refusal("bad_value", field="edit_n_min", value=start, allowed=allowed)
    allowed = f"{-_down(-start - share):g} to 1, for a new part is {SHORTEST_S:g} second or longer"
    raise Refusal("bad_value", field="edit_n_max", value=end, allowed=allowed)


def _extension(left: float, right: float, start: Start, most: float) -> None:
    room = most - start.duration
    if left + right <= room:
        return
    if room < 0.01:
        raise Refusal("longest_already", field=start.field, value=start.value, length=start.duration)
    # The end that asks for more gives way.
    field, value, other = ("right_extend_length", right, left) if right >= left else ("left_extend_length", left, right)
    allowed = f"at most {_down(max(room - other, 0)):g} seconds, for {_length(start)} and a song has at most {most:g}"
    raise Refusal("bad_value", field=field, value=value, allowed=allowed)


def _length(start: Start) -> str:
    name = "the sound" if start.value is None else f"#{start.value}"
    return f"{name} is {_down(start.duration):g} seconds long"


def _down(number: float) -> float:
    """`number` with two decimals, never above it: people are told what really fits."""
    return math.floor(number * 100 + 1e-6) / 100
