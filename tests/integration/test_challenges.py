"""Song challenges as people of two chats see them, on both databases."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bot.forms import Form
from storage.database import Database
from tests.integration.challenge_house import (
    ADA,
    ANN,
    BEN,
    BOSS,
    CAT,
    DAN,
    EVE,
    SONGS,
    Fair,
    at,
    told,
    words,
)
from workflows import collection, control, credits
from workflows.challenges.tick import tick
from workflows.challenges.view import look
from workflows.people import ReplyTo, Requester

CREATE = '/challenge create theme:"rain" submit:3d vote:2d prize:"500, 200"'


@pytest.fixture
def fair(database: Database) -> Fair:
    return Fair(database)


@pytest.fixture
def small(sqlite: Database) -> Fair:
    """The same on SQLite alone, for what does not depend on the database."""
    return Fair(sqlite)


async def entered(fair: Fair, *people: Requester) -> dict[str, int]:
    """A song of each, entered; returns their numbers by name."""
    songs = {}
    for who in people:
        songs[who.name] = await fair.song(who, f"Song of the {who.external_id[-2:]}")
        assert "is entered" in await fair.say(who, f"/challenge enter {songs[who.name]} challenge:1")
    return songs


def number_of(fair: Fair, song: str, surface: str = "discord") -> int:
    """The number of an entry on the ballot, by its title."""
    found = re.search(rf"(\d+) · {song}", words(fair.now("vote", surface=surface)))
    assert found is not None, words(fair.now("vote", surface=surface))
    return int(found[1])


def test_a_challenge_from_its_announcement_to_its_prizes(fair: Fair) -> None:
    """Held on Discord and on Slack; who enters where and votes where makes no difference."""

    async def story() -> None:
        with at("2026-11-20 18:00"):
            assert "Challenge 1 is here" in await fair.say(ADA, CREATE)
            assert "held here, too" in await fair.say(BOSS, "/challenge here 1")
            songs = await entered(fair, ANN, DAN)
            await fair.tick()
            assert "2 songs so far" in words(fair.now("enter"))
            assert words(fair.now("enter")) == words(fair.now("enter", surface="slack"))
        with at("2026-11-23 12:00"):
            await fair.tick()
            assert "Entering ends" in fair.now("remind_enter").line
        with at("2026-11-23 18:00"):
            await fair.tick()
            assert fair.now("enter").ended
            assert fair.now("remind_enter").ended
            assert [deed.name for deed in fair.now("enter").deeds] == ["status"]
            ballot = fair.now("vote")
            assert [file.name for file in ballot.files] == ["entry-1.mp3", "entry-2.mp3"]
            assert len(ballot.choices) == 2
            assert ballot == replace(fair.now("vote", surface="slack"), bulletin=ballot.bulletin)
            anns, dans = number_of(fair, "Song of the 10"), number_of(fair, "Song of the an")
            assert f"You vote for {dans}" in await fair.say(BEN, f"/challenge vote {dans}")
            assert f"you vote for {anns} " in await fair.say(BEN, f"/challenge vote {anns}")
            answer = await fair.press(EVE, "vote", 1, anns)
            assert "You vote for" in getattr(answer, "text", "")
            assert "your own song" in await fair.say(ANN, f"/challenge vote {anns}")
            assert "no entry 9" in await fair.say(CAT, "/challenge vote 9")
            await fair.tick()
            assert "2 people voted so far" in words(fair.now("vote"))
        before = fair.ever()
        assert not any(f"#{song}" in before for song in songs.values())
        assert not any(re.search(rf"\b{who.name}\b", before) for who in (ANN, BEN, DAN, EVE))
        with at("2026-11-25 18:00"):
            await fair.tick()
            assert fair.now("podium").line == "Song of the 10 by ann won with 2 votes and gets 500 credits."
            assert "1. ann, 3 points, 2 votes" in fair.now("podium").lines
            assert [file.name for file in fair.now("podium").files] == ["song-of-the-10.mp3"]
            assert [deed.name for deed in fair.now("vote").deeds] == ["results"]
            assert not fair.now("vote").choices
            assert [await fair.credits(who) for who in (ANN, DAN, BEN)] == [1500, 1000, 1000]
            assert "is over" in await fair.say(BEN, "/challenge vote 1 challenge:1")
            assert "ann won" in await fair.say(EVE, "/challenge results")
            assert "+500 won in a song challenge: rain" in await fair.say(ANN, "/credits")
        posts = {key: list(said) for key, said in fair.posts.items()}
        with at("2026-12-25 18:00"):
            assert await tick(fair.db) == 0
            await fair.tick()
            assert fair.posts == posts
            assert await fair.credits(ANN) == 1500
        assert fair.topics() == fair.topics("slack") == ["enter", "remind_enter", "vote", "podium"]

    told(story())


MOMENTS = ("2026-11-20 18:00", "2026-11-21 18:00", "2026-11-23 18:00", "2026-11-24 12:00", "2026-11-24 18:00")
TOPIC_AT = dict(zip(MOMENTS, ("theme", "enter", "vote", "remind_vote", "podium"), strict=True))


def _lookings() -> Iterator[tuple[str, ...]]:
    for count in range(len(MOMENTS)):
        yield from itertools.combinations(MOMENTS[:-1], count)


@pytest.mark.parametrize(
    "looked", list(_lookings()), ids=lambda looked: "+".join(TOPIC_AT[one] for one in looked) or "none"
)
def test_whenever_the_house_was_away_the_end_is_the_same(small: Fair, looked: tuple[str, ...]) -> None:
    """The clock looks at some of the boundaries only. What is over by then is never announced as if it were not."""

    async def story() -> None:
        create = '/challenge create theme:"rain; sea" themes:vote theme_vote:1d submit:2d vote:1d prize:100 remind:6h'
        with at(MOMENTS[0]):
            await fair_created(small, create, in_time=MOMENTS[0] in looked)
            assert "You vote for 2" in await small.say(BEN, "/challenge vote 2 challenge:1")
        for moment in MOMENTS[1:]:
            with at(moment):
                if moment in looked or moment == MOMENTS[-1]:
                    await small.tick()
                    await small.tick()
                if moment == MOMENTS[1]:
                    await entered(small, ANN, CAT)
                if moment == MOMENTS[2]:
                    # The ballot can be asked for as soon as anybody looked.
                    answer = await small.answer(BEN, "/challenge vote challenge:1")
                    for choice in answer.choices:
                        if "Song of the 10" in str(choice.label):
                            await small.press(BEN, "vote", 1, choice.which)
        wanted = [TOPIC_AT[one] for one in MOMENTS if one in looked]
        if "remind_vote" in wanted and "vote" not in wanted:
            # Whoever hears of the vote only now is not reminded of it at once.
            wanted[wanted.index("remind_vote")] = "vote"
        assert small.topics() == [*wanted, "podium"]
        voted = MOMENTS[2] in looked
        assert await small.credits(ANN) == (1100 if voted else 1000)
        assert ("ann won" in words(small.now("podium"))) is voted
        assert small.now("podium").title == "Song challenge: sea"

    told(story())


async def fair_created(fair: Fair, create: str, *, in_time: bool) -> None:
    """Made while the house looks, or planned by it and missed."""
    if in_time:
        await fair.say(ADA, create)
        await fair.tick()
        return
    with at("2026-11-20 17:00"):
        await fair.say(ADA, f'{create} starts:"in 1 hour"')


# --- who may do what ---


def test_entering_takes_a_finished_song_of_ones_own_and_as_many_as_each_may(small: Fair) -> None:
    async def story() -> None:
        with at("2026-11-20 18:00"):
            assert "no such challenge" in await small.say(ANN, "/challenge enter")
            await small.say(ADA, CREATE)
            assert "no finished song" in await small.say(ANN, "/challenge enter")
            one, two = await small.song(ANN, "One", takes=2), await small.song(ANN, "Two")
            assert "Only ann can do that" in await small.say(BEN, f"/challenge enter {one}")
            choices = (await small.answer(ANN, "/challenge enter")).choices
            assert [deed.label for deed in choices] == [f"#{two} Two", f"#{one} One, take 1", f"#{one} One, take 2"]
            assert "has 2 takes" in await small.say(ANN, f"/challenge enter {one} take:3")
            entered = await small.press(ANN, "entered", choices[2].on, choices[2].which)
            assert f"#{one} One is entered" in getattr(entered, "text", "")
            assert "is in it already" in await small.say(ANN, f"/challenge enter {one} take:2")
            assert "may enter 1 song, and you did" in await small.say(ANN, f"/challenge enter {two}")
            assert "may enter 1 song, and you did" in getattr(await small.press(ANN, "enter", 1), "text", "")
            assert "You have no such song" in await small.say(BEN, "/challenge withdraw")
            status = await small.answer(ANN, "/challenge status")
            assert f"You entered #{one} One." in status.text
            [withdraw] = [deed for deed in status.deeds if deed.name == "withdraw"]
            assert "taken out" in getattr(await small.press(ANN, "withdraw", withdraw.on), "text", "")
            assert "is entered" in await small.say(ANN, f"/challenge enter {one} take:2")
            assert "You entered" not in await small.say(BEN, "/challenge status")
        with at("2026-11-23 18:00"):
            assert "takes no more songs" in await small.say(ANN, f"/challenge enter {two}")
            assert "taken out" in await small.say(ANN, "/challenge withdraw")
            # Nothing is left to vote for.
            await small.tick()
            assert small.now("podium").line == "Nobody entered a song this time."

    told(story())


def test_nobody_is_told_whose_song_is_whose(small: Fair) -> None:
    """Neither in the answers that others get, nor in the menus and the names of files."""

    async def story() -> None:
        with at("2026-11-20 18:00"):
            await small.say(ADA, f"{CREATE} review:true")
            song = await small.song(ANN, "Night Train")
            await small.say(ANN, f"/challenge enter {song}")
            said = [(await small.answer(ADA, "/challenge review")).text, await small.say(BEN, "/challenge status")]
            assert "Night Train" in said[0]
            assert "ann" not in said[0].replace("channel", "")
            await small.say(ADA, f"/challenge review {song}")
        with at("2026-11-23 18:00"):
            await small.tick()
            assert [one.user for one in small.db.read(lambda session: look(session, 1)).entries] == [None]
            for who in (BEN, DAN, ADA):
                for command in ("/challenge status challenge:1", "/challenge vote challenge:1"):
                    answer = await small.answer(who, command)
                    said += [answer.text, *(str(deed.label) for deed in answer.choices)]
            assert "1 · Night Train" in said[-1]
            assert not [text for text in said[1:] if re.search(rf"\bann\b|#{song}\b", text)]
            assert "Your song is 1 · Night Train." in await small.say(ANN, "/challenge status")
        open_one = f"{CREATE} anonymous:false"
        with at("2026-12-01 18:00"):
            await small.say(ADA, open_one)
            await small.say(ANN, f"/challenge enter {song} challenge:2")
        with at("2026-12-04 18:00"):
            await small.tick()
            assert "1 · Night Train, by ann" in small.now("vote", 2).lines

    told(story())


def test_what_waits_for_a_look_is_heard_by_those_in_charge_alone(small: Fair) -> None:
    async def story() -> None:
        with at("2026-11-20 18:00"):
            await small.say(ADA, f"{CREATE} review:true")
            good, bad, late, never = [await small.song(who, f"Song of {who.name}") for who in (ANN, BEN, CAT, DAN)]
            for who, song in ((ANN, good), (BEN, bad), (CAT, late), (DAN, never)):
                assert "listens to it before" in await small.say(who, f"/challenge enter {song} challenge:1")
            assert "is for those who run this place" in await small.say(ANN, "/challenge review")
            assert "There is no challenge 1" in await small.say(BOSS, "/challenge review challenge:1")
            waiting = await small.answer(ADA, "/challenge review")
            assert waiting.bundle is not None
            assert len(waiting.bundle.files) == 4
            show = next(deed for deed in waiting.deeds if deed.name == "entry_show" and str(good) in str(deed.label))
            assert "There is no challenge 1" in getattr(await small.press(BOSS, "entry_show", show.on), "text", "")
            assert "may be shown" in getattr(await small.press(ADA, "entry_show", show.on), "text", "")
            form = await small.press(ADA, "entry_reject", show.on + 1)
            assert isinstance(form, Form)
            assert (form.command, form.fields[0].value) == ("challenge reject", str(bad))
            assert "is out" in await small.say(ADA, f'/challenge reject {bad} why:"not about rain"')
            assert "taken out by somebody in charge: not about rain" in await small.say(BEN, "/challenge status")
            assert "Enter another song" in await small.say(BEN, f"/challenge enter {bad}")
        with at("2026-11-23 18:00"):
            await small.tick()
            assert [line for line in small.now("vote").lines if "·" in line] == ["1 · Song of ann"]
            await small.say(BEN, "/challenge vote 1")
            await small.say(ADA, f"/challenge review {late}")
            await small.tick()
            assert small.now("vote").lines == ("1 · Song of ann", "2 · Song of cat")
            assert [file.name for file in small.now("vote").files] == ["entry-1.mp3", "entry-2.mp3"]
            # What turns out to be wrong after all goes, and the votes for it with it.
            assert "is out" in await small.say(ADA, f"/challenge reject {good}")
            await small.tick()
            assert small.now("vote").lines == ("2 · Song of cat",)
            assert "You have not voted yet" in await small.say(BEN, "/challenge status")
        with at("2026-11-25 18:00"):
            await small.tick()
            assert (
                small.now("podium").line == "No song has a vote, so nobody won. Every song stays with whoever made it."
            )
            assert "Song of dan" not in small.ever()

    told(story())


@pytest.mark.parametrize("way", [control.throw_away, collection.discard], ids=["in a chat", "by program"])
def test_a_song_that_is_thrown_away_leaves_the_challenge(small: Fair, way: Callable[..., Awaitable[object]]) -> None:
    async def story() -> None:
        with at("2026-11-20 18:00"):
            await small.say(ADA, CREATE)
            songs = await entered(small, ANN, BEN, CAT)
        with at("2026-11-23 18:00"):
            await small.tick()
            gone, kept = number_of(small, "Song of the 10"), number_of(small, "Song of the 11")
            for who in (DAN, EVE):
                await small.say(who, f"/challenge vote {gone} challenge:1")
            await way(small.db, songs["ann"], ANN, SONGS)
            await small.deliver()
            assert "Song of the 10" not in words(small.now("vote"))
            assert "2 people voted so far" in words(small.now("vote"))
            assert f"no entry {gone} to vote for" in await small.say(CAT, f"/challenge vote {gone}")
            await small.say(DAN, f"/challenge vote {kept} challenge:1")
        with at("2026-11-25 18:00"):
            await small.tick()
            assert small.now("podium").line.startswith("Song of the 11 by ben won with 1 vote")

    told(story())


def test_one_person_has_one_vote_whichever_chat_they_come_from(fair: Fair) -> None:
    """Two accounts voted, and one of them entered; then they turn out to be one person."""

    async def story() -> None:
        with at("2026-11-20 18:00"):
            await fair.say(ADA, CREATE)
            await entered(fair, ANN, BEN)
        with at("2026-11-23 18:00"):
            await fair.tick()
            anns, bens = number_of(fair, "Song of the 10"), number_of(fair, "Song of the 11")
            # Dan is Ann on Slack; Eve is Cat.
            await fair.say(DAN, f"/challenge vote {anns} challenge:1")
            await fair.say(CAT, f"/challenge vote {bens}")
            await fair.say(EVE, f"/challenge vote {anns} challenge:1")
            for here, there in ((ANN, DAN), (CAT, EVE)):
                code = re.search(r"/link ([A-Z0-9]{8})", await fair.say(here, "/link"))
                assert code is not None
                await fair.say(there, f"/link {code[1]}")
            assert "your own song" in await fair.say(DAN, f"/challenge vote {anns} challenge:1")
            await fair.tick()
            assert "2 people voted so far" in words(fair.now("vote"))
            await fair.say(EVE, f"/challenge vote {bens} challenge:1")
            assert f"You vote for {bens}." in await fair.say(CAT, "/challenge status")
        with at("2026-11-25 18:00"):
            await fair.tick()
            assert fair.now("podium").line.startswith("Song of the 11 by ben won with 1 vote")

    told(story())


def test_a_long_ballot_is_several_messages_of_ten_songs(small: Fair) -> None:
    async def story() -> None:
        with at("2026-11-20 18:00"):
            await small.say(ADA, f"{CREATE} each:6")
            for who in (ANN, BEN):
                for number in range(6):
                    song = await small.song(who, f"{number}")
                    await small.say(who, f"/challenge enter {song}")
        with at("2026-11-23 18:00"):
            await small.tick()
            assert small.topics() == ["enter", "vote", "vote_2"]
            first, second = small.now("vote"), small.now("vote_2")
            assert [deed.which for deed in (*first.choices, *second.choices)] == list(range(1, 13))
            assert [file.name for file in second.files] == ["entry-11.mp3", "entry-12.mp3"]
            assert second.lines[0] == "Songs 11 to 12:"
            assert len((await small.answer(CAT, "/challenge vote")).choices) == 12

    told(story())


def test_whoever_is_kept_out_has_no_vote(small: Fair) -> None:
    async def story() -> None:
        with at("2026-11-20 18:00"):
            await small.say(ADA, CREATE)
            await entered(small, ANN, BEN)
        with at("2026-11-23 18:00"):
            await small.tick()
            anns = number_of(small, "Song of the 10")
            await small.say(CAT, f"/challenge vote {anns}")
            await small.say(ADA, "/ban cat")
            assert "You may not ask for anything here" in await small.say(CAT, f"/challenge vote {anns}")
        with at("2026-11-25 18:00"):
            await small.tick()
            assert "No song has a vote" in small.now("podium").line

    told(story())


def test_a_challenge_is_called_off_and_people_are_told(small: Fair) -> None:
    async def story() -> None:
        with at("2026-11-20 18:00"):
            await small.say(ADA, CREATE)
            await entered(small, ANN)
            assert "There is no challenge 1" in await small.say(BOSS, "/challenge cancel 1")
            assert "is called off" in await small.say(ADA, '/challenge cancel why:"we are moving"')
            await small.tick()
            assert small.topics() == ["enter", "cancelled"]
            assert small.now("cancelled").line.startswith("This challenge was called off: we are moving.")
            assert small.now("enter").line == small.now("cancelled").line
            assert "was called off: we are moving" in await small.say(ANN, "/challenge enter challenge:1")
        with at("2026-11-25 18:00"):
            await small.tick()
            assert small.topics() == ["enter", "cancelled"]
            assert await small.credits(ANN) == 1000

    told(story())


def test_rounds_come_by_themselves_with_the_next_theme_where_the_last_was_held(small: Fair) -> None:
    async def story() -> None:
        every = '/challenge create theme:"rain; sea" themes:list submit:3d vote:2d every:"friday 18:00" season:"Winter"'
        with at("2026-11-18 12:00"):
            assert "again and again" in await small.say(ADA, f"{every} zone:Europe/Berlin")
            assert "no such challenge" in await small.say(ANN, "/challenge status")
        with at("2026-11-20 17:00"):
            await small.tick()
            assert small.now("enter").title == "Song challenge: rain"
            await small.say(BOSS, "/challenge here 1")
            await entered(small, ANN)
        with at("2026-11-23 17:00"):
            await small.tick()
            await small.say(DAN, "/challenge vote 1")
        with at("2026-11-27 17:00"):
            await small.tick()
            assert "1. ann, 3 points, 1 vote" in small.now("podium").lines
            assert small.now("enter", 2, "slack").title == "Song challenge: sea"
            assert "round 2 · season Winter" in words(small.now("enter", 2))
        # Away until the round that began meanwhile can't be entered any more: it is not held.
        with at("2026-12-08 17:00"):
            await small.tick()
            assert "Nobody entered" in small.now("podium", 2).line
            assert "no challenge 3" in await small.say(ANN, "/challenge status challenge:3")
        with at("2026-12-11 17:00"):
            await small.tick()
            assert small.now("enter", 3).title == "Song challenge: rain"
            assert "No further round" in await small.say(ADA, "/challenge cancel")
        with at("2027-01-11 17:00"):
            await small.tick()
            assert "no challenge 4" in await small.say(ANN, "/challenge status challenge:4")

    told(story())


@pytest.mark.parametrize(
    ("following", "told_of", "goes_on"), [("true", "No further round", False), ("false", "", True)]
)
def test_calling_a_round_off_ends_those_that_would_follow_unless_they_are_meant_to(
    small: Fair, following: str, told_of: str, goes_on: bool
) -> None:
    async def story() -> None:
        with at("2026-11-18 12:00"):
            await small.say(ADA, f'{CREATE} every:"friday 18:00"')
        with at("2026-11-20 18:00"):
            await small.tick()
            assert told_of in await small.say(ADA, f"/challenge cancel following:{following}")
        with at("2026-11-27 18:00"):
            await small.tick()
            assert small.topics() == ["enter", "cancelled"]
            assert ("no challenge 2" in await small.say(ANN, "/challenge status challenge:2")) is not goes_on

    told(story())


def test_without_a_number_it_is_the_one_of_the_channel(small: Fair) -> None:
    """Else that of the server or, in a direct message, the only one; of several it is asked which."""

    async def story() -> None:
        elsewhere, direct = ReplyTo("discord", "1/other"), ReplyTo("discord", "@me/7")
        stranger = Requester("discord", "99", "zoe", server="discord:2")
        alone = replace(ANN, server=None)
        with at("2026-11-20 18:00"):
            await small.say(ADA, CREATE)
            for who, where in ((ANN, elsewhere), (alone, direct)):
                assert "Song challenge: rain" in await small.say(who, "/challenge status", where=where)
            assert "no such challenge" in await small.say(
                stranger, "/challenge status", where=ReplyTo("discord", "2/1")
            )
            assert "Song challenge: rain" in await small.say(DAN, "/challenge status challenge:1")
            await small.say(ADA, CREATE.replace("rain", "sea"), where=elsewhere)
            assert "rain" in await small.say(ANN, "/challenge status")
            assert "sea" in await small.say(ANN, "/challenge status", where=elsewhere)
            assert "Say which by its number, such as `challenge:3`: 1 (rain), 2 (sea)." in await small.say(
                alone, "/challenge status", where=direct
            )

    told(story())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('theme:"rain" themes:vote', "has 1 of the 2 to 20 themes"),
        ('theme:"rain" prize:cake', "`prize` is cake"),
        ('theme:"rain" starts:"2020-01-01 18:00"', "`starts` is 2020-01-01 18:00"),
        ('theme:"rain" submit:5m', "`submit` is 5m"),
        ('theme:"rain" zone:Mars', "`zone` is Mars"),
        ('theme:"rain" every:sometimes', "`every` is sometimes"),
        (f'theme:"{"x" * 101}"', "at most 100 characters"),
    ],
)
def test_what_is_wrong_with_a_challenge_is_said(small: Fair, options: str, said: str) -> None:
    assert said in told(small.say(ADA, f"/challenge create {options}"))


def test_only_those_in_charge_hold_challenges(small: Fair) -> None:
    async def story() -> None:
        for command in (
            CREATE,
            "/challenge here 1",
            "/challenge cancel 1",
            "/challenge reject 1",
            "/challenge review 1",
        ):
            assert "is for those who run this place" in await small.say(ANN, command)

    told(story())


# --- at the same moment ---


def test_two_processes_at_once_leave_one_vote_and_no_entry_too_many(database: Database, database_url: str) -> None:
    """Each person enters two songs, then votes for both of the others, from two processes at the same moment."""
    other = Database(database_url)

    def both(*doings: tuple[Fair, Requester, str]) -> list[str]:
        ready = threading.Barrier(len(doings))

        def do(fair: Fair, who: Requester, text: str) -> str:
            ready.wait()
            return told(fair.say(who, text))

        with ThreadPoolExecutor(len(doings)) as pool:
            return [one.result() for one in [pool.submit(do, *doing) for doing in doings]]

    try:
        here, there = Fair(database), Fair(other, requests=1000)
        with at("2026-11-20 18:00"):
            told(here.say(ADA, CREATE))
            songs = {who.name: [told(here.song(who, f"{who.name} {n}")) for n in (1, 2)] for who in (ANN, BEN, CAT)}
            for who in (ANN, BEN, CAT):
                said = both(
                    *(
                        (fair, who, f"/challenge enter {song}")
                        for fair, song in zip((here, there), songs[who.name], strict=True)
                    )
                )
                assert sorted("is entered" in text for text in said) == [False, True]
        with at("2026-11-23 18:00"):
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(told, [tick(database), tick(other)]))
            told(here.deliver())
            ballot = {re.sub(r"^\d+ · (\w+) \d$", r"\1", line): int(line[0]) for line in here.now("vote").lines}
            assert sorted(ballot) == ["ann", "ben", "cat"]
            for who, *others in ((ANN, "ben", "cat"), (BEN, "ann", "cat"), (CAT, "ann", "ben")):
                said = both(
                    *(
                        (fair, who, f"/challenge vote {ballot[name]}")
                        for fair, name in zip((here, there), others, strict=True)
                    )
                )
                assert all("vote for" in text for text in said)
            told(here.tick())
            assert "3 people voted so far" in words(here.now("vote"))
        with at("2026-11-25 18:00"):
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(told, [tick(database), tick(other)]))
            told(here.deliver())
            shown = database.read(lambda session: look(session, 1))
            assert sum(one.votes or 0 for one in shown.entries) == 3
            assert sum(told(here.credits(who)) for who in (ANN, BEN, CAT)) == 3700
            assert told(credits.check(database)) == []
            assert here.topics() == ["enter", "vote", "podium"]
    finally:
        other.close()
