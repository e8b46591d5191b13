"""What is heard in songs by their sound alone against their scores, clean and worn, beside librosa at its best."""

from __future__ import annotations

import io
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import librosa
import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from bench.ears.tempo import right_tempo
from bench.ears.tonality import chroma, heard_key, mirex
from bench.ears.wave import RATE as EAR_RATE
from bench.prompts import Prompt, prompts
from bench.table import Row, arguments, show
from bench.takes import render
from engine.hearing.contour import contour
from engine.hearing.frames import frames
from engine.hearing.listen import listen
from engine.hearing.salience import HOP_S, salience
from engine.hearing.texture import RATE
from engine.hearing.transcript import HeardChord, Transcript
from engine.separation.approximate import estimate
from engine.studio.kept import from_bytes
from engine.studio.known import known
from engine.studio.score import Score

# Prompts that nothing here was fitted to.
GROUPS, QUICK_SONGS, QUICK_S = (1, 5), 2, 20.0
WORKERS = 2
# A worn copy: MP3 at its lowest quality of encoding, noise, and a room.
NOISE_DB, ROOM_S, WET = -32.0, 0.8, 0.25
BEAT_S, PITCH = 0.07, 0.5
# Where the peer looks for a voice.
LOWEST_HZ, HIGHEST_HZ, PEER_HOP = 65.4, 1046.5, 512
SURE = 0.8

Audio = NDArray[np.float32]
Line = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """How near one copy of a song was heard, 0 to 1 each; `line` only where somebody sings. `cost_s` of processor."""

    tempo: float
    beats: float
    metre: float
    key: float
    sure: float
    chords: float
    line: float | None
    cost_s: float


@dataclass(frozen=True)
class Song:
    seconds: float
    clean: Heard
    worn: Heard
    peer: Heard


def work(prompt: Prompt, duration: float | None = None) -> Song:
    """Render a song, or `duration` seconds of it, and hear it in three ways."""
    torch.set_num_threads(1)
    take = render(prompt, duration=duration).take
    kept = from_bytes(take.score or b"")
    truth = known(kept, take.audio)
    copy = worn(take.audio)
    # The voice is estimated once, for us and for the peer.
    clean, used = (estimate(each)["vocals"] if kept.score.voice else None for each in (take.audio, copy))
    return Song(
        seconds=truth.duration,
        clean=_ours(take.audio, clean, truth, kept.score),
        worn=_ours(copy, used, truth, kept.score),
        peer=_peer(take.audio, clean, truth, kept.score),
    )


def worn(audio: Audio) -> Audio:
    """`audio` in a room, with noise, through MP3."""
    generator = np.random.default_rng(1)
    at = np.arange(round(ROOM_S * RATE)) / RATE
    room = generator.normal(0, 1, (2, len(at))) * 10 ** (-3 * at / ROOM_S)
    size = 1 << (audio.shape[1] + len(at)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(room, size))[:, : audio.shape[1]]
    wet *= WET * np.abs(audio).max() / max(float(np.abs(wet).max()), 1e-9)
    sound = audio + wet + generator.normal(0, 10 ** (NOISE_DB / 20) * float(audio.std()), audio.shape)
    file = io.BytesIO()
    soundfile.write(file, 0.7 * sound.T / np.abs(sound).max(), RATE, format="MP3", compression_level=0.9)
    file.seek(0)
    back, _ = soundfile.read(file, dtype="float32")
    return np.ascontiguousarray(back.T[:, : audio.shape[1]])


def _ours(audio: Audio, voice: Audio | None, truth: Transcript, score: Score) -> Heard:
    begin = time.process_time()
    found = listen(audio)
    cost = time.process_time() - begin
    sung = _sung(score, truth.duration)
    line = None
    if voice is not None and sung.any():
        heard = contour(*salience(frames(voice).mono, found.tonality.tuning))
        line = _agreement(np.asarray(heard.pitch, np.float64), sung)
    key = mirex((truth.tonality.tonic, truth.tonality.minor), (found.tonality.tonic, found.tonality.minor))
    return Heard(
        tempo=float(right_tempo(truth.pulse.bpm, found.pulse.bpm)),
        beats=_hits(truth.pulse.beats, found.pulse.beats),
        metre=float(found.pulse.timesignature == truth.pulse.timesignature),
        key=key,
        sure=found.tonality.confidence,
        chords=_chords(truth.chords, found.chords),
        line=line,
        cost_s=cost,
    )


def _peer(audio: Audio, voice: Audio | None, truth: Transcript, score: Score) -> Heard:
    """librosa: its beat tracker over its onset strength, chroma by the same profiles, pYIN on the same voice."""
    mono = librosa.resample(audio.mean(axis=0), orig_sr=RATE, target_sr=EAR_RATE)
    begin = time.process_time()
    envelope = librosa.onset.onset_strength(y=mono, sr=EAR_RATE, aggregate=np.median)
    bpm, frames_at = librosa.beat.beat_track(onset_envelope=envelope, sr=EAR_RATE, trim=False)
    heard = heard_key(chroma(mono))
    sung = _sung(score, truth.duration)
    cost, line = time.process_time() - begin, None
    if voice is not None and sung.any():
        alone = librosa.resample(voice.mean(axis=0), orig_sr=RATE, target_sr=EAR_RATE)
        begin = time.process_time()
        hz, _, _ = librosa.pyin(
            alone, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, sr=EAR_RATE, fill_na=None,
            hop_length=PEER_HOP,
        )  # fmt: skip
        cost += time.process_time() - begin
        places = np.minimum(np.round(np.arange(len(sung)) * HOP_S * EAR_RATE / PEER_HOP).astype(int), len(hz) - 1)
        line = _agreement(np.asarray(librosa.hz_to_midi(hz)[places], np.float64), sung)
    return Heard(
        tempo=float(right_tempo(truth.pulse.bpm, float(np.ravel(bpm)[0]))),
        beats=_hits(truth.pulse.beats, librosa.frames_to_time(frames_at, sr=EAR_RATE)),
        metre=0.0,
        key=mirex((truth.tonality.tonic, truth.tonality.minor), heard),
        sure=0.0,
        chords=0.0,
        line=line,
        cost_s=cost,
    )


def _sung(score: Score, duration: float) -> Line:
    """The pitch that is sung at each of the line's moments, 0 where none is."""
    times = np.arange(int(duration / HOP_S) + 1) * HOP_S
    line = np.zeros(len(times))
    for sung in score.voice:
        for note in sung.notes:
            inside = (times >= score.seconds(note.start)) & (times < score.seconds(note.start + note.length))
            line[inside] = 0.0 if sung.spoken else note.pitch
    return line


def _agreement(heard: Line, sung: Line) -> float:
    """Raw pitch accuracy: share of the sung moments heard within half a semitone."""
    length = min(len(heard), len(sung))
    voiced = sung[:length] > 0
    return float((np.abs(heard[:length] - sung[:length])[voiced] <= PITCH).mean())


def _hits(truth: Sequence[float], found: Sequence[float] | NDArray[np.float64]) -> float:
    """F-measure of beats within 70 ms; every second one, or those between as well, counts as `right_tempo` does not."""
    if not len(truth) or not len(found):
        return 0.0
    apart = np.abs(np.asarray(truth)[:, None] - np.asarray(found)[None])
    recall, precision = (apart.min(axis=1) <= BEAT_S).mean(), (apart.min(axis=0) <= BEAT_S).mean()
    return float(2 * recall * precision / max(recall + precision, 1e-9))


def _chords(truth: Sequence[HeardChord], found: Sequence[HeardChord]) -> float:
    """Share of the time in which root and mode are right; a chord without a third has either mode."""
    right = total = 0.0
    for one in truth:
        if one.root is None:
            continue
        total += one.end - one.start
        for other in found:
            overlap = min(one.end, other.end) - max(one.start, other.start)
            modes = _mode(one), _mode(other)
            if overlap > 0 and one.root == other.root and (None in modes or modes[0] == modes[1]):
                right += overlap
    return right / max(total, 1e-9)


def _mode(chord: HeardChord) -> bool | None:
    steps = {(tone - (chord.root or 0)) % 12 for tone in chord.tones}
    return True if 3 in steps and 4 not in steps else False if 4 in steps else None


def main() -> None:
    args = arguments(__doc__ or "")
    asked = [prompt for prompt in prompts() if prompt.group in GROUPS]
    asked = asked[:: len(asked) // QUICK_SONGS][:QUICK_SONGS] if args.quick else asked
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool:
        songs = list(pool.map(partial(work, duration=QUICK_S if args.quick else None), asked))
    show(rows(songs), as_object=args.json)


def rows(songs: Sequence[Song]) -> list[Row]:
    """The table."""
    made: list[Row] = []

    def add(name: str, unit: str, target: float, part: Callable[[Heard], float | None], *, peer: bool = True) -> None:
        for kind, copies in (("", [s.clean for s in songs]), (", worn", [s.worn for s in songs])):
            value = _mean([part(each) for each in copies])
            wanted = target if not kind else None
            made.append(Row(f"{name}{kind}", value, unit, wanted, "absolute", wanted is None or value >= wanted))
        if peer:
            theirs = _mean([part(song.peer) for song in songs])
            ours = _mean([part(song.clean) for song in songs])
            made.append(
                Row(f"{name}, against librosa", ours / max(theirs, 1e-9), "times", 1.0, "ratio", ours >= theirs)
            )

    add("tempo within 4 %", "of songs", 0.95, lambda heard: heard.tempo)
    add("beats within 70 ms", "F-measure", 0.9, lambda heard: heard.beats)
    add("metre", "of songs", 0.9, lambda heard: heard.metre, peer=False)
    add("key", "MIREX score", 0.9, lambda heard: heard.key)
    add("keys that it is sure of", "right", 0.8, lambda heard: float(heard.key == 1) if heard.sure >= SURE else None,
        peer=False)  # fmt: skip
    add("chords, root and mode", "of the time", 0.8, lambda heard: heard.chords, peer=False)
    add("sung line, raw pitch accuracy", "of the time", 0.83, lambda heard: heard.line)
    seconds = sum(song.seconds for song in songs)
    ours, theirs = (sum(each) for each in zip(*((s.clean.cost_s, s.peer.cost_s) for s in songs), strict=True))
    made.append(Row("cost, against librosa", ours / theirs, "times", 1.0, "ratio", ours <= theirs))
    made.append(Row("cost of a minute", 60 * ours / seconds, "s", None, "absolute", ok=True))
    return made


def _mean(values: Sequence[float | None]) -> float:
    known_values = [value for value in values if value is not None]
    return float(np.mean(known_values)) if known_values else 0.0


if __name__ == "__main__":
    main()
