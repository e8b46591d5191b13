"""Which eSpeak NG voice sings a language, which writing it is read from, and which languages nobody can sing."""

from __future__ import annotations

from engine.spec.languages import LANGUAGES
from engine.studio.voice.scripts import HAN, HANGUL, KANA, LATIN

# Where eSpeak's tag is not the language's own code. Haitian Creole, Sanskrit and Tagalog are respelt for a voice that
# has their sounds.
TAGS = {
    "en": "en-us", "fr": "fr-fr", "ht": "fr-fr", "no": "nb", "pt": "pt-br", "sa": "kn", "tl": "id", "zh": "cmn",
}  # fmt: skip

# eSpeak spells these out, or reads letters in an order in which nobody says them.
REFUSED = {"th": "the built-in voice can't read Thai writing"}

# The writing systems each is read from; Latin letters alone where none is named.
SCRIPTS: dict[str, tuple[str, ...]] = {
    "am": ("ETHIOPIC",), "ar": ("ARABIC",), "az": (LATIN, "CYRILLIC"), "ba": ("CYRILLIC",),
    "be": ("CYRILLIC",), "bg": ("CYRILLIC",), "bn": ("BENGALI",), "bs": (LATIN, "CYRILLIC"),
    "el": ("GREEK",), "fa": ("ARABIC",), "gu": ("GUJARATI",), "he": ("HEBREW",), "hi": ("DEVANAGARI",),
    "hy": ("ARMENIAN",), "ja": (KANA, HAN), "ka": ("GEORGIAN",), "kk": ("CYRILLIC",), "kn": ("KANNADA",),
    "ko": (HANGUL,), "ky": ("CYRILLIC",), "mk": ("CYRILLIC",), "ml": ("MALAYALAM",), "mr": ("DEVANAGARI",),
    "ne": ("DEVANAGARI",), "or": ("ORIYA",), "pa": ("GURMUKHI",), "ru": ("CYRILLIC",), "sa": ("DEVANAGARI",),
    "si": ("SINHALA",), "sr": ("CYRILLIC", LATIN), "ta": ("TAMIL",), "te": ("TELUGU",),
    "th": ("THAI",), "ti": ("ETHIOPIC",), "tt": ("CYRILLIC",), "ug": ("ARABIC",), "uk": ("CYRILLIC",),
    "ur": ("ARABIC",), "uz": (LATIN, "CYRILLIC"), "yue": (HAN,), "zh": (HAN,),
}  # fmt: skip

# What most people sing who write so, where nothing in the text says more.
FIRST = {LATIN: "en", HAN: "zh", "CYRILLIC": "ru", "ARABIC": "ar", "DEVANAGARI": "hi", "ETHIOPIC": "am"}

# What can be sung, where eSpeak NG is there.
SUNG = tuple(code for code in LANGUAGES if code not in REFUSED)


def scripts_of(language: str) -> tuple[str, ...]:
    """The writing systems that `language` is read from, its own first."""
    return SCRIPTS.get(language, (LATIN,))


def written_in(system: str) -> tuple[str, ...]:
    """Languages that can be sung from a writing system."""
    return tuple(code for code in SUNG if system in scripts_of(code))
