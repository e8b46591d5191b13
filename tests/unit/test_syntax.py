"""The language people type, with the slips they make."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.commands import Command, catalogue
from bot.naming import UnknownCommand
from bot.syntax import BadCommand, format_command, format_option, parse_command
from tests.fakes.recipes import Serenade

COMMANDS = catalogue(recipes=[Serenade])

READ = [
    ('/song caption:"slow blues" duration:60 seed:7', {"caption": "slow blues", "duration": "60", "seed": "7"}),
    ("song caption:blues", {"caption": "blues"}),
    ("  / SONG Caption:blues BPM:90", {"caption": "blues", "bpm": "90"}),
    ("/song caption:“slow blues” lyrics:„Guten Tag“", {"caption": "slow blues", "lyrics": "Guten Tag"}),
    (r'/song lyrics:"[verse]\nOne \"two\" \\ three"', {"lyrics": '[verse]\nOne "two" \\ three'}),
    ('/song lyrics:"[verse]\nOne"', {"lyrics": "[verse]\nOne"}),
    (r"/song lyrics:One\nTwo", {"lyrics": "One\nTwo"}),
    ("/song prompt:blues", {"caption": "blues"}),
    ('/song caption:""', {"caption": ""}),
    ("/song blues instrumental:true", {"caption": "blues", "instrumental": "true"}),
    ("/simple a rainy day song duration:60", {"query": "a rainy day song", "duration": "60"}),
    ("/simple duration:60 a rainy bpm:90 day", {"query": "a rainy day", "duration": "60", "bpm": "90"}),
    ("/retake 12 retake_variance:0.2", {"original_job_id": "12", "retake_variance": "0.2"}),
    ("/vocals [verse]\n  Hello\n\n[chorus]\nAgain", {"lyrics": "[verse]\n  Hello\n\n[chorus]\nAgain"}),
    (r"/vocals [verse]\nHello", {"lyrics": "[verse]\nHello"}),
    ("/stems #12", {"source_job_id": "12"}),
    ("/stems https://example.com/a:b.mp3", {"src_audio_url": "https://example.com/a:b.mp3"}),
    ('/stems "HTTPS://example.com/a.mp3"', {"src_audio_url": "HTTPS://example.com/a.mp3"}),
    ("/analyze #12", {"source_job_id": "12"}),
    ("/analyze 12 source_take:2", {"source_job_id": "12", "source_take": "2"}),
    ("/analyze song.mp3", {"audio_url": "song.mp3"}),
    ("/cover https://example.com is a place", {"caption": "https://example.com is a place"}),
    ("/simple #12 is my favourite", {"query": "#12 is my favourite"}),
    ("/stems", {}),
]


@pytest.mark.parametrize(("text", "values"), READ)
def test_a_command_is_read(text: str, values: dict[str, str]) -> None:
    assert parse_command(text, COMMANDS).values == values


NAMED = [
    ('/challenge create theme:"the sea" submit:3d', "challenge create", {"theme": "the sea", "submit": "3d"}),
    ("/challenge create the sea; a train prize:500", "challenge create", {"theme": "the sea; a train", "prize": "500"}),
    (" / Challenge   ENTER #12 ", "challenge enter", {"song_job_id": "12"}),
    ("recipe list", "recipe list", {}),
    ("/recipe\nschedule song-a-day when:daily", "recipe schedule", {"name": "song-a-day", "when": "daily"}),
    ("/recipe run serenade 12 mood:bold", "recipe run serenade", {"song": "12", "mood": "bold"}),
    ("/review", "review", {}),
    ("/challenge review", "challenge review", {}),
    ("/simple challenge create", "simple", {"query": "challenge create"}),
]


@pytest.mark.parametrize(("text", "name", "values"), NAMED)
def test_a_name_may_be_of_several_words(text: str, name: str, values: dict[str, str]) -> None:
    parsed = parse_command(text, COMMANDS)
    assert (parsed.command.name, parsed.values) == (name, values)


WORDS = [
    "wake me at 8:30",
    "note: this is important",
    "Re:Zero opening",
    "like https://example.com/a?b:c=d",
    "http://example.com",
    ":fire: love:) and :heart:",
    '12" vinyl, 7" single',
    'a song called "Blue Moon", please',
    "lyrics: none of mine",
    "don't stop",
    "[verse:female] hello",
]


@pytest.mark.parametrize("words", WORDS)
def test_ordinary_words_stay_words(words: str) -> None:
    assert parse_command(f"/simple {words} duration:60", COMMANDS).values == {"query": words, "duration": "60"}


def asking(*options: tuple[str, str], main: str) -> dict[str, Command]:
    """A command that makes no music, with options of these kinds."""
    like = COMMANDS["help"].options[0]
    made = tuple(replace(like, name=name, kind=kind, aliases=()) for name, kind in options)  # type: ignore[arg-type]
    return {"do": replace(COMMANDS["help"], name="do", options=made, main=main)}


GIFT = asking(("who", "person"), ("amount", "whole"), ("message", "text"), main="who")
REPORT = asking(("job_id", "whole"), ("why", "text"), main="job_id")
ABOUT = [
    (GIFT, "<@U1|Ann Lee> 50", {"who": "<@U1|Ann Lee>", "amount": "50"}),
    (GIFT, "<@U1|amount:3 Lee> 50 have fun", {"who": "<@U1|amount:3 Lee>", "amount": "50", "message": "have fun"}),
    (GIFT, "who:<@!7|Ann Lee> amount:5", {"who": "<@!7|Ann Lee>", "amount": "5"}),
    (GIFT, "who:@ann 50", {"who": "@ann", "amount": "50"}),
    (GIFT, '"Ann Lee" 50 "for you"', {"who": "Ann Lee", "amount": "50", "message": "for you"}),
    (GIFT, "@ann amount:50 for 2 songs", {"who": "@ann", "amount": "50", "message": "for 2 songs"}),
    (GIFT, "@ann 50-50", {"who": "@ann", "message": "50-50"}),
    (GIFT, "ann -5", {"who": "ann", "amount": "-5"}),
    (REPORT, "12 stolen, all of it", {"job_id": "12", "why": "stolen, all of it"}),
    (REPORT, "#12 too loud", {"job_id": "12", "why": "too loud"}),
    (REPORT, "12", {"job_id": "12"}),
    (REPORT, "twelve", {"job_id": "twelve"}),
]


@pytest.mark.parametrize(("commands", "text", "values"), ABOUT)
def test_whom_or_what_it_is_about_comes_first(commands: dict[str, Command], text: str, values: dict[str, str]) -> None:
    assert parse_command(f"/do {text}", commands).values == values


def test_words_that_no_option_takes_are_refused() -> None:
    with pytest.raises(BadCommand) as caught:
        parse_command("/jobs 5 please", COMMANDS)
    assert caught.value.code == "no_free_text"


def test_quotes_keep_anything_from_being_an_option() -> None:
    assert parse_command('/simple "mode:dark bpm:90"', COMMANDS).values == {"query": "mode:dark bpm:90"}
    assert parse_command('/simple say "bpm:90" twice', COMMANDS).values == {"query": 'say "bpm:90" twice'}


REFUSED = [
    ("/song tempi:120 blues", "unknown_option", "tempi", None),
    ("/song captoin:blues", "unknown_option", "captoin", "caption"),
    ("/song blues lyric:la", "unknown_option", "lyric", "lyrics"),
    ("/song keyscael:Am", "unknown_option", "keyscael", "keyscale"),
    # A path is not a caption: a slip of this kind would put it into the song's words.
    ("/cover jazz reference_audio_url:/home/ann/song.mp3", "unknown_option", "reference_audio_url", "src_audio_url"),
    ("/cover jazz audio_url:~/song.mp3", "unknown_option", "audio_url", "src_audio_url"),
    ("/song bpm: 120", "space_after_colon", "bpm", None),
    ("/song blues bpm:", "no_value", "bpm", None),
    ("/song bpm:90 bpm:100", "duplicate_option", "bpm", None),
    ("/song prompt:a caption:b", "duplicate_option", "caption", None),
    ("/song blues caption:b", "duplicate_option", "caption", None),
    ('/song caption:"slow blues', "unclosed_quote", "caption", None),
    ("/song caption:“slow blues", "unclosed_quote", "caption", None),
    ('/simple "a rainy day duration:60', "unclosed_quote", "query", None),
    ('/song caption:"slow"blues', "text_after_quote", "caption", None),
]


@pytest.mark.parametrize(("text", "code", "field", "suggestion"), REFUSED)
def test_a_slip_is_named(text: str, code: str, field: str, suggestion: str | None) -> None:
    with pytest.raises(BadCommand) as caught:
        parse_command(text, COMMANDS)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.params.get("suggestion") == suggestion


def test_every_slip_is_reported() -> None:
    with pytest.raises(BadCommand) as caught:
        parse_command("/song captoin:x bpm:1 bpm:2 tempi:3", COMMANDS)
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [
        ("unknown_option", "captoin"), ("duplicate_option", "bpm"), ("unknown_option", "tempi"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name", "suggestion"),
    [
        ("/sogn blues", "sogn", "song"),
        ("/text2music blues", "text2music", "song"),
        ("/extract-stem", "extract-stem", "stem"),
        ("/challenge creat theme:x", "challenge creat", "challenge create"),
        ("/challange create", "challange", "challenge create"),
        ("/chalenge", "chalenge", "challenge"),
        ("/recipe run serenad 12", "recipe run serenad", "recipe run serenade"),
        ("/recipe rnu serenade", "recipe rnu", "recipe run"),
        ("/serenade 12", "serenade", "recipe run serenade"),
    ],
)
def test_an_unknown_command_suggests_the_nearest(text: str, name: str, suggestion: str) -> None:
    with pytest.raises(UnknownCommand) as caught:
        parse_command(text, COMMANDS)
    assert (caught.value.code, caught.value.name) == ("unknown_command", name)
    assert caught.value.suggestions[0] == suggestion


@pytest.mark.parametrize(
    ("text", "name", "verbs"),
    [
        ("/mydata", "mydata", ("mydata export", "mydata delete")),
        ("  mydata  ", "mydata", ("mydata export", "mydata delete")),
        ("/MyData zzzzzz sure:true", "mydata", ("mydata export", "mydata delete")),
        ("/mydata sure:true", "mydata", ("mydata export", "mydata delete")),
        ("/recipe run", "recipe run", ("recipe run serenade",)),
    ],
)
def test_a_name_that_needs_one_word_more_lists_them(text: str, name: str, verbs: tuple[str, ...]) -> None:
    with pytest.raises(UnknownCommand) as caught:
        parse_command(text, COMMANDS)
    assert (caught.value.code, caught.value.name, caught.value.suggestions) == ("unfinished_command", name, verbs)


@pytest.mark.parametrize("text", ["", "/", "   ", "/zzzzzz", "good morning", "\ud800"])
def test_what_is_no_command_at_all_is_refused(text: str) -> None:
    with pytest.raises(UnknownCommand) as caught:
        parse_command(text, COMMANDS)
    assert caught.value.suggestions == ()


commands = st.sampled_from([command for command in COMMANDS.values() if command.options])
# The machine may be slow, and the first text hypothesis draws always is.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(st.data())
def test_what_is_formatted_reads_the_same(data: st.DataObject) -> None:
    command = data.draw(commands)
    names = st.sampled_from([option.name for option in command.options])
    value = st.text() | st.text(alphabet='ab:\\n"“”„ \n\t\u3000\x85<@|>')
    values = data.draw(st.dictionaries(names, value, max_size=5))
    parsed = parse_command(format_command(command, values), COMMANDS)
    assert parsed.command == command
    assert parsed.values == values
    assert list(parsed.values) == list(values)


def test_half_a_mention_swallows_no_option() -> None:
    values = {"caption": "<@a|b", "lyrics": "c>"}
    assert parse_command(format_command(COMMANDS["song"], values), COMMANDS).values == values


@unhurried
@given(commands, st.text(alphabet='cbpm:"“”\\ \n1a/„é<@|>') | st.text())
def test_any_text_is_read_or_refused(command: object, text: str) -> None:
    for whole in (text, f"/{getattr(command, 'name', '')} {text}"):
        try:
            parsed = parse_command(whole, COMMANDS)
        except (BadCommand, UnknownCommand):
            continue
        assert parse_command(format_command(parsed.command, parsed.values), COMMANDS).values == parsed.values


def test_a_very_long_text_is_read_in_one_pass() -> None:
    words = 'word "quoted" 8:30 ' * 50_000
    assert len(parse_command(f"/simple {words}", COMMANDS).values["query"]) == len(words) - 1
    with pytest.raises(BadCommand) as caught:
        parse_command("/simple " + "zzz:1 " * 100_000, COMMANDS)
    assert len(caught.value.problems) < 10


@pytest.mark.parametrize(
    ("value", "typed"),
    [("60", "bpm:60"), ("a b", 'bpm:"a b"'), ("", 'bpm:""'), ("a\nb", r'bpm:"a\nb"'), ("\\", r'bpm:"\\"')],
)
def test_an_option_is_quoted_only_where_it_needs_it(value: str, typed: str) -> None:
    assert format_option("bpm", value) == typed
