"""Edits of songs made here, as somebody hears them: what is new, and that all the rest is what it was."""

from __future__ import annotations

import gzip
import json
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from pydantic import TypeAdapter
from scipy.stats import spearmanr

from config.files import load
from engine.audio.encode import decode, encode
from engine.audio.loudness import integrated_lufs, true_peak_db
from engine.audio.package import package
from engine.spec import Cancelled, EngineError, Order, Plan, Preset, Source, Take, Words, estimate, parse
from engine.spec.plan import SourceFile
from engine.studio.engine import Studio
from engine.studio.kept import Kept, Unreadable, from_bytes, to_bytes

Audio = NDArray[np.float32]

RATE = 48_000
EXACT = 10 ** (-100 / 20)
AUDIBLE = 0.01
SUNG_S = 20
LYRICS = """[verse]
The morning comes in slowly through the blind
I pour the coffee, leave the dark behind
[chorus]
Stay with me until the kettle sings
"""
OTHER = "Paper boats go drifting down the stream\nNight is here\nNobody remembers any other dream\n"


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
class Heard:
    """What was made of a song, as the engine hands it over. That FLAC keeps every sample, `test_encode` shows."""

    plan: Plan
    take: Take

    @property
    def audio(self) -> Audio:
        return self.take.audio

    @property
    def stems(self) -> dict[str, Audio]:
        return dict(self.take.stems)

    @property
    def kept(self) -> Kept:
        assert self.take.score is not None
        return from_bytes(self.take.score)

    @property
    def lines(self) -> list[str]:
        return [line.text for line in self.take.lines]


@dataclass(frozen=True)
class Song(Heard):
    """A finished song to start from: its files, and what they sound like."""

    source: Source
    _decoded: dict[str, Audio] = field(default_factory=dict)

    @property
    def audio(self) -> Audio:
        return self._sound("audio")

    @property
    def stems(self) -> dict[str, Audio]:
        return {f.name: self._sound("stem", f.name) for f in self.source.files if f.kind == "stem"}

    @property
    def kept(self) -> Kept:
        [path] = [file.path for file in self.source.files if file.kind == "score"]
        return from_bytes(Path(path).read_bytes())

    def _sound(self, kind: str, name: str = "") -> Audio:
        [path] = [f.path for f in self.source.files if (f.kind, f.name, f.format) == (kind, name, "flac")]
        if path not in self._decoded:
            self._decoded[path] = decode(Path(path))[0]
        return self._decoded[path]


@dataclass(frozen=True)
class House:
    """Makes songs and their edits, each in a folder of its own."""

    studio: Studio
    folder: Path

    def order(self, task: str, source: Source | None, seed: int, values: dict[str, Any]) -> tuple[Any, Order]:
        spec = parse(task, values)
        settled = estimate(spec, source.duration if source else None)
        return spec, Order(
            job=1, spec={}, duration=settled.duration, takes=settled.takes, seed=seed, workdir="", source=source
        )

    def made(self, task: str, source: Source | None = None, *, seed: int = 5, **values: Any) -> tuple[Plan, list[Take]]:
        spec, order = self.order(task, source, seed, values)
        plan, shelf = self.studio.plan(spec, order), Shelf()
        self.studio.render(spec, plan, order, shelf)
        assert shelf.heard == sorted(shelf.heard)
        assert shelf.heard[-1] == pytest.approx(1.0)
        return plan, shelf.takes

    def edit(self, task: str, of: Song, *, seed: int = 5, **values: Any) -> Heard:
        plan, [take] = self.made(task, of.source, seed=seed, **values)
        return Heard(plan, take)

    def song(
        self, task: str, of: Song | None = None, *, seed: int = 5, packed: bool = False, **values: Any
    ) -> Song:  # fmt: skip
        """A song in files: all that people get where it is `packed`, or else those that an edit starts from."""
        plan, [take] = self.made(task, of.source if of else None, seed=seed, **values)
        workdir = self.folder / str(len(list(self.folder.iterdir())))
        if packed:
            # How good it is, is asked by nobody here.
            spec = parse(task, values).model_copy(update={"calculate_quality": False})
            made = package(take, plan=plan, spec=spec, workdir=workdir).files
            files = tuple(SourceFile(kind=f.kind, name=f.name, format=f.format, path=f.path) for f in made)
        else:
            files = laid(take, workdir)
        source = Source(
            job=1, take=1, title=plan.title, caption=plan.caption, duration=take.audio.shape[1] / take.sample_rate,
            bpm=take.bpm, keyscale=take.keyscale, timesignature=take.timesignature, seed=take.seed,
            genre_preset=plan.genre_preset, files=files,
        )  # fmt: skip
        return Song(plan, take, source)


def laid(take: Take, folder: Path) -> tuple[SourceFile, ...]:
    """The master, the stems and the score of a take as files of `folder`."""
    folder.mkdir()
    assert take.score is not None
    (folder / "song.score").write_bytes(take.score)
    files = [SourceFile(kind="score", name="", format="score", path=str(folder / "song.score"))]
    for kind, name, audio in (("audio", "", take.audio), *(("stem", *stem) for stem in take.stems.items())):
        path = encode(audio, take.sample_rate, folder / f"{name or 'song'}.flac")
        files.append(SourceFile(kind=kind, name=name, format="flac", path=str(path)))
    return tuple(files)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    studio = Studio(load("presets", TypeAdapter(dict[str, Preset])), load("words", Words))
    yield House(studio, tmp_path_factory.mktemp("songs"))
    studio.close()


@pytest.fixture(scope="module")
def sung(house: House) -> Song:
    return house.song(
        "text2music", caption="warm indie pop", lyrics=LYRICS, duration=SUNG_S, display_name="Kettle", packed=True
    )  # fmt: skip


@pytest.fixture(scope="module")
def played(house: House) -> Song:
    return house.song("text2music", caption="jazz trio", duration=12)


@pytest.fixture(scope="module")
def line(house: House) -> Song:
    """A short song with a single line."""
    return house.song("text2music", caption="folk", lyrics="[verse]\nThe morning comes in slowly", duration=7)


@pytest.fixture(scope="module")
def crowded(house: House) -> Song:
    """A song whose last line rings until its end."""
    lyrics = "[rap]\n" + "I got the rhythm and the rhyme all the time on my mind\n" * 6
    return house.song("text2rap", seed=3, caption="trap", timesignature="6/8", lyrics=lyrics, duration=17.3)


def differs(one: Audio, other: Audio) -> Audio:
    """How far apart both are at each sample."""
    found: Audio = np.abs(one - other).max(0)
    return found


def samples(seconds: float) -> int:
    return round(seconds * RATE)


def sound_is_whole(song: Heard) -> None:
    """The stems make up the song, nothing is too loud, and the words come in order inside it."""
    assert np.abs(np.sum(list(song.stems.values()), axis=0) - song.audio).max() < 1e-4
    assert true_peak_db(song.audio, RATE) < -1.0
    starts = [line.start for line in song.take.lines]
    assert starts == sorted(starts)
    assert all(0 <= line.start < line.end <= song.plan.duration for line in song.take.lines)
    assert len(song.kept.score.voice) == len(song.kept.lines) == len(starts)


def mel(audio: Audio) -> NDArray[np.float64]:
    """Decibels (tenths of a second, bands)."""
    count = audio.shape[1] // 4800
    frames = audio.mean(0)[: count * 4800].reshape(count, 4800) * np.hanning(4800)
    power = np.abs(np.fft.rfft(frames)) ** 2
    bands = np.digitize(np.fft.rfftfreq(4800, 1 / RATE), np.geomspace(40, 16_000, 41))
    level = np.stack([power[:, bands == band].sum(1) for band in range(1, 41)], 1)
    found: NDArray[np.float64] = 10 * np.log10(np.maximum(level, level.max() * 1e-5))
    return found


def test_a_retake_without_variance_is_the_same_song(house: House, sung: Song) -> None:
    same = house.song("retake", sung, packed=True, seed=77, original_job_id=1, retake_variance=0)
    assert np.array_equal(same.audio, sung.audio)
    assert same.stems.keys() == sung.stems.keys()
    assert all(np.array_equal(same.stems[name], stem) for name, stem in sung.stems.items())
    for kind in ("score", "lrc", "image", "midi"):
        files = [next(file.path for file in song.source.files if file.kind == kind) for song in (sung, same)]
        assert Path(files[0]).read_bytes() == Path(files[1]).read_bytes()
    assert same.plan.title == "Kettle"


def test_a_retake_differs_the_more_the_more_variance_it_has(house: House) -> None:
    short = house.song("text2music", caption="jazz trio", duration=9)
    known = mel(short.audio)
    for seed in range(4):
        steps = (0, 0.2, 0.4, 0.6, 0.8, 1) if seed % 2 else (0, 0.1, 0.3, 0.5, 0.7, 0.9)
        apart = []
        for variance in steps:
            _, [take] = house.made("retake", short.source, seed=seed, original_job_id=1, retake_variance=variance)
            apart.append(np.abs(mel(take.audio) - known).mean())
        assert apart[0] == 0 < apart[-1]
        assert spearmanr(apart, steps)[0] >= 0.9, (seed, apart)


def test_a_retake_that_is_all_new_keeps_form_tempo_key_and_words(house: House, sung: Song) -> None:
    new = house.edit("retake", sung, seed=8, original_job_id=1, retake_variance=1)
    assert (differs(new.audio, sung.audio).reshape(-1, RATE // 2).max(1) > AUDIBLE).all()
    before, after = sung.kept.score, new.kept.score
    assert (after.bpm, after.tonic, after.minor, after.sections) == (
        before.bpm, before.tonic, before.minor, before.sections,
    )  # fmt: skip
    assert new.lines == sung.lines
    assert [note.pitch for line in after.voice for note in line.notes] != [
        note.pitch for line in before.voice for note in line.notes
    ]
    sound_is_whole(new)


def test_takes_of_a_retake_have_the_seeds_that_were_given(house: House, played: Song) -> None:
    plan, takes = house.made("retake", played.source, original_job_id=1, retake_seeds=[4, 90])
    assert plan.seeds == (4, 90)
    assert differs(takes[0].audio, takes[1].audio).max() > AUDIBLE
    _, [again] = house.made("retake", played.source, seed=90, original_job_id=1)
    assert np.array_equal(again.audio, takes[1].audio)


@pytest.mark.parametrize(("start", "end"), [(6.0, 11.37), (0.0, 4.0), (15.0, -1)])
def test_only_the_repainted_part_is_new(house: House, sung: Song, start: float, end: float) -> None:
    new = house.edit(
        "repaint", sung, source_job_id=1, repainting_start=start, repainting_end=end, caption="loud rock with guitars"
    )
    apart = differs(new.audio, sung.audio)
    first, last = samples(start), samples(SUNG_S if end == -1 else end)
    assert max(apart[:first].max(initial=0), apart[last:].max(initial=0)) < EXACT
    assert (apart[first:last][: (last - first) // RATE * RATE].reshape(-1, RATE).max(1) > AUDIBLE).all()
    for name, stem in new.stems.items():
        before = sung.stems.get(name, np.zeros_like(stem))
        outside = np.concatenate((differs(stem, before)[:first], differs(stem, before)[last:]))
        assert outside.max() < EXACT
    assert new.lines == sung.lines
    sound_is_whole(new)


def test_a_part_that_reaches_beyond_the_song_ends_with_it(house: House, played: Song) -> None:
    values: dict[str, Any] = {"source_job_id": 1, "repainting_start": 8.0, "caption": "piano"}
    _, [one] = house.made("repaint", played.source, repainting_end=300.0, **values)
    _, [other] = house.made("repaint", played.source, repainting_end=-1, **values)
    assert np.array_equal(one.audio, other.audio)


def test_new_words_are_sung_in_the_repainted_part_and_lines_across_its_border_stay(house: House, sung: Song) -> None:
    one, two, three = sung.take.lines
    middle = (one.start + one.end) / 2
    new = house.edit(
        "repaint", sung, source_job_id=1, repainting_start=middle, repainting_end=three.start - 0.05, caption="soft",
        lyrics="Paper boats go drifting down the stream",
    )  # fmt: skip
    assert new.lines == [one.text, "Paper boats go drifting down the stream", three.text]
    assert (new.take.lines[0], new.take.lines[2]) == (one, three)
    voice = differs(new.stems["vocals"], sung.stems["vocals"])
    assert voice[: samples(one.end)].max() < EXACT
    assert voice[samples(three.start) :].max() < EXACT
    assert voice[samples(two.start) : samples(two.end)].max() > AUDIBLE
    assert "Paper boats" in new.plan.lyrics
    assert two.text not in new.plan.lyrics
    sound_is_whole(new)


@pytest.mark.parametrize(("start", "end"), [(SUNG_S, -1), (30.0, 40.0), (5.0, 5.5), (9.0, 4.0), (SUNG_S - 0.5, -1)])
def test_a_part_that_the_song_lacks_is_refused(house: House, sung: Song, start: float, end: float) -> None:
    values: dict[str, Any] = {"source_job_id": 1, "repainting_start": start, "repainting_end": end, "caption": "soft"}
    with pytest.raises(EngineError) as caught:
        house.made("repaint", sung.source, **values)
    assert (caught.value.code, caught.value.permanent) == ("region_outside", True)
    assert caught.value.params == {"start": start, "end": end, "length": SUNG_S}


def test_a_song_goes_on_from_its_ending(house: House, sung: Song) -> None:
    new = house.edit(
        "extend", sung, source_job_id=1, right_extend_length=11.3, caption="warm indie pop",
        lyrics="[chorus]\nNobody remembers any other dream",
    )  # fmt: skip
    assert new.audio.shape[1] == samples(SUNG_S + 11.3)
    *before, ending = sung.kept.score.sections
    assert ending.kind == "outro"
    assert new.kept.score.sections[: len(before)] == tuple(before)
    assert new.kept.score.sections[-1].kind == "outro"
    until = samples(sung.kept.score.seconds(ending.start_bar * 4) - 0.02)
    assert differs(new.audio[:, :until], sung.audio[:, :until]).max() < EXACT
    assert new.lines == [*sung.lines, "Nobody remembers any other dream"]
    assert new.take.lines[-1].start > until / RATE
    # it ends as songs do
    assert np.abs(new.audio[:, -samples(0.005) :]).max() < 1e-3
    assert np.abs(new.audio[:, until:]).reshape(2, -1)[:, : samples(10)].max() > 0.1
    sound_is_whole(new)


def test_new_music_leads_up_to_a_song_that_then_is_what_it_was(house: House, played: Song) -> None:
    new = house.edit(
        "extend", played, source_job_id=1, left_extend_length=7.77, right_extend_length=0, caption="a jazz trio"
    )
    shift = samples(7.77)
    assert new.audio.shape[1] == shift + played.audio.shape[1]
    assert differs(new.audio[:, shift:], played.audio).max() < EXACT
    for name, stem in played.stems.items():
        assert differs(new.stems[name][:, shift:], stem).max() < EXACT
    tenths = np.square(new.audio[:, : shift // 4800 * 4800]).reshape(2, -1, 4800).mean((0, 2))
    loud = 10 * np.log10(tenths)
    assert np.sort(loud)[len(loud) // 10] > -45
    before, after = (np.square(new.audio[:, at : at + samples(0.4)]).mean() for at in (shift - samples(0.4), shift))
    assert abs(10 * np.log10(after / before)) < 12
    # its bars go on from the new ones
    score, old = new.kept.score, played.kept.score
    assert score.seconds(score.sections[-1].start_bar * 4) == pytest.approx(
        old.seconds(old.sections[-1].start_bar * 4) + 7.77, abs=1e-3
    )
    sound_is_whole(new)


def test_edits_of_edits_keep_what_was_kept(house: House, played: Song) -> None:
    longer = house.song(
        "extend", played, source_job_id=1, left_extend_length=3.1, right_extend_length=4.0, caption="more energy"
    )
    assert longer.audio.shape[1] == samples(12 + 3.1 + 4)
    values: dict[str, Any] = {"source_job_id": 1, "repainting_start": 2.0, "repainting_end": 6.5, "caption": "flute"}
    painted = house.song("repaint", longer, **values)
    apart = differs(painted.audio, longer.audio)
    assert max(apart[: samples(2)].max(), apart[samples(6.5) :].max()) < EXACT
    assert apart[samples(3.1) : samples(6.5)].max() > AUDIBLE
    retaken = house.song("retake", painted, original_job_id=1, retake_variance=0.5)
    assert retaken.kept.score.origin == longer.kept.score.origin > 0
    longest = house.edit(
        "extend", retaken, source_job_id=1, left_extend_length=1.3, right_extend_length=0, caption="slow"
    )
    assert differs(longest.audio[:, samples(1.3) :], retaken.audio).max() < EXACT
    for song in (longer, painted, retaken, longest):
        sound_is_whole(song)


def test_other_words_are_sung_to_the_same_music(house: House, sung: Song) -> None:
    new = house.edit("edit", sung, source_job_id=1, edit_type="only_lyrics", edit_target_lyrics=OTHER)
    assert new.lines == OTHER.splitlines()
    voices = {"vocals", "backing_vocals"}
    for name, stem in sung.stems.items():
        assert np.array_equal(new.stems[name], stem) == (name not in voices)
    for before, after in zip(sung.take.lines, new.take.lines, strict=True):
        assert after.start == pytest.approx(before.start, abs=0.3)
    old, score = sung.kept.score, new.kept.score
    assert {note.pitch for line in score.voice for note in line.notes} == {
        note.pitch for line in old.voice for note in line.notes
    }
    assert score.parts == old.parts
    sound_is_whole(new)


def test_words_beyond_the_songs_lines_are_counted(house: House, sung: Song) -> None:
    spec, order = house.order(
        "edit", sung.source, 5, {"source_job_id": 1, "edit_type": "only_lyrics", "edit_target_lyrics": OTHER * 2}
    )
    [notice] = house.studio.plan(spec, order).notices
    assert (notice.code, notice.params) == ("lines_left_out", {"count": 3})


def test_an_edit_says_who_wrote_most_of_its_words(house: House, sung: Song) -> None:
    source = sung.source.model_copy(update={"lyrics_by": "model", "lyrics_model": "tiny"})

    def writer(task: str, **values: Any) -> tuple[str | None, str]:
        spec, order = house.order(task, source, 5, values)
        plan = house.studio.plan(spec, order)
        return plan.lyrics_by, plan.lyrics_model

    assert writer("retake", original_job_id=1) == ("model", "tiny")
    assert writer("extend", source_job_id=1, caption="more", lyrics="One more line") == ("model", "tiny")
    assert writer("edit", source_job_id=1, edit_target_prompt="instrumental") == (None, "")
    assert writer("edit", source_job_id=1, edit_type="only_lyrics", edit_target_lyrics=OTHER) == ("user", "")


def test_an_instrumental_gets_a_voice_and_keeps_its_notes(house: House, played: Song) -> None:
    new = house.edit("edit", played, source_job_id=1, edit_type="only_lyrics", edit_target_lyrics="Night is here")
    assert new.lines == ["Night is here"]
    assert np.abs(new.stems["vocals"]).max() > 0.05
    assert new.kept.score.parts == played.kept.score.parts
    sound_is_whole(new)


def test_a_remix_is_the_same_song_played_by_another_band(house: House, sung: Song) -> None:
    new = house.edit("edit", sung, source_job_id=1, edit_target_prompt="heavy metal")
    assert (new.plan.genre_preset, new.plan.caption, new.plan.bpm) == ("Metal", "heavy metal", sung.plan.bpm)
    old, score = sung.kept.score, new.kept.score
    assert score.chords == old.chords
    assert [note.pitch for line in score.voice for note in line.notes] == [
        note.pitch for line in old.voice for note in line.notes
    ]
    assert new.lines == sung.lines
    assert {part.instrument for part in score.parts} != {part.instrument for part in old.parts}
    sound_is_whole(new)


def test_a_window_limits_what_is_edited(house: House, sung: Song) -> None:
    window: dict[str, Any] = {"edit_n_min": 0.25, "edit_n_max": 0.6}
    new = house.edit("edit", sung, source_job_id=1, edit_target_prompt="reggae", **window)
    apart = differs(new.audio, sung.audio)
    first, last = samples(0.25 * SUNG_S), samples(0.6 * SUNG_S)
    assert max(apart[:first].max(), apart[last:].max()) < EXACT
    assert apart[first:last].max() > 0.1
    sound_is_whole(new)


@pytest.mark.parametrize(
    ("task", "values", "code"),
    [
        ("edit", {"source_job_id": 1}, "nothing_to_edit"),
        ("edit", {"source_job_id": 1, "edit_target_prompt": "folk", "edit_n_min": 0.7, "edit_n_max": 0.2},
         "region_outside"),
        ("extend", {"source_job_id": 1, "right_extend_length": 0, "caption": "folk"}, "nothing_to_extend"),
    ],
)  # fmt: skip
def test_what_asks_for_nothing_is_refused(
    house: House, played: Song, task: str, values: dict[str, Any], code: str
) -> None:
    with pytest.raises(EngineError) as caught:
        house.made(task, played.source, **values)
    assert (caught.value.code, caught.value.permanent) == (code, True)


@pytest.mark.parametrize("broken", [None, b"", b"no score", b"\x1f\x8b\x08"])
def test_a_song_without_a_readable_score_can_not_be_edited(
    house: House, played: Song, tmp_path: Path, broken: bytes | None
) -> None:
    files = [file for file in played.source.files if file.kind != "score"]
    if broken is not None:
        (tmp_path / "song.score").write_bytes(broken)
        files.append(SourceFile(kind="score", name="", format="score", path=str(tmp_path / "song.score")))
    source = played.source.model_copy(update={"files": tuple(files)})
    with pytest.raises(EngineError) as caught:
        house.made("retake", source, original_job_id=1)
    assert (caught.value.code, caught.value.permanent) == ("no_score", True)


def test_nobody_sings_in_a_part_without_vocals(house: House, sung: Song) -> None:
    one, two, three = sung.take.lines
    start, end = two.start - 0.02, max(two.end, two.start + 1) + 0.02
    values: dict[str, Any] = {"source_job_id": 1, "repainting_start": start, "repainting_end": end}
    new = house.edit("repaint", sung, caption="no vocals", **values)
    assert list(new.take.lines) == [one, three]
    assert two.text not in new.plan.lyrics
    assert new.plan.understood == {"voice": ("no vocals",)}
    assert new.plan.notices == ()
    for name in ("vocals", "backing_vocals"):
        if name not in sung.stems:
            continue
        before, after = sung.stems[name], new.stems[name]
        apart = differs(before, after)
        assert max(apart[: samples(start)].max(), apart[samples(end) :].max()) < EXACT
        silent = slice(samples(start + 0.3), samples(end - 0.1))
        assert np.abs(after[:, silent]).max() < 0.002
    assert np.abs(sung.stems["vocals"][:, silent]).max() > 0.05
    assert np.abs(new.audio[:, silent]).max() > 0.05
    sound_is_whole(new)


def test_a_line_across_the_border_of_a_part_without_vocals_is_sung_on_and_told(house: House, sung: Song) -> None:
    one, two, _ = sung.take.lines
    values: dict[str, Any] = {
        "source_job_id": 1, "repainting_start": one.start + 0.1, "repainting_end": (one.end + two.start) / 2,
        "caption": "no vocals", "lyrics": "Paper boats",
    }  # fmt: skip
    spec, order = house.order("repaint", sung.source, 5, values)
    plan = house.studio.plan(spec, order)
    assert [(notice.code, notice.params) for notice in plan.notices] == [
        ("lyrics_ignored", {}),
        ("lines_across", {"count": 1}),
    ]
    assert one.text in plan.lyrics
    assert "Paper boats" not in plan.lyrics


def test_a_remix_without_vocals_plays_the_tune_that_was_sung(house: House, sung: Song) -> None:
    new = house.edit("edit", sung, source_job_id=1, edit_target_prompt="jazz, no vocals, 240 bpm, in G# minor")
    assert not new.stems.keys() & {"vocals", "backing_vocals"}
    assert (new.plan.instrumental, new.plan.lyrics, new.lines) == (True, "", [])
    # what did nothing is not told as heard
    assert new.plan.understood == {"genre": ("jazz",), "voice": ("no vocals",)}
    assert [(notice.code, notice.params) for notice in new.plan.notices] == [
        ("kept_of_parent", {"words": ["240 bpm", "G# minor"]})
    ]
    assert (new.plan.bpm, new.plan.keyscale) == (sung.plan.bpm, sung.plan.keyscale)
    [tune] = [part.notes for part in new.kept.score.parts if part.tune]
    sung_notes = [note for line in sung.kept.score.voice for note in line.notes]
    for note in sung_notes:
        assert [each for each in tune if abs(each.start - note.start) < 0.2 and (each.pitch - note.pitch) % 12 == 0]
    sound_is_whole(new)


def test_a_window_without_vocals_silences_only_its_own_lines(house: House, sung: Song) -> None:
    one, two, three = sung.take.lines
    new = house.edit(
        "edit", sung, source_job_id=1, edit_target_prompt="reggae, instrumental",
        edit_n_min=(one.end + two.start) / 2 / SUNG_S, edit_n_max=(two.end + three.start) / 2 / SUNG_S,
    )  # fmt: skip
    assert list(new.take.lines) == [one, three]
    silent = slice(samples(two.start + 0.3), samples(two.end - 0.1))
    assert np.abs(new.stems["vocals"][:, silent]).max() < 0.002
    sound_is_whole(new)


@pytest.mark.parametrize(
    ("task", "values"),
    [
        ("extend", {"caption": "waltz in G# minor, 240 bpm"}),
        ("repaint", {"caption": "waltz in G# minor, 240 bpm", "repainting_start": 2, "repainting_end": 5}),
        ("edit", {"edit_target_prompt": "waltz in G# minor, 240 bpm"}),
    ],
)
def test_tempo_key_and_metre_of_a_song_that_is_there_stay_and_that_is_said(
    house: House, played: Song, task: str, values: dict[str, Any]
) -> None:
    spec, order = house.order(task, played.source, 5, {"source_job_id": 1, **values})
    plan = house.studio.plan(spec, order)
    before = played.plan
    assert (plan.bpm, plan.keyscale, plan.timesignature) == (before.bpm, before.keyscale, before.timesignature)
    assert [(notice.code, notice.params) for notice in plan.notices] == [
        ("kept_of_parent", {"words": ["240 bpm", "G# minor", "waltz"]})
    ]
    assert plan.understood == {}


def test_words_that_say_what_a_song_has_are_heard(house: House, played: Song) -> None:
    caption = f"flute, {played.plan.bpm:g} bpm, in {played.plan.keyscale}, {played.plan.timesignature}"
    values: dict[str, Any] = {"source_job_id": 1, "repainting_start": 2, "repainting_end": 5, "caption": caption}
    spec, order = house.order("repaint", played.source, 5, values)
    plan = house.studio.plan(spec, order)
    assert plan.notices == ()
    assert plan.understood.keys() == {"instruments", "tempo", "key", "metre"}


def test_what_has_no_effect_on_an_edit_is_said(house: House, played: Song) -> None:
    values: dict[str, Any] = {"original_job_id": 1, "bpm": 90, "keyscale": "Am", "guidance_scale": 3}
    spec, order = house.order("retake", played.source, 5, values)
    assert [(notice.code, notice.params) for notice in house.studio.plan(spec, order).notices] == [
        ("no_effect", {"fields": ["guidance_scale"]}),
        ("settled", {"fields": ["bpm", "keyscale"]}),
    ]


@pytest.mark.parametrize("seconds", [0.3, 1, 4, 12])
def test_words_go_on_after_a_line_that_rings_into_the_new_part(house: House, crowded: Song, seconds: float) -> None:
    spec, order = house.order(
        "extend", crowded.source, 5,
        {"source_job_id": 1, "right_extend_length": seconds, "caption": "funk", "lyrics": "New words here for you"},
    )  # fmt: skip
    plan, shelf = house.studio.plan(spec, order), Shelf()
    house.studio.render(spec, plan, order, shelf)
    [take] = shelf.takes
    told = [notice.params["count"] for notice in plan.notices if notice.code == "lines_left_out"]
    assert (len(crowded.lines) + 1 - len(take.lines)) == sum(told) == (seconds < 1)
    assert [line for line in plan.lyrics.splitlines() if line and line[0] != "["] == [line.text for line in take.lines]
    for before, after in zip(take.lines, take.lines[1:], strict=False):
        assert after.start > before.end
    if not told:
        last = take.lines[-1]
        voice = take.stems["vocals"][:, samples(last.start) : samples(last.end)]
        assert np.abs(voice).max() > 0.02


def test_a_line_that_does_not_sound_hides_no_other(house: House, sung: Song, tmp_path: Path) -> None:
    one, two, _ = sung.take.lines
    kept = sung.kept
    (tmp_path / "song.score").write_bytes(to_bytes(replace(kept, lines=kept.lines[:2])))
    others = tuple(file for file in sung.source.files if file.kind != "score")
    score = SourceFile(kind="score", name="", format="score", path=str(tmp_path / "song.score"))
    source = sung.source.model_copy(update={"files": (*others, score)})
    values: dict[str, Any] = {"repainting_start": two.start - 0.02, "repainting_end": two.end + 0.02, "lyrics": "La la"}
    _, [take] = house.made("repaint", source, source_job_id=1, caption="soft", **values)
    assert [line.text for line in take.lines] == [one.text, "La la"]


def loudness(audio: Audio) -> list[float]:
    """LUFS of each five seconds."""
    windows = range(0, audio.shape[1] - samples(5) + 1, samples(2.5))
    return [integrated_lufs(audio[:, at : at + samples(5)], RATE) for at in windows]


def test_new_parts_are_as_loud_as_the_song(house: House, played: Song) -> None:
    values: dict[str, Any] = {"source_job_id": 1, "caption": "more of it"}
    for left, right in ((0, 8), (8, 0)):
        new = house.edit("extend", played, **values, left_extend_length=left, right_extend_length=right)
        assert max(loudness(new.audio)) == pytest.approx(max(loudness(played.audio)), abs=2)
        sound_is_whole(new)
    soft = house.song("text2music", caption="ambient", duration=12)
    _, [loud] = house.made(
        "repaint", soft.source, source_job_id=1, caption="cinematic orchestra epic", repainting_start=3,
        repainting_end=10.5,
    )  # fmt: skip
    part = slice(samples(3), samples(10.5))
    assert max(loudness(loud.audio[:, part])) == pytest.approx(max(loudness(soft.audio)), abs=2)


def test_music_that_was_held_down_with_its_old_voice_is_held_down_without_it(
    house: House, sung: Song, tmp_path: Path
) -> None:
    stems = sung.stems
    music = np.sum([stem for name, stem in stems.items() if "vocals" not in name], axis=0)
    more = (1.06 / np.abs(music).max() - 1) * music
    files = [file for file in sung.source.files if (file.kind, file.name) not in (("stem", "bass"), ("stem", "vocals"))]
    for name, stem in (("bass", stems["bass"] + more), ("vocals", stems["vocals"] - more)):
        path = tmp_path / f"{name}.flac"
        soundfile.write(path, stem.T, RATE, subtype="PCM_24")
        files.append(SourceFile(kind="stem", name=name, format="flac", path=str(path)))
    parent = Song(sung.plan, sung.take, sung.source.model_copy(update={"files": tuple(files)}))
    assert true_peak_db(music + more, RATE) > 0
    new = house.edit("edit", parent, source_job_id=1, edit_type="only_lyrics", edit_target_lyrics=OTHER)
    assert new.lines == OTHER.splitlines()
    sound_is_whole(new)


GERMAN = "Der Morgen kommt so langsam durch das Fenster herein"


def test_words_of_another_language_are_sung_beside_the_old_ones(house: House, sung: Song) -> None:
    one, two, _ = sung.take.lines
    middle = (one.start + one.end) / 2
    new = house.song(
        "repaint", sung, source_job_id=1, repainting_start=middle, repainting_end=two.end + 0.05, caption="soft",
        lyrics=GERMAN,
    )  # fmt: skip
    assert new.lines == [sung.lines[0], GERMAN, sung.lines[2]]
    assert new.plan.vocal_language == "en"
    assert {line.text: line.language for line in new.kept.score.lines} == dict(
        zip(new.lines, ("", "de", ""), strict=True)
    )
    again = house.edit("retake", new, seed=9, original_job_id=1, retake_variance=1)
    assert again.lines == new.lines
    for song in (new, again):
        german = song.take.lines[1]
        voice = song.stems["vocals"][:, samples(german.start) : samples(german.end)]
        assert np.abs(voice).max() > 0.05
        sound_is_whole(song)


def test_a_song_with_only_new_words_speaks_their_language(house: House, played: Song) -> None:
    new = house.edit(
        "edit",
        played,
        source_job_id=1,
        edit_type="only_lyrics",
        edit_target_lyrics="Es wird Nacht",
        vocal_language="de",
    )
    assert (new.plan.vocal_language, new.kept.language) == ("de", "de")


@pytest.mark.parametrize(
    ("task", "values"),
    [
        ("repaint", {"caption": "soft", "repainting_start": 1, "repainting_end": 6}),
        ("extend", {"caption": "soft", "right_extend_length": 2}),
        ("edit", {"edit_target_prompt": "rock"}),
    ],
)
def test_old_words_stay_in_their_language_and_that_is_said(
    house: House, line: Song, task: str, values: dict[str, Any]
) -> None:
    spec, order = house.order(task, line.source, 5, {"source_job_id": 1, "vocal_language": "de", **values})
    plan, shelf = house.studio.plan(spec, order), Shelf()
    assert plan.vocal_language == "en"
    assert [(notice.code, notice.params) for notice in plan.notices] == [("settled", {"fields": ["vocal_language"]})]
    house.studio.render(spec, plan, order, shelf)
    assert Heard(plan, shelf.takes[0]).lines == line.lines == ["The morning comes in slowly"]


@pytest.mark.parametrize(
    ("task", "values"),
    [
        ("retake", {"original_job_id": 1, "retake_variance": 0}),
        ("retake", {"original_job_id": 1, "retake_variance": 1}),
        ("repaint", {"source_job_id": 1, "caption": "soft", "repainting_start": 2, "repainting_end": 4}),
    ],
)
def test_sound_of_a_long_song_lies_in_files_that_can_rest(
    house: House, played: Song, monkeypatch: pytest.MonkeyPatch, task: str, values: dict[str, Any]
) -> None:
    monkeypatch.setattr("engine.studio.sound.reel.IN_MEMORY_BYTES", 0)
    _, [take] = house.made(task, played.source, **values)
    for stem in take.stems.values():
        owner: Any = stem
        while (below := getattr(owner, "base", getattr(owner, "obj", None))) is not None:
            owner = below
        assert isinstance(owner, mmap.mmap)


@pytest.mark.parametrize("gain", [3, None, [1.0], "?"])
def test_a_score_with_a_broken_desk_is_none(played: Song, gain: Any) -> None:
    [path] = [file.path for file in played.source.files if file.kind == "score"]
    file = json.loads(gzip.decompress(Path(path).read_bytes()))
    file["desk"]["gain"] = gain
    with pytest.raises(Unreadable):
        from_bytes(gzip.compress(json.dumps(file).encode()))


def test_an_edit_that_nobody_wants_any_more_stops(house: House, played: Song) -> None:
    values: dict[str, Any] = {"source_job_id": 1, "right_extend_length": 5, "caption": "jazz"}
    spec, order = house.order("extend", played.source, 5, values)
    shelf = Shelf(enough=0.3)
    with pytest.raises(Cancelled):
        house.studio.render(spec, house.studio.plan(spec, order), order, shelf)
    assert not shelf.takes
