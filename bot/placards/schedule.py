"""What is told of a schedule: that it was time, and why it could not be."""

from __future__ import annotations

from typing import cast

from bot.answers import refusal_words
from bot.deeds import Deed
from bot.placard import Placard
from bot.replies import reply
from workflows.bulletins import Notice
from workflows.firings import Failure
from workflows.rules import Rules


def placard(notice: Notice, rules: Rules, locale: str = "en") -> Placard:
    """The message about one time that came to nothing."""
    del rules
    told = cast(Failure, notice.about)
    schedule = told.schedule
    goes_on = not told.ended and schedule.next_at is not None
    return Placard(
        bulletin=notice.id,
        title=schedule.name,
        line=reply("schedule_refused", locale, name=schedule.name),
        lines=(_why(told, locale),),
        small=(reply("schedule_next", locale, next=schedule.next_at),) if goes_on else (),
        deeds=(Deed("schedules", 0),),
        owner=notice.owner,
        ended=True,
    )


def _why(told: Failure, locale: str) -> str:
    """Why, for a whole channel: how much somebody has left is nobody else's business."""
    if told.why.code == "insufficient_credits":
        return reply("schedule_unpaid", locale, owner=told.schedule.owner, credits=told.why.params.get("required"))
    if told.why.code == "blocked_words":
        return reply("row_blocked", locale)
    return refusal_words(told.why, locale)
