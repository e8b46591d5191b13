"""Tries whether a checkpoint is in order: its files, their checksums, and one song in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from engine.acestep import checksums
from engine.acestep.checkpoint import inspect
from engine.pool.guard import end_group
from engine.pool.process import ROOT, environment
from engine.spec import EngineError

COMMAND = (sys.executable, "-m", "engine.acestep.measure")
SECONDS = 10.0
# From here on a level is silence, an octave is the same tempo, and tops are flat.
SILENT_PEAK, SILENT_SHARE = 1e-3, 0.5
TEMPO_OFF, TEMPO_SURE = 0.06, 0.4
FLAT = 0.5
LAST_WORDS = 300
NO_MEMORY = ("gpu_out_of_memory", "checkpoint_too_large", "engine_out_of_memory")
SAID = ("checkpoint_unreadable", "no_cuda", "models_no_engine", "models_check_ended")

# Hears what is being done, and how far it is, 0 to 1.
OnProgress = Callable[[str, float], None]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: well, not well, or (None) nothing that can be told. `code` says it in words."""

    name: str
    ok: bool | None
    code: str
    params: dict[str, Any] = field(default_factory=dict)


def findings(folder: Path, name: str, device: str, on_progress: OnProgress) -> Iterator[Finding]:
    """What is found out about the checkpoint in `folder`, one after the other; the last one where it can't go on."""
    try:
        checkpoint = inspect(folder, name)
    except EngineError as error:
        yield Finding("files", False, error.code, error.params)
        return
    size = checkpoint.weights
    yield Finding("files", True, "models_check_files", {"variant": checkpoint.variant, "size": size})
    sums = _checksums(folder, size, on_progress)
    yield sums
    if sums.ok is False:
        return
    try:
        told = measured(folder, name, device, on_progress)
    except EngineError as error:
        yield _unheard(error, name)
        return
    yield from judged(told)


def _checksums(folder: Path, size: int, on_progress: OnProgress) -> Finding:
    sums = checksums.read(folder)
    if sums is None:
        return Finding("checksums", None, "models_check_no_checksums")
    read = 0

    def on_piece(more: int) -> None:
        nonlocal read
        read += more
        on_progress("checksums", min(read / max(size, 1), 1.0))

    if damaged := checksums.damaged(folder, sums, on_piece):
        return Finding("checksums", False, "models_check_damaged", {"files": damaged, "name": sums.name})
    params = {"count": len(sums.files), "revision": sums.revision[:8], "name": sums.name}
    return Finding("checksums", True, "models_check_checksums", params)


def measured(folder: Path, name: str, device: str, on_progress: OnProgress) -> dict[str, Any]:
    """What `engine.acestep.measure` says of one song. Raises `EngineError`."""
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("diffusers") is None:
        raise EngineError("models_no_engine", permanent=True)
    with _child(str(folder.absolute()), name, device, str(SECONDS)) as (process, answers, complaints):
        for line in answers:
            said = json.loads(line)
            if "measured" in said:
                return dict(said["measured"])
            if "wrong" in said:
                raise EngineError(said["wrong"], permanent=True, **said["params"])
            on_progress(said["stage"], said["share"])
        raise EngineError("models_check_ended", permanent=True, how=_how(process.wait(), complaints))


@contextmanager
def _child(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
    """A process that measures, its answers and its complaints. Nothing is left of it afterwards.

    It knows none of the house's secrets.
    """
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=ROOT, env=environment(), start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints,
        )  # fmt: skip
        try:
            yield process, cast(IO[bytes], process.stdout), complaints
        finally:
            end_group(process.pid)
            process.communicate()


def _unheard(error: EngineError, name: str) -> Finding:
    """Why there is no song, for whoever wants to know it of the checkpoint."""
    if error.code in NO_MEMORY:
        return Finding("song", False, "models_check_no_memory", {"name": name})
    if error.code == "sound_broken":
        return Finding("silence", False, "models_check_broken")
    if error.code in SAID:
        return Finding("song", False, error.code, error.params)
    return Finding("song", False, "models_check_ended", {"how": error.code})


def _how(code: int, complaints: IO[bytes]) -> str:
    """How a process ended, and the last thing it said."""
    if code == -signal.SIGKILL:
        return "the system ended it, mostly because memory ran out"
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").strip().splitlines()
    return (lines or [f"code {code}"])[-1][-LAST_WORDS:]


def judged(told: dict[str, Any]) -> Iterator[Finding]:
    """A measured song in findings."""
    yield Finding("length", abs(told["length"] - SECONDS) < 0.01, "models_check_length",
                  {"seconds": told["length"], "asked": SECONDS})  # fmt: skip
    if told["peak"] < SILENT_PEAK or told["silent"] > SILENT_SHARE:
        yield Finding("silence", False, "models_check_silent")
    else:
        yield Finding("silence", True, "models_check_heard")
        whole = told["whole"] >= FLAT
        yield Finding("clipping", whole, "models_check_whole" if whole else "models_check_clipped")
        yield _tempo(told["asked_bpm"], told["heard_bpm"], told["sure"])
    yield Finding("speed", True, "models_check_speed", {
        "times": told["length"] / max(told["render_s"], 1e-3), "render_s": told["render_s"], "load_s": told["load_s"],
        "steps": told["steps"], "device": told["device"] or None,
    })  # fmt: skip
    card = {"card": told["card_bytes"], "card_total": told["card_total"]} if told["card_bytes"] else {}
    yield Finding("memory", True, "models_check_memory", {"host": told["host_bytes"], **card})


def _tempo(asked: float, heard: float, sure: float) -> Finding:
    """Never a failure: a model may take its liberties, and one that was never trained has no beat at all."""
    if sure < TEMPO_SURE:
        return Finding("tempo", None, "models_check_no_tempo", {"asked": asked})
    octaves = (0.5, 1.0, 2.0)
    same = any(abs(heard * octave - asked) <= TEMPO_OFF * asked for octave in octaves)
    code = "models_check_tempo" if same else "models_check_other_tempo"
    return Finding("tempo", same or None, code, {"asked": asked, "heard": heard})
