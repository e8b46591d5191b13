"""What of the words finds room in what the network reads: it was trained on so many tokens and no more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn

from diffusers.pipelines.ace_step.pipeline_ace_step import SFT_GEN_PROMPT, AceStepPipeline
from transformers import AutoTokenizer

from engine.acestep.checkpoint import Checkpoint, ModelTask
from engine.acestep.folder import Folder
from engine.acestep.wish import Text

log = logging.getLogger(__name__)

MOST_TEXT, MOST_LYRICS = 256, 2048
LYRICS = "# Languages\n{}\n\n# Lyric\n{}<|endoftext|>"


@dataclass(frozen=True)
class Fitted:
    """`text` as the network will read it. `shortened`: its caption lost words; `lines_cut`: so many lines are gone,
    or the end of one.
    """

    text: Text
    shortened: bool = False
    lines_cut: int = 0


def reader(checkpoint: Checkpoint) -> Any:
    """The tokenizer of a checkpoint, without the rest of it. Raises `EngineError`, as `refuse` does."""
    try:
        return _reader(checkpoint.folder / "tokenizer")
    except Exception as error:
        refuse(checkpoint, "tokenizer", error)


def refuse(checkpoint: Checkpoint, file: str, error: Exception) -> NoReturn:
    """Raise `EngineError` (`checkpoint_unreadable`): `file` of it doesn't load, and a library says why."""
    log.warning("%s of %s doesn't load", file, checkpoint.folder, exc_info=error)
    reason = next(iter(str(error).splitlines()), "").strip() or type(error).__name__
    Folder(checkpoint.folder, checkpoint.name).unreadable(file, reason)


@lru_cache(maxsize=4)
def _reader(folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def fit(tokenizer: Any, text: Text, task: ModelTask, track: str = "") -> Fitted:
    """`text` without what the network would never read.

    The library cuts the end off, which of a long caption are tempo, key, metre and length. Here the caption loses its
    last words instead, and lyrics their last lines.
    """

    def has_room(caption: str) -> bool:
        return _size(tokenizer, prompt(caption, text, task, track)) <= MOST_TEXT

    def can_be_sung(lyrics: str) -> bool:
        return _size(tokenizer, LYRICS.format(text.language, lyrics)) <= MOST_LYRICS

    caption = _longest(text.caption, (" ", ""), has_room)
    lyrics = _longest(text.lyrics, ("\n", " ", ""), can_be_sung)
    lines = zip_longest(text.lyrics.split("\n"), lyrics.split("\n"))
    cut = sum(1 for line, kept in lines if line.strip() and line != kept)
    return Fitted(replace(text, caption=caption, lyrics=lyrics), caption != text.caption, cut)


def instruction(task: ModelTask, track: str = "") -> str:
    """What the network is told to do, in the words that it was trained with."""
    told: str = AceStepPipeline._get_task_instruction(task, track_name=track or None)
    return told


def metadata(text: Text) -> dict[str, Any]:
    """Tempo, key and metre as the network knows them: whole beats, "A minor", "3"."""
    tonic, _, mode = text.keyscale.partition(" ")
    return {
        "bpm": round(text.bpm) if text.bpm else None,
        "keyscale": f"{tonic} {mode.lower()}" if tonic else None,
        "timesignature": text.timesignature.partition("/")[0] or None,
    }


def prompt(caption: str, text: Text, task: ModelTask, track: str = "") -> str:
    """The whole text, as the pipeline puts it together."""
    facts = AceStepPipeline._build_metadata_string(**metadata(text), audio_duration=text.seconds)
    whole: str = SFT_GEN_PROMPT.format(instruction(task, track), caption, facts)
    return whole


def _size(tokenizer: Any, words: str) -> int:
    return len(tokenizer(words).input_ids)


def _longest(text: str, joints: tuple[str, ...], has_room: Callable[[str], bool]) -> str:
    """As much of `text` from its beginning on as has room, cut at the first of `joints`.

    Where what comes next is longer than all of that it is cut at the next of them: not everybody writes lines, and
    some writings put nothing between words. "" stands between any two letters.
    """
    if has_room(text):
        return text
    joint, *finer = joints
    parts = text.split(joint) if joint else list(text)
    fits, too_many = 0, len(parts)
    while too_many - fits > 1:
        half = (fits + too_many) // 2
        if has_room(joint.join(parts[:half])):
            fits = half
        else:
            too_many = half
    kept = joint.join(parts[:fits])
    if not finer or len(parts[fits]) <= len(kept):
        return kept
    before = kept + joint if fits else ""
    more = _longest(parts[fits], tuple(finer), lambda part: has_room(before + part))
    return before + more if more else kept
