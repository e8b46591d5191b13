"""Webhooks over HTTP: where somebody is told, by whom that may be seen and changed, and what is refused."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from storage import webhooks
from storage.database import Database
from storage.tables import Identity, User, WebhookDelivery, WebhookEndpoint
from tests.integration.web_house import WebHouse
from tests.integration.webhook_house import HOOKS, endpoint, hook_house, receiver, sent, tell
from tests.rows import free_job, person, somebody_waits
from workflows.attempt import announce
from workflows.people import now_ms

pytestmark = pytest.mark.row("C-webhooks")
URL = "https://hooks.example/me?key=t0p"


def test_an_endpoint_is_made_looked_at_changed_and_deleted(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            made = await endpoint(ann, URL, ["job.failed", "job.completed", "job.failed"], description=" my  page ")
            secret = made.pop("secret")
            place = f"{HOOKS}/endpoints/{made['id']}"
            assert secret.startswith("whsec_")
            assert (made["url"], made["events"]) == (URL, ["job.completed", "job.failed"])
            assert (made["enabled"], made["disabled_at"]) == (True, None)
            assert (await ann.get(place)).json() == made
            assert (await ann.get(f"{HOOKS}/endpoints")).json() == [made]
            changed = await ann.patch(place, json={"enabled": False, "events": [], "description": None})
            assert changed.status_code == 200
            after = {**made, "enabled": False, "events": ["*"], "disabled_at": changed.json()["disabled_at"]}
            assert changed.json() == after
            # It stays disabled from then on, however often that is said.
            assert (await ann.patch(place, json={"enabled": False})).json() == after
            assert (await ann.patch(place, json={})).json() == after
            for refused in (await ann.post(f"{place}/test"), await ann.post(f"{place}/test")):
                assert (refused.status_code, refused.json()["code"]) == (409, "webhook_disabled")
            renewed = await ann.post(f"{place}/rotate-secret")
            assert renewed.json().pop("secret") not in ("", secret)
            assert renewed.headers["cache-control"] == "no-store"
            assert (await ann.patch(place, json={"enabled": True})).json()["disabled_at"] is None
            begun = await ann.post(f"{place}/test")
            assert (begun.status_code, begun.json()["status"], begun.json()["body"]) == (202, "pending", None)
            assert (await ann.delete(place)).json().keys() == {"message"}
            assert (await ann.get(place)).status_code == 404
            assert (await ann.get(f"{HOOKS}/deliveries/{begun.json()['id']}")).status_code == 404
            assert (await ann.get(f"{HOOKS}/endpoints")).json() == []

    hook_house(tmp_path).run(story)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("url", [{}, {"url": None}, {"url": 5}]),
        ("url", [{"url": text} for text in (
            "", "ftp://example.com/", "example.com", "https://", "https://ann:pw@example.com/", "https://exa mple.com/",
            "https://example.com:22/", "https://[::1", "http://localhost/", "http://127.0.0.1:9/", "http://10.1.2.3/",
            "http://[::1]/", "http://nas.lan/", "http://169.254.169.254/latest/", "https://" + "a" * 2050 + ".example/",
        )]),
        ("events", [{"url": URL, "events": some} for some in ("job.completed", 5, ["nope"], [5], {"a": 1})]),
        ("description", [{"url": URL, "description": some} for some in ("x" * 201, 5, ["x"])]),
        ("secret", [{"url": URL, "secret": "mine"}]),
        ("enabled", [{"url": URL, "enabled": False}]),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused_by_its_name(field: str, values: list[dict[str, Any]], tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            for each in values:
                refused = await ann.post(f"{HOOKS}/endpoints", json=each)
                told = refused.json()
                assert (refused.status_code, told.get("field")) == (400, field), (each, told)
                assert isinstance(told["detail"], str)
            assert (await ann.get(f"{HOOKS}/endpoints")).json() == []

    hook_house(tmp_path, private_hosts=frozenset()).run(story)


def test_a_change_is_judged_like_a_new_one(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            made = await endpoint(ann, URL)
            place = f"{HOOKS}/endpoints/{made['id']}"
            for field, value in {"url": "http://localhost/", "events": ["nope"], "enabled": "yes", "name": "x"}.items():
                refused = await ann.patch(place, json={"description": "new", field: value})
                assert (refused.status_code, refused.json()["field"]) == (400, field), refused.text
            assert (await ann.get(place)).json()["description"] == ""
            moved = await ann.patch(place, json={"url": "https://other.example/"})
            assert moved.json()["url"] == "https://other.example/"

    hook_house(tmp_path).run(story)


def test_nobody_has_more_than_ten_however_fast_they_ask(database_url: str, tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            bodies = [{"url": f"{URL}{number}"} for number in range(12)]
            made = await asyncio.gather(*(ann.post(f"{HOOKS}/endpoints", json=body) for body in bodies))
            assert sorted(each.status_code for each in made) == [201] * 10 + [409] * 2
            refused = await ann.post(f"{HOOKS}/endpoints", json={"url": URL})
            assert (refused.status_code, refused.json()["code"]) == (409, "too_many_webhooks")
            await endpoint(bob, URL)

    hook_house(tmp_path, url=database_url).run(story)


def test_whoever_tries_one_that_is_deleted_at_this_moment_finds_none(database_url: str, tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        db, done = web.house.db, threading.Event()
        async with web.client(await web.key()) as ann:
            number = (await endpoint(ann, URL))["id"]

            def remove(session: Session) -> bool:
                gone = webhooks.remove(session, number, 1)
                done.set()
                # On SQLite the other one waits for the whole of this.
                while database_url.startswith("postgresql") and not db.read(somebody_waits):
                    done.wait(0.01)
                return gone

            removing = asyncio.create_task(db.awrite(remove))
            await asyncio.to_thread(done.wait, 10)
            tried = await ann.post(f"{HOOKS}/endpoints/{number}/test")
            assert (await removing, tried.status_code) == (True, 404)

    hook_house(tmp_path, url=database_url).run(story)


def test_what_is_somebody_elses_is_not_there_and_a_key_needs_the_scope(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        narrow = await web.key("ann", "read", "create", "manage")
        async with (
            web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob, web.client(narrow) as other,
            web.client() as nobody,
        ):  # fmt: skip
            made = await endpoint(ann, URL)
            test = (await ann.post(f"{HOOKS}/endpoints/{made['id']}/test")).json()
            one, delivery = f"{HOOKS}/endpoints/{made['id']}", f"{HOOKS}/deliveries/{test['id']}"
            asked = [
                ("GET", one), ("PATCH", one), ("DELETE", one), ("POST", f"{one}/rotate-secret"),
                ("POST", f"{one}/test"), ("GET", delivery), ("POST", f"{delivery}/redeliver"),
                ("GET", f"{HOOKS}/endpoints/{2**53}"),
            ]  # fmt: skip
            for client, status in ((bob, 404), (other, 403), (nobody, 401)):
                for method, path in asked:
                    answer = await client.request(method, path)
                    assert answer.status_code == status, (method, path, answer.text)
            assert (await bob.get(f"{HOOKS}/endpoints")).json() == await sent(bob) == []
            assert await sent(bob, endpoint_id=made["id"]) == []
            assert (await ann.get(one)).status_code == 200
            assert (await ann.get(f"{HOOKS}/endpoints/{2**63}")).status_code == 400

    hook_house(tmp_path).run(story)


def test_nobody_is_bothered_with_tests_without_end(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            one, other = await endpoint(ann, URL), await endpoint(ann, URL)
            got = [await ann.post(f"{HOOKS}/endpoints/{each['id']}/test") for each in (one, other) for _ in range(11)]
            assert [answer.status_code for answer in got] == [202] * 20 + [429] * 2
            assert 0 < int(got[-1].headers["retry-after"]) <= 60
            assert len(await sent(ann)) == 20

    hook_house(tmp_path).run(story)


def test_deliveries_are_listed_page_by_page_and_by_what_became_of_them(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, receiver(500, 200) as hears:
            one, other = await endpoint(ann, hears.url), await endpoint(ann, hears.url)
            for number in (one["id"], one["id"], other["id"]):
                await ann.post(f"{HOOKS}/endpoints/{number}/test")
            await tell(web)
            page = await ann.get(f"{HOOKS}/deliveries", params={"skip": 1, "limit": 1})
            assert (len(page.json()), page.headers["x-total-count"]) == (1, "3")
            assert len(await sent(ann, status="delivered")) == 2
            (waits,) = await sent(ann, status="pending", endpoint_id=hears.heard[0].told["data"]["endpoint_id"])
            assert (waits["response_status"], waits["attempts"]) == (500, 1)
            assert await sent(ann, status="failed") == []
            ids = [each["id"] for each in await sent(ann)]
            assert ids == sorted(ids)
            for query in ({"status": "lost"}, {"limit": 0}, {"limit": 101}, {"skip": -1}, {"endpoint_id": 2**63}):
                refused = await ann.get(f"{HOOKS}/deliveries", params=query)
                assert (refused.status_code, refused.json()["field"]) == (400, next(iter(query)))

    hook_house(tmp_path).run(story)


def test_whoever_became_somebody_else_is_told_of_both_their_jobs(database: Database) -> None:
    def story(session: Any) -> list[int]:
        ann, ann_on_slack = person(session).id, person(session, "ann@slack").id
        for owner in (ann, ann_on_slack):
            session.add(WebhookEndpoint(user_id=owner, url=URL, events=["*"], secret=f"whsec_{owner}", created_at=1))
        bob = person(session, "bob").id
        session.flush()
        joined = session.get_one(User, ann_on_slack)
        joined.joined = ann
        for identity in session.exec(select(Identity).where(Identity.user_id == ann_on_slack)):
            identity.user_id = ann
        session.flush()
        for owner in (ann, ann_on_slack, bob):
            job = free_job(session, owner)
            announce(session, job, "completed", now_ms())
            announce(session, job, "deleted", now_ms())
        return [row.job_id for row in session.exec(select(WebhookDelivery).order_by(col(WebhookDelivery.id)))]

    assert database.write(story) == [1, 1, 2, 2]
