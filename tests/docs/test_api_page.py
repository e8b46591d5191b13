"""What docs/api.md shows works as it stands there."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.on_terminal.cli import _parser
from tests.integration.web_house import BASE, MUSIC, WebHouse, web_house
from workflows.keys import SCOPES

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
# What demo.mp3 is, as the scripted decoder reads it: seconds and a title.
FILE = b"20 Demo"
CURLS = [shlex.split(line)[1:] for line in re.findall(r"^curl .*$", PAGE.replace("\\\n", ""), re.MULTILINE)]


def test_its_commands_and_scopes_are_there() -> None:
    typed = re.findall(r"^minstrel ([^\n#]+)", PAGE, re.MULTILINE)
    assert len(typed) >= 3
    for words in typed:
        _parser().parse_args(shlex.split(words))
    keys = PAGE[PAGE.index("## Keys") : PAGE.index("## First song")]
    assert tuple(re.findall(r"^\| `(\w+)` \|", keys, re.MULTILINE)) == SCOPES


def test_its_requests_are_taken(tmp_path: Path) -> None:
    curl = argparse.ArgumentParser()
    curl.add_argument("url")
    curl.add_argument("-X", dest="method")
    curl.add_argument("-H", dest="headers", action="append", default=[])
    curl.add_argument("-d", "--data-binary", dest="body")
    curl.add_argument("-F", dest="fields", action="append", default=[])
    curl.add_argument("-C", dest="after")
    curl.add_argument("-O", action="store_true")
    curl.add_argument("-J", action="store_true")

    async def story(web: WebHouse) -> None:
        key = await web.key("ada")
        async with web.client() as anybody:
            for words in CURLS:
                asked = curl.parse_args(words)
                headers = dict(line.replace("$KEY", key).split(": ") for line in asked.headers)
                method = asked.method or ("POST" if asked.body or asked.fields else "GET")
                # The song that it asks about is the first one here.
                if asked.url == "$OUTPUT_URL":
                    await web.work()
                    status = await anybody.get(f"{MUSIC}/jobs/1/status", headers={"X-API-Key": key})
                    asked.url = status.json()["output_url"]
                    headers |= {"Range": "bytes=2-"} if asked.after else {}
                url = BASE + urlsplit(asked.url).path.replace("/12/", "/1/")
                fields = dict(field.split("=") for field in asked.fields)
                more: dict[str, Any] = {"content": FILE if asked.body == "@demo.mp3" else asked.body}
                if fields:
                    more = {"files": {"file": (fields.pop("file")[1:], FILE)}, "data": fields}
                answer = await anybody.request(method, url, headers=headers, **more)
                assert answer.status_code in (200, 201, 202, 206), (words, answer.text)

    assert len(CURLS) >= 3
    web_house(tmp_path).run(story)


def test_the_paths_it_names_are_there(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        named, there = set(), {path.replace("{job_id}", "{id}") for path in web.app().openapi()["paths"]}
        for row in re.findall(r"^\| (.*`/?(?:GET|POST|PATCH) .*?) \|", PAGE, re.MULTILINE):
            folder = ""
            for said in re.findall(r"`(?:[A-Z]+ )?([\w/{}-]+)`", row):
                if said.isupper():
                    continue
                path = said if said.startswith("/") else f"{folder}/{said}"
                folder = folder if not said.startswith("/") else said.rpartition("/")[0]
                assert path.replace("{job_id}", "{id}") in there, said
                named.add(path)
        assert len(named) > 25

    web_house(tmp_path).run(story)
