"""What a chat's own menu offers for a message: commands that start from the sound in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.commands import Command
from workflows.refusal import Refusal

# The label of each is the reply `shortcut_<name>`.
SHORTCUTS = ("analyze", "cover")
_LINK = re.compile(r"https?://[^\s<>|]+", re.IGNORECASE)


def sound_of(command: Command, *, job: int | None, files: Sequence[str], text: str) -> dict[str, str]:
    """The sound of a message as an option of `command`: a song of ours, else its first file, else the first link.

    `files` are links to its files. Raises `Refusal` where there is none.
    """
    if job is not None and command.song is not None:
        return {command.song: str(job)}
    links = [*files, *_LINK.findall(text)]
    if not links or command.sound is None:
        raise Refusal("no_sound_there")
    return {command.sound: links[0]}
