"""Numbers as Chinese and Japanese write them in characters."""

from __future__ import annotations

import re
import unicodedata

# A number in any script's digits, with a decimal point and a sign of hundredths.
NUMBER = re.compile(r"\d+(?:\.\d+)?%?")
_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "億", "兆")
# Longer rows of digits are said one by one, as are those that begin with a zero: telephone numbers, agents.
LONGEST = 12


def chinese_numerals(number: str, *, japanese: bool = False) -> str:
    """What `NUMBER` matches, in characters: "24" -> 二十四, "3.5" -> 三點五, "50%" -> 百分之五十.

    Japanese says no 一 before 十, 百 and 千, skips zeros, and says パーセント after the number.
    """
    whole, _, part = number.rstrip("%").partition(".")
    said = _whole(whole, japanese) + (("点" if japanese else "點") + one_by_one(part) if part else "")
    if not number.endswith("%"):
        return said
    return said + "パーセント" if japanese else "百分之" + said


def one_by_one(digits: str) -> str:
    """Each digit for itself: "2024" -> 二零二四."""
    return "".join(_DIGITS[unicodedata.decimal(digit)] for digit in digits)


def _whole(digits: str, japanese: bool) -> str:
    if len(digits) > LONGEST or (unicodedata.decimal(digits[0]) == 0 and len(digits) > 1):
        return one_by_one(digits)
    value = int(digits)
    if value == 0:
        return "零"
    said = ""
    for myriad in range(len(_MYRIADS) - 1, -1, -1):
        part = value // 10_000**myriad % 10_000
        if part:
            gap = bool(said) and part < 1000 and not japanese
            said += ("零" if gap else "") + _four(part, japanese, leading=not said) + _MYRIADS[myriad]
    return said


def _four(value: int, japanese: bool, *, leading: bool) -> str:
    """1 to 9999 in characters."""
    said, gap = "", False
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        if not digit:
            gap = bool(said)
            continue
        one = digit == 1 and place > 0 and (japanese or (leading and not said and place == 1))
        said += ("零" if gap and not japanese else "") + ("" if one else _DIGITS[digit]) + _PLACES[place]
        gap = False
    return said
