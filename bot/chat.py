"""What every chat is to the house that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from workflows.bulletins import Board, Notice
from workflows.deliver import Courier
from workflows.view import JobView
from workflows.watch import Display

if TYPE_CHECKING:
    from starlette.routing import Route


class Post(Courier, Display, Board, Protocol):
    """Posts the messages of jobs and what the house has to say, and keeps them up to date."""

    def elsewhere(self, told: JobView | Notice, /) -> str | None:
        """Another channel that reaches whom it is for when its own can't be posted to, if there is one."""


class BadToken(Exception):
    """A chat doesn't accept our token, so trying again can't help. `setting` names it."""

    def __init__(self, chat: str, setting: str, cause: str) -> None:
        super().__init__(cause)
        self.chat, self.setting = chat, setting


class ChatAway(Exception):
    """A chat can't be reached, or has trouble of its own: later it may work."""

    def __init__(self, chat: str, cause: str) -> None:
        super().__init__(cause)
        self.chat = chat


class Chat(Protocol):
    """A chat with everything it needs. `courier` works from `start` on, whether people can reach us or not."""

    surface: str
    title: str

    @property
    def courier(self) -> Post:
        """Takes the outbox to this chat."""

    @property
    def reached(self) -> bool:
        """Whether it knows us by now; where it doesn't, we go on trying."""

    def routes(self) -> Sequence[Route]:
        """What the house's HTTP server has to serve for this chat; none where the chat is reached otherwise."""

    async def start(self) -> None:
        """Log in and listen; comes back by itself after an outage. Raises `BadToken`."""

    async def close(self) -> None:
        """Stop listening, let what is being answered end, and disconnect."""
