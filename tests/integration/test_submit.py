"""What happens to a request before any engine sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from storage import outbox
from tests.integration.house import ANN, House, rules
from workflows import control, credits
from workflows.people import Requester
from workflows.refusal import Refusal

BOB = Requester("terminal", "bob", "bob")


def refused(house: House, **values: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        asyncio.run(house.ask(**values))
    return caught.value


def nothing_kept(house: House) -> bool:
    balance = asyncio.run(credits.balance(house.db, house.rules.pricing, ANN))
    return not asyncio.run(control.recent(house.db, 10)) and (balance.posted, balance.held) == (1000, 0)


def test_an_accepted_request_is_kept_with_its_hold_and_its_message(house: House) -> None:
    accepted = asyncio.run(house.ask())
    assert (accepted.price, accepted.duration, accepted.position) == (5, 30, 0)
    job = asyncio.run(house.job(accepted.job_id))
    assert (job.status, job.user, job.price) == ("PENDING", "ann", 5)
    balance = asyncio.run(credits.balance(house.db, house.rules.pricing, ANN))
    assert (balance.posted, balance.held, balance.available) == (1000, 5, 995)
    [row] = house.db.read(lambda session: outbox.pending_for(session, job.id))
    assert row.topic == "accepted"


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"bpm": 500}, "bad_value", "bpm"),
        ({"bpm": "fast"}, "bad_value", "bpm"),
        ({"duration": 601}, "bad_value", "duration"),
        ({"duration": 4.9}, "bad_value", "duration"),
        ({"duration": "nan"}, "bad_value", "duration"),
        ({"caption": ""}, "nothing_to_go_by", "caption"),
        ({"caption": "x" * 2049}, "bad_value", "caption"),
        ({"genre_preset": "Polka"}, "bad_value", "genre_preset"),
        ({"keyscale": "H minor"}, "bad_value", "keyscale"),
        ({"timesignature": "5/4"}, "bad_value", "timesignature"),
        ({"tempo": 120}, "unknown_option", "tempo"),
        ({"batch_size": 9}, "bad_value", "batch_size"),
        ({"audio_duration": 30, "duration": 31}, "unknown_option", "audio_duration"),
    ],
)
def test_bad_input_names_the_field_and_keeps_nothing(
    house: House, values: dict[str, Any], code: str, field: str
) -> None:
    refusal = refused(house, **values)
    assert (refusal.code, refusal.field) == (code, field)
    assert refusal.allowed
    assert nothing_kept(house)


def test_a_preset_may_be_written_in_any_case(house: House) -> None:
    accepted = asyncio.run(house.ask(genre_preset="jazz"))
    assert asyncio.run(house.job(accepted.job_id)).spec["genre_preset"] == "Jazz"


def test_too_few_credits_say_how_many_are_needed(house: House) -> None:
    refusal = None
    for _ in range(4):
        try:
            asyncio.run(house.ask(duration=600, batch_size=8))
        except Refusal as caught:
            refusal = caught
    assert refusal is not None
    assert refusal.code == "insufficient_credits"
    assert (refusal.params["required"], refusal.params["available"]) == (320, 40)
    assert len(asyncio.run(control.recent(house.db, 10))) == 3


def test_the_rate_limit_says_when_to_come_back(house: House) -> None:
    house.rules = rules(limits={"per_minute": {"text2music": 2}})
    asyncio.run(house.ask())
    asyncio.run(house.ask())
    refusal = refused(house)
    assert refusal.code == "rate_limited"
    assert refusal.retry_after is not None
    assert 55 <= refusal.retry_after <= 60
    asyncio.run(house.ask(who=BOB))


def test_a_person_has_only_so_many_jobs_at_once(house: House) -> None:
    house.rules = rules(limits={"live_jobs": 1})
    asyncio.run(house.ask())
    assert refused(house).code == "too_many_jobs"


def test_blocked_words_are_refused_as_words_only(house: House) -> None:
    house.rules = rules(blocked=("grape",))
    assert refused(house, lyrics="a GRAPE on the vine").field == "lyrics"
    asyncio.run(house.ask(lyrics="grapefruit in the sun"))


def test_a_task_the_engine_lacks_is_refused_plainly(house: House) -> None:
    from workflows.submit import judge

    with pytest.raises(Refusal) as caught:
        judge(house.rules, "cover", {"caption": "jazz", "source_job_id": 1})
    assert caught.value.code == "task_not_available"


def test_a_request_sent_twice_is_one_job(house: House) -> None:
    first = asyncio.run(house.ask(key="k1", seed=5))
    again = asyncio.run(house.ask(key="k1", seed=5))
    assert first.job_id == again.job_id
    assert refused(house, key="k1", seed=6).code == "key_reused"
    assert asyncio.run(credits.balance(house.db, house.rules.pricing, ANN)).held == 5


def test_many_at_once_are_all_kept_and_numbered(house: House) -> None:
    async def all_at_once() -> set[int]:
        taken = await asyncio.gather(*(house.ask(who=who) for who in (ANN, BOB) for _ in range(10)))
        return {accepted.job_id for accepted in taken}

    assert len(asyncio.run(all_at_once())) == 20
    assert asyncio.run(credits.check(house.db)) == []
