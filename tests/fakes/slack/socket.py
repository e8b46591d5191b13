"""Socket Mode: requests go out in envelopes over websockets that the app opened, acks come back by envelope id."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from dataclasses import dataclass

from aiohttp import WSCloseCode, WSMsgType, web

from tests.fakes.slack.arguments import JSON
from tests.fakes.slack.interactions import Ack, Interaction
from tests.fakes.slack.messages import APP_ID
from tests.fakes.slack.workspace import Workspace


@dataclass(eq=False)
class Connection:
    """One websocket. `pongs` counts answers to our pings."""

    socket: web.WebSocketResponse
    request: web.Request
    pongs: int = 0

    def cut(self) -> None:
        """End it without a goodbye."""
        if self.request.transport:
            self.request.transport.abort()


class Sockets:
    """`opened` counts all connections there ever were; `acks` holds every ack in the order of arrival."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tickets: set[str] = set()
        # By envelope id: what waits for its ack, and the connection it went out by.
        self._pending: dict[str, tuple[Interaction, Connection]] = {}
        self._changed = asyncio.Condition()
        self.connections: list[Connection] = []
        self.opened = 0
        self.acks: list[Ack] = []
        self.stray_acks: list[JSON] = []

    def open_link(self) -> str:
        """An address that is good for one connection."""
        ticket = secrets.token_urlsafe(12)
        self._tickets.add(ticket)
        return f"{self._workspace.url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={APP_ID}"

    async def connected(self, count: int = 1, *, beyond: int = 0, within_s: float = 60) -> None:
        """Wait until `count` connections are open, and more than `beyond` were opened since the beginning."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: len(self.connections) >= count and self.opened > beyond)

    async def endpoint(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403)
        socket = web.WebSocketResponse(autoping=False, timeout=1)
        await socket.prepare(request)
        self._tickets.discard(ticket)
        connection = Connection(socket, request)
        # Before anybody can send into it: hello comes first.
        await socket.send_json(self._hello())
        await self._joined(connection)
        try:
            await self._listen(connection)
        finally:
            await self._left(connection)
        return socket

    async def send(self, interaction: Interaction, *, retry_num: int = 0, retry_reason: str = "timeout") -> None:
        """To the connections in turn. With none, the person is told at once that nobody listens."""
        interaction.send_now()
        if not self.connections:
            interaction.settle(0, None, "dispatch_failed")
            return
        self.connections.append(connection := self.connections.pop(0))
        envelope_id = str(uuid.uuid4())
        envelope: JSON = {
            "envelope_id": envelope_id,
            "type": interaction.kind,
            "accepts_response_payload": interaction.kind != "events_api",
            "payload": interaction.payload,
        }
        if retry_num or interaction.kind == "events_api":
            envelope |= {"retry_attempt": retry_num, "retry_reason": retry_reason if retry_num else ""}
        self._pending[envelope_id] = interaction, connection
        try:
            await connection.socket.send_str(json.dumps(envelope))
        except ConnectionError:
            self._pending.pop(envelope_id, None)
            interaction.settle(0, None, "dispatch_failed")

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to make way for a new one, as Slack does every few hours."""
        for connection in list(self.connections):
            await connection.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "here"}})

    async def ping(self) -> None:
        for connection in self.connections:
            await connection.socket.ping(b"Ping from the stand-in")

    def cut(self) -> None:
        for connection in list(self.connections):
            connection.cut()

    async def close(self) -> None:
        for connection in list(self.connections):
            await connection.socket.close()

    def _hello(self) -> JSON:
        debug = {"host": "here", "build_number": 1, "approximate_connection_time": 18060}
        info = {"app_id": APP_ID}
        return {
            "type": "hello",
            "num_connections": len(self.connections) + 1,
            "debug_info": debug,
            "connection_info": info,
        }

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            match message.type:
                case WSMsgType.TEXT:
                    self._acked(json.loads(message.data))
                case WSMsgType.PING:
                    await connection.socket.pong(message.data)
                case WSMsgType.PONG:
                    connection.pongs += 1

    def _acked(self, message: JSON) -> None:
        """By whichever connection it comes: after a refresh it is another one than the request's."""
        interaction, _ = self._pending.pop(message.get("envelope_id", ""), (None, None))
        if interaction is None:
            self.stray_acks.append(message)
        else:
            self.acks.append(interaction.settle(200, message.get("payload")))

    async def _joined(self, connection: Connection) -> None:
        async with self._changed:
            self.connections.append(connection)
            self.opened += 1
            self._changed.notify_all()

    async def _left(self, connection: Connection) -> None:
        """An app that says goodbye may still ack by its next connection. One that just vanished never will."""
        async with self._changed:
            self.connections.remove(connection)
            self._changed.notify_all()
        if connection.socket.close_code != WSCloseCode.ABNORMAL_CLOSURE:
            return
        for envelope_id, (interaction, sent_by) in list(self._pending.items()):
            if sent_by is connection:
                del self._pending[envelope_id]
                interaction.settle(0, None, "connection lost")
