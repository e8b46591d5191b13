"""What the message of a job says: plain words, files that fit, and only buttons that work."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from bot import analysis
from bot.answers import analysis_answer
from bot.card import Card, card
from engine.spec import Analysis
from engine.spec.analysis import ChordAt, SectionAt
from tests.fakes.pool import ScriptedPool
from workflows.refusal import Refusal
from workflows.view import FileView, JobView, RecordingView, TrackView

MIB = 1 << 20
ABLE = ScriptedPool.capabilities

WAITING = JobView(
    id=12, parent_id=None, user_id=1, user="ann", owner="u1", surface="chat", channel="room", message=None, post=None,
    moved=None, unposted=False,
    task="text2music", title=None, status="PENDING", stage=None, progress=None, price=10, round=1,
    attempt=0, duration=60.0, takes=1, spec={"caption": "rainy-day lo-fi about coffee", "format": "flac"}, plan=None,
    error_code=None, error_params={}, error_permanent=False, created_at=0, started_at=None, finished_at=None,
    deleted=False, position=1, eta_s=39.2, tracks=(),
)  # fmt: skip


def file(kind: str, form: str, size: int = MIB, name: str = "") -> FileView:
    return FileView(kind, name, form, f"{kind}{name}.{form}", size)


def take(number: int = 1, *files: FileView, lrc: str | None = None) -> TrackView:
    shown = files or (file("audio", "flac", 15 * MIB), file("audio", "mp3", 2 * MIB), file("image", "png"))
    return TrackView(
        id=f"t{number}", take=number, title="Coffee Steam", seed=4216 + number, duration=72.4, sample_rate=48000,
        channels=2, bpm=82.0, keyscale="F Major", timesignature="4/4", quality_score=0.9, lrc=lrc, files=shown,
    )  # fmt: skip


LYRICS = "[verse]\nSteam on the window\n\nRain on the street\nThird line"
DONE = replace(
    WAITING, status="COMPLETED", title="Coffee Steam", position=None, eta_s=None, parent_id=11, tracks=(take(),),
    plan={"genre_preset": "lo-fi", "lyrics": LYRICS, "notices": []},
)  # fmt: skip


def shown(job: JobView, *, file_limit: int = 10 * MIB, most_files: int = 10) -> Card:
    return card(job, ABLE, file_limit=file_limit, most_files=most_files)


def names(said: Card) -> list[str]:
    return [file.name for file in said.files]


def test_a_job_that_somebody_looks_at_first_has_no_place_yet() -> None:
    said = shown(replace(WAITING, parked=True, position=None, eta_s=None))
    assert said.line == "waiting for somebody to look at it · 10 credits"
    assert [action.name for action in said.buttons] == ["cancel"]


@pytest.mark.parametrize(
    "end",
    [
        {"status": "PENDING"},
        {"status": "CANCELLED"},
        {"status": "CANCELLED", "error_code": "rejected", "error_params": {"why": "no"}},
        {"status": "CANCELLED", "error_code": "called_off"},
    ],
)
def test_words_that_nobody_let_pass_are_not_shown_nor_given_to_whoever_presses(end: dict[str, Any]) -> None:
    said = shown(replace(WAITING, parked=True, title="Coffee Steam", position=None, eta_s=None, **end))
    assert (said.title, said.asked) == ("#12", "")
    assert "offee" not in repr(said)
    assert [action.name for action in said.buttons] == (["cancel"] if end["status"] == "PENDING" else [])


def test_what_those_in_charge_decided_is_said_with_their_reason() -> None:
    no = replace(WAITING, status="CANCELLED", error_code="rejected", error_params={"why": "too rude"})
    assert shown(no).line == "Looked at, and not made: too rude. Nothing was charged. Ask again in other words."
    gone = shown(replace(DONE, deleted=True, taken_down="copies a known song", tracks=()))
    assert (gone.title, gone.asked, gone.buttons) == ("#12", "", ())
    assert gone.line == "Taken down by those in charge: copies a known song."
    banned = replace(WAITING, status="CANCELLED", error_code="called_off", error_params={"why": "spam"})
    assert shown(banned).line == "Cancelled by those in charge: spam. Nothing was charged."
    # A cancelled job may have failed before; that is not why it ended.
    assert shown(replace(no, error_code="engine_crashed", error_params={})).line.startswith("Cancelled.")


def test_a_waiting_job_tells_its_place_its_time_and_its_price() -> None:
    said = shown(WAITING)
    assert (said.state, said.title) == ("waiting", "rainy-day lo-fi about coffee")
    assert said.line == "second in line · about 40 seconds · 10 credits"
    assert [action.name for action in said.buttons] == ["cancel"]
    assert shown(replace(WAITING, eta_s=None, price=0)).line == "second in line · free"


def test_a_running_job_tells_how_far_it_is_and_how_long_it_takes() -> None:
    started = time.time_ns() // 1_000_000 - 20_000
    job = replace(WAITING, status="PROCESSING", stage="rendering", progress=0.625, started_at=started)
    said = shown(job)
    assert said.line.startswith("rendering ▰▰▰▰▰▱▱▱ 62% · about 1")
    assert shown(replace(job, stage="planning", progress=None)).line == "planning"


def test_a_finished_song_has_its_facts_its_lyrics_and_its_files() -> None:
    said = shown(DONE)
    assert said.title == "Coffee Steam"
    assert said.line == "1:12 · 82 BPM · F Major · 4/4 · lo-fi"
    assert said.facts == ("10 credits", "seed 4217", "from #11", "#12")
    assert said.lyrics == "Steam on the window\nRain on the street"
    assert said.cover is not None
    assert (said.cover.name, names(said)) == ("coffee-steam.png", ["coffee-steam.mp3"])


def test_what_was_heard_in_the_caption_is_told_in_one_line() -> None:
    understood = {"instruments": ["acoustic guitar"], "genre": ["Indie Pop"], "mood": ["hopeful"], "tempo": ["hopeful"]}
    notices = [{"code": "not_understood", "params": {"words": ["zither"]}}]
    said = shown(replace(DONE, plan={**(DONE.plan or {}), "understood": understood, "notices": notices}))
    assert said.notices == (
        "Heard: Indie Pop, hopeful, acoustic guitar.",
        "Not understood, so not used: zither.",
    )
    many = {"instruments": [f"horn {number}" for number in range(30)]}
    [line] = shown(replace(DONE, plan={"understood": many})).notices
    assert line.count("horn") == 8


@pytest.mark.parametrize(
    ("task", "spec", "said"),
    [
        ("text2music", {}, "from #11"),
        ("stems", {"source_job_id": 11, "source_take": 2}, "from #11, take 2"),
        ("retake", {"original_job_id": 11, "retake_variance": 0.3}, "retake of #11, 30% new"),
        ("repaint", {"repainting_start": 30, "repainting_end": 45.2}, "0:30 to 0:45 of #11, anew"),
        (
            "repaint", {"repainting_start": 70, "repainting_end": -1, "source_take": 2},
            "1:10 to 1:12 of #11, take 2, anew",
        ),
        ("extend", {"left_extend_length": 0, "right_extend_length": 30}, "#11, longer by 30 s at the end"),
        ("extend", {"left_extend_length": 7.5, "right_extend_length": 0}, "#11, longer by 7.5 s at the start"),
        (
            "extend", {"left_extend_length": 10, "right_extend_length": 30},
            "#11, longer by 10 s at the start and 30 s at the end",
        ),
        ("edit", {"edit_type": "remix", "edit_target_prompt": "ska"}, "remix of #11"),
        ("edit", {"edit_type": "remix", "edit_target_prompt": ""}, "#11, with new words"),
        ("edit", {"edit_type": "only_lyrics", "edit_target_prompt": "soft"}, "#11, with new words"),
    ],
)  # fmt: skip
def test_an_edit_says_what_became_of_which_song(task: str, spec: dict[str, object], said: str) -> None:
    assert said in shown(replace(DONE, task=task, spec=spec, duration=72.4)).facts


def test_a_sample_has_the_facts_of_its_kind_and_comes_ready_for_use() -> None:
    loop = {"task": "text2samples", "caption": "dusty drum break", "sample_type": "loop", "format": "flac"}
    files = (file("audio", "flac"), file("audio", "mp3"))
    made = replace(take(1, *files), duration=2.9268, bpm=82.0)
    job = replace(DONE, task="text2samples", spec=loop, tracks=(made,))
    said = shown(job)
    assert said.line == "2.93 s · 82 BPM · F Major · 4/4 · lo-fi"
    # MP3 begins with silence, which no loop survives.
    assert names(said) == ["coffee-steam.mp3", "coffee-steam.flac"]
    single = shown(replace(job, spec={**loop, "sample_type": "one-shot"}, plan={"genre_preset": "Custom"}))
    assert single.line == "2.93 s · F Major"


def test_lines_without_room_get_the_advice_that_helps() -> None:
    plan = {"notices": [{"code": "lines_left_out", "params": {"count": 2}}]}
    [of_song] = shown(replace(DONE, plan=plan)).notices
    [of_edit] = shown(replace(DONE, plan=plan, task="repaint", spec={
        "source_job_id": 11, "repainting_start": 1, "repainting_end": 9,
    })).notices  # fmt: skip
    assert of_song == "There was no room to sing 2 lines. A longer `duration` has more."
    assert "`duration`" not in of_edit
    assert of_edit.startswith("There was no room to sing 2 lines.")


def test_files_are_those_that_were_asked_for_and_fit() -> None:
    files = (file("audio", "flac", 15 * MIB), file("audio", "wav", 9 * MIB), file("audio", "mp3"), file("image", "png"))
    asked = replace(DONE, spec={"caption": "x", "format": "wav"}, tracks=(take(1, *files, file("lrc", "lrc")),))
    assert names(shown(asked)) == ["coffee-steam.mp3", "coffee-steam.wav", "coffee-steam.lrc"]
    small = shown(asked, file_limit=5 * MIB)
    assert names(small) == ["coffee-steam.mp3", "coffee-steam.lrc"]
    assert small.notices == (
        "1 more of its files did not fit into this message. Whoever runs this place has what is missing.",
    )


def test_eight_takes_fit_into_one_message_and_the_songs_come_first() -> None:
    own = (file("audio", "mp3"), file("image", "png"), file("lrc", "lrc"))
    said = shown(replace(DONE, tracks=tuple(take(number, *own) for number in range(1, 9))))
    songs = ["coffee-steam.mp3", *(f"coffee-steam-{number}.mp3" for number in range(2, 9))]
    assert names(said)[:8] == songs
    assert len(said.files) == 10
    assert said.notices == ()
    assert said.line.count("/") == 8  # seven between the takes, one in 4/4


def test_stems_are_shown_instead_of_a_song_where_there_is_none() -> None:
    stems = [*(file("stem", "mp3", name=name) for name in ("vocals", "drums")), file("midi", "mid")]
    job = replace(
        DONE, task="stems", tracks=(take(1, *stems, file("stem", "flac", name="vocals"), file("image", "png")),)
    )
    said = shown(job)
    assert names(said) == ["coffee-steam-vocals.mp3", "coffee-steam-drums.mp3", "coffee-steam.mid"]
    assert [action.name for action in said.buttons] == ["redo", "delete"]


def test_a_failure_says_that_nothing_was_charged() -> None:
    said = shown(replace(WAITING, status="FAILED", error_code="engine_crashed"))
    assert "Nothing was charged" in said.line
    assert [action.name for action in said.buttons] == ["retry", "redo"]
    assert shown(replace(WAITING, status="CANCELLED")).line.startswith("Cancelled.")


def test_a_song_that_could_not_be_posted_where_it_was_asked_for_says_so() -> None:
    assert shown(replace(DONE, moved="no_permission")).notices == (
        "The channel you asked in does not let me post, so it comes here.",
    )


@pytest.mark.parametrize("evil", ["@everyone", "<@123>", "`code`", "[a](https://evil.example)", "a\u202eb", "x" * 5000])
def test_no_foreign_word_calls_anybody_or_breaks_out(evil: str) -> None:
    said = shown(replace(WAITING, spec={"caption": evil}))
    for text in (said.title, said.asked):
        assert "@everyone" not in text
        assert "<@" not in text
        assert "`" not in text
        assert "](" not in text
        assert len(text) <= 200


# --- what was heard, and songs that come from a recording ---

CHORDS = ["A", "F", "C", "G"]
HEARD = Analysis(
    title="Night Drive", caption="driving synth-pop with a wide lead", bpm=96.04, keyscale="A Minor",
    timesignature="4/4", duration=60.0, language="en", loudness=-9.31,
    # The tempo is a little off: sections begin with a bar all the same.
    chords=[ChordAt(start=at * 2.5, end=at * 2.5 + 2.5, name=CHORDS[at % 4]) for at in range(24)],
    sections=[
        SectionAt(start=0, end=10, kind="intro", letter="A"), SectionAt(start=10, end=30, kind="verse", letter="B"),
        SectionAt(start=30, end=60, kind="", letter="C"),
    ],
    confidence={"bpm": 0.97, "keyscale": 0.62, "timesignature": 0.41, "chords": 0.55, "sections": 0.3, "language": 0.9},
)  # fmt: skip
LISTENED = replace(
    DONE, task="analyze", title=None, parent_id=None, price=0, plan=None, tracks=(),
    spec={"task": "analyze", "audio_url": "https://example.com/night%20drive.mp3", "source_take": 1},
    recording=RecordingView("Night Drive", "The Lanterns", 60.0), analysis=HEARD.model_dump(mode="json"),
)  # fmt: skip
HEARS = ABLE.model_copy(update={"tasks": ("text2music", "analyze", "cover", "reference", "stems")})


def test_an_analysis_tells_what_was_heard_and_how_sure_that_is() -> None:
    said = card(LISTENED, HEARS, file_limit=MIB, most_files=10)
    assert (said.title, said.asked) == ("Night Drive", "")
    assert said.line == "1:00 · 96 BPM · probably A Minor · a guess: 4/4"
    assert said.heard == (
        "Caption: driving synth-pop with a wide lead",
        "Chords of part C, probably: | A | F | C | G |",
        "Sections, a guess: intro 0:00, verse 0:10, part C 0:30",
        "Language: English",
        "Loudness: -9.3 LUFS",
    )
    assert said.facts == ("free", "by The Lanterns", "#12")
    assert (said.files, said.cover, said.notices) == ((), None, ())
    assert [action.name for action in said.buttons] == ["details", "cover", "reference", "redo", "delete"]
    assert [action.name for action in shown(LISTENED).buttons] == ["details", "redo", "delete"]


def test_a_song_made_here_is_known_exactly() -> None:
    exact = HEARD.model_copy(update={"exact": True, "confidence": {}, "lyrics": LYRICS, "language": "unknown"})
    own: dict[str, Any] = {
        "parent_id": 11,
        "recording": None,
        "spec": {"task": "analyze", "source_job_id": 11, "source_take": 1},
    }
    said = shown(replace(LISTENED, **own, analysis=exact.model_dump(mode="json")))
    assert said.line == "1:00 · 96 BPM · A Minor · 4/4"
    assert said.heard[1:3] == (
        "Chords of part C: | A | F | C | G |",
        "Sections: intro 0:00, verse 0:10, part C 0:30",
    )
    assert said.facts == ("free", "from #11", "#12")
    assert said.lyrics == "Steam on the window\nRain on the street"
    bare = exact.model_copy(update={"chords": (), "sections": (), "caption": "", "loudness": None})
    assert shown(replace(LISTENED, analysis=bare.model_dump(mode="json"))).heard == ()


def test_what_was_not_made_out_is_said_in_words_and_never_a_number() -> None:
    unsure = {"bpm": 0.0, "keyscale": 0.07, "timesignature": 0.1, "chords": 0.42, "sections": 0.1, "caption": 1.0}
    said = shown(replace(LISTENED, analysis=HEARD.model_copy(update={"confidence": unsure}).model_dump(mode="json")))
    assert said.line == "1:00 · no clear tempo · no clear key"
    assert [line.partition(":")[0] for line in said.heard] == ["Caption", "Language", "Loudness"]
    text = analysis.sheet(analysis.of(HEARD.model_copy(update={"confidence": unsure}).model_dump(mode="json")))
    assert "| " not in text
    # Chords that hold together in a key are told, bars or not; sections that nobody made out are not.
    keyed = HEARD.model_copy(update={"confidence": {**unsure, "keyscale": 0.9, "chords": 0.9}})
    assert [line.partition(":")[0] for line in analysis.lines(keyed)] == ["Caption", "Chords", "Language", "Loudness"]


def test_chords_are_told_of_the_song_itself_and_not_of_how_it_ends() -> None:
    ending = [
        SectionAt(start=0, end=20, kind="verse", letter="A"),
        SectionAt(start=20, end=60, kind="outro", letter="B"),
    ]
    told = analysis.lines(HEARD.model_copy(update={"sections": ending}))
    assert any(line.startswith("Chords of the verse") for line in told)


def test_all_that_was_heard_is_a_sheet_with_every_section_bar_by_bar() -> None:
    sheet = analysis_answer(LISTENED, "en").file
    assert sheet is not None
    assert sheet.name == "night-drive.txt"
    assert "0:10  verse\n      | A | F | C | G |\n      | A | F | C | G |\n\n0:30  part C\n" in sheet.text
    # In 6/8 a bar has two beats; and where nothing sounds, nobody plays a chord.
    slow = HEARD.model_copy(update={
        "timesignature": "6/8", "bpm": 60.0, "duration": 10.0, "sections": (), "lyrics": "Oh \x1b[31mnight",
        "chords": (ChordAt(start=0, end=3, name="Dm7"), ChordAt(start=3, end=6, name="N")),
    })  # fmt: skip
    text = analysis.sheet(slow)
    assert "\n0:00\n      | Dm7 | Dm7 – | – | – |\n      | – |\n" in text
    assert text.endswith("Lyrics\n\nOh [31mnight\n")
    with pytest.raises(Refusal, match="nothing_heard"):
        analysis_answer(DONE, "en")


def test_it_listens_while_it_works() -> None:
    job = replace(LISTENED, status="PROCESSING", analysis=None, stage="planning")
    assert shown(job).line == "listening"
    assert shown(job).title == "Night Drive"
    assert shown(replace(job, stage="rendering", progress=0.5)).line.startswith("listening ▰▰▰▰▱▱▱▱ 50%")


@pytest.mark.parametrize(
    ("task", "spec", "said"),
    [
        ("cover", {}, "cover of Night Drive (heard: 96.5 BPM, probably A Minor, chords, melody hardly)"),
        ("reference", {}, "sounds like Night Drive (heard: 96.5 BPM, probably A Minor)"),
        ("repaint", {"repainting_start": 10, "repainting_end": 20}, "0:10 to 0:20 of Night Drive, anew"),
        ("extend", {"left_extend_length": 0, "right_extend_length": 30}, "Night Drive, longer by 30 s at the end"),
        ("edit", {"edit_type": "remix", "edit_target_prompt": "ska"}, "remix of Night Drive"),
        ("stems", {}, "from Night Drive"),
    ],
)
def test_a_song_from_a_recording_says_what_it_comes_from_and_what_was_heard(
    task: str, spec: dict[str, Any], said: str
) -> None:
    sure = {"bpm": 0.9, "keyscale": 0.6, "chords": 0.85, "melody": 0.4, "sections": 0.2}
    heard = {"title": "Night Drive", "bpm": 96.51, "keyscale": "A Minor", "timesignature": "4/4", "confidence": sure}
    source: dict[str, Any] = {
        "parent_id": None,
        "recording": RecordingView("Night Drive", "", 60.0),
        "plan": {"heard": heard},
    }
    link = {"src_audio_url": "https://example.com/x.mp3", **spec}
    job = replace(DONE, task=task, spec=link, **source)
    assert said in shown(job).facts
    # What it has of its own is certain, what was only heard is not.
    key = "F Major" if task in ("cover", "reference") else "probably F Major"
    assert shown(job).line == f"1:12 · 82 BPM · {key} · 4/4"
    nameless = shown(replace(job, recording=RecordingView("", "", 60.0)))
    assert any("a recording" in fact for fact in nameless.facts)
    assert "Night" not in repr(shown(replace(job, status="PENDING", parked=True)))


def test_separated_stems_say_what_separated_them() -> None:
    stems = tuple(file("stem", form, name=name) for name in ("vocals", "drums") for form in ("flac", "mp3"))
    job = replace(DONE, task="stems", tracks=(take(1, *stems),))
    names = ["vocals", "drums"]
    sure = {"vocals": 0.7, "drums": 0.3}
    for note, said in (
        ({"code": "stems_approximate", "params": {"stems": names}}, "Separated by estimate: vocals, drums. Approx"),
        (
            {"code": "stems_approximate", "params": {"stems": names, "confidence": sure}},
            "Separated by estimate: vocals roughly, drums hardly. Approximate: ",
        ),
        ({"code": "stems_by_model", "params": {"model": "htdemucs"}}, "Separated by htdemucs: vocals, drums."),
    ):
        [line] = shown(replace(job, plan={"notices": [note]})).notices
        assert line.startswith(said)
