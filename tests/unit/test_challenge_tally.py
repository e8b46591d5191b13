"""Counting votes, places, prizes and the table of a season."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.tables import Challenge, Tie
from storage.votes import Cast
from workflows.asks.challenges import ChallengeCreate
from workflows.challenges.state import OPEN, phase, to_remind
from workflows.challenges.tally import POINTS, Candidate, counted, favourite, ranked, standings
from workflows.challenges.wishes import times

PEOPLE = st.integers(1, 6)
TIES = st.sampled_from(["share", "earliest", "nobody"])
PRIZES = st.lists(st.integers(0, 1000), max_size=6)
VOTES = st.lists(st.builds(Cast, PEOPLE, st.integers(1, 6), st.just(0)), max_size=30)


@st.composite
def ballots(draw: st.DrawFn) -> list[Candidate]:
    """Up to six songs of few people, some of whom entered several."""
    owners = draw(st.lists(PEOPLE, max_size=6))
    return [Candidate(at, owner, draw(st.integers(0, 3))) for at, owner in enumerate(owners, start=1)]


def three(*at: int) -> list[Candidate]:
    return [Candidate(number, 100 + number, moment) for number, moment in enumerate(at, start=1)]


@settings(deadline=None)
@given(ballots(), VOTES)
def test_everybody_has_one_vote_at_most_and_none_for_their_own(candidates: list[Candidate], votes: list[Cast]) -> None:
    count = counted(votes, candidates)
    assert sum(count.values()) <= len({vote.person for vote in votes})
    for candidate in candidates:
        others = {vote.person for vote in votes if vote.choice == candidate.id} - {candidate.person}
        assert count.get(candidate.id, 0) <= len(others)
    # What somebody chose last counts, if it can.
    last = {vote.person: vote for vote in votes}
    owners = {candidate.id: candidate.person for candidate in candidates}
    sure = Counter(vote.choice for vote in last.values() if owners.get(vote.choice, vote.person) != vote.person)
    assert all(count[choice] >= number for choice, number in sure.items())


@settings(deadline=None)
@given(ballots(), VOTES, TIES, PRIZES)
def test_more_votes_are_never_a_worse_place_and_no_more_is_given_than_there_is(
    candidates: list[Candidate], votes: list[Cast], tie: Tie, prizes: list[int]
) -> None:
    count = counted(votes, candidates)
    results = ranked(candidates, count, tie=tie, prizes=prizes)
    assert sorted(result.id for result in results) == [candidate.id for candidate in candidates]
    assert sum(result.prize for result in results) <= sum(prizes)
    for better, worse in pairwise(results):
        assert better.votes >= worse.votes
        if better.place is not None and worse.place is not None:
            assert better.place <= worse.place
            assert (better.place == worse.place) == (tie == "share" and better.votes == worse.votes)
    for result in results:
        assert (result.place is None) == (
            result.votes == 0 or (tie == "nobody" and [one.votes for one in results].count(result.votes) > 1)
        )
        assert result.place is not None or result.prize == 0
    if tie != "nobody" and results and results[-1].votes and len(results) >= len(prizes):
        assert sum(result.prize for result in results) == sum(prizes)


@pytest.mark.parametrize(
    ("tie", "came"),
    [
        ("share", [(2, 1, 301), (1, 1, 300), (3, 3, 50)]),
        ("earliest", [(2, 1, 500), (1, 2, 101), (3, 3, 50)]),
        ("nobody", [(2, None, 0), (1, None, 0), (3, 3, 50)]),
    ],
)
def test_two_songs_with_as_many_votes(tie: Tie, came: list[tuple[int, int | None, int]]) -> None:
    """The second came in before the first; what can't be split goes to it."""
    results = ranked(three(20, 10, 5), {1: 4, 2: 4, 3: 1}, tie=tie, prizes=[500, 101, 50])
    assert [(result.id, result.place, result.prize) for result in results] == came


def test_a_song_that_nobody_voted_for_wins_nothing() -> None:
    results = ranked(three(1, 2), {1: 2}, tie="share", prizes=[500, 100])
    assert [(result.place, result.prize) for result in results] == [(1, 500), (None, 0)]
    assert ranked(three(1), {}, tie="earliest", prizes=[500])[0].place is None
    assert ranked([], {}, tie="share", prizes=[500]) == ()


def test_a_vote_for_what_is_gone_leaves_the_one_before_it() -> None:
    """Two accounts of one person voted; the later vote is for a song that was taken down since."""
    votes = [Cast(1, 2, 10), Cast(1, 9, 20)]
    assert counted(votes, three(1, 2)) == {2: 1}


@settings(deadline=None)
@given(st.lists(st.builds(Cast, PEOPLE, st.integers(0, 2), st.just(0)), max_size=20))
def test_the_theme_is_one_that_none_has_more_votes_than(votes: list[Cast]) -> None:
    themes = ("rain", "sea", "train")
    count = Counter(themes[choice] for choice in {vote.person: vote.choice for vote in votes}.values())
    chosen = favourite(themes, votes)
    assert count[chosen] == max(count.values(), default=0)
    assert not votes or all(count[theme] < count[chosen] for theme in themes[: themes.index(chosen)])
    assert favourite(themes, []) == "rain"


def test_the_table_of_a_season_counts_points_then_votes_then_wins() -> None:
    placed = [(1, "ann", 1, 3), (2, "ben", 2, 2), (2, "ben", 3, 4), (3, "cat", None, 9), (1, "ann", None, 1)]
    table = standings(placed)
    assert [(one.user, one.points, one.votes, one.wins) for one in table] == [
        ("ben", 3, 6, 0), ("ann", 3, 4, 1), ("cat", 0, 9, 0),
    ]  # fmt: skip
    assert POINTS == {1: 3, 2: 2, 3: 1}


# --- how it stands ---


def challenge(**changes: Any) -> Challenge:
    values = {"opens_at": 10, "theme_until": 20, "submit_until": 30, "vote_until": 40, "remind_ms": 4}
    return Challenge(**(values | changes))


def test_how_a_challenge_stands_follows_from_its_times() -> None:
    one = challenge()
    assert [phase(one, now) for now in (9, 10, 19, 20, 29, 30, 39, 40)] == [
        "planned", "theme", "theme", "enter", "enter", "vote", "vote", "over",
    ]  # fmt: skip
    assert phase(challenge(theme_until=None), 10) == "enter"
    assert phase(challenge(cancelled_at=12), 15) == "cancelled"
    # Nobody entered, so nothing is voted for.
    assert phase(challenge(tallied_at=31), 32) == "over"
    assert OPEN == ("theme", "enter", "vote")


def test_people_are_reminded_where_there_is_time_for_it() -> None:
    assert (to_remind(challenge(), "enter"), to_remind(challenge(), "vote")) == (26, 36)
    assert to_remind(challenge(), "theme") is None
    assert to_remind(challenge(remind_ms=0), "vote") is None
    assert to_remind(challenge(remind_ms=10), "enter") is None
    assert to_remind(challenge(remind_ms=10, theme_until=None), "enter") == 20


def test_days_are_those_of_the_wall_clock() -> None:
    """Clocks in Berlin are put back in the night to the 25th of October 2026."""
    berlin = ZoneInfo("Europe/Berlin")
    opens = round(datetime(2026, 10, 23, 18, tzinfo=berlin).timestamp() * 1000)
    wanted = times(ChallengeCreate(theme="rain; sea", themes="vote", submit="3d", vote="36h"), opens, "Europe/Berlin")
    local = {name: datetime.fromtimestamp(at / 1000, berlin).strftime("%d %H:%M") for name, at in wanted.items()}
    assert local == {
        "opens_at": "23 18:00", "theme_until": "24 18:00", "submit_until": "27 18:00", "vote_until": "29 06:00",
    }  # fmt: skip
    assert wanted["submit_until"] - wanted["theme_until"] == (3 * 24 + 1) * 3_600_000
