"""What a line is sung from: the course of its spoken spectra, and the consonants that are copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.voice import consonants
from engine.studio.voice.envelope import BINS, DECIBEL, analyse, hop, minimum_phase, muffle, shape
from engine.studio.voice.loudness import rms
from engine.studio.voice.phones import Kind
from engine.studio.voice.read import SPEECH_PITCH, Utterance
from engine.studio.voice.timbre import Timbre
from engine.studio.voice.timing import Placed, warp
from engine.studio.voice.vocoder import RESPONSE

# How much of a voice is heard through the noise of a consonant.
CUTOFF_HZ = {Kind.VOICED_FRICATIVE: 1200.0, Kind.VOICED_STOP: 500.0}
BANDS_UNTIL_HZ = 5000


@dataclass(frozen=True, eq=False)
class Source:
    """A spoken line, ready to be sung.

    `envelope`: of its speech, as `analyse` gives it, every `step` samples; `noises`: the speech at the song's rate, by
    the kind of consonant it is copied for; `level`: RMS of the speech's vowels.
    """

    utterance: Utterance
    envelope: Tensor
    noises: Mapping[Kind, Tensor]
    level: float
    step: int

    def course(self, placed: Sequence[Placed]) -> NDArray[np.float64]:
        """Seconds of the song and frames of the speech that sound then: [2, points]."""
        speech, phones = self.utterance.speech, self.utterance.phones
        bands = self.envelope[:, : BANDS_UNTIL_HZ * BINS // speech.rate : 4].double().numpy() / DECIBEL
        return np.concatenate([warp(phones[p.index], p, self.step, speech.rate, bands) for p in placed], axis=1)

    def filters(self, timbre: Timbre, rate: int, first: int, last: int) -> tuple[Tensor, Tensor]:
        """The singer's filters for frames [first, last): log amplitudes and phases, float32 [frames, bins].

        bins: RESPONSE / 2 + 1. They take far more room than what they are made from, and are made where they are used.
        """
        shaped = shape(self.envelope[first:last], self.utterance.speech.rate, rate, RESPONSE, timbre)
        hertz = np.arange(RESPONSE // 2 + 1) * rate / RESPONSE
        for phone in self.utterance.phones:
            begin, end = phone.start // self.step - first, phone.end // self.step + 1 - first
            if phone.kind in CUTOFF_HZ and begin < last - first and end > 0:
                shaped[max(begin, 0) : end] += torch.from_numpy(muffle(hertz, CUTOFF_HZ[phone.kind])).float()
        return minimum_phase(shaped)


def source_of(utterance: Utterance, rate: int) -> Source:
    """Analyse a spoken line for songs at `rate` Hz."""
    speech, phones = utterance.speech, utterance.phones
    nuclei = [phones[group.nucleus] for group in utterance.syllables if phones[group.nucleus].kind.pitched]
    pcm = torch.from_numpy(speech.pcm.copy())
    level = rms(torch.cat([pcm[phone.start : phone.end] for phone in nuclei])) if nuclei else rms(pcm)
    envelope = analyse(speech.pcm, speech.rate, SPEECH_PITCH)
    return Source(utterance, envelope, consonants.noises(phones, speech, rate), level, hop(speech.rate, SPEECH_PITCH))
