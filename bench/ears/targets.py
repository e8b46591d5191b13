"""What the songs must reach, as rows of a table: each share and worst case over all that were heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from bench.ears import genre, notes, variety
from bench.ears.edits import SAME_DB, Edited
from bench.ears.hearing import LINE_S, OUT_OF_TUNE_CENTS, TONIC_ONLY, Heard
from bench.table import Row

# What two seeds are to differ in, and from what distance on they do.
APART: tuple[tuple[str, Callable[[notes.Notes, notes.Notes], float], float], ...] = (
    ("melody", variety.melodies, variety.MELODY),
    ("progression", variety.progressions, variety.PROGRESSION),
    ("groove", variety.grooves, variety.GROOVE),
)


def sound(songs: Sequence[Heard]) -> list[Row]:
    """Tempo, key, length, level and colour."""
    clear = [song.in_key for song in songs if song.prompt.preset not in TONIC_ONLY]
    blurred = [song.in_key for song in songs if song.prompt.preset in TONIC_ONLY]
    understood = [song.taken_for == song.prompt.preset for song in songs]
    return [
        _least("tempo heard within 4 %", share(song.in_tempo for song in songs), "of songs", 0.95),
        *([_least("key, MIREX score", float(np.mean(clear)), "", 0.9)] if clear else []),
        *([_least("tonic of blues, jazz, metal", float(np.mean(blurred)), "of songs", 0.9)] if blurred else []),
        _most("length off, worst", 1000 * max(abs(song.duration_off) for song in songs), "ms", 20),
        _most("loudness off -14 LUFS, worst", max(abs(song.lufs + 14) for song in songs), "LU", 0.5),
        _most("true peak, worst", max(song.peak_db for song in songs), "dBTP", -1.0),
        _most("gap inside, worst", max(song.gap_s for song in songs), "s", 1.0),
        _most("below -60 dBFS, worst", max(song.silent for song in songs), "of the song", 0.03),
        _most("stems' sum off the mix, worst", max(song.stems_db for song in songs), "dBFS", -80),
        _least("energy below 150 Hz in the genre's band", share(song.in_band for song in songs), "of songs", 1.0),
        _least("caption understood as its genre", share(understood), "of songs", 0.95),
    ]


def singing(songs: Sequence[Heard]) -> list[Row]:
    """The voice, where there is one."""
    sung = [song for song in songs if song.sung]
    if not sung:
        return []
    cents = np.concatenate([song.cents for song in sung])
    lines = np.concatenate([song.lines_off for song in sung])
    words = np.concatenate([song.words_off for song in sung])
    chance = float(np.quantile(np.concatenate([song.chance_off for song in sung]), 0.9))
    return [
        _most("sung notes, median off", float(np.median(cents)), "cents", 10),
        _most("sung notes over 50 cents off", float(np.mean(cents > OUT_OF_TUNE_CENTS)), "of notes", 0.02),
        _least("lines within 20 ms", float(np.mean(lines <= LINE_S)), "of lines", 0.98),
        _most("words off, p90", 1000 * float(np.quantile(words, 0.9)), "ms", 60),
        Row("words off, p90 by chance", 1000 * chance, "ms", None, "absolute", ok=True),
    ]


def pairs(songs: Sequence[Heard], twins: Mapping[str, bytes]) -> dict[str, tuple[float, ...]]:
    """How far each song lies from its other seed, whose MIDI is in `twins`: in melody, progression and groove."""
    scores = {song.prompt.name: notes.read(song.midi) for song in songs if song.prompt.name in twins}
    return {name: tuple(apart(scores[name], notes.read(midi)) for _, apart, _ in APART) for name, midi in twins.items()}


def difference(songs: Sequence[Heard], twins: Mapping[str, tuple[float, ...]], digests: Mapping[str, str]) -> list[Row]:
    """What another seed changes (`pairs`), what another verse does, and what doing it again must not."""
    rows = [
        _least(f"two seeds differ in {what}", share(pair[at] > least for pair in twins.values()), "of pairs", 0.95)
        for at, (what, _, least) in enumerate(APART)
        if twins
    ]
    verses = [song.verses for song in songs if song.verses is not None]
    if verses:
        rows.append(_least("verse 2 differs", share(off > variety.VERSE for off in verses), "of songs", 0.95))
    by_name = {song.prompt.name: song for song in songs}
    changed = sum(by_name[name].digest != digest for name, digest in digests.items())
    rows.append(_most(f"other bytes from the same seed, of {len(digests)}", changed, "songs", 0))
    return rows


def edits(songs: Sequence[Edited]) -> list[Row]:
    """What retakes, repaints and extensions change, and what they must not."""
    if not songs:
        return []
    return [
        _most("retake at variance 0, worst difference", max(song.at_zero_db for song in songs), "dBFS", SAME_DB),
        _least("retake, change over variance, worst Spearman", min(song.rank for song in songs), "", 0.9),
        _most("repaint outside its region, worst", max(song.outside_db for song in songs), "dBFS", SAME_DB),
        _least("repaint inside its region, least", min(song.inside_db for song in songs), "dBFS", -30),
        _most("extension differs before the outro by", max(song.early_s for song in songs), "s", 0),
    ]


def told_apart(songs: Sequence[Heard], *, verbose: bool) -> list[Row]:
    """Genres by ear, each prompt judged by ears that learnt from the others."""
    labels = [song.prompt.preset for song in songs]
    guessed = genre.told_apart([song.features for song in songs], labels, [song.prompt.group for song in songs])
    if verbose:
        for name in dict.fromkeys(labels):
            taken = Counter(guess for guess, label in zip(guessed, labels, strict=True) if label == name)
            print(f"  {name:<12} heard as {', '.join(f'{guess} {count}' for guess, count in taken.most_common())}")
    right = share(guess == label for guess, label in zip(guessed, labels, strict=True))
    return [_least("genre told by ear, unseen prompts", right, "of songs", 0.85)]


def cost(songs: Sequence[Heard]) -> list[Row]:
    """Processor time of a song as a share of its length, planning and singer included."""
    rows = []
    for name, sung, target in (("with vocals", True, 0.05), ("without", False, 0.01)):
        found = [song.cost for song in songs if song.sung == sung]
        if found:
            value = float(np.median(found))
            rows.append(Row(f"cost {name}, median", value, "of its length", target, "absolute", value <= target))
    return rows


def share(found: Iterable[bool]) -> float:
    return float(np.mean([*found]))


def _least(name: str, value: float, unit: str, target: float) -> Row:
    return Row(name, value, unit, target, "ratio", value >= target)


def _most(name: str, value: float, unit: str, target: float) -> Row:
    return Row(name, value, unit, target, "ratio", value <= target)
