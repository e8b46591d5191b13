"""Chinese characters as they are said, in eSpeak NG's own phonemes: Mandarin by pinyin, Cantonese by jyutping."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from engine.studio.voice.numerals import NUMBER, chinese_numerals, one_by_one

# Pinyin's initials and finals -> the mnemonics of eSpeak's Mandarin voice; the ear hears no tone in a sung note.
_INITIALS = {
    "b": "p", "p": "ph", "m": "m", "f": "f", "d": "t", "t": "th", "n": "n", "l": "l", "g": "k", "k": "kh", "h": "X",
    "j": "tS;", "q": "tS;h", "x": "S;", "zh": "ts.", "ch": "ts.h", "sh": "s.", "r": "z.", "z": "ts", "c": "tsh",
    "s": "s", "": "",
}  # fmt: skip
_FINALS = {
    "a": "'A", "o": "'o", "e": "'o-", "ê": "'E", "ai": "'ai", "ei": "'ei", "ao": "'Au", "ou": "'ou", "an": "'an",
    "en": "'@n", "ang": "'AN", "eng": "'@N", "er": "'@r", "ong": "'ong", "i": "'i", "ia": "'iA", "iao": "j'Au",
    "ie": "'iE", "iou": "'iou", "ian": "'iEn", "in": "'in", "iang": "'iAN", "ing": "'iN", "iong": "j'ong", "u": "'u",
    "ua": "w'A", "uo": "'uo", "uai": "w'ai", "uei": "'uei", "uan": "w'an", "uen": "'u@n", "uang": "w'AN",
    "ueng": "w'@N", "v": "'y", "ve": "'yE", "van": "'y&n", "vn": "'y@n", "m": "m", "n": "n", "ng": "N",
}  # fmt: skip
# Without a consonant before them these begin with a glide.
_ALONE = {"i": "j'i", "in": "j'in", "ing": "j'iN", "ia": "j'iA", "ie": "j'iE", "iou": "j'iou", "ian": "j'iEn",
    "iang": "j'iAN", "u": "w'u", "uo": "w'o", "uei": "w'ei", "uen": "w'u@n", "v": "j'y", "ve": "j'yE",
    "van": "j'y&n", "vn": "j'y@n"}  # fmt: skip
_JYUTPING = re.compile(r"(ng|gw|kw|[bpmfdtnlgkhwzcsj])?([aeiouy].*)")
# What one hums has no reading in the dictionary.
_HUMMED = {"嗯": "'@n", "呣": "'@m"}
# Years are said digit by digit.
# The four tones over a vowel, or a number after it.
_TONES = "\N{COMBINING MACRON}\N{COMBINING ACUTE ACCENT}\N{COMBINING CARON}\N{COMBINING GRAVE ACCENT}12345"
_SYLLABLE = re.compile(r"([bpmfdtnlgkhjqxrzcsyw]|[zcs]h)?[aeiouü]+(n|ng|r)?")
_YEAR = re.compile(r"\d{4}(?=年)")


def mandarin(text: str) -> list[str]:
    """Phonemes of each character of `text`, empty where it has no reading; polyphones go by the words around them."""
    import pypinyin
    from pypinyin import Style

    def each(style: Style) -> list[str]:
        found = pypinyin.pinyin(text, style=style, strict=True, errors=_unread, v_to_u=False)
        return [readings[0] for readings in found]

    initials, finals = each(Style.INITIALS), each(Style.FINALS)
    read = zip(text, initials, finals, strict=True)
    return [_said(initial, final) or _HUMMED.get(letter, "") for letter, initial, final in read]


def _unread(odd: str) -> Any:
    """A blank for each character that has no reading, which keeps the others in their places."""
    return [""] * len(odd)


def _said(initial: str, final: str) -> str:
    final = final.replace("ü", "v")
    if final not in _FINALS:
        return ""
    if final == "i" and initial in ("zh", "ch", "sh", "r"):
        return _INITIALS[initial] + "'i."
    if final == "i" and initial in ("z", "c", "s"):
        return _INITIALS[initial] + "'i["
    return _INITIALS[initial] + _FINALS[final] if initial else _ALONE.get(final, _FINALS[final])


def pinyin(word: str) -> str:
    """Phonemes of a word in romanised Mandarin, with or without its tones; empty where it is none."""
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    marked = unicodedata.normalize("NFD", word.lower())
    plain = unicodedata.normalize("NFC", "".join(sign for sign in marked if sign not in _TONES))
    plain = re.sub(r"[^a-zü]+$|^[^a-zü]+|['’-]", "", plain)
    said = [""]
    while plain:
        for end in range(min(6, len(plain)), 0, -1):
            syllable = plain[:end]
            initial = to_initials(syllable, strict=True)
            phonemes = _said(initial, to_finals(syllable, strict=True, v_to_u=False))
            # "nanhai" is nan and hai: what begins with a vowel would have an apostrophe.
            if phonemes and _SYLLABLE.fullmatch(syllable) and plain[end : end + 1] not in tuple("aeiouü"):
                said.append(phonemes)
                plain = plain[end:]
                break
        else:
            return ""
    return "".join(said)


def from_pinyin(line: str) -> bool:
    """Whether a line in Latin letters is romanised Mandarin: every word can be, and most bear the marks of tones."""
    words = [word for word in line.split() if any(sign.isalpha() for sign in word)]
    toned = [word for word in words if any(sign in _TONES for sign in unicodedata.normalize("NFD", word))]
    return len(toned) * 2 > len(words) and all(pinyin(word) for word in words)


def cantonese(text: str) -> list[str]:
    """Phonemes of each character of `text`, empty where it has no reading; polyphones go by the words around them."""
    import ToJyutping

    found = []
    for _, reading in ToJyutping.get_jyutping_list(text):
        syllable = (reading or "").split(" ")[0].rstrip("123456")
        if match := _JYUTPING.fullmatch(syllable):
            found.append(("N" if match[1] == "ng" else match[1] or "") + "'" + match[2])
        else:
            # 唔, 五 and their like have no vowel.
            found.append({"m": "m", "hm": "hm", "ng": "N", "hng": "hN"}.get(syllable, ""))
    return found


def characters(text: str, language: str) -> list[tuple[str, str]]:
    """`text`, one word, as (what is written, its phonemes): a pair for each character, signs with the one before.

    language: "zh" or "yue". A number is one pair. What has no reading has no phonemes.
    """
    said = cantonese if language == "yue" else mandarin
    numbers = {match.start(): match.group() for match in NUMBER.finditer(text)}
    found: list[tuple[str, str]] = []
    readings = said(text)
    index = 0
    while index < len(text):
        written, phonemes = text[index], readings[index]
        if index in numbers:
            written = numbers[index]
            year = _YEAR.match(text, index) is not None
            phonemes = "".join(said(one_by_one(written) if year else chinese_numerals(written)))
        index += len(written)
        found.append((written, phonemes))
    return found
