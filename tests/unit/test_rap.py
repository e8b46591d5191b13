"""Rap: rhymes on the last beat, stresses on strong places, flows that change, and shouts in the gaps."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest

from engine.spec import estimate, parse
from engine.studio.compose import adlibs
from engine.studio.compose.dice import Dice
from engine.studio.compose.flow import FLOWS, flow_of
from engine.studio.compose.form import Stretch
from engine.studio.compose.rapping import rhyme_of
from engine.studio.compose.song import clock_of, compose
from engine.studio.score import BEATS_PER_BAR, LyricLine, Score, Syllable
from tests.unit import studio

TEXT = """[Verse 1]
I woke up in the city with a pocket full of change
Every corner has a story and they all know my name
Mother said to keep it steady when the water starts to rise
So I read between the headlines and I looked them in the eyes
Ten toes on the pavement and a notebook in my hand
Got a plan for every problem that they never understand
Late nights, cold pizza, and a flickering screen
Chasing down the kind of visions that you only get in dreams
[Chorus]
Run it up, never stop
[Verse 2]
One love to the people who believed in the sound, the ones that kept the lights on when the power was down
I keep it simple
"""


def raps(caption: str, seeds: int = 4) -> list[Score]:
    return [
        compose(studio.brief(None, caption, seed, rap=True), studio.lines(TEXT), 60.0, seed, "")
        for seed in range(seeds)
    ]


@pytest.mark.parametrize("caption", ["", "boom bap", "trap", "rock", "jazz", "reggae"])
def test_every_line_keeps_its_pace_and_rhymes_on_the_last_beat(caption: str) -> None:
    rates: list[float] = []
    landed: list[bool] = []
    places: dict[bool, list[bool]] = {True: [], False: []}
    for score in raps(caption):
        assert not score.left_out
        beats = BEATS_PER_BAR[score.timesignature]
        for line in score.voice:
            syllables = score.lines[line.line].syllables
            if not line.spoken or len(syllables) < 6:
                continue
            span = (line.notes[-1].start - line.notes[0].start) * score.beat_s
            rates.append((len(syllables) - 1) / span)
            rhyme = line.notes[rhyme_of(score.lines[line.line])].start % beats
            landed.append(beats - 1.6 <= rhyme <= beats - 0.6)
            for note in line.notes:
                near = min(note.start % 1, 1 - note.start % 1) < 0.15
                places[syllables[note.syllable].stress > 0].append(near)
    assert 4.0 <= median(rates) <= 7.5
    assert sum(3.3 <= rate <= 10 for rate in rates) > 0.95 * len(rates)
    assert sum(landed) > 0.9 * len(landed)
    stressed, unstressed = (sum(places[which]) / len(places[which]) for which in (True, False))
    assert stressed > unstressed + 0.35


def test_verses_have_flows_of_their_own_and_songs_differ() -> None:
    heard = set()
    for seed in range(12):
        brief = studio.brief("Hip Hop", "", seed)
        first, second = (
            flow_of(Stretch("verse", f"verse {at}", 0, 8, 0.5), 0, brief, clock_of(brief, 60.0), Dice(seed))
            for at in (1, 2)
        )
        assert first != second
        heard |= {first.name, second.name}
    assert len(heard) >= 4
    quick = {flow.name for flow in FLOWS if flow.pace > 5}
    brief = studio.brief("Hip Hop", "trap", 1, bpm=150)
    clock, stretch = clock_of(brief, 60.0), Stretch("verse", "verse 1", 0, 8, 0.5)
    assert not quick & {flow_of(stretch, 0, brief, clock, Dice(seed)).name for seed in range(20)}


def test_a_pick_up_never_runs_into_the_line_before() -> None:
    early = 0
    for score in raps("boom bap", 6):
        bars = [line.notes[0].start % BEATS_PER_BAR[score.timesignature] for line in score.voice if line.spoken]
        early += sum(place > 3 for place in bars)
        for left, right in zip(score.voice, score.voice[1:], strict=False):
            rest = right.notes[0].start - left.notes[-1].start - left.notes[-1].length
            assert rest * score.beat_s > 0.05
    assert early


def test_speech_keeps_to_a_few_low_pitches_of_the_key() -> None:
    for score in raps("trap"):
        scale = {0, 2, 3, 5, 7, 8, 10} if score.minor else {0, 2, 4, 5, 7, 9, 11}
        pitches = [note.pitch for line in score.voice if line.spoken for note in line.notes]
        assert {(pitch - score.tonic) % 12 for pitch in pitches} <= scale
        assert max(pitches) - min(pitches) <= 14
        assert len({note.pitch for note in score.voice[0].notes}) > 1


def test_shouts_are_words_of_the_language_or_the_rhyme() -> None:
    lines = studio.lines(TEXT)
    wanted = adlibs.wanted(lines, True, "en", Dice(4))
    assert wanted
    assert wanted == adlibs.wanted(lines, True, "en", Dice(4))
    assert not any(lines[at].section == "chorus" for at in wanted)
    assert adlibs.wanted(lines, False, "en", Dice(4)) == {}
    # in a language without a list it is the line's own last word
    foreign = adlibs.wanted(lines, True, "sw", Dice(4))
    assert all(word == lines[at].words[-1].strip(",.") for at, word in foreign.items())


@pytest.mark.parametrize("seed", range(6))
def test_nobody_talks_over_the_lead(seed: int) -> None:
    lines = studio.lines(TEXT)
    brief = studio.brief("Hip Hop", "trap", seed)
    wanted = adlibs.wanted(lines, True, "en", Dice(seed))
    with_shouts: list[LyricLine] = []
    for at, line in enumerate(lines):
        with_shouts.append(line)
        if at in wanted:
            word, syllables = wanted[at], (Syllable(0, 2), Syllable(0, 0), Syllable(0, 0))
            with_shouts.append(LyricLine(word, line.section, (word,), syllables, delivery="spoken", echo=True))
    plain, score = (compose(brief, each, 60.0, seed, "") for each in (lines, with_shouts))
    shouts = [line for line in score.backing if with_shouts[line.line].echo]
    assert [line.notes for line in plain.voice] == [line.notes for line in score.voice]
    sung = [(line.notes[0].start, line.notes[-1].start + line.notes[-1].length) for line in score.voice]
    for shout in shouts:
        start, end = shout.notes[0].start, shout.notes[-1].start + shout.notes[-1].length
        assert not any(start < stop and begin < end for begin, stop in sung)


def test_languages_without_stress_rhyme_on_the_last_syllable() -> None:
    lines = [
        replace(line, syllables=tuple(replace(each, stress=0) for each in line.syllables))
        for line in studio.spoken(6, 12)
    ]
    score = compose(studio.brief("Hip Hop", seed=2), lines, 40.0, 2, "")
    last = [line.notes[-1].start % 4 for line in score.voice]
    assert sum(2.4 <= place <= 3.4 for place in last) > 0.9 * len(last)


def test_a_rap_without_a_genre_has_the_band_of_one_and_else_the_band_that_is_named() -> None:
    assert studio.brief(None, "something angry", rap=True).style == "Hip Hop"
    assert studio.brief(None, "jazz rap", rap=True).style == "Jazz"
    assert studio.brief(None, "rock", rap=True).style == "Rock"
    assert studio.brief("Reggae", "", rap=True).style == "Reggae"
    assert studio.brief(None, "something angry").style == "Custom"


def test_a_rap_needs_less_time_than_a_song_and_a_voice_alone_least() -> None:
    lyrics = "\n".join(["words that are sung"] * 12)
    song, rap, alone = (
        estimate(parse(task, {"caption": "x", "lyrics": lyrics})).duration
        for task in ("text2music", "text2rap", "lyric2vocals")
    )
    assert alone < rap < song or rap < alone < song
    assert estimate(parse("lyric2vocals", {"lyrics": "one"})).duration < 15
