"""A line of lyrics as what is sung: each word as written, as eSpeak is to read it, and its language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from engine.spec.languages import LANGUAGES
from engine.studio.voice.chinese import characters, from_pinyin, pinyin
from engine.studio.voice.detect import language_of
from engine.studio.voice.espeak import VoiceUnavailable, phonemic
from engine.studio.voice.japanese import from_romaji, japanese, romaji
from engine.studio.voice.languages import FIRST, REFUSED, scripts_of, written_in
from engine.studio.voice.respell import respelt
from engine.studio.voice.scripts import HAN, KANA, LATIN, clusters, folded, letters, runs, script
from engine.studio.voice.spell import spell, tokens

# Words of one consonant that are sung with the word after them ("в небе", "s tebou"), by language.
CLITICS = {
    "be": "з", "bg": "вс", "bs": "sk", "cs": "ksvz", "hr": "sk", "hu": "s", "mk": "вс", "pl": "wz", "ru": "вкс",
    "sk": "ksvz", "sl": "hksvz", "sr": "скsk", "uk": "взй",
}  # fmt: skip
# Words of one consonant that are sung with the word before them ("я б", "він ж").
ENCLITICS = dict.fromkeys(("be", "ru", "uk"), ("б", "ж"))
_ENCLITIC = re.compile(r" (?=[бж]\b)", re.IGNORECASE)
# An elided word typed apart from what it leans on: "L' amour", "Σ' αγαπώ".
ELIDING = frozenset(("ca", "el", "fr", "it"))
_ELIDED = re.compile(r"[^\W\d_]{1,2}['’]")
# Greek for "what", which a comma tells from "that".
_WHAT = re.compile(r"\b([όο]),(?=τι\b)", re.IGNORECASE)
# A syllable of Vietnamese that needs no mark; in its songs other words without marks are English.
_VIETNAMESE = re.compile(
    r"(ngh?|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnprstvx])?[aeiouy]{1,3}(ch|ng|nh|[cmnpt])?", re.IGNORECASE
)
# Turkish and Azerbaijani have an i for each dot.
_TURKIC = str.maketrans({"I": "ı", "İ": "i"})


@dataclass(frozen=True)
class Unit:
    """A word as written, what eSpeak is given for it (`[[...]]` are phonemes), and the language of its voice."""

    word: str
    said: str
    language: str


def units(text: str, language: str) -> tuple[Unit, ...]:
    """The words of a line in order; what holds nothing to say is left out.

    Raises `VoiceUnavailable` for writing that nobody here can read.
    """
    plain = folded(text)
    written = tokens(text)
    kana = any(script(letter) == KANA for letter in plain)
    latin = _latin(plain, language)
    found: list[Unit] = []
    cased = [token for token in written if token.lower() != token.upper()]
    shouted = len(cased) > 1 and all(token.isupper() for token in cased)
    known: dict[str, str] = {}
    for token in _leaning(written, language):
        for system, piece in runs(token):
            if system not in known:
                known[system] = _language(system, language, plain, kana, latin)
            found += _read(piece, known[system], shouted)
    return tuple(found)


def _leaning(written: list[str], language: str) -> list[str]:
    """Tokens, with words that have no vowel of their own put to those they lean on; a space stays between the two."""
    found: list[str] = []
    held = ""
    for index, token in enumerate(written):
        last = index + 1 == len(written)
        leans = token.lower() in tuple(CLITICS.get(language, "")) or (
            language in ELIDING and _ELIDED.fullmatch(token) is not None
        )
        if leans and not last:
            held += token + " "
        elif found and not held and token.lower().strip(".,;:!?…") in ENCLITICS.get(language, ()):
            found[-1] += " " + token
        else:
            found.append(held + token)
            held = ""
    return found


def _latin(plain: str, language: str) -> str:
    """The language of Latin words in a line of `language`: its own, else that of a whole line, else English."""
    if LATIN in scripts_of(language):
        return language
    own = any(script(letter) in scripts_of(language) for letter in plain)
    if own:
        return FIRST[LATIN]
    if language == "ja" and from_romaji(plain):
        return "ja"
    if language == "zh" and from_pinyin(plain):
        return "zh"
    return language_of(letters(plain, LATIN), before=FIRST[LATIN])


def _language(system: str, language: str, plain: str, kana: bool, latin: str) -> str:
    """Which language a run of one script is sung in. Raises `VoiceUnavailable`."""
    if system == LATIN:
        return latin
    if not system or system in scripts_of(language):
        return language
    if system == HAN and kana:
        return "ja"
    speak = written_in(system)
    if not speak:
        _refuse(system, language, plain)
    if len(speak) == 1:
        return speak[0]
    first = FIRST.get(system, speak[0])
    return language_of(letters(plain, system), before=first)


def _refuse(system: str, language: str, plain: str) -> None:
    for code, reason in REFUSED.items():
        if system in scripts_of(code):
            raise VoiceUnavailable(reason)
    odd = next(letter for letter in plain if script(letter) == system)
    raise VoiceUnavailable(f"the {LANGUAGES.get(language, language)} voice can't read {odd!r}")


def _read(piece: str, language: str, shouted: bool) -> list[Unit]:
    """One run of a token as units."""
    plain = folded(piece)
    if language in ("ja", "yue", "zh"):
        if any(script(letter) == LATIN for letter in plain):
            return _joined([(piece, romaji(plain) if language == "ja" else pinyin(plain))], language)
        return _joined(_as_written(piece, language), language)
    if language in ELIDING:
        plain = re.sub(r"(?<=['’]) ", "", plain)
    if language in ENCLITICS:
        plain = _ENCLITIC.sub("", plain)
    if language == "el":
        plain = _WHAT.sub(r"\1", plain)
    lower = plain.translate(_TURKIC).lower() if language in ("az", "tr") else plain.lower()
    # eSpeak would spell capitals out; of two or three of them, people do.
    quiet = shouted or (plain.isupper() and sum(letter.isalpha() for letter in plain) > 3)
    bare = "".join(letter for letter in plain if letter.isalpha())
    if language == "vi" and bare.isascii() and bare and not _VIETNAMESE.fullmatch(bare):
        language = FIRST[LATIN]
    said = spell(lower if quiet else plain, language)
    said = " ".join(respelt(word, language) for word in said.split())
    return [Unit(piece, said, language)] if said else []


def _as_written(piece: str, language: str) -> list[tuple[str, str]]:
    """Characters or words of a piece, each with its phonemes, in the letters in which they were typed."""
    typed = list(clusters(piece))
    plain = [folded(cluster) for cluster in typed]
    pairs = (japanese if language == "ja" else partial(characters, language=language))("".join(plain))
    found: list[tuple[str, str]] = []
    taken = needed = read = 0
    for written, said in pairs:
        needed += len(written)
        begin = taken
        while taken < len(typed) and read + len(plain[taken]) <= needed:
            read += len(plain[taken])
            taken += 1
        if begin == taken and found:
            # Two words in one sign.
            found[-1] = (found[-1][0], found[-1][1] + said)
        else:
            found.append(("".join(typed[begin:taken]), said))
    return found


def _joined(pairs: list[tuple[str, str]], language: str) -> list[Unit]:
    """Pairs of written words and phonemes as units; signs go with the word before, the first with the one after.

    Raises `VoiceUnavailable` for a letter without a reading.
    """
    found: list[Unit] = []
    opening = ""
    for written, said in pairs:
        odd = next((letter for letter in written if script(letter) in (HAN, KANA)), "") if not said else ""
        if odd and script(odd) == HAN:
            raise VoiceUnavailable(f"the {LANGUAGES[language]} voice can't read {odd!r}")
        if said:
            found.append(Unit(opening + written, phonemic(said), language))
            opening = ""
        elif found:
            found[-1] = Unit(found[-1].word + written, found[-1].said, language)
        else:
            opening += written
    return found
