"""The mix: what a listener, an editor and a producer with the stems would notice."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.audio.loudness import integrated_lufs, true_peak_db
from engine.spec.preset import Preset
from engine.studio.score import Note, Part, Score
from engine.studio.sound.mix import Mixed, mix
from engine.studio.sound.parts import Tones

RATE = 48_000
Audio = NDArray[np.float32]
PROGRESSION = (9, 5, 0, 7)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def preset(**given: Any) -> Preset:
    return Preset.model_validate(
        {"description": "t", "bpm": (100, 120), "reverb": 0.3, "bass_band": (0.15, 0.5), **given}
    )


def band(bars: int) -> tuple[Part, ...]:
    drums, bass, piano, pad, guitar = [], [], [], [], []
    for bar in range(bars):
        at, root = bar * 4.0, PROGRESSION[bar % 4]
        for beat in range(4):
            drums += [Note(at + beat, 0.2, 36 if beat % 2 == 0 else 38, 0.9), Note(at + beat, 0.2, 42, 0.6)]
            drums += [Note(at + beat + 0.5, 0.2, 42, 0.4)]
            bass += [Note(at + beat, 0.9, 33 + (root - 9) % 12, 0.8)]
            piano += [Note(at + beat, 0.8, 60 + (root + step) % 12, 0.5 + 0.1 * beat) for step in (0, 4, 7)]
        pad += [Note(at, 4.0, 60 + (root + step) % 12, 0.6) for step in (0, 4, 7)]
        guitar += [Note(at + 0.5 * n, 0.5, 52 + (root + (0, 7, 4, 7)[n % 4]) % 12, 0.6) for n in range(8)]
    return (
        Part("drums", "acoustic_kit", tuple(drums)),
        Part("bass", "electric_bass", tuple(bass)),
        Part("keyboard", "piano", tuple(piano), pan=0.2),
        Part("synth", "pad", tuple(pad)),
        Part("guitar", "steel_guitar", tuple(guitar), pan=-0.4),
        Part("guitar", "clean_guitar", tuple(guitar), gain_db=-3.0, pan=0.4),
    )


def score(seconds: float = 8.0, parts: Iterable[Part] | None = None) -> Score:
    chosen = band(int(seconds / 2) + 1) if parts is None else tuple(parts)
    return Score("t", "x", 1, 120.0, 9, True, "4/4", seconds, (), (), chosen)


def voice(seconds: float, start: float = 1.0, end: float = 3.0) -> Audio:
    t = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * 220 * n * t) / n for n in range(1, 20)) * 0.1
    return (tone * ((t >= start) & (t < end))).astype(np.float32)


def mixed(song: Score, chosen: Preset | None = None, voices: dict[str, Audio] | None = None, **given: Any) -> Mixed:
    return mix(song, chosen or preset(), voices or {}, lambda _: None, **given)


def low_share(audio: Audio) -> float:
    power = np.square(np.abs(np.fft.rfft(audio, axis=1)))
    edge = round(150 * audio.shape[1] / RATE)
    return float(power[:, :edge].sum() / power.sum())


def digest(result: Mixed) -> str:
    whole = hashlib.sha256(result.audio.tobytes())
    for name in sorted(result.stems):
        whole.update(result.stems[name].tobytes())
    return whole.hexdigest()


def test_a_song_is_exactly_as_long_as_it_says_loud_enough_and_ends_in_silence() -> None:
    song = score(7.123)
    result = mixed(song)
    assert result.audio.shape == (2, round(7.123 * RATE))
    assert result.audio.dtype == np.float32
    assert np.isfinite(result.audio).all()
    assert integrated_lufs(result.audio, RATE) == pytest.approx(-14.0, abs=0.3)
    assert true_peak_db(result.audio, RATE) <= -1.0
    assert np.abs(result.audio[:, -200:]).max() < 1e-6
    assert np.abs(result.audio[:, -480:]).max() < 1e-3
    assert abs(result.audio.mean()) < 1e-3


def test_stems_sum_to_the_mix() -> None:
    result = mixed(score(), voices={"vocals": voice(8), "backing_vocals": voice(8, 2, 3)})
    assert set(result.stems) == {"drums", "bass", "keyboard", "synth", "guitar", "vocals", "backing_vocals"}
    together = np.sum(list(result.stems.values()), axis=0)
    assert np.abs(together - result.audio).max() < 1e-4
    assert all(stem.shape == result.audio.shape and stem.dtype == np.float32 for stem in result.stems.values())
    assert all(np.abs(stem).max() > 0.01 for stem in result.stems.values())


@pytest.mark.parametrize("wanted", [(0.04, 0.2), (0.2, 0.35), (0.45, 0.7)])
def test_the_share_of_lows_is_the_presets(wanted: tuple[float, float]) -> None:
    share = low_share(mixed(score(), preset(bass_band=wanted)).audio)
    assert wanted[0] <= share <= wanted[1]


def test_there_is_air_but_no_shrillness() -> None:
    audio = mixed(score()).audio
    power = np.square(np.abs(np.fft.rfft(audio, axis=1))).sum(0)
    f = np.fft.rfftfreq(audio.shape[1], 1 / RATE)
    air = 10 * np.log10(power[f > 8000].sum() / power.sum())
    presence = 10 * np.log10(power[(f > 2000) & (f < 5000)].sum() / power.sum())
    assert -32 < air < -10
    assert -25 < presence < -6


def test_the_same_score_gives_the_same_bytes_in_every_process() -> None:
    code = (
        "import torch; torch.set_num_threads(1)\n"
        "from tests.unit.test_mix import digest, mixed, score\n"
        "print(digest(mixed(score(4.0))))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    root = Path(__file__).parents[2]
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=root
    )
    assert other.stdout.strip() == digest(mixed(score(4.0)))


def test_shared_tones_and_the_order_of_songs_change_nothing() -> None:
    fresh = digest(mixed(score(4.0)))
    tones = Tones(3_000_000)
    mixed(score(4.0, reversed(band(3))), tones=tones)
    assert digest(mixed(score(4.0), tones=tones)) == fresh


def test_an_edit_sounds_like_its_parent_outside_its_region() -> None:
    song = score(16.0)
    sung = voice(16.0, 1.0, 4.0)
    parent = mixed(song, voices={"vocals": sung})

    def changed(note: Note) -> Note:
        return replace(note, pitch=note.pitch + 2, velocity=1.0) if 12 <= note.start < 16 else note

    parts = [
        part if part.stem == "drums" else replace(part, notes=tuple(changed(note) for note in part.notes))
        for part in song.parts
    ]
    child = mixed(replace(song, parts=tuple(parts)), voices={"vocals": sung}, parent=parent.desk)
    difference = np.abs(child.audio - parent.audio)
    assert difference[:, 7 * RATE : 8 * RATE].max() > 0.01
    assert difference[:, : int(5.95 * RATE)].max() < 1e-4
    # the room has forgotten the region two seconds after its last note
    assert difference[:, int(11.5 * RATE) :].max() < 1e-4


def test_an_extension_keeps_what_was_there() -> None:
    short, long = score(8.0), score(12.0)
    parent = mixed(short)
    child = mixed(long, parent=parent.desk)
    until = int(7.0 * RATE)
    assert np.abs(child.audio[:, :until] - parent.audio[:, :until]).max() < 1e-4
    assert np.abs(child.audio[:, 9 * RATE : 11 * RATE]).max() > 0.05
    assert true_peak_db(child.audio, RATE) <= -1.0


def test_the_band_makes_room_for_the_voice() -> None:
    alone = mixed(score())
    parts_only = mixed(score(), voices={"vocals": voice(8.0, 2.0, 4.0)}, parent=alone.desk)
    during, before = slice(int(2.5 * RATE), int(3.5 * RATE)), slice(int(0.5 * RATE), int(1.5 * RATE))

    def change(part: slice) -> float:
        with_voice = np.square(parts_only.stems["keyboard"][:, part]).mean()
        return float(10 * np.log10(with_voice / np.square(alone.stems["keyboard"][:, part]).mean()))

    assert change(before) - change(during) > 1.0


def test_the_lead_voice_stands_in_front() -> None:
    result = mixed(score(), voices={"vocals": voice(8.0, 0.5, 7.5), "backing_vocals": voice(8.0, 0.5, 7.5)})
    loudness = {name: integrated_lufs(stem, RATE) for name, stem in result.stems.items()}
    assert loudness["vocals"] > max(loudness[name] for name in ("guitar", "keyboard", "synth", "backing_vocals")) + 3


def test_how_loud_a_voice_was_handed_over_does_not_matter() -> None:
    loud, soft = (mixed(score(4.0), voices={"vocals": voice(4.0) * gain}) for gain in (1.0, 0.05))
    assert np.abs(loud.stems["vocals"] - soft.stems["vocals"]).max() < 1e-3


def test_the_kick_pumps_the_pad_only_where_the_preset_says_so() -> None:
    def swing(sidechain: float) -> float:
        pad = mixed(score(), preset(sidechain=sidechain)).stems["synth"]
        power = np.square(pad).mean(0)[2 * RATE : 6 * RATE].reshape(-1, RATE).reshape(4, 10, -1).mean(2).mean(0)
        return float(10 * np.log10(power.max() / power.min()))

    assert swing(1.0) > swing(0.0) + 4


def test_pan_places_a_part() -> None:
    notes = tuple(Note(float(n), 0.9, 60, 0.8) for n in range(8))
    left = mixed(score(4.0, [Part("woodwinds", "saxophone", notes, pan=-0.8)]), preset(reverb=0.0)).audio
    assert np.square(left[0]).sum() > 4 * np.square(left[1]).sum()


@pytest.mark.parametrize("seconds", [0.3, 1.0, 5.0])
def test_short_songs_work(seconds: float) -> None:
    result = mixed(score(seconds))
    assert result.audio.shape == (2, round(seconds * RATE))
    assert np.isfinite(result.audio).all()
    assert true_peak_db(result.audio, RATE) <= -1.0


def test_nothing_played_is_silence() -> None:
    for parts in ((), (Part("keyboard", "piano", ()),), (Part("drums", "rock_kit", (Note(99.0, 1.0, 36, 0.9),)),)):
        result = mixed(score(1.0, parts), voices={"vocals": np.zeros(RATE, np.float32)})
        assert not result.audio.any()
        assert result.audio.shape == (2, RATE)


def test_notes_across_both_ends_are_cut_to_the_song() -> None:
    notes = (Note(-0.5, 2.0, 60, 0.8), Note(7.5, 8.0, 64, 0.8), Note(40.0, 1.0, 67, 0.8))
    result = mixed(score(4.0, [Part("strings", "string_ensemble", notes)]))
    assert np.abs(result.audio[:, :4800]).max() > 1e-3
    assert np.abs(result.audio[:, -100:]).max() < 1e-6


def test_a_long_song_lies_on_disk_and_sounds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = digest(mixed(score(4.0)))
    monkeypatch.setattr("engine.studio.sound.reel.IN_MEMORY_BYTES", 1000)
    assert digest(mixed(score(4.0))) == in_memory


def test_progress_rises_to_one_and_may_stop_the_work() -> None:
    seen: list[float] = []
    mix(score(2.0), preset(), {"vocals": voice(2.0)}, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

    class StopError(Exception):
        pass

    def stop(_: float) -> None:
        raise StopError

    with pytest.raises(StopError):
        mix(score(2.0), preset(), {}, stop)
