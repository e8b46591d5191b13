"""Hebrew as people write it, without points, in eSpeak NG's phonemes.

Vowels that are not written are taken from a list of common words, in which prefixes may stand before a word, and else
guessed: an e between two consonants, an a in words that end in ה. A guess can be sung, and is at times wrong.
"""

from __future__ import annotations

import re

_POINTS = re.compile("[\u05b0-\u05bc\u05c7]")
_VOWELS = {
    "\u05b1": "e", "\u05b2": "a", "\u05b3": "o", "\u05b4": "i", "\u05b5": "e", "\u05b6": "e", "\u05b7": "a",
    "\u05b8": "a", "\u05b9": "o", "\u05ba": "o", "\u05bb": "u", "\u05c7": "o",
}  # fmt: skip
_SHVA, _DOT, _SIN_DOT = "\u05b0", "\u05bc", "\u05c2"
_POINTED = re.compile("([א-ת])([\u05b0-\u05c7]*)")

_WORDS = {
    "אני": "an'i", "אתה": "at'a", "את": "'et", "הוא": "h'u", "היא": "h'i", "אנחנו": "an'aXnu", "אנו": "'anu",
    "הם": "h'em", "הן": "h'en", "אתם": "at'em", "לי": "l'i", "לך": "l'aX", "לו": "l'o", "לה": "l'a", "לנו": "l'anu",
    "לכם": "laX'em", "להם": "lah'em", "בי": "b'i", "בך": "b'aX", "בו": "b'o", "בה": "b'a", "בנו": "b'anu",
    "שלי": "Sel'i", "שלך": "Sel'aX", "שלו": "Sel'o", "שלה": "Sel'a", "שלנו": "Sel'anu", "שלהם": "Selah'em",
    "של": "S'el", "על": "'al", "אל": "'el", "עם": "'im", "אם": "'im", "כי": "k'i", "מי": "m'i", "מה": "m'a",
    "זה": "z'e", "זאת": "z'ot", "זו": "z'o", "אלה": "'ele", "לא": "l'o", "כן": "k'en", "גם": "g'am", "רק": "R'ak",
    "כל": "k'ol", "הכל": "hak'ol", "עוד": "'od", "כבר": "kv'aR", "עכשיו": "aXS'av", "אז": "'az", "כאן": "k'an",
    "פה": "p'o", "שם": "S'am", "איפה": "'ejfo", "מתי": "mat'aj", "למה": "l'ama", "איך": "'ejX", "יש": "j'eS",
    "אין": "'ejn", "היה": "haj'a", "הייתי": "haj'iti", "יהיה": "jihij'e", "להיות": "lihij'ot", "אולי": "ul'aj",
    "תמיד": "tam'id", "לעולם": "le?ol'am", "עולם": "ol'am", "נצח": "n'etsaX", "היום": "haj'om", "יום": "j'om",
    "ימים": "jam'im", "לילה": "l'ajla", "לילות": "lejl'ot", "הלילה": "hal'ajla", "בוקר": "b'okeR", "ערב": "'eRev",
    "אהבה": "ahav'a", "אהבתי": "ah'avti", "אוהב": "oh'ev", "אוהבת": "oh'evet", "אוהבים": "ohav'im", "אהוב": "ah'uv",
    "אהובה": "ahuv'a", "אותך": "ot'aX", "אותי": "ot'i", "אותו": "ot'o", "אותה": "ot'a", "אותנו": "ot'anu",
    "אתך": "it'aX", "איתך": "it'aX", "איתי": "it'i", "איתנו": "it'anu", "בלי": "bl'i", "אליך": "el'ajiX",
    "עליך": "al'ajiX", "אלי": "el'aj", "עלי": "al'aj", "ממני": "mim'eni", "ממך": "mim'eX", "בשבילך": "biSvil'eX",
    "בשבילי": "biSvil'i", "לב": "l'ev", "הלב": "hal'ev", "ליבי": "lib'i", "לבי": "lib'i", "נשמה": "neSam'a",
    "חיים": "Xaj'im", "חיי": "Xaj'aj", "שמש": "S'emeS", "ירח": "jaR'eaX", "כוכב": "koX'av", "כוכבים": "koXav'im",
    "שמיים": "Sam'ajim", "שמים": "Sam'ajim", "ים": "j'am", "הים": "haj'am", "רוח": "R'uaX", "גשם": "g'eSem",
    "מים": "m'ajim", "אש": "'eS", "אור": "'or", "חושך": "X'oSeX", "צל": "ts'el", "דרך": "d'eReX", "בית": "b'ajit",
    "עיר": "'iR", "ארץ": "'eRets", "אדמה": "adam'a", "מקום": "mak'om", "זמן": "zm'an", "שנה": "San'a",
    "רגע": "R'ega", "שלום": "Sal'om", "תודה": "tod'a", "בוא": "b'o", "בואי": "b'o?i", "בואו": "b'o?u",
    "שיר": "S'iR", "שירים": "SiR'im", "שר": "S'aR", "שרה": "SaR'a", "שרים": "SaR'im", "לשיר": "laS'iR",
    "רוקד": "Rok'ed", "רוקדים": "Rokd'im", "לרקוד": "liRk'od", "מנגינה": "mangin'a", "קול": "k'ol",
    "עיניים": "ejn'ajim", "עיני": "ejn'aj", "ידיים": "jad'ajim", "יד": "j'ad", "פנים": "pan'im", "ילד": "j'eled",
    "ילדה": "jald'a", "ילדים": "jelad'im", "אבא": "'aba", "אמא": "'ima", "איש": "'iS", "אישה": "iS'a",
    "חבר": "Xav'eR", "חברים": "XaveR'im", "טוב": "t'ov", "טובה": "tov'a", "יפה": "jaf'e", "יפים": "jaf'im",
    "גדול": "gad'ol", "קטן": "kat'an", "חדש": "Xad'aS", "לבן": "lav'an", "שחור": "SaX'oR", "כחול": "kaX'ol",
    "ירוק": "jaR'ok", "אדום": "ad'om", "רוצה": "Rots'e", "יכול": "jaX'ol", "יודע": "jod'ea", "יודעת": "jod'a?at",
    "הולך": "hol'eX", "הולכת": "hol'eXet", "הולכים": "holX'im", "בא": "b'a", "באה": "ba?'a", "רואה": "Ro?'e",
    "חולם": "Xol'em", "חלום": "Xal'om", "חלומות": "Xalom'ot", "זוהר": "zoh'eR", "זוהרים": "zohaR'im",
    "מעל": "me?'al", "תחת": "t'aXat", "אחרי": "aXaR'ej", "לפני": "lifn'ej", "בין": "b'ejn", "מול": "m'ul",
    "שוב": "S'uv", "ביחד": "bej'aXad", "יחד": "j'aXad", "לבד": "lev'ad", "קרוב": "kaR'ov", "רחוק": "RaX'ok",
    "אחד": "eX'ad", "אחת": "aX'at", "שני": "Sn'ej", "שתי": "St'ej", "הרבה": "haRb'e", "מאוד": "me?'od",
    "יותר": "jot'eR", "אבל": "av'al", "או": "'o", "כמו": "km'o", "רחובות": "ReXov'ot", "רחוב": "ReX'ov",
    "חלון": "Xal'on", "דלת": "d'elet", "ירושלים": "jeRuSal'ajim", "ישראל": "jisRa?'el", "אלוהים": "eloh'im",
    "תקווה": "tikv'a", "שמחה": "simX'a", "עצב": "'etsev", "כאב": "ke?'ev", "דמעות": "dma?'ot", "חופש": "X'ofeS",
    "נגמר": "nigm'aR", "מחר": "maX'aR", "אתמול": "etm'ol", "קיץ": "k'ajits", "חורף": "X'oRef", "אביב": "av'iv",
    "סתיו": "st'av", "פרח": "p'eRaX", "פרחים": "pRaX'im", "ציפור": "tsip'oR", "הר": "h'aR", "נהר": "nah'aR",
    "חול": "X'ol", "ענן": "an'an", "זהב": "zah'av", "כסף": "k'esef", "הנה": "hin'e", "שמח": "sam'eaX",
    "שמחים": "smeX'im", "עצוב": "ats'uv", "הביתה": "hab'ajta", "בסדר": "bes'edeR", "כולם": "kul'am", "כולנו": "kul'anu",
    "לבדי": "levad'i", "ללכת": "lal'eXet", "לבוא": "lav'o", "לאהוב": "le?eh'ov", "לחיות": "liXj'ot", "לראות": "liR?'ot",
    "לדעת": "lad'a?at", "לומר": "lom'aR", "אומר": "om'eR", "אומרת": "om'eRet", "אמרת": "am'aRt", "אמרתי": "am'aRti",
    "ידעתי": "jad'ati", "רציתי": "Rats'iti", "חשבתי": "XaS'avti", "הלכת": "hal'aXt", "נשאר": "niS?'aR",
    "אמת": "em'et", "שקר": "S'ekeR", "דבר": "dav'aR", "דברים": "dvaR'im", "מילים": "mil'im", "מילה": "mil'a",
    "חלומי": "Xalom'i", "חיבוק": "Xib'uk", "נשיקה": "neSik'a", "אהבת": "ahav'at", "עולמי": "olam'i", "ערבים": "aRav'im",
    "כוח": "k'oaX", "שקט": "S'eket", "פחד": "p'aXad", "תקוה": "tikv'a", "מלך": "m'eleX", "מלכה": "malk'a",
    "אחות": "aX'ot", "אח": "'aX", "אחים": "aX'im", "בחור": "baX'uR", "בחורה": "baXuR'a", "שעה": "Sa?'a", "דקה": "dak'a",
    "פעם": "p'a?am", "תגיד": "tag'id", "תגידי": "tag'idi", "תני": "tn'i", "תן": "t'en", "קח": "k'aX", "קחי": "kX'i",
}  # fmt: skip
_PREFIXES = {"ה": "ha", "ו": "ve", "ב": "ba", "ל": "la", "מ": "me", "ש": "Se", "כ": "ke"}
_LETTERS = {
    "ב": "v", "ג": "g", "ד": "d", "ה": "h", "ז": "z", "ח": "X", "ט": "t", "כ": "X", "ך": "X", "ל": "l", "מ": "m",
    "ם": "m", "נ": "n", "ן": "n", "ס": "s", "פ": "f", "ף": "f", "צ": "ts", "ץ": "ts", "ק": "k", "ר": "R", "ש": "S",
    "ת": "t",
}  # fmt: skip
_INITIAL = {"ב": "b", "כ": "k", "פ": "p"}
_FOREIGN = (("ג'", "dZ"), ("ז'", "Z"), ("צ'", "tS"), ("ץ'", "tS"))


def hebrew(word: str) -> str:
    """A word's phonemes; empty where it holds anything but Hebrew letters and points."""
    if _POINTS.search(word):
        return _pointed(word)
    plain = word.replace('"', "").replace("״", "")
    if not plain or any(letter not in _LETTERS and letter not in "אועי'" for letter in plain):
        return ""
    if plain in _WORDS:
        return _WORDS[plain]
    for length in (1, 2):
        stem = plain[length:]
        if len(stem) > 1 and stem in _WORDS and all(letter in _PREFIXES for letter in plain[:length]):
            return "".join(_PREFIXES[letter] for letter in plain[:length]) + _WORDS[stem]
    return _guessed(plain)


def _pointed(word: str) -> str:
    """The sounds of a word whose vowels are written."""
    pairs = _POINTED.findall(word)
    sounds: list[str] = []
    for index, (letter, marks) in enumerate(pairs):
        last = index + 1 == len(pairs)
        vowel = "".join(_VOWELS.get(mark, "") for mark in marks)
        if letter == "ו" and (vowel == "o" or (_DOT in marks and not vowel)):
            sounds.append(vowel or "u")
            continue
        lengthens = letter == "י" and bool(sounds) and sounds[-1] in ("i", "e")
        if not marks and (lengthens or (letter in "אה" and last)):
            continue
        sound = {"ו": "v", "י": "j", "א": "", "ע": ""}.get(letter, _LETTERS.get(letter, ""))
        if letter == "ש" and _SIN_DOT in marks:
            sound = "s"
        elif letter in _INITIAL and _DOT in marks:
            sound = _INITIAL[letter]
        if last and letter in "חעה" and vowel == "a" and sounds:
            sounds += [vowel, sound]
        else:
            sounds += [sound, vowel or ("e" if _SHVA in marks and index == 0 else "")]
    return _stressed([sound for sound in sounds if sound])


def _stressed(sounds: list[str]) -> str:
    """The sounds with their stress: on the last vowel, as in most words."""
    vowels = [index for index, sound in enumerate(sounds) if sound in "aeiou"]
    if vowels:
        sounds.insert(vowels[-1], "'")
    return "".join(sounds)


def _guessed(word: str) -> str:
    """Consonants with the vowels that are written, and guesses between those that would meet."""
    gap = "a" if word.endswith("ה") else "e"
    sounds: list[str] = []
    at = 0
    while at < len(word):
        letter, last = word[at], at == len(word) - 1
        pair = word[at : at + 2]
        foreign = dict(_FOREIGN).get(pair)
        vowel = ""
        if foreign:
            sounds.append(foreign)
            at += 2
            continue
        if pair in ("וו", "יי") and not (at == 0 and pair == "יי"):
            sounds += ["v"] if pair == "וו" else ["a", "j"]
            at += 2
            continue
        if letter in "אע":
            vowel = "" if sounds and sounds[-1] in "aeiou" and last else "a"
            if not last and word[at + 1] in "וי":
                vowel = ""
        elif letter == "ה" and last:
            vowel = "a"
        elif letter == "ו" and at:
            vowel = "o"
        elif letter == "י" and at:
            vowel = "i"
        sound = vowel or {"ו": "v", "י": "j", "א": "", "ע": "", "'": ""}.get(letter, "")
        sound = sound or (_INITIAL.get(letter, _LETTERS.get(letter, "")) if at == 0 else _LETTERS.get(letter, ""))
        if sound:
            sounds.append(sound)
        at += 1
    said: list[str] = []
    for index, sound in enumerate(sounds):
        said.append(sound)
        following = sounds[index + 1] if index + 1 < len(sounds) else ""
        if sound in "aeiou" or not following or following in "aeiou":
            continue
        closes = bool(said[:-1]) and said[-2] in "aeiou"
        # A consonant after a vowel may close its syllable, unless it would leave the last one without a vowel.
        if not closes or index + 2 == len(sounds):
            said.append(gap)
    return _stressed(said)
