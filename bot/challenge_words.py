"""Challenges in words, for their messages and for private answers alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.deeds import Deed
from bot.names import person
from bot.replies import reply
from workflows.challenges.view import ChallengeView, EntryView, Mine

# How many lines of a podium and of a season's table are shown: a message is not a book.
SHOWN_PLACES, SHOWN_TABLE = 10, 10
# Lines of the songs of a ballot in a private answer: what stands below them is to be read, too.
LISTED = 25
MEDALS = {1: "\N{FIRST PLACE MEDAL}", 2: "\N{SECOND PLACE MEDAL}", 3: "\N{THIRD PLACE MEDAL}"}


def title(view: ChallengeView, locale: str) -> str:
    """What a challenge is called."""
    return reply("challenge_title", locale, theme=view.theme)


def facts(view: ChallengeView, locale: str) -> tuple[str, ...]:
    """What people want to know before they enter."""
    told = []
    if view.prizes:
        told.append(_to_be_won(view.prizes, locale))
    if view.each > 1:
        told.append(reply("challenge_each", locale, each=view.each))
    return tuple(told)


def _to_be_won(prizes: tuple[int, ...], locale: str) -> str:
    if len(prizes) == 1:
        return reply("challenge_prize", locale, prize=prizes[0])
    return reply("challenge_prizes", locale, prizes=[f"{prize:,}" for prize in prizes])


def manners(view: ChallengeView, locale: str) -> tuple[str, ...]:
    """How their songs are treated."""
    told = []
    if view.review:
        told.append(reply("challenge_reviewed", locale))
    if view.anonymous:
        told.append(reply("challenge_anonymous", locale))
    return tuple(told)


def entry_label(one: EntryView, locale: str, *, named: bool = False) -> str:
    """An entry as people vote for it."""
    return reply(
        "challenge_entry_line", locale, number=one.number, title=one.title or "?", user=one.user if named else None
    )


def entry_choices(challenge: int, there: Iterable[EntryView], locale: str) -> tuple[Deed, ...]:
    """A vote for each entry of a ballot."""
    return tuple(
        Deed("vote", challenge, one.number, entry_label(one, locale)) for one in there if one.number is not None
    )


def theme_choices(view: ChallengeView, locale: str) -> tuple[Deed, ...]:
    """A vote for each theme."""
    return tuple(
        Deed("theme", view.id, at, reply("challenge_theme_line", locale, number=at + 1, theme=theme))
        for at, theme in enumerate(view.themes)
    )


def listed(labels: Sequence[str], locale: str) -> list[str]:
    """As many songs of a ballot as an answer has room for; all of them are in the channel."""
    rest = len(labels) - LISTED
    return [*labels[:LISTED], *([reply("more_of_them", locale, count=rest)] if rest > 0 else [])]


def podium(view: ChallengeView, locale: str) -> list[str]:
    """How a challenge ended: one line about that, then its songs in the order of their votes, then the season."""
    with_votes = [one for one in view.entries if one.votes]
    shown = with_votes[:SHOWN_PLACES]
    lines = [_how(view, with_votes, locale)]
    lines += [
        reply(
            "podium_line", locale, medal=MEDALS.get(one.place or 0), title=one.title or "?",
            place=None if one.place in MEDALS else one.place, user=person(one.user, locale), votes=one.votes,
            prize=one.prize,
        )
        for one in shown
    ]  # fmt: skip
    if rest := len(view.entries) - len(shown):
        lines.append(reply("podium_more", locale, count=rest))
    if view.tie == "share" and view.prizes and len({one.place for one in shown}) < len(shown):
        lines.append(reply("podium_split", locale))
    return [*lines, *_table(view, locale)]


def _how(view: ChallengeView, with_votes: list[EntryView], locale: str) -> str:
    if not view.entries:
        return reply("podium_no_entries", locale)
    if not with_votes:
        return reply("podium_no_votes", locale)
    best = with_votes[0]
    first = [one for one in with_votes if one.place == 1]
    if not first:
        return reply("podium_level", locale, votes=best.votes)
    if len(first) > 1:
        return reply("podium_shared", locale, users=[str(person(one.user, locale)) for one in first], votes=best.votes)
    winner = person(best.user, locale)
    return reply("podium_won", locale, title=best.title or "?", user=winner, votes=best.votes, prize=best.prize)


def _table(view: ChallengeView, locale: str) -> list[str]:
    if not view.table:
        return []
    lines = [
        reply("season_line", locale, rank=rank, user=person(one.user, locale), points=one.points, votes=one.votes)
        for rank, one in enumerate(view.table[:SHOWN_TABLE], start=1)
    ]
    return [reply("season_title", locale, season=view.season), *lines]


# --- what somebody is told in private ---


def stands(one: ChallengeView, locale: str) -> list[str]:
    """How a challenge stands."""
    match one.phase:
        case "planned":
            return [reply("challenge_planned_line", locale, opens=one.opens_at)]
        case "theme":
            return [reply("challenge_said_theme", locale, until=one.theme_until)]
        case "enter":
            count = one.entered + one.waiting
            entered = reply("challenge_entered" if count else "challenge_entered_none", locale, count=count)
            return [reply("challenge_said_enter", locale, until=one.submit_until), entered]
        case "vote":
            code = "challenge_said_vote" if one.entries else "challenge_said_vote_empty"
            labels = [entry_label(entry, locale, named=not one.anonymous) for entry in one.entries]
            return [reply(code, locale, until=one.vote_until), *listed(labels, locale)]
        case "cancelled":
            return [reply("challenge_called_off", locale, why=one.cancelled_why)]
    return podium(one, locale) if one.tallied else [reply("challenge_counting_line", locale)]


def own_entry(entry: EntryView, one: ChallengeView, locale: str) -> str:
    """What became of a song, for whoever entered it."""
    if entry.state == "rejected":
        return reply("challenge_mine_rejected", locale, job=entry.job, title=entry.title, why=entry.why or None)
    if entry.gone:
        return reply("challenge_mine_gone", locale, job=entry.job)
    if entry.state == "waiting":
        return reply("challenge_mine_waiting", locale, job=entry.job, title=entry.title)
    if one.phase in ("vote", "over") and entry.number is not None:
        return reply("challenge_mine_number", locale, number=entry.number, title=entry.title)
    return reply("challenge_mine", locale, job=entry.job, title=entry.title)


def own_vote(mine: Mine, locale: str) -> str:
    """What somebody votes for."""
    return reply("challenge_my_vote" if mine.vote else "challenge_no_vote", locale, choice=mine.vote)
