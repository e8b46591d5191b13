"""Short vowels for words in Arabic script that eSpeak NG does not know, so that they can be sung."""

from __future__ import annotations

_FATHA = "\N{ARABIC FATHA}"
_LONG = "اىيو"
# A catch in the voice, with the short vowel that is likeliest after it.
_CAUGHT = {"أ": "\N{ARABIC FATHA}", "إ": "\N{ARABIC KASRA}", "ؤ": "\N{ARABIC FATHA}", "ئ": "\N{ARABIC KASRA}"}
_CARRIERS = "آةء"
_ARTICLES = ("وال", "بال", "كال", "فال", "ال", "لل")


def voweled(word: str) -> str:
    """A word with an a after each consonant that would else begin a cluster: ktbt -> katbat. Marks in it stay.

    The vowels are a guess, as a reader makes who does not know the word.
    """
    article = next((opening for opening in _ARTICLES if word.startswith(opening) and len(word) > len(opening) + 1), "")
    rest = word[len(article) :]

    def vowel(at: int) -> bool:
        letter = rest[at] if at < len(rest) else ""
        return bool(letter) and (letter in _LONG or letter in _CARRIERS or not letter.isalpha())

    said, at = article, 0
    while at < len(rest):
        said += rest[at]
        at += 1
        if vowel(at - 1) or at >= len(rest):
            continue
        if vowel(at):
            said += rest[at]
            at += 1
        else:
            said += _CAUGHT.get(rest[at - 1], _FATHA)
        if at < len(rest) and not vowel(at) and not vowel(at + 1):
            said += rest[at]
            at += 1
    return said
