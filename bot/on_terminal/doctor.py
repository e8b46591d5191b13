"""`minstrel doctor`: what this machine has, what is missing, and the command that mends it."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import PurePath

from bot.compose import (
    EngineReport,
    Settings,
    engine_report,
    is_worked,
    lyrics_author_answers,
    open_house,
    read_rules,
    read_words,
    separates,
)
from bot.on_terminal.transfer import sized
from bot.replies import reply
from engine.spec import EngineError
from workflows.recipes.shelf import bad_among

ENOUGH_BYTES = 2 * 1024**3
ENGINE_PARTS = ("torch", "torchaudio", "soundfile", "pydub", "imageio_ffmpeg", "mido", "mutagen", "PIL")

Finding = tuple[bool, str]


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Exit 0 when songs can be made here, 1 when something has to be mended first."""
    checks: dict[str, Callable[[Settings], Finding]] = {
        "python": _python,
        "settings": _rules,
        "recipes": _recipes,
        "database": _database,
        "disk": _disk,
        "engine": _engine,
        "model": _model,
        "voice": _voice,
        "lyrics": _lyrics,
        "stems": _stems,
        "worker": _worker,
        "chats": _chats,
    }
    findings = {name: check(settings) for name, check in checks.items()}
    if args.json:
        print(json.dumps({name: {"ok": ok, "message": words} for name, (ok, words) in findings.items()}, indent=2))
    else:
        for name, (ok, words) in findings.items():
            print(f"{'✓' if ok else '✗'} {name:<10}{words}")
    return 0 if all(ok for ok, _ in findings.values()) else 1


def _python(_: Settings) -> Finding:
    return True, f"{sys.version_info.major}.{sys.version_info.minor}, {os.cpu_count()} cores"


def _rules(settings: Settings) -> Finding:
    rules, presets = read_rules(settings)
    read_words(settings)
    return True, reply("doctor_rules", presets=len(presets), tasks=len(rules.capabilities.tasks))


def _recipes(settings: Settings) -> Finding:
    recipes = read_rules(settings)[0].recipes
    bad = bad_among(recipes)
    if not bad:
        return True, reply("doctor_recipes", count=len(recipes))
    return False, reply("doctor_recipes_bad", count=len(recipes), files=[PurePath(each.path).name for each in bad])


def _database(settings: Settings) -> Finding:
    with open_house(settings) as house:
        wrong = house.db.read(lambda session: session.connection().dialect.name)
    return True, f"{wrong}, {settings.shown_database_url}"


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.home).free
    return free > ENOUGH_BYTES, reply("doctor_disk", free=f"{free / 1024**3:.0f}", home=str(settings.home))


def _engine(_: Settings) -> Finding:
    missing = [part for part in ENGINE_PARTS if importlib.util.find_spec(part) is None]
    if missing:
        return False, reply("doctor_engine_missing", parts=", ".join(missing))
    return True, reply("doctor_engine")


def _model(settings: Settings) -> Finding:
    """Which engine makes the music, with what, and why that one."""
    report = engine_report(settings)
    if report.choice.engine == "studio":
        return True, _built_in(report)
    if report.missing:
        return False, reply("doctor_acestep_parts_missing", parts=", ".join(report.missing))
    if isinstance(report.first, EngineError):
        return False, reply("doctor_acestep_no_checkpoint", help=_said(report.first))
    checkpoint = report.first.checkpoint
    if report.card:
        return False, reply("doctor_card_unusable", name=checkpoint.name, reason=report.card)
    words = reply(
        "doctor_acestep" if report.cuda else "doctor_acestep_on_cpu",
        name=checkpoint.name,
        variant=checkpoint.variant,
        size=sized(checkpoint.weights),
        version=report.first.version,
        tasks=report.tasks,
    )
    return not report.wrong, " ".join((words, *map(_said, report.wrong)))


def _built_in(report: EngineReport) -> str:
    match report.choice.why:
        case "parts_missing":
            return reply("doctor_studio_parts_missing", parts=", ".join(report.missing))
        case "no_checkpoint" if isinstance(report.first, EngineError):
            return reply("doctor_studio_no_checkpoint", help=_said(report.first))
        case "no_cuda":
            return reply("doctor_studio_no_cuda")
        case "cpu_torch":
            return reply("doctor_studio_cpu_torch")
        case _:
            return reply("doctor_studio")


def _said(error: EngineError) -> str:
    return reply(error.code, **error.params)


def _voice(_: Settings) -> Finding:
    there = importlib.util.find_spec("espeakng_loader") is not None
    return True, reply("doctor_voice" if there else "doctor_no_voice")


def _lyrics(settings: Settings) -> Finding:
    if not settings.lyrics_url and not settings.lyrics_model:
        return True, reply("doctor_lyrics_built_in")
    if not settings.lyrics_url or not settings.lyrics_model:
        return False, reply("doctor_lyrics_half_set_up")
    answers = lyrics_author_answers(settings)
    return answers, reply("doctor_lyrics" if answers else "doctor_lyrics_away", model=settings.lyrics_model)


def _stems(settings: Settings) -> Finding:
    checkpoint = settings.demucs_checkpoint
    try:
        stems = separates(checkpoint)
    except EngineError as error:
        return False, reply("doctor_stems_unusable", file=str(checkpoint), reason=error.params["reason"])
    if checkpoint is None:
        return True, reply("doctor_stems_approximate", stems=stems)
    if importlib.util.find_spec("demucs") is None:
        return False, reply("doctor_no_demucs", file=checkpoint.name)
    return True, reply("doctor_stems", model=checkpoint.stem, stems=stems)


def _worker(settings: Settings) -> Finding:
    with open_house(settings) as house:
        return True, reply("doctor_worker" if is_worked(house) else "doctor_no_worker")


def _chats(settings: Settings) -> Finding:
    if settings.slack_bot_token and not (settings.slack_app_token or settings.slack_signing_secret):
        return False, reply("slack_half_set_up")
    tokens = {"Discord": settings.discord_token, "Slack": settings.slack_bot_token}
    names = tuple(name for name, token in tokens.items() if token)
    return True, reply("doctor_chats", chats=names) if names else reply("no_chats")
