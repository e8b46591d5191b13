"""When each phoneme sounds: consonants before the beat, vowels on it, and only the steady part of vowels stretched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.studio.voice.phones import Group, Kind, Phone

ONSET_AT_MOST_S = 0.2
CODA_AT_MOST_S = 0.17
# Of a note that runs into the next: how much the next one's opening consonants may take, and its own closing ones;
# more where they could not be heard otherwise.
ONSET_SHARE, ONSET_SHARE_AT_MOST = 0.3, 0.45
CODA_SHARE, CODA_SHARE_AT_MOST = 0.3, 0.4
# The shortest of each kind that is still heard.
HEARD_S = {
    Kind.VOWEL: 0.04,
    Kind.SONORANT: 0.035,
    Kind.VOICED_FRICATIVE: 0.04,
    Kind.VOICED_STOP: 0.03,
    Kind.FRICATIVE: 0.05,
    Kind.STOP: 0.03,
}
# Speech stretches its syllables little: at the end of a word, inside it, and at the end of the line. What is left is a
# rest, unless it is so short that it would only sound like a stumble.
SPOKEN_STRETCH, SPOKEN_WORD_STRETCH, SPOKEN_END_STRETCH = 1.0, 1.3, 1.7
STUMBLE_S = 0.07
STEADY_DB = 2.5
QUIET_DB = 25.0
QUIET_SHARE = 0.15


@dataclass(frozen=True)
class Placed:
    """Phone `index` of the utterance sounds from `start` to `end`, in seconds."""

    index: int
    start: float
    end: float


def _natural(phones: Sequence[Phone], indices: Sequence[int], rate: int) -> float:
    return sum(phones[index].end - phones[index].start for index in indices) / rate


def _room(wanted: float, least: float, share: float, at_most: float, length: float) -> float:
    """Seconds that consonants get of a note `length` long: what they want, up to a share that grows with their need."""
    return min(wanted, max(share * length, min(least, at_most * length)))


def _least(phones: Sequence[Phone], indices: Sequence[int]) -> float:
    return sum(HEARD_S[phones[index].kind] for index in indices)


def onset_seconds(phones: Sequence[Phone], syllable: Group, rate: int) -> float:
    """How long the consonants before a syllable's vowel want to be."""
    return min(_natural(phones, syllable.onset, rate), ONSET_AT_MOST_S)


def place(
    phones: Sequence[Phone],
    syllables: Sequence[Group],
    spans: Sequence[tuple[float, float]],
    rate: int,
    earliest: float,
    latest: float,
    *,
    spoken: bool = False,
) -> tuple[Placed, ...]:
    """Put every phone in time, in order and without overlap.

    spans: (start, end) seconds of each syllable's notes, in order; rate: of the phones' samples;
    earliest, latest: seconds between which the phrase must sound (the neighbours' time);
    spoken: syllables last about as long as they were spoken, and rest until the next one starts.
    """
    found: list[Placed] = []

    def lay(indices: Sequence[int], start: float, end: float) -> None:
        lengths = np.array([phones[index].end - phones[index].start for index in indices], dtype=np.float64)
        edges = start + (end - start) * np.concatenate(([0.0], np.cumsum(lengths) / lengths.sum()))
        found.extend(Placed(index, a, b) for index, a, b in zip(indices, edges[:-1], edges[1:], strict=True))

    def opening(number: int) -> float:
        """Seconds that the consonants of a syllable get before its note."""
        wanted = onset_seconds(phones, syllables[number], rate)
        start = spans[number][0]
        if number == 0:
            return max(0.0, min(wanted, start - earliest))
        before, until = spans[number - 1]
        rest = start - until
        least = _least(phones, syllables[number].onset)
        return rest + _room(wanted - rest, least - rest, ONSET_SHARE, ONSET_SHARE_AT_MOST, until - before)

    for number, syllable in enumerate(syllables):
        start, end = spans[number]
        if syllable.onset:
            lay(syllable.onset, start - opening(number), start)
        final = number + 1 == len(syllables)
        end = max(min(end, latest), start + 0.05) if final else min(end, spans[number + 1][0] - opening(number + 1))
        coda = _natural(phones, syllable.coda, rate)
        if spoken:
            inside = not final and syllables[number + 1].word == syllable.word
            stretch = SPOKEN_END_STRETCH if final else SPOKEN_WORD_STRETCH if inside else SPOKEN_STRETCH
            natural = stretch * _natural(phones, (syllable.nucleus,), rate) + coda
            end = end if end - start - natural < STUMBLE_S else start + natural
        if not (phones[syllable.nucleus].kind.pitched or phones[syllable.nucleus].kind.buzzes):
            # Without a voice there is nothing to hold: "psst" is over when it has been said.
            end = min(end, start + _natural(phones, (syllable.nucleus,), rate) + coda)
        least = _least(phones, syllable.coda)
        coda = _room(min(coda, CODA_AT_MOST_S), least, CODA_SHARE, CODA_SHARE_AT_MOST, end - start)
        lay((syllable.nucleus,), start, end - coda)
        if syllable.coda:
            lay(syllable.coda, end - coda, end)
    return tuple(found)


def warp(phone: Phone, placed: Placed, hop: int, rate: int, spectra: NDArray[np.float64]) -> NDArray[np.float64]:
    """How a sung phone runs through its speech -> float64 [2, points]: seconds, and source frames (of `hop` samples).

    spectra: dB [source frames, bands]. Stretching goes where the sound stands still and is loud; a diphthong is held on
    its first vowel; the way in and out keeps its speed. A phone shorter than spoken runs faster throughout.
    """
    first, last = phone.start / hop, phone.end / hop
    target = placed.end - placed.start
    natural = (phone.end - phone.start) / rate
    if last - first < 4:
        return np.array([[placed.start, placed.end], [first, last]])
    points = np.linspace(first, last, max(int(last - first) + 1, 5))
    middle = (points[1:] + points[:-1]) / 2
    nearest = np.clip(np.round(middle).astype(int), 1, len(spectra) - 2)
    level = spectra[nearest].max(1)
    loud = level > level.max() - QUIET_DB
    steps = np.diff(points) * hop / rate
    if target <= natural:
        # A short vowel must still be heard: the silence before a stop yields first.
        quiet = min(float(steps[~loud].sum()) / natural, QUIET_SHARE)
        shares = np.where(loud, (1.0 - quiet) / loud.sum(), quiet / max((~loud).sum(), 1))
        lengths = target * shares
    else:
        flux = np.abs(spectra[nearest + 1] - spectra[nearest - 1]).mean(1)
        # Positions count over what is heard: a stop's silence at the end is no part of the vowel.
        heard = np.cumsum(loud) / loud.sum()
        fall = (0.4, 0.6) if phone.glides else (0.6, 0.8)
        weight = np.exp(-((flux / STEADY_DB) ** 2)) * loud
        weight *= np.clip((heard - 0.08) / 0.17, 0.0, 1.0) * np.clip((fall[1] - heard) / (fall[1] - fall[0]), 0.0, 1.0)
        weight += 1e-3
        lengths = steps + (target - natural) * weight / weight.sum()
    seconds = placed.start + np.concatenate(([0.0], np.cumsum(lengths)))
    return np.stack((seconds, points))
