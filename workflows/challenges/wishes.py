"""What a challenge is asked to be: its themes, its prizes, its times."""

from __future__ import annotations

import re

from workflows.asks.challenges import ChallengeCreate
from workflows.asks.times import Moment
from workflows.refusal import Refusal
from workflows.times import later, moment

LONGEST_THEME, MOST_THEMES = 100, 20
MOST_PLACES, LARGEST_PRIZE = 10, 1_000_000


def themes_of(ask: ChallengeCreate) -> tuple[str, ...]:
    """The themes of a request. Raises `Refusal`."""
    found = {" ".join(one.split()).casefold(): " ".join(one.split()) for one in re.split(r"[;\n]", ask.theme)}
    themes = tuple(theme for theme in found.values() if theme)
    least = 2 if ask.themes == "vote" else 1
    if not least <= len(themes) <= MOST_THEMES:
        raise Refusal("themes_wrong", field="theme", value=len(themes), least=least, most=MOST_THEMES)
    for theme in themes:
        if len(theme) > LONGEST_THEME:
            raise Refusal("theme_too_long", field="theme", value=theme, most=LONGEST_THEME)
    return themes


def prizes_of(ask: ChallengeCreate) -> tuple[int, ...]:
    """What each place is worth, the first one first and none more than the one before. Raises `Refusal`.

    So "1,000" and "1,500" are not taken for a prize of one credit.
    """
    words = [word for word in re.split(r"[,;\s]+", ask.prize) if word]
    prizes = [int(word) if re.fullmatch(r"0|[1-9][0-9]{0,8}", word) else -1 for word in words]
    falling = prizes == sorted(prizes, reverse=True)
    if len(prizes) > MOST_PLACES or not falling or any(not 0 <= prize <= LARGEST_PRIZE for prize in prizes):
        raise Refusal("prize_wrong", field="prize", value=ask.prize, most=MOST_PLACES, largest=LARGEST_PRIZE)
    while prizes and not prizes[-1]:
        prizes.pop()
    return tuple(prizes)


def opening(ask: ChallengeCreate, zone: str, now: int) -> int:
    """When it begins. Raises `Refusal` for what has passed."""
    try:
        return moment(ask.starts, zone, now)
    except (ValueError, OverflowError):
        raise Refusal("start_passed", field="starts", value=ask.starts, allowed=Moment.words()) from None


def times(ask: ChallengeCreate, opens: int, zone: str) -> dict[str, int]:
    """Its times. Days are those of the wall clock, also where clocks change meanwhile."""
    themed = later(opens, ask.theme_vote, zone) if ask.themes == "vote" else opens
    submit = later(themed, ask.submit, zone)
    until = {"theme_until": themed} if ask.themes == "vote" else {}
    return {"opens_at": opens, **until, "submit_until": submit, "vote_until": later(submit, ask.vote, zone)}
