"""The frame of a song as its caption has it: tempo, metre and key."""

from __future__ import annotations

import re

from engine.spec.fields import TONICS, Key
from engine.spec.preset import Preset
from engine.studio.compose.dice import Dice
from engine.studio.understanding.genre import Genre
from engine.studio.understanding.reading import Reading

_BPM = re.compile(r"(?<!\d)(\d{2,3})\s*(?:bpm\b|beats per minute)|\bbpm\s*[:=]?\s*(\d{2,3})(?!\d)")
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
_RAISED = ("#", "sharp", "is", "sostenido", "diese", "diesis")
# "in A" and "in Bbm" are keys, "in a" is not
_SHORT_KEY = re.compile(r"\b[Ii]n ([A-G])([#b♯♭]?)(m)?(?=[\s,.;]|$)")
_METRE = re.compile(r"(?<!\d)(2/4|3/4|4/4|6/8)(?!\d)")
SLOWEST, FASTEST = 30, 300
# No usual tempo is slower than this, however slow the words are.
USUAL_FLOOR = 40
# Tempo words may reach this far beyond the usual range, as a share of it.
BEYOND = 0.35
COMPOUND_SHARE = 0.62


def metre(reading: Reading) -> str | None:
    """The metre a caption writes ("3/4") or names ("waltz"), or None."""
    match = _METRE.search(reading.text)
    if match:
        reading.hear("metre", *match.span())
        return match[1]
    found = reading.understood("metre", reading.vocabulary.metres)
    wanted = [each for each in found if reading.weight(each) > 0]
    return reading.vocabulary.metres[wanted[0].phrase].timesignature if wanted else None


def written_bpm(reading: Reading) -> int | None:
    """The first tempo a caption writes as a number, 30 to 300."""
    for match in _BPM.finditer(reading.text):
        number = int(match[1] or match[2])
        if SLOWEST <= number <= FASTEST:
            reading.hear("tempo", *match.span())
            return number
    return None


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
        return TONICS[note], mode == "Minor"
    match = _KEY.search(reading.text)
    if match:
        reading.hear("key", *match.span())
        # German calls B "h"
        note = TONICS["B" if match[1] == "h" else match[1].upper()]
        return (note + _step(match[2])) % 12, _MODES[match[3]]
    match = _SUNG_KEY.search(reading.text)
    if match:
        reading.hear("key", *match.span())
        return (_SOLFEGE[match[1]] + _step(match[2])) % 12, match[3].startswith(("men", "min"))
    short = _SHORT_KEY.search(reading.caption)
    if short:
        reading.hear("key", reading.at(short.start(1)), reading.at(short.end()))
        sign = short[2].replace("♯", "#").replace("♭", "b")
        return TONICS[short[1] + sign], bool(short[3])
    modes = reading.understood("key", reading.vocabulary.modes)
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
