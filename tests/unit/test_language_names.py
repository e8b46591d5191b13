"""The language of the lyrics, as people call it."""

from __future__ import annotations

import pytest

from engine.spec import InvalidSpec, parse
from engine.spec.languages import LANGUAGES, OWN_NAMES


def language(typed: str) -> str:
    return str(parse("simple", {"query": "rain", "vocal_language": typed}).model_dump()["vocal_language"])


@pytest.mark.parametrize(
    ("typed", "code"), [("Japanese", "ja"), ("日本語", "ja"), ("JA", "ja"), ("deutsch", "de"), ("Español", "es")]
)
def test_a_language_is_named_as_people_call_it(typed: str, code: str) -> None:
    assert language(typed) == code


def test_no_name_means_two_languages() -> None:
    assert OWN_NAMES.keys() <= LANGUAGES.keys()
    for names in (LANGUAGES, OWN_NAMES):
        assert {name: language(name) for name in names.values()} == {name: code for code, name in names.items()}
    with pytest.raises(InvalidSpec):
        language("Klingon")
