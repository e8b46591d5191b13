"""What chats share: commands, forms, buttons and who may press them, without any chat."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.actions import ACTIONS, offered
from bot.answers import Answer
from bot.desk import Desk
from bot.forms import MORE, Form
from bot.names import name_of
from bot.telling import TELLERS, Asked, Counter
from engine.spec import Capabilities, Request
from tests.fakes.pool import ScriptedPool
from tests.fakes.recipes import Serenade
from tests.integration.house import House, rules
from workflows import control, credits
from workflows.asks.runs import Batch, RecipeRun
from workflows.deliver import DeliveryFailed, Parcel, deliver_due
from workflows.people import ReplyTo, Requester
from workflows.view import JobView

T = TypeVar("T")

ANN = Requester("chat", "u1", "ann")
BEN = Requester("chat", "u2", "ben")
HERE = ReplyTo("chat", "room")
ELSEWHERE = ReplyTo("chat", "cellar")


class Room:
    """A chat of two people and a house that does as it is told."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.woken = 0
        self.desk = Desk(house.db, house.rules, self._wake)
        self._requests = 0

    def _wake(self) -> None:
        self.woken += 1

    def request(self) -> str:
        self._requests += 1
        return f"request {self._requests}"

    async def say(self, text: str, who: Requester = ANN, where: ReplyTo = HERE) -> Answer | Form | None:
        return await self.desk.typed(who, where, text, self.request())

    async def told(self, text: str, who: Requester = ANN, where: ReplyTo = HERE) -> str:
        answer = await self.say(text, who, where)
        assert isinstance(answer, Answer)
        return answer.text

    async def song(self, caption: str = "slow blues", who: Requester = ANN) -> int:
        """A finished song; returns its job."""
        assert "taken" in await self.told(f'/song caption:"{caption}" duration:30', who)
        await self.house.work()
        return (await control.recent(self.house.db, 1))[0].id

    async def press(self, name: str, job: int, who: Requester = ANN, where: ReplyTo = HERE) -> str:
        answer = await self.desk.pressed(who, where, ACTIONS[name], job, self.request())
        assert answer is not None
        return answer.text

    async def balance(self, who: Requester = ANN) -> int:
        return (await credits.balance(self.house.db, self.house.rules.pricing, who)).available


@pytest.fixture
def room(house: House) -> Room:
    return Room(house)


def run(story: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(story)


def test_a_command_becomes_a_job_and_wakes_the_queue(room: Room) -> None:
    said = run(room.told('/song caption:"slow blues" duration:30'))
    assert said == "#1 taken, first in line, 5 credits"
    assert room.woken == 1


def test_a_command_alone_opens_its_form_and_the_form_makes_the_job(room: Room) -> None:
    async def story() -> None:
        form = await room.say("/song")
        assert isinstance(form, Form)
        assert [field.name for field in form.fields] == ["caption", "lyrics", "duration", MORE]
        answers = {"caption": "slow blues\nwith brushes", "lyrics": "[verse]\nOh well", "duration": " ", MORE: "seed:7"}
        answer = await room.desk.filled(ANN, HERE, form.command, answers, room.request())
        assert answer is not None
        assert "taken" in answer.text
        spec = (await room.house.job(1)).spec
        assert (spec["caption"], spec["lyrics"]) == ("slow blues\nwith brushes", "[verse]\nOh well")
        assert (spec["seed"], spec["duration"]) == (7, -1)

    run(story())


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"caption": "x", MORE: "bpm:fast"}, "`bpm` is fast"),
        ({"caption": "x", MORE: "please hurry bpm:90"}, "takes only options"),
        ({"caption": "x", MORE: "caption:y"}, "given twice"),
        ({"caption": "x", "duration": "900"}, "`duration` is 900"),
        ({"caption": "", "lyrics": "  "}, "nothing to go by"),
    ],
)
def test_a_form_that_does_not_fit_is_refused_and_comes_back_with_what_was_written(
    room: Room, answers: dict[str, str], said: str
) -> None:
    async def story() -> None:
        before = await room.balance()
        answer = await room.desk.filled(ANN, HERE, "song", answers, room.request())
        assert answer is not None
        assert said in answer.text
        assert answer.draft is not None
        form = await room.desk.reopened(ANN, answer.draft)
        assert isinstance(form, Form)
        written = {field.name: field.value for field in form.fields}
        for name in ("caption", "duration", MORE):
            assert written[name] == answers.get(name, "")
        # It is nobody else's, and cost nothing.
        assert isinstance(await room.desk.reopened(BEN, answer.draft), Answer)
        assert await room.balance() == before
        assert await control.recent(room.house.db, 5) == []

    run(story())


def test_a_command_that_cannot_be_read_comes_back_as_a_line_to_mend(room: Room) -> None:
    async def story() -> list[str]:
        answer = await room.say('/song caption:"slow blues duration:60')
        assert isinstance(answer, Answer)
        assert "never closed" in answer.text
        assert answer.draft is not None
        form = await room.desk.reopened(ANN, answer.draft)
        assert isinstance(form, Form)
        return [field.value for field in form.fields]

    assert run(story()) == ["", "", "", 'caption:"slow blues duration:60']


def test_lyrics_too_long_for_a_form_are_handed_back_whole(room: Room) -> None:
    lyrics = "\n".join(f"line {number} of a long, long song" for number in range(200))

    async def story() -> None:
        await room.desk.filled(ANN, HERE, "song", {"lyrics": lyrics, MORE: "bpm:90"}, room.request())
        await room.house.work()
        answer = await room.desk.opened(ANN, HERE, ACTIONS["redo"], 1)
        assert isinstance(answer, Answer)
        assert answer.file is not None
        assert "taken" in await room.told(answer.file.text)
        first, second = await room.house.job(1), await room.house.job(2)
        assert {**first.spec, "seed": 0} == {**second.spec, "seed": 0}

    run(story())


def test_the_same_request_twice_is_one_job_and_one_answer(room: Room) -> None:
    async def story() -> None:
        first = await room.desk.typed(ANN, HERE, "/song blues duration:30", "again")
        second = await room.desk.typed(ANN, HERE, "/song blues duration:30", "again")
        assert first is not None
        assert second is None
        for text in ("/song x duration:900", "/credits", "/nothing"):
            assert await room.desk.typed(ANN, HERE, text, f"again {text}") is not None
            assert await room.desk.typed(ANN, HERE, text, f"again {text}") is None
        assert len(await control.recent(room.house.db, 9)) == 1

    run(story())


def test_a_request_that_arrives_twice_at_one_moment_is_one_job(room: Room) -> None:
    async def story() -> list[object]:
        both = (room.desk.typed(ANN, HERE, "/song blues duration:30", "twice") for _ in range(2))
        return list(await asyncio.gather(*both))

    answers = run(story())
    assert sorted(answer is None for answer in answers) == [False, True]


def test_buttons_do_once_what_they_say_however_often_the_press_arrives(room: Room) -> None:
    async def story() -> None:
        job = await room.song("crash")
        assert (await room.house.job(job)).status == "FAILED"
        retry = ACTIONS["retry"]
        assert await room.desk.pressed(ANN, HERE, retry, job, "press") is not None
        await room.house.work()
        assert await room.desk.pressed(ANN, HERE, retry, job, "press") is None
        # The press that came again did not start a third round.
        assert (await room.house.job(job)).round == 2

    run(story())


def test_cancel_is_the_owners_and_says_so(room: Room) -> None:
    async def story() -> None:
        await room.told("/song wait duration:30")
        before = await room.balance()
        assert "Only ann can do that" in await room.press("cancel", 1, BEN)
        assert "Nothing was charged" in await room.press("cancel", 1)
        assert (await room.house.job(1)).status == "CANCELLED"
        assert await room.balance() == before + 5
        assert "has ended already" in await room.press("cancel", 1)

    run(story())


def test_a_song_is_seen_where_it_was_posted_and_by_its_owner_alone(room: Room) -> None:
    async def story() -> None:
        job = await room.song()
        for name in ("variations", "lrc", "delete", "cancel"):
            assert "There is no job #1" in await room.press(name, job, BEN, ELSEWHERE)
        assert "taken" in await room.press("variations", job, BEN)
        assert "taken" in await room.press("variations", job, ANN, ELSEWHERE)

    run(story())


def test_variations_are_two_new_takes_of_the_same_song(room: Room) -> None:
    async def story() -> None:
        await room.told('/song caption:"slow blues" duration:30 seed:7')
        await room.house.work()
        job = 1
        assert "10 credits" in await room.press("variations", job, BEN)
        first, second = await room.house.job(job), await room.house.job(job + 1)
        assert (second.takes, second.parent_id, second.user) == (2, job, "ben")
        assert second.spec["caption"] == first.spec["caption"]
        assert second.duration == first.duration
        # What the first one's plan decided stays.
        assert (second.spec["bpm"], second.spec["keyscale"]) == (100, "C Major")
        assert second.spec["seed"] == -1

    run(story())


def test_a_variation_keeps_words_that_were_written_for_the_song_and_redo_asks_for_others(room: Room) -> None:
    async def story() -> None:
        await room.told("/song written use_cot_lyrics:true duration:30")
        await room.house.work()
        assert "taken" in await room.press("variations", 1)
        first, second = await room.house.job(1), await room.house.job(2)
        assert first.plan is not None
        assert (second.spec["lyrics"], second.spec["display_name"]) == (first.plan["lyrics"], first.title)
        assert not second.spec["use_cot_lyrics"]
        await room.house.work()
        plan = (await room.house.job(2)).plan
        assert plan is not None
        assert (plan["lyrics_by"], plan["lyrics_model"]) == ("model", "tiny")
        again = await room.desk.opened(ANN, HERE, ACTIONS["redo"], 1)
        assert isinstance(again, Form)
        assert {field.name: field.value for field in again.fields if field.value} == {
            "caption": "written",
            "duration": "30",
            MORE: "use_cot_lyrics:true",
        }

    run(story())


def test_redo_opens_the_request_as_it_was_written(room: Room) -> None:
    async def story() -> None:
        await room.told(r'/song caption:"slow, blue" lyrics:"[verse]\nOh well" duration:30 bpm:90 seed:4 format:wav')
        await room.house.work()
        form = await room.desk.opened(BEN, HERE, ACTIONS["redo"], 1)
        assert isinstance(form, Form)
        written = {field.name: field.value for field in form.fields}
        assert written == {
            "caption": "slow, blue",
            "lyrics": "[verse]\nOh well",
            "duration": "30",
            MORE: "format:wav bpm:90",
        }
        answer = await room.desk.filled(BEN, HERE, form.command, written, room.request(), parent=form.parent)
        assert answer is not None
        job = await room.house.job(2)
        assert (job.parent_id, job.user, job.spec["bpm"], job.spec["format"]) == (1, "ben", 90, "wav")

    run(story())


def test_deleting_takes_the_song_away_for_good(room: Room) -> None:
    async def story() -> None:
        job = await room.song()
        spent = await room.balance()
        assert "Only ann" in await room.press("delete", job, BEN)
        assert "gone" in await room.press("delete", job)
        view = await room.house.job(job)
        assert (view.deleted, view.tracks) == (True, ())
        assert offered(view, room.house.rules.capabilities) == ()
        assert await room.balance() == spent
        assert "nothing of job #1 to delete" in await room.press("delete", job)
        assert "deleted" in await room.told("/jobs")

    run(story())


def test_buttons_are_those_that_work_now(room: Room) -> None:
    def able_to(*tasks: str) -> Capabilities:
        return room.house.rules.capabilities.model_copy(update={"tasks": tasks})

    async def names(job: int) -> list[str]:
        return [action.name for action in offered(await room.house.job(job), room.house.rules.capabilities)]

    async def story() -> None:
        await room.told("/song blues duration:30")
        assert await names(1) == ["cancel"]
        await room.house.work()
        assert await names(1) == ["variations", "redo", "delete"]
        failed = await room.song("crash")
        assert await names(failed) == ["retry", "redo"]
        broken = await room.song("broken")
        assert await names(broken) == ["redo"]
        song = await room.house.job(1)
        shown = offered(song, able_to("text2music", "extend", "stems"))
        assert [action.name for action in shown] == ["variations", "redo", "extend", "stems", "delete"]
        # A song that keeps no parts can be taken apart where something here separates.
        mixed = replace(song, tracks=tuple(replace(track, files=track.files[:1]) for track in song.tracks))
        separating = able_to("stems").model_copy(update={"separates": ("vocals",)})
        assert ACTIONS["stems"] in offered(mixed, separating)
        assert ACTIONS["stems"] not in offered(mixed, able_to("stems"))

    run(story())


def test_jobs_credits_and_help_are_told(room: Room) -> None:
    async def story() -> None:
        told = await room.told("/jobs")
        assert told == "No songs yet. Try `/song slow blues`."
        await room.song()
        await room.told("/song another one duration:30")
        answer = await room.say("/jobs")
        assert isinstance(answer, Answer)
        newest, oldest = answer.text.splitlines()
        assert newest.startswith("`#2` another one: waiting, first in line")
        assert oldest == "`#1` A Title: done"
        assert [(action.name, job) for action, job in answer.buttons] == [("cancel", 2)]
        told = await room.told("/credits")
        assert told.splitlines() == [
            "You have 990 credits, 5 more on hold for songs under way.",
            "-5 for `#1` A Title",
            "+1,000 to begin with",
        ]
        assert "`/song` A song from a caption" in await room.told("/help")
        assert "`bpm` Tempo" in await room.told("/help song")
        assert "Did you mean `/song`?" in await room.told("/help sogn")
        # Nobody sees anybody else's songs.
        assert "No songs yet" in await room.told("/jobs", BEN)

    run(story())


def test_a_retry_that_cannot_be_paid_says_what_would_pay_for_it(tmp_path: Path) -> None:
    room = Room(House(tmp_path, rules=rules(roles={"everyone": {"daily": 50}})))

    async def story() -> None:
        await room.told("/song broken duration:30")
        await room.house.work()
        await room.told("/daily", BEN)
        left = await room.balance()
        await room.told(f"/gift ben {left - 2}")
        assert await room.press("retry", 1) == (
            "Insufficient credits: another try costs 5 and you have 2. "
            "Ask whoever runs this place for more, or take the 50 that `/daily` gives you today."
        )
        await room.told("/daily")
        assert "back in the queue" in await room.press("retry", 1)

    run(story())


def test_help_has_what_is_for_those_in_charge_last(tmp_path: Path) -> None:
    room = Room(House(tmp_path, rules=rules(roles={"admin": {"in_charge": True}})))
    boss = Requester("chat", "u9", "eve", roles=("admin",))

    async def story() -> None:
        above, _, below = (await room.told("/help", boss)).partition("For those in charge:")

        def says(told: str, name: str) -> bool:
            """Those of a group share a line, which has their next words."""
            word, *verb = name.split()
            lines = [line.removeprefix(f"`/{word}` ") for line in told.splitlines() if line.startswith(f"`/{word}` ")]
            return any(not verb or verb[0] in line.split(", ") for line in lines)

        for name, command in room.desk.commands.items():
            assert says(below, name) is command.admin, name
            if command.admin:
                assert not says(above, name)
        assert "For those in charge" not in await room.told("/help")

    run(story())


def test_own_songs_are_suggested_by_number_and_title(room: Room) -> None:
    async def story() -> None:
        await room.song()
        await room.song("bossa")
        assert [job.id for job in await room.desk.suggested(ANN, "")] == [2, 1]
        assert [job.id for job in await room.desk.suggested(ANN, "#2")] == [2]
        assert [name_of(job) for job in await room.desk.suggested(ANN, "title")] == ["A Title", "A Title"]
        assert await room.desk.suggested(BEN, "") == []

    run(story())


def test_what_is_wrong_with_somebody_elses_song_is_nobodys_business(tmp_path: Path) -> None:
    """A source that may not be seen is refused like one that doesn't exist, whatever state it is in."""
    able = ScriptedPool.capabilities.model_copy(update={"tasks": ("text2music", "stems")})
    house = House(tmp_path, rules=rules(capabilities=able))
    room = Room(house)

    async def story() -> None:
        await room.told("/song wait duration:30")
        assert "There is no job #1" in await room.told("/stems 1", BEN, ELSEWHERE)
        assert "There is no job #2" in await room.told("/stems 2", BEN, ELSEWHERE)
        assert "There is no job #1" not in await room.told("/stems 1", BEN, HERE)

    run(story())
    house.db.close()


def test_a_song_that_could_be_posted_nowhere_is_kept_and_posted_where_its_owner_asks(room: Room) -> None:
    @dataclass
    class Shut:
        """A chat whose token was revoked, and later one that works."""

        surface: str = "chat"
        works: bool = False
        posted: list[tuple[str, str]] = field(default_factory=list)

        async def deliver(self, parcel: Parcel) -> str:
            if not self.works:
                raise DeliveryFailed("token revoked", permanent=True)
            self.posted.append((parcel.job.channel, parcel.topic))
            return "m1"

        def elsewhere(self, job: JobView) -> str | None:
            return None

    async def story() -> list[tuple[str, str]]:
        chat = Shut()
        job = await room.song()
        while await deliver_due(room.house.db, {"chat": chat}):
            pass
        answer = await room.say("/jobs")
        assert isinstance(answer, Answer)
        assert answer.text == "`#1` A Title: done · could not be posted"
        assert [(action.name, number) for action, number in answer.buttons] == [("post", job)]
        assert "Only ann" in await room.press("post", job, BEN)
        chat.works = True
        assert "comes here" in await room.press("post", job, ANN, ELSEWHERE)
        assert "posted already, or still under way" in await room.press("post", job, ANN, ELSEWHERE)
        while await deliver_due(room.house.db, {"chat": chat}):
            pass
        assert (await room.house.job(job)).post == "m1"
        assert "could not" not in await room.told("/jobs")
        assert "posted already" in await room.press("post", job)
        return chat.posted

    assert run(story()) == [("cellar", "completed")]


def test_posting_again_in_the_same_channel_goes_into_the_message_that_stands_there(room: Room) -> None:
    @dataclass
    class Forgetful:
        """A chat whose token was revoked between the first message and the song."""

        surface: str = "chat"
        edits: list[tuple[str, str | None]] = field(default_factory=list)
        revoked: bool = False

        async def deliver(self, parcel: Parcel) -> str:
            if self.revoked:
                raise DeliveryFailed("token revoked", permanent=True, why=None)
            self.edits.append((parcel.topic, parcel.job.post))
            return "m1"

        def elsewhere(self, job: JobView) -> str | None:
            return "dm:ann"

    async def story() -> list[tuple[str, str | None]]:
        chat = Forgetful()
        await room.told("/song blues duration:30")
        await deliver_due(room.house.db, {"chat": chat})
        chat.revoked = True
        await room.house.work()
        await deliver_due(room.house.db, {"chat": chat})
        assert (await room.house.job(1)).channel == "room", "no other channel would help"
        chat.revoked = False
        await room.press("post", 1)
        await deliver_due(room.house.db, {"chat": chat})
        return chat.edits

    assert run(story()) == [("accepted", None), ("completed", "m1")]


@pytest.mark.parametrize("name", ["local", "Operator"])
def test_nobody_becomes_the_operator_by_what_a_chat_calls_them(room: Room, name: str) -> None:
    async def story() -> None:
        impostor = Requester("chat", "u9", name)
        await room.told("/credits", impostor)
        own = Requester("terminal", name.casefold(), name.casefold())
        await room.told("/song secret duration:30", own, ReplyTo("terminal"))
        assert "No songs yet" in await room.told("/jobs", impostor)
        assert "You have 1,000" in await room.told("/credits", impostor)

    run(story())


# --- commands of several words ---


@pytest.fixture
def with_recipe(house: House, monkeypatch: pytest.MonkeyPatch) -> Room:
    """The same two people in a house that has a recipe, and is told what was asked for instead of making it."""

    async def sung(counter: Counter, asked: Asked, ask: Serenade) -> Answer:
        return Answer(f"{ask.song} {ask.mood} {ask.verses}")

    recipes: type[Request] = RecipeRun
    monkeypatch.setitem(TELLERS, recipes, sung)
    house.rules = replace(house.rules, recipes={"serenade": Serenade})
    return Room(house)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/recipe run serenade #12 mood:Bold", "12 bold 2"),
        (
            "/recipe run serenade mood:bold",
            "`song` is missing (the number of a song). Write it as `/recipe run serenade 12 mood:gentle`.",
        ),
        ("/recipe run serenade 12 mood:bald", "`mood` is bald, must be one of gentle, bold. Try `mood:bold`."),
        ("/recipe run serenade 12 verses:9", "`verses` is 9, must be 1 to 4 verses. Try `verses:4`."),
        (
            "/recipe run serenate",
            "I don't know the command `/recipe run serenate`. Did you mean `/recipe run serenade`?",
        ),
        ("/recipe run", "`/recipe run` needs one word more: `/recipe run serenade`."),
        ("/help recipe run", "`/recipe run serenade` A song sung again, for an evening outdoors"),
    ],
)
def test_a_recipe_is_a_command_like_any_other(with_recipe: Room, typed: str, said: str) -> None:
    assert run(with_recipe.told(typed)).splitlines()[0] == said


def test_what_cant_be_read_behind_a_name_of_several_words_comes_back_too(with_recipe: Room) -> None:
    async def story() -> None:
        blank = await with_recipe.say(" /Recipe  run serenade ")
        assert isinstance(blank, Form)
        assert (blank.title, [field.name for field in blank.fields]) == (
            "/recipe run serenade", ["song", "mood", MORE],
        )  # fmt: skip
        refused = await with_recipe.say("/recipe run serenade 12 verse:3")
        assert isinstance(refused, Answer)
        assert "Did you mean `verses`?" in refused.text
        assert refused.draft is not None
        again = await with_recipe.desk.reopened(ANN, refused.draft)
        assert isinstance(again, Form)
        assert (again.command, again.fields[-1].value) == ("recipe run serenade", "12 verse:3")

    run(story())


def test_a_list_that_only_a_chat_can_read_is_brought_once_it_is_sure_to_be_wanted(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(counter: Counter, asked: Asked, ask: Batch) -> Answer:
        return Answer(f"from {ask.rows_url}")

    brought: list[tuple[str, str]] = []

    async def bring(option: str, link: str) -> str:
        brought.append((option, link))
        return "https://house.example/rows"

    batches: type[Request] = Batch
    monkeypatch.setitem(TELLERS, batches, read)
    theirs = "https://files.example/private.csv"

    async def told(text: str) -> str:
        answer = await room.desk.typed(ANN, HERE, text, room.request(), bring=bring)
        assert isinstance(answer, Answer)
        return answer.text

    async def story() -> None:
        assert "at most" in await told(f"/batch {theirs} rows:{'x' * 20_001}")
        assert brought == []
        assert await told(f"/batch {theirs}") == "from https://house.example/rows"
        form = {"rows_url": "", "rows_file": theirs, "rows": ""}
        filled = await room.desk.filled(ANN, HERE, "batch", form, room.request(), bring=bring)
        assert filled is not None
        assert filled.text == "from https://house.example/rows"
        assert brought == [("rows_url", theirs)] * 2

    run(story())
