"""Singers on one phrase: each with a pitch, a voice and a pulse of their own, all with the same words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.voice import pitch
from engine.studio.voice.choir import together
from engine.studio.voice.consonants import copy
from engine.studio.voice.dynamics import effort
from engine.studio.voice.envelope import DECIBEL
from engine.studio.voice.gate import STEP_HZ, at_rate, gate, near
from engine.studio.voice.loudness import VOWEL_RMS, emphasised, evenness, rms, vowels
from engine.studio.voice.phrase import Phrase
from engine.studio.voice.pitch import CONTROL_HZ, SungPitch
from engine.studio.voice.source import Source
from engine.studio.voice.timbre import Timbre
from engine.studio.voice.timing import Placed
from engine.studio.voice.vocoder import Pulses, pulse_times, render

MARGIN_S = 0.05
PEAK = 0.95
# Speech lives on its consonants: how much louder they are than in singing.
SPOKEN_NOISE = 1.25
# What consonants are measured against where no voice sounds.
WHISPERED_RMS = 0.1


def seed_of(seed: int, *names: str) -> int:
    """A seed of what `names` name."""
    digest = hashlib.blake2b(f"{seed}/{'/'.join(names)}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def perform(
    phrase: Phrase, placed: Sequence[Placed], source: Source, singers: Sequence[Timbre], seed: int, rate: int
) -> tuple[float, Tensor]:
    """Sound a phrase -> (seconds of its first sample, float32 [samples])."""
    utterance, plan = phrase.utterance, phrase.plan
    first = int(max(placed[0].start - MARGIN_S, 0.0) * rate)
    origin = first / rate
    length = placed[-1].end + MARGIN_S - origin
    samples = int(length * rate)
    random = np.random.default_rng(seed_of(seed, singers[0].name, phrase.key, "effort"))
    efforts = effort(plan.notes, plan.line.section, origin, length, random, spoken=plan.spoken)
    gates = gate(utterance.phones, placed, origin, length)
    course = source.course(placed)

    def sung(timbre: Timbre) -> Tensor:
        key = seed_of(seed, timbre.name, phrase.key)
        times = pulse_times(_pitch(phrase, placed, origin, length, timbre, np.random.default_rng(key)))
        times, periods = times[:-1], np.diff(times)
        heard = (times < length - 0.002) & near(gates, times)
        if not heard.any():
            return torch.zeros(samples)
        # A period is as long as the pitch says, even where none follows it before a rest.
        times, periods = times[heard], periods[heard]
        frames = np.interp(times + origin, course[0], course[1])
        strain = np.interp(times, np.arange(len(efforts)) / CONTROL_HZ, efforts)
        generator = torch.Generator().manual_seed(key)
        pulses = Pulses(times, periods, frames, strain)
        return render(partial(source.filters, timbre, rate), pulses, samples, rate, timbre, generator)

    apart = seed_of(seed, phrase.key, "apart")
    opened = at_rate(gates, STEP_HZ, samples, rate)
    voice = together([sung(timbre) * opened for timbre in singers], apart, rate)
    voice *= VOWEL_RMS / max(rms(emphasised(voice)), 1e-9)
    gains = evenness(voice, utterance, placed, origin, rate, spoken=plan.spoken)
    voice *= _gain(gains, samples, rate)
    voice *= VOWEL_RMS / max(vowels(emphasised(voice), utterance, placed, origin, rate), 1e-9)
    level = max(rms(voice), VOWEL_RMS) if bool(voice.any()) else WHISPERED_RMS
    noise = torch.zeros(samples)
    copy(
        noise, utterance.phones, placed, source.noises, utterance.speech.rate, rate, origin,
        source.level, level * (SPOKEN_NOISE if plan.spoken else 1.0),
    )  # fmt: skip
    voice += together([noise] * len(singers), apart, rate)
    voice *= _gain(efforts, samples, rate)
    return origin, voice * min(1.0, PEAK / max(float(voice.abs().max()), 1e-9))


def _gain(decibels: NDArray[np.float64], samples: int, rate: int) -> Tensor:
    return at_rate(np.exp(decibels * DECIBEL), CONTROL_HZ, samples, rate)


def _pitch(
    phrase: Phrase, placed: Sequence[Placed], origin: float, length: float, timbre: Timbre, random: np.random.Generator
) -> NDArray[np.float64]:
    """Hz at CONTROL_HZ."""
    notes = phrase.plan.notes
    if not phrase.plan.spoken:
        held = []
        before = -1
        for note in notes:
            slurred = note.syllable == before
            held.append(SungPitch(note.midi, note.start - origin, note.end - origin, slurred=slurred))
            before = note.syllable
        return pitch.sung(tuple(held), length, timbre, random)
    midi = {note.syllable: note.midi for note in reversed(notes)}
    vowel = {piece.index: piece for piece in placed}
    said = []
    for number, syllable in enumerate(phrase.utterance.syllables):
        piece = vowel[syllable.nucleus]
        said.append(SungPitch(midi[number], piece.start - origin, piece.end - origin, syllable.stress))
    return pitch.spoken(tuple(said), length, random)
