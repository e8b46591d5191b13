"""Credits and the wallet over HTTP: what there is, where it went, and what things would cost."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage import jobs, ledger, usage
from storage.database import Database
from storage.usage import Totals
from tests.integration.web_house import MUSIC, WebHouse, web_house
from tests.rows import account, person, priced_job
from workflows import gifts, link
from workflows.people import OPERATOR, Requester
from workflows.pricing import Pricing
from workflows.roles import Roles

CREDITS, WALLET = "/api/v1/credits", "/api/v1/api-wallet"
SONG = {"caption": "rain", "duration": 30}
PRICES = Path(__file__).parents[2] / "config" / "pricing.toml"


async def told(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_rules(web: WebHouse, **changes: Any) -> None:
    """Other rules from now on, for everybody who asks over HTTP."""
    web.house.rules = replace(web.house.rules, **changes)
    web._app = web.app()


@pytest.mark.row("F-credits", "F-wallet", "A9", "G20")
def test_a_song_is_held_for_then_paid_and_told_of_everywhere(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            assert await told(ann, CREDITS) == {
                "credits_balance": 1000, "payg_balance": 0, "total_available_credits": 1000, "credits_held": 0,
                "total_credits_used": 0, "total_payg_credits_purchased": 0, "credits_per_month": 0,
                "last_reset_at": None, "next_reset_date": None,
            }  # fmt: skip
            assert await told(ann, f"{WALLET}/balance") == {
                "balance_cents": 2000, "balance_usd": "$20.00", "total_spent_cents": 0, "total_spent_usd": "$0.00",
                "total_topup_cents": 2000, "low_balance_warning": False, "credits": 1000,
            }  # fmt: skip
            await ann.post(f"{MUSIC}/text2music", json=SONG)
            await ann.post(f"{MUSIC}/text2music", json={**SONG, "caption": "broken", "batch_size": 2})
            held = await told(ann, CREDITS)
            assert (held["credits_held"], held["total_available_credits"], held["total_credits_used"]) == (15, 985, 0)
            assert (await told(ann, f"{WALLET}/usage"))["logs"] == []

            await web.work()
            await gifts.grant(web.house.db, web.house.rules, OPERATOR, "ann", 50, why="for the demo")
            after = await told(ann, CREDITS)
            assert (after["credits_held"], after["total_available_credits"], after["total_credits_used"]) == (
                0,
                1045,
                5,
            )
            wallet = await told(ann, f"{WALLET}/balance")
            assert (wallet["balance_usd"], wallet["total_spent_usd"]) == ("$20.90", "$0.10")
            assert wallet["total_topup_cents"] == 2100

            moves = await told(ann, f"{CREDITS}/usage")
            assert [(move["kind"], move["change"], move["credits"]) for move in moves] == [
                ("grant", 50, 50), ("capture", -5, 5), ("welcome", 1000, 1000),
            ]  # fmt: skip
            assert (moves[0]["note"], moves[0]["job_id"]) == ("for the demo", None)
            assert sum(move["change"] for move in moves) == after["total_available_credits"]
            assert {name: moves[1][name] for name in ("job_id", "task", "title", "service_type")} == {
                "job_id": 1, "task": "text2music", "title": "A Title", "service_type": "music_generation",
            }  # fmt: skip
            assert moves[1]["created_at"].endswith("Z")

            paid = await told(ann, f"{WALLET}/usage")
            assert (paid["page"], paid["limit"]) == (1, 50)
            (log,) = paid["logs"]
            assert (log["job_id"], log["credits"], log["cost_cents"], log["cost_usd"]) == (1, 5, 10, "$0.10")
            came = await told(ann, f"{WALLET}/topups")
            assert [(each["kind"], each["amount_usd"]) for each in came["topups"]] == [
                ("grant", "$1.00"), ("welcome", "$20.00"),
            ]  # fmt: skip
            assert sum(each["amount_cents"] for each in came["topups"]) == wallet["total_topup_cents"]

    web_house(tmp_path).run(story)


@pytest.mark.row("F-credits", "F-wallet")
def test_lists_are_read_page_by_page(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            for amount in (1, 2, 3):
                await gifts.grant(web.house.db, web.house.rules, OPERATOR, "ann", amount)
            pages = [await told(ann, f"{WALLET}/topups", page=page, limit=3) for page in (1, 2, 3)]
            assert [[each["credits"] for each in page["topups"]] for page in pages] == [[3, 2, 1], [1000], []]
            assert (pages[1]["page"], pages[1]["limit"]) == (2, 3)
            assert [move["credits"] for move in await told(ann, f"{CREDITS}/usage", skip=1, limit=2)] == [2, 1]
            for path in (f"{WALLET}/usage", f"{WALLET}/topups"):
                for wrong in ({"page": 0}, {"page": "x"}, {"page": 10**30}, {"limit": 0}, {"limit": 101}):
                    refused = await ann.get(path, params=wrong)
                    assert (refused.status_code, refused.json()["field"]) == (400, *wrong)

    web_house(tmp_path).run(story)


@pytest.mark.row("F-wallet")
def test_two_linked_people_have_one_wallet(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        db, pricing = web.house.db, web.house.rules.pricing
        async with web.client(await web.key()) as ann, web.client(await web.key("bob")) as bob:
            for client in (ann, bob):
                await client.post(f"{MUSIC}/text2music", json=SONG)
            await bob.post("/api/v1/text-to-music", json={"prompt": "rain"})
            await web.work()
            await gifts.gift(db, web.house.rules, Requester("terminal", "bob", "bob"), "ann", 100)
            code = await link.begin(db, pricing, Requester("terminal", "ann", "ann"), None)
            await link.finish(db, pricing, Requester("terminal", "bob", "bob"), code.code, None)

            seen = [
                [await told(client, path) for path in (CREDITS, f"{CREDITS}/usage", f"{WALLET}/balance")]
                for client in (ann, bob)
            ]
            assert seen[0] == seen[1]
            has, moves, _ = seen[0]
            assert has["total_credits_used"] == 5 + 5 + 40
            # Both were welcomed, and one person is welcomed once: the house took that back. A gift to oneself is none.
            came = {"capture": False, "link": False, "welcome": True}
            assert {move["kind"]: move["change"] > 0 for move in moves} == came
            assert sum(move["change"] for move in moves) == has["total_available_credits"]
            assert sorted(log["job_id"] for log in (await told(ann, f"{WALLET}/usage"))["logs"]) == [1, 2, 3]

    web_house(tmp_path).run(story)


@pytest.mark.row("F-credits")
def test_what_comes_by_the_month_is_there_before_anything_is_asked_for(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        by_rules(web, roles=Roles.model_validate({"roles": {"everyone": {"monthly": 200}}}))
        async with web.client(await web.key()) as ann:
            has = await told(ann, CREDITS)
            assert (has["total_available_credits"], has["credits_per_month"]) == (1200, 200)
            assert has["last_reset_at"][:7] < has["next_reset_date"][:7]
            assert has["next_reset_date"][7:] == "-01T00:00:00.000Z"
            assert (await told(ann, CREDITS))["total_available_credits"] == 1200

    web_house(tmp_path).run(story)


BOUNDS = ((30, 5), (30.1, 10), (60, 10), (61, 15), (120, 15), (121, 25), (300, 25), (301, 40), (600, 40))


@pytest.mark.row("D1", "D2", "D3", "D4", "D5", "F-wallet", "G10", "G20")
def test_an_estimate_is_what_a_job_of_that_length_costs(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            for seconds, credits in BOUNDS:
                asked = {"service_type": "music_generation", "duration_seconds": seconds}
                told_ = (await ann.post(f"{WALLET}/estimate", json=asked)).json()
                assert (told_["credits"], told_["cost_cents"]) == (credits, credits * 2), seconds
                assert told_["cost_usd"] == f"${credits * 2 / 100:.2f}"
                assert told_["duration_minutes"] == pytest.approx(seconds / 60)
                assert told_["rate_per_minute"] * seconds / 60 == pytest.approx(credits * 2 / 100, rel=1e-4)
                job = (await ann.post(f"{MUSIC}/text2music", json={**SONG, "duration": seconds})).json()
                assert job["price_cents"] == told_["cost_cents"]

    usual = Pricing.model_validate(tomllib.loads(PRICES.read_text()))
    web_house(tmp_path, pricing=usual).run(story)


@pytest.mark.row("F-credits", "F-wallet", "G9", "G25")
def test_services_have_the_prices_of_their_jobs(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            names = await told(ann, f"{WALLET}/service-types")
            assert names[:2] == ["music_generation", "stem_extraction"]
            rates = await told(ann, f"{CREDITS}/multipliers")
            assert rates == {
                "music_generation": 10.0, "stem_extraction": 5.0, "music_analysis": 0.0, "lyrics_alignment": 0.0,
            }  # fmt: skip
            prices = await told(ann, f"{WALLET}/pricing")
            assert [(tier["up_to_seconds"], tier["credits"], tier["cents"]) for tier in prices["tiers"]] == [
                (30, 5, 10), (60, 10, 20), (120, 15, 30), (300, 25, 50), (600, 40, 80),
            ]  # fmt: skip
            assert {name: each["credits"] for name, each in prices["services"].items()} == rates
            assert [*prices["services"]] == names
            assert prices["wallet"]["payments"] is False
            for name in names:
                asked = {"service_type": name, "duration_seconds": 60}
                each = (await ann.post(f"{WALLET}/estimate", json=asked)).json()
                assert (each["service_type"], each["credits"]) == (name, rates[name])
            # However long it is, a recording is taken apart for the same.
            long = {"service_type": "stem_extraction", "duration_seconds": 1800}
            assert (await ann.post(f"{WALLET}/estimate", json=long)).json()["credits"] == 5
            by_rules(web, capabilities=web.house.rules.capabilities.model_copy(update={"tasks": ("text2music",)}))
        async with web.client(await web.key()) as ann:
            assert await told(ann, f"{WALLET}/service-types") == ["music_generation", "lyrics_alignment"]

    usual = Pricing.model_validate(tomllib.loads(PRICES.read_text()))
    web_house(tmp_path, pricing=usual).run(story)


@pytest.mark.row("F-wallet", "A7", "H5")
def test_whether_a_job_can_be_paid(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann:
            song = {"service_type": "music_generation", "duration_seconds": 180}
            could = (await ann.post(f"{WALLET}/check-balance", json=song)).json()
            assert could == {"can_proceed": True, "cost_cents": 80, "current_balance_cents": 2000}
            by_rules(web, pricing=web.house.rules.pricing.model_copy(update={"welcome": 39}))
        async with web.client(await web.key("poor")) as poor:
            short = await poor.post(f"{WALLET}/check-balance", json=song)
            assert (short.status_code, short.json()["detail"]) == (402, "Insufficient credits")
            assert (short.json()["required_cents"], short.json()["available_cents"]) == (80, 78)
            free = {"service_type": "lyrics_alignment", "duration_seconds": 180}
            assert (await poor.post(f"{WALLET}/check-balance", json=free)).json()["can_proceed"]
            assert (await told(poor, f"{WALLET}/balance"))["low_balance_warning"]

    web_house(tmp_path).run(story)


WRONG: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("estimate", {}, "service_type"),
    ("estimate", {"service_type": "music_generation"}, "duration_seconds"),
    ("estimate", {"service_type": "transcription", "duration_seconds": 60}, "service_type"),
    ("estimate", {"service_type": "music_generation", "duration_seconds": 601}, "duration_seconds"),
    ("estimate", {"service_type": "music_generation", "duration_seconds": 0}, "duration_seconds"),
    ("estimate", {"service_type": "music_generation", "duration_seconds": "60"}, "duration_seconds"),
    ("check-balance", {"service_type": 5, "duration_seconds": 60}, "service_type"),
    ("check-balance", {"service_type": "music_generation", "duration_seconds": 60, "x": 1}, "x"),
    ("topup/checkout", {"amount_cents": 99}, "amount_cents"),
    ("topup/checkout", {"amount_cents": 1_000_001}, "amount_cents"),
    ("topup/payment-intent", {"amount_cents": 250.5}, "amount_cents"),
    ("topup/payment-intent", {}, "amount_cents"),
)


@pytest.mark.row("F-wallet", "G12", "A7")
def test_what_can_not_be_asked_is_named_and_nothing_is_ever_paid(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client(await web.key()) as ann, web.client(await web.key("ann", "create")) as maker:
            for path, body, field in WRONG:
                refused = await ann.post(f"{WALLET}/{path}", json=body)
                assert (refused.status_code, refused.json()["field"]) == (400, field), (path, body)
            for path in ("topup/checkout", "topup/payment-intent"):
                for cents in (100, 2500, 1_000_000):
                    refused = await ann.post(f"{WALLET}/{path}", json={"amount_cents": cents})
                    assert (refused.status_code, refused.json()["code"]) == (403, "no_payments")
                    assert "no payments" in refused.json()["detail"]
            for path in (CREDITS, f"{CREDITS}/usage", f"{WALLET}/balance", f"{WALLET}/pricing"):
                assert (await maker.get(path)).status_code == 403

    web_house(tmp_path).run(story)


def test_sums_and_pages_are_the_same_on_either_database(database: Database) -> None:
    def lay(session: Any) -> None:
        ann, bob = person(session), person(session, "bob", credits=40)
        job = priced_job(session, ann, 30)
        priced_job(session, ann, 5)
        ledger.capture(session, key=jobs.hold_key(job), amount=30, now=5)
        ledger.grant(session, key="a", account=account(ann), amount=7, now=6, kind="allowance")
        for key, debit, credit in (("x", ann, bob), ("y", bob, ann)):
            ledger.transfer(
                session, key=key, kind="gift", debit=account(debit), credit=account(credit), amount=3, now=7
            )

    database.write(lay)
    ann, both = ("user:1",), ("user:1", "user:2")
    assert database.read(lambda s: usage.totals(s, ann)) == Totals(spent=30, came=100 + 7 + 3, allowed_at=6)
    assert database.read(lambda s: usage.totals(s, both)) == Totals(spent=30, came=140 + 7, allowed_at=6)
    assert database.read(lambda s: usage.totals(s, ("user:9",))) == Totals(spent=0, came=0, allowed_at=None)

    def kinds(rows: Any) -> list[str]:
        return [row.kind for row in rows]

    assert kinds(database.read(lambda s: usage.moved(s, ann, 0, 9))) == [
        "gift",
        "gift",
        "allowance",
        "capture",
        "grant",
    ]
    assert kinds(database.read(lambda s: usage.moved(s, both, 0, 9))) == ["allowance", "capture", "grant", "grant"]
    assert kinds(database.read(lambda s: usage.came(s, ann, 1, 2))) == ["allowance", "grant"]
    assert kinds(database.read(lambda s: usage.spent(s, both, 0, 9))) == ["capture"]
