"""What of the words finds room in what the network reads: it was trained on so many tokens and no more."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from diffusers.pipelines.ace_step.pipeline_ace_step import SFT_GEN_PROMPT, AceStepPipeline
from transformers import AutoTokenizer

from engine.acestep.checkpoint import Checkpoint, ModelTask
from engine.acestep.wish import Text

MOST_TEXT, MOST_LYRICS = 256, 2048
# Some writings put nothing between words: there each sign is one.
_WORDS = re.compile(r"[^\s\u0e00-\u0eff\u2e80-\uffff]+\s*|.", re.DOTALL)
LYRICS = "# Languages\n{}\n\n# Lyric\n{}<|endoftext|>"


@dataclass(frozen=True)
class Fitted:
    """`text` as the network will read it. `shortened`: its caption lost words; `lines_cut`: so many lines are gone."""

    text: Text
    shortened: bool = False
    lines_cut: int = 0


def reader(checkpoint: Checkpoint) -> Any:
    """The tokenizer of a checkpoint, without the rest of it."""
    return _reader(checkpoint.folder / "tokenizer")


@lru_cache(maxsize=4)
def _reader(folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def fit(tokenizer: Any, text: Text, task: ModelTask, track: str = "") -> Fitted:
    """`text` without what the network would never read.

    The library cuts the end off, which of a long caption are tempo, key, metre and length. Here the caption loses its
    last words instead, and lyrics their last lines.
    """
    words = _WORDS.findall(text.caption)
    caption = _longest(words, "", lambda part: _size(tokenizer, prompt(part, text, task, track))).rstrip()
    lines = text.lyrics.split("\n")
    lyrics = _longest(lines, "\n", lambda part: _size(tokenizer, LYRICS.format(text.language, part)), most=MOST_LYRICS)
    cut = sum(1 for line in lines[lyrics.count("\n") + 1 :] if line.strip())
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


def _longest(parts: list[str], joint: str, size: Any, most: int = MOST_TEXT) -> str:
    """As many of `parts` from the first on as find room."""
    whole = joint.join(parts)
    if size(whole) <= most:
        return whole
    fits, too_many = 0, len(parts)
    while too_many - fits > 1:
        half = (fits + too_many) // 2
        if size(joint.join(parts[:half])) <= most:
            fits = half
        else:
            too_many = half
    return joint.join(parts[:fits])
