"""Credits as people meet them: by the day, by the month, as gifts, and from those in charge."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.answers import Answer
from bot.desk import Desk
from storage import audit, ledger, users
from storage.database import Database
from storage.tables import User
from tests.fakes.clock import at
from tests.integration.house import House, rules
from workflows import credits, gifts
from workflows.people import OPERATOR, ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.submit import Accepted, submit

ROLES: dict[str, dict[str, Any]] = {
    "everyone": {"daily": 10},
    "patron": {"daily": 30, "monthly": 100},
    "helper": {"daily": 20, "monthly": 60},
    "admin": {"in_charge": True},
}
RULES = rules(roles=ROLES, limits={"live_jobs": 10_000})
ANN, BEN = Requester("chat", "u1", "ann"), Requester("chat", "u2", "ben")
ADA = Requester("chat", "u3", "ada", roles=("admin",))
PATRON = replace(ANN, roles=("patron",))
HERE = ReplyTo("chat", "room")


class Chat:
    """Somebody types, and reads the answer."""

    def __init__(self, db: Database, rules: Rules = RULES) -> None:
        self.db, self.rules = db, rules
        self.desk = Desk(db, rules, lambda: None)
        self._numbers = itertools.count()

    def says(self, text: str, who: Requester = ANN, request: str | None = None) -> str:
        answer = asyncio.run(self.desk.typed(who, HERE, text, request or f"request {next(self._numbers)}"))
        assert isinstance(answer, Answer), answer
        return answer.text

    def has(self, who: Requester = ANN) -> int:
        """What they have; somebody new is welcomed first."""
        self.db.write(lambda session: credits.welcome(session, self.rules.pricing, who, now_ms()))
        return asyncio.run(credits.balance(self.db, self.rules.pricing, who)).available

    def sound(self) -> bool:
        return asyncio.run(credits.check(self.db)) == []


@pytest.fixture
def chat(database: Database) -> Chat:
    return Chat(database)


def ask(db: Database, who: Requester = ANN, rules: Rules = RULES, duration: int = 30) -> Accepted:
    values = {"caption": "blues", "duration": duration}
    return asyncio.run(submit(db, rules, who, HERE, "text2music", values))


# --- by the day ---


def test_daily_credits_come_once_a_calendar_day(chat: Chat) -> None:
    with at("2026-11-21 22:00"):
        assert chat.says("/daily") == "10 credits for today: you have 1,010 now. The next ones come in 2 hours."
        assert chat.says("/daily") == "You had today's credits already. The next ones come in 2 hours."
        assert chat.says("/daily", BEN).startswith("10 credits for today")
    with at("2026-11-21 23:59:59"):
        assert chat.says("/daily").endswith("in 1 second.")
    with at("2026-11-22 00:00"):
        assert chat.says("/daily").startswith("10 credits for today: you have 1,020 now.")
    # A clock that is put back gives nothing again.
    with at("2026-11-21 12:00"):
        assert chat.says("/daily").startswith("You had today's credits already.")
    assert chat.has() == 1020
    assert chat.sound()


def test_daily_credits_are_those_of_the_best_role(chat: Chat) -> None:
    with at("2026-11-21 12:00"):
        assert chat.says("/daily", replace(BEN, roles=("helper", "Patron"))).startswith("30 credits for today")
        # The day is theirs once, whatever they are called a moment later.
        assert chat.says("/daily", BEN).startswith("You had today's")


def test_a_house_without_daily_credits_says_so(database: Database) -> None:
    assert "Nobody gets credits by the day" in Chat(database, rules()).says("/daily")


def test_a_request_that_comes_twice_gives_once(chat: Chat) -> None:
    async def twice(text: str) -> list[object]:
        return [await chat.desk.typed(ADA, HERE, text, f"the same {text}") for _ in range(2)]

    chat.has(BEN)
    for text in ("/daily", "/gift ben 5", "/grant ben 7", "/revoke ben 2"):
        first, again = asyncio.run(twice(text))
        assert isinstance(first, Answer), text
        assert again is None, text
    assert (chat.has(ADA), chat.has(BEN)) == (1005, 1010)


# --- by the month ---


def test_an_allowance_comes_with_the_first_thing_done_in_a_month(chat: Chat) -> None:
    with at("2026-11-30 23:00"):
        ask(chat.db, PATRON)
        assert chat.has() == 1000 + 100 - 5
        assert "Every month you get 100" in chat.says("/credits", PATRON)
        assert chat.has() == 1095
    with at("2026-12-01 00:00"):
        # Looking at somebody's balance is nothing they did.
        assert chat.has() == 1095
        assert "+100 for a month" in chat.says("/credits", PATRON)
        assert chat.has() == 1195
    with at("2026-12-31 23:00"):
        chat.says("/daily", PATRON)
        assert chat.has() == 1225
    with at("2027-01-01 01:00"):
        # Without the role there is nothing.
        ask(chat.db, ANN)
        assert chat.has() == 1220
        chat.says("/daily", PATRON)
        assert chat.has() == 1350
    assert chat.sound()


def test_an_allowance_pays_for_the_song_it_came_with(database: Database) -> None:
    poor = replace(RULES, pricing=RULES.pricing.model_copy(update={"welcome": 0}))
    with at("2026-11-21 12:00"):
        with pytest.raises(Refusal, match="insufficient_credits"):
            ask(database, ANN, poor)
        accepted = ask(database, PATRON, poor, duration=600)
        assert accepted.price == 40
        assert asyncio.run(credits.balance(database, poor.pricing, ANN)).available == 60


def test_a_better_role_adds_the_difference_and_no_role_adds_twice(chat: Chat) -> None:
    helper, both = replace(ANN, roles=("helper",)), replace(ANN, roles=("helper", "patron"))
    with at("2026-11-21 12:00"):
        got = []
        for who in (helper, ANN, helper, PATRON, helper, both, PATRON):
            chat.says("/credits", who)
            got.append(chat.has() - 1000)
    assert got == [60, 60, 60, 100, 100, 100, 100]


def test_one_person_of_two_names_has_one_allowance_and_one_day(chat: Chat) -> None:
    def join(session: Any) -> None:
        old, new = (users.known(session, "chat", who.external_id) for who in (BEN, ANN))
        assert old is not None
        assert new is not None
        session.get(User, old.id).joined = new.id

    with at("2026-11-21 12:00"):
        chat.says("/daily", replace(BEN, roles=("patron",)))
        chat.has(ANN)
        chat.db.write(join)
        assert chat.says("/daily", PATRON).startswith("You had today's")
        chat.says("/credits", PATRON)
        assert chat.has(ANN) == 1000


# --- gifts ---


def test_a_gift_goes_from_hand_to_hand_with_a_word(chat: Chat) -> None:
    chat.has(BEN)
    said = chat.says('/gift @ben 50 message:"for your birthday"')
    assert said == "ben has 50 of your credits now. You have 950 left."
    assert (chat.has(ANN), chat.has(BEN)) == (950, 1050)
    assert "+50 from ann: for your birthday" in chat.says("/credits", BEN).splitlines()
    assert "-50 to ben: for your birthday" in chat.says("/credits", ANN).splitlines()
    assert chat.sound()


def test_somebody_mentioned_gets_an_account_with_the_gift(chat: Chat) -> None:
    chat.says("/gift <@99|Eve Moor> 5", Requester("discord", "11", "dan"))
    assert chat.has(Requester("discord", "99", "Eve Moor")) == 1005


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/gift ann 5", "That is you: a gift is for somebody else."),
        ("/gift nobody 5", "Nobody here is called nobody."),
        ("/gift ben 1001", "You can't give 1,001: you have 1,000 to give."),
        ("/gift ben 0", "`amount` is 0, must be 1 to"),
        ("/gift ben -5", "`amount` is -5, must be 1 to"),
        ("/gift ben amount:-5", "`amount` is -5, must be 1 to"),
        ("/gift ben amount:half", "`amount` is half, must be"),
        ("/gift ben amount:1.5", "`amount` is 1.5, must be"),
        ("/gift ben amount:99999999999999999999", "`amount` is 99999999999999999999, must be"),
        ("/gift amount:5", "`who` is missing"),
        ("/gift ben", "`amount` is missing"),
        (f'/gift ben 5 message:"{"x" * 201}"', "`message` has 201 characters"),
        ("/gift ben 5 message:grape", "`message` has words"),
    ],
)
def test_a_gift_that_does_not_fit_is_refused_and_moves_nothing(sqlite: Database, text: str, said: str) -> None:
    chat = Chat(sqlite, replace(RULES, moderation=rules(blocked=("grape",)).moderation))
    chat.has(BEN)
    assert said in chat.says(text)
    assert (chat.has(ANN), chat.has(BEN)) == (1000, 1000)


def test_what_is_held_for_a_song_cannot_be_given_or_taken(chat: Chat) -> None:
    chat.has(BEN)
    ask(chat.db, duration=600)
    assert "you have 960 to give" in chat.says("/gift ben 961")
    assert "ann has only 960 credits that can be taken back" in chat.says("/revoke ann 961", ADA)
    chat.says("/gift ben 960")
    assert chat.has() == 0
    assert chat.sound()


# --- those in charge ---


def test_those_in_charge_grant_and_revoke_and_it_is_on_record(chat: Chat) -> None:
    chat.has(BEN)
    chat.has(ADA)
    assert chat.says('/grant ben 500 why:"won it"', ADA) == "ben got 500 credits and has 1,500 now."
    assert chat.says("/revoke ben 200 why:oops", ADA) == "ben lost 200 credits and has 1,300 now."
    assert chat.says("/credits", BEN).splitlines()[2:4] == ["-200 taken back: oops", "+500 given: won it"]
    noted = chat.db.read(lambda session: audit.latest(session, 10))
    assert [(note.act, note.by, note.subject, note.details) for note in noted] == [
        ("revoke", "ada", "user:1", {"name": "ben", "amount": 200, "why": "oops"}),
        ("grant", "ada", "user:1", {"name": "ben", "amount": 500, "why": "won it"}),
    ]


def test_nobody_else_does(chat: Chat) -> None:
    chat.has(BEN)
    for text in ("/grant ann 500", "/revoke ben 500"):
        assert "for those who run this place" in chat.says(text)
    assert (chat.has(ANN), chat.has(BEN)) == (1000, 1000)
    assert chat.db.read(lambda session: audit.latest(session, 10)) == ()


def test_a_key_grants_once_and_never_something_else(chat: Chat) -> None:
    async def grant(amount: int, to: Requester = ANN) -> gifts.Given:
        return await gifts.grant(chat.db, RULES, OPERATOR, to, amount, key="payout 7")

    for _ in range(3):
        assert asyncio.run(grant(40)).available == 1040
    for amount, to in ((41, ANN), (40, BEN)):
        with pytest.raises(Refusal, match="key_reused"):
            asyncio.run(grant(amount, to))
    assert (chat.has(ANN), chat.has(BEN)) == (1040, 1000)
    assert len(chat.db.read(lambda session: audit.latest(session, 10))) == 1


# --- the last credits ---


def test_the_last_credits_come_with_a_way_to_more(database: Database) -> None:
    chat = Chat(database, replace(RULES, pricing=RULES.pricing.model_copy(update={"welcome": 84})))
    song = "/song blues duration:600"

    def taken(text: str) -> list[str]:
        # What was refused between may have used up a number.
        return chat.says(text).partition(" ")[2].splitlines()

    with at("2026-11-21 12:00"):
        assert taken(song) == ["taken, first in line, 40 credits"]
        assert taken(song) == [
            "taken, second in line, 40 credits",
            "You have 4 credits left, too few for another like it. `/daily` gives you 10 more today.",
        ]
        assert chat.says(song) == (
            "Insufficient credits: this costs 40 and you have 4. "
            "`/daily` gives you 10 more today; or ask for something shorter or fewer takes."
        )
        chat.says("/daily")
        assert chat.says(song).endswith("or ask whoever runs this place for more.")
        assert taken("/song blues duration:30") == ["taken, third in line, 5 credits"]
        assert taken("/song blues duration:30")[1] == (
            "You have 4 credits left, too few for another like it. Ask whoever runs this place for more."
        )
    assert chat.sound()


def test_what_costs_nothing_needs_no_credits(database: Database) -> None:
    free = RULES.pricing.model_copy(update={"welcome": 0, "free_tasks": ("text2music",)})
    chat = Chat(database, replace(RULES, pricing=free))
    assert chat.says("/song blues") == "#1 taken, first in line, 0 credits"
    assert chat.db.read(lambda session: ledger.balance(session, "user:1")) == ledger.Balance(0, 0, 0)
    assert chat.sound()


def test_a_statement_names_the_songs_that_were_paid(house: House) -> None:
    house.rules = RULES
    chat = Chat(house.db)
    with at("2026-11-21 12:00"):
        asyncio.run(house.ask(who=PATRON))
    asyncio.run(house.work())
    with at("2026-11-21 12:00"):
        chat.says("/daily", PATRON)
        assert chat.says("/credits", PATRON).splitlines() == [
            "You have 1,125 credits.",
            "Every month you get 100, with the first thing you do in it.",
            "+30 for a day",
            "-5 for `#1` A Title",
            "+100 for a month",
            "+1,000 to begin with",
        ]
        assert chat.says("/credits", BEN).splitlines()[1] == "`/daily` gives you 10 more today."


# --- many at once, and anything in any order ---


def test_two_houses_give_the_day_and_the_month_once(database_url: str, database: Database) -> None:
    other = Database(database_url)
    asyncio.run(credits.account(database, RULES, ANN))

    def ask_for_it(number: int) -> str:
        db = (database, other)[number % 2]
        try:
            asyncio.run(credits.daily(db, RULES, PATRON))
        except Refusal as refusal:
            return refusal.code
        finally:
            asyncio.run(credits.account(db, RULES, PATRON))
        return "given"

    with at("2026-11-21 12:00"), ThreadPoolExecutor(8) as threads:
        told = Counter(threads.map(ask_for_it, range(8)))
    other.close()
    assert told == {"given": 1, "daily_taken": 7}
    assert asyncio.run(credits.balance(database, RULES.pricing, ANN)).available == 1130


def test_gifts_there_and_back_at_once_lose_nothing(database_url: str, database: Database) -> None:
    other = Database(database_url)
    pair = (PATRON, BEN)
    for who in pair:
        asyncio.run(credits.account(database, RULES, replace(who, roles=())))

    def give(number: int) -> None:
        db, giver, taker = (database, other)[number // 2 % 2], pair[number % 2], pair[1 - number % 2]
        for _ in range(5):
            asyncio.run(gifts.gift(db, RULES, giver, taker.name, 3))
            ask(db, giver)

    with at("2026-11-21 12:00"), ThreadPoolExecutor(8) as threads:
        list(threads.map(give, range(8)))
    other.close()
    chat = Chat(database)
    assert (chat.has(ANN), chat.has(BEN)) == (1000, 900)
    assert chat.sound()


def test_the_same_credits_are_never_given_twice(database_url: str, database: Database) -> None:
    other, start = Database(database_url), threading.Barrier(8)
    for who in (ANN, BEN):
        asyncio.run(credits.account(database, RULES, replace(who, roles=())))

    def give(number: int) -> str:
        start.wait()
        try:
            asyncio.run(gifts.gift((database, other)[number % 2], RULES, ANN, "ben", 300))
        except Refusal as refusal:
            return refusal.code
        return "given"

    with ThreadPoolExecutor(8) as threads:
        told = Counter(threads.map(give, range(8)))
    other.close()
    assert told == {"given": 3, "gift_too_large": 5}
    assert Chat(database).has(BEN) == 1900


DAYS = [f"2026-{day} 12:00" for day in ("11-29", "11-30", "12-01", "12-02", "12-31")] + ["2027-01-01 12:00"]
PEOPLE = st.integers(0, 2)
CALLED = st.sets(st.sampled_from(["patron", "helper", "stranger"])).map(lambda names: tuple(sorted(names)))
STEPS = st.one_of(
    st.tuples(st.sampled_from(["daily", "look", "song"]), PEOPLE, CALLED, st.sampled_from(DAYS)),
    st.tuples(st.just("gift"), PEOPLE, PEOPLE, st.integers(1, 1500)),
    st.tuples(st.sampled_from(["grant", "revoke"]), PEOPLE, st.just(0), st.integers(1, 1500)),
)


@dataclass
class Books:
    """What each of three people should have."""

    has: list[int] = field(default_factory=lambda: [1000, 1000, 1000])
    days: set[tuple[int, str]] = field(default_factory=set)
    months: dict[tuple[int, str], dict[str, int]] = field(default_factory=dict)

    def month(self, who: int, called: tuple[str, ...], day: str) -> None:
        best = "patron" if "patron" in called else "helper" if "helper" in called else None
        given = self.months.setdefault((who, day[:7]), {})
        if best is None or best in given:
            return
        more = ROLES[best]["monthly"] - sum(given.values())
        if more > 0:
            given[best] = more
            self.has[who] += more

    def day(self, who: int, called: tuple[str, ...], day: str) -> bool:
        if (who, day[:10]) in self.days:
            return False
        self.days.add((who, day[:10]))
        self.month(who, called, day)
        self.has[who] += max([10, *(ROLES[name]["daily"] for name in called if name in ROLES)])
        return True

    def move(self, kind: str, who: int, other: int, amount: int) -> bool:
        if kind == "grant":
            self.has[who] += amount
            return True
        if self.has[who] < amount or (kind == "gift" and who == other):
            return False
        self.has[who] -= amount
        if kind == "gift":
            self.has[other] += amount
        return True


TIMES = itertools.count()


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
def test_whatever_is_given_and_taken_adds_up(database: Database, steps: list[tuple[Any, ...]]) -> None:
    number = next(TIMES)
    names = [f"{name}{number}" for name in ("ann", "ben", "eve")]
    people = [Requester("chat", name, name) for name in names]
    books = Books()

    async def done(step: tuple[Any, ...]) -> bool:
        kind, who = step[0], replace(people[step[1]], roles=step[2] if isinstance(step[2], tuple) else ())
        try:
            match kind:
                case "daily":
                    await credits.daily(database, RULES, who)
                case "look":
                    await credits.account(database, RULES, who)
                case "song":
                    await submit(database, RULES, who, HERE, "text2music", {"caption": "blues", "duration": 600})
                case "gift":
                    await gifts.gift(database, RULES, who, names[step[2]], step[3])
                case "grant":
                    await gifts.grant(database, RULES, OPERATOR, names[step[1]], step[3])
                case "revoke":
                    await gifts.revoke(database, RULES, OPERATOR, names[step[1]], step[3])
        except Refusal:
            return False
        return True

    def expected(step: tuple[Any, ...]) -> bool:
        kind, who = step[0], step[1]
        match kind:
            case "daily":
                return books.day(who, step[2], step[3])
            case "look":
                books.month(who, step[2], step[3])
                return True
            case "song":
                before = replace(
                    books, has=[*books.has], months={key: {**given} for key, given in books.months.items()}
                )
                books.month(who, step[2], step[3])
                if books.has[who] >= 40:
                    books.has[who] -= 40
                    return True
                # What is refused leaves nothing, not even the month's allowance.
                books.has, books.months = before.has, before.months
                return False
            case _:
                return books.move(kind, *step[1:])

    def available() -> list[int]:
        return [asyncio.run(credits.balance(database, RULES.pricing, who)).available for who in people]

    for person in people:
        asyncio.run(credits.account(database, RULES, person))
    assert available() == books.has
    for step in steps:
        day = step[3] if isinstance(step[3], str) else DAYS[0]
        with at(day):
            assert asyncio.run(done(step)) == expected(step), step
        assert available() == books.has, step
    assert asyncio.run(credits.check(database)) == []
