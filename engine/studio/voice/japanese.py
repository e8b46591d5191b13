"""Japanese as it is said, in eSpeak NG's phonemes: particles and long vowels as in speech, a beat for each mora."""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import Any

from engine.studio.voice.counting import counted
from engine.studio.voice.numerals import NUMBER, chinese_numerals

# What clings to the word before it: inflections, particles, counters.
_CLINGS = {"助詞", "助動詞"}
_CLINGS_BESIDES = {"接尾", "非自立"}
# The kana of each consonant, for a, i, u, e, o, and the consonants in eSpeak NG's phonemes.
_MORAE = {
    "": "アイウエオ", "k": "カキクケコ", "g": "ガギグゲゴ", "s": "サ-スセソ", "z": "ザ-ズゼゾ", "t": "タ--テト",
    "d": "ダ--デド", "n": "ナニヌネノ", "h": "ハ--ヘホ", "b": "バビブベボ", "p": "パピプペポ", "m": "マミムメモ",
    "r`": "ラリルレロ", "j": "ヤ-ユ-ヨ", "w": "ワ----", "v": "--ヴ--", "s\\": "-シ---", "d_z\\": "-ジ---",
    "t_s\\": "-チ---", "t_s": "--ツ--", "C": "-ヒ---", "p\\": "--フ--",
}  # fmt: skip
_SOUNDS = {
    kana: (consonant, vowel)
    for consonant, row in _MORAE.items()
    for kana, vowel in zip(row, "aiueo", strict=True)
    if kana != "-"
} | {"ヲ": ("", "o"), "ヰ": ("", "i"), "ヱ": ("", "e"), "ヂ": ("d_z\\", "i"), "ヅ": ("z", "u"), "ヵ": ("k", "a"),
     "ヶ": ("k", "e"), "ヮ": ("w", "a")}  # fmt: skip
_SMALL = {"ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ャ": "a", "ュ": "u", "ョ": "o"}
_PALATAL = ("s\\", "d_z\\", "t_s\\", "C")
_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
# Romanised Japanese: consonants and the kana of their rows, of a, i, u, e, o.
_ROWS = {
    "": "ア イ ウ エ オ", "k": "カ キ ク ケ コ", "g": "ガ ギ グ ゲ ゴ", "s": "サ シ ス セ ソ", "z": "ザ ジ ズ ゼ ゾ",
    "t": "タ チ ツ テ ト", "d": "ダ ジ ズ デ ド", "n": "ナ ニ ヌ ネ ノ", "h": "ハ ヒ フ ヘ ホ", "b": "バ ビ ブ ベ ボ",
    "p": "パ ピ プ ペ ポ", "m": "マ ミ ム メ モ", "r": "ラ リ ル レ ロ", "y": "ヤ - ユ イェ ヨ", "w": "ワ - - - ヲ",
    "f": "ファ フィ フ フェ フォ", "j": "ジャ ジ ジュ ジェ ジョ", "sh": "シャ シ シュ シェ ショ", "ts": "- - ツ - -",
    "ch": "チャ チ チュ チェ チョ", "ky": "キャ - キュ - キョ", "gy": "ギャ - ギュ - ギョ", "ny": "ニャ - ニュ - ニョ",
    "hy": "ヒャ - ヒュ - ヒョ", "by": "ビャ - ビュ - ビョ", "py": "ピャ - ピュ - ピョ", "my": "ミャ - ミュ - ミョ",
    "ry": "リャ - リュ - リョ",
}  # fmt: skip
_ROMAJI = {
    consonant + vowel: kana
    for consonant, row in _ROWS.items()
    for vowel, kana in zip("aiueo", row.split(), strict=True)
    if kana != "-"
}
_SYLLABLE = re.compile(rf"({'|'.join(sorted(_ROMAJI, key=len, reverse=True))})|(n)(?![aiueoy])'?|([kstpc])(?=\3|c?h)")
_MACRONS = str.maketrans({"ā": "aa", "ī": "ii", "ū": "uu", "ē": "ee", "ō": "ou", "â": "aa", "û": "uu", "ô": "ou"})
# Particles are written as they were once said.
_PARTICLES = {"ha": "ワ", "he": "エ"}


@cache
def _tokenizer() -> Any:
    from janome.tokenizer import Tokenizer

    return Tokenizer()


_LOCK = threading.Lock()


def japanese(text: str) -> list[tuple[str, str]]:
    """`text`, written without spaces, as (word as written, its phonemes); signs go with the word before.

    A word is a noun or verb with what clings to it: 夜空に, 走っていこう. What has no reading has no phonemes.
    """
    numbered, source = _numbered(text)
    with _LOCK:
        tokens = [(token, _kana(token.surface, token.phonetic)) for token in _tokenizer().tokenize(numbered)]
    alone = [(token.surface, kana, ",数," in token.part_of_speech) for token, kana in tokens]
    found: list[list[Any]] = []
    at, number = 0, False
    for (token, _), kana in zip(tokens, counted(alone), strict=True):
        kind, detail, *_ = token.part_of_speech.split(",")
        if token.surface == "う" and kind == "助動詞":
            # 歌おう: the o goes on.
            kana = "ー"
        clings = kind in _CLINGS or detail in _CLINGS_BESIDES or (number and detail == "数")
        clings = clings or not kana or kana[0] == "ー" or kana[0] in _SMALL
        if found and (clings or not found[-1][1]) and not (clings and len(kana) > 1 and _closed(found[-1][1])):
            found[-1][1] += kana
        else:
            found.append([at, kana])
        at += len(token.surface)
        number = detail == "数"
    # A number may be several words, and stands in one place.
    for index in range(len(found) - 1, 0, -1):
        if source[found[index][0]] == source[found[index - 1][0]]:
            found[index - 1][1] += found.pop(index)[1]
    starts = [source[begin] for begin, _ in found] + [len(text)]
    return [
        (text[begin:end], _morae(kana))
        for (_, kana), begin, end in zip(found, starts[:-1], starts[1:], strict=True)
    ]  # fmt: skip


def _closed(kana: str) -> bool:
    """Long enough already: what clings begins a word of its own, or a line would be one word."""
    return len(kana) > 7


def _numbered(text: str) -> tuple[str, list[int]]:
    """Digits as characters, and for each character of the result where it stands in `text`."""
    pieces, source, at = [], [], 0
    for match in NUMBER.finditer(text):
        said = chinese_numerals(match.group(), japanese=True)
        pieces += [text[at : match.start()], said]
        source += [*range(at, match.start()), *[match.start()] * len(said)]
        at = match.end()
    return "".join((*pieces, text[at:])), [*source, *range(at, len(text))]


def _kana(surface: str, phonetic: str) -> str:
    """Katakana of a token, empty for signs."""
    written = surface.translate(_KATAKANA)
    if _only_kana(written):
        # Particles and long vowels are said other than written; foreign sounds are flattened in the dictionary.
        return phonetic if _only_kana(phonetic) and not any(kana in written for kana in "ヴァィゥェォ") else written
    if _only_kana(phonetic):
        return phonetic
    if len(surface) == 1:
        return ""
    # A name the dictionary does not have: each character as it is read alone.
    alone = [next(iter(_tokenizer().tokenize(letter))) for letter in surface]
    kana = [_kana(token.surface, token.phonetic) for token in alone]
    return "".join(kana) if all(kana) else ""


def _only_kana(text: str) -> bool:
    return bool(text) and all("ァ" <= letter <= "ヺ" or letter == "ー" for letter in text)


def _morae(kana: str) -> str:
    """Katakana in phonemes; each long vowel is two, as it is sung for two beats."""
    said: list[tuple[str, str]] = []
    for letter in kana:
        consonant, vowel = said[-1] if said else ("", "")
        if letter in _SOUNDS:
            said.append(_SOUNDS[letter])
        elif letter == "ー" and vowel:
            said.append(("", vowel))
        elif letter in _SMALL and not ((vowel and letter in "ャュョ") or vowel not in ("", _SMALL[letter])):
            # A small vowel after its own, or after nothing, only goes on.
            said.append(("", _SMALL[letter]))
        elif letter in _SMALL:
            said[-1] = (_blended(consonant, vowel, letter), _SMALL[letter])
        elif letter == "ン":
            said.append(("ン", ""))
        elif letter == "ッ" and vowel:
            said.append(("ッ", ""))
    while said and said[-1][0] == "ッ":
        said.pop()
    spoken = ""
    for index, (consonant, vowel) in enumerate(said):
        following = said[index + 1][0] if index + 1 < len(said) else ""
        if consonant == "ッ":
            spoken += following if following in ("s", "s\\") else following[:1] if following[:1] in "ktp" else "?"
        elif consonant == "ン":
            spoken += "m" if following[:1] in tuple("bpm") and following != "p\\" else _nasal(following)
        else:
            spoken += consonant + ("'" + vowel if "'" not in spoken else vowel)
    return spoken


def _nasal(following: str) -> str:
    return "N" if following[:1] in ("k", "g") else "n" if following[:1] in ("t", "d", "n", "r", "z") else "N\\"


def _blended(consonant: str, vowel: str, small: str) -> str:
    r"""The consonant of a kana and a small one after it: キャ k_j, シェ s\, ウィ w, ティ t, クァ kw."""
    if small in "ャュョ":
        return consonant if consonant in _PALATAL else consonant + "_j" if consonant else "j"
    if not consonant:
        return "j" if vowel == "i" else "w"
    return consonant + "w" if vowel == "u" and consonant in ("k", "g") else consonant


def romaji(word: str) -> str:
    """Phonemes of a romanised word; empty where it is none."""
    plain = re.sub(r"[^\w']|_|\d", "", word.lower()).translate(_MACRONS).strip("'")
    if plain in _PARTICLES:
        return _morae(_PARTICLES[plain])
    said, at = "", 0
    while at < len(plain):
        match = _SYLLABLE.match(plain, at)
        if match is None:
            return ""
        said += _ROMAJI[match[1]] if match[1] else "ン" if match[2] else "ッ"
        at = match.end()
    return _morae(said)


def from_romaji(line: str) -> bool:
    """Whether a line in Latin letters can be nothing but romanised Japanese."""
    words = [word for word in re.split(r"[\s\d_,.!?~…-]+", line) if word]
    return len(words) > 2 and all(romaji(word) for word in words)
