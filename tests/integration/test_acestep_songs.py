"""New songs on the GPU engine, and what is made of them again: what each parameter changes, and what it must not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from engine.acestep.checkpoint import ModelTask
from engine.acestep.kept import Cut, Kept, Unreadable, from_bytes, to_bytes
from engine.acestep.sheet import sheet
from engine.acestep.shelf import Place, Shelf
from engine.acestep.wish import Adapter, Audio, Start
from engine.spec import Cancelled, EngineError, Generation, Order, Plan, Recording, Source, Take, estimate, parse
from engine.spec.plan import SourceFile
from tests.unit.studio import presets, vocabulary

if TYPE_CHECKING:
    from engine.acestep.engine import AceStep

RATE = 48_000
# Random weights make no music however long they play.
SECONDS = 1.0
# What differs by more is another sound; the same one differs by nothing.
HEARD = 1e-6
PEAK = 10 ** (-1 / 20)
TURBO, BASE = "audiomusic-v2", "audiomusic-v1.5"
LYRICS = "[verse]\nRain on the roof\n[chorus]\nStay"
SONG: dict[str, Any] = {"caption": "slow blues", "lyrics": LYRICS}
QUICK: dict[str, Any] = {"model_version": BASE, "inference_steps": 8}


@dataclass
class Sink:
    takes: list[Take] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    stop_at: float = 2.0

    def progress(self, fraction: float) -> None:
        self.heard.append(fraction)
        if fraction >= self.stop_at:
            raise Cancelled

    def take(self, take: Take) -> None:
        self.takes.append(take)


@dataclass(frozen=True)
class House:
    engine: AceStep
    folder: Path

    def order(self, task: str, seconds: float | None, values: dict[str, Any], **given: Any) -> tuple[Generation, Order]:
        spec = parse(task, values)
        assert isinstance(spec, Generation)
        start = given.get("source") or given.get("recording")
        likely = estimate(spec, start.duration if start else None)
        return spec, Order(
            job=1, spec={}, duration=seconds or likely.duration, takes=likely.takes,
            seed=5 if spec.seed == -1 else spec.seed, workdir="", **given,
        )  # fmt: skip

    def planned(self, task: str, seconds: float | None = SECONDS, **values: Any) -> Plan:
        spec, order = self.order(task, seconds, values, **given_of(values))
        return self.engine.plan(spec, order)

    def made(self, task: str, seconds: float | None = SECONDS, **values: Any) -> tuple[Plan, list[Take]]:
        spec, order = self.order(task, seconds, values, **given_of(values))
        plan, sink = self.engine.plan(spec, order), Sink()
        self.engine.render(spec, Plan.model_validate_json(plan.model_dump_json()), order, sink)
        assert sink.heard == sorted(sink.heard)
        assert [take.index for take in sink.takes] == list(range(1, len(plan.seeds) + 1))
        return plan, sink.takes

    def song(self, seconds: float | None = SECONDS, **values: Any) -> Audio:
        return self.made("text2music", seconds, **{**SONG, **values})[1][0].audio

    def told(self, task: str, seconds: float = SECONDS, **values: Any) -> Kept:
        """What the model was told of the first take."""
        return told(self.made(task, seconds, **values)[1][0])

    def source(self, name: str, plan: Plan, take: Take) -> Source:
        """A finished song, as a request that starts from it gets it."""
        files = [SourceFile(kind="audio", name="", format="flac", path=str(self.flac(name, take.audio)))]
        for kind, data in (("score", take.score), ("image", b"picture")):
            path = self.folder / f"{name}.{kind}"
            path.write_bytes(data or b"")
            files.append(SourceFile(kind=kind, name="", format=kind, path=str(path)))
        return Source(
            job=1, take=1, title=plan.title, caption=plan.caption, duration=take.audio.shape[1] / RATE, bpm=take.bpm,
            keyscale=take.keyscale, timesignature=take.timesignature, seed=take.seed, genre_preset=plan.genre_preset,
            lyrics=plan.lyrics, vocal_language=plan.vocal_language, lyrics_by=plan.lyrics_by, files=tuple(files),
        )  # fmt: skip

    def flac(self, name: str, audio: Audio) -> Path:
        path = self.folder / f"{name}.flac"
        soundfile.write(path, audio.T, RATE, subtype="PCM_24")
        return path


def given_of(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values.pop(name) for name in ("source", "recording") if name in values}


def told(take: Take) -> Kept:
    assert take.score is not None
    return from_bytes(take.score)


def notices(plan: Plan) -> dict[str, dict[str, Any]]:
    return {notice.code: notice.params for notice in plan.notices}


def apart(one: Audio, other: Audio) -> float:
    return float(np.abs(one - other).mean())


def engine_with(versions: dict[str, dict[ModelTask, Place]]) -> AceStep:
    # Every worker of a test run reads this file, and few need what the engine takes seconds to import.
    from engine.acestep.engine import AceStep

    return AceStep(presets(), vocabulary().words, Shelf(versions), device="cpu")


def tiny(folder: Path, variant: str, **more: Any) -> Path:
    from tests.fakes.acestep import save_tiny

    return save_tiny(folder, variant, **more)


def cut(cut: Cut, audio: Audio) -> Audio:
    from engine.acestep.samples import finished

    return finished(cut, audio)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("acestep")
    tasks: tuple[ModelTask, ...] = ("text2music", "cover", "repaint")
    versions = {
        version: {task: Place(name, tiny(folder / name, name)) for task in tasks}
        for version, name in ((TURBO, "turbo"), (BASE, "base"))
    }
    engine = engine_with(versions)
    yield House(engine, folder)
    engine.close()


@pytest.fixture(scope="module")
def plain(house: House) -> Audio:
    """The song that every parameter is compared with."""
    return house.song(seed=1, **QUICK)


@pytest.fixture(scope="module")
def parent(house: House) -> Source:
    plan, [take] = house.made("text2music", 2.0, seed=7, **SONG)
    return house.source("parent", plan, take)


@pytest.fixture(scope="module")
def recording(house: House) -> Recording:
    """A beat of 120 a minute from outside."""
    time = np.arange(3 * RATE) / RATE
    beat = np.sin(2 * np.pi * 110 * time) * np.exp(-8 * (time % 0.5)) * 0.5
    path = house.flac("outside", np.stack([beat, beat]).astype(np.float32))
    return Recording(id="x", title="Cellar", artist="", lyrics="", duration=3.0, path=str(path))


# --- what a song is made from ---


def test_what_only_a_planner_would_heed_is_told_and_changes_nothing(house: House, plain: Audio) -> None:
    idle: dict[str, Any] = {
        "thinking": False, "lm_temperature": 1.5, "lm_cfg_scale": 3.0, "lm_top_k": 5, "lm_top_p": 0.5,
        "lm_negative_prompt": "noise", "use_cot_metas": False, "use_cot_caption": False, "use_cot_language": False,
        "use_constrained_decoding": True, "generate_lrc": True, "lora_weight": 2.0,
    }  # fmt: skip
    plan, [take] = house.made("text2music", **SONG, seed=1, **QUICK, **idle)
    assert notices(plan) == {"no_effect": {"fields": list(idle)}}
    assert np.array_equal(take.audio, plain)


def test_guidance_is_part_of_what_turbo_learned(house: House) -> None:
    guided: dict[str, Any] = {
        "guidance_scale": 9.0,
        "use_adg": True,
        "cfg_interval_start": 0.2,
        "cfg_interval_end": 0.7,
    }
    plan, [take] = house.made("text2music", **SONG, **guided)
    assert notices(plan) == {"no_effect": {"fields": list(guided)}}
    assert np.array_equal(take.audio, house.song())


def test_without_guidance_nothing_else_of_it_counts(house: House) -> None:
    plan = house.planned("text2music", **SONG, **QUICK, guidance_scale=1, use_adg=True, cfg_interval_end=0.5)
    assert notices(plan)["no_effect"]["fields"] == ["use_adg", "cfg_interval_end"]
    plan = house.planned("text2music", **SONG, **QUICK, guidance_scale=5, cfg_interval_start=0.5, cfg_interval_end=0.5)
    assert notices(plan)["no_effect"]["fields"] == ["guidance_scale"]


def test_what_is_left_open_suits_the_checkpoint(house: House) -> None:
    quick = house.told("text2music", **SONG).sampling
    assert (quick.steps, quick.shift, quick.guidance, quick.interval) == (8, 3.0, 1.0, (0.0, 1.0))
    thorough = house.told("text2music", 0.2, **SONG, model_version=BASE).sampling
    assert (thorough.steps, thorough.shift, thorough.guidance, thorough.method) == (50, 1.0, 7.0, "ode")


def test_takes_differ_and_each_can_be_had_again_by_its_seed(house: House) -> None:
    plan, takes = house.made("text2music", **SONG, seed=1, batch_size=3)
    assert plan.seeds == (1, 2, 3)
    assert [take.seed for take in takes] == [1, 2, 3]
    assert np.array_equal(house.song(seed=2), takes[1].audio)
    assert min(apart(takes[0].audio, take.audio) for take in takes[1:]) > HEARD
    _, again = house.made("text2music", **SONG, seed=1, batch_size=3)
    assert [take.score for take in again] == [take.score for take in takes]
    assert all(np.array_equal(one.audio, other.audio) for one, other in zip(again, takes, strict=True))
    for take in takes:
        assert take.audio.shape == (2, round(SECONDS * RATE))
        assert np.abs(take.audio).max() == pytest.approx(PEAK, abs=1e-6)


def test_nobody_waits_for_a_song_that_is_not_wanted_any_more(house: House) -> None:
    spec, order = house.order("text2music", SECONDS, dict(SONG))
    plan, sink = house.engine.plan(spec, order), Sink(stop_at=0.3)
    with pytest.raises(Cancelled):
        house.engine.render(spec, plan, order, sink)
    assert not sink.takes
    assert sink.heard[-1] < 0.5
    assert house.song().shape == (2, round(SECONDS * RATE))


def test_another_version_makes_a_song_where_the_one_that_is_asked_for_is_not_here(house: House) -> None:
    engine = engine_with(
        {
            TURBO: {"text2music": Place("gone", house.folder / "gone")},
            BASE: {"text2music": Place("base", house.folder / "base")},
        }
    )
    plan = engine.plan(*house.order("text2music", SECONDS, dict(SONG)))
    engine.close()
    assert notices(plan) == {"model_instead": {"asked": TURBO, "used": BASE}}


# --- what the model is told ---


def test_the_model_is_told_what_the_plan_says(house: House) -> None:
    plan, [take] = house.made(
        "text2music", caption="waltz, 90 bpm, D minor", lyrics="[verse]\nRegen fällt auf das Dach, und du bist nicht da"
    )
    assert (plan.bpm, plan.keyscale, plan.timesignature, plan.vocal_language) == (90.0, "D Minor", "3/4", "de")
    text = told(take).text
    assert (text.bpm, text.keyscale, text.timesignature, text.language) == (90.0, "D Minor", "3/4", "de")
    assert (text.caption, text.lyrics, text.seconds) == (plan.caption, plan.lyrics, plan.duration)
    assert (take.bpm, take.keyscale, take.timesignature) == (plan.bpm, plan.keyscale, plan.timesignature)


CAPTIONS = {
    "song": ("text2music", SONG, "slow blues"),
    "preset": ("text2music", {**SONG, "genre_preset": "Jazz"}, "jazz, slow blues"),
    "preset that is named": ("text2music", {**SONG, "genre_preset": "Blues"}, "slow blues"),
    "custom": ("text2music", {**SONG, "genre_preset": "Custom"}, "slow blues"),
    "unsung": ("text2music", {"caption": "slow blues"}, "instrumental, slow blues"),
    "a voice without words": ("text2music", {"caption": "blues, female voice"}, "blues, female voice"),
    "instrumental": ("prompt2instrumental", {"caption": "slow blues"}, "instrumental, slow blues"),
    "rap": ("text2rap", {**SONG, "caption": "jazz, late"}, "rap, jazz, late"),
    "rap of no genre": ("text2rap", {**SONG, "caption": "late"}, "rap, hip hop, late"),
    "vocals": ("lyric2vocals", {"caption": "soul man", "lyrics": "La"}, "a cappella, solo male vocals, soul man"),
    "loop": ("text2samples", {"caption": "funk drums, 120 bpm"}, "loop, instrumental, funk drums, 120 bpm"),
    "one-shot": ("text2samples", {"caption": "kick"}, "one-shot, instrumental, kick"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CAPTIONS)
def test_a_caption_says_what_the_task_asks_for(house: House, kind: str) -> None:
    task, values, caption = CAPTIONS[kind]
    assert house.told(task, **values).text.caption == caption


def test_a_preset_alone_says_all_it_knows(house: House) -> None:
    caption = house.told("text2music", genre_preset="Jazz").text.caption
    assert caption.startswith("instrumental, jazz, swinging ride, walking bass")


@pytest.mark.parametrize(
    ("task", "values", "lyrics"),
    [
        ("text2music", SONG, LYRICS),
        ("text2music", {"caption": "techno"}, "[Instrumental]"),
        ("text2music", {**SONG, "instrumental": True}, "[Instrumental]"),
        ("text2music", {"caption": "techno", "lyrics": "[intro]\n[outro]"}, "[Instrumental]\n[intro]\n[outro]"),
        ("text2samples", {"caption": "drum loop"}, "[Instrumental]"),
    ],
)
def test_lyrics_keep_their_tags_and_music_without_words_says_so(
    house: House, task: str, values: dict[str, Any], lyrics: str
) -> None:
    assert house.told(task, **values).text.lyrics == lyrics


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("[verse]\nRain\n\n[chorus]\nStay\n\n[chorus]\n", "[verse]\nRain\n\n[chorus]\nStay\n\n[chorus]\nStay\n"),
        ("Chorus:\nHold on (x2)\n(Verse 2)\nRain", "[Chorus]\nHold on\nHold on\n[Verse 2]\nRain"),
        ("【副歌】\n雨\n[Chorus x2] la", "[副歌]\n雨\n[Chorus]\nla\nla"),
        (
            "[hook]\nGo\n[Drop]\n[hook: solo]\n[hook]",
            "[hook]\nGo\n[Drop]\n[hook: solo]\n[hook]\nGo",
        ),
        ("[whispered]\nHush [softly], (ooh)\n\nplain words", "[whispered]\nHush [softly], (ooh)\n\nplain words"),
    ],
)
def test_lyrics_are_written_out_as_they_are_sung(typed: str, read: str) -> None:
    assert sheet(typed).rstrip("\n") == read.rstrip("\n")
    assert sheet(read).rstrip("\n") == read.rstrip("\n")


def test_the_model_reads_what_is_sung(house: House) -> None:
    plan, [take] = house.made("text2music", caption="pop", lyrics="[chorus]\nStay\n[verse]\nRain\n[chorus]")
    assert told(take).text.lyrics == plan.lyrics == "[chorus]\nStay\n[verse]\nRain\n[chorus]\nStay"


def test_any_language_is_sung_and_one_that_the_model_never_learned_is_told(house: House) -> None:
    plan, [take] = house.made("text2music", caption="pop", lyrics="[verse]\nฝนตกบนหลังคา")
    assert (plan.vocal_language, plan.instrumental, notices(plan)) == ("th", False, {})
    assert told(take).text.language == "th"
    plan, [take] = house.made("text2music", caption="pop", lyrics="[verse]\nEuria teilatuan", vocal_language="eu")
    assert plan.vocal_language == "eu"
    assert notices(plan) == {"language_unlearned": {"language": "Basque"}}
    assert told(take).text.language == "unknown"


def test_words_that_the_house_does_not_know_are_for_the_model_to_read(house: House) -> None:
    assert notices(house.planned("text2music", caption="zorble quux", lyrics=LYRICS)) == {}


def test_what_is_longer_than_the_model_reads_is_told(house: House) -> None:
    long = " ".join(["very"] * 60)
    plan, [take] = house.made("text2music", caption=f"{long} slow", lyrics="\n".join(["Rain on the roof again"] * 120))
    assert notices(plan)["caption_shortened"] == {}
    assert notices(plan)["lyrics_cut"]["count"] + plan.lyrics.count("\n") + 1 == 120
    assert plan.caption == f"{long} slow"
    text = told(take).text
    assert long.startswith(text.caption)
    assert text.lyrics == plan.lyrics


@pytest.mark.parametrize(
    ("task", "values", "code"),
    [
        ("lyric2vocals", {"lyrics": "[verse]"}, "nothing_to_sing"),
        ("text2music", {**SONG, "lyrics": "!!!"}, "nothing_to_sing"),
        ("text2music", {**SONG, "lora_name_or_path": "nobody"}, "adapter_unknown"),
        ("simple", {"query": "a song about rain", "vocal_language": "eu"}, "no_writer"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is(
    house: House, task: str, values: dict[str, Any], code: str
) -> None:
    with pytest.raises(EngineError) as refused:
        house.planned(task, **values)
    assert (refused.value.code, refused.value.permanent) == (code, True)


def test_words_to_nobody_and_language_of_nobody_are_told(house: House) -> None:
    plan = house.planned("text2music", **SONG, instrumental=True, vocal_language="fr")
    assert notices(plan) == {"no_effect": {"fields": ["vocal_language"]}, "lyrics_ignored": {}}
    assert notices(house.planned("text2rap", caption="late")) == {"nothing_to_rap": {}}


# --- words that are yet to be written ---


@pytest.mark.parametrize(
    ("task", "values"),
    [
        ("simple", {"query": "a happy folk song about rain and coffee"}),
        ("text2music", {"caption": "happy folk about rain and coffee", "use_cot_lyrics": True}),
    ],
)
def test_words_are_written_and_sung(house: House, task: str, values: dict[str, Any]) -> None:
    plan, [take] = house.made(task, **values)
    assert (plan.lyrics_by, plan.vocal_language, plan.instrumental) == ("engine", "en", False)
    assert "[chorus]" in plan.lyrics.casefold()
    assert "rain" in plan.lyrics.casefold() or "coffee" in plan.lyrics.casefold()
    assert told(take).text.lyrics == plan.lyrics
    assert "use_cot_lyrics" not in str(notices(plan))


def test_a_wish_without_singing_needs_no_words(house: House) -> None:
    plan, [take] = house.made("simple", query="a folk song about rain", instrumental=True)
    assert (plan.instrumental, plan.lyrics, plan.lyrics_by) == (True, "", None)
    assert told(take).text.lyrics == "[Instrumental]"


# --- loops and single hits ---


@pytest.mark.parametrize(
    ("values", "seconds"),
    [({"caption": "drum loop, 120 bpm", "duration": 3}, 4.0), ({"caption": "snare", "duration": 1}, 1.0)],
)
def test_a_sample_has_its_exact_length(house: House, values: dict[str, Any], seconds: float) -> None:
    plan, [take] = house.made("text2samples", None, **values)
    assert plan.duration == pytest.approx(seconds)
    assert take.audio.shape == (2, round(seconds * RATE))
    assert np.abs(take.audio).max() == pytest.approx(PEAK, abs=1e-6)
    kept = told(take)
    assert kept.seconds >= 10
    assert kept.cut is not None
    assert (kept.text.bpm is None) == (not kept.cut.looped)


def test_a_loop_begins_on_the_beat_and_leads_back_without_a_click() -> None:
    time = np.arange(12 * RATE) / RATE
    draw = np.random.default_rng(1)
    # A beat of 120 a minute that comes late, over a tone that no cut through it may be heard in.
    late = 0.13
    hits = draw.standard_normal(time.size) * np.exp(-60 * ((time - late) % 0.5)) * (time >= late) * 0.3
    audio = np.stack([hits, hits]).astype(np.float32)
    tone = (0.2 * np.sin(2 * np.pi * 80.3 * time)).astype(np.float32)
    loop = cut(Cut(2.0, 4.0, looped=True), audio + tone)
    assert loop.shape == (2, 4 * RATE)
    onset = np.flatnonzero(np.abs(np.diff(loop[0])) > 0.1)[0]
    assert onset < 0.01 * RATE
    toned = cut(Cut(2.0, 4.0, looped=True), np.stack([tone, tone]))
    around = np.concatenate([toned[0, -RATE // 2 :], toned[0, : RATE // 2]])
    usual = np.abs(np.diff(toned[0, RATE : 2 * RATE])).max()
    assert np.abs(np.diff(around)).max() < 1.5 * usual


def test_a_single_hit_begins_with_its_sound() -> None:
    audio = np.zeros((2, 10 * RATE), np.float32)
    audio[:, 3 * RATE :] = np.exp(-np.arange(7 * RATE) / RATE) * 0.5
    hit = cut(Cut(0.0, 1.0, looped=False), audio)
    assert hit.shape == (2, RATE)
    assert 0 < np.flatnonzero(hit[0])[0] < 0.005 * RATE
    assert abs(hit[0, -1]) < 1e-3


# --- songs that take after others ---


def test_a_cover_follows_its_source_as_far_as_it_shall(house: House, parent: Source, recording: Recording) -> None:
    def covered(strength: float, **start: Any) -> Audio:
        start = start or {"source": parent, "source_job_id": 1}
        return house.made("cover", caption="metal", lyrics=LYRICS, audio_cover_strength=strength, bpm=90, keyscale="C",
                          timesignature="4/4", **start)[1][0].audio  # fmt: skip

    free, half, close = (covered(strength) for strength in (0.0, 0.5, 1.0))
    assert min(apart(free, half), apart(half, close), apart(free, close)) > HEARD
    outside: dict[str, Any] = {"recording": recording, "src_audio_url": "https://example.com/a.mp3"}
    assert np.array_equal(covered(0.0, **outside), free)
    assert apart(covered(1.0, **outside), close) > HEARD


def test_a_cover_keeps_tempo_key_metre_words_and_length(house: House, parent: Source) -> None:
    plan, [take] = house.made(
        "cover", None, caption="metal, 170 bpm", source=parent, source_job_id=1, model_version=TURBO
    )
    assert (plan.bpm, plan.keyscale, plan.timesignature) == (parent.bpm, parent.keyscale, parent.timesignature)
    assert (plan.lyrics, plan.vocal_language, plan.lyrics_by) == (LYRICS, "en", "user")
    assert plan.title == f"{parent.title} (metal cover)"
    assert notices(plan) == {"kept_of_source": {"words": ["170 bpm"]}}
    # What is shorter than any song may be begins again.
    assert plan.duration == 5.0
    assert take.audio.shape == (2, 5 * RATE)
    plan = house.planned(
        "cover", None, caption="metal", bpm=100, keyscale="E", duration=6, source=parent, source_job_id=1
    )
    assert (plan.bpm, plan.keyscale, plan.duration) == (100.0, "E Major", 6.0)


def test_a_cover_of_a_recording_says_what_it_heard_and_tells_the_model_what_is_sure(
    house: House, recording: Recording
) -> None:
    outside: dict[str, Any] = {"recording": recording, "src_audio_url": "https://example.com/a.mp3"}
    plan, [take] = house.made("cover", caption="metal", **outside)
    assert plan.heard is not None
    assert plan.bpm == plan.heard.bpm == pytest.approx(120, rel=0.02)
    assert plan.instrumental
    assert notices(plan) == {"words_not_known": {}, "heard_roughly": {"parts": ["key"]}}
    assert (told(take).text.bpm, told(take).text.keyscale) == (plan.bpm, "")
    assert (take.bpm, take.keyscale) == (plan.bpm, plan.keyscale)
    plan = house.planned("cover", caption="metal", keyscale="E", **outside)
    assert notices(plan) == {"words_not_known": {}}


def test_a_checkpoint_that_cannot_read_sources_covers_nothing(house: House, parent: Source, tmp_path: Path) -> None:
    deaf = Place("deaf", tiny(tmp_path / "deaf", "turbo", cover=False))
    engine = engine_with({TURBO: {"text2music": deaf, "cover": deaf}})
    spec, order = house.order("cover", SECONDS, {"caption": "metal", "source_job_id": 1}, source=parent)
    with pytest.raises(EngineError) as refused:
        engine.plan(spec, order)
    engine.close()
    assert refused.value.code == "checkpoint_wrong_task"
    assert refused.value.params["needs"] == "an audio tokenizer"


def test_a_reference_lends_its_sound_and_nothing_else(house: House, recording: Recording) -> None:
    plan, [take] = house.made("reference", **SONG, recording=recording, reference_audio_url="https://example.com/a.mp3")
    plain, [other] = house.made("text2music", **SONG)
    assert plan == plain
    assert apart(take.audio, other.audio) > HEARD
    assert told(take) == replace(told(other), alike=True)


# --- the same song once more ---


def retaken(house: House, parent: Source, variance: float, **values: Any) -> tuple[Plan, list[Take]]:
    return house.made("retake", None, original_job_id=1, source=parent, retake_variance=variance, **values)


def test_a_retake_is_as_different_as_it_shall_be(house: House, parent: Source) -> None:
    song, _ = soundfile.read(parent.files[0].path, dtype="float32", always_2d=True)
    plan, [same] = retaken(house, parent, 0.0)
    assert np.array_equal(same.audio, song.T)
    assert same.picture == b"picture"
    assert told(same) == from_bytes(Path(parent.files[1].path).read_bytes())
    assert (plan.title, plan.lyrics, plan.bpm, plan.notices) == (parent.title, parent.lyrics, parent.bpm, ())
    near, some, far = (apart(retaken(house, parent, share)[1][0].audio, song.T) for share in (0.01, 0.3, 1.0))
    assert 0 < near < some < far
    # All new is what the seed alone makes.
    _, [new] = house.made("text2music", 2.0, **SONG, bpm=int(parent.bpm), keyscale=parent.keyscale)
    assert np.allclose(retaken(house, parent, 1.0)[1][0].audio, new.audio, atol=1e-5)


def test_a_retake_of_a_retake_begins_where_that_one_began(house: House, parent: Source) -> None:
    plan, [take] = retaken(house, parent, 0.5)
    again = house.source("again", plan, take)
    _, [near] = retaken(house, again, 0.01, retake_seeds=(99,))
    _, [far] = retaken(house, again, 1.0, retake_seeds=(99,))
    assert apart(near.audio, take.audio) < 0.2 * apart(far.audio, take.audio)
    assert apart(near.audio, take.audio) > 0


def test_each_retake_has_the_seed_it_was_given(house: House, parent: Source) -> None:
    plan, takes = retaken(house, parent, 0.4, retake_seeds=(11, 12))
    assert plan.seeds == (11, 12)
    _, [alone] = retaken(house, parent, 0.4, retake_seeds=(12,))
    assert np.array_equal(alone.audio, takes[1].audio)
    assert apart(takes[0].audio, takes[1].audio) > HEARD


def test_a_song_keeps_what_it_is_in_a_retake(house: House, parent: Source) -> None:
    plan = house.planned(
        "retake", None, original_job_id=1, source=parent, bpm=99, vocal_language="fr", guidance_scale=3
    )
    assert notices(plan) == {
        "no_effect": {"fields": ["guidance_scale"]}, "settled": {"fields": ["bpm", "vocal_language"]}
    }  # fmt: skip
    plan = house.planned(
        "retake", None, original_job_id=1, source=parent, retake_variance=0, inference_steps=20, seed=4
    )
    assert notices(plan) == {"no_effect": {"fields": ["inference_steps", "seed"]}}


def test_a_retake_by_another_checkpoint_says_so(house: House, parent: Source) -> None:
    plan, [take] = retaken(house, parent, 0.3, model_version=BASE, inference_steps=8)
    assert notices(plan) == {"retake_elsewhere": {"was": "turbo", "used": "base"}}
    assert told(take).sampling.guidance == 7.0


def test_a_retake_is_made_by_what_made_the_song(house: House) -> None:
    plan, [take] = house.made("text2music", **SONG, **QUICK, guidance_scale=3)
    again, [retake] = retaken(house, house.source("base", plan, take), 0.3)
    assert notices(again) == {}
    assert told(retake) == replace(told(take), start=Start(5, told(take).start, 0.3))


def test_a_retake_of_a_song_whose_adapter_is_gone_is_made_without_it(house: House, parent: Source) -> None:
    score = house.folder / "styled.score"
    kept = from_bytes(Path(parent.files[1].path).read_bytes())
    score.write_bytes(to_bytes(replace(kept, adapter=Adapter("tape", 1.0))))
    styled = parent.model_copy(
        update={"files": (parent.files[0], parent.files[1].model_copy(update={"path": str(score)}))}
    )
    plan, [take] = retaken(house, styled, 0.3)
    assert notices(plan) == {"adapter_gone": {"name": "tape"}}
    assert told(take).adapter is None


def test_a_retake_by_a_version_that_is_not_here_says_so(house: House, parent: Source) -> None:
    elsewhere = engine_with({TURBO: {"text2music": Place("turbo", house.folder / "turbo")}})
    plan, _ = House(elsewhere, house.folder).made(
        "retake", None, original_job_id=1, source=parent, retake_variance=0.3, model_version=BASE
    )
    elsewhere.close()
    assert notices(plan) == {"model_instead": {"asked": BASE, "used": TURBO}}


def test_a_song_of_another_engine_is_made_again_by_ear(house: House, parent: Source) -> None:
    score = house.folder / "foreign.score"
    score.write_bytes(b"notes")
    foreign = parent.model_copy(
        update={"files": (parent.files[0], parent.files[1].model_copy(update={"path": str(score)}))}
    )
    plan, [take] = retaken(house, foreign, 0.3)
    assert notices(plan) == {"retake_by_ear": {}}
    assert told(take).task == "cover"
    assert (told(take).text.lyrics, told(take).text.caption) == (LYRICS, "slow blues")


def test_a_sample_is_cut_again_as_it_was(house: House) -> None:
    plan, [take] = house.made("text2samples", None, caption="hat", duration=1)
    _, [again] = retaken(house, house.source("hat", plan, take), 0.3)
    assert again.audio.shape == take.audio.shape
    assert told(again).cut == told(take).cut


def test_what_a_song_leaves_behind_is_read_back_and_nothing_else_is(house: House, parent: Source) -> None:
    kept = from_bytes(Path(parent.files[1].path).read_bytes())
    assert from_bytes(to_bytes(kept)) == kept
    for damaged in (b"", b"notes", to_bytes(kept)[:-9]):
        with pytest.raises(Unreadable):
            from_bytes(damaged)
