"""The sounds that a sample may be, by the words people have for them: a song's instruments, and single drums."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from engine.spec.preset import Instrument

Manner = Literal["note", "chord", "stab", "strum", "swell", "riser", "faller"]


@dataclass(frozen=True)
class Sound:
    """What one phrase names: a stem, and who plays there: `plays`, or where `usual` whoever the genre has.

    `drums` are General MIDI numbers where single drums are meant.
    """

    stem: str
    plays: Instrument
    usual: bool = False
    drums: tuple[int, ...] = ()


def _kit(*drums: int) -> Sound:
    return Sound("drums", "acoustic_kit", usual=True, drums=drums)


def _hands(*drums: int) -> Sound:
    return Sound("percussion", "hand_percussion", drums=drums)


_SINGLE: dict[str, Sound] = {
    "break|drum break|breakbeat|backbeat|drumbeat": _kit(),
    "kick|kick drum|808 kick|bass drum|boom|impact": _kit(36),
    "snare|snare drum": _kit(38), "rim|rimshot|rim shot|sidestick": _kit(37), "clap|handclap|snap": _kit(39),
    "hat|hi-hat|hihat|hi hat|closed hat|closed hi-hat": _kit(42), "open hat|open hi-hat|open hihat": _kit(46),
    "crash|cymbal|crash cymbal|gong": _kit(49), "ride|ride cymbal": _kit(51),
    "tom|tom-tom|floor tom|low tom|timpani": _kit(43), "mid tom": _kit(47), "high tom|rack tom": _kit(50),
    "cowbell": _hands(56), "tambourine": _hands(54), "conga": _hands(63), "bongo": _hands(60), "timbale": _hands(65),
    "shaker|maraca|cabasa": _hands(70, 69), "clave|claves": _hands(75), "woodblock|wood block": _hands(76),
    "triangle": _hands(81), "guiro": _hands(73), "agogo": _hands(67),
    "string": Sound("strings", "string_ensemble"), "horn": Sound("brass", "brass_section"),
    "sweep|uplifter|downlifter|downer|whoosh": Sound("fx", "riser"),
}  # fmt: skip
SINGLE = {phrase: sound for phrases, sound in _SINGLE.items() for phrase in phrases.split("|")}
# A beat may be the whole music.
VAGUE = ("beat", "beats")
# How a single sound is played.
MANNERS: dict[str, Manner] = {
    "stab": "stab", "strum": "strum", "strummed": "strum", "swell": "swell", "chord": "chord", "chords": "chord",
    "triad": "chord", "note": "note", "riser": "riser", "sweep": "riser", "uplifter": "riser", "whoosh": "riser",
    "downlifter": "faller", "downer": "faller",
}  # fmt: skip
BACKWARDS = ("reverse", "reversed", "backwards")
# They are the frame of a request for a sample, so nobody needs to hear that they did nothing.
PLAIN = frozenset(
    ("loop", "loops", "loopable", "looping", "looped", "sample", "samples", "one", "shot", "one-shot", "oneshot",
     "one-shots", "single", "hit", "hits", "seamless", "break", "breaks", "groove", "pattern", "bar", "bars", "riff",
     "line", "循环", "ループ", "루프", "bucle", "boucle",
     *MANNERS, *BACKWARDS)
)  # fmt: skip
# Nobody sings here, though a song's caption may ask for it.
SUNG = ("vocal", "voice", "vox", "choir", "acapella", "a cappella", "singer", "singing")
DUSTY = ("dusty", "dirty", "crunchy", "vinyl", "gritty")


def manner_in(caption: str) -> Manner | None:
    """How the caption wants its sound played, where it says so; the last word counts ("piano chord stab")."""
    places = [(start, word) for start, _, word in spans(MANNERS, caption.casefold())]
    return MANNERS[max(places)[1]] if places else None


def has_any(caption: str, words: Iterable[str]) -> bool:
    """Whether one of `words` stands in the caption."""
    return bool(spans(words, caption.casefold()))


def spans(phrases: Iterable[str], text: str) -> list[tuple[int, int, str]]:
    """Where `phrases`, or their plurals, stand in `text` as whole words."""
    return [
        (*match.span(), phrase)
        for phrase in phrases
        for match in re.finditer(rf"(?<![\w#]){re.escape(phrase)}s?(?![\w#])", text)
    ]
