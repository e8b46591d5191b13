"""The HTTP front: who may call, what is answered to what can't be read, and whether the house is up."""

from __future__ import annotations

from pathlib import Path

from tests.integration.web_house import WebHouse, web_house


def test_without_a_key_nothing_is_answered_and_with_one_its_owner_is_known(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client() as stranger, web.client("ap_" + "x" * 43) as thief, web.client(await web.key()) as ann:
            for client in (stranger, thief):
                refused = await client.get("/api/v1/auth/me")
                assert (refused.status_code, refused.json()["detail"]) == (401, "Authentication required")
            assert (await ann.get("/api/v1/auth/me")).json()["name"] == "ann"

    web_house(tmp_path).run(story)


def test_the_house_says_whether_it_is_up_and_ready(tmp_path: Path) -> None:
    async def story(web: WebHouse) -> None:
        async with web.client() as anybody:
            assert (await anybody.get("/health")).json() == {"ok": True}
            assert (await anybody.get("/ready")).json()["ready"]
            web.works = False
            refused = await anybody.get("/ready")
            assert (refused.status_code, refused.json()["worker"]) == (503, False)

    web_house(tmp_path).run(story)
