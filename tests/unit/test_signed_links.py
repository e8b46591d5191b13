"""Links of our own: good for what they were made for, and for a while."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows import signed_links
from workflows.refusal import Refusal
from workflows.signed_links import Sound

KEY = b"k" * 32
NOW = 1_800_000_000
TUNE = Sound("recording", "3f2b")


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
