"""Loops and single hits as people get them: the files are decoded and measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import soundfile as sf
from mido import MidiFile
from numpy.typing import NDArray
from pydantic import TypeAdapter

from config.files import load
from engine.audio.encode import encode
from engine.audio.loudness import integrated_lufs, true_peak_db
from engine.audio.package import package
from engine.spec import EngineError, Order, Plan, Preset, Request, Take, TrackResult, Words, estimate, parse
from engine.spec.fields import BEATS_PER_BAR
from engine.spec.sampled import is_one_shot
from engine.spec.tasks import Text2Samples
from engine.studio.caption import understand
from engine.studio.compose.brief import Brief
from engine.studio.engine import Studio
from engine.studio.samples.heard import Heard, sounds_in
from engine.studio.samples.loop import again, arranged, composed, rendered
from engine.studio.samples.measure import Measure
from engine.studio.sound.mix import mix
from engine.studio.sound.parts import Tones
from engine.studio.understanding.vocabulary import vocabulary

Audio = NDArray[np.float32]

RATE = 48_000


@dataclass(frozen=True)
class Sample:
    """A finished sample: its plan and its takes, the first of which is written to a file when somebody listens."""

    spec: Request
    plan: Plan
    takes: list[Take]
    workdir: Path

    def packed(self) -> TrackResult:
        """All files that people get of the first take."""
        return package(self.takes[0], plan=self.plan, spec=self.spec, workdir=self.workdir)

    @cached_property
    def audio(self) -> Audio:
        """The decoded master (samples, 2)."""
        self.workdir.mkdir(exist_ok=True)
        path = encode(self.takes[0].audio, self.takes[0].sample_rate, self.workdir / "song.flac")
        audio, rate = sf.read(path, dtype="float32")
        assert rate == RATE
        return np.asarray(audio)

    @property
    def stems(self) -> set[str]:
        return set(self.takes[0].stems)

    @property
    def told(self) -> dict[str, dict[str, Any]]:
        return {notice.code: notice.params for notice in self.plan.notices}


@dataclass
class Shelf:
    takes: list[Take] = field(default_factory=list)

    def progress(self, fraction: float) -> None:
        assert 0 <= fraction <= 1

    def take(self, take: Take) -> None:
        self.takes.append(take)


class Sampler:
    """Makes each sample once."""

    def __init__(self, studio: Studio, folder: Path) -> None:
        self._studio, self._folder = studio, folder
        self._made: dict[str, Sample] = {}
        self._numbers = count()

    def __call__(self, caption: str = "", seed: int = 5, **values: Any) -> Sample:
        key = repr((caption, seed, sorted(values.items())))
        if key not in self._made:
            self._made[key] = self.anew(caption, seed, **values)
        return self._made[key]

    def anew(self, caption: str, seed: int, **values: Any) -> Sample:
        spec = parse("text2samples", {"caption": caption, **values})
        settled = estimate(spec)
        workdir = self._folder / str(next(self._numbers))
        order = Order(job=1, spec={}, duration=settled.duration, takes=settled.takes, seed=seed, workdir=str(workdir))
        plan, shelf = self._studio.plan(spec, order), Shelf()
        self._studio.render(spec, plan, order, shelf)
        return Sample(spec, plan, shelf.takes, workdir)


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sampler]:
    studio = Studio(load("presets", TypeAdapter(dict[str, Preset])), load("words", Words))
    yield Sampler(studio, tmp_path_factory.mktemp("samples"))
    studio.close()


Briefed = Callable[[str], tuple[Brief, tuple[Heard, ...]]]


@pytest.fixture(scope="module")
def studio_brief() -> Briefed:
    words = vocabulary(load("presets", TypeAdapter(dict[str, Preset])), load("words", Words))

    def briefed(caption: str) -> tuple[Brief, tuple[Heard, ...]]:
        brief = understand(
            caption, vocabulary=words, genre_preset=None, bpm=120, keyscale=None, timesignature="4/4",
            instrumental=True, seed=5,
        )  # fmt: skip
        heard = sounds_in(caption, words)
        return arranged(brief, caption, heard), heard

    return briefed


def rms_db(audio: Audio) -> float:
    return decibels(float(np.sqrt(np.square(audio, dtype=np.float64).mean())))


def decibels(value: float) -> float:
    return 20 * float(np.log10(max(value, 1e-9)))


def hiss(audio: Audio) -> NDArray[np.float64]:
    """How much of each 5 ms lies above 14 kHz (frames,): where a click shows first."""
    frames = np.lib.stride_tricks.sliding_window_view(audio.mean(axis=1), 240)[::24]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(240), axis=1))
    return np.asarray(spectra[:, 70:].mean(axis=1), np.float64)


@pytest.mark.parametrize(
    ("caption", "values"),
    [
        ("ambient pad loop", {"duration": 2.3}),
        ("organ loop", {"duration": 3}),
        ("lofi piano loop", {"duration": 4.1}),
    ],
)
def test_nothing_clicks_where_a_loop_begins_again(sampler: Sampler, caption: str, values: dict[str, Any]) -> None:
    loop = sampler(caption, **values).audio
    assert np.abs(loop[-RATE // 10 :]).max() > 0.01, "silence would hide the seam"
    twice = np.concatenate((loop, loop))
    steps = np.abs(np.diff(twice, axis=0)).max(axis=1)
    assert steps[len(loop) - 1] <= np.quantile(steps, 0.999)
    seam = (len(loop) - 240) // 24
    assert hiss(twice)[seam - 5 : seam + 10].max() <= 1.5 * hiss(loop).max()


@pytest.mark.parametrize("caption", ["hopeful pop loop", "slow ambient pad loop"])
def test_a_loop_is_a_piece_out_of_music_that_goes_on(studio_brief: Briefed, caption: str) -> None:
    brief, heard = studio_brief(caption)
    samples = 2 * RATE
    score = composed(brief, Measure(1, "4/4", 120), heard, samples, 5, "Loop")
    endless = mix(again(score, 6), brief.preset, {}, lambda _: None).audio[:, 4 * samples : 5 * samples]
    loop = rendered(score, brief, Tones(), lambda _: None).audio
    # how long it has been going on weighs a little on its faders and its limiter
    level = float(np.vdot(loop, endless) / np.vdot(endless, endless))
    assert level == pytest.approx(1, abs=0.1)
    assert rms_db(loop - level * endless) < rms_db(loop) - 50
    # heard once, from silence, nothing rings at its start
    first = mix(score, brief.preset, {}, lambda _: None).audio
    assert rms_db(loop[:, :480] - level * endless[:, :480]) < rms_db(loop[:, :480] - first[:, :480]) - 20


@pytest.mark.parametrize(
    "values",
    [
        {"tempo": 90},
        {"tempo": 133, "duration": 7},
        {"tempo": 100, "timesignature": "3/4"},
        {"tempo": 70, "timesignature": "6/8"},
        {"bpm": 240, "duration": 1},
    ],
)
def test_a_loop_at_a_tempo_is_exact_to_the_sample(sampler: Sampler, values: dict[str, Any]) -> None:
    sample = sampler("drum loop", **values)
    plan = sample.plan
    assert plan.bpm == values.get("tempo", values.get("bpm"))
    bars = plan.duration / (BEATS_PER_BAR[plan.timesignature] * 60 / plan.bpm)
    assert bars == pytest.approx(round(bars), abs=1e-4)
    wanted = round(bars) * BEATS_PER_BAR[plan.timesignature] * 60 / plan.bpm * RATE
    assert abs(len(sample.audio) - wanted) <= 1
    assert plan.timesignature == values.get("timesignature", "4/4")


@pytest.mark.parametrize(("duration", "metre"), [(1, "2/4"), (3.21, "4/4"), (11.1, "4/4")])
def test_a_loop_of_a_given_length_finds_a_tempo_for_it(sampler: Sampler, duration: float, metre: str) -> None:
    sample = sampler("drum loop", duration=duration)
    assert len(sample.audio) == round(duration * RATE)
    assert 60 <= sample.plan.bpm <= 200
    assert sample.plan.timesignature == metre
    bars = duration / (BEATS_PER_BAR[metre] * 60 / sample.plan.bpm)
    assert bars == pytest.approx(round(bars), abs=0.002)
    assert "whole_bars" not in sample.told


def test_a_moved_length_is_told(sampler: Sampler) -> None:
    sample = sampler("drum loop", tempo=100, bpm=90, duration=8)
    assert sample.told["whole_bars"] == {"asked": 8, "given": 7.2}
    assert sample.told["no_effect"]["fields"] == ["bpm"]
    assert sampler("kick one-shot", tempo=100).told["no_effect"]["fields"] == ["tempo"]


@pytest.mark.parametrize(("caption", "tempo"), [("dusty drum break", 90), ("house drum loop", 124)])
def test_the_tempo_of_a_drum_loop_is_heard(sampler: Sampler, caption: str, tempo: int) -> None:
    loop = sampler(caption, tempo=tempo).audio.mean(axis=1)
    again = librosa.resample(np.tile(loop, 3), orig_sr=RATE, target_sr=24_000)
    heard = float(np.atleast_1d(librosa.feature.tempo(y=again, sr=24_000, hop_length=256, start_bpm=tempo))[0])
    assert min(abs(heard / tempo - factor) for factor in (0.5, 1, 2)) < 0.03


@pytest.mark.parametrize(
    ("caption", "stems"),
    [
        ("dusty drum break", {"drums"}),
        ("funky bassline", {"bass"}),
        ("lofi piano loop", {"keyboard"}),
        ("drums and congas loop", {"drums", "percussion"}),
        ("钢琴 loop", {"keyboard"}),
    ],
)
def test_a_loop_plays_what_its_caption_names_and_nothing_else(sampler: Sampler, caption: str, stems: set[str]) -> None:
    assert sampler(caption, tempo=120, duration=2).stems == stems


def test_a_caption_without_instrument_gets_the_band_of_its_genre(sampler: Sampler) -> None:
    assert {"drums", "bass"} < sampler("techno loop", tempo=120, duration=2).stems
    assert {"drums", "bass", "keyboard"} <= sampler("techno loop with piano", tempo=120, duration=2).stems
    assert {"drums", "bass"} < sampler("drum and bass loop", tempo=174, duration=2).stems
    assert "drums" not in sampler("pop loop without drums", tempo=120, duration=2).stems


def test_single_drums_make_a_loop_of_their_own(sampler: Sampler) -> None:
    [take] = sampler("hi-hat loop", tempo=120, duration=2).takes
    assert take.midi is not None
    struck = {message.note for message in MidiFile(file=BytesIO(take.midi)) if message.type == "note_on"}
    assert struck == {42}


SPARSE = (
    "tom loop",
    "crash loop",
    "808 loop",
    "upright bass loop",
    "cinematic impact loop",
    "riser loop",
    "riser 4 bars",
)


@pytest.mark.parametrize("caption", SPARSE)
def test_no_loop_is_silent(sampler: Sampler, caption: str) -> None:
    sample = sampler(caption, sample_type="loop", tempo=120)
    level = np.abs(sample.audio).max(axis=1)
    assert level.max() > 0.3
    assert np.mean(level.reshape(-1, 480).max(axis=1) > 0.001) > 0.25
    assert sample.stems


def test_risers_climb_to_where_the_loop_begins_again_and_downlifters_fall(sampler: Sampler) -> None:
    for caption, rises in (("riser loop", True), ("downlifter loop", False)):
        loop = sampler(caption, tempo=120, duration=4).audio
        early, late = rms_db(loop[RATE // 2 : RATE]), rms_db(loop[3 * RATE : 3 * RATE + RATE // 2])
        assert (late - early > 6) if rises else (early - late > 6), caption
    assert {"drums", "fx"} < sampler("techno loop with riser", tempo=120, duration=2).stems
    mixed = sampler("techno loop with downlifter", tempo=120, duration=2)
    assert "fx" not in mixed.stems
    assert mixed.told["not_understood"]["words"] == ["downlifter"]
    assert "downlifter" not in mixed.plan.understood.get("instruments", ())


@pytest.mark.parametrize(
    ("caption", "has", "lacks"),
    [
        ("boom bap beat", {36, 38, 42}, set()),
        ("house beat with claps", {36, 39, 42}, set()),
        ("pop loop with cowbell", {36, 42, 56}, set()),
        ("drum loop no hi-hats", {36, 38}, {42, 44, 46}),
        ("techno loop without hats", {36}, {42, 44, 46}),
        ("techno loop, no hats, no snare", {36}, {38, 40, 42, 44, 46}),
        ("house loop minus the claps", {36, 42}, {39}),
        ("techno loop without kick or snare", {42}, {35, 36, 38, 40}),
        ("house loop, no kick, snare or hats", set(), {35, 36, 38, 40, 42, 44, 46}),
        ("drum loop with no kick or bass", {38, 42}, {35, 36}),
    ],
)
def test_words_of_a_caption_leave_the_kit_as_it_is_meant(
    sampler: Sampler, caption: str, has: set[int], lacks: set[int]
) -> None:
    sample = sampler(caption, tempo=100, duration=2.4)
    midi = sample.takes[0].midi
    assert midi is not None
    messages = [message for message in MidiFile(file=BytesIO(midi)) if message.type == "note_on"]
    struck = {message.note for message in messages if message.channel == 9}
    assert has <= struck
    assert not lacks & struck
    assert "not_understood" not in sample.told
    assert ("bass" in sample.stems) == ("drum loop" not in caption)


def test_what_only_sounds_like_a_drum_is_none(sampler: Sampler) -> None:
    assert sampler("ride the wave synth loop", tempo=120, duration=2).stems == {"synth"}
    assert sampler("break my heart piano loop", tempo=120, duration=2).stems == {"keyboard"}
    assert sampler("horn section loop", tempo=120, duration=2).plan.understood["instruments"] == ("horn section",)


def test_a_caption_that_leaves_nobody_is_refused(sampler: Sampler) -> None:
    with pytest.raises(EngineError) as refused:
        sampler("drum loop no kick, snare, hats, crash or toms", tempo=120, duration=2)
    assert refused.value.code == "nothing_to_play"
    assert refused.value.permanent


@pytest.mark.parametrize(
    ("caption", "bpm", "metre"),
    [
        ("piano loop at 87 beats per minute", 87, "4/4"),
        ("tempo 87 piano loop", 87, "4/4"),
        ("90 BPM waltz piano loop", 90, "3/4"),
        ("6/8 piano loop 70 bpm", 70, "6/8"),
    ],
)
def test_tempo_and_metre_of_the_caption_are_obeyed(sampler: Sampler, caption: str, bpm: int, metre: str) -> None:
    plan = sampler(caption).plan
    assert (plan.bpm, plan.timesignature) == (bpm, metre)
    assert not plan.notices
    bars = plan.duration / (BEATS_PER_BAR[metre] * 60 / bpm)
    assert bars == pytest.approx(round(bars), abs=1e-4)


def test_the_notes_of_a_loop_end_with_it(sampler: Sampler) -> None:
    [take] = sampler("hopeful pop loop", tempo=100, duration=4.8).takes
    assert take.midi is not None
    assert MidiFile(file=BytesIO(take.midi)).length == pytest.approx(4.8, abs=0.02)


def test_loops_of_a_batch_go_together(sampler: Sampler) -> None:
    first, second = sampler("funky bassline", duration=3, batch_size=2).takes
    assert (first.bpm, first.keyscale) == (second.bpm, second.keyscale)
    assert first.audio.shape == second.audio.shape
    assert not np.array_equal(first.audio, second.audio)


def test_a_loop_is_as_loud_as_a_song(sampler: Sampler) -> None:
    audio = sampler("hopeful pop loop", tempo=100, duration=4.8).audio.T
    assert integrated_lufs(audio, RATE) == pytest.approx(-14, abs=0.5)
    assert true_peak_db(audio, RATE) <= -1.0


HITS = ("kick", "snare", "808", "piano chord", "brass stab", "string swell", "riser", "guitar strum", "reverse cymbal")


@pytest.mark.parametrize("caption", HITS)
def test_a_hit_begins_at_once_and_ends_in_silence(sampler: Sampler, caption: str) -> None:
    audio = sampler(caption).audio
    assert audio.shape == (2 * RATE, 2)
    level = np.abs(audio).max(axis=1)
    assert decibels(level.max()) == pytest.approx(-1.1, abs=0.5)
    assert np.argmax(level > 0.02 * level.max()) < 0.002 * RATE
    assert not np.any(audio[-RATE // 100 :])
    # faded, not cut
    assert level[-RATE // 20 : -RATE // 50].max() < 0.01
    spec = sampler(caption).spec
    assert isinstance(spec, Text2Samples)
    assert is_one_shot(spec)


def test_a_hit_is_packed_as_it_sounds_and_no_quality_is_told(sampler: Sampler) -> None:
    hit = sampler("kick")
    track = hit.packed()
    assert track.quality_score is None
    [path] = [file.path for file in track.files if file.kind == "audio" and file.format == "flac"]
    np.testing.assert_array_equal(sf.read(path, dtype="float32")[0], hit.audio)


def test_a_hit_of_one_second_is_whole(sampler: Sampler) -> None:
    audio = sampler("synth stab", duration=1).audio
    assert len(audio) == RATE
    assert not np.any(audio[-RATE // 100 :])


@pytest.mark.parametrize("caption", ["kick", "snare", "piano chord", "tambourine hit"])
def test_another_seed_gives_another_hit_and_the_same_seed_the_same(sampler: Sampler, caption: str) -> None:
    first, second = sampler(caption, seed=1).audio, sampler(caption, seed=2).audio
    assert decibels(float(np.abs(first - second).max())) > -20
    np.testing.assert_array_equal(first, sampler.anew(caption, 1).audio)


@pytest.mark.parametrize(("key", "tonic"), [("F minor", 5), ("A major", 9)])
def test_deep_hits_are_tuned(sampler: Sampler, key: str, tonic: int) -> None:
    for caption in ("808", "bass note"):
        ringing = sampler(caption, keyscale=key).audio.mean(axis=1)[RATE // 5 : RATE]
        spectrum = np.abs(np.fft.rfft(ringing * np.hanning(len(ringing)), n=1 << 19))
        hertz = np.fft.rfftfreq(1 << 19, 1 / RATE)
        heard = hertz[np.argmax(spectrum * (hertz < 400))]
        pitch = 69 + 12 * np.log2(heard / 440)
        assert abs((pitch - tonic + 6) % 12 - 6) < 0.4 or abs((pitch - tonic - 7 + 6) % 12 - 6) < 0.4, caption


def test_a_voice_is_not_pretended(sampler: Sampler) -> None:
    assert "vocal" in sampler("vocal chop one-shot").told["not_understood"]["words"]


def test_titles_say_what_kind_of_sample_it_is(sampler: Sampler) -> None:
    assert sampler("dusty drum break", tempo=90).plan.title == "Dusty Drum Break (loop, 90 BPM)"
    assert sampler("snare").plan.title == "Snare (one-shot)"
    assert sampler("808", keyscale="F minor").plan.title == "808 (one-shot, F Minor)"
