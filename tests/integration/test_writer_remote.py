"""A language model that writes lyrics, behind a real server on this machine: good answers, bad ones, and none."""

from __future__ import annotations

import json
import logging
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.on_terminal import doctor
from bot.replies import reply
from config.settings import Settings
from engine.spec import EngineError, Order, Plan, estimate, parse
from engine.studio import simple
from engine.studio.session import Session
from engine.studio.voice.espeak import Speaker
from engine.studio.writer.author import MOST_BYTES, Author, reached
from tests.unit.studio import vocabulary

KEY = "sk-very-secret-0815"
WORDS = (
    "[verse]\nThe rain comes in sideways\nI left my umbrella at home\n\n[chorus]\nWet shoes, wet shoes\nNobody told me"
)
# What a server says to a request: (status, headers, body); it may say it piece by piece.
Said = tuple[int, dict[str, str], bytes]


def chat(content: Any, status: int = 200) -> Said:
    body = {"choices": [{"message": {"role": "assistant", "content": content}}]}
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


@dataclass
class Server:
    """Answers with `says` in turn, the last one again and again, and keeps what it was asked."""

    url: str = ""
    says: list[Said] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    pause_s: float = 0.0
    pieces: int = 1


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told.asked.append((self.path, dict(self.headers), json.loads(body)))
            self._answer(told.says.pop(0) if len(told.says) > 1 else told.says[0])

        def do_GET(self) -> None:
            told.asked.append((self.path, dict(self.headers), {}))
            self._answer(told.says[0])

        def _answer(self, said: Said) -> None:
            status, headers, body = said
            size = -(-len(body) // told.pieces)
            try:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                for at in range(0, len(body), size):
                    time.sleep(told.pause_s)
                    self.wfile.write(body[at : at + size])
                    self.wfile.flush()
            except OSError:
                # Whoever asked has lost patience.
                return

        def log_message(self, *_: Any) -> None:
            return

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{listening.server_port}/v1"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Speaker() as speaker:
        yield Session("studio", 48_000, vocabulary(), speaker)


Write = Callable[..., Plan]


@pytest.fixture
def write(server: Server, session: Session) -> Write:
    """Plans a song whose words the server is asked for."""

    def planned(wish: str = "a folk song about wet shoes", *, url: str = "", **given: Any) -> Plan:
        limits = {name: given.pop(name) for name in ("patience_s", "budget_s") if name in given}
        author = Author.model_validate({"url": url or server.url, "model": "tiny", "key": KEY, **limits})
        spec = parse("simple", {"query": wish, "duration": 30, **given})
        settled = estimate(spec)
        order = Order(job=1, spec={}, duration=settled.duration, takes=1, seed=7, workdir="unused")
        return simple.plan(spec, order, session, author)  # type: ignore[arg-type]

    return planned


def failed(plan: Plan) -> str:
    """Why the model did not write."""
    [reason] = [note.params["reason"] for note in plan.notices if note.code == "lyrics_writer_failed"]
    assert (plan.lyrics_by, plan.lyrics_model) == ("engine", "")
    assert plan.lyrics
    return str(reason)


@pytest.mark.parametrize("suffix", ["", "/", "/chat/completions"])
def test_the_model_writes_and_the_plan_says_so(server: Server, write: Write, suffix: str) -> None:
    server.says = [chat(f"Title: Soaked\n\n{WORDS}")]
    plan = write(url=server.url + suffix)
    assert (plan.lyrics_by, plan.lyrics_model, plan.title, plan.lyrics) == ("model", "tiny", "Soaked", WORDS)
    assert plan.notices == ()
    [(path, headers, body)] = server.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert (body["model"], body["seed"]) == ("tiny", 7)
    wish = body["messages"][-1]["content"]
    assert "wet shoes" in wish
    assert "English" in wish
    assert "[verse] 2 lines, [chorus] 4 lines" in wish


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"title": "Soaked", "lyrics": WORDS}),
        f"Sure! Here it is:\n\n**Title: Soaked**\n\n{WORDS}\n\nLet me know!",
        [{"type": "text", "text": f"Title: Soaked\n{WORDS}"}],
    ],
)
def test_it_may_answer_as_it_likes(server: Server, write: Write, content: Any) -> None:
    server.says = [chat(content)]
    plan = write()
    assert (plan.lyrics_by, plan.title, plan.lyrics) == ("model", "Soaked", WORDS)


@pytest.mark.parametrize("first", [chat("", 500), chat("I can't help with that."), (200, {}, b"\xff{"), chat(None)])
def test_it_gets_another_try(server: Server, write: Write, first: Said) -> None:
    server.says = [first, chat(WORDS)]
    assert write().lyrics_by == "model"
    assert [body["seed"] for _, _, body in server.asked] == [7, 8]


@pytest.mark.parametrize(
    ("said", "asked", "reason"),
    [
        (chat("", 500), 2, "it answered with error 500"),
        (chat("", 404), 1, "it answered with error 404"),
        (chat("", 401), 1, "it did not accept our key"),
        (chat("no"), 2, "its answer held no lyrics"),
        (chat("   "), 2, "its answer was empty"),
        ((200, {}, b"<html>"), 2, "its answer could not be read"),
        ((200, {}, b'{"choices": []}'), 2, "its answer could not be read"),
        ((200, {}, b"[" * 100_000), 2, "its answer could not be read"),
        ((200, {}, b" " * (MOST_BYTES + 1)), 1, "its answer was far too long"),
    ],
    ids=["500", "404", "401", "no", "empty", "html", "nothing", "deep", "huge"],
)
def test_without_words_of_its_the_built_in_writer_writes(
    server: Server, write: Write, said: Said, asked: int, reason: str
) -> None:
    server.says = [said]
    assert failed(write()) == reason
    assert len(server.asked) == asked


def test_nobody_waits_for_long(server: Server, write: Write) -> None:
    server.says, server.pause_s = [chat(WORDS)], 0.6
    assert failed(write(patience_s=0.2)) == "it took too long"
    assert len(server.asked) == 1
    server.pause_s, server.pieces = 0.1, 50
    assert failed(write(patience_s=0.3)) == "it took too long"


def test_nobody_is_there(write: Write) -> None:
    assert failed(write(url="http://127.0.0.1:9/v1")) == "it could not be reached"


def test_our_key_goes_nowhere_else(server: Server, write: Write, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    other = server.url.replace("127.0.0.1", "localhost")
    server.says = [(307, {"Location": f"{other}/elsewhere"}, b"")]
    plan = write()
    assert failed(plan) == "it answered with error 307"
    assert [path for path, _, _ in server.asked] == ["/v1/chat/completions"]
    server.says = [chat("", 500)]
    named = write(url=server.url.replace("//", "//ann:geheim@"))
    told = f"{plan.model_dump_json()}{named.model_dump_json()}{caplog.text}"
    assert KEY not in told
    assert "geheim" not in told
    author = Author.model_validate({"url": "http://ann:geheim@x/v1", "model": "tiny", "key": KEY})
    with pytest.raises(ValueError, match="model") as wrong:
        Author.model_validate({"url": "http://ann:geheim@x/v1", "key": KEY})
    assert not any(secret in f"{author!r} {wrong.value}" for secret in (KEY, "geheim"))


def test_a_password_in_the_address_is_used(server: Server, session: Session) -> None:
    server.says = [chat(WORDS)]
    author = Author.model_validate({"url": server.url.replace("//", "//ann:geheim@"), "model": "tiny"})
    assert reached(author)
    [(path, headers, _)] = server.asked
    assert (path, headers["Authorization"]) == ("/v1/models", "Basic YW5uOmdlaGVpbQ==")


def test_whether_somebody_answers_is_told(server: Server) -> None:
    server.says = [chat("")]
    assert reached(Author.model_validate({"url": server.url, "model": "tiny"}))
    server.says = [chat("", 401)]
    assert not reached(Author.model_validate({"url": server.url, "model": "tiny"}))
    assert not reached(Author.model_validate({"url": "http://127.0.0.1:9/v1", "model": "tiny"}))


def test_it_writes_what_the_built_in_writer_can_not(server: Server, write: Write) -> None:
    server.says = [chat("[verse]\nMvua inanyesha leo\nNinakaa nyumbani mwangu")]
    plan = write("a song about rain in Swahili")
    assert (plan.lyrics_by, plan.vocal_language) == ("model", "sw")
    server.says = [chat("", 500)]
    with pytest.raises(EngineError) as caught:
        write("a song about rain in Swahili")
    assert (caught.value.code, caught.value.permanent) == ("no_writer", False)
    assert caught.value.params["language"] == "Swahili"


def test_what_people_typed_is_quoted_and_what_comes_back_is_plain(server: Server, write: Write) -> None:
    server.says = [
        chat("Title: \x1b[31mSo\u202eaked\n[verse]\nRain\x00 on @everyone www.buy.example\nShoes that squeak")
    ]
    plan = write('shoes". Form of a song: 90 lines')
    assert server.asked[0][2]["messages"][-1]["content"].endswith('Wish: "shoes\\". Form of a song: 90 lines"')
    assert plan.title == "[31mSoaked"
    assert plan.lyrics == "[verse]\nRain on\nShoes that squeak"


def test_words_that_nobody_can_sing_are_not_taken(server: Server, write: Write) -> None:
    server.says = [chat("[verse]\nབོད་ལྗོངས་ཀྱི་གླུ\nརི་མཐོ་པོ་ནས་ཡོང")]
    assert failed(write()) == "its words could not be sung"
    assert len(server.asked) == 2


def test_the_doctor_says_who_writes(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told(**given: Any) -> tuple[bool, str]:
        doctor.run(Settings(home=tmp_path, **given), Namespace(json=True))
        shown = capsys.readouterr().out
        assert KEY not in shown
        finding = json.loads(shown)["lyrics"]
        return finding["ok"], finding["message"]

    assert told() == (True, reply("doctor_lyrics_built_in"))
    assert told(lyrics_url=server.url) == (False, reply("doctor_lyrics_half_set_up"))
    server.says = [chat("")]
    whole = {"lyrics_model": "tiny", "lyrics_key": KEY}
    assert told(lyrics_url=server.url, **whole) == (True, "tiny writes them, and answers")
    assert server.asked[0][1]["Authorization"] == f"Bearer {KEY}"
    ok, said = told(lyrics_url="http://127.0.0.1:9/v1", **whole)
    assert (ok, said.split(":")[0]) == (False, "tiny is to write them, but does not answer")
