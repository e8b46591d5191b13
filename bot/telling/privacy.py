"""Answers about what the house knows of somebody: to have it, and to have it forgotten."""

from __future__ import annotations

from bot import mydata
from bot.answers import Answer
from bot.deeds import Deed
from bot.replies import reply
from bot.telling.counter import Asked, Counter, Doer, Teller
from engine.spec import Request
from workflows import repeated
from workflows.asks.privacy import MydataDelete, MydataExport
from workflows.people import OPERATOR
from workflows.privacy import export, forget
from workflows.repeated import Repeated

# What every chat takes at once.
FITS = 9 * 2**20


async def exported(counter: Counter, asked: Asked, ask: MydataExport) -> Answer:
    """Everything that is kept about who asks."""
    del ask
    found = await export.mine(counter.db, counter.rules, asked.who)
    songs = len({owned.job for owned in found.files if owned.job is not None})
    size = sum(owned.file.size for owned in found.files)
    large = True if size > FITS and asked.where.surface != OPERATOR.surface else None
    words = reply("mydata_export", asked.who.locale, songs=songs, name=found.name, large=large)
    return Answer(words, bundle=mydata.bundle(found, asked.who.locale))


async def delete(counter: Counter, asked: Asked, ask: MydataDelete) -> Answer:
    """Everything about who asks goes; without `sure` they are asked first."""
    if ask.sure:
        return await _forget(counter, asked)
    foreseen = await forget.foreseen(counter.db, asked.who)
    if not await repeated.first_time(counter.db, asked.request):
        raise Repeated(str(asked.request))
    words = reply("mydata_sure", asked.who.locale, songs=foreseen.songs, credits=foreseen.credits)
    return Answer(words, deeds=(Deed("forget_me", 0),))


async def _pressed(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    del on, which
    return await _forget(counter, asked)


async def _forget(counter: Counter, asked: Asked) -> Answer:
    gone = await forget.me(counter.db, asked.who, request=asked.request)
    counter.nudge()
    return Answer(reply("mydata_deleted", asked.who.locale, songs=gone.songs, credits=gone.credits))


TELLERS: dict[type[Request], Teller] = {MydataExport: exported, MydataDelete: delete}
DOERS: dict[str, Doer] = {"forget_me": _pressed}
