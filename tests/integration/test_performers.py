"""Voices alone, raps, duets and choirs as somebody hears them: who sounds when, and that edits keep to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from mido import MidiFile
from pydantic import TypeAdapter

from config.files import load
from engine.audio.loudness import integrated_lufs, true_peak_db
from engine.audio.quality import quality_score
from engine.spec import EngineError, Preset, Words
from engine.studio.caption import understand
from engine.studio.compose.brief import Singer
from engine.studio.compose.song import compose
from engine.studio.engine import Studio
from engine.studio.score import SungLine
from engine.studio.session import Session
from engine.studio.understanding.vocabulary import vocabulary
from engine.studio.voice.espeak import Speaker
from tests.integration.test_edits import RATE, Audio, Heard, House, Song, differs, samples, sound_is_whole

VOICES = {"vocals", "backing_vocals"}
LYRICS = "[verse]\nCarry me over the water\n[chorus]\nHold the light (hold the light)\nUntil I see the shore"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    studio = Studio(load("presets", TypeAdapter(dict[str, Preset])), load("words", Words))
    yield House(studio, tmp_path_factory.mktemp("voices"))
    studio.close()


@pytest.fixture(scope="module")
def alone(house: House) -> Song:
    return house.song("lyric2vocals", caption="soft alto, folk, 100 bpm", lyrics=LYRICS, duration=14)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    presets = load("presets", TypeAdapter(dict[str, Preset]))
    speaker = Speaker()
    yield Session("studio", RATE, vocabulary(presets, load("words", Words)), speaker)
    speaker.close()


def level(song: Heard, start: float, end: float, stem: str = "vocals") -> float:
    """The loudest sample of a stem between two moments."""
    return float(np.abs(song.stems[stem][:, samples(start) : samples(end)]).max())


def test_a_voice_alone_is_all_that_sounds(alone: Song) -> None:
    assert set(alone.stems) == VOICES
    sound_is_whole(alone)
    assert abs(integrated_lufs(alone.audio, RATE) + 14) < 0.5
    assert quality_score(alone.audio, RATE, alone.stems) > 0.8
    # a bar of four beats at 100 BPM is counted in; only the first line's breath and consonant lie in it
    assert not alone.audio[:, : samples(1.6)].any()
    assert alone.lines == ["Carry me over the water", "Hold the light (hold the light)", "Until I see the shore"]
    for line in alone.take.lines:
        assert level(alone, line.start, line.end) > 0.05
    # the last word rings out before the fade
    assert alone.take.lines[-1].end < 13.4
    assert alone.take.midi is not None
    notes = MidiFile(file=BytesIO(alone.take.midi))
    assert [track.name for track in notes.tracks[1:]] == ["Vocals", "Backing vocals"]
    assert true_peak_db(alone.audio, RATE) < -1.0


def test_what_is_answered_in_brackets_is_the_second_voice(alone: Song) -> None:
    answered = alone.take.lines[1]
    own, answer = answered.words[2].end, answered.words[3].start
    assert own <= answer + 0.2
    assert level(alone, answer, answered.end, "backing_vocals") > 0.03
    assert level(alone, answered.start, own - 0.2, "backing_vocals") < 0.003


def test_edits_keep_a_voice_alone(house: House, alone: Song) -> None:
    longer = house.edit("extend", alone, source_job_id=1, caption="more", right_extend_length=8)
    assert set(longer.stems) <= VOICES
    sound_is_whole(longer)
    added = [line for line in longer.take.lines if line.start > alone.take.lines[-1].end]
    assert added
    assert {line.text.partition(" (")[0] for line in added} <= {"Hold the light", "Until I see the shore"}
    first = samples(alone.take.lines[-1].end)
    assert differs(longer.audio[:, :first], alone.audio[:, :first]).max() < 1e-4
    restyled = house.edit("edit", alone, source_job_id=1, edit_target_prompt="jazz, male voice")
    assert set(restyled.stems) <= VOICES
    assert restyled.lines == alone.lines
    sound_is_whole(restyled)
    reworded = house.edit("edit", alone, source_job_id=1, edit_target_lyrics="Nothing else is like this", seed=3)
    assert reworded.lines[0] == "Nothing else is like this"
    score = reworded.kept.score
    assert not any(score.lines[line.line].echo for line in score.backing)


def test_a_voice_alone_needs_words_and_somebody_who_sings(house: House) -> None:
    with pytest.raises(EngineError) as wordless:
        house.made("lyric2vocals", caption="folk", lyrics="[Instrumental]")
    assert wordless.value.code == "nothing_to_sing"
    with pytest.raises(EngineError) as crowded:
        house.made("lyric2vocals", caption="folk", lyrics="la " * 43, duration=5)
    assert crowded.value.code == "no_room_to_sing"
    silent = Studio(
        load("presets", TypeAdapter(dict[str, Preset])),
        load("words", Words),
        Speaker((sys.executable, "-c", "raise SystemExit(1)")),
    )
    spec, order = house.order("lyric2vocals", None, 1, {"lyrics": "Carry me"})
    with pytest.raises(EngineError) as unsung:
        silent.plan(spec, order)
    assert (unsung.value.code, unsung.value.permanent) == ("lyrics_unreadable", True)


def test_everybody_who_is_named_sings(session: Session) -> None:
    text = "[Male]\nTwo for the show\n[Choir]\nThree to be ready\n[verse]\nFour"
    lines = session.read(text, "en")
    brief = understand(
        "pop, 110 bpm, female vocals", vocabulary=session.vocabulary, genre_preset=None, bpm=None, keyscale=None,
        timesignature=None, instrumental=False, seed=1, alone=True,
    )  # fmt: skip
    score = compose(brief, lines, 11.0, 1, "")
    he, they, usual = score.voice[:3]
    assert (he.singer, they.singer, usual.singer) == ("male", "choir", "")

    def sound(line: SungLine, singer: Singer) -> Audio:
        sung = session.sing(score, replace(brief, voice=singer), "en", lead=[line], backing=[])
        assert [time.text for time in sung.lines] == [lines[line.line].text]
        return sung.audio["vocals"]

    # whoever is named sings, whoever the song's own singer is
    for line in (he, they):
        assert np.array_equal(sound(line, "female"), sound(line, "male"))
    assert not np.allclose(sound(usual, "female"), sound(usual, "male"), atol=0.01)
    together = session.sing(score, brief, "en", lead=score.voice[:3], backing=[])
    assert [time.text for time in together.lines] == ["Two for the show", "Three to be ready", "Four"]


def test_a_rap_has_a_beat_and_shouts_that_are_in_the_lyrics(house: House) -> None:
    text = "[verse]\nI woke up in the city with a pocket full of change (yeah)\nEvery corner has a story"
    plan, [take] = house.made("text2rap", caption="angry", lyrics=text, duration=14)
    song = Heard(plan, take)
    assert song.plan.genre_preset == "Hip Hop"
    assert {"drums", "bass", "vocals", "backing_vocals"} <= set(song.stems)
    assert song.lines[:2] == text.splitlines()[1:]
    yeah = song.take.lines[0].words[-1]
    assert yeah.text == "(yeah)"
    assert level(song, yeah.start, yeah.end, "backing_vocals") > 0.01


def test_a_rap_without_words_is_a_beat_and_says_so(house: House) -> None:
    spec, order = house.order("text2rap", None, 1, {"caption": "trap", "duration": 8})
    plan = house.studio.plan(spec, order)
    assert plan.instrumental
    assert [notice.code for notice in plan.notices] == ["nothing_to_rap"]
