"""Servers and workspaces that remove the bot: what is of them goes, unless they think better of it within days."""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import partial

from sqlmodel import Session

from storage import departed, servers
from storage.database import Database
from workflows.people import now_ms

log = logging.getLogger(__name__)

DAY_MS = 86_400_000


async def left(db: Database, server: str) -> None:
    """A server ("discord:1", "slack:T1") removed the bot. Saying so again changes nothing."""
    if not await db.aread(lambda session: departed.is_gone(session, server)):
        log.warning("%s removed the bot", server)
        await db.awrite(lambda session: departed.note(session, server, now_ms()))


async def back(db: Database, server: str) -> None:
    """A server has the bot: what is still there of it stays."""
    if await db.aread(lambda session: departed.is_gone(session, server)):
        log.warning("%s has the bot again", server)
        await db.awrite(lambda session: departed.returned(session, server))


async def there(db: Database, surface: str, present: Collection[str]) -> None:
    """Exactly the servers `present` of a chat have the bot: others that we know removed it while nobody listened."""

    def look(session: Session) -> tuple[list[str], list[str]]:
        gone = departed.all_of(session, surface)
        ours = {server for server in servers.known(session) if server.startswith(f"{surface}:")}
        # Only servers that we never heard of: that is another bot, of somebody who tries something with its token.
        strange = bool(present) and not ours & {*present}
        missing = [] if strange else [server for server in ours if server not in present and server not in gone]
        return sorted(missing), [server for server in gone if server in present]

    missing, returned = await db.aread(look)
    for server in missing:
        await left(db, server)
    for server in returned:
        await back(db, server)


async def clear(db: Database, after_days: int) -> None:
    """Forget what is of servers that removed the bot that long ago. Reads first."""
    then = now_ms() - after_days * DAY_MS

    def work(session: Session, server: str) -> None:
        # It may have come back at this very moment.
        if departed.returned(session, server):
            servers.clear(session, server, now_ms())

    for server in await db.aread(lambda session: departed.before(session, then)):
        await db.awrite(partial(work, server=server))
        log.warning("%s removed the bot: everything of it is gone", server)
