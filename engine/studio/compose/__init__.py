"""Composition: from a brief and lyric lines to a score."""

from engine.studio.compose.brief import Brief
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.compose.song import compose
from engine.studio.compose.title import title_of

__all__ = ["Brief", "compose", "parse_lyrics", "title_of"]
