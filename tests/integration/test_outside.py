"""Edits of sound whose score nobody has, as somebody hears them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from scipy import signal

from engine.audio.loudness import integrated_lufs, true_peak_db
from engine.spec import Cancelled, EngineError, Order, Plan, Recording, Source, Take, parse
from engine.spec.plan import SourceFile
from engine.studio.engine import Studio
from engine.studio.outside.ground import music_in
from tests.unit.studio import presets, vocabulary

Audio = NDArray[np.floating[Any]]

RATE = 48_000
BEAT_S = 0.6
SECONDS = 16 * BEAT_S
EXACT = 10 ** (-80 / 20)
LYRICS = "[verse]\nPaper boats go drifting down the stream\nNobody remembers any dream\n"
LINK = {"src_audio_url": "https://songs.example/beat.mp3"}


@dataclass
class Shelf:
    takes: list[Take] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    enough: float = 2.0

    def progress(self, fraction: float) -> None:
        self.heard.append(fraction)
        if fraction >= self.enough:
            raise Cancelled

    def take(self, take: Take) -> None:
        self.takes.append(take)


@dataclass(frozen=True)
class House:
    studio: Studio
    folder: Path

    def recording(self, name: str, sound: Audio) -> Recording:
        path = self.folder / f"{name}.flac"
        soundfile.write(path, sound.T, RATE, subtype="PCM_24")
        return Recording(id=name, title=name, artist="", lyrics="", duration=sound.shape[1] / RATE, path=str(path))

    def edited(self, of: Recording | Source, task: str, **values: Any) -> tuple[Plan, Take]:
        spec, order = asked(of, task, **values)
        plan, shelf = self.studio.plan(spec, order), Shelf()
        self.studio.render(spec, plan, order, shelf)
        assert shelf.heard == sorted(shelf.heard)
        assert shelf.heard[-1] == pytest.approx(1.0)
        [take] = shelf.takes
        assert take.audio.dtype == np.float32
        assert take.audio.shape == (2, round(plan.duration * RATE))
        return plan, take


def asked(of: Recording | Source, task: str, **values: Any) -> tuple[Any, Order]:
    recording, source = (of, None) if isinstance(of, Recording) else (None, of)
    spec = parse(task, {**values, **(LINK if recording is not None else {"source_job_id": 1})})
    longer = values.get("left_extend_length", 0) + values.get("right_extend_length", 0)
    return spec, Order(
        job=2, spec={}, duration=of.duration + longer, takes=1, seed=5, workdir="", recording=recording, source=source
    )  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    studio = Studio(presets(), vocabulary().words)
    yield House(studio, tmp_path_factory.mktemp("songs"))
    studio.close()


@pytest.fixture(scope="module")
def beat(house: House) -> Recording:
    """Four bars at 100 a minute: a kit, a bass, chords of A minor and F, and something like a voice."""
    return house.recording("Beat", beats())


def beats(seconds: float = SECONDS) -> Audio:
    time = np.arange(round(seconds * RATE)) / RATE
    draw = np.random.default_rng(3)
    place, half = time % BEAT_S, time % (BEAT_S / 2)
    second = (time // (4 * BEAT_S)) % 2
    kick = np.sin(2 * np.pi * (50 * place + 4 * (1 - np.exp(-place / 0.03)))) * np.exp(-place / 0.1)
    back = ((time // BEAT_S) % 2) * draw.standard_normal(len(time)) * np.exp(-place / 0.06)
    hats = np.diff(draw.standard_normal(len(time)), prepend=0) * np.exp(-half / 0.02)
    chords = sum(
        np.sin(2 * np.pi * np.where(second == 0, *pair) * time)
        for pair in ((220.0, 174.6), (261.6, 220.0), (329.6, 261.6))
    )
    low = np.sin(2 * np.pi * np.where(second == 0, 110.0, 87.3) * time)
    sung = sum(np.sin(2 * np.pi * 440 * n * time + n * 0.8 * np.sin(2 * np.pi * 5.5 * time)) / n for n in range(1, 6))
    sound = 0.8 * kick + 0.25 * back + 0.1 * hats + 0.08 * chords * np.exp(-place / 0.4) + 0.25 * low
    sound += 0.12 * sung * (np.sin(np.pi * time / (2 * BEAT_S)) > 0)
    sides = np.stack((sound, sound)) + 0.02 * np.stack((chords, -chords))
    return np.asarray(0.6 * sides / np.abs(sides).max())


def heard(take: Take | Recording) -> Audio:
    if isinstance(take, Take):
        return take.audio
    sound, _ = soundfile.read(take.path, dtype="float32", always_2d=True)
    return np.asarray(sound.T)


def changed(one: Audio, other: Audio) -> tuple[float, float]:
    """From when to when both differ, in seconds."""
    differs = np.flatnonzero(np.abs(one - other).max(axis=0) > EXACT)
    return differs[0] / RATE, differs[-1] / RATE


def phase(sound: Audio) -> float:
    """Where in a beat most begins, in seconds."""
    size = 480
    mono = signal.sosfilt(signal.butter(2, 150, "low", fs=RATE, output="sos"), sound.mean(axis=0))
    count = len(mono) // size
    power = np.log10((mono[: count * size].reshape(count, size) ** 2).mean(axis=1) + 1e-5)
    rises = np.maximum(np.diff(power, prepend=power[0]), 0)
    period = round(BEAT_S * 100)
    folded = rises[: len(rises) // period * period].reshape(-1, period).sum(axis=0)
    around = np.exp(2j * np.pi * np.arange(period) / period)
    angle = float(np.angle((folded * around).sum()) / (2 * np.pi))
    return angle * BEAT_S


def test_a_repainted_part_is_new_and_all_the_rest_is_the_recording(house: House, beat: Recording) -> None:
    values = {"repainting_start": 2.4, "repainting_end": 7.2, "caption": "quiet piano"}
    plan, take = house.edited(beat, "repaint", **values)
    before, after = heard(beat), heard(take)
    begin, end = changed(before, after)
    assert 2.4 <= begin < 3.1
    assert 6.5 < end <= 7.2
    part = slice(round(3.1 * RATE), round(6.5 * RATE))
    assert -8 < integrated_lufs(after[:, part], RATE) - integrated_lufs(before, RATE) < 2
    assert plan.heard is not None
    assert plan.title == "Beat"
    assert plan.duration == pytest.approx(SECONDS)
    assert (take.stems, take.score, take.midi) == ({}, None, None)
    again = house.edited(beat, "repaint", **values)[1]
    assert again.audio.tobytes() == take.audio.tobytes()


def test_new_words_are_sung_inside_the_part(house: House, beat: Recording) -> None:
    plan, take = house.edited(
        beat, "repaint", repainting_start=2.4, repainting_end=9, caption="pop, female voice", lyrics=LYRICS
    )
    assert "Paper boats" in plan.lyrics
    assert (plan.lyrics_by, plan.vocal_language) == ("user", "en")
    assert [line.text for line in take.lines] == [line for line in LYRICS.splitlines()[1:] if line in plan.lyrics]
    assert all(2.2 < line.start < line.end < 9.5 for line in take.lines)


def test_an_extension_goes_on_in_time_and_leads_up_to_the_beginning(house: House, beat: Recording) -> None:
    plan, take = house.edited(beat, "extend", left_extend_length=4.8, right_extend_length=7.2, caption="house, no bass")
    assert plan.duration == pytest.approx(SECONDS + 12)
    before, after = heard(beat), heard(take)
    first = round(4.8 * RATE)
    kept = slice(0, round((SECONDS - 2.5) * RATE))
    assert np.abs(after[:, first:][:, kept] - before[:, kept]).max() < EXACT
    new = after[:, round((4.8 + SECONDS) * RATE) :]
    assert abs(integrated_lufs(new[:, : 5 * RATE], RATE) - integrated_lufs(before, RATE)) < 5
    assert abs(phase(new[:, : 5 * RATE])) < 0.1
    assert abs(phase(after[:, :first])) < 0.1
    assert integrated_lufs(after[:, :first], RATE) > integrated_lufs(before, RATE) - 12
    assert true_peak_db(after, RATE) < -1.0
    assert np.abs(after[:, -10:]).max() < 0.01


def test_silence_at_the_end_is_not_extended(house: House) -> None:
    fading = beats()
    fading[:, -RATE:] *= np.linspace(1, 0, RATE) ** 2
    recording = house.recording("Fading", np.pad(fading, ((0, 0), (0, RATE))))
    _, take = house.edited(recording, "extend", right_extend_length=5, caption="the same, going on")
    assert take.audio.shape[1] == round((SECONDS + 6) * RATE)
    powers = (take.audio[:, : round((SECONDS + 4) * RATE)] ** 2).mean(axis=0)
    loud = powers[: len(powers) // 14400 * 14400].reshape(-1, 14400).mean(axis=1)
    assert loud.min() > 0.02 * loud.mean()


def test_a_recording_goes_on_from_where_it_began_to_fade() -> None:
    fading = beats(14.4)
    fading[:, 8 * RATE :] *= 10 ** (-np.arange(fading.shape[1] - 8 * RATE) / RATE / 4)
    quiet = np.concatenate((np.zeros((2, RATE)), beats(9.6), 0.45 * beats(4.8)), axis=1)
    assert 7 < music_in(fading.astype(np.float32))[1] < 10.5
    begin, end = music_in(quiet.astype(np.float32))
    assert 0.9 <= begin <= 1.0
    assert end > 13.9


def test_a_window_in_another_style(house: House, beat: Recording) -> None:
    plan, take = house.edited(beat, "edit", edit_target_prompt="jazz trio", edit_n_min=0.25, edit_n_max=0.75)
    begin, end = changed(heard(beat), heard(take))
    assert SECONDS / 4 <= begin < end <= 0.75 * SECONDS
    assert plan.understood["genre"] == ("jazz",)


def test_all_of_it_in_another_style_is_a_song_of_its_own(house: House, beat: Recording) -> None:
    plan, take = house.edited(beat, "edit", edit_target_prompt="jazz trio")
    assert plan.title == "Beat"
    assert take.score is not None
    assert np.abs(np.sum(list(take.stems.values()), axis=0) - take.audio).max() < 1e-4


def test_other_words_where_somebody_sings(house: House, beat: Recording) -> None:
    plan, take = house.edited(
        beat, "edit", edit_type="only_lyrics", edit_target_lyrics=LYRICS, edit_n_min=0.2, edit_n_max=1.0
    )
    begin, _ = changed(heard(beat), heard(take))
    assert begin >= 0.2 * SECONDS
    assert "voice_estimated" in [notice.code for notice in plan.notices]
    assert len(take.lines) >= 1
    assert "Paper boats" in plan.lyrics
    assert true_peak_db(take.audio, RATE) < 0


def test_a_song_made_here_without_its_score_is_edited_as_sound(house: House, beat: Recording) -> None:
    file = SourceFile(kind="audio", name="", format="flac", path=beat.path)
    source = Source(
        job=1, take=1, title="Old", caption="an old song", duration=SECONDS, bpm=100, keyscale="A Minor",
        timesignature="4/4", seed=1, files=(file,),
    )  # fmt: skip
    plan, take = house.edited(source, "repaint", repainting_start=4.8, repainting_end=-1, caption="organ")
    assert (plan.title, plan.caption) == ("Old", "an old song")
    assert changed(heard(beat), heard(take))[0] >= 4.8


@pytest.mark.parametrize("kind", ["noise", "tone", "blip"])
def test_sound_without_beat_or_key_is_edited_too(house: House, kind: str) -> None:
    time = np.arange(5 * RATE) / RATE
    mono = {
        "noise": 0.1 * np.random.default_rng(1).standard_normal(len(time)),
        "tone": 0.3 * np.sin(2 * np.pi * 331 * time),
        "blip": 0.5 * np.sin(2 * np.pi * 500 * time) * np.exp(-time / 0.1),
    }[kind]
    recording = house.recording(kind, np.stack((mono, mono)))
    _, take = house.edited(recording, "repaint", repainting_start=1, repainting_end=3, caption="drums")
    assert np.abs(heard(take) - heard(recording))[:, : RATE - 10].max() < EXACT
    plan, take = house.edited(recording, "extend", right_extend_length=5, caption="techno")
    assert np.abs(take.audio[:, 6 * RATE : 8 * RATE]).max() > 0.003
    assert plan.heard is not None


@pytest.mark.parametrize(
    ("code", "task", "values"),
    [
        ("region_outside", "repaint", {"repainting_start": 30, "repainting_end": 40, "caption": "x"}),
        ("region_outside", "edit", {"edit_target_prompt": "jazz", "edit_n_min": 0.5, "edit_n_max": 0.52}),
        ("nothing_to_extend", "extend", {"right_extend_length": 0, "caption": "more"}),
        ("nothing_to_edit", "edit", {}),
        ("nothing_to_edit", "edit", {"edit_type": "only_lyrics", "edit_target_prompt": "jazz"}),
        ("nothing_to_sing", "edit", {"edit_target_lyrics": "... !!"}),
    ],
)
def test_what_can_not_be_done_says_so(
    house: House, beat: Recording, code: str, task: str, values: dict[str, Any]
) -> None:
    spec, order = asked(beat, task, **values)
    with pytest.raises(EngineError) as refused:
        house.studio.plan(spec, order)
    assert (refused.value.code, refused.value.permanent) == (code, True)


def test_it_stops_when_nobody_wants_it_any_more(house: House, beat: Recording) -> None:
    spec, order = asked(beat, "extend", right_extend_length=5, caption="more")
    plan = house.studio.plan(spec, order)
    with pytest.raises(Cancelled):
        house.studio.render(spec, plan, order, Shelf(enough=0.4))
