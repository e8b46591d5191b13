"""Which eSpeak NG voice sings a language, and which languages it can't sing."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from engine.spec.languages import LANGUAGES
from engine.studio.voice.espeak import VoiceUnavailable

# Where eSpeak's tag is not the language's own code.
TAGS = {"en": "en-us", "fr": "fr-fr", "no": "nb", "pt": "pt-br"}

# eSpeak reads these aloud as letters of another language, or only from a transliteration.
REFUSED = {
    "ja": "the built-in voice can't read Japanese writing yet",
    "yue": "the built-in voice can't sing Cantonese yet",
    "zh": "the built-in voice can't sing Chinese yet",
}

# Writing systems as Unicode names its letters; Latin letters are read everywhere.
SCRIPTS = {
    "ar": "ARABIC", "be": "CYRILLIC", "bg": "CYRILLIC", "bn": "BENGALI", "bs": "CYRILLIC", "el": "GREEK",
    "fa": "ARABIC", "gu": "GUJARATI", "he": "HEBREW", "hi": "DEVANAGARI", "hy": "ARMENIAN", "ka": "GEORGIAN",
    "kk": "CYRILLIC", "kn": "KANNADA", "ko": "HANGUL", "mk": "CYRILLIC", "ml": "MALAYALAM", "mr": "DEVANAGARI",
    "ne": "DEVANAGARI", "pa": "GURMUKHI", "ru": "CYRILLIC", "sr": "CYRILLIC", "ta": "TAMIL", "te": "TELUGU",
    "th": "THAI", "uk": "CYRILLIC", "ur": "ARABIC",
}  # fmt: skip


def voice_for(language: str, voices: Mapping[str, str]) -> str:
    """Identifier of the voice that sings `language`, out of those eSpeak has. Raises `VoiceUnavailable`."""
    if language in REFUSED:
        raise VoiceUnavailable(REFUSED[language])
    tag = TAGS.get(language, language)
    if tag not in voices:
        raise VoiceUnavailable(f"the built-in voice can't sing {LANGUAGES.get(language, language)}")
    return voices[tag]


def require_readable(text: str, language: str) -> None:
    """Raise `VoiceUnavailable` where `text` has letters that the voice would spell out instead of reading."""
    readable = ("LATIN", "FULLWIDTH LATIN", "MODIFIER", SCRIPTS.get(language, "LATIN"))
    for letter in text:
        name = unicodedata.name(letter, "") if letter.isalpha() else ""
        # Signs that only count as letters (MICRO SIGN) belong to no script.
        scripted = any(kind in name for kind in (" LETTER ", " SYLLABLE ", "IDEOGRAPH"))
        if scripted and not name.startswith(readable):
            raise VoiceUnavailable(f"the {LANGUAGES.get(language, language)} voice can't read {letter!r}")
