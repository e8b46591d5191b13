"""Links of our own: good for what they were made for, and for a while."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.on_web.links import Links
from workflows import signed_links
from workflows.refusal import Refusal
from workflows.signed_links import Piece, Sound

KEY = b"k" * 32
NOW = 1_800_000_000
TUNE = Sound("recording", "3f2b")
FILE = Piece("0b6d1a2c-0000-4000-8000-00000000abcd", "stem", "flac", "backing_vocals")


def code(url: str, *, key: bytes = KEY, now: int = NOW) -> str:
    with pytest.raises(Refusal) as caught:
        signed_links.read(key, url, field="audio_url", now_s=now)
    assert caught.value.field == "audio_url"
    return caught.value.code


@pytest.mark.parametrize("house", [None, "https://music.example", "https://music.example/studio/"])
def test_a_link_names_what_it_was_made_for(house: str | None) -> None:
    link = signed_links.link(KEY, house, TUNE, until_s=NOW + 60)
    assert signed_links.is_ours(link, house)
    assert signed_links.read(KEY, link, field="audio_url", now_s=NOW) == TUNE
    assert signed_links.read(KEY, link, field="audio_url", now_s=NOW + 60) == TUNE


def test_it_is_good_for_a_while() -> None:
    assert code(signed_links.link(KEY, None, TUNE, until_s=NOW - 1)) == "link_expired"


def test_another_houses_links_are_not_ours() -> None:
    link = signed_links.link(KEY, "https://music.example", TUNE, until_s=NOW + 60)
    assert not signed_links.is_ours(link, "https://other.example")
    assert not signed_links.is_ours(
        link.replace("music.example", "music.example.evil.example"), "https://music.example"
    )
    assert not signed_links.is_ours("https://music.example/player/12", "https://music.example")
    assert code(link, key=b"x" * 32) == "link_forged"


@given(st.data())
def test_whoever_changes_a_link_has_none(data: st.DataObject) -> None:
    link = signed_links.link(KEY, None, TUNE, until_s=NOW + 60)
    begin = len(signed_links.NOWHERE + signed_links.PLACE)
    at = data.draw(st.integers(begin, len(link) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=0x2FF).filter(lambda sign: sign != link[at]))
    changed = link[:at] + other + link[at + 1 :]
    try:
        found = signed_links.read(KEY, changed, field="audio_url", now_s=NOW)
    except Refusal as refusal:
        assert refusal.code in ("link_forged", "link_expired")  # noqa: PT017 either way it opens nothing
    else:
        # Another way to write the very same link.
        assert found == TUNE


@given(st.text(max_size=60))
def test_no_text_behind_the_house_makes_it_stumble(text: str) -> None:
    assert code(f"{signed_links.NOWHERE}{signed_links.PLACE}{text}") in ("link_forged", "link_expired")


def found(url: str, *, key: bytes = KEY, now: int = NOW) -> Piece | None:
    return signed_links.file_of(key, url, field="audio_url", now_s=now)


@pytest.mark.parametrize("base", ["http://127.0.0.1:8080", "https://music.example", "https://music.example/studio/"])
@pytest.mark.parametrize("piece", [FILE, Piece(FILE.track, "audio", "mp3"), Piece(FILE.track, "audio", "mp3", "192")])
def test_a_link_to_a_file_opens_it_wherever_it_says_that_we_are(base: str, piece: Piece) -> None:
    link = signed_links.file_link(KEY, base, piece, until_s=NOW + 60)
    assert link.startswith(base)
    assert link.endswith(f".{piece.format}")
    assert signed_links.is_file(link, base)
    assert found(link) == found(link, now=NOW + 60) == found(f"{link}?download=1#t=3") == piece
    assert found(link, key=b"x" * 32) is None
    with pytest.raises(Refusal, match="link_expired") as late:
        found(link, now=NOW + 61)
    assert late.value.field == "audio_url"


@given(st.data())
def test_whoever_changes_a_link_to_a_file_has_none(data: st.DataObject) -> None:
    link = signed_links.file_link(KEY, "", FILE, until_s=NOW + 60)
    at = data.draw(st.integers(0, len(link) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=0x6FF).filter(lambda sign: sign != link[at]))
    assert found(link[:at] + other + link[at + 1 :]) is None


@pytest.mark.parametrize(
    "change", [(".flac", ".mp3"), ("stem-", "audio-"), ("-backing", "/backing"), ("/files/", "/file/")]
)
def test_a_seal_is_for_one_file_alone(change: tuple[str, str]) -> None:
    assert found(signed_links.file_link(KEY, "", FILE, until_s=NOW + 60).replace(*change)) is None


@given(st.text(max_size=80))
def test_no_address_makes_it_stumble(text: str) -> None:
    assert found(text) is found(f"http://{text}/files/{text}") is None


def test_whoever_asks_again_within_the_hour_is_given_the_same_link(monkeypatch: pytest.MonkeyPatch) -> None:
    links = Links(KEY, "https://house.example")

    def at(second: int) -> str:
        monkeypatch.setattr("bot.on_web.links.now_ms", lambda: second * 1000 + 999)
        return links.to(FILE)

    hour = NOW // 3600 * 3600
    assert at(hour) == at(hour + 1) == at(hour + 3599) != at(hour + 3600)
    for asked in (hour, hour + 3599):
        # Never for less than the day that is promised.
        assert signed_links.file_of(KEY, at(asked), field="url", now_s=asked + signed_links.GOOD_FOR_S) == FILE
