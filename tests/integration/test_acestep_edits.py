"""Edits of songs by the GPU engine, on random weights: what stays, what is new, and what the model is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bot.replies import reply
from engine.acestep.kept import Kept, from_bytes
from engine.acestep.splice import FADE_S, made_anew, spliced, window
from engine.audio.encode import decode
from engine.audio.package import package
from engine.spec import Cancelled, EngineError, Order, Plan, Recording, Source, SourceFile, Take, estimate, parse
from tests.acceptance.engine_house import House, Sink, opened
from tests.fakes.tune import tune

Audio = NDArray[np.floating[Any]]
RATE = 48_000
# Of the old sound, so much at an edge goes over into the model's own of it.
EDGE = round(0.1 * RATE)
LYRICS = "[Verse]\nMorning light\nCoffee and rain\n\n[Chorus]\nStay a while\nSing along"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened("acestep", tmp_path_factory.mktemp("acestep")) as house:
        yield house


@pytest.fixture
def recording(tmp_path: Path) -> Callable[..., Recording]:
    """What somebody brought: a file with `sound`, as long as it is."""

    def brought(sound: Audio, rate: int = RATE, lyrics: str = "") -> Recording:
        path = tmp_path / "brought.flac"
        soundfile.write(path, sound.T, rate, subtype="PCM_24")
        return Recording(
            id="1", title="Brought", artist="", lyrics=lyrics, duration=sound.shape[1] / rate, path=str(path)
        )

    return brought


@pytest.fixture
def song(tmp_path: Path) -> Callable[..., Source]:
    """A song made here of `sound`, whose words are LYRICS."""

    def kept(sound: Audio, lrc: str = "", **facts: Any) -> Source:
        path = tmp_path / "song.flac"
        soundfile.write(path, sound.T, RATE, subtype="PCM_24")
        files = [SourceFile(kind="audio", name="", format="flac", path=str(path))]
        if lrc:
            (tmp_path / "song.lrc").write_text(lrc)
            files.append(SourceFile(kind="lrc", name="", format="lrc", path=str(tmp_path / "song.lrc")))
        own = {"caption": "warm indie pop", "lyrics": LYRICS, "vocal_language": "en", "lyrics_by": "model", **facts}
        return Source(
            job=1, take=1, title="Morning", duration=sound.shape[1] / RATE, bpm=100, keyscale="D Major",
            timesignature="3/4", seed=7, files=tuple(files), **own,
        )  # fmt: skip

    return kept


def asked(of: Recording | Source, task: str, **values: Any) -> tuple[Any, Order]:
    recording, source = (of, None) if isinstance(of, Recording) else (None, of)
    link = {"src_audio_url": "https://songs.example/brought.flac"} if recording is not None else {"source_job_id": 1}
    spec = parse(task, {**values, **link})
    settled = estimate(spec, of.duration)
    return spec, Order(
        job=2, spec={}, duration=settled.duration, takes=settled.takes, seed=5, workdir="", recording=recording,
        source=source,
    )  # fmt: skip


def planned(house: House, of: Recording | Source, task: str, **values: Any) -> Plan:
    return house.engine.plan(*asked(of, task, **values), lambda _: None)


def edited(house: House, of: Recording | Source, task: str, **values: Any) -> tuple[Plan, list[Take]]:
    spec, order = asked(of, task, **values)
    plan, sink = house.engine.plan(spec, order, lambda _: None), Sink()
    house.engine.render(spec, plan, order, sink)
    assert sink.heard == sorted(sink.heard)
    assert sink.heard[-1] == pytest.approx(1.0)
    for take in sink.takes:
        assert take.audio.shape == (2, round(plan.duration * RATE)) == (2, round(order.duration * RATE))
        assert np.abs(take.audio).max(initial=0.0) <= 1
    assert [take.seed for take in sink.takes] == list(plan.seeds)
    return plan, sink.takes


def told(take: Take) -> Kept:
    """What the model was told for it."""
    assert take.score is not None
    return from_bytes(take.score)


def sound_of(of: Recording | Source) -> Audio:
    path = of.path if isinstance(of, Recording) else of.files[0].path
    return decode(Path(path))[0]


def test_outside_a_repaint_the_master_has_the_samples_of_its_source(
    house: House, song: Callable[..., Source], tmp_path: Path
) -> None:
    source = song(tune(4))
    spec, _ = asked(source, "repaint", caption="quiet piano", repainting_start=1.01, repainting_end=3, batch_size=2)
    plan, takes = edited(
        house, source, "repaint", caption="quiet piano", repainting_start=1.01, repainting_end=3, batch_size=2
    )
    old, first = sound_of(source), round(1.01 * RATE)
    masters = [package(take, plan=plan, spec=spec, workdir=tmp_path) for take in takes]
    for made in masters:
        [path] = [file.path for file in made.files if file.kind == "audio" and file.format == "flac"]
        new, _ = decode(Path(path))
        assert np.array_equal(new[:, :first], old[:, :first])
        assert np.array_equal(new[:, 3 * RATE :], old[:, 3 * RATE :])
        part = slice(first + EDGE, 3 * RATE - EDGE)
        assert np.mean(np.abs(new[:, part] - old[:, part]) > 1e-3) > 0.9
    assert not np.array_equal(takes[0].audio, takes[1].audio)
    assert plan.seeds == (5, 6)


def test_what_the_model_reads_of_a_repaint_is_the_whole_song(house: House, song: Callable[..., Source]) -> None:
    lrc = "[00:00.2]Morning light\n[00:01.2]Coffee and rain\n[00:02.6]Stay a while\n[00:03.2]Sing along\n[length:00:04]"
    plan, [take] = edited(
        house, song(tune(4), lrc), "repaint", caption="quiet piano", repainting_start=1, repainting_end=2.5,
        lyrics="Tea at noon",
    )  # fmt: skip
    words = "[Verse]\nMorning light\nTea at noon\n\n[Chorus]\nStay a while\nSing along"
    assert plan.lyrics == words
    assert (plan.lyrics_by, plan.caption, plan.title) == ("model", "warm indie pop", "Morning")
    text = told(take).text
    assert (text.caption, text.lyrics, text.language) == ("quiet piano", words, "en")
    assert (text.bpm, text.keyscale, text.timesignature, text.seconds) == (100, "D Major", "3/4", 4)


def test_a_caption_that_wants_nobody_to_sing_silences_the_part(house: House, song: Callable[..., Source]) -> None:
    source = song(tune(4))
    plan = planned(house, source, "repaint", caption="instrumental, no vocals", repainting_start=2, repainting_end=-1)
    assert plan.lyrics == "[Verse]\nMorning light\nCoffee and rain\n\n[Instrumental]"
    same = planned(house, source, "repaint", caption="quiet piano", repainting_start=2, repainting_end=-1)
    assert same.lyrics == LYRICS


def test_what_a_song_keeps_of_itself_is_said(house: House, song: Callable[..., Source]) -> None:
    plan = planned(
        house, song(tune(4)), "extend", caption="fast waltz in A minor", duration=60, bpm=90, vocal_language="de",
        guidance_scale=4, thinking=False, lora_weight=2,
    )  # fmt: skip
    found = {notice.code: notice.params for notice in plan.notices}
    assert found["settled"] == {"fields": ["bpm", "vocal_language"]}
    assert found["no_effect"] == {"fields": ["thinking", "guidance_scale", "lora_weight"]}
    assert "length_added" in found
    # It is in three already.
    assert found["kept_of_parent"] == {"words": ["fast", "A minor"]}
    assert (plan.bpm, plan.keyscale, plan.timesignature, plan.duration) == (100, "D Major", "3/4", 34)
    basque = planned(house, song(tune(4)), "extend", caption="folk", lyrics="Kaixo mundua", vocal_language="eu")
    assert [notice.params for notice in basque.notices if notice.code == "language_unlearned"] == [
        {"language": "Basque"}
    ]


def test_a_song_gets_longer_at_both_ends_and_stays_itself_between(house: House, song: Callable[..., Source]) -> None:
    source = song(tune(3))
    plan, takes = edited(
        house, source, "extend", caption="bright chorus", left_extend_length=1, right_extend_length=2,
        lyrics="Until the end", batch_size=2,
    )  # fmt: skip
    old = sound_of(source)
    for take in takes:
        own = take.audio[:, RATE : 4 * RATE]
        # It goes on from the last note that is held, and not from the silence behind it.
        assert np.array_equal(own[:, EDGE : -4 * EDGE], old[:, EDGE : -4 * EDGE])
        assert np.abs(own - old).max() > 1e-3
        assert all(np.abs(take.audio[:, at : at + RATE]).max() > 0.01 for at in (0, 4 * RATE, 5 * RATE))
    assert not np.array_equal(takes[0].audio[:, :RATE], takes[1].audio[:, :RATE])
    assert not np.array_equal(takes[0].audio[:, 5 * RATE :], takes[1].audio[:, 5 * RATE :])
    assert plan.lyrics == f"{LYRICS}\n\nUntil the end"
    text = told(takes[0]).text
    assert (text.caption, text.lyrics, text.seconds) == ("bright chorus, warm indie pop", plan.lyrics, 5)


def test_what_leads_up_to_a_song_sings_its_own_words_first(house: House, song: Callable[..., Source]) -> None:
    only_left = {"caption": "soft intro", "left_extend_length": 1, "right_extend_length": 0}
    plan, [take] = edited(house, song(tune(3)), "extend", lyrics="Before (x2)", **only_left)
    assert plan.lyrics == f"Before (x2)\n\n{LYRICS}"
    assert told(take).text.lyrics == f"Before\nBefore\n\n{LYRICS}"
    _, [take] = edited(house, song(tune(3)), "extend", **only_left)
    assert told(take).text.lyrics == f"[Intro]\n\n{LYRICS}"
    assert np.array_equal(take.audio[:, RATE + EDGE :], sound_of(song(tune(3)))[:, EDGE:])


def test_an_extension_takes_over_where_a_song_fades_out(house: House, recording: Callable[..., Recording]) -> None:
    gain = np.clip(np.linspace(2.4, 0, 6 * RATE), 0, 1)
    faded = recording((tune(6) * gain).astype(np.float32))
    _, [take] = edited(house, faded, "extend", caption="on and on", right_extend_length=1)
    old = sound_of(faded)
    [first] = np.flatnonzero((take.audio[:, : old.shape[1]] != old).any(0))[:1]
    # It is at full level until second 3.5, and inaudible at second 6.
    assert 3.5 * RATE < first < 5.5 * RATE


@pytest.mark.parametrize(
    ("sound", "rate"),
    [
        (np.zeros((2, 2 * RATE), np.float32), RATE),
        (tune(2)[:1], RATE),
        (tune(2, rate=44_100), 44_100),
        (tune(0.01), RATE),
    ],
    ids=["silence", "mono", "another rate", "shorter than a latent"],
)
def test_any_sound_can_be_gone_on_from(
    house: House, recording: Callable[..., Recording], sound: Audio, rate: int
) -> None:
    plan, [take] = edited(house, recording(sound, rate), "extend", caption="more", right_extend_length=1.5)
    assert plan.duration == pytest.approx(sound.shape[1] / rate + 1.5)
    assert np.isfinite(take.audio).all()
    assert np.abs(take.audio[:, -RATE:]).max() > 0.01


def test_what_was_only_guessed_of_a_recording_is_not_told_to_the_model(
    house: House, recording: Callable[..., Recording]
) -> None:
    noise = np.random.default_rng(3).normal(size=(2, 2 * RATE)).astype(np.float32) * np.float32(0.1)
    plan, [take] = edited(house, recording(noise), "repaint", caption="piano", repainting_start=0, repainting_end=1.5)
    assert plan.heard is not None
    assert set(planned_parts(plan)) == {"tempo", "metre", "key"}
    text = told(take).text
    assert (text.bpm, text.keyscale, text.timesignature, text.lyrics) == (None, "", "", "[Instrumental]")


def planned_parts(plan: Plan) -> list[str]:
    return [part for notice in plan.notices if notice.code == "heard_roughly" for part in notice.params["parts"]]


def test_a_window_is_remixed_at_the_level_of_its_place(house: House, song: Callable[..., Source]) -> None:
    source = song(tune(4) * np.float32(0.2))
    plan, [take] = edited(house, source, "edit", edit_target_prompt="ska", edit_n_min=0.5, edit_n_max=0.75)
    old = sound_of(source)
    assert np.array_equal(take.audio[:, : 2 * RATE], old[:, : 2 * RATE])
    assert np.array_equal(take.audio[:, 3 * RATE :], old[:, 3 * RATE :])
    new, before = (each[:, 2 * RATE + EDGE : 3 * RATE - EDGE] for each in (take.audio, old))
    assert not np.allclose(new, before, atol=1e-3)
    assert 0.4 < np.sqrt(np.mean(new**2) / np.mean(before**2)) < 2.5
    kept = told(take)
    assert (kept.task, kept.text.caption, kept.text.lyrics) == ("cover", "ska", LYRICS)
    assert plan.caption == "warm indie pop"


def test_other_words_are_sung_in_a_window_to_the_songs_own_caption(house: House, song: Callable[..., Source]) -> None:
    source = song(tune(4))
    plan, [take] = edited(
        house, source, "edit", edit_type="only_lyrics", edit_target_lyrics="Evening dark", edit_target_prompt="ska",
        edit_n_min=0.25, edit_n_max=0.5,
    )  # fmt: skip
    old = sound_of(source)
    assert np.array_equal(take.audio[:, :RATE], old[:, :RATE])
    assert np.array_equal(take.audio[:, 2 * RATE :], old[:, 2 * RATE :])
    kept = told(take)
    assert (kept.task, kept.text.caption) == ("repaint", "warm indie pop")
    assert kept.text.lyrics == plan.lyrics == LYRICS.replace("Coffee and rain", "Evening dark")
    assert [notice.code for notice in plan.notices] == ["no_effect", "played_along"]


def test_a_song_in_another_style_keeps_its_title_and_length(house: House, song: Callable[..., Source]) -> None:
    plan, [take] = edited(house, song(tune(2)), "edit", edit_target_prompt="ska", duration=30)
    assert (plan.title, plan.caption, plan.lyrics, plan.duration) == ("Morning", "ska", LYRICS, 2)
    assert {"fields": ["duration"]} in [notice.params for notice in plan.notices if notice.code == "settled"]
    assert told(take).task == "cover"


def test_other_words_for_the_whole_song_are_all_that_is_sung(house: House, song: Callable[..., Source]) -> None:
    plan = planned(house, song(tune(4)), "edit", edit_type="only_lyrics", edit_target_lyrics="[Verse]\nEvening dark")
    assert (plan.lyrics, plan.lyrics_by, plan.caption) == ("[Verse]\nEvening dark", "user", "warm indie pop")


def test_words_for_nearly_all_of_a_song_follow_its_music(
    house: House, song: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of(house, monkeypatch, "cover")
    long = song(tune(1)).model_copy(update={"duration": 200.0})
    words = {"edit_type": "only_lyrics", "edit_target_lyrics": "Evening dark"}
    planned(house, long, "edit", **words, edit_n_min=0.1, edit_n_max=0.54)
    # A part of more than a minute and a half would be a new song.
    for most in ({"edit_n_min": 0.1, "edit_n_max": 0.56}, {}):
        with pytest.raises(EngineError) as caught:
            planned(house, long, "edit", **words, **most)
        assert caught.value.params["task"] == "cover"


def short_of(house: House, monkeypatch: pytest.MonkeyPatch, task: str) -> None:
    """There is no checkpoint for `task`."""
    session = house.engine._session  # type: ignore[attr-defined]
    places = {each: place for _, each, place in session.shelf.places() if each != task}
    shelf = replace(session.shelf, versions={"audiomusic-v2": places})
    monkeypatch.setattr(house.engine, "_session", replace(session, shelf=shelf))


def test_a_stem_that_a_song_keeps_is_handed_on(house: House, song: Callable[..., Source], tmp_path: Path) -> None:
    source, stem = song(tune(2)), tune(2, pitch=330)
    soundfile.write(tmp_path / "drums.flac", stem.T, RATE, subtype="PCM_24")
    kept = SourceFile(kind="stem", name="drums", format="flac", path=str(tmp_path / "drums.flac"))
    whole = source.model_copy(update={"files": (*source.files, kept)})
    plan, [take] = split(house, whole, "extract-stem", track_name="drums")
    assert np.array_equal(take.audio, decode(tmp_path / "drums.flac")[0])
    assert plan.engine == "acestep"


def test_a_stem_is_taken_out_by_the_base_model(house: House, song: Callable[..., Source]) -> None:
    plan, [take] = edited(house, song(tune(2)), "extract-stem", track_name="backing_vocals", inference_steps=8, bpm=90)
    assert (plan.title, plan.instrumental, plan.vocal_language) == ("Morning (backing vocals)", False, "en")
    assert [notice.code for notice in plan.notices] == ["no_effect", "stems_by_model"]
    kept = told(take)
    assert (kept.task, kept.checkpoint, kept.text.lyrics, kept.sampling.steps) == ("extract", "base", LYRICS, 8)
    assert take.stems == {}
    drums, strings = (
        edited(house, song(tune(2)), "extract-stem", track_name=name, inference_steps=8)[1][0].audio
        for name in ("drums", "strings")
    )
    assert not np.array_equal(drums, strings)


def test_without_a_base_model_the_house_separates_what_it_can(
    house: House, song: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of(house, monkeypatch, "extract")
    source = song(tune(2))
    assert [notice.code for notice in planned(house, source, "extract-stem", track_name="drums").notices] == [
        "stems_approximate"
    ]
    with pytest.raises(EngineError) as caught:
        planned(house, source, "extract-stem", track_name="strings")
    assert (caught.value.code, caught.value.permanent) == ("checkpoint_wrong_task", True)


def test_parts_that_a_separation_finds_add_up_to_the_song(house: House, song: Callable[..., Source]) -> None:
    source = song(tune(2))
    _, [take] = split(house, source, "stems")
    assert np.allclose(sum(take.stems.values()), sound_of(source), atol=1e-4)
    _, [backing] = split(house, source, "extract-stem", track_name="backing_track")
    assert np.allclose(backing.audio + take.stems["vocals"], sound_of(source), atol=1e-4)


def split(house: House, of: Source, task: str, **values: Any) -> tuple[Plan, list[Take]]:
    spec, order = asked(of, task, **values)
    plan, sink = house.engine.plan(spec, order, lambda _: None), Sink()
    house.engine.render(spec, plan, order, sink)
    return plan, sink.takes


@pytest.mark.parametrize(
    ("task", "values", "code"),
    [
        ("repaint", {"caption": "piano", "repainting_start": 3.5, "repainting_end": -1}, "region_outside"),
        ("extend", {"caption": "piano", "right_extend_length": 0}, "nothing_to_extend"),
        ("edit", {"edit_type": "only_lyrics", "edit_target_prompt": "ska"}, "nothing_to_edit"),
        ("edit", {"edit_target_prompt": "ska", "edit_n_min": 0.9}, "region_outside"),
        ("extend", {"caption": "piano", "lora_name_or_path": "x"}, "adapter_unknown"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_said_before_anything_is(
    house: House, song: Callable[..., Source], task: str, values: dict[str, Any], code: str
) -> None:
    with pytest.raises(EngineError) as caught:
        planned(house, song(tune(4)), task, **values)
    assert (caught.value.code, caught.value.permanent) == (code, True)


def test_a_damaged_file_is_named_by_its_song(
    house: House, recording: Callable[..., Recording], song: Callable[..., Source]
) -> None:
    brought, source = recording(tune(2)), song(tune(2))
    Path(source.files[0].path).write_bytes(b"no sound" * 9)
    with pytest.raises(EngineError) as caught:
        planned(house, source, "stems")
    assert (caught.value.code, caught.value.params["title"]) == ("source_unreadable", "Morning")
    Path(brought.path).write_bytes(Path(brought.path).read_bytes()[:60] + b"no sound" * 9)
    with pytest.raises(EngineError) as caught:
        planned(house, brought, "repaint", caption="piano", repainting_start=0, repainting_end=-1)
    assert (caught.value.code, caught.value.permanent) == ("source_unreadable", True)
    assert "“Brought”" in reply(caught.value.code, job=2, **caught.value.params)
    Path(brought.path).unlink()
    with pytest.raises(EngineError) as caught:
        planned(house, brought, "extend", caption="piano")
    assert caught.value.code == "source_gone"


def test_an_edit_ends_at_the_step_at_which_nobody_wants_it(house: House, song: Callable[..., Source]) -> None:
    spec, order = asked(song(tune(2)), "extend", caption="more", left_extend_length=1, right_extend_length=1)
    plan, sink = house.engine.plan(spec, order, lambda _: None), Sink(until=14)
    with pytest.raises(Cancelled):
        house.engine.render(spec, plan, order, sink)
    assert (len(sink.heard), sink.takes) == (14, [])


def test_a_seam_makes_no_click() -> None:
    part = window(1, 2, 3 * RATE)
    high, low = np.full((2, 3 * RATE), 0.5, np.float32), np.full((2, RATE), -0.5, np.float32)
    whole = spliced(high, low, part)
    assert np.abs(np.diff(whole)).max() < 1e-3
    assert (whole.min(), whole.max()) == (-0.5, 0.5)
    other = np.random.default_rng(1).normal(size=low.shape).astype(np.float32) * np.float32(0.1)
    noise = np.random.default_rng(2).normal(size=high.shape).astype(np.float32) * np.float32(0.1)
    mixed = spliced(noise, other, part, alike=False)
    powers = np.square(mixed[:, RATE - 4800 : RATE + 9600]).reshape(2, -1, 960).mean((0, 2))
    assert powers.min() > 0.7 * powers.max()


def test_what_is_too_loud_is_held_down_in_the_new_part_alone() -> None:
    song, loud = tune(3), tune(1) * np.float32(4)
    part = window(1, 2, song.shape[1])
    whole = spliced(song, loud, part)
    assert np.abs(whole).max() <= 1
    assert np.mean(np.abs(whole) > 0.999) < 1e-3
    assert np.array_equal(whole[:, :RATE], song[:, :RATE])
    assert np.array_equal(whole[:, 2 * RATE :], song[:, 2 * RATE :])


def test_the_model_makes_anew_what_lies_behind_the_fades(house: House) -> None:
    checkpoint = house.engine._session.shelf.checkpoint("audiomusic-v2", "repaint").checkpoint  # type: ignore[attr-defined]
    latent = checkpoint.hop / RATE
    start, end = made_anew(window(2, 5, 8 * RATE), checkpoint)
    assert start == pytest.approx(2 + FADE_S + latent)
    assert end == pytest.approx(5 - FADE_S - latent)
    assert made_anew(window(0, 8, 8 * RATE), checkpoint) == (0, 8)
