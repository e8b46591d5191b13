"""What every terminal command shares: settings, logging, and refusals and failures turned into words and exit codes."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from bot.answers import refusal_words
from bot.compose import Settings, Trouble, load_settings, troubles
from bot.on_terminal.cli import FAILED, REFUSED
from bot.on_terminal.lines import spoken
from bot.on_terminal.report import refusal_json, timed
from bot.replies import reply
from workflows.refusal import Refusal

Command = Callable[[Settings, argparse.Namespace], int]


def guarded(command: Command, args: argparse.Namespace) -> int:
    """Run `command`; a refusal is exit 2, a failure of the house exit 1, both in one sentence."""
    try:
        with troubles():
            settings = load_settings()
            logging.basicConfig(
                level=settings.log_level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
            )
            if settings.log_level != "DEBUG":
                # The clock ticks twice a second, and skips a beat when a duty takes longer; that is no news.
                logging.getLogger("apscheduler").setLevel(logging.ERROR)
                # What strangers send wrong is answered; that is no news, either.
                for name in ("uvicorn.error", "python_multipart"):
                    logging.getLogger(name).setLevel(logging.ERROR)
            # Links that people give may hold their passwords; this library tells them, with all headers, at DEBUG.
            logging.getLogger("httpcore").setLevel(logging.INFO)
            return command(settings, args)
    except Refusal as refusal:
        words = refusal_words(refusal)
        # Whoever plays a command typed it as in a chat.
        _say(timed(words) if args.command == "play" else spoken(words), refusal_json(refusal), args)
        return REFUSED
    except Trouble as trouble:
        message = trouble.words or reply(trouble.code, **trouble.params)
        error = {"code": trouble.code, "field": None, "message": message, "retry_after": None}
        _say(message, {"error": error}, args)
        return FAILED


def require_writable(folder: Path) -> None:
    """Make `folder` if need be. Raises `Refusal` where nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise Refusal("bad_value", field="--out", value=str(folder), allowed="a folder that can be written to")


def _say(message: str, as_object: dict[str, object], args: argparse.Namespace) -> None:
    print(message, file=sys.stderr)
    if args.json:
        print(json.dumps(as_object, ensure_ascii=False))
