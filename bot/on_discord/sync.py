"""Tells Discord of our commands, and only when they changed: it counts how often that is done."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from discord import app_commands


async def synchronised(tree: app_commands.CommandTree[Any], known: Path, *, force: bool = False) -> bool:
    """Send the commands of `tree`, unless the file `known` says that Discord has them; returns whether they went."""
    application = str(tree.client.application_id)
    told = _read(known)
    sign = _sign(tree)
    if told.get(application) == sign and not force:
        return False
    await tree.sync()
    with contextlib.suppress(OSError):
        # Where it can't be kept, they are sent again at the next start.
        _write(known, {**told, application: sign})
    return True


def _sign(tree: app_commands.CommandTree[Any]) -> str:
    commands = [command.to_dict(tree) for command in tree.get_commands()]
    return hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()


def _read(known: Path) -> dict[str, str]:
    try:
        told = json.loads(known.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _write(known: Path, told: dict[str, str]) -> None:
    known.parent.mkdir(parents=True, exist_ok=True)
    half = known.with_name(f".{known.name}.part")
    half.write_text(json.dumps(told), "utf-8")
    half.replace(known)
