"""Letters of a writing that one of its languages lacks, whose voice would spell them out -> letters it can read."""

from __future__ import annotations

import unicodedata

_CYRILLIC = {
    "ё": "йо", "й": "и", "ы": "и", "э": "е", "щ": "шч", "ъ": "", "ь": "", "ї": "йи", "і": "и", "є": "йе", "ґ": "г",
    "ў": "в", "ђ": "дж", "ћ": "ч", "ј": "й", "љ": "л", "њ": "н", "џ": "дж", "ѓ": "г", "ќ": "к", "ѕ": "дз", "ә": "а",
    "ғ": "г", "қ": "к", "ң": "н", "ө": "о", "ұ": "у", "ү": "у", "һ": "х", "ҙ": "з", "ҡ": "к", "ҫ": "с", "җ": "дж",
    "ӣ": "и", "ӯ": "у", "ҷ": "дж", "ҳ": "х",
}  # fmt: skip
_SERBIAN = {"й": "ј", "ё": "јо", "ї": "ји", "є": "је"}
_ARABIC = {
    "چ": "تش", "ژ": "ج", "ک": "ك", "ی": "ي", "ے": "ي", "ې": "ي", "ٹ": "ت", "ڈ": "د", "ڑ": "ر", "ں": "ن", "ڭ": "ن",
    "ھ": "ه", "ہ": "ه", "ۀ": "ه", "ە": "ه", "ۃ": "ة", "ۇ": "و", "ۆ": "و", "ۈ": "و", "ڤ": "ف", "ٱ": "ا",
}  # fmt: skip
_UYGHUR = {"ک": "ك", "ی": "ي", "ے": "ي", "ہ": "ە", "ة": "ە", "أ": "ئا", "إ": "ئى", "آ": "ئا", "ؤ": "ئو", "ء": ""}
_URDU = {"ى": "ی", "ة": "ہ", "أ": "ا", "إ": "ا"}
_SOUTH, _EAST = "ђћјљњџѓќѕ", "әғқңөұүһҙҡҫҗӣӯҷҳ"


def _of(lacking: str) -> dict[str, str]:
    return {letter: _CYRILLIC[letter] for letter in lacking}


_STRANGE = {
    "ar": _ARABIC, "ug": _UYGHUR, "ur": _URDU, "fa": {letter: _ARABIC[letter] for letter in "ۇۈېڭڤٱ"},
    "ba": _of("їієґў" + _SOUTH + "құӣӯҷҳ"), "be": _of("щъїєґ" + _SOUTH + _EAST),
    "bg": _of("ёыэїієґў" + _SOUTH + _EAST), "bs": _of("ыъьіґў" + _EAST) | _SERBIAN,
    "kk": _of("їєґў" + _SOUTH + "ҙҡҫҗӣӯҷҳ"), "ky": _of("їієґў" + _SOUTH + "әғқұһҙҡҫҗӣӯҷҳ"),
    "mk": _of("ыэщъьіґўђћ" + _EAST) | _SERBIAN, "ru": _of("њѕ" + _EAST), "sr": _of("ыъьіґў" + _EAST) | _SERBIAN,
    "tt": _of("їієґў" + _SOUTH + "ғқұҙҡҫӣӯҷҳ"), "uk": _of("ёыэъў" + _SOUTH + _EAST),
    "uz": _of("ёыщъьїієґ" + _SOUTH + "әңөұүһҙҡҫҗӣӯҷ"),
}  # fmt: skip
# Latin letters with two marks are Vietnamese to all others; one mark more than these languages write is left out, too.
_VIETNAMESE = range(0x1E00, 0x1F00)
_UNMARKED = {"bs": "äöüß", "hr": "äöüß", "sl": "ß", "sr": "äöüß"}
_MACRONS = "āēīōū"
_NO_MARK = {"ß": "ss", "æ": "ae", "ø": "o", "ð": "d", "þ": "th", "ł": "l", "đ": "d", "ı": "i", "ơ": "o", "ư": "u"}


def read_by_all(word: str, language: str) -> str:
    """`word`, its letters in either case, in letters that the voice of `language` knows."""
    strange = _STRANGE.get(language, {})
    return "".join(strange.get(letter.lower(), letter) if strange else letter for letter in _folded(word, language))


def _folded(word: str, language: str) -> str:
    """`word` without the marks of letters that the language does not write."""
    if word.isascii() or language == "vi":
        return word
    plain = []
    for letter in word:
        small = letter.lower()
        foreign = ord(letter) in _VIETNAMESE and not (language in ("cy", "gn") and len(_parts(small)) == 2)
        foreign |= small in _UNMARKED.get(language, "")
        foreign |= language == "mi" and small not in _MACRONS and not small.isascii()
        plain.append(_NO_MARK.get(small, _parts(small)[0]) if foreign else letter)
    return "".join(plain)


def _parts(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)
