"""What a challenge says in its channels: theme, entering, ballot, podium, and reminders of the end of each."""

from __future__ import annotations

from typing import cast

from bot.card import CardFile
from bot.challenge_words import entry_choices, entry_label, facts, manners, podium, theme_choices, title
from bot.deeds import Deed
from bot.names import slug
from bot.placard import Placard
from bot.replies import reply
from workflows.bulletins import Notice
from workflows.challenges.announce import ON_PAGE, page_of
from workflows.challenges.view import ChallengeView
from workflows.rules import Rules
from workflows.view import FileView


def placard(notice: Notice, rules: Rules, locale: str = "en") -> Placard:
    """The message of a challenge about the notice's topic, as things stand now."""
    del rules
    view = cast(ChallengeView, notice.about)
    topic = "vote" if notice.topic.startswith("vote_") else notice.topic
    if view.phase == "cancelled":
        return _made(notice, view, locale, reply("challenge_called_off", locale, why=view.cancelled_why), ended=True)
    match topic:
        case "theme":
            return _theme(notice, view, locale)
        case "enter":
            return _enter(notice, view, locale)
        case "vote":
            return _ballot(notice, view, locale)
        case "podium":
            return _podium(notice, view, locale)
    return _reminder(notice, view, topic.removeprefix("remind_"), locale)


def _made(
    notice: Notice, view: ChallengeView, locale: str, line: str, *, lines: tuple[str, ...] = (),
    small: tuple[str, ...] = (), deeds: tuple[Deed, ...] = (), prompt: str = "", choices: tuple[Deed, ...] = (),
    files: tuple[CardFile, ...] = (), ended: bool = False,
) -> Placard:  # fmt: skip
    about = reply(
        "challenge_small", locale, number=view.id, round=view.number if view.repeated else None, season=view.season
    )
    results = (Deed("results" if view.tallied else "status", view.id),) if ended else ()
    return Placard(
        bulletin=notice.id, title=title(view, locale), line=line, lines=lines, small=(*small, about),
        deeds=(*deeds, *results), prompt=prompt, choices=choices, files=files, ended=ended,
    )  # fmt: skip


def _theme(notice: Notice, view: ChallengeView, locale: str) -> Placard:
    if view.phase != "theme":
        return _made(notice, view, locale, reply("challenge_theme_chosen", locale, theme=view.theme), ended=True)
    lines = [
        reply("challenge_theme_line", locale, number=at, theme=theme) for at, theme in enumerate(view.themes, start=1)
    ]
    voted = (reply("challenge_theme_voted", locale, count=view.voters),) if view.voters else ()
    return _made(
        notice, view, locale, reply("challenge_said_theme", locale, until=view.theme_until), lines=tuple(lines),
        small=voted, deeds=(Deed("status", view.id),), prompt=reply("challenge_prompt_theme", locale),
        choices=theme_choices(view, locale),
    )  # fmt: skip


def _enter(notice: Notice, view: ChallengeView, locale: str) -> Placard:
    if view.phase != "enter":
        return _made(notice, view, locale, _closed(view, "enter", locale), ended=True)
    count = view.entered + view.waiting
    entered = reply("challenge_entered" if count else "challenge_entered_none", locale, count=count)
    return _made(
        notice, view, locale, reply("challenge_said_enter", locale, until=view.submit_until),
        lines=(entered, *facts(view, locale), reply("challenge_votes_until", locale, until=view.vote_until)),
        small=manners(view, locale), deeds=(Deed("enter", view.id), Deed("status", view.id)),
    )  # fmt: skip


def _ballot(notice: Notice, view: ChallengeView, locale: str) -> Placard:
    page = page_of(notice.topic)
    first, last = page * ON_PAGE + 1, (page + 1) * ON_PAGE
    there = tuple(one for one in view.entries if first <= (one.number or 0) <= last)
    there = tuple(sorted(there, key=lambda one: one.number or 0))
    is_open = view.phase == "vote"
    if not is_open:
        line = _closed(view, "vote", locale)
    else:
        code = "challenge_said_vote" if view.entries else "challenge_said_vote_empty"
        line = reply(code, locale, until=view.vote_until)
    many = len(view.entries) > ON_PAGE or page > 0
    head = (reply("challenge_page", locale, first=there[0].number, last=there[-1].number),) if many and there else ()
    # Whose is whose stands on the podium.
    lines = [entry_label(one, locale, named=not view.anonymous) for one in there]
    small: list[str] = []
    if is_open and page == 0 and view.entries:
        small.append(reply("challenge_voted" if view.voters else "challenge_voted_none", locale, count=view.voters))
        if len(view.entries) == 1 and not view.waiting:
            small.append(reply("challenge_single", locale))
    return _made(
        notice, view, locale, line, lines=(*head, *lines), small=tuple(small),
        deeds=(Deed("status", view.id),) if is_open else (),
        prompt=reply("challenge_prompt_entry", locale) if is_open and there else "",
        choices=entry_choices(view.id, there, locale) if is_open else (),
        # Under names that say nothing but a number.
        files=tuple(_file(f"entry-{one.number}", one.file) for one in there if one.file is not None),
        ended=not is_open,
    )  # fmt: skip


def _file(stem: str, file: FileView) -> CardFile:
    return CardFile(file.kind, f"{stem}.{file.format}", file.digest, file.size)


def _podium(notice: Notice, view: ChallengeView, locale: str) -> Placard:
    line, *lines = podium(view, locale)
    first = [one for one in view.entries if one.place == 1]
    files = [_file(slug(one.title), file) for one in first for file in (one.cover, one.file) if file is not None]
    return _made(notice, view, locale, line, lines=tuple(lines), files=tuple(files[:ON_PAGE]), ended=True)


def _reminder(notice: Notice, view: ChallengeView, of: str, locale: str) -> Placard:
    if view.phase != of:
        return _made(notice, view, locale, _closed(view, of, locale), ended=True)
    if of == "vote":
        line = reply("challenge_remind_vote", locale, until=view.vote_until)
        return _made(notice, view, locale, line, deeds=(Deed("ballot", view.id), Deed("status", view.id)))
    line = reply("challenge_remind_enter", locale, until=view.submit_until)
    return _made(notice, view, locale, line, deeds=(Deed("enter", view.id), Deed("status", view.id)))


def _closed(view: ChallengeView, of: str, locale: str) -> str:
    if of == "vote":
        return reply("challenge_vote_closed", locale)
    count = view.entered + view.waiting
    return reply("challenge_enter_closed" if count else "challenge_enter_closed_none", locale, count=count)
