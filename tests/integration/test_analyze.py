"""The facts of a piece of audio: exact for a song made here, heard with confidence where only its sound is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pydantic import TypeAdapter

from config.files import load
from engine.audio.package import package
from engine.spec import Analysis, Cancelled, EngineError, Order, Preset, Recording, Source, Take, Words, parse
from engine.spec.plan import SourceFile
from engine.studio.engine import Studio
from engine.studio.given import given
from engine.studio.heard import heard_facts, transcript_of
from engine.studio.kept import Kept, from_bytes
from engine.studio.known import known
from engine.studio.score import BEATS_PER_BAR
from engine.studio.session import Session

WORDS = "[verse]\nMorning light on the kitchen floor\nCoffee and rain at the open door"
SONG = {"caption": "gentle folk", "lyrics": WORDS, "duration": 14, "bpm": 104, "keyscale": "D Major"}
GERMAN = "[verse]\nIch gehe durch die Straßen und sehe dein Gesicht\nUnd alles was wir hatten verliert sich im Licht"


@dataclass
class Sink:
    """Keeps takes and steps, and can stop wanting them."""

    stop_after: float = 2.0
    steps: list[float] = field(default_factory=list)
    takes: list[Take] = field(default_factory=list)

    def progress(self, fraction: float) -> None:
        self.steps.append(fraction)
        if fraction >= self.stop_after:
            raise Cancelled

    def take(self, take: Take) -> None:
        self.takes.append(take)


@dataclass(frozen=True)
class Made:
    """A song, its score, and orders that start from it in different ways."""

    studio: Studio
    kept: Kept
    take: Take
    own: Order
    recording: Order


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("song")
    spec = parse("text2music", SONG)
    order = Order(job=1, spec={}, duration=14.0, takes=1, seed=3, workdir=str(folder))
    with closing(Studio(load("presets", TypeAdapter(dict[str, Preset])), load("words", Words))) as studio:
        plan, sink = studio.plan(spec, order), Sink()
        studio.render(spec, plan, order, sink)
        [take] = sink.takes
        result = package(take, plan=plan, spec=spec, workdir=folder)
        source = Source(
            job=1, take=1, title=plan.title, caption=plan.caption, duration=14.0, bpm=take.bpm, keyscale=take.keyscale,
            timesignature=take.timesignature, seed=3, lyrics=plan.lyrics, vocal_language=plan.vocal_language,
            files=tuple(SourceFile(kind=f.kind, name=f.name, format=f.format, path=f.path) for f in result.files),
        )  # fmt: skip
        flac = folder / "recording.flac"
        soundfile.write(flac, take.audio.T, take.sample_rate, subtype="PCM_24")
        recording = Recording(id="r", title="Found tape", artist="", lyrics="", duration=14.0, path=str(flac))
        own = order.model_copy(update={"source": source})
        yield Made(studio, from_bytes(take.score or b""), take, own, order.model_copy(update={"recording": recording}))


def analyzed(made: Made, order: Order, sink: Sink | None = None) -> Analysis:
    link = {"audio_url": "https://music.example/tape.mp3"}
    return made.studio.analyze(parse("analyze", link), order, sink or Sink())


def session(made: Made) -> Session:
    return made.studio._session


def test_a_song_made_here_is_known_exactly(made: Made) -> None:
    facts = analyzed(made, made.own)
    score, source = made.kept.score, made.own.source
    assert source is not None
    assert facts.exact
    assert set(facts.confidence.values()) == {1.0}
    assert (facts.title, facts.caption, facts.lyrics) == (source.title, "gentle folk", WORDS)
    assert (facts.bpm, facts.keyscale, facts.timesignature) == (score.bpm, "D Major", score.timesignature)
    assert facts.language == "en"
    assert facts.duration == pytest.approx(14, abs=0.02)
    assert facts.loudness == pytest.approx(-14, abs=0.6)
    assert [section.kind for section in facts.sections] == [section.kind for section in score.sections]
    heard = {chord.name for chord in facts.chords}
    assert heard <= {chord.name for chord in score.chords} | {"N"}
    assert len(heard) > 1
    assert facts.audio_codes is None


def test_chords_and_sections_follow_each_other_to_the_end(made: Made) -> None:
    for order in (made.own, made.recording):
        facts = analyzed(made, order)
        for spans in (
            [(each.start, each.end) for each in facts.chords],
            [(each.start, each.end) for each in facts.sections],
        ):
            assert spans[0][0] == 0
            assert spans[-1][1] == pytest.approx(facts.duration, abs=0.01)
            assert all(one[1] == other[0] for one, other in pairwise(spans))
        assert all(one.name != other.name for one, other in pairwise(facts.chords))


def test_the_same_sound_without_its_score_is_heard(made: Made) -> None:
    sink = Sink()
    facts = analyzed(made, made.recording, sink)
    assert not facts.exact
    assert facts.title == "Found tape"
    assert facts.keyscale == "D Major"
    assert facts.confidence["keyscale"] > 0.5
    assert facts.bpm == pytest.approx(104, rel=0.04)
    assert (facts.lyrics, facts.language) == ("", "unknown")
    assert "language" not in facts.confidence
    assert "major key" in facts.caption
    assert 0 < facts.confidence["bpm"] < 1
    assert sink.steps == sorted(sink.steps)
    assert sink.steps[-1] == 1
    assert analyzed(made, made.recording) == facts


def test_words_in_the_files_own_tags_tell_the_language(made: Made) -> None:
    recording = made.recording.recording
    assert recording is not None
    tagged = made.recording.model_copy(update={"recording": recording.model_copy(update={"lyrics": GERMAN})})
    facts = analyzed(made, tagged)
    assert (facts.lyrics, facts.language) == (GERMAN, "de")
    assert facts.confidence["language"] == 0.9


def test_analysis_ends_when_nobody_wants_it_any_more(made: Made) -> None:
    session(made).transcripts.clear()
    with pytest.raises(Cancelled):
        analyzed(made, made.recording, Sink(stop_after=0.3))


def test_a_file_that_is_gone_is_told(made: Made, tmp_path: Path) -> None:
    recording = made.recording.recording
    assert recording is not None
    gone = recording.model_copy(update={"path": str(tmp_path / "gone.flac")})
    with pytest.raises(EngineError) as caught:
        analyzed(made, made.recording.model_copy(update={"recording": gone}))
    assert (caught.value.code, caught.value.permanent) == ("source_gone", True)
    with pytest.raises(EngineError) as caught:
        analyzed(made, made.recording.model_copy(update={"recording": None}))
    assert caught.value.code == "no_source"


def test_a_transcript_is_made_once_and_a_close_one_serves_for_both(made: Made) -> None:
    session(made).transcripts.clear()
    start = given(made.recording)
    close = transcript_of(start, session(made))
    assert transcript_of(start, session(made)) is close
    assert transcript_of(start, session(made), closely=False) is close
    facts = heard_facts(close, start.title)
    assert (facts.title, facts.keyscale) == ("Found tape", "D Major")
    assert set(facts.confidence) == {"bpm", "keyscale", "timesignature", "chords", "sections", "melody"}


def test_the_tune_that_is_heard_is_the_one_that_was_sung(made: Made) -> None:
    score = made.kept.score
    truth = [
        (score.seconds(note.start), score.seconds(note.start + note.length), note.pitch)
        for line in score.voice
        for note in line.notes
    ]
    heard = transcript_of(given(made.recording), session(made)).melody
    right = sum(
        max(0.0, min(end, note.end) - max(start, note.start))
        for start, end, pitch in truth
        for note in heard
        if note.pitch == pitch
    )
    assert right / sum(end - start for start, end, _ in truth) > 0.6


def test_what_is_known_of_a_song_is_in_its_score(made: Made) -> None:
    transcript = known(made.kept, made.take.audio)
    score = made.kept.score
    assert transcript.exact
    assert transcript.pulse.bars[1] - transcript.pulse.bars[0] == pytest.approx(transcript.pulse.bar_s)
    assert transcript.pulse.bars[0] == 0
    sung = [note for line in score.voice for note in line.notes]
    first = min(sung, key=lambda note: note.start)
    assert any(
        note.pitch == first.pitch and note.start == pytest.approx(score.seconds(first.start))
        for note in transcript.melody
    )
    struck = sum(len(part.notes) for part in score.parts if part.stem == "drums")
    steps = [bar for each in (transcript.groove.kick, transcript.groove.snare) for bar in each.steps]
    assert transcript.groove.drums == (1.0 if struck else 0.0)
    assert len(steps) == 2 * len(transcript.pulse.bars)
    assert sum(section.bars for section in transcript.sections) == len(transcript.pulse.bars)


def test_a_recording_that_begins_inside_a_bar_has_an_upbeat(made: Made) -> None:
    beats = BEATS_PER_BAR[made.kept.score.timesignature]
    late = replace(made.kept, score=replace(made.kept.score, origin=float(beats) - 1))
    audio = made.take.audio[:, : 10 * 48_000]
    transcript = known(late, np.ascontiguousarray(audio))
    assert transcript.pulse.bars[0] == pytest.approx(late.score.beat_s)
    assert transcript.pulse.beats[0] == 0
    assert transcript.chords[0].start == 0
    assert transcript.chords[-1].end == 10
    assert transcript.sections[0].bar == 0
    assert max(note.end for note in transcript.melody) <= 10
