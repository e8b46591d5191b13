"""Writing systems: which one a letter belongs to, and how a word falls apart into runs of one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache

HAN, KANA, HANGUL, LATIN = "HAN", "KANA", "HANGUL", "LATIN"
# What Unicode calls by another name.
_NAMED = {
    "HIRAGANA": KANA, "KATAKANA": KANA, "KATAKANA-HIRAGANA": KANA, "CJK": HAN, "IDEOGRAPHIC": HAN,
}  # fmt: skip
# Letters by their category, but of no writing system: µ, ª, ʰ, ᵃ.
_NONE = ("MICRO SIGN", "FEMININE ORDINAL", "MASCULINE ORDINAL", "MODIFIER LETTER", "HANGUL LETTER")
_COSTUMES = ("FULLWIDTH", "HALFWIDTH", "MATHEMATICAL", "DOUBLE-STRUCK", "SCRIPT", "BLACK-LETTER")
# Writing whose marks are part of letters that Unicode has whole; what is left over is for show.
_UNMARKED = (LATIN, "CYRILLIC", "GREEK")
# Between letters of these, the invisible joiners part or join what is read.
JOINED = ("ARABIC", "DEVANAGARI", "BENGALI", "SINHALA", "MALAYALAM", "KANNADA", "TELUGU", "TAMIL", "ORIYA", "GURMUKHI")
# G̃, the one letter of a language sung here that needs a mark of its own.
GUARANI = "\N{COMBINING TILDE}"
# Narrow kana write these as letters of their own.
_SOUND_MARKS = "\N{HALFWIDTH KATAKANA VOICED SOUND MARK}\N{HALFWIDTH KATAKANA SEMI-VOICED SOUND MARK}"
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


@cache
def script(letter: str) -> str:
    """The writing system of a letter as Unicode names it ("LATIN", "HAN", "KANA"); empty for what belongs to none."""
    if unicodedata.category(letter)[0] != "L":
        # Letters in a circle, and the like.
        letter = unicodedata.normalize("NFKC", letter)[:1]
        if not letter or unicodedata.category(letter)[0] != "L":
            return ""
    name = unicodedata.name(letter, "")
    if name.startswith(_COSTUMES):
        letter = unicodedata.normalize("NFKC", letter)[:1]
        # A narrow sound mark is no letter.
        name = unicodedata.name(letter, "") if unicodedata.category(letter)[0] == "L" else ""
    if not name or name.startswith(_NONE):
        return ""
    first = name.split()[0]
    return _NAMED.get(first, first)


def letters(text: str, system: str) -> str:
    """The letters of `text` that belong to one writing system, with their marks; spaces stay."""
    return "".join(
        letter
        for letter in text
        if letter.isspace() or script(letter) == system or unicodedata.category(letter)[0] == "M"
    )


def runs(token: str) -> Iterator[tuple[str, str]]:
    """Cut a token where its writing changes -> (script, piece) in order, joined they are the token.

    Digits and signs go with the letters before them, at the start with those after; a token without letters has the
    script "". Han and kana are one run: Japanese mixes them.
    """
    begin, current, mixed = 0, "", ""
    for index, letter in enumerate(token):
        own = script(letter)
        family = HAN if own == KANA else own
        if family and mixed and family != mixed:
            # An opening bracket or quote belongs to what it opens.
            cut = index
            while cut > begin and unicodedata.category(token[cut - 1]) in ("Ps", "Pi"):
                cut -= 1
            yield current, token[begin:cut]
            begin, current = cut, ""
        if family:
            mixed = family
            current = KANA if KANA in (own, current) else own
    if token[begin:]:
        yield current, token[begin:]


def clusters(text: str) -> Iterator[str]:
    """Letters, each with the marks and invisible signs that belong to it; joined they are `text`."""
    begin = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not (text[index] in _SOUND_MARKS or unicodedata.category(text[index])[0] in "MC"):
            yield text[begin:index]
            begin = index


def folded(text: str) -> str:
    """Letters and digits in costume as plain ones: "Ｌｏｖｅ", "𝓵𝓸𝓿𝓮", "ﬁ"; invisible signs are taken out."""
    plain: list[str] = []
    text = unicodedata.normalize("NFC", text)
    for index, letter in enumerate(text):
        if unicodedata.combining(letter) and plain and script(plain[-1][-1]) in _UNMARKED and letter != GUARANI:
            continue
        if letter in JOINERS:
            before = script(text[index - 1]) if index else ""
            # After a mark that sits on the letter, too.
            if before in JOINED or (index and unicodedata.category(text[index - 1])[0] == "M"):
                plain.append(letter)
        elif "VARIATION SELECTOR" in (name := unicodedata.name(letter, "")) or unicodedata.category(letter) == "Cf":
            continue
        elif name.startswith("HANGUL LETTER"):
            # ㅋㅋ and ㅠㅠ: a laugh and tears, as much a word as an emoji is.
            continue
        elif letter.isdecimal():
            # Every voice reads these, and few their own.
            plain.append(str(unicodedata.decimal(letter)))
        elif name.startswith("MICRO") or not unicodedata.decomposition(letter).startswith("<"):
            plain.append(letter)
        else:
            simple = unicodedata.normalize("NFKC", letter)
            shown = simple.isalnum() or unicodedata.combining(simple[0]) or simple in "&%@+=$'-."
            plain.append(simple if shown else letter)
    return unicodedata.normalize("NFC", "".join(plain))
