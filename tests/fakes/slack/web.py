"""The Web API: who may call which method, and the answer as Slack words it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from aiohttp import web

from tests.fakes.slack import chat, conversations, files
from tests.fakes.slack.arguments import JSON, Arguments, Refused, read
from tests.fakes.slack.messages import APP_ID, TEAM_DOMAIN, TEAM_ID
from tests.fakes.slack.records import Call
from tests.fakes.slack.views import Views
from tests.fakes.slack.workspace import Workspace

Method = Callable[[Arguments], JSON]


class WebApi:
    """`revoked`: the app was removed from the workspace, no token is worth anything."""

    def __init__(
        self, workspace: Workspace, views: Views, open_link: Callable[[], str], *, bot_token: str, app_token: str
    ) -> None:
        self._workspace = workspace
        self._open_link = open_link
        self.bot_token, self.app_token = bot_token, app_token
        self.revoked = False
        self.unknown_methods: list[str] = []
        # Each method with the scope it needs, if it needs one.
        self._methods: dict[str, tuple[Method, str]] = {
            "auth.test": (self._auth_test, ""),
            "apps.connections.open": (self._connections_open, ""),
            "views.open": (views.open, ""),
            "views.push": (views.push, ""),
            "views.update": (views.update, ""),
        }
        for name, (method, scope) in {**chat.METHODS, **conversations.METHODS, **files.METHODS}.items():
            self._methods[name] = partial(method, workspace), scope

    async def handle(self, request: web.Request) -> web.Response:
        name = request.match_info["method"]
        arguments = Arguments({})
        try:
            arguments, token = await read(request)
            answer = {"ok": True, **self._call(name, arguments, token)}
        except Refused as refused:
            answer = refused.answer
        self._workspace.calls.append(Call(name, arguments.values, time.monotonic(), answer.get("error")))
        return web.json_response(answer, headers={"X-OAuth-Scopes": ",".join(sorted(self._workspace.scopes))})

    def _call(self, name: str, arguments: Arguments, token: str | None) -> JSON:
        if name not in self._methods:
            self.unknown_methods.append(name)
            raise Refused("unknown_method", req_method=name)
        self._admit(name, token)
        method, scope = self._methods[name]
        if scope and scope not in self._workspace.scopes:
            raise Refused("missing_scope", needed=scope, provided=",".join(sorted(self._workspace.scopes)))
        return method(arguments)

    def _admit(self, name: str, token: str | None) -> None:
        if token is None:
            raise Refused("not_authed")
        if token not in (self.bot_token, self.app_token):
            raise Refused("invalid_auth")
        if self.revoked:
            raise Refused("token_revoked")
        if (token == self.app_token) != (name == "apps.connections.open"):
            raise Refused("not_allowed_token_type")

    def _auth_test(self, arguments: Arguments) -> JSON:
        bot = self._workspace.bot
        return {
            "url": f"https://{TEAM_DOMAIN}.slack.com/",
            "team": TEAM_DOMAIN.title(),
            "user": bot.name,
            "team_id": TEAM_ID,
            "user_id": bot.id,
            "bot_id": bot.id.replace("U", "B", 1),
            "app_id": APP_ID,
            "is_enterprise_install": False,
        }

    def _connections_open(self, arguments: Arguments) -> JSON:
        return {"url": self._open_link()}
