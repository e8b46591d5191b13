"""The websocket: hello, identify, heartbeats, events, and resuming where a lost connection left off."""

from __future__ import annotations

import asyncio
import json
import secrets
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.discord.wire import Wire
from tests.fakes.discord.world import JSON, Guild, World

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 0, 1, 2, 6, 7, 9, 10, 11
GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES = 1 << 0, 1 << 9, 1 << 12
HEARTBEAT_MS = 41_250
AUTHENTICATION_FAILED = 4004
REPLAYED = 5_000


class Connection:
    """One websocket, compressed as it asked for."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._socket, self._request = socket, request
        self._compressor = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        self._turn = asyncio.Lock()

    async def send(self, text: str) -> bool:
        """Whether it went out."""
        async with self._turn:
            try:
                if self._compressor is None:
                    await self._socket.send_str(text)
                else:
                    data = self._compressor.compress(text.encode()) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
                    await self._socket.send_bytes(data)
            except ConnectionError:
                return False
        return True

    async def say(self, op: int, data: Any = None) -> None:
        await self.send(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def close(self, code: int) -> None:
        await self._socket.close(code=code)

    def drop(self) -> None:
        """As a cable that is pulled: no closing words."""
        if self._request.transport is not None:
            self._request.transport.abort()


@dataclass
class Session:
    """What an IDENTIFY began. It outlives its connection: what was missed is replayed to one that resumes."""

    id: str
    shard: int
    shards: int
    intents: int
    connection: Connection | None
    sequence: int = 0
    log: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REPLAYED))

    def wants(self, guild: Guild | None, intent: int) -> bool:
        shard = (guild.id >> 22) % self.shards if guild else 0
        return shard == self.shard and (not intent or bool(self.intents & intent))

    async def push(self, name: str, data: str) -> bool:
        """Whether somebody was there to hear it."""
        self.sequence += 1
        text = f'{{"op":0,"s":{self.sequence},"t":"{name}","d":{data}}}'
        self.log.append((self.sequence, text))
        return self.connection is not None and await self.connection.send(text)


class Gateway:
    """All sessions. `identified` and `resumed` tell what clients have asked for since the start."""

    def __init__(self, world: World, wire: Wire) -> None:
        self._world, self._wire = world, wire
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self.address = ""
        self.shards = 1
        self.identified: list[JSON] = []
        self.resumed = 0

    @property
    def connected(self) -> list[Session]:
        """The sessions with a client that is there and ready for events."""
        return [session for session in self._sessions.values() if session.connection is not None]

    async def dispatch(self, name: str, data: JSON, guild: Guild | None = None, intent: int = 0) -> int:
        """Sends an event to whom it concerns. The answer is how many connections it went out on."""
        text = json.dumps(data)
        heard = [await session.push(name, text) for session in self._concerned(guild, intent)]
        return sum(heard)

    async def close(self, code: int) -> None:
        """Closes every connection with this code."""
        await asyncio.gather(*(connection.close(code) for connection in list(self._connections)))

    def drop(self) -> None:
        """Pulls the cable of every connection: from this moment events are missed."""
        for connection in list(self._connections):
            connection.drop()
            self._part(connection, None)

    async def ask_to_reconnect(self) -> None:
        for connection in list(self._connections):
            await connection.say(RECONNECT)

    def forget(self) -> None:
        """Forgets all sessions: who tries to resume is told that the session is invalid."""
        self._sessions.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("compress") not in (None, "zlib-stream"):
            return web.Response(status=400, text="only zlib-stream is spoken here")
        socket = web.WebSocketResponse(compress=False, max_msg_size=0, timeout=1.0)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self._connections.add(connection)
        try:
            await connection.say(HELLO, {"heartbeat_interval": HEARTBEAT_MS, "_trace": []})
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._listen(connection, json.loads(message.data))
        finally:
            self._connections.discard(connection)
            self._part(connection, socket.close_code)
        return socket

    async def _listen(self, connection: Connection, message: JSON) -> None:
        op: int = message["op"]
        data: Any = message.get("d")
        if op == HEARTBEAT:
            await connection.say(HEARTBEAT_ACK)
        elif op in (IDENTIFY, RESUME) and (data["token"] != self._world.token or not self._world.token_valid):
            await connection.close(AUTHENTICATION_FAILED)
        elif op == IDENTIFY:
            await self._identify(connection, data)
        elif op == RESUME:
            await self._resume(connection, data)

    async def _identify(self, connection: Connection, data: JSON) -> None:
        self.identified.append(data)
        shard, shards = data.get("shard") or (0, 1)
        session = Session(secrets.token_hex(16), shard, shards, data["intents"], connection)
        mine = [guild for guild in self._world.guilds.values() if session.wants(guild, 0)]
        ready: JSON = {
            "v": 10,
            "user": self._wire.me(),
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.address,
            "shard": [shard, shards],
            "application": {"id": str(self._world.application), "flags": 0},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in mine],
            **{key: [] for key in ("private_channels", "presences", "relationships", "guild_join_requests", "_trace")},
            "user_settings": {},
        }
        await session.push("READY", json.dumps(ready))
        if session.intents & GUILDS:
            for guild in mine:
                await session.push("GUILD_CREATE", json.dumps(self._wire.guild(guild)))
        # Only now does it hear of anything else. The client may have gone meanwhile.
        self._sessions[session.id] = session
        if connection not in self._connections:
            session.connection = None

    async def _resume(self, connection: Connection, data: JSON) -> None:
        session = self._sessions.get(data["session_id"])
        if session is None or data["seq"] > session.sequence:
            await connection.say(INVALID_SESSION, False)
            return
        self.resumed += 1
        sent = data["seq"]
        while sent < session.sequence:  # More may happen while the missed is sent.
            for sequence, text in [entry for entry in session.log if entry[0] > sent]:
                await connection.send(text)
                sent = sequence
        session.connection = connection
        await session.push("RESUMED", '{"_trace":[]}')

    def _concerned(self, guild: Guild | None, intent: int) -> list[Session]:
        return [session for session in self._sessions.values() if session.wants(guild, intent)]

    def _part(self, connection: Connection, code: int | None) -> None:
        """A client that says goodbye (1000, 1001) ends its session; others may come back to it."""
        for session in [session for session in self._sessions.values() if session.connection is connection]:
            session.connection = None
            if code in (1000, 1001):
                del self._sessions[session.id]
