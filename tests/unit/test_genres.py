"""What makes each genre itself, on the notes that are played: grooves, basslines, harmony, timing, endings."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from engine.studio.compose import compose, theory
from engine.studio.compose.harmony import ALIKE
from engine.studio.compose.progressions import BANKS
from engine.studio.score import BEATS_PER_BAR, Note, Score, Section
from tests.unit import studio

GENRES = tuple(studio.presets())
KICK, RIM, SNARE = 36, 37, 38
# Temperley, "The Cognition of Basic Musical Structures" (2001), from the Kostka-Payne corpus
MAJOR = (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400)
MINOR = (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330)


def song(genre: str, caption: str = "", seed: int = 3, duration: float = 90.0, **given: object) -> Score:
    return compose(studio.brief(genre, caption, seed, **given), (), duration, seed, "Title")


def played(score: Score, stem: str) -> list[Note]:
    return sorted((note for part in score.parts if part.stem == stem for note in part.notes), key=lambda n: n.start)


def steps(score: Score, notes: list[Note], section: Section, unit: float = 0.25) -> list[tuple[int, int]]:
    """(bar of the section, step of the bar) of every note that begins in a section, to the nearest step."""
    bar = BEATS_PER_BAR[score.timesignature]
    begin = section.start_bar * bar
    places = [round((note.start - begin) / unit) for note in notes]
    size = round(bar / unit)
    return [divmod(place, size) for place in places if 0 <= place < section.bars * size]


def strokes(score: Score, pitch: int, section: Section) -> list[tuple[int, int]]:
    return steps(score, [note for note in played(score, "drums") if note.pitch == pitch], section)


def sections(score: Score, kind: str) -> list[Section]:
    return [section for section in score.sections if section.kind == kind]


@pytest.mark.parametrize("seed", range(4))
def test_a_one_drop_has_no_kick_on_the_first_beat(seed: int) -> None:
    score = song("Reggae", seed=seed)
    before_the_end = [note for note in played(score, "drums") if note.start < score.chords[-1].start - 0.1]
    kicks = [note.start % 4 for note in before_the_end if note.pitch == KICK]
    assert kicks
    assert not any(beat < 0.3 or beat > 3.8 for beat in kicks)
    assert sum(abs(beat % 2 - 1) < 0.1 for beat in kicks) > 0.8 * len(kicks)
    # the guitar skanks between the beats
    guitar = [note for note in played(score, "guitar") if note.start < score.chords[-1].start - 0.1]
    assert sum(abs(note.start - round(note.start)) > 0.2 for note in guitar) > 0.95 * len(guitar)


def test_dub_steps_on_every_beat() -> None:
    score = song("Reggae", "dub")
    section = max(score.sections, key=lambda each: each.energy)
    kicks = Counter(step for _, step in strokes(score, KICK, section))
    assert {0, 4, 8, 12} <= set(kicks)


def test_twelve_bars_come_back_with_a_turnaround() -> None:
    for seed in range(4):
        score = song("Blues", seed=seed, duration=130.0, bpm=104)
        verses = [section for section in sections(score, "verse") if section.bars == 12]
        assert len(verses) >= 2
        starts = [[next(c for c in reversed(score.chords) if c.start <= 4 * (v.start_bar + bar) + 0.01).root
                   for bar in range(12)] for v in verses]  # fmt: skip
        assert len({tuple(roots[:11]) for roots in starts}) == 1
        turn = [c for c in score.chords if c.start < 4 * (verses[0].start_bar + 12) - 0.01][-1]
        assert (turn.root - score.tonic) % 12 == 7


def test_a_blues_guitar_shuffles_between_fifth_and_sixth() -> None:
    score = song("Blues", keyscale="A Major", timesignature="4/4")
    boogie = next(part for part in score.parts if part.stem == "guitar" and min(n.pitch for n in part.notes) < 52)
    together: dict[float, list[int]] = {}
    for note in boogie.notes:
        together.setdefault(round(note.start, 2), []).append(note.pitch)
    spans = Counter(max(pitches) - min(pitches) for pitches in together.values() if len(pitches) == 2)
    assert {7, 9} <= set(spans)


def test_walking_basses_begin_in_two() -> None:
    score = song("Jazz", seed=1, duration=120.0, bpm=132)
    bass = played(score, "bass")

    def a_bar(section: Section) -> float:
        begin, end = section.start_bar * 4, (section.start_bar + section.bars) * 4
        return sum(begin <= note.start < end - 0.01 for note in bass) / section.bars

    first, loud = sections(score, "verse")[0], max(score.sections, key=lambda each: each.energy)
    assert 1.5 < a_bar(first) < 3
    assert a_bar(loud) > 3.7


def test_country_basses_alternate_root_and_fifth_under_a_train_beat() -> None:
    score = song("Country", "train", seed=2, keyscale="G Major")
    section = max(score.sections, key=lambda each: each.energy)
    low = [note for note in played(score, "bass") if note.start >= section.start_bar * 4]
    moves = Counter(abs(a.pitch - b.pitch) for a, b in pairwise(low))
    assert moves[7] + moves[5] > 0.4 * sum(moves.values())
    assert len(strokes(score, SNARE, section)) > 10 * (section.bars - 1)


def test_salsa_goes_with_the_clave() -> None:
    score = song("Latin", "salsa", seed=4)
    section = max(score.sections, key=lambda each: each.energy)
    sticks = strokes(score, 75, section)
    odd, even = ({step for bar, step in sticks if bar % 2 == side} for side in (0, 1))
    assert (odd, even) == ({0, 6, 12}, {4, 8})
    # a tumbao leaves the downbeat to others and plays the coming chord before its bar
    bass = Counter(round(note.start * 2) % 8 for note in played(score, "bass") if note.start > 8)
    assert bass[3] > 2 * bass[0]
    assert bass[6] > 2 * bass[0]
    # the piano plays between the beats on the side of three strokes, and on the first beat on the other one
    piano = next(part for part in score.parts if part.instrument == "piano")
    places = Counter(steps(score, list(piano.notes), section, 0.5))
    ons = [sum(places[bar, 0] > 0 for bar in range(side, section.bars, 2)) for side in (0, 1)]
    assert ons[1] > ons[0]


def test_metal_breaks_down_to_half_time() -> None:
    score = song("Metal", seed=5, duration=180.0, bpm=150)
    bridge = sections(score, "bridge")[0]
    backbeat = Counter(step for bar, step in strokes(score, SNARE, bridge) if bar < bridge.bars - 1)
    assert set(backbeat) == {8}
    chorus = sections(score, "chorus")[0]
    assert {4, 12} <= {step for _, step in strokes(score, SNARE, chorus)}
    assert len(strokes(score, KICK, chorus)) > 9 * (chorus.bars - 1)


def test_metal_riffs_stand_on_the_open_string() -> None:
    found = []
    for seed in range(5):
        score = song("Metal", seed=seed, duration=70.0)
        riff = next(part for part in score.parts if part.instrument == "distorted_guitar")
        alone = Counter(note.start for note in riff.notes)
        low = [note for note in riff.notes if alone[note.start] == 1 and note.pitch < 52]
        found += [(note.pitch - score.tonic) % 12 == 0 for note in low]
    assert len(found) > 40
    assert sum(found) > 0.5 * len(found)


def test_an_808_slides() -> None:
    slides = 0
    for seed in range(4):
        score = song("Hip Hop", "trap", seed=seed, duration=60.0)
        bass = played(score, "bass")
        assert {part.instrument for part in score.parts if part.stem == "bass"} == {"sub_808"}
        slides += sum(a.start + a.length > b.start + 1e-3 and a.pitch != b.pitch for a, b in pairwise(bass))
        # half time: the clap falls on three
        section = max(score.sections, key=lambda each: each.energy)
        assert Counter(step for _, step in strokes(score, 39, section)).most_common(1)[0][0] == 8
    assert slides >= 4


def test_a_drop_is_built_up_to() -> None:
    score = song("Electronic", seed=2, duration=150.0, bpm=126)
    built = 0
    for section, following in pairwise(score.sections):
        if (section.kind, following.kind) == ("prechorus", "chorus"):
            last = section.bars - 1
            kicks = Counter(bar for bar, _ in strokes(score, KICK, section))
            rolls = Counter(bar for bar, _ in strokes(score, SNARE, section))
            assert kicks[last] == 0
            assert rolls[last] > rolls[last - 1] > rolls[last - 3] > 0
            assert len(strokes(score, KICK, following)) >= 4 * (following.bars - 1)
            built += 1
    assert built


def test_drums_hold_their_breath_before_a_chorus_somewhere() -> None:
    stops = 0
    for seed in range(8):
        score = song("Modern Pop", seed=seed, duration=100.0)
        for section, following in pairwise(score.sections):
            if following.kind == "chorus" and section.energy > 0.45:
                bars = Counter(bar for bar, _ in steps(score, played(score, "drums"), section))
                stops += bars[section.bars - 1] < 0.5 * bars[0]
                # nobody else stops: something goes on sounding
                end = following.start_bar * 4
                assert any(
                    note.start < end - 1.5 < note.start + note.length
                    for part in score.parts
                    if part.stem not in ("drums", "percussion", "fx")
                    for note in part.notes
                )
    assert stops >= 2


@pytest.mark.parametrize("genre", GENRES)
def test_a_second_verse_brings_something_new(genre: str) -> None:
    score = song(genre, seed=7, duration=160.0, timesignature="4/4")
    first, second = sections(score, "verse")[:2]

    def heard(section: Section) -> set[tuple[str, int, int, int]]:
        begin = section.start_bar * BEATS_PER_BAR[score.timesignature]
        return {
            (part.instrument, *place, note.pitch)
            for part in score.parts
            for note in part.notes
            if begin - 0.1 <= note.start
            for place in steps(score, [note], section)
        }

    one, two = heard(first), heard(second)
    assert len(one ^ two) > 0.15 * len(one | two)


@pytest.mark.parametrize("genre", GENRES)
def test_the_last_chorus_is_not_smaller_than_the_first(genre: str) -> None:
    score = song(genre, seed=8, duration=180.0)
    bar = BEATS_PER_BAR[score.timesignature]
    weights = [
        sum(
            note.velocity * min(2.0, note.length)
            for part in score.parts
            for note in part.notes
            if section.start_bar * bar <= note.start < (section.start_bar + section.bars) * bar
        )
        / section.bars
        for section in sections(score, "chorus")
    ]
    if len(weights) > 1:
        assert weights[-1] > 0.98 * weights[0]
    assert score.sections[-1].energy < max(section.energy for section in score.sections)


def mean_late_ms(score: Score, notes: list[Note]) -> float:
    """How far behind the grid of sixteenths notes fall on average, those on the beat only."""
    off = [note.start - round(note.start) for note in notes]
    return float(np.mean([place for place in off if abs(place) < 0.1])) * score.beat_s * 1000


def test_a_pocket_lies_behind_the_beat_and_a_walk_ahead_of_it() -> None:
    def snares(genre: str) -> float:
        score = song(genre, seed=2)
        return mean_late_ms(score, [note for note in played(score, "drums") if note.pitch == SNARE])

    assert snares("R&B") > snares("Electronic") + 8
    assert abs(snares("Electronic")) < 3
    jazz = song("Jazz", seed=2)
    assert mean_late_ms(jazz, played(jazz, "bass")) < -1.5
    reggae = song("Reggae", seed=2)
    assert mean_late_ms(reggae, played(reggae, "bass")) > 6


@pytest.mark.parametrize(("genre", "longest"), [("Latin", 2.0), ("Hip Hop", 2.0), ("Rock", 5.6)])
def test_songs_end_as_their_genre_does(genre: str, longest: float) -> None:
    for seed in range(4):
        score = song(genre, seed=seed, duration=61.3)
        left = 61.3 - score.chords[-1].start * score.beat_s
        assert (0.75 if longest == 2.0 else 1.75) <= left <= longest
        held = [note for part in score.parts for note in part.notes if note.start >= score.chords[-1].start - 0.05]
        assert len({note.pitch % 12 for note in held}) >= 3


def weights(symbols: str, minor: bool) -> list[float]:
    """How much of each pitch class a progression sounds, with the fifth and third that low notes bring along."""
    classes = [0.0] * 12
    for word in symbols.split(" "):
        halves = word.split(",")
        for symbol in halves:
            for at, tone in enumerate(theory.chord(symbol, 0, minor, 0.0, 1.0).tones):
                strength = (1.0 if at == 0 else 0.75) / len(halves)
                for above, share in ((0, 1.0), (7, 0.3), (4, 0.12)):
                    classes[(tone + above) % 12] += strength * share
    return classes


@pytest.mark.parametrize("name", BANKS)
def test_verses_and_choruses_are_heard_in_their_key(name: str) -> None:
    for minor, bank in zip((False, True), BANKS[name], strict=True):
        for symbols in (*bank.verse, *bank.chorus):
            classes = weights(symbols, minor)
            fits = {
                (tonic, mode): np.corrcoef(np.roll(profile, tonic), classes)[0, 1]
                for mode, profile in ((False, MAJOR), (True, MINOR))
                for tonic in range(12)
            }
            best = max(fits, key=lambda key: fits[key])
            # dominant sevenths blur the mode of the blues
            assert best == (0, minor) or (name in ("blues", "jazz") and best[0] == 0), symbols


def test_substitutes_share_two_notes_with_what_they_stand_for() -> None:
    for symbol, others in ALIKE.items():
        for other in others:
            tones = (set(theory.chord(each, 0, False, 0.0, 1.0).tones) for each in (symbol, other))
            assert len(set.intersection(*tones)) >= 2, (symbol, other)
