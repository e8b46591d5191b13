"""What keeps a community decent, from the command to the books: words, reviews, reports, bans; on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.actions import ACTIONS
from bot.answers import Answer
from bot.card import Card, card
from bot.desk import Desk
from storage import audit, blobs, ledger, outbox
from storage.blobs import FolderBlobs
from storage.database import Database
from tests.integration.house import House, rules
from workflows import collection, control, credits, reports, review
from workflows.moderation import Moderation
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.roles import Roles
from workflows.view import JobView

T = TypeVar("T")

HOME, AWAY = "discord:9", "discord:7"
ANN = Requester("discord", "100", "ann", server=HOME)
BEN = Requester("discord", "200", "ben", server=HOME)
MOD = Requester("discord", "300", "mo", server=HOME, roles=("admin",))
STRANGER = Requester("discord", "400", "zoe", server=AWAY, roles=("admin",))
TERMINAL = Requester("terminal", "local", "local")
ROOM, CELLAR = ReplyTo("discord", "9/1"), ReplyTo("discord", "7/1")


@dataclass
class Home(House):
    """A house on the database it is given, run by whoever is an admin of a server."""

    database: Database | None = None

    def __post_init__(self) -> None:
        assert self.database is not None
        self.db = self.database
        self.blobs = FolderBlobs(self.folder / "blobs")
        self.moderated()

    def moderated(self, **how: Any) -> None:
        in_charge = Roles.model_validate({"servers": (HOME, AWAY), "roles": {"admin": {"in_charge": True}}})
        self.rules = replace(rules(), moderation=Moderation.model_validate(how), roles=in_charge)


class Community:
    """People in a chat with somebody in charge."""

    def __init__(self, house: Home) -> None:
        self.house, self.woken, self._requests = house, 0, 0

    def _wake(self) -> None:
        self.woken += 1

    def request(self) -> str:
        self._requests += 1
        return f"request {self._requests}"

    def moderated(self, **how: Any) -> None:
        self.house.moderated(**how)

    async def say(self, who: Requester, text: str, request: str | None = None) -> str:
        answer = await self.answer(who, text, request)
        assert answer is not None
        return answer.text

    async def answer(self, who: Requester, text: str, request: str | None = None) -> Answer | None:
        desk = Desk(self.house.db, self.house.rules, self._wake)
        where = CELLAR if who.server == AWAY else ROOM
        answer = await desk.typed(who, where, text, request or self.request())
        assert answer is None or isinstance(answer, Answer)
        return answer

    async def press(self, who: Requester, name: str, job: int) -> str:
        desk = Desk(self.house.db, self.house.rules, self._wake)
        answer = await desk.pressed(who, ROOM, ACTIONS[name], job, self.request())
        assert answer is not None
        return answer.text

    async def asked(self, who: Requester = ANN, caption: str = "blues", **more: Any) -> int:
        """A request that was taken; returns its job."""
        options = " ".join(f'{name}:"{value}"' for name, value in more.items())
        assert "taken" in await self.say(who, f'/song caption:"{caption}" duration:30 {options}')
        return (await control.recent(self.house.db, 1))[0].id

    async def song(self, who: Requester = ANN, caption: str = "blues", **more: Any) -> int:
        job = await self.asked(who, caption, **more)
        await self.house.work()
        assert (await self.job(job)).status == "COMPLETED"
        return job

    async def job(self, job: int) -> JobView:
        return await self.house.job(job)

    async def line(self, job: int) -> str:
        """What the message of the job says."""
        return (await self.card(job)).line

    async def card(self, job: int) -> Card:
        return card(await self.job(job), self.house.rules.capabilities, file_limit=10**9, most_files=10)

    async def credits(self, who: Requester = ANN) -> tuple[int, int]:
        """What they have, and what of it is held."""
        balance = await credits.balance(self.house.db, self.house.rules.pricing, who)
        return balance.posted, balance.held

    def told(self, job: int) -> list[str]:
        return [row.topic for row in self.house.db.read(lambda session: outbox.pending_for(session, job))]

    def record(self) -> list[tuple[str, str, str, str]]:
        notes = self.house.db.read(lambda session: audit.latest(session, 50))
        return [(note.by, note.surface, note.act, note.subject) for note in notes]

    def sound(self) -> None:
        assert self.house.db.read(ledger.check) == []


@pytest.fixture
def home(tmp_path: Path, database: Database) -> Community:
    return Community(Home(tmp_path, database=database))


@pytest.fixture
def small(tmp_path: Path, sqlite: Database) -> Community:
    """Where the kind of database makes no difference."""
    return Community(Home(tmp_path, database=sqlite))


def run(story: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(story)


# --- words ---


def test_a_blocked_word_is_refused_in_any_disguise(small: Community) -> None:
    small.moderated(blocked=["grape", "bad apple"])
    for said in ("a Grape", "ｇｒａｐｅ", "bad\u3000apple"):
        refusal = run(small.say(ANN, f'/song blues lyrics:"{said}" duration:30'))
        assert refusal.startswith("`lyrics` has words that are not sung in this house")
    assert run(control.recent(small.house.db, 10)) == []
    run(small.asked(lyrics="grapefruit in the sun"))


def test_a_language_model_may_not_write_a_blocked_word_either(small: Community) -> None:
    job = run(small.song(caption="written"))
    assert "Words by tiny." in run(small.card(job)).notices
    small.moderated(blocked=["grape"])
    job = run(small.asked(caption="written"))
    run(small.house.work())
    assert run(small.line(job)) == (
        "The words that tiny wrote have one that isn't sung here. Nothing was charged. "
        "Ask again in other words, or give `lyrics` of your own."
    )
    assert run(small.job(job)).plan is None
    assert small.house.pool.ended == 0, "an engine that did nothing wrong"
    assert run(small.credits()) == (995, 0)


def test_a_word_of_the_replace_list_is_kept_as_the_other(small: Community) -> None:
    small.moderated(replace={"damn": "darn"}, blocked=["damn"])
    job = run(small.job(run(small.asked(caption="Damn good blues", lyrics="oh damn", display_name="DAMNATION"))))
    assert (job.spec["caption"], job.spec["lyrics"]) == ("Darn good blues", "oh darn")
    assert job.spec["display_name"] == "DAMNATION"


def test_what_is_too_long_with_the_other_word_is_refused(small: Community) -> None:
    small.moderated(replace={"a": "b" * 200})
    said = run(small.say(ANN, f'/song caption:"{"a " * 20}" duration:30'))
    assert said.startswith("`caption` has")
    assert run(small.credits()) == (1000, 0)


def test_nothing_left_to_go_by_is_refused(small: Community) -> None:
    small.moderated(replace={"damn": ""})
    assert "nothing to go by" in run(small.say(ANN, "/song damn"))


# --- reviews ---


def test_a_request_waits_for_a_look_and_is_made_after_it(home: Community) -> None:
    home.moderated(review="everybody")

    async def story() -> None:
        assert "Somebody looks at it first" in await home.say(ANN, "/song blues duration:30 lyrics:la")
        assert await home.credits() == (1000, 5)
        await home.house.work()
        assert (await home.job(1)).status == "PENDING"
        assert (await home.line(1)).startswith("waiting for somebody to look at it · 5 credits")
        assert (await home.card(1)).title == "#1"
        assert "waiting for somebody to look" in await home.say(ANN, "/jobs")
        shown = await home.answer(MOD, "/review")
        assert shown is not None
        assert "`#1` blues: `/song` of ann" in shown.text
        assert shown.file is not None
        assert "caption: blues\nlyrics: la" in shown.file.text
        woken = home.woken
        assert "in line" in await home.say(MOD, "/approve 1")
        assert home.woken == woken + 1
        assert (await home.line(1)).startswith("first in line")
        assert (await home.card(1)).title == "blues"
        assert await home.say(MOD, "/review") == "Nothing waits for a look."
        await home.house.work()
        assert (await home.job(1)).status == "COMPLETED"
        assert await home.credits() == (995, 0)

    run(story())
    assert home.record() == [("mo/300", "discord", "approve", "job:1")]
    home.sound()


def test_a_rejected_request_costs_nothing_and_says_why(home: Community) -> None:
    home.moderated(review="everybody")

    async def story() -> None:
        job = await home.asked()
        assert "reads why" in await home.say(MOD, f"/reject {job} too rude for us")
        assert (await home.job(job)).status == "CANCELLED"
        assert await home.credits() == (1000, 0)
        assert home.told(job) == ["accepted", "cancelled"]
        words = "Looked at, and not made: too rude for us. Nothing was charged. Ask again in other words."
        assert await home.line(job) == words
        shown = await home.card(job)
        assert (shown.title, shown.asked, shown.buttons) == (f"#{job}", "", ())
        assert words in await home.say(ANN, "/jobs")
        assert "does not wait for a look" in await home.say(MOD, f"/approve {job}")

    run(story())
    home.sound()


def test_a_request_that_is_thrown_away_needs_no_look(home: Community) -> None:
    home.moderated(review="everybody")

    async def story() -> None:
        job = await home.asked()
        await collection.discard(home.house.db, job, ANN, ROOM)
        assert await home.credits() == (1000, 0)
        assert await home.say(MOD, "/review") == "Nothing waits for a look."
        assert "does not wait for a look" in await home.say(MOD, f"/approve {job}")

    run(story())
    home.sound()


def test_who_waits_for_a_look(small: Community) -> None:
    async def waits(who: Requester, caption: str = "blues", options: str = "") -> bool:
        said = await small.say(who, f'/song caption:"{caption}" duration:30 {options}')
        assert "taken" in said
        return "looks at it first" in said

    async def story() -> None:
        assert not await waits(ANN)
        small.moderated(review_words=["knife"])
        assert not await waits(ANN)
        assert await waits(ANN, "a Knife in the dark")
        small.moderated(review="everybody")
        assert await waits(ANN)
        # Nobody looks at what those in charge write, nor where nobody wrote a word.
        assert not await waits(MOD)
        assert not await waits(ANN, "", "genre_preset:jazz")

    run(story())


def test_newcomers_are_those_with_few_finished_songs(home: Community) -> None:
    async def story() -> None:
        first = await home.song()
        home.moderated(review="newcomers", review_first=2)
        await home.asked()
        assert (await home.job(first + 1)).review
        await home.say(MOD, f"/approve {first + 1}")
        await home.house.work()
        await home.asked()
        assert not (await home.job(first + 2)).review
        # What was taken down earns no trust.
        await home.say(MOD, f"/takedown {first} copied")
        await home.asked()
        assert (await home.job(first + 3)).review

    run(story())


def test_its_owner_cancels_a_request_that_waits_for_a_look(home: Community) -> None:
    home.moderated(review="everybody")

    async def story() -> None:
        job = await home.asked()
        assert "Cancelled" in await home.press(ANN, "cancel", job)
        assert await home.credits() == (1000, 0)
        assert await home.say(MOD, "/review") == "Nothing waits for a look."
        for decision in ("/approve 1", "/reject 1 no"):
            assert "does not wait for a look" in await home.say(MOD, decision)
        assert await home.line(job) == "Cancelled. Nothing was charged. Ask again whenever you like."

    run(story())
    assert home.record() == []
    home.sound()


async def raced(*things: Callable[[], Coroutine[Any, Any, object]]) -> list[bool]:
    """All of them at one moment; which of them were done, and which refused."""
    done = await asyncio.gather(*(thing() for thing in things), return_exceptions=True)
    strange = [error for error in done if isinstance(error, BaseException) and not isinstance(error, Refusal)]
    assert not strange
    return [not isinstance(result, Refusal) for result in done]


def test_two_decisions_and_a_cancel_at_one_moment_agree(home: Community) -> None:
    home.moderated(review="everybody")
    db = home.house.db

    async def story() -> None:
        for turn in range(6):
            job = await home.asked()
            acts: list[Callable[[], Coroutine[Any, Any, object]]] = [
                lambda job=job: review.approve(db, MOD, job, request=None),  # type: ignore[misc]
                lambda job=job: review.reject(db, MOD, job, "no", request=None),  # type: ignore[misc]
                lambda job=job: control.cancel(db, job, ANN, ROOM),  # type: ignore[misc]
            ]
            acts = acts[turn % 3 :] + acts[: turn % 3]
            done = await raced(*acts)
            approved, rejected, cancelled = (done[(index - turn) % 3] for index in range(3))
            assert not (approved and rejected)
            status = (await home.job(job)).status
            assert status == ("CANCELLED" if rejected or cancelled else "PENDING")
            held = await home.credits()
            assert held == (1000, 0 if status == "CANCELLED" else 5)
            if status == "PENDING":
                await control.cancel(db, job)

    run(story())
    home.sound()


# --- reports and takedowns ---


def test_a_report_leads_to_a_takedown_whose_post_says_why(home: Community) -> None:
    async def story() -> None:
        job = await home.song()
        assert "Those in charge see your report" in await home.say(BEN, f"/report {job} copies a known song")
        assert "already" in await home.say(BEN, f"/report {job} again")
        await home.say(ANN, f'/report {job} why:"my mistake"')
        assert "A Title of ann: 2 reports (my mistake, copies a known song)" in await home.say(MOD, "/reports")
        assert "taken down" in await home.say(MOD, f"/takedown {job} copies a known song")
        assert home.told(job) == ["accepted", "completed", "taken_down"]
        shown = await home.job(job)
        assert (shown.tracks, shown.deleted, shown.taken_down) == ((), True, "copies a known song")
        message = await home.card(job)
        assert message.line == "Taken down by those in charge: copies a known song."
        assert (message.title, message.asked, message.files, message.buttons) == (f"#{job}", "", (), ())
        assert await home.say(MOD, "/reports") == "No reports are open."
        assert "no music" in await home.say(MOD, f"/takedown {job} twice")
        # What it cost stays paid.
        assert await home.credits() == (995, 0)

    run(story())
    assert home.record() == [("mo/300", "discord", "takedown", "job:1")]
    home.house.db.write(lambda session: blobs.sweep(session, home.house.blobs, older_than_s=0))
    assert not [path for path in (home.house.folder / "blobs").rglob("*") if path.is_file()]


def test_a_song_that_may_stay_loses_its_reports_and_nothing_else(home: Community) -> None:
    async def story() -> None:
        job = await home.song()
        await home.say(BEN, f"/report {job} too loud")
        assert await home.say(MOD, f"/dismiss {job}") == f"#{job} stays. Closed: 1 report."
        assert "No reports about" in await home.say(MOD, f"/dismiss {job}")
        assert await home.say(MOD, "/reports") == "No reports are open."
        assert len((await home.job(job)).tracks) == 1
        assert "already" in await home.say(BEN, f"/report {job} too loud")

    run(story())


def test_only_a_song_that_is_there_and_seen_is_reported(small: Community) -> None:
    async def story() -> None:
        waiting = await small.asked()
        assert "no music" in await small.say(BEN, f"/report {waiting} x")
        assert "no music" in await small.say(MOD, f"/takedown {waiting} x")
        assert "There is no job #1" in await small.say(STRANGER, f"/report {waiting} x")
        await small.house.work()
        await small.press(ANN, "delete", waiting)
        assert "no music" in await small.say(BEN, f"/report {waiting} x")
        assert "`why` is missing" in await small.say(BEN, f"/report {waiting}")

    run(story())


def test_a_song_its_owner_deleted_is_no_longer_reported(small: Community) -> None:
    async def story() -> None:
        job = await small.song()
        await small.say(BEN, f"/report {job} x")
        await small.press(ANN, "delete", job)
        assert await small.say(MOD, "/reports") == "No reports are open."

    run(story())


def test_a_takedown_and_a_delete_at_one_moment_are_one_of_them(home: Community) -> None:
    async def story() -> None:
        for _ in range(3):
            job = await home.song()
            done = await raced(
                lambda job=job: reports.take_down(home.house.db, MOD, job, "x", request=None),  # type: ignore[misc]
                lambda job=job: control.throw_away(home.house.db, job, ANN, ROOM),  # type: ignore[misc]
            )
            assert sorted(done) == [False, True]
            assert ((await home.job(job)).taken_down is not None) == done[0]
            assert home.told(job)[2:] == ["taken_down" if done[0] else "deleted"]

    run(story())


def test_a_failed_song_is_tried_again_or_taken_down_never_both(small: Community) -> None:
    async def story() -> None:
        job = await small.asked(caption="broken")
        await small.house.work()
        done = await raced(
            lambda: reports.take_down(small.house.db, MOD, job, "x", request=None),
            lambda: control.retry(small.house.db, job, ANN, ROOM),
        )
        assert done == [False, True]

    run(story())


def test_those_in_charge_of_a_server_look_after_its_songs_alone(small: Community) -> None:
    small.moderated(review="everybody")

    async def story() -> None:
        job = await small.asked()
        assert await small.say(STRANGER, "/review") == "Nothing waits for a look."
        for act in ("/approve 1", "/reject 1 no", "/takedown 1 no", "/dismiss 1"):
            assert "There is no job #1" in await small.say(STRANGER, act)
        await small.say(MOD, f"/approve {job}")
        await small.house.work()
        await small.say(BEN, f"/report {job} x")
        assert await small.say(STRANGER, "/reports") == "No reports are open."
        assert "1 report" in await small.say(TERMINAL, "/reports")
        # What was asked for in a direct message is looked after by somebody, too.
        await small.asked(replace(ANN, server=None))
        assert "#2" in await small.say(STRANGER, "/review")

    run(story())


# --- bans ---


def test_somebody_banned_asks_for_nothing_and_loses_what_waits(home: Community) -> None:
    async def story() -> None:
        done = await home.song()
        for _ in range(3):
            await home.asked()
        home.moderated(review="everybody")
        await home.asked()
        said = await home.say(MOD, "/ban who:<@100|ann> hours:24 why:spam")
        assert said == "ann may not ask for anything for 24 hours now. Cancelled: 4 jobs."
        assert await home.credits() == (995, 0)
        assert {job.status for job in await control.recent(home.house.db, 4)} == {"CANCELLED"}
        assert home.told(done + 1) == ["accepted", "cancelled"]
        ended = "Cancelled by those in charge: spam. Nothing was charged."
        assert [await home.line(job) for job in range(done + 1, done + 5)] == [ended] * 4
        assert (await home.say(ANN, "/jobs")).count(ended) == 4
        words = "You may not ask for anything here for another 24 hours: spam."
        for text in ("/song blues duration:30", f"/report {done} x"):
            assert (await home.say(ANN, text)).startswith(words)
        for button in ("delete", "variations"):
            assert (await home.press(ANN, button, done)).startswith(words)
        assert (await home.say(MOD, "/bans")).splitlines() == [
            "ann, for another 24 hours, by mo: spam",
            "`/unban ada` lets somebody in again.",
        ]
        # Looking is free.
        assert "A Title" in await home.say(ANN, "/jobs")
        assert "995 credits" in await home.say(ANN, "/credits")
        assert "`/song`" in await home.say(ANN, "/help")
        assert await home.say(MOD, "/unban @ann") == "ann is welcome again."
        for whom in ("ann", "<@100|Annie>"):
            assert await home.say(MOD, f"/unban {whom}") == "ann is not banned. `/bans` shows who is."
        assert await home.say(MOD, "/bans") == "Nobody is banned."
        await home.asked()

    run(story())
    assert [act for _, _, act, _ in home.record()] == ["unban", "ban"]
    home.sound()


def test_the_list_of_bans_says_how_many_more_there_are(small: Community) -> None:
    async def story() -> None:
        for number in range(27):
            await small.say(MOD, f"/ban <@5{number:02}|guest{number:02}>")
        *shown, more, hint = (await small.say(MOD, "/bans")).splitlines()
        assert len(shown) == 25
        assert all(line.endswith(", for good, by mo") for line in shown)
        assert (more, hint) == ("2 more after these.", "`/unban ada` lets somebody in again.")

    run(story())


def test_nobody_banned_is_sent_to_daily_credits_that_they_do_not_get(small: Community) -> None:
    small.house.rules = replace(
        small.house.rules,
        roles=Roles.model_validate(
            {"servers": (HOME,), "roles": {"everyone": {"daily": 50}, "admin": {"in_charge": True}}}
        ),
    )

    async def story() -> None:
        assert "`/daily`" in await small.say(ANN, "/credits")
        await small.say(MOD, "/ban ann")
        assert "`/daily`" not in await small.say(ANN, "/credits")
        await small.say(MOD, "/unban ann")
        assert "`/daily`" in await small.say(ANN, "/credits")

    run(story())


def test_a_ban_ends_by_itself(small: Community) -> None:
    async def story() -> None:
        await small.asked()
        await small.say(MOD, "/ban ann hours:1")
        small.house.db.write(lambda session: session.connection().exec_driver_sql("UPDATE ban SET until = 5"))
        await small.asked()
        assert await small.say(MOD, "/bans") == "Nobody is banned."
        assert "is not banned" in await small.say(MOD, "/unban ann")

    run(story())


def test_a_ban_reaches_a_song_that_is_being_made(home: Community) -> None:
    async def story() -> None:
        job = await home.asked(caption="wait")
        worker = await home.house.work(until=lambda: home.house.pool.running == 1)
        assert "Cancelled: 1 job" in await home.say(MOD, "/ban ann")
        await home.house.work(worker)
        assert (await home.job(job)).status == "CANCELLED"
        assert await home.line(job) == "Cancelled by those in charge. Nothing was charged."
        assert await home.credits() == (1000, 0)

    run(story())
    home.sound()


def test_no_request_slips_by_a_ban_that_comes_at_the_same_moment(home: Community) -> None:
    async def story() -> None:
        await home.asked()
        for _ in range(4):
            await asyncio.gather(
                *(home.answer(ANN, "/song blues duration:30") for _ in range(6)),
                home.answer(MOD, "/ban ann"),
                *(home.answer(ANN, "/song blues duration:30") for _ in range(6)),
            )
            assert not [job for job in await control.recent(home.house.db, 100) if not job.ended]
            assert (await home.credits())[1] == 0
            await home.say(MOD, "/unban ann")

    run(story())
    home.sound()


def test_who_is_not_banned(small: Community) -> None:
    async def story() -> None:
        await small.asked()
        await small.asked(MOD)
        await small.say(TERMINAL, "/credits")
        assert "can't be banned" in await small.say(MOD, "/ban local")
        assert "That is you" in await small.say(MOD, "/ban mo")
        assert "Nobody here is called" in await small.say(MOD, "/ban nobody")
        assert "is for those who run this place" in await small.say(BEN, "/ban ann")
        # Whom the terminal banned, only the terminal lets in again.
        await small.say(TERMINAL, "/ban ann")
        for text in ("/unban ann", "/ban ann hours:1"):
            assert "banned from the terminal" in await small.say(MOD, text)
        assert "welcome again" in await small.say(TERMINAL, "/unban ann")
        # Nobody in charge is kept out by a chat for longer than they put up with it.
        await small.say(STRANGER, "/ban mo")
        assert "may not ask" in await small.say(MOD, "/song blues duration:30")
        assert "welcome again" in await small.say(MOD, "/unban mo")

    run(story())


# --- the record, and requests that come twice ---


def test_what_was_done_is_on_record(small: Community) -> None:
    async def story() -> None:
        assert await small.say(MOD, "/audit") == "Nothing is on record yet."
        job = await small.song()
        await small.say(TERMINAL, f"/takedown {job} too loud")
        assert await small.say(MOD, "/audit limit:1") == (
            "1 second ago, local (terminal): takedown job:1 (why too loud)"
        )
        assert "is for those who run this place" in await small.say(ANN, "/audit")

    run(story())


def test_a_nickname_is_nobody_elses_name_on_record(home: Community) -> None:
    home.moderated(review_words=["knife"])
    posing = replace(MOD, name="operator")

    async def story() -> None:
        await home.asked(MOD)
        await home.asked(BEN)
        for text in ("/queue pause", "/grant ben 5", "/revoke ben 5", "/ban ben"):
            await home.say(posing, text)
        await home.say(posing, "/unban ben")
        assert "by mo" in await home.say(MOD, "/queue")
        await home.say(posing, "/queue resume")
        for decision in ("approve", "reject"):
            job = await home.asked(BEN, caption="knife")
            await home.say(posing, f"/{decision} {job} no" if decision == "reject" else f"/{decision} {job}")
        # Who never asked for anything has no name of their own here.
        await home.say(replace(posing, external_id="301"), "/queue pause")
        await home.say(TERMINAL, "/queue resume")

    run(story())
    by = [name for name, _, _, _ in reversed(home.record())]
    assert by == ["mo"] * 8 + ["operator/301", "local"]
    home.sound()


def test_the_record_says_to_whom_and_only_what_there_is_to_say(small: Community) -> None:
    async def story() -> None:
        await small.asked(BEN)
        await small.say(MOD, "/grant ben 5")
        await small.say(MOD, "/ban ben hours:2 why:spam")
        lines = (await small.say(MOD, "/audit")).splitlines()
        assert [line.partition(": ")[2] for line in lines] == ["ban ben (hours 2, why spam)", "grant ben (amount 5)"]

    run(story())


def test_the_same_request_again_does_nothing_more(home: Community) -> None:
    home.moderated(review_words=["knife"])

    async def story() -> None:
        job = await home.song()
        parked = await home.asked(BEN, caption="knife")
        for who, text in (
            (BEN, f"/report {job} x"),
            (MOD, f"/dismiss {job}"),
            (MOD, f"/approve {parked}"),
            (MOD, f"/takedown {job} x"),
            (MOD, "/ban ann"),
            (MOD, "/unban ann"),
        ):
            request = home.request()
            assert await home.answer(who, text, request) is not None
            assert await home.answer(who, text, request) is None

    run(story())
    assert [act for _, _, act, _ in home.record()] == ["unban", "ban", "takedown", "approve", "dismiss"]


def test_the_record_can_only_be_added_to(home: Community) -> None:
    run(home.song())
    run(home.say(MOD, "/takedown 1 x"))
    for statement in ("DELETE FROM audit", "UPDATE audit SET by = 'x'"):
        with pytest.raises(Exception, match="append-only"):
            home.house.db.write(lambda session, text=statement: session.connection().exec_driver_sql(text))  # type: ignore[misc]
