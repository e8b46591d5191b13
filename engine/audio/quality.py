"""How sound a finished song is, from 0 to 1: a technical judgement of the recording, never one of taste.

Seven things are measured, each a function of its own that gives 0 (broken) to 1 (nothing to object to):

| part | 1 means | 0 means |
|---|---|---|
| `continuity` | no gap over 1 s inside, at most 3 % silence | a gap of 6 s, or half of it silent |
| `headroom` | no flat tops | one sample in a hundred sits on a flat top |
| `level` | within 1 LU of -14 LUFS, true peak at most -1 dBTP | 13 LU off, or a true peak 3 dB too high |
| `stereo` | both sides about equal, in phase, no offset | one side missing, or the sides cancel out |
| `balance` | octave bands within 8 dB of an average record | 14 dB further away on average |
| `key` | its notes belong to one key at a time | they fill all twelve steps alike; sound without notes gets 1 |
| `voice` | the voice at least 6 dB below the backing or louder, where words are heard (300 to 4000 Hz) | 20 dB below |

Of a voice alone, which pauses and has no bass, `continuity` and `balance` say nothing, so they don't count.

The score is their weighted geometric mean, so that one broken part can't be made up for by the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
import torchaudio

from engine.audio.loudness import integrated_lufs, true_peak_db
from engine.audio.tonality import key_clarity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Audio = NDArray[np.float32]

WEIGHTS = {"continuity": 2.0, "headroom": 2.0, "level": 1.5, "stereo": 1.0, "balance": 1.0, "key": 1.0, "voice": 2.0}
FLOOR = 0.01
TARGET_LUFS, CEILING_DB = -14.0, -1.0
SILENCE_DB = -60.0
VOICES = frozenset({"vocals", "backing_vocals"})
ALONE = 1e-3
BLOCK = 4096
# relative levels in dB of the octaves around 63 Hz to 8 kHz: equal energy at the bottom, then about 2 dB less each,
# the slope that long-term spectra of popular records share
OCTAVES = {63: 0.0, 125: 0.0, 250: -2.0, 500: -4.0, 1000: -6.0, 2000: -8.0, 4000: -11.0, 8000: -14.0}


def quality_score(audio: Audio, rate: int, stems: Mapping[str, Audio] | None = None) -> float:
    """The score of `audio` (channels, samples), three decimals. `stems` may hold "vocals", which sums into `audio`."""
    parts = components(audio, rate, stems)
    total = sum(WEIGHTS[name] for name in parts)
    mean = sum(WEIGHTS[name] * math.log(max(value, FLOOR)) for name, value in parts.items()) / total
    return round(math.exp(mean), 3)


def components(audio: Audio, rate: int, stems: Mapping[str, Audio] | None = None) -> dict[str, float]:
    """Each part of the score by its name; `voice` only where a vocal stem sounds against something else."""
    both = audio if audio.shape[0] == 2 else np.repeat(audio[:1], 2, axis=0)
    parts = {
        "continuity": continuity(audio, rate),
        "headroom": headroom(audio),
        "level": level(integrated_lufs(both, rate), true_peak_db(both, rate)),
        "stereo": stereo(audio),
        "balance": balance(audio, rate),
        "key": key_clarity(audio, rate),
    }
    vocals = (stems or {}).get("vocals")
    if stems and vocals is not None and _alone(audio, stems):
        return {name: value for name, value in parts.items() if name not in ("continuity", "balance")}
    if vocals is not None and np.any(vocals):
        parts["voice"] = voice(vocals, audio - vocals, rate)
    return parts


def _alone(audio: Audio, stems: Mapping[str, Audio]) -> bool:
    """Whether nothing but voices sounds."""
    rest = audio.copy()
    for name in VOICES.intersection(stems):
        rest -= stems[name]
    return float(np.abs(rest).max(initial=0)) < ALONE


def continuity(audio: Audio, rate: int) -> float:
    """Whether it sounds all the way through: silent gaps inside, and the silent share of the whole."""
    width = max(1, rate // 100)
    frames = audio.shape[1] // width
    power = np.square(audio[:, : frames * width]).reshape(audio.shape[0], frames, width).mean(axis=(0, 2))
    heard = np.flatnonzero(power > 10 ** (SILENCE_DB / 10))
    if heard.size == 0:
        return 0.0
    longest = (np.diff(heard, prepend=heard[0]).max() - 1) * width / rate
    share = 1 - heard.size / frames
    return min(_fall(longest, 1, 6), _fall(share, 0.03, 0.5))


def headroom(audio: Audio) -> float:
    """Whether the tops of the waves are whole: three or more equal samples in a row near the peak are a flat top."""
    swing = np.abs(np.clip(audio, -1, 1))
    top = swing.max(initial=0)
    if top == 0:
        return 1.0
    same = (swing[:, 1:] == swing[:, :-1]) & (swing[:, 1:] > 0.98 * top)
    share = float((same[:, 1:] & same[:, :-1]).mean())
    return _fall(math.log10(max(share, 1e-9)), -5, -2)


def level(lufs: float, true_peak: float) -> float:
    """Whether `lufs` (integrated loudness) and `true_peak` (dBTP) are where players expect them."""
    return _fall(abs(lufs - TARGET_LUFS), 1, 13) * _fall(true_peak, CEILING_DB + 0.1, CEILING_DB + 3)


def stereo(audio: Audio) -> float:
    """Whether the sides are about equally loud, don't cancel out, and swing around zero. Plain mono gets 0.8."""
    centred = audio - audio.mean(axis=1, keepdims=True)
    offset = _fall(float(np.abs(audio.mean(axis=1)).max()), 0.005, 0.1)
    if audio.shape[0] == 1:
        return 0.8 * offset
    left, right = np.sqrt(np.square(centred).mean(axis=1, dtype=np.float64))
    if left == 0 or right == 0:
        return 0.0
    likeness = float(np.mean(centred[0] * centred[1], dtype=np.float64) / (left * right))
    apart = 0.8 if likeness > 0.99999 else _fall(-likeness, 0, 1)
    return _fall(abs(20 * math.log10(left / right)), 2, 20) * apart * offset


def balance(audio: Audio, rate: int) -> float:
    """Whether low, middle and high are in proportion: octave levels against those of an average record."""
    power = _spectra(audio).mean(axis=0)
    heard = [centre for centre in OCTAVES if centre * math.sqrt(2) <= rate / 2]
    levels = [10 * math.log10(_band(power, rate, c / math.sqrt(2), c * math.sqrt(2)).sum() + 1e-12) for c in heard]
    off = np.array(levels) - np.array([OCTAVES[centre] for centre in heard])
    excess = np.maximum(np.abs(off - np.median(off)) - 8, 0)
    return _fall(float(np.minimum(excess, 30).mean()), 0, 14)


def voice(vocals: Audio, backing: Audio, rate: int) -> float:
    """Whether the voice is heard against the backing: the median ratio in the speech band while it sings."""
    sung = _band(_spectra(vocals), rate, 300, 4000).sum(axis=1)
    played = _band(_spectra(backing), rate, 300, 4000).sum(axis=1)
    sings = sung > 0.01 * sung.max(initial=0)
    if not sings.any():
        return 0.0
    ratio = float(np.median(10 * np.log10((sung[sings] + 1e-12) / (played[sings] + 1e-12))))
    return _fall(-ratio, 6, 20)


def _spectra(audio: Audio) -> NDArray[np.float32]:
    """Power spectra (blocks, BLOCK // 2 + 1) of the mono sum, blocks side by side."""
    mono = torch.from_numpy(audio.mean(axis=0, dtype=np.float32))
    whole = torch.nn.functional.pad(mono, (0, -len(mono) % BLOCK))
    power: torch.Tensor = torchaudio.functional.spectrogram(
        whole, 0, torch.hann_window(BLOCK), BLOCK, BLOCK, BLOCK, power=2.0, normalized=False, center=False
    )
    return np.ascontiguousarray(power.numpy().T)


def _band(power: NDArray[np.float32], rate: int, low: float, high: float) -> NDArray[np.float32]:
    return power[..., round(low * BLOCK / rate) : round(high * BLOCK / rate) + 1]


def _fall(value: float, good: float, bad: float) -> float:
    """1 up to `good`, 0 from `bad`, a straight line between."""
    return float(min(1.0, max(0.0, (bad - value) / (bad - good))))
