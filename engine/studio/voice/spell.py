"""Lyrics as people type them -> words the voice can read aloud."""

from __future__ import annotations

import re
import unicodedata

from engine.studio.voice.scripts import JOINERS, LATIN, script

# Symbols that every eSpeak voice reads as a word.
SPOKEN_SYMBOLS = "&%@+=$€£"
APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "‐": "-", "‑": "-"})

# English as it is sung; eSpeak would spell these out, or read them as another word.
RESPELT = {
    "la": "lah", "mm": "hmm", "hm": "hmm", "mhm": "hm-hmm", "mmhm": "hm-hmm", "mmhmm": "hm-hmm", "sh": "shush",
    "shh": "shush", "ayy": "hey", "vs": "versus", "ft": "featuring", "feat": "featuring", "thru": "through",
    "tho": "though", "til": "till", "cuz": "because", "coz": "because", "luv": "love", "u": "you", "ur": "your",
    "r": "are", "imma": "eye-muh", "ima": "eye-muh", "tryna": "try-nuh", "lemme": "lem-me", "gimme": "gim-me",
    "'n'": "and", "n'": "and", "'n": "and",
}  # fmt: skip

# Dashes and ellipses part words even where no space does.
_TOKEN = re.compile(r"[^\s—–…]*?(?:[—–…]+|\.{2,})|[^\s—–…]+")
_PRICE = re.compile(r"^\$(\d[\d.,]*)$")
_YEAR = re.compile(r"^(1[1-9]|20)([1-9]\d)$")
_DOTTED = re.compile(r"(?:[^\W\d_]\.){2,}")
_NUMBER_MARK = re.compile(r"(?<=\d)[.,](?=\d)")
_ALPHABETS = (LATIN, "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "ARMENIAN", "GEORGIAN")
_RUN = re.compile(r"([^\W\d_])\1{2,}", re.IGNORECASE)


def tokens(text: str) -> list[str]:
    """A line's words as written, with their punctuation."""
    return _TOKEN.findall(text)


def _kept(token: str, index: int) -> bool:
    """Whether a character is read; combining marks belong to the letter before them."""
    letter = token[index]
    if unicodedata.category(letter)[0] in "LMN" or letter in SPOKEN_SYMBOLS or letter in JOINERS:
        return True
    if letter in "'-":
        return 0 < index < len(token) - 1 or (letter == "'" and len(token) > 1)
    return bool(_NUMBER_MARK.match(token, index))


def _shorten(match: re.Match[str]) -> str:
    """Letters held for show: "sooo" -> "so", "cooool" -> "cool", "freeee" -> "free", "ooooh" -> "ooh"."""
    letter = match.group(1)
    before, after = match.string[: match.start()].lower(), match.string[match.end() :].lower()
    double = letter in "eE"
    if letter in "oO":
        # "ooo", "wooo", "ooooh"; before these letters the long sound is by far the commoner.
        double = after[:1] in tuple("nldmtkp") or (before in ("", "w") and not after.strip("h"))
    return letter + letter.lower() if double else letter


def _held(match: re.Match[str]) -> str:
    """Letters held for show, of any language; three syllables of Korean in a row are meant."""
    return match.group(1) if script(match.group(1)) in _ALPHABETS else match.group()


def _english(part: str) -> str:
    """One part of a hyphenated English word, as it should be read."""
    shortened = re.sub(r"^m{2,}$", "mm", part, flags=re.IGNORECASE)
    shortened = re.sub(r"^sh{2,}$", "shh", shortened, flags=re.IGNORECASE)
    shortened = _RUN.sub(_shorten, shortened)
    shortened = re.sub(r"ngin'$", "nging", shortened, flags=re.IGNORECASE)
    shortened = _YEAR.sub(r"\1 \2", shortened)
    shortened = _PRICE.sub(r"\1 dollars", shortened)
    # A capital alone is a letter's name ("U.S."), not somebody's shorthand.
    return shortened if len(part) == 1 and part.isupper() else RESPELT.get(shortened.lower(), shortened)


def spell(token: str, language: str) -> str:
    """One token of a line as text to be read: maybe several words ("24/7" -> "24 7"), maybe none.

    Quotes, brackets, dashes, emoji and the like are left out; apostrophes and hyphens inside a word stay.
    """
    plain = unicodedata.normalize("NFC", token).translate(APOSTROPHES)
    plain = _DOTTED.sub(lambda match: match.group().replace(".", " ").strip() + " ", plain)
    pieces = []
    for piece in plain.split():
        kept = "".join(letter if _kept(piece, index) else " " for index, letter in enumerate(piece))
        pieces += [part.strip("-") for part in kept.split()]
    said = [piece for piece in pieces if any(letter.isalnum() or letter in SPOKEN_SYMBOLS for letter in piece)]
    if language == "en":
        said = ["-".join(_english(part) for part in piece.split("-")) for piece in said]
    else:
        said = [_RUN.sub(_held, piece) for piece in said]
    return " ".join(said)
