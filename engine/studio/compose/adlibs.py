"""Ad-libs: what a second voice throws into the gaps of a rap, and the answers that lyrics give in brackets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.flow import is_spoken
from engine.studio.score import LyricLine, SungLine, SungNote

# What rappers shout; in other languages they echo the line's last word.
SHOUTS = {
    "en": ("yeah", "hey", "uh", "what", "okay", "let's go"), "de": ("ja", "hey", "komm"), "es": ("dale", "eh", "vamos"),
    "fr": ("ouais", "hé", "allez"), "pt": ("vai", "ei", "é"), "it": ("sì", "ehi", "dai"), "nl": ("ja", "hé", "kom"),
    "pl": ("ej", "tak", "dawaj"), "ru": ("эй", "да", "давай"), "uk": ("гей", "так", "давай"), "tr": ("hadi", "evet"),
    "sv": ("ja", "hej", "kom"), "fi": ("joo", "hei", "anna mennä"),
}  # fmt: skip
CHANCE, SHOUT_CHANCE = 0.45, 0.4
SYLLABLE_S, GAP_S = 0.17, 0.08
LONGEST_WORD = 12
END_S = 0.3


def wanted(lines: Sequence[LyricLine], rap: bool, language: str, dice: Dice) -> dict[int, str]:
    """What is thrown in after which of `lines`: nothing after sung ones, and nothing where the lyrics answer."""
    found: dict[int, str] = {}
    for at, line in enumerate(lines):
        answered = line.echo or (at + 1 < len(lines) and lines[at + 1].echo)
        if answered or not line.syllables or not is_spoken(line, line.section.split(" ")[0], rap):
            continue
        draw = dice.at("ad-lib", at, line.text)
        if draw.random() >= CHANCE:
            continue
        shouts = SHOUTS.get(line.language or language, ())
        last = line.words[-1].strip(".,;:!?…\"'()-–—")
        if shouts and (draw.random() < SHOUT_CHANCE or len(last) > LONGEST_WORD):
            found[at] = draw.choice(shouts)
        elif last and len(last) <= LONGEST_WORD:
            found[at] = last
    return found


def thrown_in(lead: Sequence[SungLine], lines: Sequence[LyricLine], low: int, clock: Clock) -> tuple[SungLine, ...]:
    """The echoes of spoken lines in the gaps behind these. One that lyrics ask for is said even where there is none."""
    made = []
    for at, line in enumerate(lead):
        number = line.line + 1
        if not line.spoken or number >= len(lines) or not lines[number].echo or not lines[number].syllables:
            continue
        count = len(lines[number].syllables)
        last = line.notes[-1]
        follows = lead[at + 1].notes[0].start if at + 1 < len(lead) else clock.last
        step = SYLLABLE_S / clock.beat_s
        begin = last.start + last.length + GAP_S / clock.beat_s
        on_grid = math.ceil(begin * 4 - 1e-6) / 4
        begin = on_grid if on_grid + count * step <= follows else begin
        fits = begin + count * step <= follows - GAP_S / clock.beat_s
        if not fits and not lines[number].text.startswith("("):
            continue
        end = clock.end - END_S / clock.beat_s
        if begin + count * step > end:
            # the song ends here, so the two talk at once
            step = min(step, (end - line.notes[0].start) / count)
            begin = end - count * step
        pitches = [low + 7] * (count - 1) + [low + 5]
        notes = tuple(SungNote(begin + each * step, step, pitch, each) for each, pitch in enumerate(pitches))
        made.append(SungLine(number, notes, spoken=True))
    return tuple(made)
