"""Covers as people get them: planned, rendered, and fit to be edited like any other song."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from pydantic import TypeAdapter

from config.files import load
from engine.audio.loudness import integrated_lufs, true_peak_db
from engine.spec import EngineError, Order, Plan, Preset, Recording, Take, Words, estimate, parse
from engine.studio.engine import Studio
from engine.studio.kept import from_bytes
from engine.studio.voice.espeak import Speaker
from tests.integration.test_edits import RATE, House, Shelf, Song, sound_is_whole

Audio = NDArray[np.float32]

LYRICS = """[verse]
The morning comes in slowly through the blind
I pour the coffee, leave the dark behind
[chorus]
Stay with me until the kettle sings
"""
OTHER = "[verse]\nPaper boats go drifting down the stream\n[chorus]\nNight is here and lanterns glow\n"


@dataclass(frozen=True)
class Tape:
    """Covers of recordings."""

    studio: Studio
    folder: Path

    def recording(self, audio: Audio, title: str = "") -> Recording:
        path = self.folder / f"{len(list(self.folder.iterdir()))}.flac"
        soundfile.write(path, audio.T, RATE, subtype="PCM_24")
        return Recording(id="r", title=title, artist="", lyrics="", duration=audio.shape[1] / RATE, path=str(path))

    def order(self, recording: Recording, seed: int = 4, **values: Any) -> tuple[Any, Order]:
        spec = parse("cover", {"src_audio_url": "https://example.com/a.flac", **values})
        settled = estimate(spec, recording.duration)
        return spec, Order(
            job=1, spec={}, duration=settled.duration, takes=settled.takes, seed=seed, workdir="", recording=recording
        )

    def plan(self, recording: Recording, **values: Any) -> Plan:
        return self.studio.plan(*self.order(recording, **values))

    def cover(self, recording: Recording, **values: Any) -> tuple[Plan, list[Take]]:
        spec, order = self.order(recording, **values)
        plan, shelf = self.studio.plan(spec, order), Shelf()
        self.studio.render(spec, plan, order, shelf)
        assert shelf.heard == sorted(shelf.heard)
        assert shelf.heard[-1] == pytest.approx(1.0)
        return plan, shelf.takes


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    studio = Studio(load("presets", TypeAdapter(dict[str, Preset])), load("words", Words))
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def house(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(studio, tmp_path_factory.mktemp("songs"))


@pytest.fixture(scope="module")
def tape(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return Tape(studio, tmp_path_factory.mktemp("tapes"))


@pytest.fixture(scope="module")
def kettle(house: House) -> Song:
    return house.song(
        "text2music", caption="warm indie pop", lyrics=LYRICS, duration=14, bpm=112, keyscale="G Major",
        display_name="Kettle",
    )  # fmt: skip


@pytest.fixture(scope="module")
def recorded(tape: Tape, house: House) -> Recording:
    """Music without a voice, as if somebody had uploaded it."""
    _, [take] = house.made("text2music", caption="rock band", duration=14, bpm=112, keyscale="A Minor", seed=9)
    return tape.recording(take.audio, "Old Tape")


@pytest.fixture(scope="module")
def reggae(house: House, kettle: Song) -> Song:
    return house.song("cover", kettle, source_job_id=1, caption="roots reggae", audio_cover_strength=1.0)


def test_a_cover_of_our_song_keeps_tempo_key_form_and_words(kettle: Song, reggae: Song) -> None:
    plan = reggae.plan
    assert (plan.bpm, plan.keyscale, plan.timesignature) == (112, "G Major", "4/4")
    assert plan.duration == kettle.source.duration
    assert plan.title == "Kettle (roots reggae cover)"
    assert plan.genre_preset == "Reggae"
    assert plan.heard is None
    assert plan.lyrics_by == "user"
    assert not plan.instrumental
    assert reggae.lines == kettle.lines
    assert reggae.audio.shape == kettle.audio.shape
    assert [part.kind for part in reggae.kept.score.sections] == [part.kind for part in kettle.kept.score.sections]
    starts = [line.start for line in reggae.take.lines]
    assert np.abs(np.array(starts) - [line.start for line in kettle.take.lines]).max() < 0.2
    sound_is_whole(reggae)
    assert integrated_lufs(reggae.audio, RATE) == pytest.approx(-14, abs=0.5)


def test_a_cover_is_edited_like_any_song(house: House, reggae: Song) -> None:
    same = house.edit("retake", reggae, original_job_id=1, retake_variance=0)
    assert np.array_equal(same.audio, reggae.audio)
    longer = house.edit("extend", reggae, source_job_id=1, caption="reggae", right_extend_length=4)
    assert longer.audio.shape[1] == pytest.approx((reggae.source.duration + 4) * RATE)
    again = house.edit("cover", reggae, source_job_id=1, caption="techno")
    assert again.plan.title == "Kettle (techno cover)"
    assert again.plan.bpm == 112


def test_new_words_take_the_place_of_the_old_ones(house: House, kettle: Song) -> None:
    plan, _ = house.made("cover", kettle.source, source_job_id=1, caption="acoustic folk", lyrics=OTHER, duration=14)
    assert plan.lyrics == OTHER.strip()
    assert plan.lyrics_by == "user"
    assert not plan.instrumental


def test_a_recording_is_covered_by_what_is_heard_in_it(tape: Tape, recorded: Recording) -> None:
    plan, [take] = tape.cover(recorded, caption="house", lyrics=OTHER)
    assert plan.heard is not None
    assert plan.heard.title == "Old Tape"
    assert plan.title == "Old Tape (house cover)"
    assert plan.bpm == pytest.approx(112, rel=0.04)
    assert plan.keyscale == "A Minor"
    assert take.audio.shape == (2, round(recorded.duration * RATE))
    assert [line.text for line in take.lines] == [line for line in OTHER.splitlines() if not line.startswith("[")]
    assert true_peak_db(take.audio, RATE) < -1.0
    score = from_bytes(take.score or b"").score
    assert score.duration == plan.duration
    assert {"drums", "vocals"} <= set(take.stems)


def test_the_same_order_gives_the_same_sound_and_takes_differ(tape: Tape, recorded: Recording) -> None:
    _, [one, two] = tape.cover(recorded, caption="jazz trio", duration=5, batch_size=2)
    fresh = Studio(load("presets", TypeAdapter(dict[str, Preset])), load("words", Words))
    _, [again, _] = Tape(fresh, tape.folder).cover(recorded, caption="jazz trio", duration=5, batch_size=2)
    fresh.close()
    assert np.array_equal(one.audio, again.audio)
    assert one.score == again.score
    assert not np.array_equal(one.audio, two.audio)


def test_what_is_asked_for_wins_over_what_was_heard(tape: Tape, recorded: Recording) -> None:
    plan = tape.plan(recorded, caption="ballad", bpm=70, keyscale="D Minor", timesignature="3/4", duration=20)
    assert (plan.bpm, plan.keyscale, plan.timesignature, plan.duration) == (70, "D Minor", "3/4", 20)


def test_words_of_a_caption_that_a_cover_cannot_heed_are_told(tape: Tape, recorded: Recording) -> None:
    plan = tape.plan(recorded, caption="rock, 180 bpm, in E major")
    [note] = [note for note in plan.notices if note.code == "kept_of_source"]
    assert any("180" in word for word in note.params["words"])
    assert plan.bpm == pytest.approx(112, rel=0.04)


def test_tags_alone_and_captions_without_a_voice_leave_the_tune_to_an_instrument(house: House, kettle: Song) -> None:
    for values in ({"lyrics": "[instrumental]"}, {"caption": "jazz trio, instrumental"}):
        spec, order = house.order("cover", kettle.source, 5, {"source_job_id": 1, "caption": "jazz trio", **values})
        plan = house.studio.plan(spec, order)
        assert plan.instrumental
        assert plan.lyrics_by is None


def test_where_nobody_can_sing_the_tune_is_played_and_people_are_told(house: House, kettle: Song) -> None:
    silent = Studio(
        load("presets", TypeAdapter(dict[str, Preset])), load("words", Words),
        Speaker((sys.executable, "-c", "raise SystemExit(1)")),
    )  # fmt: skip
    spec, order = house.order("cover", kettle.source, 5, {"source_job_id": 1, "caption": "jazz trio"})
    plan = silent.plan(spec, order)
    assert plan.instrumental
    assert "no_voice" in {note.code for note in plan.notices}


def test_signs_are_no_words(tape: Tape, recorded: Recording) -> None:
    with pytest.raises(EngineError) as raised:
        tape.plan(recorded, caption="rock", lyrics="♪♪♪\n...")
    assert (raised.value.code, raised.value.permanent) == ("nothing_to_sing", True)


@pytest.mark.parametrize("what", ["blip", "noise", "drums", "tone"])
def test_odd_sources_still_give_a_song(tape: Tape, what: str) -> None:
    chance = np.random.default_rng(3)
    seconds = 1.0 if what == "blip" else 6.0
    time = np.arange(round(seconds * RATE)) / RATE
    sound = {
        "blip": np.sin(2 * np.pi * 440 * time) * np.exp(-20 * time),
        "noise": 0.3 * chance.standard_normal(len(time)),
        "drums": np.sin(2 * np.pi * 60 * time) * np.exp(-30 * (time % 0.5)),
        "tone": 0.5 * np.sin(2 * np.pi * 220 * time),
    }[what]
    recording = tape.recording(np.stack([sound, sound]).astype(np.float32))
    plan, [take] = tape.cover(recording, caption="acoustic folk", duration=6)
    assert take.audio.shape[1] == 6 * RATE
    assert integrated_lufs(take.audio, RATE) > -20
    assert 30 <= plan.bpm <= 300
    assert plan.title
    told = {note.code for note in plan.notices}
    assert told >= {"heard_roughly", "words_not_known"}
    # A tempo that nobody heard is not called rough.
    assert what != "noise" or "tempo_not_heard" in told
