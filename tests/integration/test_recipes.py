"""Recipes at the desk and at a terminal: what there is, what one would make, and what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from bot.answers import Answer
from bot.compose import read_rules
from bot.desk import Desk
from bot.forms import Form
from bot.on_terminal.cli import DONE, REFUSED, run
from config.settings import Settings
from storage import users
from storage.database import Database
from tests.rows import free_job
from tests.schema import lay
from workflows.people import ReplyTo, Requester
from workflows.runs.view import look

ANN = Requester("chat", "U1", "ann")
ADA = Requester("terminal", "ada", "ada")
ROOM = ReplyTo("chat", "room")
MINE = "title: Rain\ndescription: One song about rain\nsteps:\n  a: {command: simple, with: {query: rain}}\n"


class Chat:
    """A desk whose house has a recipe of its own, and one that is none; what is typed there is answered at once."""

    def __init__(self, home: Path) -> None:
        (home / "recipes").mkdir()
        (home / "recipes" / "rain.yaml").write_text(MINE)
        (home / "recipes" / "broken.yaml").write_text("title: [\n")
        (home / "moderation.toml").write_text('blocked = ["grumpf"]\n')
        self.db = Database(lay(home / "minstrel.db"))
        self.desk = Desk(self.db, read_rules(Settings(home=home))[0], lambda: None)
        self._asked = 0

    def typed(self, text: str, who: Requester = ANN) -> Answer:
        self._asked += 1
        answer = asyncio.run(self.desk.typed(who, ROOM, text, str(self._asked)))
        assert isinstance(answer, Answer)
        return answer


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """Job 1 is somebody else's, from another channel; job 2 is a song of Ann's that nobody has made yet."""
    chat = Chat(tmp_path_factory.mktemp("home"))
    chat.db.write(_strangers_song)
    chat.typed("/song caption:blues duration:20")
    yield chat
    chat.db.close()


def _strangers_song(session: Session) -> None:
    ben = users.ensure(session, surface="chat", external_id="U2", name="ben", now=1)
    free_job(session, ben, surface="chat", channel="elsewhere")


def test_what_there_is(chat: Chat) -> None:
    said = chat.typed("/recipe list").text
    assert [line.split("`")[1] for line in said.splitlines()[:5]] == [
        f"/recipe run {name}" for name in ("album", "karaoke", "rain", "remix-pack", "song-a-day")
    ]
    assert "`/recipe run rain`: One song about rain. From 15 credits. Try `/recipe run rain`." in said
    assert "can't be used" not in said
    assert "1 recipe can't be used" in chat.typed("/recipe list", ADA).text


def test_what_a_schedule_lacks_is_given_by_its_own_option(chat: Chat) -> None:
    said = chat.typed('/recipe schedule karaoke when:"daily 9:00"').text
    assert said.endswith("give `song` or `words`. Try `inputs:song:12`.")


def test_what_one_would_make_is_told_before_it_begins(chat: Chat) -> None:
    answer = chat.typed('/recipe run album style:folk opener:Dawn songs:"Noon; Dusk" seconds:60')
    assert "5 songs, 45 credits" in answer.text
    assert [deed.name for deed in answer.deeds] == ["run_start", "run_drop"]
    run_id = answer.deeds[0].on
    proposed = chat.db.read(lambda session: look(session, run_id))
    assert (proposed.status, proposed.name, proposed.inputs["songs"]) == ("PROPOSED", "album", "Noon\nDusk")
    assert [(step.name, step.label) for step in proposed.steps] == [
        ("opener-song", "Dawn"), ("song", "Noon"), ("song", "Dusk"), ("interlude-piece", "Interlude"),
        ("reprise", "Dawn (Reprise)"),
    ]  # fmt: skip
    asyncio.run(chat.desk.did(ANN, ROOM, "run_start", run_id, 0, "start"))
    assert chat.db.read(lambda session: look(session, run_id)).status == "RUNNING"


def test_a_recipe_without_a_word_opens_its_form(chat: Chat) -> None:
    form = asyncio.run(chat.desk.typed(ANN, ROOM, "/recipe run karaoke", "form"))
    assert isinstance(form, Form)
    assert [field.name for field in form.fields] == ["song", "words", "style", "seconds"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/recipe run karaoke seconds:9", "give `song` or `words`"),
        ("/recipe run karaoke song:1", "There is no job #1"),
        ("/recipe run karaoke song:2", "#2 is not finished yet"),
        ("/recipe run karaoke words:grumpf", "`words` has words that are not sung in this house"),
        ("/recipe run album style:folk opener:Dawn", "`songs` is missing"),
        ("/recipe run remix-pack song:2 closeness:7", "`closeness` is 7, must be 0 to 1"),
        ("/recipe run remix-pack song:2 closness:1", "Did you mean `closeness`?"),
        ("/recipe run kareoke song:1", "`/recipe run karaoke`"),
    ],
)
def test_what_can_t_be_made_is_refused_by_the_input_it_is_about(chat: Chat, typed: str, said: str) -> None:
    assert said in chat.typed(typed).text


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINSTREL_HOME", str(tmp_path))
    (tmp_path / "recipes").mkdir()
    return tmp_path


def test_the_terminal_lists_and_checks(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = home / "recipes" / "rain.yaml", home / "recipes" / "broken.yaml"
    good.write_text(MINE)
    bad.write_text(MINE.replace("query", "qurey"))
    assert run(["recipe", "list"]) == DONE
    listed = capsys.readouterr()
    assert "`minstrel recipe run rain`: One song about rain. From 15 credits" in listed.out
    assert "broken.yaml, line 4: There is no option `qurey` here. Did you mean `query`?" in listed.err
    assert run(["recipe", "check", str(good)]) == DONE
    assert capsys.readouterr().out.startswith("rain.yaml: fine. 1 step, from 15 credits")
    assert run(["recipe", "check", str(bad)]) == REFUSED
    assert "broken.yaml, line 4: " in capsys.readouterr().err
    assert run(["recipe", "check", str(home / "none.yaml")]) == REFUSED
    assert "There is no file" in capsys.readouterr().err
    assert run(["recipe", "check", str(bad), "--json"]) == REFUSED
    assert json.loads(capsys.readouterr().out)["faults"][0]["line"] == 4
    assert run(["recipe", "list", "--json"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert [recipe["name"] for recipe in told["recipes"]] == ["album", "karaoke", "rain", "remix-pack", "song-a-day"]
    assert len(told["bad"]) == 1


def test_the_terminal_starts_one_and_says_what_is_wrong(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["album", "style:warm folk", "opener:Dawn", "songs:Noon\\nDusk", "--yes", "--no-wait", "--json"]
    assert run(["recipe", "run", *words]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert [step["name"] for step in told["steps"]] == ["opener-song", "song", "song", "interlude-piece", "reprise"]
    assert run(["recipe", "run", "kareoke"]) == REFUSED
    assert "karaoke" in capsys.readouterr().err
    assert run(["recipe", "run", "album", "style:folk", "opener:Dawn"]) == REFUSED
    assert "`songs` is missing" in capsys.readouterr().err
    assert run(["recipe", "run"]) == REFUSED
    assert run(["recipe", "check"]) == REFUSED
