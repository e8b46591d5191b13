"""The API does what its description says: requests are made from it, and every answer is held against it.

What fits the description is not refused, what does not fit is, nothing is answered that is not described, and no
request whatever is answered with a fault of ours. `MINSTREL_DEEP=200` makes so many requests of each kind for every
operation; without it there are few, the same each time.

Checks that send requests of their own are left out: whether a key is needed is asked of every operation below, methods
that don't exist are in `tests/integration/test_web.py`.
"""

from __future__ import annotations

import asyncio
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.web_house import MUSIC, WebHouse, web_house
from workflows.pricing import Pricing, Tier

if TYPE_CHECKING:
    import httpx
    from hypothesis.strategies import SearchStrategy
    from schemathesis import Case
    from schemathesis.specs.openapi.schemas import OpenApiSchema

DEEP = int(os.environ.get("MINSTREL_DEEP", "0"))
# Of each kind for every operation; what comes first says the least and the most that a body can say.
EXAMPLES = DEEP or 3
# What is refused although it has the form that is described, and why no form could tell.
NO_FORM_TELLS = {
    "key_reused": "two requests were given the same key by chance",
    "source_not_ready": "the song was asked for a moment ago",
    "no_such_take": "that song has fewer takes",
    "stem_not_in_song": "that song has other stems",
    "stem_not_separable": "the engine makes out other stems",
    "parts_not_separable": "the engine makes out fewer stems",
    "no_lyrics": "nobody sings in that song",
    "lyrics_untimed": "when it is sung nobody knows",
    "no_audio_codes": "the engine reads none",
    "no_foreign_audio": "the engine can do that only with songs made here",
    "audio_unknown": "the file is no sound",
    "picture_unknown": "the link leads to no picture",
    "not_text": "a text with a NUL or half of a sign in it is a text in JSON, and in no database",
}
# The same of single values.
NO_FORM_TELLS_OF = {
    "repainting_start": "it lies within the song",
    "repainting_end": "it lies behind another one",
    "cfg_interval_end": "it lies behind another one",
    "url": "not everything that looks like an address is one",
}
# No text may be shorter than this at most.
SHORT = 100
# So long a text Hypothesis does not make.
LONGEST = 100_000
# By what is called so in a path: something that is there, and something that may go.
THERE: dict[str, Any] = {"job_id": 1, "endpoint_id": 1, "delivery_id": 1}
SPARE: dict[str, Any] = {"job_id": 2, "endpoint_id": 2}
PARTS = ("music", "jobs", "files", "stems", "text-to-music", "credits", "wallet", "webhooks", "keys", "house")


class Everywhere(dict[str, bytes]):
    """A world where every link leads to sound."""

    def __contains__(self, _link: object) -> bool:
        return True

    def __getitem__(self, _link: str) -> bytes:
        return b"20 Rain"


@dataclass
class Described:
    """A house with things in it, its description, and the event loop in which all is asked."""

    client: httpx.AsyncClient
    schema: OpenApiSchema
    runner: asyncio.Runner

    def ask(self, case: Case[Any]) -> httpx.Response:
        """Send what `case` says, byte for byte."""
        from requests import Request

        sent = Request(**case.as_transport_kwargs(base_url=str(self.client.base_url))).prepare()
        request = self.client.build_request(
            str(sent.method), str(sent.url), content=sent.body, headers=dict(sent.headers)
        )
        return self.runner.run(self.client.send(request))

    def operations(self, part: str | None = None) -> Iterator[Any]:
        """Everything that can be asked for, or what the page shows under `part`."""
        from schemathesis.core.result import Ok

        for found in self.schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            if part is None or part in operation.definition.raw["tags"]:
                yield operation


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    folder = tmp_path_factory.mktemp("described")
    pricing = Pricing(welcome=1_000_000, tiers=(Tier(up_to_s=600, credits=1),))
    web = web_house(folder, limits={"live_jobs": 100_000}, pricing=pricing, world=Everywhere())
    with asyncio.Runner() as runner, pytest.MonkeyPatch.context() as patch:
        # Nobody works the queue here, so that nobody needs to wait for what is heard in a song.
        patch.setattr("bot.on_web.api.analysis.PATIENCE_S", 0.0)
        yield runner.run(_furnished(web, runner))
        runner.run(web.close())


async def _furnished(web: WebHouse, runner: asyncio.Runner) -> Described:
    from schemathesis.openapi import from_dict

    from bot.on_web.openapi import described as description

    app = web.open()
    ann = web.client(await web.key())
    song = {"prompt": "slow blues", "duration": 30, "generate_lrc": True}
    for _ in SPARE:
        (await ann.post(f"{MUSIC}/text2music", json=song)).raise_for_status()
        endpoint = {"url": "https://example.com/hook", "events": ["job.completed"]}
        (await ann.post("/api/v1/webhooks/endpoints", json=endpoint)).raise_for_status()
    await web.work()
    return Described(ann, from_dict(_within_reach(description(app))), runner)


def _within_reach(told: Any) -> Any:
    """A description without bounds that no text that is made here can go beyond."""
    if isinstance(told, dict):
        bounds = ((name, value) for name, value in told.items() if name != "maxLength" or value < LONGEST)
        return {name: _within_reach(value) for name, value in bounds}
    return [_within_reach(each) for each in told] if isinstance(told, list) else told


@pytest.mark.parametrize("kind", ["positive", "negative"])
@pytest.mark.parametrize("part", PARTS)
def test_what_is_answered_is_what_is_described(described: Described, part: str, kind: str) -> None:
    operations = [*described.operations(part)]
    assert operations
    for operation in operations:
        _try(described, operation, kind)


def _try(described: Described, operation: Any, kind: str) -> None:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks as held

    checks = [
        not_a_server_error,
        held.status_code_conformance,
        held.content_type_conformance,
        held.response_headers_conformance,
        held.response_schema_conformance,
        held.negative_data_rejection,
        held.positive_data_acceptance,
    ]

    def check(case: Case[Any]) -> None:
        answer = described.ask(case)
        excused: list[Any] = []
        if _no_form_tells(answer) or (answer.status_code == 400 and any(map(_is_unseen, _texts(case.body)))):
            excused.append(held.positive_data_acceptance)
        # What nobody can see is dropped; then a text that was too long may be none any more.
        if any(len(text) > SHORT and any(map(_is_unseen, text)) for text in _texts(case.body)):
            excused.append(held.negative_data_rejection)
        case.validate_response(answer, checks=checks, excluded_checks=excused)

    few = settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=[*HealthCheck],
    )
    try:
        few(given(_cases(operation, kind))(check))()
    except Unsatisfiable:
        # There is nothing in such a request that could be wrong.
        assert kind == "negative"
        assert not operation.body


def _cases(operation: Any, kind: str) -> SearchStrategy[Case[Any]]:
    """Requests of one kind; half of those that name something name something that is there."""
    from schemathesis import GenerationMode

    mode = GenerationMode(kind)
    names = {parameter.name for parameter in operation.path_parameters}
    known = {name: value for name, value in (SPARE if operation.method == "delete" else THERE).items() if name in names}
    found: SearchStrategy[Case[Any]] = operation.as_strategy(generation_mode=mode)
    if not known:
        return found
    there: SearchStrategy[Case[Any]] = operation.as_strategy(generation_mode=mode, path_parameters=known)
    return there | found


def _texts(body: Any) -> Iterator[str]:
    """Every text in a body."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict | list):
        for each in body.values() if isinstance(body, dict) else body:
            yield from _texts(each)


def _is_unseen(text: str) -> bool:
    """Whether nobody can see a sign of it."""
    return all(unicodedata.category(sign)[0] in "CZ" for sign in text)


def _no_form_tells(answer: httpx.Response) -> bool:
    if answer.status_code != 400:
        return False
    told = answer.json()
    return told["code"] in NO_FORM_TELLS or told.get("field") in NO_FORM_TELLS_OF


def test_everything_but_the_house_and_its_files_wants_a_key(described: Described) -> None:
    async def ask(method: str, path: str) -> int:
        stranger = described.client.build_request(method, re.sub(r"{\w+}", "1", path), json={})
        for name in ("X-API-Key", "Authorization"):
            del stranger.headers[name]
        return (await described.client.send(stranger)).status_code

    for operation in described.operations():
        secured = "security" in operation.definition.raw
        assert secured is operation.path.startswith("/api/")
        if secured:
            assert described.runner.run(ask(operation.method, operation.path)) == 401, operation.label


def test_every_example_of_a_request_works(described: Described) -> None:
    async def ask(method: str, path: str, body: Any) -> httpx.Response:
        return await described.client.request(method, path, json=body)

    for operation in described.operations():
        content = operation.definition.raw.get("requestBody", {}).get("content", {})
        if "example" in content.get("application/json", {}):
            path = operation.path.format(job_id=1, endpoint_id=1)
            answer = described.runner.run(ask(operation.method, path, content["application/json"]["example"]))
            # Songs named by a number may not be there; this house takes no payments, and only so much of some things.
            taken = answer.status_code in (200, 201, 202, 403, 404, 409, 429)
            assert taken or _no_form_tells(answer), (path, answer.text)


def test_every_operation_is_told_with_its_refusals(described: Described) -> None:
    told = [operation.definition.raw for operation in described.operations()]
    assert {tag for raw in told for tag in raw["tags"]} == {*PARTS}
    assert len({raw["operationId"] for raw in told}) == len(told)
    for raw in told:
        assert raw["summary"], raw["operationId"]
        assert raw["description"], raw["operationId"]
        assert "422" not in raw["responses"]
        for status in ("429", "503"):
            assert "Retry-After" in raw["responses"].get(status, {}).get("headers", {"Retry-After": None}), raw
