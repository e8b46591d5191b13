"""How Japanese numbers and what they count change each other: 一回 イッカイ, 三本 サンボン, 二人 フタリ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_DOUBLED = {
    "イチ": "イッ", "ロク": "ロッ", "ハチ": "ハッ", "ジュー": "ジュッ", "ヒャク": "ヒャッ",
    "ビャク": "ビャッ", "ピャク": "ピャッ",
}  # fmt: skip
# Numbers that only a k or an h after them makes short.
_LOOSE = ("ロク", "ヒャク", "ビャク", "ピャク")
_K, _H, _S_OR_T = "カキクケコ", "ハヒフヘホ", "サシスセソタチツテト"
# Characters that count as others do, though they are numbers themselves.
_PLACES = "百千兆"
_SHORT = {
    "四": ("ヨ", ("時", "時間", "年", "年間", "人", "円")),
    "七": ("シチ", ("時",)),
    "九": ("ク", ("時",)),
}
_PEOPLE = {"一": "ヒト", "二": "フタ"}
# After ン an h is a p in these, else a b.
_FIRM = "分発泊"


def counted(words: Sequence[tuple[str, str, bool]]) -> list[str]:
    """Katakana of words given as (written, katakana alone, whether a number), as they are said one after another."""
    said = [kana for _, kana, _ in words]
    for at, ((number, _, is_number), (counter, kana, also)) in enumerate(pairwise(words)):
        lone = at == 0 or not words[at - 1][2]
        if not is_number or not kana or (also and counter not in _PLACES):
            continue
        if counter == "人" and lone and number in _PEOPLE:
            said[at], said[at + 1] = _PEOPLE[number], "リ"
        elif (
            counter == "歳" and number == "十" and at and words[at - 1][0] == "二" and (at < 2 or not words[at - 2][2])
        ):
            said[at - 1 : at + 2] = "ハ", "タ", "チ"
        elif counter in _SHORT.get(number, ("", ()))[1]:
            said[at] = _SHORT[number][0]
        else:
            said[at], said[at + 1] = _joined(said[at], counter, kana)
    return said


def _joined(number: str, counter: str, kana: str) -> tuple[str, str]:
    first = kana[0]
    loan = "ァ" <= counter[0] <= "ヺ" and counter[0] not in "ヶヵ"
    if number in _DOUBLED and not loan and (first in _K + _H or (first in _S_OR_T and number not in _LOOSE)):
        # The p's of a row stand two places after the h's, the b's one.
        return _DOUBLED[number], (chr(ord(first) + 2) if first in _H else first) + kana[1:]
    if number in ("サン", "ナン") and counter[0] in ("千", "階"):
        return number, chr(ord(first) + 1) + kana[1:]
    if number in ("サン", "ナン", "ヨン") and first in _H and (number != "ヨン" or counter[0] in _FIRM):
        return number, chr(ord(first) + (2 if counter[0] in _FIRM else 1)) + kana[1:]
    return number, kana
