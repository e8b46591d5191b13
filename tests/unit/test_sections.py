"""The form that lyrics ask for: tags in many languages, who sings, what is repeated, what is answered."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.studio.compose.lyrics import parse_lyrics, written
from engine.studio.compose.song import compose
from engine.studio.compose.tags import read
from tests.unit import studio

SECTIONS = {
    "verse": "Verse 1|Strophe 2|Couplet|Estrofa|Verso|Куплет 1|Aメロ|主歌|1절|Zwrotka|säkeistö|Ubeti|Rap|στροφή|בית",
    "chorus": "Chorus|Refrain|Estribillo|Coro|Refrão|Ritornello|Припев|サビ|大サビ|副歌|후렴|코러스|Drop|Hook 2|פזמון",
    "prechorus": "Pre-Chorus|prechorus 2|Bメロ|预副歌|Build-up|Пред-припев",
    "bridge": "Bridge|Puente|Pont|Brücke|Бридж|Cメロ|桥段|브릿지",
    "intro": "Intro|Вступление|イントロ|前奏|Instrumental intro",
    "outro": "Outro|Coda|Fade out|アウトロ|尾奏",
    "solo": "Instrumental|Guitar Solo|Проигрыш|間奏|间奏|간주",
    "break": "Break|Breakdown|Interlude",
}


@pytest.mark.parametrize("kind", SECTIONS)
def test_tags_name_sections_in_many_languages(kind: str) -> None:
    for name in SECTIONS[kind].split("|"):
        for line in (f"[{name}]", f"【{name}】", f"[{name.upper()}]", f"[{name}: slowly]"):
            assert parse_lyrics(f"{line}\nla la la")[0][0] == kind, line


def test_a_name_alone_is_a_tag_and_everyday_words_are_sung() -> None:
    text = "Припев:\nа\n(Chorus)\nb\nサビ：\nc\nThe end:\nd\n(the end)\ne"
    assert parse_lyrics(text) == (
        ("chorus", "а"), ("chorus 2", "b"), ("chorus 3", "c"), ("chorus 3", "The end:"), ("chorus 3", "d"),
        ("chorus 3", "(the end)"), ("chorus 3", "e"),
    )  # fmt: skip


def test_remarks_say_who_sings_and_how_until_the_next_tag() -> None:
    text = (
        "[Male]\n[Verse 1]\nhe\n[Female]\nshe\n[Chorus: Choir]\nthey\n[Verse 2]\nwho\n[Rap]\nsay\n[Duet]\nus\n"
        "[Verse - whispered]\nsoft\nMan: word\nLove: word"
    )
    assert [(line.text, line.singer, line.delivery) for line in written(text)] == [
        ("he", "male", ""), ("she", "female", ""), ("they", "choir", ""), ("who", "", ""), ("say", "", "spoken"),
        ("us", "both", ""), ("soft", "", ""), ("word", "male", ""), ("Love: word", "", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("remark", "singer"),
    [("female vocals", "female"), ("male & female", "both"), ("Woman", "female"), ("女声", "female"), ("남자", "male"),
     ("gospel choir", "choir"), ("мужской", "male"), ("together", "both"), ("softly", "")],
)  # fmt: skip
def test_who_a_remark_means(remark: str, singer: str) -> None:
    assert read(remark).singer == singer


def test_what_is_written_once_may_be_sung_twice() -> None:
    text = "[Chorus x2]\nHold on (x2)\nNow\n[Verse]\na\n[Chorus]"
    assert parse_lyrics(text) == (
        *((section, line) for section in ("chorus", "chorus 2") for line in ("Hold on", "Hold on", "Now")),
        ("verse", "a"),
        *(("chorus 3", line) for line in ("Hold on", "Hold on", "Now")),
    )


def test_words_after_an_instrumental_tag_belong_to_a_section_of_their_own() -> None:
    assert parse_lyrics("[Verse]\na\n[Guitar Solo]\nb\n[Outro]") == (
        ("verse", "a"), ("solo", ""), ("verse 2", "b"), ("outro", ""),
    )  # fmt: skip
    lines = studio.lines("[Verse]\none two three\n[Instrumental]\nfour five six")
    kinds = [section.kind for section in compose(studio.brief("Rock"), lines, 25.0, 1, "").sections]
    assert [kind for kind in kinds if kind in ("verse", "solo")] == ["verse", "solo", "verse"]


def test_words_in_brackets_are_answered_by_the_second_voice_or_sung_in_line() -> None:
    lines = studio.answered("[verse]\nHold the light (hold the light)\n(Ooh, hold on)\nWalk (oh) on")
    score = compose(studio.brief("Folk"), lines, 30.0, 1, "")
    assert [lines[line.line].text for line in score.voice] == ["Hold the light", "(Ooh, hold on)", "Walk (oh) on"]
    assert [lines[line.line].text for line in score.backing] == ["(hold the light)", "(Ooh, hold on)"]
    asked, answer = score.voice[0].notes[-1], score.backing[0].notes[0]
    assert asked.start < answer.start <= asked.start + 4


def singers(text: str, caption: str) -> tuple[list[str], list[str]]:
    """Who leads each line, and who joins in."""
    brief = studio.brief("Modern Pop", caption)
    score = compose(brief, studio.answered(text), 60.0, 1, "")
    lead = [line.singer or brief.voice for line in score.voice[: len(score.lines)]]
    return lead, [line.singer or brief.second_voice for line in score.backing]


def test_a_duet_takes_turns_and_meets_in_the_chorus() -> None:
    text = "[verse]\none line here\n[chorus]\ntwo lines here\n[verse]\nthree lines here"
    lead, second = singers(text, "duet, female vocals")
    assert lead == ["female", "female", "male"]
    assert set(second) == {"male"}
    assert singers("[verse]\none\ntwo\nthree\nfour", "duet, male vocals")[0] == ["male", "male", "female", "female"]


def test_tags_win_over_the_caption_and_a_choir_joins_or_leads() -> None:
    text = "[verse]\n[Male]\none line here\n[Choir]\ntwo lines here\n[Duet]\nthree lines here"
    assert singers(text, "female vocals") == (["male", "choir", "female"], ["male"])
    lead, second = singers("[verse]\none line here", "female vocals with a gospel choir")
    assert (lead, set(second)) == (["female"], {"choir"})
    assert singers("[verse]\none line here", "sung by a choir")[0] == ["choir"]
    low = compose(studio.brief("Modern Pop", "female vocals"), studio.answered("[Male]\none line here"), 20.0, 1, "")
    high = compose(studio.brief("Modern Pop", "female vocals"), studio.answered("one line here"), 20.0, 1, "")
    assert max(n.pitch for n in low.voice[0].notes) < min(n.pitch for n in high.voice[0].notes) + 5


def test_spoken_lines_have_a_flow_in_any_song() -> None:
    score = compose(studio.brief("Folk"), studio.answered("[Verse]\nsing a song\n[Spoken]\nsay a word"), 30.0, 1, "")
    assert [line.spoken for line in score.voice] == [False, True]
    sung = compose(studio.brief("Hip Hop"), studio.answered("[Verse: sung]\nsing a song"), 30.0, 1, "")
    assert not sung.voice[0].spoken


def test_rich_genres_have_more_notes_on_a_syllable() -> None:
    def extra(genre: str) -> int:
        scores = [compose(studio.brief(genre, seed=seed), studio.lines(), 100.0, seed, "") for seed in range(3)]
        return sum(len(line.notes) - len({n.syllable for n in line.notes}) for each in scores for line in each.voice)

    assert extra("R&B") > 2 * extra("Metal") + 10


LINE = st.builds(
    lambda own, answer: "la " * own + (f"({'oh ' * answer})" if answer else ""), st.integers(1, 14), st.integers(0, 5)
)
SECTION = st.tuples(
    st.sampled_from(("Verse", "Chorus", "Bridge", "Rap", "Spoken", "Choir", "Duet", "Outro", "Instrumental")),
    st.lists(LINE, max_size=4),
)


@settings(max_examples=80, deadline=None)
@given(
    sections=st.lists(SECTION, min_size=1, max_size=5), duration=st.floats(5, 90), bpm=st.integers(30, 300),
    metre=st.sampled_from(("2/4", "3/4", "4/4", "6/8")), caption=st.sampled_from(("", "duet", "choir", "harmonies")),
    rap=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
# What is spoken late sounds where the next line is sung.
@example(
    sections=[
        ("Chorus", ["la ", "la ", "la ", "la " * 9 + "(oh oh oh oh oh )"]), ("Chorus", []),
        ("Chorus", ["la ", "la ", "la la la la (oh oh oh oh oh )", "la " * 14]), ("Rap", ["la (oh oh )"]),
        ("Verse", ["la (oh )"]),
    ],
    duration=17.5, bpm=173, metre="2/4", caption="", rap=False, seed=1,
)  # fmt: skip
def test_every_line_and_every_answer_is_sung_in_order_or_named(
    sections: list[tuple[str, list[str]]], duration: float, bpm: int, metre: str, caption: str, rap: bool, seed: int
) -> None:
    lines = studio.answered("\n".join("\n".join([f"[{tag}]", *words]) for tag, words in sections))
    brief = studio.brief("Folk", caption, seed, bpm=bpm, timesignature=metre, rap=rap, alone=True)
    score = compose(brief, lines, duration, seed, "")
    sung = {line.line for line in score.voice}
    assert sung == {at for at, line in enumerate(lines) if line.syllables and not line.echo} - set(score.left_out)
    answers = {line.line for line in score.backing}
    assert {at for at, line in enumerate(lines) if line.echo and at - 1 in sung} <= answers
    reached = 0.0
    for line in score.voice:
        for note in line.notes:
            assert note.start >= reached - 1e-6
            reached = note.start + note.length
    for line in (*score.voice, *score.backing):
        assert [*dict.fromkeys(note.syllable for note in line.notes)] == [*range(len(lines[line.line].syllables))]
        assert all(note.length > 0 for note in line.notes)
        assert (line.notes[-1].start + line.notes[-1].length) * score.beat_s <= duration + 1e-6


@given(st.text(max_size=300))
def test_any_text_is_read_as_lines(text: str) -> None:
    assert all(line.section for line in written(text, echoes=True))


def test_long_and_odd_lyrics_are_read_at_once() -> None:
    for text, lines in (
        ("(" * 20_000, 0), ("a(" * 10_000, 1), ("[a]" * 6_000, 0), ("la " * 6_000 + "x2", 2), ("[" * 20_000, 0),
        ("[verse]\n" * 2_500, 2_500),
    ):  # fmt: skip
        assert len(written(text, echoes=True)) >= lines
    # nobody sings six hundred words in one breath, and no word is lost where the line is parted
    for text in ("la, " * 600, "lala" * 50, "夜に駆ける、" * 60, "We sing (oh) and sing " * 12):
        found = [line.text for line in written(text)]
        assert 1 < len(found) <= len(text) / 10
        assert "".join("".join(found).split()) == "".join(text.split())
    assert len(written("One love to the people who believed in the sound, the ones that kept the lights on today")) == 1
