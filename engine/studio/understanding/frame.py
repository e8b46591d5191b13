"""The frame of a song as its caption has it: tempo, metre and key."""

from __future__ import annotations

import re

from engine.spec.fields import TIME_SIGNATURES, TONICS, Key
from engine.spec.preset import Preset
from engine.spec.sampled import FASTEST, SLOWEST, WRITTEN_BPM
from engine.studio.compose.dice import Dice
from engine.studio.understanding.genre import Genre
from engine.studio.understanding.reading import Reading

_MODES = {
    **dict.fromkeys(("major", "maj", "dur", "大调", "大調", "长调", "長調", "장조"), False),
    **dict.fromkeys(("minor", "min", "moll", "小调", "小調", "短调", "短調", "단조"), True),
}
_KEY = re.compile(
    rf"(?<![^\W_])([a-h])\s?(#|b|-?\s?sharp|-?\s?flat|(?:is|e?s)(?=[\s-]*(?:dur|moll)))?[\s-]*({'|'.join(_MODES)})"
    r"(?![a-z])(?!\s+(?:key|chord|mood))"
)
_SOLFEGE = {"do": 0, "re": 2, "mi": 4, "fa": 5, "sol": 7, "la": 9, "si": 11}
_SUNG_KEY = re.compile(
    rf"\b({'|'.join(_SOLFEGE)})\s?(#|b|\s(?:sostenido|diese|diesis|bemol|bemolle))?"
    r"\s(mayor|majeur|maggiore|maior|menor|mineur|minore)\b"
)
_RAISED = ("#", "♯", "sharp", "is", "sostenido", "diese", "diesis")
# "in A", "key of F sharp" and "key: Bbm" are keys, "in a" is not
_SHORT_KEY = re.compile(
    r"\b(?:[Ii]n|(?:[Ii]n (?:the )?)?[Kk]ey(?: of|\s?[:=]| is)?|[Tt]onart:?) "
    r"?(?<![A-Za-z])([A-G])([#b♯♭]|[\s-]?(?:sharp|flat)\b)?(m|min)?(?=[\s,.;)]|$)"
)
_SMALL_KEY = re.compile(
    r"\bkey(?: of|\s?[:=]| is)? ?(?<![a-z])(?!a\s+[a-z])([a-g])(#|b|[\s-]?(?:sharp|flat)\b)?(m|min)?(?=[\s,.;)]|$)"
)
# how a metre is written; only a few of them are played here
_METRE = re.compile(r"(?<![\d/])([2-9]|1\d)/(2|4|8|16)(?![\d/])")
_METRES = {**{each: each for each in TIME_SIGNATURES}, "12/8": "6/8"}
# No usual tempo is slower than this, however slow the words are.
USUAL_FLOOR = 40
# Tempo words may reach this far beyond the usual range, as a share of it.
BEYOND = 0.35
COMPOUND_SHARE = 0.62


def metre(reading: Reading, given: str | None) -> str | None:
    """The metre that is given, or that a caption writes ("3/4") or names ("waltz"), or None.

    A written one that nobody here can play is named as not understood.
    """
    kind = "" if given else "metre"
    written: list[str] = []
    for match in _METRE.finditer(reading.text):
        if match[0] in _METRES:
            reading.hear("" if written else kind, *match.span())
            written.append(_METRES[match[0]])
        elif not given:
            reading.miss(*match.span())
    found = reading.understood("" if written else kind, reading.vocabulary.metres)
    named = [reading.vocabulary.metres[each.phrase].timesignature for each in found if reading.weight(each) > 0]
    return given or next(iter((*written, *named)), None)


def written_bpm(reading: Reading, given: int | None) -> int | None:
    """The tempo that is given, or the first one a caption writes as a number, 30 to 300.

    Its "beats" are hidden, so that nobody takes them for a kind of music.
    """
    tempo = given
    for match in WRITTEN_BPM.finditer(reading.text):
        number = int(match["number"] or match[3])
        if SLOWEST <= number <= FASTEST:
            reading.hear("" if tempo else "tempo", *match.span())
            tempo = tempo or number
        if match["unit"]:
            reading.hide(*match.span("unit"))
    return tempo


def tempo_wish(reading: Reading, *, told: bool) -> float | None:
    """Where in the usual range tempo words want to be (0 its middle, 1 its fast end), or None.

    A "fast" and a "slow" meet halfway. The words are kept as understood where they are `told` to have had an effect.
    """
    known = reading.vocabulary
    words = reading.understood("tempo" if told else "", known.tempos, outside=known.names)
    places = [known.tempos[found.phrase].place * reading.weight(found) for found in words]
    return max(*places, 0.0) + min(*places, 0.0) if places else None


def usual_tempo(genre: Genre, preset: Preset, metre: str, wish: float | None, mood: float, dice: Dice) -> int:
    """A tempo from the usual range, nearer to one end where a word or the mood says so; dotted quarters in 6/8."""
    lowest, highest = preset.bpm
    draw = dice.at("tempo").uniform(-0.5, 0.5)
    place = 0.5 + 0.9 * draw + 2.2 * mood if wish is None else 0.5 + 0.45 * wish + 0.2 * draw
    place = min(1 + BEYOND, max(-BEYOND - 0.3, place))
    tempo = lowest + (highest - lowest) * place
    if metre == "6/8" and preset.timesignature != "6/8" and (genre.style is None or genre.style.timesignature != "6/8"):
        tempo *= COMPOUND_SHARE
    return min(FASTEST, max(USUAL_FLOOR, round(tempo)))


def moved_tempo(bpm: float, wish: float | None) -> float:
    """The tempo of a song that is there, as tempo words want it now."""
    return bpm if wish is None else min(float(FASTEST), max(float(SLOWEST), round(bpm * 1.15**wish)))


def key(reading: Reading, given: str | None) -> tuple[int | None, bool | None]:
    """(tonic, minor) as the request or the caption has them; None for what neither says."""
    if given:
        note, mode = Key().check(given).split(" ")
        _key(reading, "")
        return TONICS[note], mode == "Minor"
    return _key(reading, "key")


def _key(reading: Reading, kind: str) -> tuple[int | None, bool | None]:
    match = _KEY.search(reading.text)
    if match:
        reading.hear(kind, *match.span())
        # German calls B "h"
        note = TONICS["B" if match[1] == "h" else match[1].upper()]
        return (note + _step(match[2])) % 12, _MODES[match[3]]
    match = _SUNG_KEY.search(reading.text)
    if match:
        reading.hear(kind, *match.span())
        return (_SOLFEGE[match[1]] + _step(match[2])) % 12, match[3].startswith(("men", "min"))
    short = _SHORT_KEY.search(reading.caption)
    if short:
        reading.hear(kind, reading.at(short.start(1)), reading.at(short.end()))
        return (TONICS[short[1]] + _step(short[2])) % 12, bool(short[3])
    small = _SMALL_KEY.search(reading.text)
    if small:
        reading.hear(kind, small.start(1), small.end())
        return (TONICS[small[1].upper()] + _step(small[2])) % 12, bool(small[3])
    modes = reading.understood(kind, reading.vocabulary.modes)
    return None, reading.vocabulary.modes[modes[0].phrase] if modes else None


def _step(sign: str | None) -> int:
    sign = (sign or "").strip("- ")
    return 1 if sign in _RAISED else -1 if sign else 0


def drawn_tonic(preset: Preset, dice: Dice, name: str) -> int:
    """One of the keys that suit the genre's instruments."""
    return dice.at("tonic", name).choice([TONICS[each] for each in preset.keys] or list(range(12)))


def drawn_mode(preset: Preset, colour: float, dice: Dice, name: str) -> bool:
    """Whether it is minor: as the mood says (`colour` above 0), or by chance."""
    return colour > 0 if colour else dice.at("mode", name).random() < preset.minor
