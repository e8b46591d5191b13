"""Notices between the processes that share a SQLite file: a Unix datagram socket for each, in a folder beside it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
import socket
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from storage.wake import TOPICS, Topic, as_text, topics_of

log = logging.getLogger(__name__)

# The address of a Unix socket has room for 103 bytes on the meanest system; a name takes a slash, a process id of
# seven digits, a hyphen and eight more.
LONGEST_FOLDER = 103 - 17
# More than a notice needs, and how many are read before others get their turn.
NOTICE_BYTES, AT_ONCE = 256, 32
# Linux keeps eleven notices for a listener, others more. Where nearly as many lie, one may have found no room.
NEARLY_FULL = 8
# A socket refuses for an instant while it is being bound, too; one that refuses at this age is nobody's.
BOUND_S = 1.0


class SocketWaker:
    """The processes of this machine and user that share the SQLite file `database`."""

    def __init__(self, database: str) -> None:
        self._folder = _folder(Path(database).resolve())
        self._sender = _datagrams()

    def notify(self, *topics: Topic) -> None:
        """Send a datagram to each listener; what nobody listens to any more is removed."""
        sender = self._sender
        if not topics or sender is None or not _is_ours(self._folder):
            return
        notice = as_text(topics).encode()
        with contextlib.suppress(OSError):
            for listener in self._folder.iterdir():
                try:
                    sender.sendto(notice, str(listener))
                except ConnectionRefusedError:
                    _remove_dead(listener)
                except OSError:
                    # It has no room for more, and so looks for everything when it wakes; or it has just gone.
                    continue

    @contextlib.asynccontextmanager
    async def listening(self, on_wake: Callable[[Topic], None], *, works: bool = False) -> AsyncIterator[None]:
        """See `Waker`. Makes the folder, which only its owner may enter."""
        del works  # All are on one machine.
        receiver = self._receiver()
        if receiver is None:
            yield
            return
        loop = asyncio.get_running_loop()
        address = Path(receiver.getsockname())
        loop.add_reader(receiver, _receive, receiver, on_wake)
        try:
            for topic in TOPICS:
                on_wake(topic)
            yield
        finally:
            loop.remove_reader(receiver)
            receiver.close()
            address.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the socket that `notify` sends from."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    def _receiver(self) -> socket.socket | None:
        """A socket of our own in the folder, None where there can't be one."""
        receiver = _datagrams()
        if receiver is None:
            return None
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if not _is_ours(self._folder):
                raise PermissionError(f"others than we can use {self._folder}")
            receiver.bind(str(self._folder / f"{os.getpid()}-{secrets.token_hex(4)}"))
        except OSError as error:
            log.info("other processes can't wake this one, it looks by the clock: %s", error)
            receiver.close()
            return None
        return receiver


def _folder(database: Path) -> Path:
    """Where the sockets of `database` are, for every process alike."""
    beside = database.with_name(f"{database.name}-wake")
    if len(os.fsencode(beside)) <= LONGEST_FOLDER:
        return beside
    return Path(tempfile.gettempdir()) / f"minstrel-wake-{hashlib.sha256(os.fsencode(database)).hexdigest()[:16]}"


def _is_ours(folder: Path) -> bool:
    """Whether nobody else put the folder there or can reach into it: the one for temporary files is open to all."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _receive(receiver: socket.socket, on_wake: Callable[[Topic], None]) -> None:
    notices: list[bytes] = []
    with contextlib.suppress(BlockingIOError):
        while len(notices) < AT_ONCE:
            notices.append(receiver.recv(NOTICE_BYTES))
    told = topics_of(b" ".join(notices).decode(errors="replace"))
    for topic in TOPICS if len(notices) >= NEARLY_FULL else told:
        on_wake(topic)


def _datagrams() -> socket.socket | None:
    if not hasattr(socket, "AF_UNIX"):
        return None
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagrams.setblocking(False)
    return datagrams


def _remove_dead(listener: Path) -> None:
    """Remove a socket that refuses. Anything else that refuses is no socket, and not ours to remove."""
    with contextlib.suppress(OSError):
        found = listener.lstat()
        if stat.S_ISSOCK(found.st_mode) and time.time() - found.st_mtime > BOUND_S:
            listener.unlink()
