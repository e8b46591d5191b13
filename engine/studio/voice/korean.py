"""Korean as it is said: consonants that meet at the edge of two syllables, which eSpeak NG mostly reads as written."""

from __future__ import annotations

from itertools import pairwise

_FIRST, _LAST = ord("가"), ord("힣")
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
# Before ㄴ and ㅁ a stop is said through the nose.
_NASAL = dict.fromkeys("ㄱㄲㅋㄳㄺ", "ㅇ") | dict.fromkeys("ㄷㅅㅆㅈㅊㅌㅎ", "ㄴ") | dict.fromkeys("ㅂㅍㅄㄿㄼ", "ㅁ")


def korean(word: str) -> str:
    """A word in the syllables that are heard: 합니다 -> 함니다, 신라 -> 실라, 독립 -> 동닙."""
    said = list(word)
    for at, (before, after) in enumerate(pairwise(word)):
        if not (_FIRST <= ord(before) <= _LAST and _FIRST <= ord(after) <= _LAST):
            continue
        final, initial = _FINALS[(ord(before) - _FIRST) % 28], _INITIALS[(ord(after) - _FIRST) // 588]
        closes, opens = _met(final, initial)
        said[at] = chr(ord(said[at]) + _FINALS.index(closes) - _FINALS.index(final))
        said[at + 1] = chr(ord(after) + 588 * (_INITIALS.index(opens) - _INITIALS.index(initial)))
    return "".join(said)


def _met(final: str, initial: str) -> tuple[str, str]:
    """What becomes of the end of one syllable and the beginning of the next."""
    if initial in "ㄴㅁ" and final in _NASAL:
        return _NASAL[final], initial
    if initial == "ㄹ" and final in _NASAL and _NASAL[final] != "ㄴ":
        return _NASAL[final], "ㄴ"
    if (final, initial) in (("ㄴ", "ㄹ"), ("ㄹ", "ㄴ")):
        return "ㄹ", "ㄹ"
    return final, "ㄴ" if initial == "ㄹ" and final in ("ㅁ", "ㅇ") else initial
