"""The registered commands: globally, and for single servers."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.fakes.discord import limits, refusals
from tests.fakes.discord.rest import PREFIX, Desk, answered, done, number
from tests.fakes.discord.wire import permissions
from tests.fakes.discord.world import JSON, Guild, User

CHAT_INPUT = 1
SUBCOMMANDS = (1, 2)
IN_GUILD, IN_BOT_DM, EVERYWHERE = 0, 1, [0, 1, 2]


class Commands:
    """Sets of commands by place: None for all servers, else one server's id."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sets: dict[int | None, dict[int, JSON]] = {None: {}}

    def routes(self) -> list[web.RouteDef]:
        routes: list[web.RouteDef] = []
        for place in ("", "/guilds/{guild}"):
            path = f"{PREFIX}/applications/{{application}}{place}/commands"
            routes += [
                web.get(path, self._list),
                web.put(path, self._replace),
                web.post(path, self._add),
                web.get(path + "/{command}", self._show),
                web.patch(path + "/{command}", self._change),
                web.delete(path + "/{command}", self._remove),
            ]
        return routes

    def find(self, guild: Guild | None, name: str, user: User) -> tuple[JSON, JSON, list[str]]:
        """The command that `/name` is here for them, the part of it that takes options, and the path to that part.

        Raises LookupError where a person would not find it.
        """
        first, *path = name.split()
        here = [self._sets.get(guild.id, {}) if guild else {}, self._sets[None]]
        for command in (command for each in here for command in each.values()):
            if (command["type"], command["name"]) != (CHAT_INPUT, first):
                continue
            contexts = command["contexts"] if command["contexts"] is not None else EVERYWHERE
            needed = int(command["default_member_permissions"] or 0) if guild else 0
            if (IN_GUILD if guild else IN_BOT_DM) in contexts and permissions(user) & needed == needed:
                return command, _leaf(command, path), path
        raise LookupError(f"no command /{first} here, only {self.names(guild)}")

    def names(self, guild: Guild | None = None) -> list[str]:
        """The names of the commands in one server, or of the global ones."""
        sets = [self._sets[None], self._sets.get(guild.id, {}) if guild else {}]
        return sorted({command["name"] for each in sets for command in each.values()})

    async def _list(self, request: web.Request) -> web.Response:
        return answered(list(self._set(request).values()))

    async def _show(self, request: web.Request) -> web.Response:
        return answered(self._one(request))

    async def _replace(self, request: web.Request) -> web.Response:
        wanted: list[JSON] = (await self._desk.read(request)).json or []
        self._check(wanted)
        kept = {(command["type"], command["name"]): command for command in self._set(request).values()}
        drawn = [
            self._drawn(request, each, kept.get((each.get("type") or CHAT_INPUT, each["name"]))) for each in wanted
        ]
        self._sets[self._place(request)] = {int(command["id"]): command for command in drawn}
        return answered(drawn)

    async def _add(self, request: web.Request) -> web.Response:
        wanted = (await self._desk.read(request)).json
        there = self._set(request)
        same = [
            command
            for command in there.values()
            if (command["type"], command["name"]) == (wanted.get("type") or CHAT_INPUT, wanted["name"])
        ]
        drawn = self._drawn(request, wanted, same[0] if same else None)
        self._check([*(command for command in there.values() if command not in same), drawn])
        there[int(drawn["id"])] = drawn
        return answered(drawn, 200 if same else 201)

    async def _change(self, request: web.Request) -> web.Response:
        before = self._one(request)
        drawn = self._drawn(request, {**before, **(await self._desk.read(request)).json}, before)
        there = self._set(request)
        self._check([drawn if command is before else command for command in there.values()])
        there[int(drawn["id"])] = drawn
        return answered(drawn)

    async def _remove(self, request: web.Request) -> web.Response:
        del self._set(request)[int(self._one(request)["id"])]
        return done()

    def _check(self, commands: list[JSON]) -> None:
        flaws = limits.of_commands(commands)
        if flaws:
            raise refusals.invalid_form(flaws)

    def _place(self, request: web.Request) -> int | None:
        if number(request, "application") != self._desk.world.application:
            raise refusals.missing_access()
        if "guild" not in request.match_info:
            return None
        guild = number(request, "guild")
        if guild not in self._desk.world.guilds:
            raise refusals.missing_access()
        return guild

    def _set(self, request: web.Request) -> dict[int, JSON]:
        return self._sets.setdefault(self._place(request), {})

    def _one(self, request: web.Request) -> JSON:
        command = self._set(request).get(number(request, "command"))
        if command is None:
            raise refusals.unknown_command()
        return command

    def _drawn(self, request: web.Request, wanted: JSON, before: JSON | None) -> JSON:
        guild = self._place(request)
        permissions = wanted.get("default_member_permissions")
        drawn: JSON = {
            "id": before["id"] if before else str(self._desk.world.snowflakes.next()),
            "application_id": str(self._desk.world.application),
            "version": str(self._desk.world.snowflakes.next()),
            "default_member_permissions": None if permissions is None else str(permissions),
            "type": wanted.get("type") or CHAT_INPUT,
            "name": wanted["name"],
            "name_localizations": wanted.get("name_localizations"),
            "description": wanted.get("description") or "",
            "description_localizations": wanted.get("description_localizations"),
            "dm_permission": wanted.get("dm_permission", True) is not False,
            "contexts": wanted.get("contexts"),
            "integration_types": wanted.get("integration_types") or [0],
            "options": wanted.get("options") or [],
            "nsfw": bool(wanted.get("nsfw")),
        }
        if guild is not None:
            drawn["guild_id"] = str(guild)
        return drawn


def _leaf(command: JSON, path: list[str]) -> JSON:
    part = command
    for name in path:
        inner: dict[str, Any] = {option["name"]: option for option in part["options"] if option["type"] in SUBCOMMANDS}
        if name not in inner:
            raise LookupError(f"/{command['name']} has no {name}, only {list(inner)}")
        part = inner[name]
    if any(option["type"] in SUBCOMMANDS for option in part.get("options") or []):
        raise LookupError(f"/{command['name']} {' '.join(path)} needs one more word")
    return part
