"""`minstrel queue` as somebody in charge types it, and what others are told meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.studio_cli import Typist

SONG = '/song caption:"slow blues" duration:5'


def test_a_place_is_paused_drained_and_opened(tmp_path: Path) -> None:
    shell = Typist(tmp_path, {"MINSTREL_ENGINES": "1"})
    assert shell.json("queue", "pause", "--why", "new disk") == {"changed": True, "state": "paused", "why": "new disk"}
    taken = shell.run("play", SONG, "--no-wait")
    assert taken.returncode == 0, taken.stderr
    assert "The queue is paused (new disk), so it waits" in taken.stdout
    assert shell.json("queue", "drain", "--why", "moving")["changed"]
    refused = shell.run("play", SONG, "--json")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["error"]["code"] == "house_closing"
    assert "(moving)" in refused.stderr
    state = shell.json("queue")
    assert (state["state"], state["waiting"], state["running"], state["worked"]) == ("draining", 1, 0, False)
    shown = shell.run("queue")
    assert shown.stdout.startswith("The queue is drained by operator (moving)")
    assert shown.stdout.splitlines()[-1].startswith("Nobody works it right now.")
    assert "Open it again with `minstrel queue resume`." in shell.run("queue", "pause").stdout
    assert shell.json("queue", "resume") == {"changed": True, "state": "open", "why": None}
    again = shell.run("play", SONG, "--json")
    assert again.returncode == 0, again.stderr
    assert [job["status"] for job in shell.json("jobs", "list")] == ["COMPLETED", "COMPLETED"]
    assert shell.run("play", "/takedown 1 copied").returncode == 0
    assert "taken down" in shell.run("jobs", "list").stdout


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    shell = Typist(tmp_path)
    assert shell.json("queue", "dead") == []
    refused = shell.run("queue", "pause", "foo")
    assert (refused.returncode, refused.stderr.strip()) == (
        2, "foo has no meaning here: leave it out. `--why` takes the reason.",
    )  # fmt: skip
    assert shell.json("queue")["state"] == "open"
    for limit in ("0", "-1"):
        assert "`--limit`" in shell.run("jobs", "--limit", limit).stderr
    for words, code in (
        ((), "missing"),
        (("",), "missing"),
        (("12",), "job_not_found"),
        (("engine_crash",), "no_such_dead_letter"),
    ):
        refused = shell.run("queue", "requeue", *words, "--json")
        assert refused.returncode == 2
        assert json.loads(refused.stdout)["error"]["code"] == code
