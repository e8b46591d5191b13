"""The words of the `minstrel` command. Each command's own module is imported when it is used, so help is instant."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
# The names of `bot.actions.ACTIONS`, written here so that help stays instant; the parity test compares them.
BUTTONS = (
    "cancel", "retry", "variations", "redo", "extend", "edit", "stems", "cover", "reference", "enter", "details", "lrc",
    "delete",
    "retake", "repaint", "remix", "words", "post",
)  # fmt: skip


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code: 0 done, 1 failed, 2 refused, 130 interrupted."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if args.command is None:
        parser.print_help()
        return DONE
    from bot.on_terminal.session import guarded
    from bot.replies import reply

    module = importlib.import_module(f"bot.on_terminal.{args.module}")
    try:
        return guarded(module.run, args)
    except KeyboardInterrupt:
        # Before a job was taken, as while its sound is fetched; after that, whoever follows it cancels it.
        print(f"\n{reply('interrupted')}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`minstrel jobs | head`); that is no failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


class Version(argparse.Action):
    """Looks the version up only when it is asked for: that takes as long as all the rest of `--help`."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"minstrel {version('minstrel-bot')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minstrel",
        description="A music studio for your community. Try: minstrel play '/song caption:\"slow blues\"'",
    )
    parser.add_argument("--version", action=Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    play = _add(commands, "play", "play", "make a song: submit a command, follow it, print where the files are")
    play.add_argument("text", metavar="'COMMAND'", help="what people type in a chat: '/song caption:\"slow blues\"'")
    play.add_argument("--as", dest="name", default="local", metavar="NAME", help="who asks (default: local)")
    play.add_argument("--out", type=Path, metavar="DIR", help="folder for the files")
    play.add_argument("--json", action="store_true", help="print one JSON object")
    play.add_argument("--no-wait", action="store_true", help="submit only; a worker makes it")

    jobs = _add(commands, "jobs", "jobs", "the queue: list, show, cancel, retry, and what the other buttons do")
    jobs.add_argument("action", nargs="?", default="list", choices=("list", "show", *BUTTONS))
    jobs.add_argument("id", nargs="?", type=int, metavar="ID")
    jobs.add_argument("--as", dest="name", default="local", metavar="NAME", help="who asks (default: local)")
    jobs.add_argument("--yes", action="store_true", help="don't ask whether it is meant")
    jobs.add_argument("--limit", type=int, default=20, help="how many to list (default: 20)")
    jobs.add_argument("--json", action="store_true", help="print JSON")

    queue = _add(commands, "queue", "queue", "the queue: status, pause, drain, resume, dead, requeue")
    queue.add_argument(
        "action", nargs="?", default="status", choices=("status", "pause", "drain", "resume", "dead", "requeue")
    )
    queue.add_argument("what", nargs="?", metavar="ID", help="what to requeue: a job's number, or an error for all")
    queue.add_argument("--why", default="", metavar="TEXT", help="what people are told about a pause")
    queue.add_argument("--json", action="store_true", help="print JSON")

    audit = _add(commands, "audit", "audit", "what those in charge did, the latest first")
    audit.add_argument("--limit", type=int, default=20, metavar="N", help="how many to list (default: 20)")
    audit.add_argument("--json", action="store_true", help="print JSON")

    credits = _add(commands, "credits", "credits", "accounts: balance, grant, revoke, ledger, check")
    credits.add_argument("action", choices=("balance", "grant", "revoke", "ledger", "check"))
    credits.add_argument("name", nargs="?", metavar="NAME")
    credits.add_argument("amount", nargs="?", type=int, metavar="N")
    credits.add_argument("--why", metavar="TEXT", help="what it is for, for the person and for the record")
    credits.add_argument("--key", metavar="KEY", help="grant once for this key, however often a script asks")
    credits.add_argument("--json", action="store_true", help="print JSON")

    keys = _add(commands, "keys", "keys", "keys by which programs act for people: create, list, revoke")
    keys.add_argument("action", nargs="?", default="list", choices=("create", "list", "revoke"))
    keys.add_argument("id", nargs="?", metavar="ID", help="which key to revoke, as `list` shows it")
    keys.add_argument("--user", metavar="NAME", help="whose: what they are called in this house")
    keys.add_argument("--label", metavar="TEXT", help="what it is for, so that you know it again")
    keys.add_argument("--scopes", metavar="LIST", help="some of read,create,manage,webhooks (default: all)")
    keys.add_argument("--days", type=int, metavar="N", help="good for so many days (default: until it is revoked)")
    keys.add_argument("--json", action="store_true", help="print JSON")

    batch = _add(commands, "batch", "batch", "many songs from one file: CSV, JSONL, YAML, or a command in each line")
    batch.add_argument("file", metavar="FILE", help="the file, or - for what is piped in")
    batch.add_argument("--as", dest="name", default="local", metavar="NAME", help="who asks (default: local)")
    batch.add_argument("--out", type=Path, metavar="DIR", help="folder for the files")
    batch.add_argument("--yes", action="store_true", help="don't ask; make the others where some rows can't be made")
    batch.add_argument("--no-wait", action="store_true", help="start only; a worker makes it")
    batch.add_argument("--json", action="store_true", help="print one JSON object")

    runs = _add(commands, "runs", "runs", "batches and recipes: list, show, start, drop, cancel, retry")
    runs.add_argument("action", nargs="?", default="list", choices=("list", "show", "start", "drop", "cancel", "retry"))
    runs.add_argument("id", nargs="?", type=int, metavar="ID")
    runs.add_argument("--wait", action="store_true", help="follow it to its end, and work the queue if nobody does")
    runs.add_argument("--yes", action="store_true", help="don't ask whether it is meant")
    runs.add_argument("--limit", type=int, default=20, help="how many to list (default: 20)")
    runs.add_argument("--json", action="store_true", help="print JSON")

    recipe = _add(commands, "recipe", "recipes", "recipes: list, run NAME, check FILE")
    recipe.add_argument("action", nargs="?", default="list", choices=("list", "run", "check"))
    recipe.add_argument("what", nargs="?", metavar="NAME|FILE", help="which recipe, or a file with one")
    recipe.add_argument("inputs", nargs="*", metavar="INPUT:VALUE", help="what it asks for: 'style:slow blues'")
    recipe.add_argument("--as", dest="name", default="local", metavar="NAME", help="who asks (default: local)")
    recipe.add_argument("--out", type=Path, metavar="DIR", help="folder for the files")
    recipe.add_argument("--yes", action="store_true", help="don't ask whether it is meant")
    recipe.add_argument("--no-wait", action="store_true", help="start only; a worker makes it")
    recipe.add_argument("--json", action="store_true", help="print JSON")

    mydata = _add(commands, "mydata", "mydata", "what is kept about somebody: export, delete")
    mydata.add_argument("action", choices=("export", "delete"))
    mydata.add_argument("name", metavar="NAME", help="what they are called in this house")
    mydata.add_argument("--out", type=Path, metavar="DIR", help="folder for the ZIP (default: this one)")
    mydata.add_argument("--yes", action="store_true", help="don't ask whether it is meant")
    mydata.add_argument("--json", action="store_true", help="print JSON")

    tidy = _add(commands, "tidy", "tidy", "let songs go that are kept no longer: see [retention] in limits.toml")
    tidy.add_argument("--dry-run", action="store_true", help="only show what would go")
    tidy.add_argument("--days", type=int, metavar="N", help="in place of songs_days")
    tidy.add_argument("--gb", type=float, metavar="N", help="in place of most_gb")
    tidy.add_argument("--json", action="store_true", help="print JSON")

    models = _add(commands, "models", "models", "checkpoints of the GPU engine: list, fetch, check")
    models.add_argument("action", nargs="?", default="list", choices=("list", "fetch", "check"))
    models.add_argument("what", nargs="*", metavar="WHAT", help="a version, ORG/NAME of the hub, or a folder to check")
    models.add_argument("--all", action="store_true", help="fetch what any task needs, not only songs")
    models.add_argument("--yes", action="store_true", help="don't ask whether it is meant")
    models.add_argument("--json", action="store_true", help="print JSON")

    listing = _add(commands, "commands", "listing", "every command with its options")
    listing.add_argument("--json", action="store_true", help="print JSON")

    serve = _add(commands, "serve", "serve", "run the chats, the HTTP API, the queue and the engine until stopped")
    serve.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, metavar="P", help="port to listen on (default: 8080)")
    _add(commands, "worker", "worker", "work the queue until stopped")
    doctor = _add(commands, "doctor", "doctor", "check this machine and say what is missing")
    doctor.add_argument("--json", action="store_true", help="print JSON")

    discord = _add(commands, "discord", "chats", "Discord: invite (the link that adds the bot), sync (its commands)")
    discord.add_argument("action", choices=("invite", "sync"))
    slack = _add(commands, "slack", "chats", "Slack: manifest (what to paste when the app is created)")
    slack.add_argument("action", choices=("manifest",))
    slack.add_argument("--url", metavar="URL", help="public address, for HTTP instead of Socket Mode")

    database = _add(commands, "db", "database", "the database: upgrade")
    database.add_argument("action", choices=("upgrade",))
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, module: str, summary: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
    command.set_defaults(module=module, json=False)
    return command
