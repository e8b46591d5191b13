"""Singing: lines of lyrics on notes, as sound."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.spec.protocol import LineTime, WordTime
from engine.studio.score import LyricLine
from engine.studio.voice.consonants import copy
from engine.studio.voice.envelope import BINS, DECIBEL, analyse, hop, minimum_phase, muffle, shape
from engine.studio.voice.espeak import Speaker
from engine.studio.voice.phones import Kind
from engine.studio.voice.pitch import SungPitch, pitch_curve
from engine.studio.voice.read import SPEECH_PITCH, Utterance, utter
from engine.studio.voice.timbre import TIMBRES, Timbre
from engine.studio.voice.timing import Placed, onset_seconds, place, warp
from engine.studio.voice.vocoder import RESPONSE, pulse_times, render

# RMS of the vowels, after the emphasis that stands in for the ear.
VOWEL_RMS = 0.022
EMPHASIS = 0.9
EVENNESS = 0.75
EVENED_AT_MOST_DB = 9.0
STRESS_DB = (-1.5, 0.0, 0.8)
EFFORT_DB = {"chorus": 1.0, "bridge": 0.5, "verse": 0.0, "intro": -0.5, "outro": -0.5}
CUTOFF_HZ = {Kind.VOICED_FRICATIVE: 1200.0, Kind.VOICED_STOP: 500.0}
ATTACK_S = 0.012
RELEASE_S = 0.06
JOIN_S = 0.01
APART_S = 0.02
MARGIN_S = 0.05
PEAK = 0.95
AUDIBLE = 0.01


@dataclass(frozen=True)
class PhraseNote:
    """A note to sing: MIDI pitch, seconds of the song, and which of the line's syllables it carries."""

    midi: float
    start: float
    end: float
    syllable: int


@dataclass(frozen=True)
class PhrasePlan:
    """A line of lyrics set to notes. Every syllable has at least one note; notes are in order and don't overlap.

    `spoken`: said in rhythm, as in rap: the voice falls through each note instead of holding it, without vibrato.
    """

    line: LyricLine
    notes: tuple[PhraseNote, ...]
    spoken: bool = False


@dataclass(frozen=True, eq=False)
class Sung:
    """`audio`: float32 [samples], mono; `lines`: the lines in song order, with times as they sound."""

    audio: NDArray[np.float32]
    lines: tuple[LineTime, ...]


@dataclass(frozen=True, eq=False)
class _Phrase:
    plan: PhrasePlan
    utterance: Utterance
    spans: tuple[tuple[float, float], ...]
    key: str


def _spans(plan: PhrasePlan, syllables: int) -> tuple[tuple[float, float], ...]:
    """Start and end of each syllable. Raises ValueError where the notes don't fit the line."""
    starts, ends = [-1.0] * syllables, [-1.0] * syllables
    before = None
    for note in plan.notes:
        if not 0 <= note.syllable < syllables:
            raise ValueError(f"{plan.line.text!r} has no syllable {note.syllable}")
        if note.end <= note.start:
            raise ValueError(f"a note of {plan.line.text!r} ends before it starts")
        if before is not None and (note.start < before.end - 1e-6 or note.syllable - before.syllable not in (0, 1)):
            raise ValueError(f"the notes of {plan.line.text!r} are not in order")
        if starts[note.syllable] < 0:
            starts[note.syllable] = note.start
        ends[note.syllable] = note.end
        before = note
    if min(starts, default=0.0) < 0:
        raise ValueError(f"a syllable of {plan.line.text!r} has no note")
    return tuple(zip(starts, ends, strict=True))


def _prepare(plans: Sequence[PhrasePlan], language: str, speaker: Speaker) -> list[_Phrase]:
    seen: Counter[str] = Counter()
    found = []
    for plan in sorted(plans, key=lambda plan: plan.notes[0].start if plan.notes else 0.0):
        utterance = utter(plan.line.text, plan.line.language or language, speaker)
        if utterance is None:
            if plan.notes:
                raise ValueError(f"{plan.line.text!r} holds nothing to sing")
            continue
        # Lines that come again are sung anew; an inserted line changes no other.
        key = f"{plan.line.text}#{seen[plan.line.text]}"
        seen[plan.line.text] += 1
        found.append(_Phrase(plan, utterance, _spans(plan, len(utterance.syllables)), key))
    return found


def _seed(seed: int, timbre: Timbre, key: str) -> int:
    digest = hashlib.blake2b(f"{seed}/{timbre.name}/{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _emphasise(samples: Tensor) -> Tensor:
    return samples - EMPHASIS * torch.nn.functional.pad(samples, (1, 0))[:-1]


def _rms(samples: Tensor) -> float:
    return float(samples.double().square().mean().sqrt()) if len(samples) else 0.0


def _filters(phrase: _Phrase, envelope: Tensor, rate: int, timbre: Timbre) -> Tensor:
    """The singer's filter for each frame of the speech: complex64 [frames, RESPONSE / 2 + 1]."""
    shaped = shape(envelope, phrase.utterance.speech.rate, rate, RESPONSE, timbre)
    step = hop(phrase.utterance.speech.rate, SPEECH_PITCH)
    hertz = np.arange(RESPONSE // 2 + 1) * rate / RESPONSE
    for phone in phrase.utterance.phones:
        if phone.kind in CUTOFF_HZ:
            gain = torch.from_numpy(muffle(hertz, CUTOFF_HZ[phone.kind])).float()
            shaped[phone.start // step : phone.end // step + 1] += gain
    return minimum_phase(shaped)


def _gate(phrase: _Phrase, placed: Sequence[Placed], origin: float, samples: int, rate: int) -> Tensor:
    """1 while the voice sounds, 0 where it is silent or only noise is heard: float32 [samples]."""
    time, level = [-1.0], [0.0]
    runs: list[list[float]] = []
    for piece in placed:
        kind = phrase.utterance.phones[piece.index].kind
        if not (kind.pitched or kind.buzzes):
            continue
        if runs and piece.start - runs[-1][1] < 1e-6:
            runs[-1][1] = piece.end
        else:
            runs.append([piece.start, piece.end])
    ends = {round(piece.start, 6) for piece in placed}
    for start, end in runs:
        fall = JOIN_S if round(end, 6) in ends else RELEASE_S
        middle = (start + end) / 2
        time += [start - 0.002, min(start + ATTACK_S, middle), max(end - fall, middle), end + 0.004]
        level += [0.0, 1.0, 1.0, 0.0]
    seconds = origin + np.arange(samples) / rate
    ramp = np.interp(seconds, time, level)
    return torch.from_numpy(0.5 - 0.5 * np.cos(np.pi * ramp)).float()


def _even(voice: Tensor, phrase: _Phrase, placed: Sequence[Placed], origin: float, rate: int) -> Tensor:
    """Gain that brings every vowel near the same loudness, stressed ones a little above: float32 [samples]."""
    emphasised = _emphasise(voice)
    nuclei = {group.nucleus: group for group in phrase.utterance.syllables}
    times, gains = [], []
    for piece in placed:
        if piece.index not in nuclei:
            continue
        a, b = (round((t - origin) * rate) for t in (piece.start, piece.end))
        quarter = (b - a) // 5
        level = 20.0 * np.log10(max(_rms(emphasised[a + quarter : b - quarter]), 1e-6) / VOWEL_RMS)
        gain = np.clip(-EVENNESS * level, -EVENED_AT_MOST_DB, EVENED_AT_MOST_DB) + STRESS_DB[nuclei[piece.index].stress]
        middle = (piece.end - piece.start) * 0.25
        times += [piece.start + min(middle, 0.03), piece.end - min(middle, 0.03)]
        gains += [gain, gain]
    seconds = origin + np.arange(len(voice)) / rate
    return torch.from_numpy(np.exp(np.interp(seconds, times, gains) * DECIBEL)).float()


def _vowel_rms(voice: Tensor, phrase: _Phrase, placed: Sequence[Placed], origin: float, rate: int) -> float:
    """Loudness of a phrase: the RMS of its emphasised vowels, 0 where it has none."""
    emphasised = _emphasise(voice)
    nuclei = {group.nucleus for group in phrase.utterance.syllables}
    parts = [
        emphasised[round((piece.start - origin) * rate) : round((piece.end - origin) * rate)]
        for piece in placed
        if piece.index in nuclei
    ]
    return _rms(torch.cat(parts))


def _sound(phrase: _Phrase, placed: Sequence[Placed], rate: int, timbre: Timbre, seed: int) -> tuple[float, Tensor]:
    """Render a phrase -> (seconds of its first sample, float32 [samples])."""
    generator = torch.Generator().manual_seed(seed)
    random = np.random.default_rng(seed)
    speech, phones = phrase.utterance.speech, phrase.utterance.phones
    first = int(max(placed[0].start - MARGIN_S, 0.0) * rate)
    origin = first / rate
    length = placed[-1].end + MARGIN_S - origin
    samples = int(length * rate)

    envelope = analyse(speech.pcm, speech.rate, SPEECH_PITCH)
    step = hop(speech.rate, SPEECH_PITCH)
    bands = envelope[:, : 5000 * BINS // speech.rate : 4].double().numpy() / DECIBEL
    course = np.concatenate([warp(phones[p.index], p, step, speech.rate, bands) for p in placed], axis=1)

    notes = tuple(SungPitch(note.midi, note.start - origin, note.end - origin) for note in phrase.plan.notes)
    times = pulse_times(pitch_curve(notes, length, timbre, random, spoken=phrase.plan.spoken))
    gate = _gate(phrase, placed, origin, samples, rate)
    times = times[times < length - 0.002]
    # A response sounds for a while: periods that end before the voice opens are left out, no others.
    near = torch.nn.functional.max_pool1d(gate[None, None], 2 * (rate // 100) + 1, 1, rate // 100)[0, 0].numpy()
    times = times[near[np.minimum((times * rate).astype(int), samples - 1)] > 0]
    frames = np.interp(times + origin, course[0], course[1])
    if len(times):
        filters = _filters(phrase, envelope, rate, timbre)
        voice = render(filters, frames, times, samples, rate, timbre, generator) * gate
    else:
        voice = torch.zeros(samples)
    nuclei = [phones[group.nucleus] for group in phrase.utterance.syllables if phones[group.nucleus].kind.pitched]
    spoken = torch.from_numpy(speech.pcm.copy())
    reference = _rms(torch.cat([spoken[phone.start : phone.end] for phone in nuclei])) if nuclei else _rms(spoken)
    voice = voice * (VOWEL_RMS / max(_rms(_emphasise(voice)), 1e-9))
    voice = voice * _even(voice, phrase, placed, origin, rate)
    voice = voice * (VOWEL_RMS / max(_vowel_rms(voice, phrase, placed, origin, rate), 1e-9))
    copy(voice, phones, placed, speech, rate, origin, reference, max(_rms(voice), VOWEL_RMS))
    voice = voice * float(np.exp(EFFORT_DB.get(phrase.plan.line.section, 0.0) * DECIBEL))
    return origin, voice * min(1.0, PEAK / max(float(voice.abs().max()), 1e-9))


def _heard(phrase: _Phrase, placed: Sequence[Placed], origin: float, sound: Tensor, rate: int) -> LineTime:
    """When each word sounds. A word whose first consonant starts in silence starts when it can be heard."""
    block = rate // 1000
    peaks = sound[: len(sound) // block * block].abs().view(-1, block).amax(1).numpy()
    audible = np.flatnonzero(peaks > AUDIBLE * peaks.max()) * block / rate + origin
    words = []
    for number, text in enumerate(phrase.utterance.words):
        own = [piece for piece in placed if phrase.utterance.phones[piece.index].word == number]
        start, end = float(own[0].start), float(own[-1].end)
        later = audible[np.searchsorted(audible, start - (MARGIN_S if number == 0 else 0.0)) :]
        if len(later) and later[0] < end:
            start = float(later[0])
        words.append(WordTime(text, start, end))
    return LineTime(phrase.plan.line.text, words[0].start, words[-1].end, tuple(words))


def sing(
    phrases: Sequence[PhrasePlan], *, duration: float, seed: int, speaker: Speaker,
    timbre: str | Timbre = "female", language: str = "en", rate: int = 48000,
) -> Sung:  # fmt: skip
    """Sing `phrases` into `duration` seconds at `rate` Hz. The same arguments give the same samples on one machine.

    timbre: a name in `TIMBRES`, or a singer of your own. A backing voice is another call with other notes, timbre or
    seed: the speaker keeps the words. Vowels have an RMS near -21 dBFS; peaks stay below full scale; silence is 0.
    `language` is that of lines that name none. Raises `VoiceUnavailable`, and ValueError for notes that don't fit
    their line.
    """
    singer = TIMBRES[timbre] if isinstance(timbre, str) else timbre
    prepared = _prepare(phrases, language, speaker)
    audio = torch.zeros(round(duration * rate))
    lines = []
    free = 0.0
    for number, phrase in enumerate(prepared):
        latest = duration
        if number + 1 < len(prepared):
            coming = prepared[number + 1]
            words = coming.utterance
            opening = onset_seconds(words.phones, words.syllables[0], words.speech.rate)
            latest = min(duration, coming.spans[0][0] - opening - APART_S)
        utterance = phrase.utterance
        placed = place(utterance.phones, utterance.syllables, phrase.spans, utterance.speech.rate, free, latest)
        origin, sound = _sound(phrase, placed, rate, singer, _seed(seed, singer, phrase.key))
        lines.append(_heard(phrase, placed, origin, sound, rate))
        first = round(origin * rate)
        sound = sound[: max(len(audio) - first, 0)]
        audio[first : first + len(sound)] += sound
        free = placed[-1].end + APART_S
    return Sung(audio.numpy(), tuple(lines))
