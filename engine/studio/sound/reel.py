"""Buffers for whole songs. Long ones lie in an unnamed temporary file, so that a song of ten minutes with a dozen
stems needs disk (230 MB a stem), not memory."""

from __future__ import annotations

import mmap
import tempfile
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# five minutes of stereo
IN_MEMORY_BYTES = 116_000_000


@dataclass(frozen=True)
class Reel:
    """Audio (channels, samples), all zeros at first, and the file it lies in, if any."""

    audio: Tensor
    file: mmap.mmap | None = None

    @property
    def array(self) -> NDArray[np.float32]:
        """The audio for numpy; what lies in a file can be put to rest with `engine.audio.mapped`."""
        if self.file is None:
            return self.audio.numpy()
        return np.frombuffer(self.file, np.float32).reshape(self.audio.shape)

    def rest(self) -> None:
        """Nobody needs it for now: gives its memory back, and keeps what it holds."""
        if self.file is not None:
            self.file.madvise(mmap.MADV_DONTNEED)


def silence(channels: int, samples: int) -> Tensor:
    """Zeros in memory; numpy asks the system for large pages, which makes them some ten times cheaper to touch."""
    return torch.from_numpy(np.zeros((channels, samples), np.float32))


def blank(channels: int, samples: int) -> Reel:
    """A silent reel."""
    size = channels * samples * 4
    if size <= IN_MEMORY_BYTES:
        return Reel(silence(channels, samples))
    with tempfile.TemporaryFile(prefix="minstrel-reel-") as file:
        file.truncate(size)
        mapped = mmap.mmap(file.fileno(), size)
    audio = np.frombuffer(mapped, np.float32).reshape(channels, samples)
    return Reel(torch.from_numpy(audio), mapped)
