"""A checkpoint in memory: loaded part by part, one at a time, from this machine's disk alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import diffusers
import torch
import transformers

from engine.acestep import parts
from engine.acestep.checkpoint import FOR_COVERS, Checkpoint
from engine.acestep.memory import apart, free, is_out_of_memory, too_large
from engine.acestep.words import reader, refuse
from engine.spec import Cancelled, EngineError

OnProgress = Callable[[float], None]

# While the disk is slow, somebody still hears that we are there, and can say that it isn't wanted any more.
BEAT_S = 0.25


@dataclass(frozen=True)
class Model:
    """`checkpoint`, ready to play: its parts are in `pipe`, which work on `device`.

    The network and what it hears have the type `dtype`; the autoencoder is float32 everywhere: it makes samples, and
    eight bits of precision in a sample are noise that one hears. `weights` are bytes in memory, `largest` those of the
    largest part. Where `apart` the card has no room for all of it: the parts are in the machine's memory, and
    `memory.placed` brings one after the other.
    """

    checkpoint: Checkpoint
    # An `AceStepPipeline`, which says nothing of its parts and their types.
    pipe: Any
    device: torch.device
    dtype: torch.dtype
    weights: int
    largest: int
    apart: bool


def caught_up(model: Model) -> None:
    """Wait until the card has done what it was told.

    It is told far ahead: whoever hears of progress before that hears of what was asked for, and cancels too late.
    """
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)


class Models:
    """Loads checkpoints for `device`: "cpu", "cuda", "cuda:1", or "auto": CUDA where it is there.

    The same wish gives the same bytes on the same kind of card with the same drivers and libraries: algorithms are
    chosen by their shapes, never by what was fastest today, and none of them adds up in an order left to chance. What
    TF32 there is, is in the autoencoder's convolutions.

    Raises `EngineError`, permanent: `no_cuda` (device) where it is asked for and not there.
    """

    def __init__(self, device: str = "auto") -> None:
        self.device = _device(device)
        self._model: Model | None = None
        self._left: _Loading | None = None
        libraries: tuple[Any, ...] = (diffusers.utils.logging, transformers.utils.logging)
        for library in libraries:
            library.disable_progress_bar()
        if self.device.type == "cuda":
            # Read when the first matrix is multiplied: room in which sums are always made in one order.
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.backends.cudnn.benchmark = False
            torch.backends.cudnn.deterministic = True

    def of(self, checkpoint: Checkpoint, on_progress: OnProgress) -> Model:
        """`checkpoint` in memory; another one that was there goes first.

        `on_progress` hears 0 to 1 while it loads, several times a second and from the calling thread; what it raises
        ends the loading. Raises `EngineError`: `checkpoint_unreadable` (name, file, folder, reason), permanent, where
        it doesn't load; `checkpoint_too_large` (name, needs, gigabytes, memory) where there is too little memory.
        """
        if self._model is not None and self._model.checkpoint == checkpoint:
            return self._model
        self.drop()
        while self._left is not None and not self._left.over(BEAT_S):
            # Somebody gave up on another one, and the disk is still at one of its parts.
            on_progress(0.0)
        self._left = None
        loading = _Loading(checkpoint, self.device)
        try:
            while not loading.over(BEAT_S):
                on_progress(loading.share)
        except BaseException:
            loading.stop()
            self._left = loading
            raise
        self._model = loading.result()
        on_progress(1.0)
        return self._model

    def drop(self) -> None:
        """Nothing is in memory any more."""
        if self._model is not None:
            self._model = None
            free()


class _Loading:
    """A thread that loads, so that the one that waits for it can be heard meanwhile."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        self.share = 0.0
        self._checkpoint, self._device = checkpoint, device
        self._model: Model
        self._error: Exception | None = None
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._load, name="loading", daemon=True)
        self._thread.start()

    def over(self, within_s: float) -> bool:
        """Whether it has ended, or does so in so many seconds."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End with the part that is being read now."""
        self._unwanted.set()

    def result(self) -> Model:
        """What was loaded. Raises what went wrong; `Cancelled` after `stop`."""
        if self._error is not None:
            raise self._error
        return self._model

    def _load(self) -> None:
        try:
            self._model = self._loaded()
        except Exception as error:
            self._error = error

    def _loaded(self) -> Model:
        checkpoint, device = self._checkpoint, self._device
        dtype = _dtype(device)
        sizes = parts.sizes(checkpoint, dtype)
        away = apart(sizes, device)
        ready: dict[str, torch.nn.Module] = {}
        for name in sizes:
            if self._unwanted.is_set():
                raise Cancelled
            try:
                part = parts.read(checkpoint, name, dtype)
                ready[name] = part if away else part.to(device)
            except Exception as error:
                if is_out_of_memory(error):
                    raise too_large(checkpoint, sizes, device) from error
                refuse(checkpoint, name, error)
            self.share += sizes[name] / sum(sizes.values())
        pipe = _pipe(checkpoint, ready)
        return Model(checkpoint, pipe, device, dtype, sum(sizes.values()), max(sizes.values()), away)


def _pipe(checkpoint: Checkpoint, ready: dict[str, torch.nn.Module]) -> Any:
    library: Any = diffusers
    missing = dict.fromkeys(FOR_COVERS)
    # The same for all of them, and some leave it out; the steps are ours.
    scheduler = library.FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0)
    pipe = library.AceStepPipeline(tokenizer=reader(checkpoint), scheduler=scheduler, **(missing | ready))
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _device(asked: str) -> torch.device:
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(asked)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise EngineError("no_cuda", permanent=True, device=asked)
    return device


def _dtype(device: torch.device) -> torch.dtype:
    """bfloat16 on cards that have it (from 2020 on), float32 elsewhere.

    float16 is no way out for older cards: the weights were trained in bfloat16, whose numbers may be far greater, and
    what overflows there is noise or silence. Slow and right is better.
    """
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0):
        return torch.bfloat16
    return torch.float32
