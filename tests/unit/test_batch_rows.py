"""Files of commands as people and spreadsheets write them: each row has its line, and so has what is wrong with it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.replies import reply
from workflows.batches import reading
from workflows.batches.reading import read
from workflows.batches.row import Sheet
from workflows.refusal import Refusal
from workflows.runs.plan import Problem

SONG = ("song", {"caption": "slow, sad blues", "duration": "30"})


def rows(text: str | bytes, name: str = "") -> dict[int, tuple[str, dict[str, str]]]:
    found = read(text if isinstance(text, bytes) else text.encode(), name)
    assert not found.problems
    return {row.line: (row.command, dict(row.options)) for row in found.rows}


def problems(text: str, name: str = "") -> dict[int, str]:
    return {problem.line: problem.code for problem in read(text.encode(), name).problems}


# The same song, in every way to write it; the number is the line it stands on.
WAYS = {
    "csv": ('command,caption,duration\nsong,"slow, sad blues",30\n', "a.csv", 2),
    "task": ('task,caption,duration\nsong,"slow, sad blues",30\n', "a.csv", 2),
    "cells that are empty": ('Command,bpm,Caption,duration\n\nsong,,"slow, sad blues",30,,\n', "a.csv", 3),
    "semicolons": ("command;caption;duration\r\nsong;slow, sad blues;30\r\n", "a.csv", 2),
    "told by a spreadsheet": ("sep=;\ncommand;caption;duration\nsong;slow, sad blues;30", "a.csv", 3),
    "tabs": ("command\tcaption\tduration\nsong\tslow, sad blues\t30", "", 2),
    "notes": ("command,caption,duration,# who\nsong,'x',30,ann".replace("'x'", '"slow, sad blues"'), "a.csv", 2),
    "jsonl": ('\n{"command": "song", "caption": "slow, sad blues", "duration": 30, "bpm": null}', "a.jsonl", 2),
    "json": ('[\n{"command": "song",\n "caption": "slow, sad blues", "duration": 30}\n]', "a.json", 2),
    "yaml": ("# mine\n- command: song\n  caption: slow, sad blues\n  duration: 30\n  bpm: ~\n", "a.yaml", 2),
    "yaml in braces": ("---\n- {command: song, caption: 'slow, sad blues', duration: 30}", "", 2),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_one_song_in_every_way_to_write_it(way: str, encoding: str) -> None:
    text, name, line = WAYS[way]
    assert rows(text.encode(encoding), name) == {line: SONG}


COMMAND = '/song caption:"slow, sad blues" duration:30'
TYPED = {
    "plain": (f"# mine\n\n{COMMAND}\r\n", "songs.txt", 3),
    "plain, called csv": (COMMAND, "songs.csv", 1),
    "a column of them": (f"command\n\n{COMMAND}\n", "songs.csv", 3),
    "as a spreadsheet quotes them": ('"' + COMMAND.replace('"', '""') + '"', "songs.csv", 1),
    "in a quoted column": ('command\n"' + COMMAND.replace('"', '""') + '"\n', "songs.csv", 2),
    "jsonl": (json.dumps(COMMAND), "a.jsonl", 1),
    "json": (json.dumps([COMMAND]), "", 1),
    "yaml": (f"- '{COMMAND}'", "", 1),
    "yaml, bare": (f"-   {COMMAND}", "songs.yml", 1),
}


@pytest.mark.parametrize("way", TYPED)
def test_a_command_as_it_is_typed_in_a_chat(way: str) -> None:
    text, name, line = TYPED[way]
    assert rows(text, name) == {line: (COMMAND, {})}


def test_rows_over_several_lines_count_from_their_first() -> None:
    assert rows('command,lyrics,caption\nsong,"[verse]\nOne ""two""\n",a\nsong,,b\n', "a.csv") == {
        2: ("song", {"lyrics": '[verse]\nOne "two"', "caption": "a"}),
        5: ("song", {"caption": "b"}),
    }
    yaml = "- command: song\n  lyrics: |\n    [verse]\n    One\n- /song b"
    assert list(rows(yaml, "a.yaml").values()) == [("song", {"lyrics": "[verse]\nOne"}), ("/song b", {})]
    assert list(rows(yaml, "a.yaml")) == [1, 5]


def test_what_stands_there_is_taken_by_the_letter() -> None:
    """No language of files gets to make a number of a seed with zeros, or a no of a caption."""
    assert rows("- {command: song, caption: no, seed: 007, instrumental: yes}")[1][1] == {
        "caption": "no", "seed": "007", "instrumental": "yes",
    }  # fmt: skip
    assert rows('{"command": "song", "duration": 1e1, "instrumental": true, "retake_seeds": [1, 2]}')[1][1] == {
        "duration": "1e1", "instrumental": "true", "retake_seeds": "1,2",
    }  # fmt: skip


WRONG = {
    'command,caption\nsong,a\nsong,"b\nsong,c\n': {3: "row_quotes"},
    'command,caption\nsong,"a"b\n': {2: "row_quotes"},
    "command,caption,Caption\nsong,a,b": {1: "rows_same_column"},
    "caption,bpm\nblues,90": {1: "rows_without_command"},
    "command,caption\nsong,slow, sad blues\n,foo": {2: "row_cells", 3: "row_without_command"},
    '"/song a",b': {1: "row_cells"},
    '{"command": "song"\n{"command": "song", "caption": "a"}\n{"x": "b"}': {1: "row_json", 3: "row_without_command"},
    '{"command": "song", "caption": "a", "caption": "b"}\n{"command": "song", "caption": {}}\n[1]': {
        1: "duplicate_option", 2: "row_nested", 3: "row_no_object",
    },
    '[\n"/song a",\n{"command"}]': {3: "row_json"},
    "- [a]\n- command: song\n  caption: {a: b}\n- bpm: 90\n- &a /song x\n- *a\n- {command: song, caption: *a}": {
        1: "row_no_object", 2: "row_nested", 4: "row_without_command", 6: "row_alias", 7: "row_alias",
    },
    "- /song a\n- \"b\n": {3: "row_yaml"},
    "---\ncommand: song\n": {2: "rows_no_list"},
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_by_its_line(text: str) -> None:
    name = "a.csv" if not text.startswith(("{", "[", "-")) else ""
    found = problems(text, name)
    assert found == WRONG[text]


@pytest.mark.parametrize(
    "text", [text for text, codes in WRONG.items() if {"row_quotes", "row_yaml"} & {*codes.values()}]
)
def test_nothing_is_made_of_a_file_that_breaks_off(text: str) -> None:
    assert read(text.encode(), "a.csv").rows == ()


@pytest.mark.parametrize(
    ("data", "code", "params"),
    [
        (b"", "rows_empty", {}),
        (b"\xef\xbb\xbf \r\n\t# nothing\n", "rows_empty", {}),
        (b"command,caption\n", "rows_empty", {}),
        (b"/song a\n/song gr\xfc\xdfe\n", "rows_not_text", {"line": 2}),
        (b"PK\x03\x04\x14\0\x06\0", "rows_not_text", {"line": 1}),
        (b"x" * (reading.MOST_BYTES + 1), "rows_too_big", {"size_mb": 1.1, "most": 1.0}),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, code: str, params: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refused:
        read(data)
    assert (refused.value.code, refused.value.params) == (code, params)


def test_a_small_file_stays_small() -> None:
    """Lists within lists, and names for names, are not followed."""
    assert problems("- " + "[" * 20_000 + "]" * 20_000)[1] in ("row_no_object", "row_yaml")
    assert problems("[" + "[" * 100_000)[1] == "row_json"
    # What opens more and more, line by line, is not read anew from each of them.
    assert problems("- " + "[" * 200_000) == {1: "row_yaml"}
    assert problems("{}\n" + "[\n" * 20_000) == {2: "row_json"}
    assert len(problems("{}\n" + "[\n" * 900 + "1," * 300_000)) < 5
    bomb = "\n".join(["- &a [x,x,x,x,x,x,x,x,x]", *(f"- &b{n} [*a,*a,*a,*a,*a,*a,*a,*a]" for n in range(50))])
    assert {*problems(bomb, "a.yaml").values()} <= {"row_no_object", "row_alias"}


_TEXT = st.text(alphabet=st.sampled_from("ab,;\t\n\"'{}[]:-&*#/\\ \x00\ud800ü=sep|command"), max_size=60)


@settings(deadline=None, max_examples=150)
@given(_TEXT, st.sampled_from(["", "a.csv", "a.jsonl", "a.json", "a.yaml", "a.txt"]))
def test_whatever_is_sent_is_read_or_refused_in_words(text: str, name: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    try:
        found = read(data, name)
    except Refusal as refused:
        found = Sheet(problems=(Problem(1, "", refused.code, refused.params),))
    assert found.rows or found.problems
    lines = text.replace("\r", "\n").count("\n") + 1
    for line, shown in [(row.line, row.text) for row in found.rows] + [(one.line, one.text) for one in found.problems]:
        assert 1 <= line <= lines + 1
        # As a database takes it.
        assert "\0" not in shown.encode("utf-8").decode()
    for problem in found.problems:
        json.dumps(problem.params, allow_nan=False).encode()
        assert reply(problem.code, **problem.params) != reply("internal")
