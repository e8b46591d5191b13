"""One person on several chats: their codes, their songs and their credits, on both databases."""

from __future__ import annotations

import asyncio
import re
import threading
import uuid
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select, update

from bot.actions import ACTIONS
from bot.answers import Answer
from bot.desk import Desk
from storage import jobs, ledger, links, users
from storage.blobs import FolderBlobs
from storage.database import Database
from storage.tables import Ban, LinkCode, Transfer
from tests.integration.house import House, rules
from tests.rows import priced_job
from workflows import control, credits, gifts, link, moderators
from workflows.credits import account_of, welcome
from workflows.people import OPERATOR, ReplyTo, Requester, now_ms
from workflows.pricing import Pricing, Tier
from workflows.refusal import Refusal

T = TypeVar("T")

ON_DISCORD = Requester("discord", "100", "ann")
ON_SLACK = Requester("slack", "T1:U100", "Ann Lee")
AT_HOME = Requester("terminal", "anna", "anna")
BEN = Requester("discord", "200", "ben")
SONGS, OFFICE, FOLDER = ReplyTo("discord", "9/1"), ReplyTo("slack", "T1/C1"), ReplyTo("terminal")
PLACES = {"discord": SONGS, "slack": OFFICE, "terminal": FOLDER}


@dataclass
class Home(House):
    """A house on the database it is given."""

    database: Database | None = None

    def __post_init__(self) -> None:
        assert self.database is not None
        self.db = self.database
        self.blobs = FolderBlobs(self.folder / "blobs")


class Story:
    """Two chats and a terminal in front of one house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.desk = Desk(house.db, house.rules, lambda: None)
        self._requests = 0

    async def say(self, who: Requester, text: str, request: str | None = None) -> str:
        self._requests += 1
        answer = await self.desk.typed(who, PLACES[who.surface], text, request or f"request {self._requests}")
        assert isinstance(answer, Answer)
        return answer.text

    async def code(self, who: Requester) -> str:
        found = re.search(r"`(\w{8})`", await self.say(who, "/link"))
        assert found is not None
        return found[1]

    async def link(self, maker: Requester, typist: Requester) -> str:
        return await self.say(typist, f"/link {await self.code(maker)}")

    async def song(self, who: Requester, caption: str = "blues") -> int:
        """An ended job of theirs, 5 credits."""
        assert "taken" in await self.say(who, f"/song {caption} duration:30")
        await self.house.work()
        return (await control.recent(self.house.db, 1))[0].id

    async def live(self, who: Requester) -> int:
        return len(self.house.db.read(lambda session: jobs.live_of(session, self.number(who))))

    async def has(self, who: Requester) -> int:
        return (await credits.balance(self.house.db, self.house.rules.pricing, who)).available

    async def give(self, who: Requester, amount: int, key: str) -> None:
        """As those in charge do."""

        def work(session: Session) -> None:
            account = account_of(welcome(session, self.house.rules.pricing, who, 1))
            ledger.grant(session, key=key, account=account, amount=amount, now=1)

        await self.house.db.awrite(work)

    def number(self, who: Requester) -> int:
        user = self.house.db.read(lambda session: users.known(session, who.surface, who.external_id))
        assert user is not None
        return user.id

    def sound(self) -> None:
        assert self.house.db.read(ledger.check) == []


@pytest.fixture(autouse=True)
def cheap_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of codes are made and typed here; tests of challenges and privacy link at the full cost."""
    monkeypatch.setattr(link, "COST", 2)


@pytest.fixture
def story(tmp_path: Path, database: Database) -> Story:
    return Story(Home(tmp_path, database=database))


def run(what: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(what)


def test_a_code_from_one_chat_makes_both_accounts_one(story: Story) -> None:
    async def told() -> None:
        mine = await story.song(ON_DISCORD)
        await story.song(ON_SLACK, "rock")
        said = await story.link(ON_DISCORD, ON_SLACK)
        assert said.startswith("You are ann here now too")
        # 995 of each, and one welcome too many.
        assert "995 credits went back" in said
        assert "995 credits" in await story.say(ON_SLACK, "/credits")
        assert await story.has(ON_DISCORD) == 995
        for who in (ON_DISCORD, ON_SLACK):
            listed = (await story.say(who, "/jobs")).splitlines()
            assert [line.partition(" ")[0] for line in listed] == ["`#2`", "`#1`"]
        # The song from the other chat is theirs wherever they ask.
        pressed = await story.desk.pressed(ON_SLACK, OFFICE, ACTIONS["delete"], mine, "press")
        assert pressed is not None
        assert "gone" in pressed.text
        assert story.number(ON_SLACK) == story.number(ON_DISCORD)
        assert [job.id for job in await story.desk.suggested(ON_DISCORD, "")] == [2]
        story.sound()

    run(told())


def test_new_songs_are_made_under_the_account_that_goes_on(story: Story) -> None:
    async def told() -> None:
        old = await story.song(ON_SLACK)
        await story.link(ON_DISCORD, ON_SLACK)
        new = await story.song(ON_SLACK)
        ann = story.number(ON_DISCORD)
        views = [await story.house.job(job) for job in (old, new)]
        assert [view.user_id == ann for view in views] == [False, True]
        assert [view.user for view in views] == ["ann", "ann"]
        # Whom to mention, and whose own messages to write to, is told for the chat the song is in.
        assert [view.owner for view in views] == ["T1:U100", "T1:U100"]
        story.sound()

    run(told())


def test_the_terminal_joins_too(story: Story) -> None:
    async def told() -> None:
        await story.link(ON_DISCORD, AT_HOME)
        assert story.number(AT_HOME) == story.number(ON_DISCORD)
        # What an operator writes under the old name is theirs as well.
        await story.give(Requester("terminal", "anna", "anna"), 7, "a grant")
        assert await story.has(ON_DISCORD) == 1007
        account, _ = await credits.statement(story.house.db, "anna")
        assert account == f"user:{story.number(ON_DISCORD)}"

    run(told())


def test_credits_that_were_given_twice_go_back_as_far_as_they_are_there(story: Story) -> None:
    async def told() -> None:
        today = "2026-11-21"
        pricing, db = story.house.rules.pricing, story.house.db
        for who in (ON_DISCORD, ON_SLACK):
            await credits.balance(db, pricing, who)
        ann, lee = (f"user:{story.number(who)}" for who in (ON_DISCORD, ON_SLACK))

        def history(session: Session) -> None:
            def give(key: str, account: str, amount: int) -> None:
                ledger.transfer(session, key=key, kind="grant", debit="bank", credit=account, amount=amount, now=1)

            give(f"daily:{ann}:{today}", ann, 50)
            give(f"allowance:{ann}:member:2026-11", ann, 300)
            # Spent before the rest came: the welcome of the other account is gone, and 40 more.
            give("operator:1", lee, 100)
            ledger.transfer(session, key="spent", kind="revoke", debit=lee, credit="bank", amount=1040, now=1)
            give(f"daily:{lee}:{today}", lee, 50)
            give(f"daily:{lee}:2026-11-20", lee, 50)
            give(f"allowance:{lee}:member:2026-11", lee, 300)
            give(f"allowance:{lee}:gold:2026-11", lee, 500)

        db.write(history)
        said = await story.link(ON_DISCORD, ON_SLACK)
        # The day and the month that both had; not another day, another role, or what an operator gave.
        assert "350 credits went back" in said
        assert "610 credits came along" in said
        assert await story.has(ON_DISCORD) == 1000 + 50 + 300 + 610
        story.sound()

    run(told())


@pytest.mark.parametrize(
    ("given", "spent", "back", "left"), [(1000, 0, 1000, 1000), (1000, 1300, 700, 0), (400, 0, 1000, 1000)]
)
def test_a_welcome_given_to_oneself_is_no_second_welcome(
    story: Story, given: int, spent: int, back: int, left: int
) -> None:
    async def told() -> None:
        await story.say(ON_DISCORD, "/credits")
        assert f"ann has {given:,} of your" in await story.say(ON_SLACK, f"/gift {ON_DISCORD.name} {given}")
        if spent:
            await gifts.revoke(story.house.db, story.house.rules, OPERATOR, ON_DISCORD.name, spent)
        assert f"{back:,} credits went back" in await story.link(ON_DISCORD, ON_SLACK)
        assert await story.has(ON_DISCORD) == left
        story.sound()

    run(told())


def test_nobody_is_joined_while_they_have_songs_under_way(story: Story) -> None:
    async def told() -> None:
        await story.say(ON_SLACK, "/song wait duration:30")
        code = await story.code(ON_DISCORD)
        assert "You have 1 job going here" in await story.say(ON_SLACK, f"/link {code}")
        await control.cancel(story.house.db, 1)
        # The code was not used up, and songs of the account that goes on don't matter.
        await story.say(ON_DISCORD, "/song wait duration:30")
        assert "You are ann" in await story.say(ON_SLACK, f"/link {code}")
        story.sound()

    run(told())


def test_a_failed_song_of_a_joined_account_is_tried_again_at_the_cost_of_its_person(story: Story) -> None:
    async def told() -> None:
        failed = await story.song(ON_SLACK, "crash")
        assert "You are" in await story.link(ON_DISCORD, ON_SLACK)
        await control.retry(story.house.db, failed, ON_DISCORD, SONGS)
        assert await story.has(ON_DISCORD) == 995
        story.sound()
        # Another name leaves as many places as one has.
        story.desk.rules = story.house.rules = rules(limits={"live_jobs": 2})
        assert "taken" in await story.say(ON_DISCORD, "/song wait duration:30")
        assert "You have 2 jobs" in await story.say(ON_SLACK, "/song wait duration:30")
        assert await story.live(ON_DISCORD) == 2
        # Whose songs are under way is not joined further, whichever number they are under.
        assert "You have 2 jobs going" in await story.link(AT_HOME, ON_DISCORD)
        # Who is kept out has nothing made under any name.
        _, cancelled = await moderators.ban(
            story.house.db, story.house.rules.pricing, OPERATOR, "ann", hours=1, why="", request=None
        )
        assert (cancelled, await story.live(ON_DISCORD), await story.has(ON_DISCORD)) == (2, 0, 1000)
        story.sound()

    run(told())


def test_a_minute_of_two_names_is_one_minute(story: Story) -> None:
    async def told() -> None:
        story.desk.rules = rules(limits={"per_minute": {"text2music": 2}})
        for who in (ON_SLACK, ON_DISCORD):
            await story.say(who, "/song blues duration:30")
            await story.house.work()
        await story.link(ON_DISCORD, ON_SLACK)
        for who in (ON_SLACK, ON_DISCORD):
            assert "2 times a minute" in await story.say(who, "/song blues duration:30")

    run(told())


def test_two_joins_lead_to_one_person(story: Story) -> None:
    async def told() -> None:
        first = await story.song(ON_SLACK)
        await story.link(ON_DISCORD, ON_SLACK)
        await story.link(AT_HOME, ON_SLACK)
        numbers = {story.number(who) for who in (ON_SLACK, ON_DISCORD, AT_HOME)}
        assert len(numbers) == 1
        for who in (ON_SLACK, ON_DISCORD):
            assert (await control.show(story.house.db, first, who, PLACES[who.surface])).user == "anna"
            assert "`#1`" in await story.say(who, "/jobs")
        story.sound()

    run(told())


def test_a_code_is_good_once_for_a_while_and_only_the_latest(story: Story) -> None:
    async def told() -> None:
        older, code = await story.code(ON_DISCORD), await story.code(ON_DISCORD)
        assert "is not good" in await story.say(ON_SLACK, f"/link {older}")
        # Read out, it is understood however it is written.
        assert "You are ann" in await story.say(ON_SLACK, f'/link code:"{code[:4].lower()} - {code[4:]}"')
        assert "is not good" in await story.say(BEN, f"/link {code}")
        late = await story.code(ON_DISCORD)
        story.house.db.write(lambda session: session.exec(update(LinkCode).values(expires_at=now_ms() - 1)))
        assert "is not good" in await story.say(BEN, f"/link {late}")
        # What is kept is not what is typed.
        kept = story.house.db.read(lambda session: session.exec(select(LinkCode.code)).all())
        assert len(kept) == 1
        assert late not in kept[0]

    run(told())


def test_wrong_codes_are_counted(story: Story) -> None:
    async def told() -> None:
        for _ in range(5):
            assert "is not good" in await story.say(ON_SLACK, "/link AAAAAAAA")
        code = await story.code(ON_DISCORD)
        said = await story.say(ON_SLACK, f"/link {code}")
        assert "one wrong code too many" in said
        assert re.search(r"in \d+ (minutes|hour)", said)
        # Others are not kept out by it.
        assert "You are ann" in await story.say(AT_HOME, f"/link {code}")

    run(told())


def test_a_code_typed_where_it_was_made_says_what_to_do(story: Story) -> None:
    async def told() -> None:
        code = await story.code(ON_DISCORD)
        assert "type it on the other chat" in await story.say(ON_DISCORD, f"/link {code}")
        assert "You are ann" in await story.say(ON_SLACK, f"/link {code}")

    run(told())


def test_a_request_that_comes_again_is_answered_once(story: Story) -> None:
    async def told() -> None:
        code = await story.code(ON_DISCORD)
        assert "You are ann" in await story.say(ON_SLACK, f"/link {code}", "same")
        for _ in range(7):
            assert await story.desk.typed(ON_SLACK, OFFICE, f"/link {code}", "same") is None
        # None of these was a wrong code, and one that was counts once: with five nothing would be joined.
        assert "is not good" in await story.say(ON_SLACK, "/link AAAAAAAA", "wrong")
        for _ in range(7):
            assert await story.desk.typed(ON_SLACK, OFFICE, "/link AAAAAAAA", "wrong") is None
        assert "You are anna" in await story.link(AT_HOME, ON_SLACK)
        assert await story.desk.typed(ON_DISCORD, SONGS, "/link", "made") is not None
        assert await story.desk.typed(ON_DISCORD, SONGS, "/link", "made") is None

    run(told())


def test_a_draft_and_a_ban_follow_their_person(story: Story) -> None:
    async def told() -> None:
        refused = await story.desk.typed(ON_SLACK, OFFICE, "/song blues bpm:9000", "refused")
        assert isinstance(refused, Answer)
        assert refused.draft is not None
        await story.say(ON_DISCORD, "/credits")
        soon = now_ms() + 60_000
        bans = {ON_SLACK: None, ON_DISCORD: soon}

        def ban(session: Session) -> None:
            for who, until in bans.items():
                session.add(Ban(user_id=story.number(who), why=who.name, by="operator", until=until, created_at=1))

        story.house.db.write(ban)
        await story.link(ON_DISCORD, ON_SLACK)
        kept = story.house.db.read(lambda session: session.exec(select(Ban)).all())
        # The longer one, whoever had it.
        assert [(row.user_id, row.why, row.until) for row in kept] == [(story.number(ON_DISCORD), "Ann Lee", None)]
        assert not isinstance(await story.desk.reopened(ON_DISCORD, refused.draft), Answer)

    run(told())


@pytest.mark.parametrize("first", [ON_DISCORD, ON_SLACK], ids=["goes on", "is joined"])
def test_what_the_operator_decided_is_not_lifted_from_a_chat_after_a_join(story: Story, first: Requester) -> None:
    async def told() -> None:
        pricing, db = story.house.rules.pricing, story.house.db
        boss = Requester("discord", "9", "boss", server="discord:9", roles=("admin",))
        longer = ON_SLACK if first is ON_DISCORD else ON_DISCORD
        for who in (ON_DISCORD, ON_SLACK):
            await story.say(who, "/credits")
        code = await story.code(ON_DISCORD)
        for who, by, hours in ((first, OPERATOR, 1), (longer, boss, None)):
            await moderators.ban(db, pricing, by, who.name, hours=hours, why=by.name, request=None)
        await story.say(ON_SLACK, f"/link {code}")
        [ban], _ = await moderators.banned(db, 9)
        assert (ban.name, ban.by, ban.why, ban.hours) == ("ann", "operator", "operator", None)
        with pytest.raises(Refusal, match="operators_ban"):
            await moderators.unban(db, pricing, boss, "ann", request=None)
        await moderators.unban(db, pricing, OPERATOR, "ann", request=None)

    run(told())


def test_a_ban_of_the_operator_that_is_over_decides_nothing(story: Story) -> None:
    async def told() -> None:
        for who in (ON_DISCORD, ON_SLACK):
            await story.say(who, "/credits")
        rows = ((ON_DISCORD, "operator", now_ms() - 1), (ON_SLACK, "boss", now_ms() + 60_000))

        def ban(session: Session) -> None:
            for who, by, until in rows:
                session.add(Ban(user_id=story.number(who), why="", by=by, until=until, created_at=1))

        story.house.db.write(ban)
        await story.link(ON_DISCORD, ON_SLACK)
        kept = story.house.db.read(lambda session: session.exec(select(Ban)).all())
        assert [(row.user_id, row.by, row.until) for row in kept] == [(story.number(ON_DISCORD), *rows[1][1:])]

    run(told())


def test_many_links_and_bans_of_one_person_at_one_moment_wait_for_each_other_and_are_done(story: Story) -> None:
    async def told() -> None:
        db, pricing = story.house.db, story.house.rules.pricing
        for who in (ON_DISCORD, ON_SLACK):
            await story.say(who, "/credits")
        codes = await asyncio.gather(*(link.begin(db, pricing, ON_DISCORD, None) for _ in range(12)))
        bans = (
            moderators.ban(db, pricing, OPERATOR, "Ann Lee", hours=1, why=str(number), request=None)
            for number in range(12)
        )
        tries = (story.say(ON_SLACK, f"/link {code.code}") for code in codes)
        told = await asyncio.gather(*bans, *tries)
        # Five wrong codes are enough, however many come at one moment.
        said = Counter(one.partition(":")[0] for one in told if isinstance(one, str))
        assert sum(said.values()) == 12
        assert sum("You are ann" in one for one in said.elements()) <= 1
        assert sum("is not good" in one for one in said.elements()) <= 5
        story.sound()

    run(told())


def test_one_code_typed_by_many_at_one_moment_joins_one(story: Story) -> None:
    async def told() -> None:
        crowd = [replace(BEN, external_id=str(number), name=f"ben{number}") for number in range(6)]
        for who in crowd:
            await story.say(who, "/credits")
        code = await story.code(ON_DISCORD)
        answers = await asyncio.gather(*(story.say(who, f"/link {code}") for who in crowd))
        assert sorted("You are ann" in answer for answer in answers) == [False] * 5 + [True]
        assert len({story.number(who) for who in crowd} - {story.number(ON_DISCORD)}) == 5
        story.sound()

    run(told())


def test_two_who_type_each_others_code_become_one(story: Story) -> None:
    async def told() -> None:
        codes = [await story.code(who) for who in (ON_DISCORD, ON_SLACK)]
        answers = await asyncio.gather(
            story.say(ON_SLACK, f"/link {codes[0]}"), story.say(ON_DISCORD, f"/link {codes[1]}")
        )
        assert sum("here now too" in answer for answer in answers) == 1
        assert story.number(ON_DISCORD) == story.number(ON_SLACK)
        story.sound()

    run(told())


def test_what_is_asked_for_while_one_is_joined_is_lost_to_nobody(story: Story) -> None:
    """Songs, grants and the join race: whichever is first, every job has an owner who paid, every credit a person."""

    async def told() -> None:
        for number in range(6):
            who = replace(ON_SLACK, external_id=f"T1:U{number}", name=f"lee{number}")
            await story.say(who, "/credits")
            code = await story.code(ON_DISCORD)
            before = story.number(who)
            said, song, _ = await asyncio.gather(
                story.say(who, f"/link {code}"),
                story.say(who, "/song wait duration:30"),
                story.give(who, 10, f"grant {number}"),
            )
            assert "taken" in song
            jobs = await control.recent(story.house.db, 1, who)
            if "You are ann" in said:
                assert jobs[0].user_id == story.number(ON_DISCORD)
                left = story.house.db.read(lambda s, own=before: ledger.balance(s, f"user:{own}"))  # type: ignore[misc]
                assert (left.posted, left.held) == (0, 0)
            else:
                assert "job going here" in said
                assert jobs[0].user_id == before
            await control.cancel(story.house.db, jobs[0].id)
            story.sound()

    run(told())


def test_nobody_is_joined_between_two_steps_of_what_they_are_doing(story: Story) -> None:
    """Somebody is known by one number when their request begins; it is theirs still when the song is kept."""
    begun, joined = threading.Event(), threading.Event()
    db = story.house.db

    def request(session: Session) -> int:
        user = welcome(session, story.house.rules.pricing, ON_SLACK, 1)
        begun.set()
        # Time enough for a join that does not wait.
        joined.wait(0.5)
        return priced_job(session, user).id

    async def told() -> None:
        await story.say(ON_SLACK, "/credits")
        code = await story.code(ON_DISCORD)

        async def join() -> str:
            await asyncio.to_thread(begun.wait, 10)
            try:
                return await story.say(ON_SLACK, f"/link {code}")
            finally:
                joined.set()

        _, said = await asyncio.gather(db.awrite(request), join())
        assert "You have 1 job going here" in said
        story.sound()

    run(told())


def test_a_link_moves_credits_and_makes_none(story: Story) -> None:
    async def told() -> None:
        await story.give(ON_SLACK, 77, "x")
        await story.song(ON_SLACK)
        await story.link(ON_DISCORD, ON_SLACK)
        rows = story.house.db.read(
            lambda s: s.exec(select(Transfer).where(Transfer.kind == "link").order_by(col(Transfer.id))).all()
        )
        assert [(row.credit_id, row.amount) for row in rows] == [
            ("bank", 995), (f"user:{story.number(ON_DISCORD)}", 77),
        ]  # fmt: skip
        assert "+77 by linking accounts" in await story.say(ON_DISCORD, "/credits")
        story.sound()

    run(told())


# --- any history: credits are taken back once, in the order they came, and none are lost ---

amounts = st.integers(1, 400)
people = st.integers(0, 2)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("grant"), people, amounts),
        st.tuples(st.just("daily"), people, st.integers(1, 2)),
        st.tuples(st.just("spend"), people, amounts),
        st.tuples(st.just("gift"), people, amounts),
        st.tuples(st.just("join"), people, people),
    ),
    max_size=14,
)


@dataclass
class Books:
    """What an account should have: credits that came under a key or, below zero, went, and to whom."""

    given: set[str]
    rows: list[tuple[str, int, Books | None]]

    def come(self, key: str, amount: int) -> None:
        self.rows.append((key, amount, None))

    def go(self, amount: int, to: Books | None = None) -> None:
        self.rows.append(("", -amount, to))

    @property
    def total(self) -> int:
        return sum(amount for _, amount, _ in self.rows)

    def there(self, takers: list[Books]) -> list[tuple[str, int]]:
        """What is left of what came, the first spent first, had nothing gone to `takers`."""
        left = [(key, amount) for key, amount, _ in self.rows if amount > 0]
        spent = sum(-amount for _, amount, to in self.rows if amount < 0 and not any(to is one for one in takers))
        for at, (key, amount) in enumerate(left):
            left[at] = (key, amount - min(amount, spent))
            spent -= min(amount, spent)
        return left

    def take_over(self, other: Books, numbers: list[Books]) -> None:
        twice = sum(amount for key, amount in other.there(numbers) if key in self.given)
        here = min(twice, other.total)
        if there := min(twice - here, self.total):
            self.go(there)
        if other.total > here:
            self.come("link", other.total - here)
        other.rows.clear()


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_came_before_a_link_takes_back_what_was_given_twice_and_nothing_else(
    database: Database, history: list[tuple[str, int, int]]
) -> None:
    pricing = Pricing(welcome=100, tiers=(Tier(up_to_s=600, credits=5),))

    def told(session: Session) -> None:
        name = uuid.uuid4().hex
        crowd = [welcome(session, pricing, Requester("chat", f"{name}{n}", f"{name}{n}"), 1).id for n in range(3)]
        books = [Books({"welcome"}, [("welcome", 100, None)]) for _ in crowd]
        for number, (what, one, amount) in enumerate(history):
            # Who was joined does everything as whom they were joined to.
            person = users.person(session, crowd[one]).id
            mine, account = books[crowd.index(person)], f"user:{person}"
            key = f"{what}:{name}:{number}"
            match what:
                case "grant":
                    ledger.grant(session, key=key, account=account, amount=amount, now=1)
                    mine.come(key, amount)
                case "daily" if f"daily:{amount}" not in mine.given:
                    ledger.grant(session, key=f"daily:{account}:{amount}", account=account, now=1, amount=50)
                    mine.come(f"daily:{amount}", 50)
                    mine.given.add(f"daily:{amount}")
                case "spend" if mine.total >= amount:
                    ledger.transfer(session, key=key, kind="revoke", debit=account, credit="bank", amount=amount, now=1)
                    mine.go(amount)
                case "gift" if mine.total >= amount:
                    other = users.person(session, crowd[(one + 1) % 3]).id
                    if other != person:
                        ledger.transfer(
                            session, key=key, kind="gift", debit=account, credit=f"user:{other}", amount=amount, now=1
                        )
                        theirs = books[crowd.index(other)]
                        mine.go(amount, theirs)
                        theirs.come(key, amount)
                case "join":
                    survivor = users.person(session, crowd[amount]).id
                    if survivor != person:
                        numbers = [books[n] for n in range(3) if users.person(session, crowd[n]).id == survivor]
                        both = links.locked(session, person, survivor)
                        link._joined(session, both[person], both[survivor], 1)
                        books[crowd.index(survivor)].take_over(mine, numbers)
            # The next step reads what this one changed.
            session.expire_all()
        for user_id, book in zip(crowd, books, strict=True):
            assert ledger.balance(session, f"user:{user_id}").available == book.total

    database.write(told)
    assert database.read(ledger.check) == []
