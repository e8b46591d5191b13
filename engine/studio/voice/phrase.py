"""A line of lyrics on notes: what is given to the singer, and what it holds when its words have been spoken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.studio.score import LyricLine
from engine.studio.voice.espeak import Speaker
from engine.studio.voice.read import Utterance, utter


@dataclass(frozen=True)
class PhraseNote:
    """A note to sing: MIDI pitch, seconds of the song, and which of the line's syllables it carries."""

    midi: float
    start: float
    end: float
    syllable: int


@dataclass(frozen=True)
class PhrasePlan:
    """A line of lyrics set to notes. Every syllable has at least one note; notes are in order and don't overlap.

    `spoken`: said in rhythm, as in rap: every syllable starts on its note and lasts as long as speech lets it, the
    voice falls where the stress is, and nothing is held.
    """

    line: LyricLine
    notes: tuple[PhraseNote, ...]
    spoken: bool = False


@dataclass(frozen=True, eq=False)
class Phrase:
    """A planned line with its spoken words; `spans`: start and end of each syllable; `key` tells it from all others."""

    plan: PhrasePlan
    utterance: Utterance
    spans: tuple[tuple[float, float], ...]
    key: str

    @property
    def text(self) -> tuple[str, str]:
        """What two phrases share that are made from the same speech."""
        return self.plan.line.text, self.plan.line.language


def prepare(plans: Sequence[PhrasePlan], language: str, speaker: Speaker) -> tuple[Phrase, ...]:
    """Phrases in the order they are sung; lines without words and notes are left out.

    Raises `VoiceUnavailable`, and ValueError where notes don't fit their line.
    """
    seen: Counter[str] = Counter()
    found = []
    for plan in sorted(plans, key=lambda plan: plan.notes[0].start if plan.notes else 0.0):
        utterance = utter(plan.line.text, plan.line.language or language, speaker)
        if utterance is None:
            if plan.notes:
                raise ValueError(f"{plan.line.text!r} holds nothing to sing")
            continue
        # Lines that come again are sung anew; an inserted line changes no other.
        key = f"{plan.line.text}#{seen[plan.line.text]}"
        seen[plan.line.text] += 1
        found.append(Phrase(plan, utterance, _spans(plan, len(utterance.syllables)), key))
    return tuple(found)


def _spans(plan: PhrasePlan, syllables: int) -> tuple[tuple[float, float], ...]:
    starts, ends = [-1.0] * syllables, [-1.0] * syllables
    before = None
    for note in plan.notes:
        if not 0 <= note.syllable < syllables:
            raise ValueError(f"{plan.line.text!r} has no syllable {note.syllable}")
        if note.end <= note.start:
            raise ValueError(f"a note of {plan.line.text!r} ends before it starts")
        if before is not None and (note.start < before.end - 1e-6 or note.syllable - before.syllable not in (0, 1)):
            raise ValueError(f"the notes of {plan.line.text!r} are not in order")
        if starts[note.syllable] < 0:
            starts[note.syllable] = note.start
        ends[note.syllable] = note.end
        before = note
    if min(starts, default=0.0) < 0:
        raise ValueError(f"a syllable of {plan.line.text!r} has no note")
    return tuple(zip(starts, ends, strict=True))
