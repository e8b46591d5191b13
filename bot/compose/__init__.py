"""The one place that wires real parts together; everything is taken down in the opposite order."""

from bot.compose.chats import discord_invite, discord_sync, slack_manifest
from bot.compose.engine_report import EngineReport, engine_report
from bot.compose.house import (
    House,
    Trouble,
    can_make_music,
    lyrics_author_answers,
    open_house,
    read_rules,
    read_words,
    recipe_in,
    require_engine,
    shelf,
    troubles,
    upgrade_database,
)
from bot.compose.running import deliver, serving, working
from bot.compose.sign import is_worked, somebody_works
from bot.compose.web import web_app
from config.settings import Settings, load_settings
from engine.separation.names import separates

__all__ = [
    "EngineReport",
    "House",
    "Settings",
    "Trouble",
    "can_make_music",
    "deliver",
    "discord_invite",
    "discord_sync",
    "engine_report",
    "is_worked",
    "load_settings",
    "lyrics_author_answers",
    "open_house",
    "read_rules",
    "read_words",
    "recipe_in",
    "require_engine",
    "separates",
    "serving",
    "shelf",
    "slack_manifest",
    "somebody_works",
    "troubles",
    "upgrade_database",
    "web_app",
    "working",
]
