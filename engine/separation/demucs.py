"""Stems by a Demucs model whose checkpoint the house keeps (Rouard, Massa and Défossez 2023)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torchaudio.functional import resample

from engine.separation.names import files_of, header, stem_of, unusable
from engine.separation.pieces import RATE, in_pieces
from engine.spec.fields import STEMS

Audio = NDArray[np.float32]

# The library calls whatever the file names, with whatever arguments it gives: only models may be named.
MODELS = frozenset({"demucs.htdemucs.HTDemucs", "demucs.hdemucs.HDemucs", "demucs.demucs.Demucs"})
# A bag of models, and how much each of them counts for each part.
BAG = "*.yaml"
OVERLAP = 0.25


def estimate(audio: Audio, checkpoint: Path, on_progress: Callable[[float], None] = lambda _: None) -> dict[str, Audio]:
    """What each of the model's parts, by our names, and "other" contribute to `audio`; together they are `audio`.

    `audio` (2, samples), float32 at 48 kHz. `checkpoint` is a .safetensors file or a folder with one or a bag of them.
    What the model leaves over, and parts that we have no name for, are in "other". The same sound gives the same
    bytes. `on_progress` hears how far it is (0 to 1), and MAY raise to stop.

    Raises `EngineError`, permanent: `separation_model` (file, reason).
    """
    bag = _loaded(checkpoint)
    names = tuple(dict.fromkeys(stem_of(source) for source in bag.sources if stem_of(source) in STEMS))
    return in_pieces(audio, names, partial(_parted, bag), on_progress)


def check(checkpoint: Path) -> None:
    """Raises `EngineError` as `estimate` does, where the model can't be used."""
    _loaded(checkpoint)


@lru_cache(maxsize=1)
def _loaded(checkpoint: Path) -> Any:
    """The models as one bag."""
    try:
        from demucs.apply import BagOfModels
    except ImportError as error:
        raise unusable(checkpoint, "demucs is not installed: pip install 'minstrel-bot[demucs]'") from error
    files = files_of(checkpoint)
    weights, segment = None, None
    if checkpoint.is_dir() and (bag := next(iter(sorted(checkpoint.glob(BAG))), None)) is not None:
        files, weights, segment = _bag(bag)
    models = [_model(file) for file in files]
    if any(model.audio_channels != 2 for model in models):
        raise unusable(checkpoint, "it is not for stereo")
    try:
        return BagOfModels(models, weights, segment).eval()
    except (AssertionError, TypeError) as error:
        raise unusable(checkpoint, "its models don't belong together") from error


def _model(file: Path) -> Any:
    from demucs.hf import load_safetensors_model

    told = header(file)
    if told.get("klass") not in MODELS or "structure" in told:
        raise unusable(file, f"it is no model that can be used here ({told.get('klass')})")
    try:
        # A file may also be cut off, or hold other weights than its model has: all of that is the same to people.
        return load_safetensors_model(file)
    except Exception as error:
        raise unusable(file, str(error).splitlines()[0][:200]) from error


def _bag(file: Path) -> tuple[tuple[Path, ...], list[list[float]] | None, float | None]:
    """A bag's files, each one's weights for each part, and the length of its segments in seconds."""
    import yaml

    try:
        told = yaml.safe_load(file.read_text("utf-8"))
        files = tuple(file.parent / f"{Path(str(name)).name}.safetensors" for name in told["models"])
        weights = told.get("weights")
        if weights is not None:
            weights = [[float(share) for share in one] for one in weights]
        segment = told.get("segment")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise unusable(file, "it is no bag of models") from error
    if missing := [one for one in files if not one.is_file()]:
        raise unusable(missing[0], "the bag names it, and it is not there")
    return files, weights, None if segment is None else float(segment)


def _parted(bag: Any, audio: Audio, on_progress: Callable[[float], None]) -> Iterator[tuple[str, Audio]]:
    from demucs.apply import apply_model

    samples = audio.shape[1]
    mix = resample(torch.from_numpy(audio), RATE, bag.samplerate)

    def heard(state: dict[str, Any]) -> None:
        if state["state"] == "end":
            through = (state["model_idx_in_bag"] + min(1.0, state["segment_offset"] / mix.shape[1])) / state["models"]
            on_progress(min(1.0, through))

    with torch.no_grad():
        # Shifts would be drawn from a generator that all of Python shares.
        found = apply_model(bag, mix[None], shifts=0, overlap=OVERLAP, callback=heard)[0]
    sounds: dict[str, torch.Tensor] = {}
    for source, sound in zip(bag.sources, found, strict=True):
        back = resample(sound, bag.samplerate, RATE)[:, :samples]
        name = stem_of(source)
        if name in STEMS:
            sounds[name] = sounds[name] + back if name in sounds else back
    for name, sound in sounds.items():
        yield name, torch.nn.functional.pad(sound, (0, samples - sound.shape[1])).numpy()
