"""Consonants as eSpeak made them: brought to the song's rate, brightened, and laid where the words need them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.voice.espeak import Speech
from engine.studio.voice.phones import FRICATIVES, VOICED_FRICATIVES, Kind, Phone
from engine.studio.voice.timing import Placed

BLOCK = 100
FADE_S = 0.004
# Above the source's 11 kHz the mirror image that a perfect resampler would remove is kept, ever weaker: it has the
# rhythm of the noise below and goes on where that ends.
IMAGE_DB_PER_KHZ = 3.0
IMAGE_UNTIL_HZ = 20_000.0
# Where the two meet, both are weak: eSpeak's noise ends well below its band's.
SEAM_DB, SEAM_HZ, SEAM_WIDTH_HZ = 11.0, 11_200.0, 1500.0
HISSES = (Kind.FRICATIVE, Kind.VOICED_FRICATIVE)
STOPS = (Kind.STOP, Kind.VOICED_STOP)
# The closure before a stop that a shortened hiss leaves.
CLOSURE_S, CLOSURE_SHARE = 0.02, 0.35
# What is copied: of a consonant whose voice is sung anew only its noise.
COPIED_ABOVE_HZ = {
    Kind.FRICATIVE: 120.0,
    Kind.STOP: 120.0,
    Kind.VOICED_FRICATIVE: 1500.0,
    Kind.VOICED_STOP: 700.0,
}
# Level of a consonant's loudest 20 ms, in dB against the vowels.
LEVELS = {
    Kind.FRICATIVE: (-17.0, -7.0),
    Kind.STOP: (-12.0, -5.0),
    Kind.VOICED_FRICATIVE: (-24.0, -12.0),
    Kind.VOICED_STOP: (-18.0, -7.0),
}


def resample(pcm: NDArray[np.float32], source_rate: int, rate: int, above: Collection[float]) -> dict[float, Tensor]:
    """float32 [samples] at `source_rate` -> at `rate`, for each of `above` without what lies below it in Hz."""
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
    decibels += SEAM_DB * np.exp(-(((hertz - SEAM_HZ) / SEAM_WIDTH_HZ) ** 2))
    image *= 10.0 ** (decibels / 20.0) * np.clip((IMAGE_UNTIL_HZ - hertz) / 1000.0, 0.0, 1.0) * samples / length

    def without(low: float) -> Tensor:
        kept = np.fft.irfft(image * np.clip(2.0 * hertz / low - 1.0, 0.0, 1.0), samples)
        return torch.from_numpy(kept.astype(np.float32))

    return {low: without(low) for low in above}


def noises(phones: Sequence[Phone], speech: Speech, rate: int) -> dict[Kind, Tensor]:
    """The speech at `rate`, as it is copied for each kind of consonant that it has."""
    kinds = {phone.kind for phone in phones if not phone.kind.pitched}
    sources = resample(speech.pcm, speech.rate, rate, {COPIED_ABOVE_HZ[kind] for kind in kinds})
    return {kind: sources[COPIED_ABOVE_HZ[kind]] for kind in kinds}


def loudest(samples: Tensor, window: int) -> tuple[int, float]:
    """Where the loudest `window` samples begin, and their RMS."""
    power = samples.double().square()
    if len(power) <= window:
        return 0, float(power.mean().sqrt()) if len(power) else 0.0
    total = torch.cumsum(torch.nn.functional.pad(power, (1, 0)), 0)
    sums = total[window:] - total[:-window]
    first = int(sums.argmax())
    return first, float((sums[first] / window).clamp(min=0.0).sqrt())


def _doubled(phone: Phone, piece: Placed, phones: Sequence[Phone], following: Placed) -> bool:
    """Whether a stop runs into another like it ("bad dog"): one closure, one burst. Affricates are said twice."""
    if phone.kind not in STOPS or any(letter in FRICATIVES | VOICED_FRICATIVES for letter in phone.symbol):
        return False
    return phone.symbol == phones[following.index].symbol and following.start - piece.end < 1e-6


def copy(
    out: Tensor, phones: Sequence[Phone], placed: Sequence[Placed], sources: Mapping[Kind, Tensor], source_rate: int,
    rate: int, origin: float, reference: float, target: float,
) -> None:  # fmt: skip
    """Add the consonants of a phrase to `out` (float32 [samples] at `rate`, whose first sample is at `origin` seconds).

    sources: the speech at `rate`, by kind; source_rate: of the phones; reference: RMS of the speech's vowels;
    target: RMS that the vowels have in the song.
    """
    fade = int(FADE_S * rate)
    for place, following in zip(placed, [*placed[1:], None], strict=True):
        phone = phones[place.index]
        if phone.kind.pitched or (following is not None and _doubled(phone, place, phones, following)):
            continue
        source = sources[phone.kind]
        start, end = phone.start * rate // source_rate, phone.end * rate // source_rate
        wanted = max(int((place.end - place.start) * rate), 2 * fade)
        if wanted < end - start:
            # A stop's burst; of a hiss what is no pause, but before a stop a short one is left.
            if phone.kind in HISSES and following is not None and phones[following.index].kind in STOPS:
                wanted = max(wanted - int(min(CLOSURE_S * rate, CLOSURE_SHARE * wanted)), 2 * fade)
            start += loudest(source[start:end], wanted)[0]
            end = start + wanted
        lead = min(fade, start)
        segment = source[start - lead : end + fade].clone()
        ramp = torch.linspace(0.0, 1.0, fade + 2)[1:-1]
        segment[:lead] *= ramp[:lead]
        segment[-fade:] *= ramp.flip(0)
        _, level = loudest(segment, rate // 50)
        if level <= 0.0:
            continue
        low, high = LEVELS[phone.kind]
        decibels = 20.0 * np.log10(level / reference)
        gain = target / reference * 10.0 ** ((np.clip(decibels, low, high) - decibels) / 20.0)
        at = round((place.start - origin) * rate) - lead
        segment = segment[max(-at, 0) :][: max(len(out) - max(at, 0), 0)]
        out[max(at, 0) : max(at, 0) + len(segment)] += segment * float(min(gain, 10.0 * target / reference))
