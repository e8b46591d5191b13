"""What the tags of lyrics mean, in the languages people write them in: sections, who sings, and how."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# Longer names first: "pre-chorus" also holds "chorus".
SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("prechorus", (
        "pre-chorus", "prechorus", "pre chorus", "pre-hook", "pre-refrain", "pre-coro", "pré-refrão", "pre-estribillo",
        "pré-refrain", "build", "build-up", "buildup", "lift", "предприпев", "пред-припев", "bメロ", "导歌", "導歌",
        "预副歌", "預副歌", "프리코러스", "프리 코러스",
    )),
    ("chorus", (
        "post-chorus", "chorus", "hook", "refrain", "drop", "estribillo", "coro", "refrão", "refrao", "ritornello",
        "refrein", "refrén", "refren", "refräng", "refreng", "reff", "kehrvers", "omkvæd", "kertosäe", "kertosae",
        "nakarat", "tornada", "kiitikio", "điệp khúc", "припев", "приспів", "припеў", "ρεφρέν", "refrán", "refrenas",
        "refrään", "piedziedājums", "priedainis", "pripjev", "pripev", "pripiev", "मुखड़ा",
        "স্থায়ী", "ধুয়া", "פזמון", "لازمة", "كورس", "ترجیع‌بند", "สร้อย", "ท่อนฮุก", "サビ", "コーラス",
        "副歌", "후렴", "코러스", "훅",
    )),
    ("verse", (
        "verse", "strophe", "estrofa", "verso", "couplet", "rap", "part", "stanza", "strofa", "strofă", "vers", "bait",
        "zwrotka", "sloka", "säkeistö", "sakeisto", "versszak", "kıta", "ubeti", "куплет", "στροφή", "kitica", "salm",
        "posms", "posmas", "khổ", "अंतरा", "অন্তরা", "בית", "مقطع", "بند", "ท่อน", "aメロ", "主歌", "ラップ", "벌스",
        "절",
    )),
    ("bridge", (
        "bridge", "middle", "middle eight", "middle 8", "puente", "pont", "brücke", "bruecke", "ponte", "brug", "bro",
        "most", "köprü", "бридж", "мост", "місток", "γέφυρα", "híd", "silta", "جسر", "גשר", "ブリッジ", "cメロ",
        "dメロ", "桥段", "橋段", "过桥", "브릿지", "브리지",
    )),
    ("intro", (
        "intro", "introduction", "opening", "introducción", "introdução", "introduzione", "einleitung", "wstęp",
        "вступление", "вступ", "интро", "εισαγωγή", "イントロ", "前奏", "인트로", "전주",
    )),
    ("outro", (
        "outro", "ending", "end", "coda", "fade out", "final", "schluss", "fin", "finale", "zakończenie", "концовка",
        "кода", "аутро", "アウトロ", "エンディング", "尾奏", "结尾", "結尾", "아웃트로", "후주",
    )),
    ("solo", (
        "solo", "instrumental", "instrument", "guitar solo", "piano solo", "sax solo", "instrumentale", "zwischenspiel",
        "проигрыш", "соло", "инструментал", "間奏", "ソロ", "间奏", "独奏", "獨奏", "간주", "솔로",
    )),
    ("break", ("break", "breakdown", "interlude", "interludio", "interlúdio", "silence", "pause", "ブレイク", "쉼")),
)  # fmt: skip
# Words of everyday lines too: these are tags only in square brackets.
ONLY_IN_BRACKETS = frozenset(
    ("build", "lift", "drop", "rap", "part", "middle", "opening", "end", "ending", "final", "fin", "finale", "most",
     "bro", "break", "silence", "pause", "instrument", "절", "쉼", "بند", "salm")
)  # fmt: skip
# What belongs to a chorus, and is often played alone: its words are its own.
PLAYED_ALONE = ("build", "build-up", "buildup", "lift", "drop", "post-chorus")
SINGERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("choir", (
        "choir", "gospel choir", "crowd", "group", "chor", "chœur", "choeur", "chœurs", "хор", "합창", "合唱", "合唱团",
    )),
    ("both", (
        "duet", "duo", "both", "together", "all", "everyone", "ad-lib", "ad-libs", "adlib", "adlibs", "dúo", "dueto",
        "duetto", "duett", "beide", "zusammen", "alle", "tous", "ensemble", "todos", "tutti", "дуэт", "вместе", "все",
        "デュエット", "全員", "对唱", "對唱", "듀엣", "함께", "다같이",
    )),
    ("female", (
        "female", "woman", "women", "girl", "girls", "she", "her", "lady", "femme", "elle", "féminine", "frau",
        "weiblich", "sängerin", "mujer", "ella", "femenina", "mulher", "ela", "feminina", "donna", "lei", "femminile",
        "женщина", "она", "женский", "девушка", "女", "女声", "女聲", "女性", "女子", "女の子", "여", "여자", "여성",
    )),
    ("male", (
        "male", "man", "men", "boy", "boys", "he", "him", "guy", "homme", "lui", "masculine", "mann", "männlich",
        "sänger", "hombre", "él", "masculina", "homem", "ele", "uomo", "maschile", "мужчина", "он", "мужской", "парень",
        "男", "男声", "男聲", "男性", "男子", "男の子", "남", "남자", "남성",
    )),
)  # fmt: skip
DELIVERIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("sung", ("sung", "singing", "sings", "melodic", "gesungen", "cantado", "cantada", "chanté", "cantato", "поёт")),
    ("spoken", (
        "spoken", "spoken word", "speaking", "speech", "talking", "rap", "rapped", "rapping", "gesprochen", "gerappt",
        "hablado", "recitado", "rapeado", "parlé", "rappé", "parlato", "falado", "речитатив", "рэп", "говорит",
        "ラップ", "語り", "セリフ", "台詞", "说唱", "說唱", "念白", "旁白", "랩", "독백", "내레이션",
    )),
)  # fmt: skip
MOST_TIMES = 8
_TIMES = re.compile(r"(?<!\w)(?:[x×*]\s*(\d{1,2})|(\d{1,2})\s*[x×])(?!\w)")
_SPACED = re.compile(r"[a-zà-ɏͰ-ӿ֐-׿؀-ۿ]")


@dataclass(frozen=True)
class Tag:
    """`section` is None for a remark. `singer`: female, male, choir or both; `delivery`: spoken or sung.

    Both are empty where the tag doesn't say.
    """

    section: str | None
    singer: str = ""
    delivery: str = ""
    times: int = 1


@lru_cache(maxsize=1024)
def read(words: str) -> Tag:
    """What the words of a tag say: "Chorus x2: female", "Verse 2, whispered", "サビ"."""
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", words).casefold().replace("×", "x")).strip()
    counted = _TIMES.search(text)
    times = int(counted[1] or counted[2]) if counted else 1
    text = re.sub(r"\d+", " ", _TIMES.sub(" ", text))
    head = re.split(r"[:|,–—]", text)[0]
    section = _first(head, SECTIONS) or _first(text, SECTIONS)
    who = [name for name, names in SINGERS if any(_says(text, each) for each in names)]
    singer = "both" if {"female", "male"} <= set(who) else who[0] if who else ""
    return Tag(section, singer, _first(text, DELIVERIES) or "", min(max(times, 1), MOST_TIMES))


def is_played(words: str) -> bool:
    """Whether a tag without words below it means music alone: "Drop", "Chorus, instrumental"."""
    text = unicodedata.normalize("NFKC", words).casefold()
    alone = (*PLAYED_ALONE, *(name for kind, names in SECTIONS if kind in ("solo", "break") for name in names))
    return any(_says(text, name) for name in alone)


def uncounted(words: str) -> str:
    """The words of a tag without how often its section comes."""
    return _TIMES.sub("", words).strip(" ,:")


def is_name(words: str) -> bool:
    """Whether `words` are a section's name and, perhaps, a number, so that they are a tag without square brackets."""
    text = re.sub(r"[\s\d]+$", "", unicodedata.normalize("NFKC", words).casefold().strip())
    return text not in ONLY_IN_BRACKETS and any(text in names for _, names in SECTIONS)


def singer_of(words: str) -> str:
    """Who "Male" or "Both" means; "" where `words` are no performer and nothing else."""
    text = unicodedata.normalize("NFKC", words).casefold().strip()
    return next((name for name, names in SINGERS if text in names), "")


def _first(text: str, table: Sequence[tuple[str, tuple[str, ...]]]) -> str | None:
    return next((meaning for meaning, names in table if any(_says(text, name) for name in names)), None)


def _says(text: str, name: str) -> bool:
    """Whether `name` stands in `text` as a word; a longer name in writing without spaces may stand anywhere."""
    if len(name) > 1 and not _SPACED.search(name):
        return name in text
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w|-)", text) is not None
