"""Edits of a song against the song: what must stay the same, and whether more variance is heard as more change."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import soundfile
from scipy.stats import spearmanr

from bench.ears import notes
from bench.ears.wave import RATE, Floats, at_rate
from bench.prompts import Prompt
from bench.takes import Rendered, made, render
from engine.spec import Order, Source, Take, parse
from engine.spec.plan import SourceFile

VARIANCES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SECONDS = 30.0
# The region that is repainted, and how close to it a sample may differ: joints are faded.
REGION, JOINT_S = (10.0, 16.0), 0.05
# What is added at the end.
MORE_S = 10.0
SAME_DB = -80.0


@dataclass(frozen=True)
class Edited:
    """`rank`: Spearman's of change over variance; differences in dBFS; `early_s`: seconds before the outro at which
    an extension begins to differ (0 for none)."""

    name: str
    rank: float
    at_zero_db: float
    outside_db: float
    inside_db: float
    early_s: float


def edited(prompt: Prompt) -> Edited:
    """The song of `prompt`, made short, retaken with rising variance, repainted and extended."""
    song = render(prompt, duration=SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        source = _kept(song, Path(folder))
        whole = song.take.audio
        retakes = [_edit(source, "retake", SECONDS, original_job_id=1, retake_variance=much) for much in VARIANCES]
        start, end = REGION
        repaint = _edit(
            source, "repaint", SECONDS, source_job_id=1, repainting_start=start, repainting_end=end,
            caption="quiet piano",
        )  # fmt: skip
        longer = _edit(
            source, "extend", SECONDS + MORE_S, source_job_id=1, right_extend_length=MORE_S,
            caption=prompt.values["caption"],
        )  # fmt: skip
    rate = song.take.sample_rate
    first, last = (round(at * rate) for at in (start - JOINT_S, end + JOINT_S))
    off = whole - repaint.audio
    score = notes.read(song.take.midi or b"")
    outro = next((part.start * score.quarter_s for part in score.sections if part.kind == "outro"), SECONDS)
    differs = np.flatnonzero(np.abs(longer.audio[:, : whole.shape[1]] - whole).max(axis=0) > 10 ** (SAME_DB / 20))
    alike = differs[0] / rate if len(differs) else SECONDS
    return Edited(
        name=prompt.name,
        rank=float(spearmanr(VARIANCES, [heard_change(whole, take.audio, rate) for take in retakes]).statistic),
        at_zero_db=_peak_db(whole - retakes[0].audio),
        outside_db=max(_peak_db(off[:, :first]), _peak_db(off[:, last:])),
        inside_db=_peak_db(off[:, first:last]),
        early_s=max(0.0, min(outro, SECONDS) - JOINT_S - float(alike)),
    )


def heard_change(one: Floats, other: Floats, rate: int) -> float:
    """Mean difference in dB of two songs' mel spectra, frame by frame."""
    length = min(one.shape[1], other.shape[1])
    first, second = (
        librosa.power_to_db(
            librosa.feature.melspectrogram(y=at_rate(audio[:, :length], rate), sr=RATE, hop_length=1024, n_mels=64),
            ref=1.0, amin=1e-6, top_db=None,
        )
        for audio in (one, other)
    )  # fmt: skip
    return float(np.abs(first - second).mean())


def _edit(source: Source, task: str, seconds: float, **values: object) -> Take:
    order = Order(job=2, spec={}, duration=seconds, takes=1, seed=source.seed + 5, workdir="", source=source)
    return made(parse(task, values), order)[1]


def _kept(song: Rendered, folder: Path) -> Source:
    """The song's files in `folder`, as a finished job keeps them."""
    take, plan = song.take, song.plan
    files = []
    for kind, name, audio in [("audio", "", take.audio), *(("stem", name, stem) for name, stem in take.stems.items())]:
        path = folder / f"{name or 'song'}.wav"
        soundfile.write(path, audio.T, take.sample_rate, subtype="FLOAT")
        files.append(SourceFile(kind=kind, name=name, format="wav", path=str(path)))
    score = folder / "score"
    score.write_bytes(take.score or b"")
    files.append(SourceFile(kind="score", name="", format="score", path=str(score)))
    return Source(
        job=1, take=1, title=plan.title, caption=plan.caption, duration=plan.duration, bpm=take.bpm,
        keyscale=take.keyscale, timesignature=take.timesignature, seed=take.seed, genre_preset=plan.genre_preset,
        files=tuple(files),
    )  # fmt: skip


def _peak_db(difference: Floats) -> float:
    return 20 * float(np.log10(max(float(np.abs(difference).max(initial=0.0)), 1e-12)))
