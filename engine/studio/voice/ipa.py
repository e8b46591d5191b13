"""What eSpeak NG calls its phonemes, as IPA: some voices name sounds by its keyboard spelling."""

from __future__ import annotations

import re

# Anywhere in a name; longer ones first. A dot makes a consonant retroflex, a bracket dental, a backquote ejective.
_SPELT = (
    ("ts.h", "ʈʂʰ"), ("ts.", "ʈʂ"), ("s.", "ʂ"), ("z.", "ʐ"), ("t.", "ʈ"), ("d.", "ɖ"), ("n.", "ɳ"), ("l.", "ɭ"),
    ("r.", "ɽ"), ("i.", "ɨ"), ("i̪", "ɨ"), ("dZ", "dʒ"), ("tS", "tʃ"), ("S", "ʃ"), ("Z", "ʒ"), ("A", "ɑ"), ("ε", "ɛ"),
    ("k^", "c"), ("ʦ", "ts"), ("g", "ɡ"), (":", "ː"), ("`", "ʼ"), ("nɡ", "ŋ"), ("oe", "œ"), ("d[", "d̪"), ("t[", "t̪"),
    ("?", "ʔ"), ("I", "ɪ"), ("N", "ŋ"),
)  # fmt: skip
# Signs that only tell one of eSpeak's variants from another.
_VARIANT = re.compile(r"[-#\"\[\].^0-9]+")
_ASPIRATED = re.compile(r"(?<=[ptkcsʂɕʃq])h$")
# Danish names vowels after the catch in the voice that may be heard before them.
_CAUGHT = re.compile(r"^ʔ(?=[aeiouyæøœɐɑɒɔəɛɪʊʌ])")
_OWN = {
    "gn": {"y": "ɨ"}, "ko": {"q": "k"}, "pt": {"y": "ɪ"}, "uz": {"y": "ɪ"}, "zh": {"o-": "ɤ"}, "vi": {"y": "ɨ"},
    "yue": {"c": "tsʰ", "z": "ts", "yu": "y", "eo": "ɵ", "eoi": "ɵy", "aa": "aː", "aai": "aːi", "aau": "aːu"},
}  # fmt: skip


def ipa(name: str, language: str) -> str:
    """A phoneme's name without stress marks -> IPA; empty for what is no sound, such as "(en)", a change of voice."""
    if name.startswith("("):
        return ""
    own = _OWN.get(language, {})
    found = own.get(name) or own.get(name.rstrip("-"))
    if found:
        return found
    for spelt, symbol in _SPELT:
        name = name.replace(spelt, symbol)
    return _CAUGHT.sub("", _ASPIRATED.sub("ʰ", _VARIANT.sub("", name)))
