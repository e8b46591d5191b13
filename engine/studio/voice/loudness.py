"""Loudness of a sung phrase: every vowel near the same, stressed ones a little above."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.voice.phones import Kind
from engine.studio.voice.pitch import CONTROL_HZ
from engine.studio.voice.read import Utterance
from engine.studio.voice.timing import Placed

# RMS of the vowels, after the emphasis that stands in for the ear.
VOWEL_RMS = 0.022
EMPHASIS = 0.9
EVENNESS = 0.75
EVENED_AT_MOST_DB = 9.0
# By stress 0 to 2, sung and spoken.
STRESS_DB = (-1.5, 0.0, 0.8)
SPOKEN_STRESS_DB = (-2.0, 0.2, 1.2)
SETTLES_S = 0.03
# Sonorants much softer than the vowels are lifted towards this.
SONORANT_DB, LIFTED_AT_MOST_DB = -8.0, 6.0
BEGINS_S, BEGINS_AT_MOST_DB = 0.03, 12.0


def emphasised(samples: Tensor) -> Tensor:
    """Samples with their low frequencies taken down."""
    return samples - EMPHASIS * torch.nn.functional.pad(samples, (1, 0))[:-1]


def rms(samples: Tensor) -> float:
    """Root mean square, 0 of nothing."""
    return float(samples.double().square().mean().sqrt()) if len(samples) else 0.0


def evenness(
    voice: Tensor, utterance: Utterance, placed: Sequence[Placed], origin: float, rate: int, *, spoken: bool
) -> NDArray[np.float64]:
    """Gain in dB at CONTROL_HZ over the phrase whose `voice` (float32 [samples], vowels near VOWEL_RMS) is given."""
    stress_db = SPOKEN_STRESS_DB if spoken else STRESS_DB
    nuclei = _sung_nuclei(utterance)
    emphasis, usual = emphasised(voice), rms(voice)
    times: list[float] = []
    gains: list[float] = []
    for piece in placed:
        a, b = (round((t - origin) * rate) for t in (piece.start, piece.end))
        edge = (b - a) // 5
        if piece.index in nuclei:
            level = 20.0 * np.log10(max(rms(emphasis[a + edge : b - edge]), 1e-6) / VOWEL_RMS)
            gain = np.clip(-EVENNESS * level, -EVENED_AT_MOST_DB, EVENED_AT_MOST_DB)
            gain += stress_db[nuclei[piece.index]]
        elif utterance.phones[piece.index].kind is Kind.SONORANT:
            level = 20.0 * np.log10(max(rms(voice[a + edge : b - edge]), 1e-6) / usual)
            gain = np.clip(EVENNESS * (SONORANT_DB - level), 0.0, LIFTED_AT_MOST_DB)
            if not times and piece is placed[0]:
                # A phrase begins with a clear onset, where speech only swells.
                c = min(a + round(BEGINS_S * rate), b)
                level = 20.0 * np.log10(max(rms(voice[a:c]), 1e-6) / usual)
                times.append(piece.start)
                gains.append(np.clip(SONORANT_DB - level, gain, BEGINS_AT_MOST_DB))
        else:
            continue
        settles = min((piece.end - piece.start) * 0.25, SETTLES_S)
        times += [piece.start + settles, piece.end - settles]
        gains += [gain, gain]
    seconds = origin + np.arange(len(voice) * CONTROL_HZ // rate + 2) / CONTROL_HZ
    return np.asarray(np.interp(seconds, times, gains)) if times else np.zeros(len(seconds))


def vowels(emphasis: Tensor, utterance: Utterance, placed: Sequence[Placed], origin: float, rate: int) -> float:
    """RMS of a phrase's vowels, of its emphasised samples; of all of it where no syllable has a voice ("psst")."""
    nuclei = _sung_nuclei(utterance)
    parts = [
        emphasis[round((piece.start - origin) * rate) : round((piece.end - origin) * rate)]
        for piece in placed
        if piece.index in nuclei
    ]
    return rms(torch.cat(parts) if parts else emphasis)


def _sung_nuclei(utterance: Utterance) -> dict[int, int]:
    """Phones that carry a syllable with a voice, and their stress. A hiss would count as a vowel of no loudness."""
    phones = utterance.phones
    return {
        syllable.nucleus: syllable.stress
        for syllable in utterance.syllables
        if phones[syllable.nucleus].kind.pitched or phones[syllable.nucleus].kind.buzzes
    }
