"""What people might try in a song challenge, or come to by accident, so that it ends as it should all the same."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event

from storage.database import Database
from tests.integration.challenge_house import ADA, ANN, BEN, BOSS, CAT, DAN, EVE, Fair, at, told, words
from workflows import control
from workflows.challenges import entering
from workflows.challenges.tick import tick
from workflows.challenges.view import look
from workflows.people import OPERATOR, ReplyTo, Requester

CREATE = '/challenge create theme:"rain" submit:3d vote:2d prize:"500, 200"'
OPENS, VOTING, OVER = "2026-11-20 18:00", "2026-11-23 18:00", "2026-11-25 18:00"


@pytest.fixture
def fair(sqlite: Database) -> Fair:
    return Fair(sqlite)


async def enters(fair: Fair, who: Requester, title: str, challenge: int = 1) -> int:
    song = await fair.song(who, title)
    assert "is entered" in await fair.say(who, f"/challenge enter {song} challenge:{challenge}")
    return song


async def joined(fair: Fair, here: Requester, there: Requester) -> None:
    code = re.search(r"/link ([A-Z0-9]{8})", await fair.say(here, "/link"))
    assert code is not None
    assert "You are" in await fair.say(there, f"/link {code[1]}")


def number_of(fair: Fair, title: str) -> int:
    found = re.search(rf"(\d+) · {title}", words(fair.now("vote")))
    assert found is not None, words(fair.now("vote"))
    return int(found[1])


@pytest.mark.parametrize("moment", [OPENS, VOTING])
def test_two_who_turn_out_to_be_one_have_no_song_too_many(fair: Fair, moment: str) -> None:
    """The one that came first stays, whether they said so before the ballot or while it stands."""

    async def story() -> None:
        with at(OPENS):
            await fair.say(ADA, CREATE)
            await enters(fair, BEN, "First")
        with at("2026-11-20 19:00"):
            await enters(fair, DAN, "Second")
            await enters(fair, ANN, "Other")
        with at(moment):
            await fair.tick()
            await joined(fair, BEN, DAN)
        with at(VOTING):
            await fair.tick()
            assert sorted(re.sub(r"^\d+ · ", "", line) for line in fair.now("vote").lines) == ["First", "Other"]
            assert "Second" not in await fair.say(DAN, "/challenge status challenge:1")

    told(story())


def test_whoever_is_kept_out_when_votes_are_counted_wins_nothing(fair: Fair) -> None:
    async def story() -> None:
        with at(OPENS):
            await fair.say(ADA, CREATE)
            await enters(fair, ANN, "Bad")
            await enters(fair, BEN, "Good")
        with at(VOTING):
            await fair.tick()
            for who in (DAN, EVE):
                await fair.say(who, f"/challenge vote {number_of(fair, 'Bad')} challenge:1")
            await fair.say(CAT, f"/challenge vote {number_of(fair, 'Good')}")
            await fair.say(ADA, "/ban ann")
        with at(OVER):
            await fair.tick()
            assert fair.now("podium").line == "Good by ben won with 1 vote and gets 500 credits."
            assert "Bad" not in words(fair.now("podium"))
            assert [await fair.credits(who) for who in (ANN, BEN)] == [1000, 1500]

    told(story())


def test_what_is_thrown_away_is_heard_nowhere_when_all_is_over_either(fair: Fair) -> None:
    async def story() -> None:
        with at(OPENS):
            await fair.say(ADA, CREATE)
            song = await enters(fair, ANN, "Gone")
            await enters(fair, BEN, "Kept")
        with at(VOTING):
            await fair.tick()
            await fair.say(CAT, f"/challenge vote {number_of(fair, 'Gone')}")
        with at(OVER):
            await fair.tick()
            assert [len(fair.now(topic).files) for topic in ("vote", "podium")] == [2, 1]
            await control.throw_away(fair.db, song, OPERATOR)
            await fair.deliver()
            assert [len(fair.now(topic).files) for topic in ("vote", "podium")] == [1, 0]
            # Who won has won.
            assert "ann won with 1 vote" in fair.now("podium").line

    told(story())


def test_what_was_rejected_comes_back_only_where_there_is_room_for_it(fair: Fair) -> None:
    async def story() -> None:
        with at(OPENS):
            await fair.say(ADA, CREATE)
            first = await enters(fair, ANN, "First")
            await fair.say(ADA, f"/challenge reject {first}")
            second = await enters(fair, ANN, "Second")
            assert "entered another since" in await fair.say(ADA, f"/challenge review {first}")
            await fair.say(ADA, f"/challenge reject {second}")
            assert "may be shown" in await fair.say(ADA, f"/challenge review {first}")

    told(story())


def test_results_are_those_of_this_server_and_a_podium_keeps_its_table(fair: Fair) -> None:
    async def story() -> None:
        for number, (day, end) in enumerate([("2026-11-02", "2026-11-07"), ("2026-11-09", "2026-11-14")], start=1):
            with at(f"{day} 18:00"):
                await fair.say(ADA, CREATE)
                await enters(fair, ANN, f"Song {number}", number)
            with at(f"{end} 12:00"):
                await fair.tick()
                await fair.say(BEN, "/challenge vote 1")
            with at(f"{end} 18:00"):
                await fair.tick()
        elsewhere = await fair.say(CAT, "/challenge results", where=ReplyTo("discord", "1/other"))
        assert "Song 2 by ann won" in elsewhere
        assert "1. ann, 6 points" in elsewhere
        assert "1. ann, 3 points" in await fair.say(CAT, "/challenge results 1")
        stranger = Requester("discord", "99", "zoe", server="discord:2")
        assert "no such challenge" in await fair.say(stranger, "/challenge results", where=ReplyTo("discord", "2/1"))
        assert "no such challenge" in await fair.say(BOSS, "/challenge results")

    told(story())


@pytest.mark.parametrize("prize", ["1,000", "1,500", "200 500", "05"])
def test_a_prize_is_not_taken_for_another(fair: Fair, prize: str) -> None:
    said = told(fair.say(ADA, f'/challenge create theme:rain prize:"{prize}"'))
    assert f"`prize` is {prize}" in said
    assert "prize:1000" in said


def test_an_old_song_of_several_takes_is_entered_by_its_button(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much was made since, and of nobody else's."""
    monkeypatch.setattr(entering, "LOOKED_AT", 1)

    async def story() -> None:
        with at(OPENS):
            await fair.say(ADA, CREATE)
            old = await fair.song(ANN, "Old", takes=2)
            await fair.song(ANN, "New")
            offered = await entering.enterable(fair.db, ANN, ReplyTo("discord", "1/songs"), 1, job_id=old)
            assert [(one.job, one.take) for one in offered.songs] == [(old, 1), (old, 2)]
            theirs = await entering.enterable(fair.db, BEN, ReplyTo("discord", "1/songs"), 1, job_id=old)
            assert theirs.songs == ()

    told(story())


def test_a_long_ballot_takes_no_more_questions_than_a_short_one(fair: Fair) -> None:
    asked: list[str] = []

    def questions() -> int:
        asked.clear()
        fair.db.read(lambda session: look(session, 1))
        return len(asked)

    async def story() -> None:
        with at(OPENS):
            await fair.say(ADA, f"{CREATE} each:10")
            await enters(fair, ANN, "One")
            await enters(fair, BEN, "Two")
        with at(VOTING):
            await fair.tick()
            few = questions()
        with at("2026-11-22 18:00"):
            for number in range(8):
                await enters(fair, CAT, f"Three {number}")
        with at(VOTING):
            await fair.tick()
            assert questions() == few
            # Nor does looking whether anything is due, in however many channels.
            asked.clear()
            assert await tick(fair.db) == 0
            few = len(asked)
            for number in range(3):
                await fair.say(ADA, "/challenge here 1", where=ReplyTo("discord", f"1/{number}"))
            await fair.tick()
            asked.clear()
            assert await tick(fair.db) == 0
            assert len(asked) == few
            assert len(fair.db.read(lambda session: look(session, 1)).entries) == 10

    def hear(*statement: object) -> None:
        asked.append(str(statement[2]))

    fair.db.read(lambda session: event.listen(session.get_bind(), "before_cursor_execute", hear))
    told(story())


def test_of_a_very_long_ballot_an_answer_shows_what_it_has_room_for(fair: Fair) -> None:
    """What somebody votes for stands below, and is to be read in either chat."""

    async def story() -> None:
        with at(OPENS):
            await fair.say(ADA, f"{CREATE} each:10")
            for who in (ANN, BEN, DAN):
                for number in range(10):
                    await enters(fair, who, f"{number} {'x' * 96}")
        with at(VOTING):
            await fair.tick()
            await fair.say(CAT, "/challenge vote 30")
            for command in ("status", "vote"):
                answer = await fair.answer(CAT, f"/challenge {command}")
                assert answer.text.endswith("\n5 more after these.\nYou vote for 30.")
                assert len(answer.text) < 4000
            assert len(answer.choices) == 30

    told(story())


def test_before_the_end_nobody_is_told_how_it_stands(fair: Fair) -> None:
    """Not even by what is missing where a song goes: as many people voted as before."""

    async def story() -> None:
        with at(OPENS):
            await fair.say(ADA, CREATE)
            songs = [await enters(fair, who, who.name.title()) for who in (ANN, BEN)]
            assert "Who wins challenge 1 is known" in await fair.say(CAT, "/challenge results")
        with at(VOTING):
            assert (await fair.say(CAT, "/challenge vote 1")).endswith("There is no entry 1 to vote for.")
            await fair.tick()
            for who, title in ((CAT, "Ann"), (DAN, "Ann"), (EVE, "Ben")):
                await fair.say(who, f"/challenge vote {number_of(fair, title)} challenge:1")
            assert "Who wins challenge 1 is known" in await fair.say(CAT, "/challenge results")
            await fair.say(ADA, f"/challenge reject {songs[0]}")
            await fair.deliver()
            assert "3 people voted so far" in words(fair.now("vote"))
        with at(OVER):
            assert "votes of challenge 1 are being counted" in await fair.say(CAT, "/challenge results")
            await fair.tick()
            assert "ben won with 1 vote" in fair.now("podium").line

    told(story())


def test_names_and_themes_are_only_words(fair: Fair) -> None:
    """Whatever somebody is called: it rings nobody, and says nothing that the house does not say."""
    evil = Requester("discord", "66", "**@everyone** <@1>\n# won", server="discord:1")

    async def story() -> None:
        with at(OPENS):
            await fair.say(ADA, '/challenge create theme:"@everyone {title} <!channel> ⟦x⟧ 🌧" submit:3d vote:2d')
            await enters(fair, evil, "# A\n2 · B")
        with at(VOTING):
            await fair.tick()
            await fair.say(CAT, "/challenge vote 1")
        with at(OVER):
            await fair.tick()
            for topic in ("enter", "vote", "podium"):
                placard = fair.now(topic)
                assert "{title}" in placard.title
                assert not [line for line in (placard.title, placard.line, *placard.lines) if "\n" in line]
                assert "⟦x⟧" not in placard.title

    told(story())
