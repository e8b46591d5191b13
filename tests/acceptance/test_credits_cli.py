"""Credits at the terminal: who has what, who got what for what, and exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.on_terminal.cli import run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINSTREL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class Terminal:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def says(self, *words: str) -> tuple[int, str, str]:
        """Exit code, what stood on stdout, and on stderr."""
        code = run(words)
        out, err = self._capsys.readouterr()
        return code, out.strip(), err.strip()

    def credits(self, *words: str) -> tuple[int, Any]:
        code = run(["credits", *words, "--json"])
        return code, json.loads(self._capsys.readouterr().out)

    def refused(self, *words: str) -> str:
        """The code of a refusal; its words stand on stderr as well."""
        code = run(["credits", *words, "--json"])
        out, err = self._capsys.readouterr()
        error = json.loads(out)["error"]
        assert code == 2, words
        assert error["message"] == err.strip()
        return str(error["code"])


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def test_credits_are_granted_and_revoked_and_the_ledger_says_why(terminal: Terminal) -> None:
    assert terminal.says("credits", "grant", "ada", "500", "--why", "won it") == (0, "ada has 1,500 credits.", "")
    assert terminal.says("credits", "revoke", "ada", "200") == (0, "ada has 1,300 credits.", "")
    assert terminal.credits("balance", "ada") == (0, {"name": "ada", "available": 1300, "held": 0, "posted": 1300})
    code, moves = terminal.credits("ledger", "ada")
    assert code == 0
    assert [(move["kind"], move["credits"], move["note"]) for move in moves] == [
        ("revoke", -200, None), ("grant", 500, "won it"), ("grant", 1000, None),
    ]  # fmt: skip
    lines = terminal.says("credits", "ledger", "ada")[1].splitlines()
    assert re.fullmatch(r"\S+ +\+500  grant +grant:\w+  won it", lines[1])
    assert terminal.credits("check") == (0, {"ok": True, "wrong": []})
    assert terminal.says("credits", "check") == (0, "The books are sound: every credit is accounted for.", "")


def test_each_grant_counts_but_a_key_counts_once(terminal: Terminal) -> None:
    for _ in range(2):
        terminal.says("credits", "grant", "ada", "5")
    for _ in range(3):
        code, values = terminal.credits("grant", "ada", "7", "--key", "payout 1")
    assert (code, values["available"]) == (0, 1017)
    assert terminal.refused("grant", "ada", "8", "--key", "payout 1") == "key_reused"
    assert terminal.refused("grant", "bob", "7", "--key", "payout 1") == "key_reused"
    assert terminal.credits("balance", "ada")[1]["available"] == 1017


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("balance",), "missing"),
        (("grant", "ada"), "missing"),
        (("grant", "ada", "0"), "bad_value"),
        (("grant", "ada", "1000000001"), "bad_value"),
        (("revoke", "ada", "0"), "bad_value"),
        (("revoke", "ada", "1001"), "revoke_too_much"),
        (("revoke", "ada", "5", "--key", "k"), "key_for_grants"),
        (("revoke", "nobody", "5"), "user_not_found"),
        (("ledger", "nobody"), "user_not_found"),
        (("check", "foo"), "not_needed"),
        (("balance", "ada", "5"), "not_needed"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    terminal: Terminal, words: tuple[str, ...], code: str
) -> None:
    terminal.says("play", "/credits", "--as", "ada")
    assert terminal.refused(*words) == code
    assert terminal.credits("balance", "ada")[1]["posted"] == 1000


def test_the_terminal_gives_and_gets_as_anybody(terminal: Terminal, home: Path) -> None:
    terminal.says("play", "/credits", "--as", "ada")
    assert terminal.says("play", "/gift ada 30 message:thanks", "--as", "bob")[:2] == (
        0, "ada has 30 of your credits now. You have 970 left.",
    )  # fmt: skip
    code, out, _ = terminal.says("play", "/daily", "--as", "bob")
    assert (code, out.startswith("50 credits for today: you have 1,020 now.")) == (0, True)
    code, _, err = terminal.says("play", "/daily", "--as", "bob")
    assert (code, err.startswith("You had today's credits already.")) == (2, True)
    assert "+30 from bob: thanks" in terminal.says("play", "/credits", "--as", "ada")[1]
    assert terminal.says("play", "/grant ada 5")[0] == 0


def test_the_last_credits_come_with_a_way_to_more(terminal: Terminal, home: Path) -> None:
    home.mkdir()
    (home / "pricing.toml").write_text("welcome = 12\n")
    code, out, _ = terminal.says("play", "/song hop duration:60", "--no-wait")
    assert code == 0
    assert out.splitlines()[1] == (
        "You have 2 credits left, too few for another like it. `/daily` gives you 50 more today."
    )
    code, _, err = terminal.says("play", "/song hop duration:60", "--no-wait")
    assert code == 2
    assert err.startswith("Insufficient credits: this costs 10 and you have 2. `/daily` gives you 50 more today;")


def test_an_operator_limits_the_songs_of_a_day(terminal: Terminal, home: Path) -> None:
    home.mkdir()
    (home / "roles.toml").write_text("[roles.everyone]\nsongs_per_day = 1\n")
    assert terminal.says("play", "/song hop", "--no-wait")[0] == 0
    code, _, err = terminal.says("play", "/song hop", "--no-wait")
    assert (code, err) == (
        2, "You had 1 song in the last 24 hours, as many as you can have. Ask for the next one in 24 hours.",
    )  # fmt: skip


def test_a_name_is_the_same_with_and_without_its_sign(terminal: Terminal) -> None:
    for name, has in (("@ann", 1005), ("ann", 1010)):
        assert terminal.credits("grant", name, "5")[1] == {"name": "ann", "available": has, "held": 0, "posted": has}
    assert terminal.credits("balance", "@ann")[1]["available"] == 1010


def test_looking_at_a_name_makes_nobody(terminal: Terminal) -> None:
    code, out, _ = terminal.says("credits", "balance", "anne")
    assert (code, out) == (
        0, "Nobody here is called anne yet. Whoever comes by that name begins with 1,000 credits.",
    )  # fmt: skip
    code, _, err = terminal.says("credits", "ledger", "anne")
    assert (code, err) == (2, "Nobody here is called anne. Write the name exactly as they have it here.")
    code, _, err = terminal.says("play", "/gift @anne 5")
    assert (code, err) == (2, "Nobody here is called anne. Write the name exactly as they have it here.")
