"""Words as they are spelt -> as a voice that was made for something else reads them rightly."""

from __future__ import annotations

import re
import unicodedata

from engine.studio.voice.creole import creole
from engine.studio.voice.espeak import phonemic
from engine.studio.voice.hebrew import hebrew
from engine.studio.voice.korean import korean
from engine.studio.voice.strange import read_by_all

_AZERI = dict(
    zip(
        "абвгғдеәжзиыјкҝлмноөпрстуүфхһчҹш",
        ("a", "b", "v", "q", "ğ", "d", "e", "ə", "j", "z", "i", "ı", "y", "k", "g", "l", "m", "n", "o", "ö", "p", "r",
         "s", "t", "u", "ü", "f", "x", "h", "ç", "c", "ş"),
        strict=True,
    )
)  # fmt: skip
# Letters that Unicode takes apart and eSpeak knows only whole.
_WHOLE = {
    "ড়": "\u09dc", "ঢ়": "\u09dd", "য়": "\u09df", "ଡ଼": "\u0b5c", "ଢ଼": "\u0b5d", "ਲ਼": "\u0a33", "ਸ਼": "\u0a36",
    "ਖ਼": "\u0a59", "ਗ਼": "\u0a5a", "ਜ਼": "\u0a5b", "ਫ਼": "\u0a5e",
}  # fmt: skip
_WORDS = {
    # Short vowels that eSpeak guesses wrongly.
    "ar": {
        "أحبك": "أُحِبُّك",
        "بحبك": "بَحِبَّك",
        "حبك": "حُبُّك",
        "عيونك": "عُيونَك",
        "نجوم": "نُجوم",
        "أم": "أُم",
        "كنت": "كُنتُ",
        "معي": "مَعِي",
        "دائما": "دائِماً",
        "أبدا": "أَبَداً",
        "كلمات": "كَلِمات",
        "أغني": "أُغَنّي",
        "نغني": "نُغَنّي",
        "يغني": "يُغَنّي",
        "وحدي": "وَحدي",
        "سهرت": "سَهِرتُ",
        "حياتي": "حَياتي",
    },
    "fr": {"v'là": "voilà"},
    "no": {"deg": "dei", "meg": "mei", "seg": "sei", "og": "å"},
    "tl": {"mga": "manga", "ng": "nang"},
}
_PARTS = {
    # What an apostrophe leaves out, where eSpeak would read English or letters' names.
    "el": (("'", ""),),
    "fr": ((r"\bp'(?=tit)", "pe"), (r"\bqu'(?=[bcdfgjklmnpqrstvxz])", "que "), (r"\bj'(?=t')", "je ")),
    "no": (("^stj", "sj"),),
    # Diphthongs of one syllable.
    "sk": ((r"(?<=[^\W\d_aeiouyáéíóúý])ie", "je"), (r"(?<=[bcčdflmnpsštvzž])ia", "ja"), ("ô", "uo")),
    "tl": (("e", "é"), ("ñ", "ny"), ("c(?=[eéi])", "s"), ("c(?!h)", "k"), ("'", "")),
}
_DIGITS = {
    "sa": "शून्यम् एकम् द्वे त्रीणि चत्वारि पञ्च षट् सप्त अष्ट नव",
    "tl": "séro isa dalawa tatlo apat lima anim pito walo siyam",
}
# Czech words of consonants round an l; the sounds of those that are not written as eSpeak names them.
_ROUND_L = re.compile(r"[bčdfghjkmnňpsštťvzž]+l[bcčdfghkmnňpsštťvzž]*|[bčdfghjkmnňpsštťvzž]+lch")
_CZECH = (("ch", "x"), ("c", "ts"), ("č", "tS"), ("š", "S"), ("ž", "Z"), ("ň", "n^"), ("ť", "c"), ("l", "l-"))
_KANNADA = ord("ಅ") - ord("अ")
_DEVANAGARI = range(0x0901, 0x0970)


def respelt(word: str, language: str) -> str:
    """`word`, plain letters in lower or mixed case, as eSpeak should be given it; `[[...]]` holds its phonemes."""
    for apart, whole in _WHOLE.items():
        word = word.replace(unicodedata.normalize("NFD", apart), whole)
    if language in ("ht", "he"):
        phonemes = creole(word) if language == "ht" else hebrew(word)
        return phonemic(phonemes) if phonemes else word
    if language in _DIGITS and word.isdecimal():
        # These voices count in the language they were made for.
        word = " ".join(_DIGITS[language].split()[int(digit)] for digit in word)
    if language == "sa":
        return _kannada(word)
    if language == "az":
        return "".join(_AZERI.get(letter.lower(), letter) for letter in word)
    if language == "ko":
        return korean(word)
    if language == "cs" and _ROUND_L.fullmatch(word.lower()):
        return phonemic(_czech(word.lower()))
    word = read_by_all(word, language)
    found = _WORDS.get(language, {}).get(word.lower())
    if found is not None:
        return found
    for pattern, said in _PARTS.get(language, ()):
        word = re.sub(pattern, said, word, flags=re.IGNORECASE)
    return word


def _czech(word: str) -> str:
    for spelt, said in _CZECH:
        word = word.replace(spelt, said)
    return word


def _kannada(word: str) -> str:
    """Sanskrit in Kannada letters, whose reader drops no vowel."""
    letters = (chr(ord(letter) + _KANNADA) if ord(letter) in _DEVANAGARI else letter for letter in word)
    # The nasal mark and the sign of a dropped a are not read; the visarga is breathed.
    moved = "".join(letters).replace("\u0c81", "\u0c82").replace("\u0cbd", "")
    return "".join(letter for letter in moved if unicodedata.category(letter) != "Cn")
