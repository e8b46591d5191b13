"""Moderation by whoever has the terminal, with the real command."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bot.on_terminal.cli import run
from bot.on_terminal.courier import FolderCourier
from tests.integration.house import ANN, House
from workflows.deliver import deliver_due
from workflows.people import ReplyTo
from workflows.submit import submit


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINSTREL_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """Exit code and the JSON printed."""
    code = run([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_terminal_bans_and_the_record_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    song = ("play", "/song caption:blues duration:30", "--no-wait", "--as", "ann")
    assert said(capsys, *song)[0] == 0
    code, answer = said(capsys, "play", "/ban who:ann hours:2 why:spam")
    assert (code, answer["text"]) == (0, "ann may not ask for anything for 2 hours now. Cancelled: 1 job.")
    code, job = said(capsys, "jobs", "show", "1")
    assert (job["status"], job["error"]["code"]) == ("CANCELLED", "called_off")
    code, refused = said(capsys, *song)
    assert (code, refused["error"]["code"]) == (2, "banned")
    assert 7100 < refused["error"]["retry_after"] <= 7200
    assert said(capsys, "play", "/unban ann")[0] == 0
    assert said(capsys, *song)[0] == 0
    code, record = said(capsys, "audit")
    assert code == 0
    assert [(entry["by"], entry["act"], entry["details"]) for entry in record] == [
        ("local", "unban", {"name": "ann"}),
        ("local", "ban", {"name": "ann", "hours": 2, "why": "spam"}),
    ]
    assert len(said(capsys, "audit", "--limit", "1")[1]) == 1
    assert said(capsys, "audit", "--limit", "0")[1]["error"]["field"] == "--limit"
    assert run(["audit"]) == 0
    assert "why spam" in " ".join(capsys.readouterr().out.split())


def songs_made(home: Path, out: Path) -> Path:
    """One song in a folder of the house's, and one in `out`; returns the first."""
    house = House(home)

    async def story() -> None:
        for folder in ("", str(out)):
            where = ReplyTo("terminal", folder)
            await submit(house.db, house.rules, ANN, where, "text2music", {"caption": "blues", "duration": 30})
        await house.work()
        while await deliver_due(house.db, {"terminal": FolderCourier(house.blobs.path, home / "songs", house.rules)}):
            pass

    asyncio.run(story())
    house.db.close()
    return home / "songs" / "1-a-title"


@pytest.mark.parametrize("away", [("play", "/takedown {job} copied"), ("jobs", "delete", "{job}", "--yes")])
def test_what_is_thrown_away_leaves_the_folder_of_the_house(
    away: tuple[str, ...], capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    ours = songs_made(home, out)
    assert run([word.format(job=9) for word in away]) == 2
    stranger, changed = ours / "a-title-mix.flac", ours / "stems" / "drums.flac"
    stranger.write_bytes(b"mine")
    changed.write_bytes(b"changed since")
    capsys.readouterr()
    assert run([word.format(job=1) for word in away]) == 0
    assert "stay" not in capsys.readouterr().out
    assert sorted(path for path in ours.rglob("*") if path.is_file()) == [stranger, changed]
    kept = sorted(out.rglob("*"))
    assert run([word.format(job=2) for word in away]) == 0
    assert f"The copies in {out} stay." in capsys.readouterr().out
    assert sorted(out.rglob("*")) == kept != []


def test_what_the_operator_writes_in_moderation_toml_holds(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    toml = 'blocked = ["grape"]\nreview = "everybody"\n[replace]\n"damn" = "darn"\n'
    (home / "moderation.toml").write_text(toml, "utf-8")
    code, refused = said(capsys, "play", "/song caption:blues lyrics:ＧＲＡＰＥ duration:30", "--no-wait")
    assert (code, refused["error"]["code"], refused["error"]["field"]) == (2, "blocked_words", "lyrics")
    code, job = said(capsys, "play", "/song caption:damn display_name:x duration:30", "--no-wait")
    # Nobody looks first at what the operator asks for.
    assert (code, job["status"]) == (0, "PENDING")
    assert said(capsys, "play", "/review")[1]["text"] == "Nothing waits for a look."


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('review = "sometimes"', 'review is "sometimes", must be one of nobody, everybody, newcomers'),
        ('blocked = ["\u200b"]', "blocked: a word needs letters"),
        ("review_first = 0", "review_first is 0, must be 1 to 1,000"),
        ("replace = 3", "replace is 3, must be a table"),
    ],
)
def test_a_mistake_in_it_is_named(capsys: pytest.CaptureFixture[str], home: Path, toml: str, words: str) -> None:
    (home / "moderation.toml").write_text(toml + "\n", "utf-8")
    code, refused = said(capsys, "jobs")
    assert code == 1
    assert words in refused["error"]["message"]
    assert "moderation.toml" in refused["error"]["message"]
