"""What people read: every code has words, every sentence can be said, and no foreign text does harm in it."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import catalogue
from bot.replies import _messages, cleaned, reply
from bot.syntax import parse_command
from engine.spec import MODELS, InvalidSpec, parse, parse_as
from engine.spec.languages import LANGUAGES
from tests.unit.test_commands import beside
from workflows.asks import ASKS
from workflows.refusal import Refusal

ROOT = Path(__file__).parents[2]
MESSAGES: dict[str, Any] = dict(_messages("en"))
CODES = sorted(MESSAGES.keys() - {"words"})
COMMANDS = catalogue()
KNOWN = {"genre_preset": ("Hip Hop", "R&B"), "model_version": ("audiomusic-v2", "audiomusic-v1.5")}

FAILURES = [
    "engine_crashed", "engine_stalled", "engine_out_of_memory", "engine_failed", "encode_failed", "decode_failed",
    "disk_full", "database_busy", "lyrics_unreadable", "nothing_to_sing", "no_room_to_sing", "no_score",
    "region_outside", "nothing_to_edit", "nothing_to_extend", "recording_gone", "no_source", "source_gone", "internal",
]  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_wrong(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A sentence that can't be said is logged as our mistake; no test here may cause one unasked."""
    yield
    assert not [record for record in caplog.get_records("call") if record.name == "bot.replies"]


def refusal_of(text: str) -> Refusal:
    """How the house refuses a command that somebody typed."""
    try:
        parsed = parse_command(text, COMMANDS)
        parse(parsed.command.task, parsed.values, KNOWN)
    except Refusal as refusal:
        return refusal
    except InvalidSpec as invalid:
        return Refusal.of(invalid)
    pytest.fail(f"{text} was not refused")


def words_of(refusal: Refusal) -> str:
    return reply(
        refusal.code,
        **{**refusal.params, "field": refusal.field, "value": refusal.value, "allowed": refusal.allowed},
    )


# what people type, and what they read
SAID = {
    "/song x bpm:500": "`bpm` is 500, must be 30 to 300 BPM. Try `bpm:300`.",
    "/song x bpm:fast": "`bpm` is fast, must be 30 to 300 BPM. Try `bpm:120`.",
    "/song x bpm:99.5": "`bpm` is 99.5, must be 30 to 300 BPM. Try `bpm:100`.",
    "/song x duration:900": "`duration` is 900, must be 5 to 600 seconds, or -1 for automatic. Try `duration:600`.",
    "/song x duration:nan": "`duration` is nan, must be 5 to 600 seconds, or -1 for automatic. Try `duration:60`.",
    "/song x guidance_scale:0.5": "`guidance_scale` is 0.5, must be 1 to 15. Try `guidance_scale:1`.",
    "/song x format:m4a": "`format` is m4a, must be one of flac, wav, mp3, ogg. Try `format:flac`.",
    "/song x format:MP4": "`format` is MP4, must be one of flac, wav, mp3, ogg. Try `format:mp3`.",
    "/song x instrumental:maybe": "`instrumental` is maybe, must be true or false. Try `instrumental:false`.",
    "/song x genre_preset:hiphop": (
        '`genre_preset` is hiphop, must be one of Hip Hop, R&B. Try `genre_preset:"Hip Hop"`.'
    ),
    "/song x timesignature:5/4": (
        "`timesignature` is 5/4, must be one of 2/4, 3/4, 4/4, 6/8. Try `timesignature:4/4`."
    ),
    "/song x keyscale:H": (
        "`keyscale` is H, must be a note from C to B with # or b, and major or minor, "
        'such as "C Major" or "Am". Try `keyscale:"A Minor"`.'
    ),
    f'/song caption:"{"x" * 2100}"': "`caption` has 2,100 characters, at most 2,048 fit. Leave out 52.",
    f"/simple {'x' * 1001}": "`query` has 1,001 characters, at most 1,000 fit. Leave out 1.",
    '/simple ""': '`query` is empty. Try `query:"a song about rain and coffee"`.',
    "/simple": '`query` is missing (1 to 1000 characters). Try `query:"a song about rain and coffee"`.',
    "/song": 'There is nothing to go by yet: give `caption`, `lyrics` or `genre_preset`. Try `caption:"slow blues"`.',
    "/stems": (
        "There is nothing to go by yet: give `src_audio_url` or `source_job_id`. "
        "Try `src_audio_url:https://example.com/song.mp3`."
    ),
    "/song captoin:x": (
        "There is no option `captoin` here. Did you mean `caption`? "
        "If `captoin:x` is meant as words, put it in double quotes."
    ),
    "/song x bpm: 90": (
        "`bpm:` stands apart from its value. Write it without a space, such as `bpm:120`. "
        "If it is meant as words, put it in double quotes."
    ),
    "/song x bpm:": "`bpm:` has no value. Try `bpm:120`.",
    "/song x bpm:1 bpm:2": "`bpm` is given twice. Keep the one you mean.",
    '/song "slow': (
        "A double quote is opened and never closed in `caption`. "
        'Close it, or write \\" for a quote that belongs to the text.'
    ),
    "/sogn x": "I don't know the command `/sogn`. Did you mean `/song`?",
    "/zzzzz x": "I don't know the command `/zzzzz`.",
    "/mydata": "`/mydata` needs one word more: `/mydata export` or `/mydata delete`.",
    "/challenge creat x": "I don't know the command `/challenge creat`. Did you mean `/challenge create`?",
}


@pytest.mark.parametrize(("text", "sentence"), SAID.items(), ids=range(len(SAID)))
def test_a_refusal_says_what_is_wrong_and_a_way_on(text: str, sentence: str) -> None:
    assert words_of(refusal_of(text)) == sentence


def test_a_language_may_be_called_by_its_name() -> None:
    said = words_of(refusal_of("/song x vocal_language:Germn"))
    assert said.endswith("Try `vocal_language:de`.")
    assert f"({len(LANGUAGES) + 1} in all)" in said


ASKED = {
    "/report 12": '`why` is missing (1 to 300 characters). Write it as `/report 12 why:"copies a known song"`.',
    "/gift bob fifty": "`amount` is missing (1 to 1,000,000,000 credits). Write it as `/gift @ann 50`.",
    "/gift 50 @ben": "`amount` is missing (1 to 1,000,000,000 credits). Write it as `/gift @ann 50`.",
    "/gift @ben": "`amount` is missing (1 to 1,000,000,000 credits). Write it as `/gift @ann 50`.",
    '/report 12 why:""': '`why` is empty. Try `why:"not for children"`.',
    '/ban @ann why:"x" hours:-1': "`hours` is -1, must be 1 to 87,600 hours. Try `hours:1`.",
    "/queue puase": "`do` is puase, must be one of show, pause, drain, resume. Try `do:pause`.",
    "/dismiss no": "`job_id` is no, must be the number of a song. Try `job_id:12`.",
}


@pytest.mark.parametrize(("text", "sentence"), ASKED.items(), ids=range(len(ASKED)))
def test_a_refused_ask_shows_its_own_way_on(text: str, sentence: str) -> None:
    parsed = parse_command(text, COMMANDS)
    with pytest.raises(InvalidSpec) as caught:
        parse_as(ASKS[parsed.command.task], parsed.values)
    assert words_of(Refusal.of(caught.value, parsed.command.task)) == sentence


SOURCES = {
    "/stems source_job_id:https://example.com/mine.mp3": "Try `src_audio_url:https://example.com/song.mp3`.",
    "/analyze audio_url:12": "Try `source_job_id:12`.",
    "/analyze audio_url:song.mp3": "Try `audio_url:https://example.com/song.mp3`.",
    "/reference calm source_job_id:1 reference_audio_url:https://example.com/mine.mp3": (
        "There are two things to start from: keep only one of `reference_audio_url` or `source_job_id`."
    ),
}


@pytest.mark.parametrize(("text", "end"), SOURCES.items(), ids=range(len(SOURCES)))
def test_a_number_in_place_of_a_link_or_the_other_way_round_gets_the_way_on_that_was_meant(text: str, end: str) -> None:
    parsed = parse_command(text, COMMANDS)
    with pytest.raises(InvalidSpec) as caught:
        parse(parsed.command.task, parsed.values)
    assert words_of(Refusal.of(caught.value, parsed.command.task)).endswith(end)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_every_way_on_works(command: Any) -> None:
    """Whatever is wrong with an option, what we advise to try is accepted."""
    model = (MODELS | ASKS)[command.task]
    for option in command.options:
        if option.kind == "text":
            continue
        example = beside(command, option.name)
        for wrong in ("nonsense", "-99", "1e99", "0.123"):
            try:
                parse_as(model, {**example, option.name: wrong}, KNOWN)
            except InvalidSpec as invalid:
                said = words_of(Refusal.of(invalid))
                tried = said.rpartition("Try `")[2].removesuffix("`.")
                mended = parse_command(f"/{command.name} {tried}", COMMANDS).values
                assert list(mended) == [option.name], said
                parse_as(model, {**example, **mended}, KNOWN)


@pytest.mark.parametrize("code", CODES)
def test_every_sentence_can_be_said(code: str) -> None:
    example = MESSAGES[code].get("example", {})
    said = reply(code.partition("+")[0], **example)
    assert said
    assert not set("{}") & set(said)
    assert said == said.strip()
    assert "  " not in said


@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_says_that_nothing_was_charged_and_what_to_do(code: str) -> None:
    said = reply(code, job=12)
    _, charged, advice = said.partition("Nothing was charged.")
    assert charged
    assert len(advice) > 10


def test_numbers_and_times_are_said_as_people_say_them() -> None:
    assert reply("accepted", job=12, position=1, eta_s=40.2, credits=10) == (
        "#12 taken, second in line, about 41 seconds, 10 credits"
    )
    assert reply("accepted", job=12, position=0, eta_s=None, credits=1) == "#12 taken, first in line, 1 credit"
    assert reply("waiting", position=11, eta_s=600) == "waiting, number 12 in line, about 10 minutes"
    assert reply("waiting", position=None, eta_s=None) == "waiting"
    assert "Try again in 1 second." in reply("rate_limited", retry_after=0, task="repaint", most=3)
    assert "`/repaint` works 3 times a minute" in reply("rate_limited", retry_after=9, task="repaint", most=3)
    assert "2 hours" in reply("rate_limited", retry_after=7000)
    assert "costs 1,500 and you have 4" in reply("insufficient_credits", required=1500, available=4)
    assert reply("task_not_available", task="extract-stem", engine="studio").startswith(
        "The built-in engine can't do `/stem` yet."
    )


def test_a_voice_that_is_missing_is_a_notice() -> None:
    assert "has no vocals" in reply("no_voice", reason="eSpeak NG is not installed")


def test_what_did_nothing_is_said_as_it_is() -> None:
    assert reply("lines_left_out", count=1).startswith("There was no room to sing 1 line.")
    assert reply("lines_left_out", count=4, source=12).startswith("There was no room to sing 4 lines.")
    assert reply("settled", fields=["duration", "bpm"]) == "A song that is there keeps its `duration` and `bpm`."
    assert "engine" not in reply("no_effect", fields=["bpm"], source=12)


def test_other_languages_fall_back_to_english() -> None:
    english = reply("cancelled")
    assert reply("cancelled", locale="de-AT") == english
    assert reply("cancelled", locale="../../secret") == english
    assert reply("cancelled", locale="") == english


def test_a_code_without_words_is_our_mistake(caplog: pytest.LogCaptureFixture) -> None:
    assert reply("no_such_code", field="x") == reply("internal")
    assert reply("words") == reply("internal")
    assert reply("insufficient_credits") == reply("internal")
    assert reply("insufficient_credits", required="many", available=()) == reply("internal")
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) >= 4
    caplog.clear()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("slow\n\tblues  ", "slow blues"),
        ("`code` \x1b[31mred\x07", "'code' [31mred"),
        ("@everyone", "@\u200beveryone"),
        ("<@123> <!here>", "<\u200b@\u200b123> <\u200b!here>"),
        ("[win](https://evil.example)", "[win] (https://evil.example)"),
        ("safe\u202etxt.exe", "safetxt.exe"),
        ("\ud800half", "half"),
        ("x" * 100, "x" * 59 + "…"),
        (True, "true"),
        (600.0, "600"),
        ("👩‍🎤 größer 歌", "👩‍🎤 größer 歌"),
    ],
)
def test_a_foreign_value_is_made_harmless(value: Any, shown: str) -> None:
    assert cleaned(value) == shown


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(), max_size=300), st.sampled_from(["bad_value", "blocked_words", "unknown_option"])
)
def test_no_value_breaks_a_sentence(value: str, code: str) -> None:
    said = reply(code, field="caption", value=value, allowed="30 to 300 BPM", typed=value, kind="out_of_range")
    said.encode("utf-8")
    assert said.isprintable() or "\u200b" in said or "\u200c" in said or "\u200d" in said
    assert "@everyone" not in said
    assert said.count("`") % 2 == 0
    assert len(said) < 400


# --- every code in the code base has words ---

TELLERS = {"Problem", "_problem", "EngineError", "Refusal", "Notice", "reply"}
# What travels with a code without standing in the call.
WITH = {"EngineError": {"job"}}
POSITIONS = {"Problem": ("code", "field", "value", "allowed"), "_problem": ("code", "field", "value", "allowed")}


@dataclass(frozen=True)
class Told:
    """One place that tells a code. `params` are the names that come with it; `open` where more may come."""

    place: str
    code: str
    params: frozenset[str]
    open: bool


@cache
def told() -> tuple[Told, ...]:
    return tuple(
        entry
        for room in ("engine", "workflows", "bot", "storage")
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        for entry in told_by(node, f"{path.relative_to(ROOT)}:{node.lineno}")
    )


def told_by(call: ast.Call, place: str) -> Iterator[Told]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    codes = [keywords["error_code"]] if "error_code" in keywords else []
    names, is_open = frozenset(filter(None, keywords)), None in keywords
    if name in TELLERS:
        codes += [keywords["code"]] if "code" in keywords else call.args[:1]
        given = {*POSITIONS.get(name, ())[: len(call.args)], *names, *WITH.get(name, ())}
        for argument in (keywords.get("params"), *call.args[4:]):
            if isinstance(argument, ast.Dict):
                given |= {str(key.value) for key in argument.keys if isinstance(key, ast.Constant)}
            elif argument is not None:
                is_open = True
        names = frozenset(given)
    else:
        is_open = True
    for code in codes:
        for constant in (code.body, code.orelse) if isinstance(code, ast.IfExp) else (code,):
            if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                yield Told(place, constant.value, names, is_open)


def test_the_search_for_codes_finds_them() -> None:
    found = {entry.code for entry in told()}
    assert {"nothing_to_go_by", "insufficient_credits", "unknown_option", "nobody_works"} <= found


def test_every_code_has_words() -> None:
    said = {code.partition("+")[0] for code in CODES}
    assert not sorted({f"{entry.code} ({entry.place})" for entry in told() if entry.code not in said})


def test_every_code_comes_with_what_its_words_need(caplog: pytest.LogCaptureFixture) -> None:
    unfit = []
    for entry in told():
        variants = [MESSAGES[code] for code in CODES if code.partition("+")[0] == entry.code]
        if entry.open or not variants:
            continue
        examples = {name: value for variant in variants for name, value in variant.get("example", {}).items()}
        params = {name: examples[name] for name in entry.params if name in examples}
        if reply(entry.code, **params) == reply("internal") and entry.code != "internal":
            unfit.append(f"{entry.code} ({entry.place}) with {sorted(entry.params)}")
    caplog.clear()
    assert not unfit


def test_every_stage_has_words() -> None:
    stages = ("waiting", "fetching", "planning", "rendering", "encoding", "done")
    assert all(f"stage_{stage}" in MESSAGES for stage in stages)
