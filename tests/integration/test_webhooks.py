"""What webhooks are told: signed, once if they take it, again if they don't, and never anybody inside."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from storage import users
from storage import webhooks as stored
from storage.tables import WebhookDelivery
from tests.integration.house import ANN
from tests.integration.run_house import RunHouse, batch
from tests.integration.web_house import MUSIC, WebHouse
from tests.integration.webhook_house import (
    HOOKS,
    OUTSIDE,
    Receiver,
    after,
    endpoint,
    hook_house,
    ms,
    receiver,
    sent,
    tell,
    webhooks,
)
from workflows import control
from workflows.deliver import Deliveries
from workflows.refusal import Refusal

SONG = {"prompt": "slow blues", "duration": 30}
PAGE = Path(__file__).parents[2] / "docs" / "api.md"


async def asked(ann: Any, **values: Any) -> int:
    """The number of a song that was asked for over HTTP."""
    answer = await ann.post(f"{MUSIC}/text2music", json={**SONG, **values})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


@pytest.mark.row("C-webhooks", "C-signature")
def test_the_end_of_a_song_is_told_once_signed_with_the_job_as_it_is_answered(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver() as hears:
            made = await endpoint(ann, hears.url + "?key=t0p")
            job = await asked(ann, display_name="Köln")
            await web.work()
            assert await tell(web) == 1
            assert await tell(web) == 0
            (heard,) = hears.heard
            assert heard.path == "/hook?key=t0p"
            assert heard.signed_with(made["secret"])
            assert _documented(made["secret"], heard.headers, heard.body)
            assert not _documented(made["secret"], heard.headers, heard.body + b" ")
            assert heard.headers["content-type"] == "application/json"
            assert heard.headers["user-agent"].startswith("Minstrel")
            told = heard.told
            assert (heard.event, heard.id) == (told["event"], told["id"]) == ("job.completed", told["id"])
            assert told["created_at"].endswith("Z")
            answered = (await ann.get(f"{MUSIC}/jobs/{job}/status")).json()
            first = told["data"]["job"]
            assert first["output_urls"].keys() == answered["output_urls"].keys()
            assert all(link.startswith(f"{OUTSIDE}/files/") for link in first["output_urls"].values())
            assert {**first, **_links(answered)} == answered
            (delivery,) = await sent(ann)
            assert (delivery["status"], delivery["response_status"], delivery["job_id"]) == ("delivered", 200, job)
            assert delivery["event_id"] == heard.id
            whole = (await ann.get(f"{HOOKS}/deliveries/{delivery['id']}")).json()
            assert whole["body"].encode() == heard.body

    hook_house(tmp_path).run(story)


def _documented(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """What the check says that the page about the API shows."""
    shown = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(next(code for code in shown if "hmac" in code), names)  # noqa: S102
    return bool(names["is_genuine"](secret, httpx.Headers(dict(headers)), body))


def _links(job: Mapping[str, Any]) -> dict[str, Any]:
    """What has links in it: those lead to where whoever asked reached the house."""
    return {name: job[name] for name in ("output_url", "output_urls", "outputs", "thumbnail_url")}


@pytest.mark.row("C-webhooks")
def test_each_endpoint_hears_of_what_it_is_told_of_wherever_it_was_asked_for(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        bob = await web.key("bob")
        async with (
            web.client(await web.key()) as ann, web.client(bob) as other,
            receiver() as everything, receiver() as ends, receiver() as disabled, receiver() as bobs,
        ):  # fmt: skip
            await endpoint(ann, everything.url)
            await endpoint(ann, ends.url, ["job.failed", "job.cancelled"])
            shut = await endpoint(ann, disabled.url, ["*"])
            await endpoint(other, bobs.url)
            await ann.patch(f"{HOOKS}/endpoints/{shut['id']}", json={"enabled": False})
            await asked(ann)
            broken = await asked(ann, prompt="broken")
            # At the terminal, by the name that the key was made for.
            taken = await web.house.ask(who=ANN)
            await control.cancel(web.house.db, taken.job_id)
            await web.work()
            await tell(web)
            assert sorted(heard.event for heard in everything.heard) == [
                "job.cancelled", "job.completed", "job.failed",
            ]  # fmt: skip
            assert sorted(heard.event for heard in ends.heard) == ["job.cancelled", "job.failed"]
            assert not disabled.heard
            assert not bobs.heard
            by = {heard.event: heard for heard in everything.heard}
            # One event is one event, however many are told of it.
            assert {heard.id for heard in ends.heard} == {by["job.cancelled"].id, by["job.failed"].id}
            failed, cancelled = (by[name].told["data"]["job"] for name in ("job.failed", "job.cancelled"))
            assert (failed["id"], failed["status"], bool(failed["error_message"])) == (broken, "FAILED", True)
            assert (cancelled["id"], cancelled["cancelled"]) == (taken.job_id, True)

    hook_house(tmp_path).run(story)


@pytest.mark.row("C-attempts")
def test_what_is_not_taken_is_sent_again_five_times_at_growing_intervals_then_given_up(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver(500, 404, 302, 503, 500) as hears:
            with after(0):
                made = await endpoint(ann, hears.url)
                await asked(ann)
                await web.work()
                await tell(web)
            tries = [0, 60, 180, 420, 900]
            for number, second in enumerate(tries[1:], 2):
                with after(second - 0.01):
                    assert await tell(web) == 0
                    (waits,) = await sent(ann, status="pending")
                    assert waits["next_attempt_at"] is not None
                with after(second):
                    assert await tell(web) == 1
                    assert len(hears.heard) == number
            with after(100_000):
                assert await tell(web) == 0
                (dead,) = await sent(ann)
                assert (dead["status"], dead["attempts"], dead["response_status"]) == ("failed", 5, 500)
                assert (dead["error_code"], dead["next_attempt_at"]) == ("webhook_answered", None)
                assert "500" in dead["error"]
            assert all(heard.signed_with(made["secret"]) for heard in hears.heard)
            assert len({heard.body for heard in hears.heard}) == len({heard.id for heard in hears.heard}) == 1
            assert [int(heard.headers["x-audiopod-timestamp"]) * 1000 for heard in hears.heard] == [
                ms(second) for second in tries
            ]
            hears.answers = [204]
            with after(100_000):
                again = await ann.post(f"{HOOKS}/deliveries/{dead['id']}/redeliver")
                assert (again.status_code, again.json()["status"], again.json()["attempts"]) == (202, "pending", 0)
                await tell(web)
                (taken,) = await sent(ann)
                assert (taken["status"], taken["attempts"], taken["error"]) == ("delivered", 1, None)
            assert (hears.heard[-1].id, hears.heard[-1].body) == (hears.heard[0].id, hears.heard[0].body)

    hook_house(tmp_path).run(story)


def test_what_is_put_off_is_sent_when_its_time_comes_without_anybody_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows.webhooks import line

    # The outbox's own first wait is the shortest there is.
    monkeypatch.setattr(line, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("workflows.deliver.FIRST_WAIT_MS", 10)

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver(500, 200) as hears:
            made = await endpoint(ann, hears.url)
            await ann.post(f"{HOOKS}/endpoints/{made['id']}/test")
            deliveries = Deliveries(web.house.db, {}, more=[webhooks(web)])
            running: set[asyncio.Task[int]] = set()
            deliveries.on_end = lambda: running.add(asyncio.ensure_future(deliveries.dispatch()))
            await deliveries.dispatch()
            async with asyncio.timeout(20):
                while (await sent(ann))[0]["status"] != "delivered":
                    await asyncio.sleep(0.01)
            await asyncio.gather(*running)
            assert [heard.event for heard in hears.heard] == ["webhook.test", "webhook.test"]

    hook_house(tmp_path).run(story)


def test_one_that_hangs_holds_up_nobody_and_is_given_up_after_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows.webhooks import line

    async def hang(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver(hang) as slow, receiver() as hears:
            await endpoint(ann, slow.url)
            await endpoint(ann, hears.url)
            for _ in range(3):
                await asked(ann)
            await web.work()
            told = webhooks(web)
            deliveries = Deliveries(web.house.db, {}, more=[told])
            async with asyncio.timeout(20):
                while len(hears.heard) < 3:
                    await deliveries.dispatch()
                    await asyncio.sleep(0.01)
            # One at a time goes to each.
            assert len(slow.heard) == 1
            await deliveries.drain(0)
            told.close()
            monkeypatch.setattr(line, "ANSWER_S", 0.05)
            # Its lease is over: whoever had it was killed, as far as anybody knows.
            with after(0):
                await tell(web)
                late = await sent(ann, status="pending")
            assert [(each["attempts"], each["error_code"]) for each in late] == [
                (2, "webhook_slow"), (1, "webhook_slow"), (1, "webhook_slow"),
            ]  # fmt: skip
            assert slow.heard[0].id == late[0]["event_id"] == slow.heard[1].id

    hook_house(tmp_path).run(story)


async def _huge(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _dripping(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _endless_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 8192 + b"\r\n")
        await writer.drain()


async def _hangs_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _babbles(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_huge, None), (_dripping, None), (_endless_head, "webhook_broke"), (_hangs_up, "webhook_broke"),
        (_babbles, "webhook_broke"),
    ],
)  # fmt: skip
def test_of_an_answer_only_its_status_counts(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]], error: str | None, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("workflows.fetch.post.HEARD_S", 0.2)

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver(answer) as hears:
            made = await endpoint(ann, hears.url)
            await ann.post(f"{HOOKS}/endpoints/{made['id']}/test")
            await tell(web)
            (delivery,) = await sent(ann)
            assert (delivery["status"], delivery["error_code"]) == ("pending" if error else "delivered", error)
            async with asyncio.timeout(10):
                while not hears.gone:
                    await asyncio.sleep(0.01)

    hook_house(tmp_path).run(story)


def test_nobody_is_sent_on_to_another_place(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver() as inside:

            async def leads_on(writer: asyncio.StreamWriter) -> None:
                writer.write(f"HTTP/1.1 307 On\r\nLocation: {inside.url}\r\nContent-Length: 0\r\n\r\n".encode())

            async with receiver(leads_on) as hears:
                made = await endpoint(ann, hears.url)
                await ann.post(f"{HOOKS}/endpoints/{made['id']}/test")
                await tell(web)
                (delivery,) = await sent(ann)
                assert (len(hears.heard), delivery["response_status"]) == (1, 307)
            assert not inside.heard

    hook_house(tmp_path).run(story)


@pytest.mark.parametrize("addresses", [["10.0.0.5"], ["93.184.216.34", "127.0.0.1"], ["169.254.169.254"], ["::1"]])
def test_a_name_that_leads_inside_is_sent_nothing(addresses: list[str], tmp_path: Path) -> None:
    import httpcore

    from workflows.fetch import Poster

    class Nowhere(httpcore.AsyncNetworkBackend):
        """A network on which a connection is a failure of the test."""

        async def connect_tcp(self, host: str, *args: Any, **more: Any) -> httpcore.AsyncNetworkStream:
            raise AssertionError(f"connected to {host}")

    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            made = await endpoint(ann, "https://hooks.example/me")
            await ann.post(f"{HOOKS}/endpoints/{made['id']}/test")
            await tell(web, webhooks(web, Poster(at_once=1, resolve=resolve, network=Nowhere())))
            (delivery,) = await sent(ann)
            assert (delivery["error_code"], delivery["response_status"]) == ("webhook_inside", None)

    hook_house(tmp_path, private_hosts=frozenset()).run(story)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Refusal("link_unknown_host"), "webhook_nowhere"), (Refusal("link_unreachable"), "webhook_broke"),
        (Refusal("link_unreachable", certificate=True), "webhook_untrusted"), (RuntimeError(), "webhook_fault"),
    ],
)  # fmt: skip
def test_why_it_was_not_taken_is_to_be_read(trouble: Exception, code: str, tmp_path: Path) -> None:
    class Failing:
        async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, within_s: float) -> int:
            assert within_s == 10
            raise trouble

        def close(self) -> None:
            return None

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            made = await endpoint(ann, "https://hooks.example/me")
            await ann.post(f"{HOOKS}/endpoints/{made['id']}/test")
            with after(0):
                await tell(web, webhooks(web, Failing()))
            (delivery,) = await sent(ann)
            assert (delivery["error_code"], delivery["attempts"]) == (code, 1)
            assert delivery["error"].endswith(".")

    hook_house(tmp_path).run(story)


def test_neither_secrets_nor_queries_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver(500) as hears:
            made = await endpoint(ann, hears.url + "?token=t0psecret")
            await ann.post(f"{HOOKS}/endpoints/{made['id']}/test")
            caplog.clear()
            await tell(web)
            assert "not delivered" in caplog.text
            assert "t0psecret" not in caplog.text
            assert made["secret"] not in caplog.text

    hook_house(tmp_path).run(story)


def test_what_is_told_late_still_says_what_happened(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver() as hears:
            await endpoint(ann, hears.url)
            job = await asked(ann, prompt="broken once")
            await web.work()
            await control.retry(web.house.db, job)
            await tell(web)
            await web.work()
            await tell(web)
            told = [(heard.event, heard.told["data"]["job"]["status"]) for heard in hears.heard]
            assert told == [("job.failed", "FAILED"), ("job.completed", "COMPLETED")]
            assert len({heard.id for heard in hears.heard}) == 2

    hook_house(tmp_path).run(story)


def test_nothing_is_sent_before_the_house_knows_where_it_is_and_without_links_if_it_is_nowhere(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver() as hears:
            await endpoint(ann, hears.url)
            await asked(ann)
            await web.work()
            assert await tell(web, webhooks(web, base=None)) == 0
            assert await tell(web, webhooks(web, base="")) == 1
            job = hears.heard[0].told["data"]["job"]
            assert (job["status"], job["output_urls"], job["outputs"]) == ("COMPLETED", None, [])

    hook_house(tmp_path).run(story)


async def _both(one: Receiver, web: WebHouse, ann: Any, count: int) -> None:
    made = await endpoint(ann, one.url)
    for _ in range(count):
        await ann.post(f"{HOOKS}/endpoints/{made['id']}/test")
    lines = [webhooks(web), webhooks(web)]
    houses = [Deliveries(web.house.db, {}, more=[line]) for line in lines]
    async with asyncio.timeout(30):
        while len(one.heard) < count:
            await asyncio.gather(*(house.dispatch() for house in houses))
            await asyncio.sleep(0.005)
    for house, line in zip(houses, lines, strict=True):
        await house.drain(20)
        line.close()


def test_two_who_tell_side_by_side_tell_everything_once(database_url: str, tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver() as hears:
            await _both(hears, web, ann, 6)
            assert len({heard.id for heard in hears.heard}) == len(hears.heard) == 6
            assert {each["status"] for each in await sent(ann)} == {"delivered"}

    hook_house(tmp_path, url=database_url).run(story)


def test_songs_of_a_run_are_told_like_any_other(sqlite_url: str, tmp_path: Path) -> None:
    async def story() -> None:
        house = RunHouse(sqlite_url, tmp_path)
        run = await house.begin(batch("blues", "broken"))

        def listen(session: Session) -> None:
            ann = users.present(session, ANN.surface, ANN.external_id)
            assert ann is not None
            stored.add(
                session, user_id=ann.id, url="https://a.example", events=["*"], description="", secret="x", now=1
            )

        await house.db.awrite(listen)
        await house.to_the_end()
        assert (await house.run(run.id)).status == "COMPLETED"
        rows = house.db.read(lambda session: session.exec(select(WebhookDelivery)).all())
        assert sorted(row.event for row in rows) == ["job.completed", "job.failed"]
        house.db.close()

    asyncio.run(story())


def test_waits_double_up_to_an_hour() -> None:
    from workflows.webhooks.line import wait_s

    assert [wait_s(attempt) / 60 for attempt in (1, 2, 3, 4, 6, 7, 30)] == [1, 2, 4, 8, 32, 60, 60]
