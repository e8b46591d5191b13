"""`minstrel serve`: the chats, the clock and the queue in one process tree, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from contextlib import AsyncExitStack

from bot import compose
from bot.compose import House, Settings, Trouble, open_house
from bot.front_door import listening
from bot.replies import reply

PORT = 8080


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; then finish what is nearly done and hand the rest back."""
    with open_house(settings) as house:
        asyncio.run(_serve(house, args.host, args.port))
    return 0


async def _serve(house: House, host: str, port: int | None) -> None:
    stop = asyncio.Event()
    reached: str | None = None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        serving = asyncio.create_task(stack.enter_async_context(compose.serving(house, lambda: reached)))
        stopped = asyncio.create_task(stop.wait())
        # A chat that is down is tried again and again; that must not keep anybody from stopping us.
        await asyncio.wait([serving, stopped], return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            # What was begun is drained as always; only the chat is no longer waited for.
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            return
        clock, chats = serving.result()
        routes = [route for chat in chats for route in chat.routes()]
        app = compose.web_app(house, lambda: clock.nudge("dispatch", "outbox"), routes)
        try:
            at = await stack.enter_async_context(listening(host, PORT if port is None else port, app))
        except OSError as error:
            if port is not None or routes:
                raise Trouble("port_in_use", port=str(port or PORT), reason=str(error.strerror)) from error
            # Nobody asked for that one: what does not need it goes on.
            reached = ""
            _say(reply("no_port", port=PORT, reason=str(error.strerror)))
        else:
            reached = f"http://[{host}]:{at}" if ":" in host else f"http://{host}:{at}"
            _say(reply("listening", address=reached))
        for chat in chats:
            _say(reply("chat_ready" if chat.reached else "chat_awaited", chat=chat.title))
        if not chats:
            _say(reply("no_chats"))
        if not compose.can_make_music():
            _say(reply("front_only"))
        _say(reply("worker_started", home=str(house.settings.home)))
        await stopped
        _say(reply("worker_stopping"))


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
