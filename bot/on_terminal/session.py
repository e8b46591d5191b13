"""What every terminal command shares: settings, logging, and refusals and failures turned into words and exit codes."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable

from bot.on_terminal.cli import FAILED, REFUSED
from bot.on_terminal.report import refusal_json, refusal_words
from bot.replies import reply
from config.files import ConfigError
from config.settings import Settings, load_settings
from storage.errors import DatabaseBusy, StorageFull
from workflows.refusal import Refusal

Command = Callable[[Settings, argparse.Namespace], int]


def guarded(command: Command, args: argparse.Namespace) -> int:
    """Run `command`; a refusal is exit 2, a failure of the house exit 1, both in one sentence."""
    try:
        settings = load_settings()
        logging.basicConfig(level=settings.log_level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
        return command(settings, args)
    except Refusal as refusal:
        _say(refusal_words(refusal), refusal_json(refusal), args)
        return REFUSED
    except ConfigError as error:
        return _broken("config", str(error), args)
    except DatabaseBusy as error:
        return _broken("database_busy", reply("database_busy"), args, error)
    except StorageFull as error:
        return _broken("disk_full", reply("disk_full"), args, error)


def _broken(code: str, message: str, args: argparse.Namespace, cause: Exception | None = None) -> int:
    if cause is not None:
        logging.getLogger(__name__).info("%s", cause)
    _say(message, {"error": {"code": code, "field": None, "message": message, "retry_after": None}}, args)
    return FAILED


def _say(message: str, as_object: dict[str, object], args: argparse.Namespace) -> None:
    print(message, file=sys.stderr)
    if args.json:
        print(json.dumps(as_object, ensure_ascii=False))
