"""What a caption means: genre, mood, tempo, key, metre, voice and instruments, and which of its words meant nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from engine.spec.fields import TONICS, Key
from engine.spec.preset import Preset, Style
from engine.studio import vocabulary
from engine.studio.compose.arrangement import STEM_OF, USUAL_FIGURES
from engine.studio.compose.brief import Brief
from engine.studio.compose.comping import LEAD_RANGES
from engine.studio.compose.dice import Dice
from engine.studio.reading import Reading

NEUTRAL = "Custom"
_BPM = re.compile(r"\b(\d{2,3})\s*(?:bpm|beats per minute)\b|\bbpm\s*[:=]?\s*(\d{2,3})\b")
_KEY = re.compile(
    r"\b([a-g])\s?(#|♯|b|♭|-?\s?sharp|-?\s?flat)?\s*(major|minor|maj|min|dur|moll)\b(?!\s+(?:key|chord|mood))"
)
_SHORT_KEY = re.compile(r"\b[Ii]n ([A-G])([#b]?)(m)?(?=[\s,.;]|$)")
_METRE = re.compile(r"\b(2/4|3/4|4/4|6/8)(?!\d)")
_NOT = re.compile(r"\b(?:no|without|minus|ohne|sin|sans)\s+(?:any\s+)?((?:[\w-]+\s+){0,1}[\w-]+)")
_ONE = r"([\w-]+(?:\s+guitar|\s+piano)?)"
_ALONE = re.compile(rf"\b(?:solo|only|just)\s+{_ONE}|\b{_ONE}\s+(?:only|alone)\b")
_TOPIC = re.compile(
    r"\b(?:about|called|titled|named)\s+[^.;:!?\n]*?(?=\s+(?:with|featuring|sung|in the style)\b|[.,;:!?\n]|$)"
)
_TURN = re.compile(r"\b(?:with|featuring|and some|plus|hints? of|touch of|elements? of)\b")
# Tempo words may reach this far beyond the usual range, as a share of it.
BEYOND = 0.35
COMPOUND_SHARE = 0.62
# They ask for a kind of sound rather than for one instrument.
COLOURS = frozenset({"acoustic", "unplugged", "orchestral", "orchestra"})


def understand(
    caption: str, *, genre_preset: str | None, presets: Mapping[str, Preset], bpm: int | None, keyscale: str | None,
    timesignature: str | None, instrumental: bool, seed: int, rap: bool = False,
) -> Brief:  # fmt: skip
    """What to compose. The request wins over the caption, the caption over the preset; chance decides the rest.

    `presets` are those of `presets.toml` by name. Raises KeyError for a `genre_preset` that isn't among them.
    """
    dice = Dice(seed)
    reading = Reading(caption.casefold())
    for match in _TOPIC.finditer(reading.text):
        # "about a metal box" is no metal, though what a song is about may be sad
        reading.text = reading.text[: match.start()] + " " * len(match.group()) + reading.text[match.end() :]
    without, wordless = _left_out(reading)
    alone = _alone(reading)
    name, preset, style = _genre(reading, genre_preset, presets)
    preset, named = _with_instruments(reading, preset, style, without, alone)
    metre = timesignature or _metre(reading) or preset.timesignature
    energy, colour = _mood(caption.casefold(), reading, preset)
    usual = _tempo(reading, preset, style, metre, energy - preset.energy, dice)
    tempo = float(bpm or _written_bpm(reading) or usual)
    tonic, minor = _key(caption, reading, keyscale, name, preset, colour, dice)
    voice = _voice(reading, preset, dice)
    sings = bool(reading.understood(vocabulary.SINGING))
    speaks = rap or bool(reading.understood(vocabulary.RAPPING))
    leads = [instrument for instrument in named if instrument in LEAD_RANGES and instrument != "pad"]
    if leads:
        preset = preset.model_copy(update={"lead": leads[0]})
    return Brief(
        style=name, preset=preset, bpm=tempo, tonic=tonic, minor=minor, timesignature=metre,
        voice=voice, energy=energy, instrumental=instrumental or wordless, rap=speaks or (preset.rap and not sings),
        not_understood=reading.rest(),
    )  # fmt: skip


def _voice(reading: Reading, preset: Preset, dice: Dice) -> Literal["female", "male"]:
    asked = [vocabulary.VOICES[word] for word in reading.understood(vocabulary.VOICES)]
    return "female" if (asked[0] == "female" if asked else dice.at("voice").random() < preset.female) else "male"


def _left_out(reading: Reading) -> tuple[set[str], bool]:
    """Stems that the caption doesn't want, and whether it wants no voice."""
    wordless = bool(reading.understood(vocabulary.WORDLESS))
    stems = set()
    for match in _NOT.finditer(reading.text):
        words = match[1].split()
        for phrase in (match[1], words[0]):
            if phrase in vocabulary.INSTRUMENTS:
                stems.add(_stem(vocabulary.INSTRUMENTS[phrase]))
                start = match.start(1)
                reading.mark(match.start(), start + len(phrase))
                # what isn't wanted must not be heard as wanted
                reading.text = reading.text[:start] + " " * len(phrase) + reading.text[start + len(phrase) :]
                break
    if "drums" in stems:
        stems.add("percussion")
    return stems, wordless


def _stem(instrument: str) -> str:
    return vocabulary.STEMS[instrument][0] if instrument in vocabulary.STEMS else STEM_OF[instrument]


def _alone(reading: Reading) -> str | None:
    """The one instrument that a "solo piano" or "guitar only" leaves."""
    for match in _ALONE.finditer(reading.text):
        for words in filter(None, match.groups()):
            for phrase in (words, words.split()[0], words.split()[-1]):
                if phrase in vocabulary.INSTRUMENTS:
                    return vocabulary.INSTRUMENTS[phrase]
    return None


def _genre(reading: Reading, given: str | None, presets: Mapping[str, Preset]) -> tuple[str, Preset, Style | None]:
    """The genre's name, its preset, and the branch of it that the caption names."""
    if given is not None and given != NEUTRAL:
        preset = presets[given]
        reading.understood((*preset.words, *preset.hints))
        return _with_style(reading, given, preset)
    strong = {phrase: name for name, preset in presets.items() for phrase in preset.words}
    for name, preset in presets.items():
        words = [phrase for style in preset.styles.values() for phrase in style.words]
        strong |= {phrase: name for phrase in words if phrase not in strong and phrase not in preset.hints}
    turn = _TURN.search(reading.text)
    scores: dict[str, tuple[float, int]] = {}
    # "acoustic guitar" is an instrument first: its "acoustic" must not outvote "indie pop"
    for start, end, phrase in reading.longest({*strong, *vocabulary.INSTRUMENTS}):
        if phrase not in strong:
            continue
        weight = (3.0 + 0.5 * phrase.count(" ")) * (0.45 if turn and start > turn.start() else 1.0)
        before = scores.get(strong[phrase], (0.0, 0))
        scores[strong[phrase]] = (before[0] + weight, max(before[1], start))
        reading.mark(start, end)
    named = dict(scores)
    for name, preset in presets.items():
        for _, _, phrase in reading.longest(preset.hints):
            hinted = scores.get(name, (0.0, 0))
            scores[name] = (hinted[0] + 0.8 + 0.1 * phrase.count(" "), hinted[1])
    if not scores:
        neutral = presets.get(NEUTRAL) or next(iter(presets.values()))
        return (NEUTRAL if NEUTRAL in presets else next(iter(presets))), neutral, None
    name = max(scores, key=lambda name: scores[name])
    preset = presets[name]
    reading.understood(preset.hints)
    others = sorted((named[other] for other in named if other != name), reverse=True)
    if others:
        # "pop with jazz chords": the second genre colours the harmony of the first
        second = next(other for other in named if other != name and named[other] == others[0])
        preset = preset.model_copy(update={"harmony": presets[second].harmony})
    return _with_style(reading, name, preset)


def _with_style(reading: Reading, name: str, preset: Preset) -> tuple[str, Preset, Style | None]:
    owners = {phrase: style for style in preset.styles.values() for phrase in style.words}
    found = reading.longest(owners)
    if not found:
        return name, preset, None
    start, end, phrase = max(found, key=lambda span: span[1] - span[0])
    reading.mark(start, end)
    style = owners[phrase]
    plain = ("bpm", "timesignature", "minor", "groove", "swing", "harmony", "bass", "energy", "lead")
    update: dict[str, Any] = {key: getattr(style, key) for key in plain if getattr(style, key) is not None}
    instruments = {stem: player for stem, player in preset.instruments.items() if stem not in style.without}
    figures = {stem: figure for stem, figure in preset.figures.items() if stem in instruments}
    changed = {stem for stem, player in style.instruments.items() if instruments.get(stem) != player}
    figures = {stem: figure for stem, figure in figures.items() if stem not in changed}
    update["instruments"] = instruments | style.instruments
    update["figures"] = figures | style.figures
    update["layers"] = tuple(layer for layer in preset.layers if layer.stem not in style.without)
    return name, preset.model_copy(update=update), style


def _with_instruments(
    reading: Reading, preset: Preset, style: Style | None, without: set[str], alone: str | None
) -> tuple[Preset, list[str]]:
    """The preset with the instruments the caption asks for, and those it names, first one first."""
    instruments: dict[str, Any] = dict(preset.instruments)
    figures: dict[str, Any] = dict(preset.figures)
    layers = list(preset.layers)
    named = []
    for phrase in reading.understood(vocabulary.INSTRUMENTS):
        wanted = vocabulary.INSTRUMENTS[phrase]
        stem = _stem(wanted)
        if wanted in vocabulary.STEMS:
            if phrase in ("beat", "beats"):
                continue
            wanted = instruments.get(stem) or vocabulary.STEMS[wanted][1]
        elif wanted == "clean_guitar" and instruments.get("guitar") == "distorted_guitar":
            wanted = "distorted_guitar"
        if phrase in COLOURS:
            if instruments.get(stem, "distorted_guitar") != "distorted_guitar":
                continue
        else:
            named.append(wanted)
        if instruments.get(stem) != wanted and stem in figures and not (style and stem in style.figures):
            figures.pop(stem)
        instruments[stem] = wanted
    if alone:
        stem = _stem(alone)
        usual = vocabulary.STEMS[alone][1] if alone in vocabulary.STEMS else alone
        instruments = {stem: instruments.get(stem, usual) if alone in vocabulary.STEMS else usual}
        layers = []
        if instruments[stem] in USUAL_FIGURES and figures.get(stem) in (None, "answer", "counter", "accents"):
            figures[stem] = "arpeggio" if stem in ("keyboard", "guitar") else "hold"
    for stem in without:
        instruments.pop(stem, None)
    layers = [layer for layer in layers if layer.stem not in without]
    figures = {stem: figure for stem, figure in figures.items() if stem in instruments}
    return preset.model_copy(update={"instruments": instruments, "figures": figures, "layers": tuple(layers)}), named


def _metre(reading: Reading) -> str | None:
    match = _METRE.search(reading.text)
    if match:
        reading.mark(*match.span())
        return match[1]
    found = reading.understood(vocabulary.METRES)
    return vocabulary.METRES[found[0]] if found else None


def _written_bpm(reading: Reading) -> int | None:
    match = _BPM.search(reading.text)
    if match is None:
        return None
    number = int(match[1] or match[2])
    if not 30 <= number <= 300:
        return None
    reading.mark(*match.span())
    return number


def _tempo(reading: Reading, preset: Preset, style: Style | None, metre: str, mood: float, dice: Dice) -> int:
    """A tempo from the usual range, nearer to one end where a word or the mood says so; dotted quarters in 6/8."""
    lowest, highest = preset.bpm
    wishes = [vocabulary.TEMPOS[word] for word in reading.understood(vocabulary.TEMPOS)]
    draw = dice.at("tempo").uniform(-0.5, 0.5)
    if wishes:
        wish = max(wishes, key=abs)
        place = 0.5 + 0.45 * wish + 0.2 * draw
    else:
        place = 0.5 + 0.9 * draw + 2.2 * mood
    place = min(1 + BEYOND, max(-BEYOND - 0.3, place))
    tempo = lowest + (highest - lowest) * place
    born = (style.timesignature if style else None) or preset.timesignature
    if metre == "6/8" and born != "6/8":
        tempo *= COMPOUND_SHARE
    return min(300, max(40, round(tempo)))


def _mood(whole: str, reading: Reading, preset: Preset) -> tuple[float, int]:
    """Energy from 0 to 1, and whether the mood asks for minor (above 0) or major (below 0)."""
    reading.understood(vocabulary.MOODS)
    found = [vocabulary.MOODS[word] for _, _, word in Reading(whole).longest(vocabulary.MOODS)]
    moods = dict.fromkeys(found)
    energy = preset.energy + sum(change for change, _ in moods)
    return min(1.0, max(0.05, round(energy, 3))), sum(colour for _, colour in moods)


def _key(
    caption: str, reading: Reading, given: str | None, name: str, preset: Preset, colour: int, dice: Dice
) -> tuple[int, bool]:
    """(tonic, minor)."""
    if given:
        note, mode = Key().check(given).split(" ")
        return TONICS[note], mode == "Minor"
    match = _KEY.search(reading.text)
    if match:
        reading.mark(*match.span())
        sign = {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(match[2] or "", 0)
        sign = 1 if "sharp" in (match[2] or "") else -1 if "flat" in (match[2] or "") else sign
        return (TONICS[match[1].upper()] + sign) % 12, match[3] in ("minor", "min", "moll")
    short = _SHORT_KEY.search(caption)
    if short:
        reading.mark(*short.span())
        return TONICS[short[1] + short[2]], bool(short[3])
    if re.search(r"\bminor\b|\bmoll\b", reading.text):
        minor = True
    elif re.search(r"\bmajor\b|\bdur\b", reading.text):
        minor = False
    elif colour:
        minor = colour > 0
    else:
        minor = dice.at("mode", name).random() < preset.minor
    keys = [TONICS[key] for key in preset.keys] or list(range(12))
    return dice.at("tonic", name).choice(keys), minor
