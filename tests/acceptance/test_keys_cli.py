"""Keys at the terminal: made and shown once, listed without a look at them, revoked; and exit codes."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.on_terminal.cli import run
from tests.schema import lay
from workflows.keys import DAY_MS


class Terminal:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def says(self, *words: str) -> tuple[int, str, str]:
        """Exit code, what stood on stdout, and on stderr."""
        code = run(words)
        out, err = self._capsys.readouterr()
        return code, out.strip(), err.strip()

    def keys(self, *words: str) -> tuple[int, Any]:
        code, out, _ = self.says("keys", *words, "--json")
        return code, json.loads(out)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINSTREL_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    lay(tmp_path / "home" / "minstrel.db")
    return Terminal(capsys)


def test_a_key_is_shown_once_with_what_to_do_next_and_never_again(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terminal.says("keys") == (0, "There is no key. `minstrel keys create --user NAME` makes one.", "")
    code, said, err = terminal.says("keys", "create", "--user", "@ada", "--label", "the  radio")
    assert (code, err) == (0, "")
    assert said.startswith("ada was not here before, and begins with 1,000 credits.")
    key, again = re.findall(r"ap_[\w-]{43}", said)
    assert key == again, "the key, and a line to try it with"
    assert f'curl -H "X-API-Key: {key}" http://127.0.0.1:8080/api/v1/auth/me' in said
    assert "shown this once" in said
    number = re.search(r"minstrel keys revoke (\w+)", said)
    assert number is not None

    code, listed, _ = terminal.says("keys", "list", "--user", "ada")
    first, second = listed.splitlines()
    assert (code, first) == (0, f"{number[1]}  {key[:11]}…  ada  the radio")
    assert re.fullmatch(r" +good for read, create, manage, webhooks; made \d{4}-\d\d-\d\d \d\d:\d\d UTC", second)
    assert key[11:] not in listed

    code, said, _ = terminal.says("keys", "revoke", number[1])
    assert code == 0
    assert said == (
        f"The key {key[:11]}… of ada (the radio) is good for nothing any more, and neither are the tokens made from it."
    )
    # Whoever asks again hears the same, and so does whoever has only the key.
    assert terminal.says("keys", "revoke", key) == (0, said, "")
    assert "; revoked 20" in terminal.says("keys", "list")[1]
    noted = [entry["act"] for entry in json.loads(terminal.says("audit", "--json")[1])]
    assert noted == ["keys revoke", "keys create"]

    monkeypatch.setenv("MINSTREL_PUBLIC_URL", "https://music.example.org/")
    _, said, _ = terminal.says("keys", "create", "--user", "ada", "--scopes", "read, create", "--days", "30")
    assert said.startswith("This key acts for ada. It is good for `read` and `create`, until 20")
    assert "https://music.example.org/docs" in said


def test_programs_get_objects(terminal: Terminal) -> None:
    code, made = terminal.keys("create", "--user", "ada", "--label", "cron", "--scopes", "create,read", "--days", "7")
    assert (code, {*made}) == (0, {"id", "key", "user", "label", "scopes", "expires_at"})
    assert (made["user"], made["label"], made["scopes"]) == ("ada", "cron", ["read", "create"])
    _, other = terminal.keys("create", "--user", "bob")
    assert (other["label"], other["scopes"], other["expires_at"]) == (
        "", ["read", "create", "manage", "webhooks"], None,
    )  # fmt: skip
    [ada] = terminal.keys("list", "--user", "ada")[1]
    assert (ada["id"], ada["hint"], ada["expires_at"]) == (made["id"], made["key"][:11], made["expires_at"])
    assert (ada["last_used_at"], ada["revoked_at"]) == (None, None)
    lasts = datetime.fromisoformat(ada["expires_at"]) - datetime.fromisoformat(ada["created_at"])
    assert lasts == timedelta(milliseconds=7 * DAY_MS)
    assert [key["user"] for key in terminal.keys("list")[1]] == ["bob", "ada"]
    code, gone = terminal.keys("revoke", made["id"])
    assert (code, gone["id"], gone["revoked_at"] is None) == (0, made["id"], False)
    assert "key" not in {*ada, *gone}


def test_what_does_not_fit_is_refused_and_makes_no_key(terminal: Terminal) -> None:
    refused = {
        ("create",): "missing",
        ("create", "--user", ""): "bad_value",
        ("create", "--user", "\udcff"): "bad_value",
        ("create", "--user", "ada", "--scopes", "read,all"): "bad_value",
        ("create", "--user", "ada", "--scopes", ""): "bad_value",
        ("create", "--user", "ada", "--days", "0"): "bad_value",
        ("create", "5", "--user", "ada"): "not_needed",
        ("list", "--user", "ada"): "user_not_found",
        ("list", "--label", "x"): "not_needed",
        ("revoke",): "missing",
        ("revoke", "5"): "key_not_found",
        ("revoke", "5", "--user", "ada"): "not_needed",
    }
    for words, code in refused.items():
        exit_code, told = terminal.keys(*words)
        assert (exit_code, told["error"]["code"]) == (2, code), words
    leaked = f"ap_{'x' * 43}"
    assert leaked not in terminal.keys("revoke", leaked)[1]["error"]["message"]
    assert terminal.keys("list") == (0, [])
