"""One song, heard with every ear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.ears import genre, level, notes, singing, tempo, tonality, variety
from bench.ears.tonality import Key
from bench.ears.wave import at_rate
from bench.prompts import Prompt
from bench.takes import Rendered, presets

# Where the third is blue or left out, only the tonic is asked for.
TONIC_ONLY = frozenset({"Blues", "Jazz", "Metal"})
LINE_S, WORD_S = 0.02, 0.06
OUT_OF_TUNE_CENTS = 50.0


@dataclass(frozen=True)
class Heard:
    """What was asked of one song and what is heard. Arrays have an entry a note, a line or a word; times in seconds."""

    prompt: Prompt
    taken_for: str | None
    bpm: float
    heard_bpm: float | None
    timesignature: str
    key: Key
    heard_key: Key
    duration_off: float
    lufs: float
    peak_db: float
    gap_s: float
    silent: float
    stems_db: float
    low: float
    stems: tuple[str, ...]
    cents: NDArray[np.float64]
    lines_off: NDArray[np.float64]
    words_off: NDArray[np.float64]
    chance_off: NDArray[np.float64]
    verses: float | None
    features: genre.Features
    cost: float
    digest: str
    midi: bytes

    @property
    def in_tempo(self) -> bool:
        """The tempo is heard right."""
        return tempo.right_tempo(self.bpm, self.heard_bpm)

    @property
    def in_key(self) -> float:
        """MIREX's score of the key; for genres that blur the mode, 1 or 0 for the tonic."""
        if self.prompt.preset in TONIC_ONLY:
            return float(self.key[0] == self.heard_key[0])
        return tonality.mirex(self.key, self.heard_key)

    @property
    def in_band(self) -> bool:
        """The energy below 150 Hz is what the preset calls right."""
        least, most = presets()[self.prompt.preset].bass_band
        return least <= self.low <= most

    @property
    def sung(self) -> bool:
        """Somebody sings."""
        return len(self.lines_off) > 0


def hear(prompt: Prompt, song: Rendered) -> Heard:
    """Every measure of a finished song. The score is looked at only for what was written, never to help an ear."""
    take, rate = song.take, song.take.sample_rate
    audio = at_rate(take.audio, rate)
    score = notes.read(take.midi or b"")
    gap_s, silent = level.silence(take.audio, rate)
    cents, lines_off, words_off, chance_off = (np.empty(0) for _ in range(4))
    if song.lines and "vocals" in take.stems:
        voice = take.stems["vocals"]
        cents = singing.cents_off(voice, rate, _pitched(prompt, score), score.quarter_s)
        onsets = singing.onsets(voice, rate, song.lines)
        lines_off = singing.apart([line.start for line in song.lines], onsets)
        words = np.asarray([word.start for line in song.lines for word in line.words[1:]])
        words_off = singing.apart(words, onsets)
        elsewhere = np.random.default_rng(prompt.seed).uniform(0.2, 1.0, len(words))
        chance_off = singing.apart(words + elsewhere, onsets)
    return Heard(
        prompt=prompt,
        taken_for=song.plan.genre_preset,
        bpm=take.bpm,
        heard_bpm=tempo.heard_tempo(audio),
        timesignature=take.timesignature,
        key=tonality.key_of(take.keyscale),
        heard_key=tonality.heard_key(tonality.chroma(audio)),
        duration_off=take.audio.shape[1] / rate - prompt.seconds,
        lufs=level.loudness(take.audio, rate),
        peak_db=level.true_peak(take.audio),
        gap_s=gap_s,
        silent=silent,
        stems_db=level.stems_off(take.audio, take.stems),
        low=level.low_share(take.audio, rate),
        stems=tuple(take.stems),
        cents=cents,
        lines_off=lines_off,
        words_off=words_off,
        chance_off=chance_off,
        verses=variety.verses(score),
        features=genre.features(audio, take.bpm),
        cost=song.cost_s / prompt.seconds,
        digest=song.digest,
        midi=take.midi or b"",
    )


def _pitched(prompt: Prompt, score: notes.Notes) -> list[notes.Note]:
    """The notes that are sung, not spoken: where a genre raps, those of the choruses."""
    sung = list(score.of("Vocals"))
    if not presets()[prompt.preset].rap:
        return sung
    hooks = [section for section in score.sections if section.kind == "chorus"]
    return [note for note in sung if any(hook.start <= note.start < hook.end for hook in hooks)]
