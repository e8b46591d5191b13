"""Consonants as eSpeak made them: brought to the song's rate, brightened, and laid where the words need them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.voice.espeak import Speech
from engine.studio.voice.phones import Kind, Phone
from engine.studio.voice.timing import Placed

BLOCK = 100
FADE_S = 0.004
# Above the source's 11 kHz the mirror image that a perfect resampler would remove is kept, ever weaker: it has the
# rhythm of the noise below and goes on where that ends.
IMAGE_DB_PER_KHZ = 3.0
IMAGE_UNTIL_HZ = 18_000.0
# What is copied of a consonant whose voice is sung anew.
NOISE_ABOVE_HZ = {Kind.VOICED_FRICATIVE: 1500.0, Kind.VOICED_STOP: 700.0}
CLEAR_ABOVE_HZ = 120.0
# Level of a consonant's loudest 20 ms, in dB against the vowels.
LEVELS = {
    Kind.FRICATIVE: (-17.0, -7.0),
    Kind.STOP: (-14.0, -5.0),
    Kind.VOICED_FRICATIVE: (-24.0, -12.0),
    Kind.VOICED_STOP: (-18.0, -7.0),
}


def resample(pcm: NDArray[np.float32], source_rate: int, rate: int, above: float) -> Tensor:
    """float32 [samples] at `source_rate` -> at `rate`, without what lies below `above` Hz."""
    # numpy's transforms take one thread; torch's long ones give other bits on two.
    divisor = int(np.gcd(source_rate, rate))
    unit = source_rate // divisor * BLOCK
    length = -(-len(pcm) // unit) * unit
    samples = length * rate // source_rate
    spectrum = np.fft.rfft(pcm, length)
    bins = np.arange(samples // 2 + 1) % length
    mirrored = bins > length // 2
    image = spectrum[np.where(mirrored, length - bins, bins)]
    image = np.where(mirrored, image.conj(), image)
    hertz = np.arange(samples // 2 + 1) * rate / samples
    decibels = -IMAGE_DB_PER_KHZ * np.maximum(hertz - 0.47 * source_rate, 0.0) / 1000.0
    gain = 10.0 ** (decibels / 20.0) * np.clip((IMAGE_UNTIL_HZ - hertz) / 1000.0, 0.0, 1.0)
    gain *= np.clip(2.0 * hertz / above - 1.0, 0.0, 1.0) * samples / length
    return torch.from_numpy(np.fft.irfft(image * gain, samples).astype(np.float32))


def loudest(samples: Tensor, window: int) -> float:
    """RMS of the loudest `window` samples."""
    power = samples.double().square()
    if len(power) <= window:
        return float(power.mean().sqrt()) if len(power) else 0.0
    total = torch.cumsum(torch.nn.functional.pad(power, (1, 0)), 0)
    return float(((total[window:] - total[:-window]).max() / window).clamp(min=0.0).sqrt())


def copy(
    out: Tensor, phones: Sequence[Phone], placed: Sequence[Placed], speech: Speech, rate: int, origin: float,
    reference: float, target: float,
) -> None:  # fmt: skip
    """Add the consonants of a phrase to `out` (float32 [samples] at `rate`, whose first sample is at `origin` seconds).

    reference: RMS of the vowels in `speech`; target: RMS that the vowels have in the song.
    """
    source_rate = speech.rate
    sources: dict[float, Tensor] = {}
    fade = int(FADE_S * rate)
    for place in placed:
        phone = phones[place.index]
        if phone.kind.pitched:
            continue
        above = NOISE_ABOVE_HZ.get(phone.kind, CLEAR_ABOVE_HZ)
        if above not in sources:
            sources[above] = resample(speech.pcm, source_rate, rate, above)
        source = sources[above]
        start, end = phone.start * rate // source_rate, phone.end * rate // source_rate
        wanted = max(int((place.end - place.start) * rate), 2 * fade)
        if wanted < end - start:
            # A stop is its burst, which comes first; of a hiss the end leads into the vowel.
            if phone.kind in (Kind.STOP, Kind.VOICED_STOP):
                end = start + wanted
            else:
                start = end - wanted
        lead = min(fade, start)
        segment = source[start - lead : end + fade].clone()
        ramp = torch.linspace(0.0, 1.0, fade + 2)[1:-1]
        segment[:lead] *= ramp[:lead]
        segment[-fade:] *= ramp.flip(0)
        level = loudest(segment, rate // 50)
        if level <= 0.0:
            continue
        low, high = LEVELS[phone.kind]
        decibels = 20.0 * np.log10(level / reference)
        gain = target / reference * 10.0 ** ((np.clip(decibels, low, high) - decibels) / 20.0)
        at = round((place.start - origin) * rate) - lead
        segment = segment[max(-at, 0) :][: max(len(out) - max(at, 0), 0)]
        out[max(at, 0) : max(at, 0) + len(segment)] += segment * float(min(gain, 10.0 * target / reference))
