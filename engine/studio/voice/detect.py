"""Which language a text is in: by its writing, by letters and words that only one language has, then by statistics."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from engine.studio.voice.languages import FIRST, REFUSED, SUNG, scripts_of, written_in
from engine.studio.voice.scripts import HAN, HANGUL, KANA, LATIN, folded, letters, script

# A character of these is a syllable or a word; songs mix them with English lines.
_DENSE = {HAN: 3.0, KANA: 2.0, HANGUL: 3.0}
# A text is not Latin if this share of it is in another writing.
_SHARE = 0.25
# Letters that only one of a writing's languages uses; where two may, the first with a letter of its own counts.
_OWN_LETTERS = {
    "CYRILLIC": {"uk": "їєґ", "be": "ў", "mk": "ѓќѕ", "sr": "ђћ", "ba": "ҙҡ", "kk": "ұ"},
    "ARABIC": {"ug": "ۇۆۈېە", "ur": "ٹڈڑےں"},
    "ETHIOPIC": {"ti": "ቐቑቒቓቕቖኸኺኻኼኽኾ"},
    HAN: {"yue": "嘅咗唔佢哋喺冇啲嚟嗰咁攞諗瞓嘢"},
    LATIN: {
        "vi": "ơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ", "pl": "łśźż", "de": "ß", "ro": "țșţ", "hu": "őű",
        "cs": "řěů", "sk": "ľŕĺ", "az": "ə", "is": "þð", "lv": "ķļņģ", "lt": "ėųį", "eo": "ĉĝĥĵŝŭ", "gn": "ỹẽĩũ",
    },
}  # fmt: skip
_MAORI = re.compile(r"(?=.*[āēīōū])(?:(?:ng|wh|[hkmnprtw])?[aeiouāēīōū]|\W)+", re.DOTALL)
_TIGRINYA = re.compile(r"\b(?:እየ|እዩ|እያ|ኣብ|ናይ|ንዓኺ|ንዓኻ|ኣነ|ንስኺ|ንስኻ|ኩሉ|ከም)\b")
# The statistics' own names.
_LABELS = {"gn": "gug"}
# Of a word or two, nobody would think of another.
_COMMON = frozenset(
    ("ar", "cs", "da", "de", "en", "es", "fa", "fi", "fr", "hi", "hu", "id", "it", "nl", "no", "pl", "pt", "ro", "ru",
     "sv", "sw", "tl", "tr", "uk", "vi")
)  # fmt: skip
_VOWEL = re.compile(r"[aeiouyà-ż]")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_STRETCHED = re.compile(r"(.)\1{2,}")
# Fewer words than this tell little; a language must then beat the expected one by as much a word.
_FEW_WORDS = 4
_MARGIN = 6.0
_FIRM = 12.0
# From so many words on, a section's language is beyond doubt.
_CLEAR_WORDS = 8
# Languages that few songs are in have to be as much likelier than the others.
_RARE = frozenset(
    ("af", "an", "ba", "eo", "eu", "ga", "gn", "ht", "ia", "io", "ku", "ky", "lb", "mi", "qu", "sq", "tl", "tt")
)  # fmt: skip
_RARITY = 12.0
# Languages that lyrics can't tell apart: the expected one stands, or else the first that is near the likeliest.
_TWINS = (("hr", "sr", "bs"), ("id", "ms"), ("da", "no"))
# Words that tell the language of the few beside them. English ones only keep others from being found.
_TELLING = {
    "en": "the and you my your is of i'm it's we with me",
    "de": "ich und nicht dich mich mein dein wir ist der das",
    "es": "te quiero mi corazón el los las y con mucho noche eres yo",
    "fr": "je j'ai c'est et est mon ma toi moi dans les une nuit amour vie t'aime",
    "it": "ti il gli che mio mia sono della del amore notte ciao ciel",
    "pt": "eu você meu minha não com uma coração",
}
_TELLS = {code: frozenset(words.split()) for code, words in _TELLING.items()}

# "La la la" is in no language.
_SYLLABLES = re.compile(r"\b(\w+)(?:\W+\1\b)+")

_LOCK = threading.Lock()


@cache
def _statistics() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def language_of(text: str, before: str = "en") -> str:
    """The code of the language that `text` is most likely in, out of `LANGUAGES`.

    before: the language expected, which stands where the text says too little to tell. Writing that nobody here can
    sing gives the language that is refused for it.
    """
    plain = folded(text).lower()
    system = _system(plain)
    if not system:
        return before
    if system == KANA:
        return "ja"
    refused = [code for code in REFUSED if system in scripts_of(code)]
    if refused:
        return refused[0]
    speak = written_in(system)
    if not speak or len(speak) == 1:
        return speak[0] if speak else before
    own = letters(_SYLLABLES.sub(" ", _STRETCHED.sub(r"\1", plain)), system)
    if not own.split() or (system == LATIN and not _VOWEL.search(own)):
        return before
    told = _told(own, system, before) or _telling(plain)
    return told or _likely(own, speak, before if before in speak or system == LATIN else FIRST.get(system, speak[0]))


def of_sections(lines: Iterable[tuple[str, str]], language: str) -> dict[str, str]:
    """Sections of a song in `language` that are clearly in another -> that other; `lines` are (section, text)."""
    texts: dict[str, list[str]] = {}
    for section, text in lines:
        texts.setdefault(section, []).append(text)
    found = {}
    for section, own in texts.items():
        text = "\n".join(own)
        if len(set(_WORD.findall(folded(text).lower()))) >= _CLEAR_WORDS:
            other = language_of(text, language)
            if other != language:
                found[section] = other
    return found


def _system(plain: str) -> str:
    """The writing a text is in; Latin only where hardly anything else is. Kana anywhere makes characters Japanese."""
    found: Counter[str] = Counter()
    for letter in plain:
        if own := script(letter):
            found[own] += _DENSE.get(own, 1.0)  # type: ignore[assignment]
    if not found:
        return ""
    if found[KANA]:
        found[KANA] += found.pop(HAN, 0)
    others = {system: count for system, count in found.items() if system != LATIN}
    if others and sum(others.values()) >= _SHARE * sum(found.values()):
        return max(others, key=lambda system: (others[system], system))
    return LATIN if found[LATIN] else max(others, key=lambda system: (others[system], system))


def _told(own: str, system: str, before: str) -> str:
    """The language that letters or words of its own give away, or ""."""
    if system == HAN and before == "ja":
        return "ja"
    counts = {code: sum(own.count(letter) for letter in signs) for code, signs in _OWN_LETTERS.get(system, {}).items()}
    best = max(counts, key=lambda code: counts[code], default="")
    if best and counts[best] and counts[best] * 60 >= len(own.replace(" ", "")):
        return best
    if system == HAN:
        return before if before in ("zh", "yue") else "zh"
    if system == "ETHIOPIC" and _TIGRINYA.search(own):
        return "ti"
    if system == LATIN and _MAORI.fullmatch(own):
        return "mi"
    return ""


def _telling(plain: str) -> str:
    """The one language that the words of a short text give away, or ""."""
    words = set(_WORD.findall(plain.replace("’", "'")))
    if not 1 < len(words) < _FEW_WORDS + 2:
        return ""
    hits = {code: len(words & telling) for code, telling in _TELLS.items()}
    best = max(hits, key=lambda code: hits[code])
    alone = hits[best] == sum(hits.values()) and 2 * hits[best] >= len(words)
    return best if alone and best != "en" else ""


def _likely(own: str, speak: tuple[str, ...], before: str) -> str:
    """The likeliest of `speak`, where it beats `before` clearly."""
    if before in SUNG and before not in speak:
        speak = (*speak, before)
    few = len([word for word in own.split() if len(word) > 1]) < _FEW_WORDS
    if few:
        speak = tuple(code for code in speak if code in _COMMON or code == before)
    with _LOCK:
        ranks = dict(_statistics().rank(own))
    scores = {
        code: ranks.get(_LABELS.get(code, code), -1e9) - (_RARITY if code in _RARE and code != before else 0.0)
        for code in {*speak, before}
    }
    code = max(speak, key=lambda code: (scores[code], code))
    best, expected = scores[code], scores[before]
    for twins in _TWINS:
        if code in twins:
            if before in twins:
                return before
            near = [twin for twin in twins if twin in speak and best - scores[twin] < _MARGIN]
            code = code if twins == ("da", "no") else near[0]
    return code if best - expected > (_FIRM if few else _MARGIN) else before
