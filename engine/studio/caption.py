"""What a caption means, and which of its words meant nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from engine.spec.preset import Preset
from engine.spec.words import Manner, Meaning, Mood, VoiceWord
from engine.studio.compose.brief import Backing, Brief, Singer, other_sex
from engine.studio.compose.dice import Dice
from engine.studio.understanding import frame
from engine.studio.understanding.band import with_band
from engine.studio.understanding.custom import of_caption
from engine.studio.understanding.genre import NEUTRAL, Genre, genre
from engine.studio.understanding.manner import in_manner
from engine.studio.understanding.reading import Reading
from engine.studio.understanding.text import clause_end
from engine.studio.understanding.vocabulary import Vocabulary
from engine.studio.understanding.wishes import Wish, asked, wishes

M = TypeVar("M", bound=Meaning)
STILLEST, WILDEST = 0.05, 1.0
SEXES = ("female", "male")


def understand(
    caption: str, *, vocabulary: Vocabulary, genre_preset: str | None, bpm: int | None, keyscale: str | None,
    timesignature: str | None, instrumental: bool, seed: int, rap: bool = False, alone: bool = False,
    parent: Brief | None = None,
) -> Brief:  # fmt: skip
    """What to compose. The request wins over the caption, the caption over the preset; chance decides the rest.

    A `rap` without a genre gets the first one that raps; a voice `alone` stays so in its edits.
    `parent` is the brief of a song that is edited: a caption that names no genre changes only what it says of it.
    Raises KeyError for a `genre_preset` that `vocabulary` doesn't have.
    """
    dice = Dice(seed)
    reading = Reading(caption, vocabulary)
    _hide_topics(reading)
    written = frame.written_bpm(reading, bpm)
    delivery = _delivery(reading)
    if rap:
        # "jazz rap" asks for a jazz band here: that somebody raps is known
        kinds = vocabulary.singing
        for each in reading.find({phrase for phrase, kind in kinds.items() if kind == "rapped"}):
            reading.hide(each.start, each.end)
    wished = wishes(reading, edited=parent is not None)
    found = genre(reading, genre_preset, [wish.found for wish in wished if wish.solo])
    if rap and not found.named and genre_preset is None:
        found = _rapping(found, vocabulary)
    before = parent
    if found.named:
        parent = None
    if parent is not None:
        found = Genre(parent.style, parent.preset, None, named=True)
        reading.heard.pop("genre", None)
    moods = _moods(reading)
    energy = (parent.energy if parent else found.preset.energy) + sum(mood.energy * much for mood, much in moods)
    energy = min(WILDEST, max(STILLEST, round(energy, 3)))
    voices = _weighed(reading, "voice", vocabulary.voices)
    manners: list[tuple[Manner, float]] = [*_manners(reading), *moods, *voices]
    preset = found.preset
    if found.name == NEUTRAL and parent is None:
        preset = of_caption(preset, tuple(vocabulary.words.palettes.values()), wished, energy, dice)
    preset = with_band(reading, in_manner(preset, manners, asked(wished)), found.style, wished)
    metre = frame.metre(reading, timesignature) or (parent.timesignature if parent else preset.timesignature)
    tempo = _tempo(reading, written, found, preset, metre, energy, parent, dice)
    tonic, minor = _key(reading, keyscale, found, preset, sum(mood.minor * much for mood, much in moods), parent, dice)
    backing, duet = _backing(voices, parent)
    choirs = [word.choir and weight > 0 for word, weight in voices if word.choir]
    voice = _voice(voices, preset, parent, dice)
    if any(choirs) and parent is None and voice != "choir" and _choir_leads(reading, voices):
        voice = "choir"
    spoken = (parent or preset).rap and not delivery.get("sung", False)
    sexes = {who: [weight > 0 for word, weight in voices if word.who == who] for who in SEXES}
    if delivery.get("wordless") is None and all(sexes[who] and not any(sexes[who]) for who in SEXES):
        delivery["wordless"] = True
    voiced = delivery.get("sung") or delivery.get("rapped") or any(map(any, sexes.values()))
    silent = delivery.get("wordless", before is not None and before.instrumental and not voiced)
    alone = alone or (before is not None and before.alone)
    return Brief(
        style=found.name, preset=preset, bpm=tempo, tonic=tonic, minor=minor, timesignature=metre,
        voice=voice, energy=energy, instrumental=(instrumental or silent) and not alone,
        rap=rap or delivery.get("rapped", spoken), backing=backing, duet=duet,
        choir=choirs[0] if choirs else parent.choir if parent else False,
        alone=alone,
        not_understood=_not_understood(reading, wished), understood=reading.heard_words(),
    )  # fmt: skip


def _tempo(
    reading: Reading, written: int | None, found: Genre, preset: Preset, metre: str, energy: float,
    parent: Brief | None, dice: Dice,
) -> float:  # fmt: skip
    wish = frame.tempo_wish(reading, told=not written)
    if written:
        return float(written)
    if parent is not None:
        return frame.moved_tempo(parent.bpm, wish)
    return float(frame.usual_tempo(found, preset, metre, wish, energy - preset.energy, dice))


def _key(
    reading: Reading,
    keyscale: str | None,
    found: Genre,
    preset: Preset,
    colour: float,
    parent: Brief | None,
    dice: Dice,
) -> tuple[int, bool]:
    """(tonic, minor). A mood colours a new song; one that is there stays in its key."""
    tonic, minor = frame.key(reading, keyscale)
    if parent is not None:
        return parent.tonic if tonic is None else tonic, parent.minor if minor is None else minor
    return (
        frame.drawn_tonic(preset, dice, found.name) if tonic is None else tonic,
        frame.drawn_mode(preset, colour, dice, found.name) if minor is None else minor,
    )


def _hide_topics(reading: Reading) -> None:
    """What a song is about says nothing of its sound: "about a metal box" is no metal."""
    grammar = reading.vocabulary.grammar
    ends = [found.start for found in reading.find(grammar["topic_ends"])]
    for found in reading.find(grammar["topics"]):
        stop = clause_end(reading.text, found.end)
        reading.hide(found.start, min([stop, *(end for end in ends if end > found.end)]))


def _delivery(reading: Reading) -> dict[str, bool]:
    """Whether the caption wants a voice that is "sung" or "rapped", or is "wordless"; only what it says."""
    kinds = reading.vocabulary.singing
    return {kinds[each.phrase]: reading.weight(each) > 0 for each in reading.understood("voice", kinds)}


def _moods(reading: Reading) -> list[tuple[Mood, float]]:
    """What a song is about may be sad, and the song is in minor; it isn't loud because it is about a party."""
    moods = reading.vocabulary.moods
    hidden = {phrase: mood for phrase, mood in moods.items() if mood.minor}
    told = _weighed(reading, "mood", moods, outside=reading.vocabulary.names)
    themes = _weighed(reading, "mood", hidden, everywhere=True, outside=reading.vocabulary.names)
    return told + [theme for theme in themes if theme[0] not in [mood for mood, _ in told]]


def _manners(reading: Reading) -> list[tuple[Manner, float]]:
    known = reading.vocabulary
    eras = _weighed(reading, "era", known.eras)
    return [*eras, *_weighed(reading, "production", known.productions, outside=known.names)]


def _weighed(
    reading: Reading, kind: str, table: Mapping[str, M], *, everywhere: bool = False, outside: Collection[str] = ()
) -> list[tuple[M, float]]:
    """What the caption has of `table`, each meaning once and as strongly as it says it most strongly."""
    strongest: dict[int, tuple[M, float]] = {}
    for found in reading.understood(kind, table, everywhere=everywhere, outside=outside):
        meaning, weight = table[found.phrase], reading.weight(found)
        before = strongest.get(id(meaning))
        if before is None or abs(weight) > abs(before[1]):
            strongest[id(meaning)] = (meaning, weight)
    return list(strongest.values())


def _rapping(found: Genre, vocabulary: Vocabulary) -> Genre:
    """The genre that people who ask for a rap and name none expect."""
    rapping = next((name for name, preset in vocabulary.presets.items() if preset.rap), None)
    return found if rapping is None else Genre(rapping, vocabulary.presets[rapping], None, named=False)


def _choir_leads(reading: Reading, voices: list[tuple[VoiceWord, float]]) -> bool:
    """Whether a choir that is named stands for the singer: "epic, choir", but not "pop with a choir"."""
    if any(word.who or word.duet for word, _ in voices):
        return False
    choirs = reading.find({phrase for phrase, word in reading.vocabulary.voices.items() if word.choir})
    added = [found for kind in ("turns", "joins") for found in reading.find(reading.vocabulary.grammar[kind])]
    return not any(each.end <= choir.start <= clause_end(reading.text, each.end) for choir in choirs for each in added)


def _voice(voices: list[tuple[VoiceWord, float]], preset: Preset, parent: Brief | None, dice: Dice) -> Singer:
    named = [word.who for word, weight in voices if word.who and weight > 0]
    if named:
        # a choir that sings beside somebody accompanies them
        return next((who for who in named if who != "choir"), "choir")
    others = [other_sex(word.who) for word, _ in voices if word.who in SEXES]
    if others:
        return others[0]
    if parent is not None:
        return parent.voice
    return "female" if dice.at("voice").random() < preset.female else "male"


def _backing(voices: list[tuple[VoiceWord, float]], parent: Brief | None) -> tuple[Backing, bool]:
    """When the second voice sings, and whether it is the other sex's. A "no" wins over the same word without one."""
    backing: Backing = parent.backing if parent else "usual"
    duet = parent.duet if parent else False
    for word, weight in voices:
        if word.backing == "always" and weight > 0 and backing != "never":
            backing = "always"
        elif word.backing is not None:
            backing = "never"
        duet = (duet or word.duet) and weight > 0
    return backing, duet or len({word.who for word, weight in voices if word.who in SEXES and weight > 0}) == 2


def _not_understood(reading: Reading, wishes: list[Wish]) -> tuple[str, ...]:
    """Words that meant nothing, and instruments that another one stands in for."""
    stand_ins = [
        reading.written(wish.found.start, wish.found.end).casefold()
        for wish in wishes
        if wish.player.stand_in and wish.weight > 0
    ]
    return tuple(dict.fromkeys((*reading.rest(), *stand_ins)))
