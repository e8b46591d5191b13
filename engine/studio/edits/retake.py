"""The same song once more: the same form, tempo, key and words, and as much of the rest as is asked for made anew.

A song is made of units: each phrase has a tune with its chords, and everybody has a way of playing it. A unit is
exchanged where its rank, drawn from the take's seed, lies below the variance. So a higher variance exchanges what a
lower one does, and more. Phrases of sections of one kind have one rank, so that a chorus stays a chorus.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch

from engine.spec import Notice, Order, Plan, TrackSink
from engine.spec.tasks import Retake
from engine.studio import notices, stems
from engine.studio.compose.band import Band
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Form, Stretch
from engine.studio.compose.harmony import Chords
from engine.studio.compose.lead import phrase_beats
from engine.studio.compose.song import realise
from engine.studio.edits.draft import Draft, Song, draft, finished, handed_over, planned, seeds_of
from engine.studio.edits.parent import Audio, Parent, parent_of
from engine.studio.edits.weave import Spans, woven
from engine.studio.score import Score
from engine.studio.session import Session
from engine.studio.sound.mix import Mixed
from engine.studio.sound.noise import RATE
from engine.studio.sound.reel import blank

# Bass and drums lock together, so they change together.
RHYTHM = frozenset({"drums", "percussion", "bass"})
DRUMS = frozenset({"drums", "percussion"})
FEW = 8


@dataclass(frozen=True)
class Phrase:
    """From beat `start` to `end`; phrases of one `key` are alike."""

    key: tuple[str, int]
    start: float
    end: float


def plan(spec: Retake, order: Order, session: Session) -> Plan:
    """The parent's facts, and a seed for each take. Raises `EngineError`, permanent: `no_score`, `no_stems`."""
    parent = parent_of(order)
    seeds = seeds_of(order, spec.retake_seeds)
    told = notices.of_retake(spec)
    silent = session.silent_because() if parent.score.voice and spec.retake_variance > 0 else None
    if silent is not None:
        told.append(Notice(code="no_voice", params={"reason": silent}))
    made = varied(parent, spec.retake_variance, seeds[0], sings=silent is None)
    return planned(spec, parent, made, session, caption=parent.source.caption, seeds=seeds, told=told)


def render(spec: Retake, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does, and `source_gone`."""
    parent = parent_of(order)
    if spec.retake_variance == 0:
        handed_over(plan, sink, lambda _seed, _progress: _same(parent), stems.picture_of(parent.source))
        return
    sings = not plan.instrumental
    handed_over(
        plan,
        sink,
        lambda seed, progress: finished(
            varied(parent, spec.retake_variance, seed, sings=sings), parent, session, progress
        ),
    )


def varied(parent: Parent, variance: float, seed: int, *, sings: bool = True) -> Draft:
    """`parent` with a share of `variance` (0 to 1) made anew by `seed`; nobody sings unless `sings`."""
    kept, old, clock = parent.kept, parent.score, parent.clock
    phrases = phrases_of(kept.form, clock)
    new = replace(realise(kept.brief, kept.form, old.lines, clock, seed, old.title), duration=old.duration)
    # everybody's playing as chance has it in the old song or in the new one, to the tunes of the other
    as_new, as_old = (
        replace(old, parts=Band(kept.brief, kept.form, Chords(score.chords), clock, Dice(dice), score.voice).parts())
        for score, dice in ((old, seed), (new, old.seed))
    )
    tunes = ranks(list(dict.fromkeys(("tune", *phrase.key) for phrase in phrases)), seed)
    players = ranks(_playing((old, new), phrases), seed)

    def where(stem: str | None, tune: bool, playing: bool | None) -> Spans:
        """Phrases whose tune is new or not, and in which `stem` plays anew or not."""
        return tuple(
            (phrase.start, phrase.end)
            for phrase in phrases
            if (tunes["tune", *phrase.key] < variance) == tune
            and (stem is None or (players.get((_group(stem), *phrase.key), 0.0) < variance) == playing)
        )

    tune = where(None, True, None)
    score = woven(old, as_new, lambda stem: where(stem, False, True), clock)
    # drums follow no chords
    score = woven(score, as_old, lambda stem: () if stem in DRUMS else where(stem, True, False), clock)
    score = woven(score, new, lambda stem: where(stem, True, True), clock, chords=tune, voices=tune)
    # from here on the song is more the new seed's than the old one's, and goes on in its way
    score = replace(score, seed=seed) if variance >= 0.5 else score
    if not sings:
        score = replace(score, voice=(), backing=())
    return draft(parent, score, kept.form, part=kept.brief, cut=None)


def phrases_of(form: Form, clock: Clock) -> tuple[Phrase, ...]:
    """The phrases of every section, from the song's first bar to its end. A lyric line is never cut in two.

    They are shorter, down to a chord, where a song is so short that it would have few.
    """
    length = phrase_beats(clock)
    found = _parted(form, clock, length)
    while len({phrase.key for phrase in found}) < FEW and length / 2 >= clock.unit:
        length /= 2
        found = _parted(form, clock, length)
    # what rings on after the last bar belongs to the last phrase
    return (*found[:-1], replace(found[-1], end=math.inf))


def _parted(form: Form, clock: Clock, length: float) -> list[Phrase]:
    found: list[Phrase] = []
    for stretch in form.stretches:
        begin = float(stretch.start_bar * clock.beats)
        end = begin + stretch.bars * clock.beats
        count = max(1, math.ceil(stretch.bars * clock.beats / length - 1e-9))
        cuts = [begin + at * length for at in range(1, count)]
        cuts = [cut for cut in cuts if not _sung_at(cut, stretch)]
        edges = pairwise([begin, *cuts, end])
        found += [Phrase((stretch.kind, number), left, right) for number, (left, right) in enumerate(edges)]
    return found


def ranks(keys: Sequence[tuple[str, str, int]], seed: int) -> dict[tuple[str, str, int], float]:
    """A rank from 0 to 1 for each of `keys`, evenly spread, in an order that `seed` draws."""
    order = list(keys)
    Dice(seed).at("retake", len(keys)).shuffle(order)
    return {key: (number + 0.5) / len(order) for number, key in enumerate(order)}


def _playing(scores: Sequence[Score], phrases: Sequence[Phrase]) -> list[tuple[str, str, int]]:
    """Who plays anything in which phrases."""
    starts = [phrase.start for phrase in phrases]
    return sorted(
        {
            (_group(part.stem), *phrases[max(0, bisect_right(starts, note.start) - 1)].key)
            for score in scores
            for part in score.parts
            for note in part.notes
        }
    )


def _sung_at(beat: float, stretch: Stretch) -> bool:
    return any(slot.start + 1e-6 < beat < slot.start + slot.length - 1e-6 for slot in stretch.slots)


def _group(stem: str) -> str:
    return "rhythm" if stem in RHYTHM else stem


def _same(parent: Parent) -> Song:
    """The parent itself."""
    sounds: dict[str, Audio] = {}
    for name, sound in parent.stems.items():
        reel = blank(2, round(parent.length * RATE))
        reel.audio.copy_(torch.from_numpy(sound()))
        sounds[name] = reel.array
        reel.rest()
    return parent.kept, Mixed(parent.song(), sounds, parent.kept.desk), parent.kept.lines
